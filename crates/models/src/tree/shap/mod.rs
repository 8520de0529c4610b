//! Exact SHAP values of a forest (TreeSHAP, Lundberg et al. 2020), leaf by leaf.
//!
//! Each leaf is a game among the columns of its path alone ([`path`]); a row takes part in it by
//! which of these columns it follows ([`patterns`]), so that all rows of a block with the same
//! pattern share one solution ([`weights`]), as in Fast TreeSHAP v2 (Yang 2021). Time: O(leaves ×
//! depth) for each row, besides O(leaves × patterns × depth²) for each block.

mod explain;
mod path;
pub(crate) mod patterns;
mod quadrature;
mod weights;

use rayon::prelude::*;
use tripline_core::Aligned;

use self::patterns::{Block, Patterns};
use self::weights::{BackgroundWeights, PathWeights};
use super::forest::Forest;
use super::processor::Processor;
use super::score::columns::BLOCK;
use super::score::{Coded, Scorer};

/// SHAP values of one output of a forest.
#[derive(Debug, Clone, Copy)]
pub struct Shap<'a> {
    forest: &'a Forest,
    coded: Option<&'a Coded>,
    processor: Processor,
    output: usize,
}

/// The rows that absent columns are taken from.
#[derive(Debug)]
pub struct Background {
    blocks: Vec<Block>,
    rows: usize,
}

impl<'a> Shap<'a> {
    /// SHAP values of an output; the scorer must be that of the forest.
    ///
    /// # Panics
    /// If the forest has no such output.
    pub fn new(forest: &'a Forest, scorer: &'a Scorer, output: usize) -> Self {
        assert!(output < forest.outputs, "an output of the forest");
        Self { forest, coded: scorer.coded(), processor: scorer.processor(), output }
    }

    /// The output without any column: the mean of the leaves by the training rows' weights.
    pub fn base(&self) -> f64 {
        let mut base = 0.0;
        path::visit(self.forest, self.output, |path| {
            base += path.columns.iter().fold(path.value, |part, column| part * column.share);
        });
        base + self.forest.base[self.output]
    }

    /// Path-dependent attributions of all rows, row-major (n × d), in the unit of the output.
    pub fn path_dependent(&self, rows: &Aligned<'_>) -> Vec<f64> {
        self.blocks(rows, self.forest.width, |block, out| {
            self.processor.path_dependent(self, block, out);
        })
    }

    /// Interventional attributions of all rows, row-major (n × d), in the unit of the output.
    pub fn interventional(&self, rows: &Aligned<'_>, background: &Background) -> Vec<f64> {
        self.blocks(rows, self.forest.width, |block, out| {
            self.processor.interventional(self, block, background, out);
        })
    }

    /// Path-dependent interactions of all rows, row-major (n × d × d), in the unit of the output.
    pub fn interactions(&self, rows: &Aligned<'_>) -> Vec<f64> {
        let width = self.forest.width;
        self.blocks(rows, width * width, |block, out| {
            self.processor.interactions(self, block, out);
        })
    }

    /// Rows made ready to stand in for absent columns.
    pub fn background(&self, rows: &Aligned<'_>) -> Background {
        let starts = (0..rows.len).step_by(BLOCK);
        let blocks = starts.map(|start| {
            let mut block = Block::default();
            self.read(rows, start, (rows.len - start).min(BLOCK), &mut block);
            block
        });
        Background { blocks: blocks.collect(), rows: rows.len }
    }

    fn blocks(
        &self,
        rows: &Aligned<'_>,
        size: usize,
        each: impl Fn(&Block, &mut [f64]) + Sync,
    ) -> Vec<f64> {
        let mut all = vec![0.0; rows.len * size];
        if size > 0 {
            let parts = all.par_chunks_mut(BLOCK * size).enumerate();
            parts.for_each_init(Block::default, |block, (number, out)| {
                self.read(rows, number * BLOCK, out.len() / size, block);
                each(block, out);
            });
        }
        all
    }

    fn read(&self, rows: &Aligned<'_>, start: usize, count: usize, block: &mut Block) {
        block.count = count;
        match self.coded {
            Some(coded) => {
                self.processor.codes(&coded.columns, rows, start, count, &mut block.scratch)
            }
            None => rows.block(start, count, &mut block.values),
        }
    }
}

#[inline(always)]
pub(crate) fn path_dependent_block(shap: &Shap<'_>, block: &Block, out: &mut [f64]) {
    let mut weights = PathWeights::default();
    by_column(shap, block, out, |path, patterns, table| {
        weights.prepare(path);
        for pattern in 0..patterns.len() {
            weights.values(path, patterns, pattern, BLOCK, &mut table[pattern..]);
        }
    });
}

#[inline(always)]
pub(crate) fn interventional_block(
    shap: &Shap<'_>,
    block: &Block,
    background: &Background,
    out: &mut [f64],
) {
    let mut weights = BackgroundWeights::default();
    let mut theirs = Patterns::new();
    by_column(shap, block, out, |path, patterns, table| {
        for column in table.chunks_exact_mut(BLOCK) {
            column[..patterns.len()].fill(0.0);
        }
        for other in &background.blocks {
            theirs.find(shap.forest, shap.coded, other, path);
            for pattern in 0..patterns.len() {
                let table = &mut table[pattern..];
                weights.add(path, patterns, pattern, &theirs, background.rows, BLOCK, table);
            }
        }
    });
}

/// Fills for each leaf a table (D × [`BLOCK`]) with what each pattern adds to each column of the
/// path, then adds it to the rows.
#[inline(always)]
fn by_column(
    shap: &Shap<'_>,
    block: &Block,
    out: &mut [f64],
    mut fill: impl FnMut(&path::Path, &Patterns, &mut [f64]),
) {
    let width = shap.forest.width;
    let mut patterns = Patterns::new();
    let mut table = Vec::new();
    // A sum for each row, column by column.
    let mut sums = vec![[0.0; BLOCK]; width];
    path::visit(shap.forest, shap.output, |path| {
        if path.columns.is_empty() || path.value == 0.0 {
            return;
        }
        patterns.find(shap.forest, shap.coded, block, path);
        table.resize(path.columns.len() * BLOCK, 0.0);
        fill(path, &patterns, &mut table);
        let (table, _) = table.as_chunks::<BLOCK>();
        for (table, column) in table.iter().zip(&path.columns) {
            let sums = &mut sums[column.column][..block.count];
            for (sum, &pattern) in sums.iter_mut().zip(&patterns.of_row) {
                *sum += table[usize::from(pattern)];
            }
        }
    });
    for (row, out) in out.chunks_exact_mut(width).enumerate() {
        for (out, sums) in out.iter_mut().zip(&sums) {
            *out = sums[row];
        }
    }
}

#[inline(always)]
pub(crate) fn interactions_block(shap: &Shap<'_>, block: &Block, out: &mut [f64]) {
    let width = shap.forest.width;
    let mut weights = PathWeights::default();
    let mut patterns = Patterns::new();
    let mut table = Vec::new();
    path::visit(shap.forest, shap.output, |path| {
        if path.columns.is_empty() || path.value == 0.0 {
            return;
        }
        patterns.find(shap.forest, shap.coded, block, path);
        weights.prepare(path);
        let size = path.columns.len() * path.columns.len();
        table.resize(size * patterns.len(), 0.0);
        for pattern in 0..patterns.len() {
            weights.interactions(path, &patterns, pattern, &mut table[pattern * size..]);
        }
        for (row, out) in out.chunks_exact_mut(width * width).enumerate() {
            let pattern = usize::from(patterns.of_row[row]);
            let mut parts = table[pattern * size..][..size].iter();
            for i in &path.columns {
                for (j, part) in path.columns.iter().zip(&mut parts) {
                    out[i.column * width + j.column] += part;
                }
            }
        }
    });
}
