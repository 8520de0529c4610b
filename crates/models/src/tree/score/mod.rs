//! Fast scoring of a forest, equal to [`Forest::outputs_of`] to the last bit.
//!
//! One row is walked through several trees at once ([`walk`]). Batches go through small trees by
//! leaf masks ([`planes`]) over values made codes ([`columns`]), through large ones by walking
//! several rows at once. Leaves are always added in the order of trees.

pub(crate) mod columns;
pub(crate) mod planes;
mod walk;

use std::cell::RefCell;

use rayon::prelude::*;
use tripline_core::Aligned;

use self::columns::{BLOCK, Columns, Scratch, Test};
use self::planes::Planes;
use self::walk::Walk;
use super::forest::Forest;
use super::processor::Processor;

/// Rows that are walked one by one, by the thread that asks: a block of leaf masks takes as long for
/// one row as for [`BLOCK`], and handing it to another thread takes longer than walking.
const FEW: usize = 8;

/// Rows that are walked together: what they are seen as stays in the first-level cache.
const WALK_ROWS: usize = 32;

/// A forest compiled for scoring.
#[derive(Debug, Clone)]
pub struct Scorer {
    walk: Walk,
    /// None if category sets are too large for codes.
    coded: Option<Coded>,
    /// None if trees are large.
    planes: Option<Planes>,
    width: usize,
    outputs: usize,
    scales: Vec<f64>,
    base: Vec<f64>,
    processor: Processor,
}

/// The codes of columns with the tests on them.
#[derive(Debug, Clone)]
pub(crate) struct Coded {
    pub(crate) columns: Columns,
    pub(crate) tests: Vec<Test>,
}

thread_local! {
    /// What one row is seen as; kept, so that scoring one row takes no memory.
    static SEEN: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
}

impl Scorer {
    /// Compiles a forest; O(nodes) time and memory.
    pub fn new(forest: &Forest) -> Self {
        let coded = Columns::new(forest).map(|(columns, tests)| Coded { columns, tests });
        let planes = coded.as_ref().and_then(|coded| Planes::new(forest, &coded.tests));
        Self {
            walk: Walk::new(forest),
            coded,
            planes,
            width: forest.width,
            outputs: forest.outputs,
            scales: (0..forest.outputs).map(|output| forest.scale(output)).collect(),
            base: forest.base.clone(),
            processor: Processor::detect(),
        }
    }

    /// The scorer as each kind of processor would run it, as far as this one can; for tests.
    pub fn variants(forest: &Forest) -> Vec<Self> {
        let best = Self::new(forest);
        let mut variants: Vec<Self> = Processor::all()
            .into_iter()
            .map(|processor| Self { processor, ..best.clone() })
            .collect();
        variants.push(Self { planes: None, ..best });
        variants
    }

    pub(crate) fn coded(&self) -> Option<&Coded> {
        self.coded.as_ref()
    }

    pub(crate) fn processor(&self) -> Processor {
        self.processor
    }

    /// The outputs of one row of d values (categories as codes, `NaN` for missing), into a slice
    /// with a number for each output.
    ///
    /// # Panics
    /// If the slices have other lengths.
    pub fn score_row(&self, row: &[f64], out: &mut [f64]) {
        assert_eq!(row.len(), self.width, "values of a row");
        assert_eq!(out.len(), self.outputs, "outputs of a row");
        SEEN.with_borrow_mut(|seen| {
            seen.resize(self.walk.views(), 0.0);
            self.walk.see(row, seen);
            out.fill(0.0);
            self.walk.add_row(seen, out);
        });
        self.finish(out);
    }

    /// The outputs of all rows, row-major (n × outputs), into a slice of that length; on all
    /// threads of the current pool.
    ///
    /// # Panics
    /// If columns or the slice have other lengths.
    pub fn score_rows(&self, rows: &Aligned<'_>, out: &mut [f64]) {
        assert_eq!(rows.columns.len(), self.width, "columns");
        assert_eq!(out.len(), rows.len * self.outputs, "outputs of all rows");
        if rows.len <= FEW {
            let mut values = Vec::with_capacity(self.width);
            for (row, out) in out.chunks_exact_mut(self.outputs).enumerate() {
                rows.block(row, 1, &mut values);
                self.score_row(&values, out);
            }
            return;
        }
        let blocks = out.par_chunks_mut(BLOCK * self.outputs).enumerate();
        blocks.for_each_init(Buffers::default, |buffers, (block, out)| {
            let start = block * BLOCK;
            match (&self.coded, &self.planes) {
                (Some(coded), Some(planes)) => {
                    self.processor.planes(planes, coded, rows, start, self.outputs, buffers, out);
                }
                _ => self.walk_block(rows, start, buffers, out),
            }
            out.chunks_exact_mut(self.outputs).for_each(|out| self.finish(out));
        });
    }

    fn walk_block(&self, rows: &Aligned<'_>, start: usize, buffers: &mut Buffers, out: &mut [f64]) {
        let views = self.walk.views();
        for (part, out) in out.chunks_mut(WALK_ROWS * self.outputs).enumerate() {
            let count = out.len() / self.outputs;
            rows.block(start + part * WALK_ROWS, count, &mut buffers.values);
            buffers.seen.resize(count * views, 0.0);
            for i in 0..count {
                let row = &buffers.values[i * self.width..][..self.width];
                self.walk.see(row, &mut buffers.seen[i * views..][..views]);
            }
            out.fill(0.0);
            self.walk.add_rows(&buffers.seen, out);
        }
    }

    fn finish(&self, out: &mut [f64]) {
        for ((sum, scale), base) in out.iter_mut().zip(&self.scales).zip(&self.base) {
            *sum = *sum * scale + base;
        }
    }
}

/// What a thread keeps from one block to the next.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    scratch: Scratch,
    sums: Vec<f64>,
    values: Vec<f64>,
    seen: Vec<f64>,
}

/// One block by leaf masks: codes, then sums by output, then sums by row.
#[inline(always)]
pub(crate) fn planes_block(
    planes: &Planes,
    coded: &Coded,
    rows: &Aligned<'_>,
    start: usize,
    outputs: usize,
    buffers: &mut Buffers,
    out: &mut [f64],
) {
    let count = out.len() / outputs;
    coded.columns.fill(rows, start, count, &mut buffers.scratch);
    buffers.sums.clear();
    buffers.sums.resize(outputs * BLOCK, 0.0);
    planes.add_block(&buffers.scratch.codes, outputs, &mut buffers.sums);
    for (i, out) in out.chunks_exact_mut(outputs).enumerate() {
        for (output, out) in out.iter_mut().enumerate() {
            *out = buffers.sums[output * BLOCK + i];
        }
    }
}
