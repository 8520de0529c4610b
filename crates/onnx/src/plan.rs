//! A model made ready to run, and the number of rows that it takes at once.
//!
//! A row's score must not depend on the rows beside it. So a model always runs on the same number
//! of rows, the last ones repeated to fill it; and before it does, it must give a row the same bits
//! whatever stands beside it and wherever it stands. One that does not runs a row by itself.

use std::sync::Arc;

use tract_onnx::prelude::*;
use tripline_core::Rng;

use crate::graph::Graph;
use crate::lower::lower;
use crate::slots::{Slot, Wanted, slots, tensor};

/// Rows that a model takes at once if it takes any number: more than that made no operator faster.
const BATCH: usize = 64;

/// Most numbers that a model may give for one row.
const MAX_WIDTH: usize = 4096;

/// A model made ready.
pub(crate) struct Plan {
    model: Arc<TypedRunnableModel>,
    slots: Vec<Slot>,
    row: usize,
    batch: usize,
    /// Whether each row fills the whole batch, because rows beside it would change its score.
    alone: bool,
    width: usize,
}

impl Plan {
    /// Makes a model ready; errors say what it lacks.
    pub(crate) fn build(mut graph: Graph, wanted: &Wanted) -> Result<Self, String> {
        let inputs = graph.description().inputs;
        let slots = slots(&inputs, wanted)?;
        let fixed = inputs.iter().filter_map(|input| input.dims.first()).find(|&&rows| rows > 0);
        let fixed = match fixed {
            Some(&rows) if rows > 4096 => return Err(format!("it takes {rows} rows at once")),
            Some(&rows) => Some(rows as usize),
            None => None,
        };
        let main = graph.proto.graph.as_mut().ok_or("it has no graph")?;
        lower(main, &wanted.output)?;
        let row = wanted.tensors.iter().map(|(_, width)| width).sum();
        let ready = |batch: usize, alone: bool| -> Result<Self, String> {
            let model = ready(&graph, &slots, batch)?;
            let mut plan = Self { model, slots: slots.clone(), row, batch, alone, width: 0 };
            plan.width = plan.measure()?;
            Ok(plan)
        };
        if let Some(rows) = fixed {
            let mut plan = ready(rows, false)?;
            plan.alone = rows > 1 && !plan.is_by_row()?;
            return Ok(plan);
        }
        // A model may be built for one row, and fail to be built for many.
        if let Ok(plan) = ready(BATCH, false)
            && plan.is_by_row()?
        {
            return Ok(plan);
        }
        ready(1, false)
    }

    /// Numbers for each row.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Rows at once.
    pub(crate) fn batch(&self) -> usize {
        if self.alone { 1 } else { self.batch }
    }

    /// The outputs of rows, row-major (n × width).
    pub(crate) fn run(&self, rows: &[f64]) -> Result<Vec<f64>, String> {
        if self.row == 0 || !rows.len().is_multiple_of(self.row) {
            return Err("rows of another width were given".to_owned());
        }
        let step = self.batch();
        let mut out = Vec::with_capacity(rows.len() / self.row * self.width);
        let mut full = Vec::with_capacity(self.batch * self.row);
        for part in rows.chunks(step * self.row) {
            full.clear();
            full.extend_from_slice(part);
            let last = &part[part.len() - self.row..];
            while full.len() < self.batch * self.row {
                full.extend_from_slice(last);
            }
            let values = self.run_full(&full)?;
            out.extend_from_slice(&values[..part.len() / self.row * self.width]);
        }
        Ok(out)
    }

    /// The width of the output, which must be a row of numbers for each row.
    fn measure(&self) -> Result<usize, String> {
        let values = self.run_full(&vec![0.0; self.batch * self.row])?;
        let width = values.len() / self.batch;
        if width == 0 || width > MAX_WIDTH || !values.len().is_multiple_of(self.batch) {
            return Err(format!(
                "its output has {} numbers for {} rows, a score needs as many for each",
                values.len(),
                self.batch
            ));
        }
        Ok(width)
    }

    /// Whether a row has the same bits beside other rows and in another place.
    fn is_by_row(&self) -> Result<bool, String> {
        let count = self.batch;
        let mut rng = Rng::new(0);
        let mut sample = |scale: f64| -> Vec<f64> {
            (0..count * self.row).map(|_| (rng.unit() - 0.5) * scale).collect()
        };
        for scale in [2.0, 200.0, 2e5] {
            let (rows, others) = (sample(scale), sample(scale * 10.0));
            let expected = self.run_full(&rows)?;
            // Each row among others, one place further.
            for parity in 0..2 {
                let mut mixed = others.clone();
                for at in (parity..count).step_by(2) {
                    let to = (at + 1) % count;
                    let from = &rows[at * self.row..(at + 1) * self.row];
                    mixed[to * self.row..(to + 1) * self.row].copy_from_slice(from);
                }
                let got = self.run_full(&mixed)?;
                for at in (parity..count).step_by(2) {
                    let to = (at + 1) % count;
                    // With an odd number of rows, the first place may be taken twice.
                    if to == 0 && count % 2 == 1 {
                        continue;
                    }
                    let left = &expected[at * self.width..(at + 1) * self.width];
                    let right = &got[to * self.width..(to + 1) * self.width];
                    if left.iter().zip(right).any(|(l, r)| l.to_bits() != r.to_bits()) {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }

    fn run_full(&self, rows: &[f64]) -> Result<Vec<f64>, String> {
        let failed = |source: TractError| format!("{source:#}");
        let mut inputs: TVec<TValue> = tvec!();
        for slot in &self.slots {
            let values = (0..self.batch).flat_map(|row| {
                let start = row * self.row + slot.start;
                rows[start..start + slot.width].iter().copied()
            });
            inputs.push(tensor(slot, self.batch, values).map_err(failed)?.into_tvalue());
        }
        let outputs = self.model.run(inputs).map_err(failed)?;
        let output = outputs.first().ok_or("it gave no output")?;
        if output.shape().first() != Some(&self.batch) {
            return Err(format!(
                "its output has the sizes {:?}, a score needs one row for each of {}",
                output.shape(),
                self.batch
            ));
        }
        let numbers = output.cast_to::<f64>().map_err(failed)?;
        let plain = numbers.try_as_plain_ram().map_err(failed)?;
        Ok(plain.as_slice::<f64>().map_err(failed)?.to_vec())
    }
}

/// Lets the runtime look at the processor, which it does once: it asks the kernel for what a model
/// must not. It finds no files then, so it takes the same sizes of caches on every machine.
pub(crate) fn warm_up() {
    let matrix = Tensor::zero::<f32>(&[8, 8]).map(Arc::new);
    let product = || -> TractResult<()> {
        let mut model = TypedModel::default();
        let left = model.add_source("x", f32::fact([8, 8]))?;
        let right = model.add_const("w", matrix?)?;
        let axes = "mk,kn->mn".parse()?;
        let op = tract_onnx::tract_core::ops::einsum::EinSum::new(axes, f32::datum_type());
        let output = model.wire_node("product", op, &[left, right])?;
        model.select_output_outlets(&output)?;
        let input = Tensor::zero::<f32>(&[8, 8])?.into_tvalue();
        model.into_optimized()?.into_runnable()?.run(tvec!(input))?;
        Ok(())
    };
    // If it fails, a model with a product fails as well, and says so.
    let _ = product();
}

/// The graph for that many rows.
fn ready(graph: &Graph, slots: &[Slot], batch: usize) -> Result<Arc<TypedRunnableModel>, String> {
    let failed = |source: TractError| format!("{source:#}");
    let onnx = tract_onnx::onnx().with_ignore_value_info(true);
    let mut model = onnx.model_for_proto_model(&graph.proto).map_err(failed)?;
    for (index, slot) in slots.iter().enumerate() {
        let dims: TVec<usize> = if slot.flat { tvec!(batch) } else { tvec!(batch, slot.width) };
        model.set_input_fact(index, InferenceFact::dt_shape(slot.kind, dims)).map_err(failed)?;
    }
    model.into_optimized().and_then(|model| model.into_runnable()).map_err(failed)
}
