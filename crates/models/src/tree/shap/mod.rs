//! Exact SHAP values of a forest (TreeSHAP, Lundberg et al. 2020), leaf by leaf for a block of rows,
//! edge by edge ([`walk`]) for a few.
//!
//! Each leaf is a game among the columns of its path alone ([`path`]); a row takes part in it by
//! which of these columns it follows ([`patterns`]), so that all rows of a block with the same
//! pattern share one solution ([`weights`]), as in Fast TreeSHAP v2 (Yang 2021). Time: O(leaves ×
//! depth) for each row, besides O(leaves × patterns × depth²) for each block.

mod edges;
mod explain;
mod path;
pub(crate) mod patterns;
mod quadrature;
mod walk;
mod weights;

use rayon::prelude::*;
use tripline_core::Aligned;

pub(crate) use self::edges::Edges;
use self::path::{Path, Paths};
use self::patterns::{Block, Patterns};
use self::walk::Walk;
use self::weights::{BackgroundWeights, PathWeights};
use super::forest::Forest;
use super::processor::Processor;
use super::score::columns::{BLOCK, FEW};
use super::score::{Coded, Scorer};

/// SHAP values of one output of a forest.
#[derive(Debug, Clone, Copy)]
pub struct Shap<'a> {
    forest: &'a Forest,
    coded: Option<&'a Coded>,
    processor: Processor,
    output: usize,
    edges: Option<&'a Edges>,
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
        Self { forest, coded: scorer.coded(), processor: scorer.processor(), output, edges: None }
    }

    /// With the output's tests at hand, if there are not too many.
    pub(crate) fn with_edges(mut self, edges: Option<&'a Edges>) -> Self {
        self.edges = edges;
        self
    }

    /// The output without any column: the mean of the leaves by the training rows' weights.
    pub fn base(&self) -> f64 {
        match self.edges {
            Some(edges) => edges.base(),
            None => path::base(self.forest, self.output),
        }
    }

    /// Path-dependent attributions of all rows, row-major (n × d), in the unit of the output.
    pub fn path_dependent(&self, rows: &Aligned<'_>) -> Vec<f64> {
        self.blocks(rows, self.forest.width, |block, out| match self.edges {
            Some(edges) if block.count <= FEW => {
                self.processor.path_dependent_rows(self, edges, block, out);
            }
            _ => self.processor.path_dependent(self, block, out),
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
        if size > 0 && rows.len <= BLOCK {
            // One block: another thread would do no more than this one.
            let mut block = Block::default();
            self.read(rows, 0, rows.len, &mut block);
            each(&block, &mut all);
        } else if size > 0 {
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
    by_column(shap, block, PathDependent::default(), out);
}

#[inline(always)]
pub(crate) fn interventional_block(
    shap: &Shap<'_>,
    block: &Block,
    background: &Background,
    out: &mut [f64],
) {
    let fill = Interventional {
        shap,
        background,
        patterns: Patterns::new(),
        weights: BackgroundWeights::default(),
    };
    by_column(shap, block, fill, out);
}

/// A few rows, one by one, edge by edge: the same sums in another order than for a block, equal to
/// about 1e-13 of the row's largest.
#[inline(always)]
pub(crate) fn path_dependent_few(shap: &Shap<'_>, edges: &Edges, block: &Block, out: &mut [f64]) {
    let mut walk = Walk::default();
    for (row, sums) in out.chunks_exact_mut(shap.forest.width).enumerate() {
        walk.add(edges, shap.forest, shap.coded, block, row, sums);
    }
}

/// What each pattern adds to each column of a path.
///
/// A trait, not a closure, so that it is compiled into its caller for each processor.
trait Fill {
    /// Fills D rows of [`BLOCK`] numbers, of which those of the patterns count.
    fn fill(&mut self, path: &Path, patterns: &Patterns, table: &mut [[f64; BLOCK]]);
}

#[derive(Default)]
struct PathDependent {
    weights: PathWeights,
}

impl Fill for PathDependent {
    #[inline(always)]
    fn fill(&mut self, path: &Path, patterns: &Patterns, table: &mut [[f64; BLOCK]]) {
        self.weights.prepare(path);
        for pattern in 0..patterns.len() {
            self.weights.values(path, patterns, pattern, table);
        }
    }
}

struct Interventional<'a> {
    shap: &'a Shap<'a>,
    background: &'a Background,
    patterns: Patterns,
    weights: BackgroundWeights,
}

impl Fill for Interventional<'_> {
    #[inline(always)]
    fn fill(&mut self, path: &Path, patterns: &Patterns, table: &mut [[f64; BLOCK]]) {
        for column in table.iter_mut() {
            column[..patterns.len()].fill(0.0);
        }
        let rows = self.background.rows;
        for other in &self.background.blocks {
            self.patterns.find(self.shap.forest, self.shap.coded, other, path);
            for pattern in 0..patterns.len() {
                self.weights.add(path, patterns, pattern, &self.patterns, rows, table);
            }
        }
    }
}

/// Adds what each leaf gives to the rows of a block.
#[inline(always)]
fn by_column(shap: &Shap<'_>, block: &Block, mut fill: impl Fill, out: &mut [f64]) {
    let width = shap.forest.width;
    let mut patterns = Patterns::new();
    let mut table: Vec<[f64; BLOCK]> = Vec::new();
    // A sum for each row, column by column.
    let mut sums = vec![[0.0; BLOCK]; width];
    let mut paths = Paths::new(shap.forest, shap.output);
    while let Some(path) = paths.advance() {
        if path.columns.is_empty() || path.value == 0.0 {
            continue;
        }
        patterns.find(shap.forest, shap.coded, block, path);
        if table.len() < path.columns.len() {
            table.resize(path.columns.len(), [0.0; BLOCK]);
        }
        let table = &mut table[..path.columns.len()];
        fill.fill(path, &patterns, table);
        for i in 0..path.columns.len() {
            let (table, sums) = (&table[i], &mut sums[path.columns[i].column]);
            if block.count == BLOCK {
                for row in 0..BLOCK {
                    sums[row] += table[usize::from(patterns.of_row[row])];
                }
            } else {
                for row in 0..block.count {
                    sums[row] += table[usize::from(patterns.of_row[row])];
                }
            }
        }
    }
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
    let mut paths = Paths::new(shap.forest, shap.output);
    while let Some(path) = paths.advance() {
        if path.columns.is_empty() || path.value == 0.0 {
            continue;
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
    }
}
