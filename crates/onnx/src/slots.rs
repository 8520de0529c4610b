//! The tensors that a model takes, and where their columns stand in a row.

use tract_onnx::prelude::*;
use tripline_core::{State, StateError};

use crate::description::Value;

/// What is wanted of a model.
pub(crate) struct Wanted {
    /// Tensors by name with their widths, in the order in which rows hold them; a single one may
    /// have no name.
    pub(crate) tensors: Vec<(String, usize)>,
    /// Name of the output.
    pub(crate) output: String,
}

impl Wanted {
    pub(crate) fn save(&self) -> State {
        let mut state = State::new();
        state.put_text("output", &self.output);
        state.put_texts("tensors", self.tensors.iter().map(|(name, _)| name.clone()).collect());
        state.put_i64s("widths", self.tensors.iter().map(|&(_, width)| width as i64).collect());
        state
    }

    pub(crate) fn load(state: &State) -> Result<Self, StateError> {
        let widths = state.i64s("widths")?.iter().map(|&width| usize::try_from(width).unwrap_or(0));
        Ok(Self {
            tensors: state.texts("tensors")?.iter().cloned().zip(widths).collect(),
            output: state.text("output")?.to_owned(),
        })
    }
}

/// One tensor that the model takes.
#[derive(Clone)]
pub(crate) struct Slot {
    /// Where its columns stand in a row.
    pub(crate) start: usize,
    pub(crate) width: usize,
    pub(crate) kind: DatumType,
    /// Whether the tensor has rows alone, no columns.
    pub(crate) flat: bool,
}

/// The tensor of a slot. What does not fit an `f32` becomes its largest number.
pub(crate) fn tensor(
    slot: &Slot,
    rows: usize,
    values: impl Iterator<Item = f64>,
) -> TractResult<Tensor> {
    let dims: TVec<usize> = if slot.flat { tvec!(rows) } else { tvec!(rows, slot.width) };
    let largest = f64::from(f32::MAX);
    match slot.kind {
        DatumType::F32 => {
            let values: Vec<f32> = values.map(|x| x.clamp(-largest, largest) as f32).collect();
            Tensor::from_shape(&dims, &values)
        }
        DatumType::F64 => Tensor::from_shape(&dims, &values.collect::<Vec<f64>>()),
        DatumType::I64 => {
            Tensor::from_shape(&dims, &values.map(|x| x as i64).collect::<Vec<i64>>())
        }
        DatumType::I32 => {
            Tensor::from_shape(&dims, &values.map(|x| x as i32).collect::<Vec<i32>>())
        }
        _ => Tensor::from_shape(&dims, &values.map(|x| x != 0.0).collect::<Vec<bool>>()),
    }
}

/// The tensors of the file, in its order, with where their columns stand in a row.
pub(crate) fn slots(inputs: &[Value], wanted: &Wanted) -> Result<Vec<Slot>, String> {
    let named: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    if inputs.len() != wanted.tensors.len() {
        return Err(format!(
            "it takes {} tensors ({}), the settings name {}",
            inputs.len(),
            named.join(", "),
            wanted.tensors.len()
        ));
    }
    let mut slots = Vec::with_capacity(inputs.len());
    for input in inputs {
        let mut start = 0;
        let mut found = None;
        for (name, width) in &wanted.tensors {
            if *name == input.name || (name.is_empty() && inputs.len() == 1) {
                found = Some((start, *width));
            }
            start += width;
        }
        let (start, width) = found.ok_or_else(|| {
            format!("the settings have no tensor `{}`; it takes {}", input.name, named.join(", "))
        })?;
        let flat = input.dims.len() == 1;
        if !flat && input.dims.len() != 2 {
            return Err(format!(
                "tensor `{}` has {} dimensions, rows of columns have two",
                input.name,
                input.dims.len()
            ));
        }
        if input.width().is_some_and(|expected| expected != width) {
            return Err(format!(
                "tensor `{}` has {} columns, the settings name {width}",
                input.name,
                input.width().unwrap_or_default()
            ));
        }
        let kind = match input.kind.as_str() {
            "float" => DatumType::F32,
            "double" => DatumType::F64,
            "int64" => DatumType::I64,
            "int32" => DatumType::I32,
            "bool" => DatumType::Bool,
            other => {
                return Err(format!(
                    "tensor `{}` holds {other}, only numbers are supported: give categories numbers",
                    input.name
                ));
            }
        };
        slots.push(Slot { start, width, kind, flat });
    }
    Ok(slots)
}
