//! Half-space trees in a flat layout, with the masses of two windows of a stream.
//!
//! A row's leaves depend on the trees alone, and within a window so does what a leaf scores. So only
//! leaves are counted; the masses of inner nodes are sums of them, made once a window.

mod grow;
mod masses;

use tripline_core::{Rng, State, StateError};

use grow::{split, work_range};
use masses::{Masses, counts};

/// Rows whose ways down a tree are followed side by side.
const ROWS: usize = 8;

/// The leaf of a row with a missing value, until the masses say where it goes.
const MISSING: u16 = u16::MAX;

/// Deepest tree: leaves are numbered by 15 bits.
pub(in crate::tree) const MAX_HEIGHT: u32 = 15;

/// Most trees.
pub(in crate::tree) const MAX_TREES: usize = 1000;

/// Largest window.
pub(in crate::tree) const MAX_WINDOW: u32 = 10_000_000;

/// A test: a row goes left if its value is below the threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    threshold: f64,
    column: u32,
}

/// How trees are grown and read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::tree) struct Shape {
    pub(in crate::tree) trees: usize,
    pub(in crate::tree) height: u32,
    /// Rows of a window.
    pub(in crate::tree) window: u32,
    /// Mass at which a way ends, as a share of the window.
    pub(in crate::tree) size_limit: f64,
}

/// Complete trees over `width` columns with the masses of their leaves.
#[derive(Debug, Clone)]
pub(in crate::tree) struct HalfSpaces {
    shape: Shape,
    width: usize,
    /// Each tree in heap order from 1, so that node i has children 2i and 2i + 1.
    nodes: Vec<Node>,
    masses: Masses,
}

impl HalfSpaces {
    /// Random trees over the ranges (least and largest value) of the columns.
    pub(in crate::tree) fn grow(shape: Shape, ranges: &[(f64, f64)], seed: u64) -> Self {
        let size = 1 << shape.height;
        let root = Node { threshold: 0.0, column: 0 };
        let mut nodes = vec![root; shape.trees * size];
        // A constant column tells nothing apart, unless there is no other.
        let varied: Vec<usize> = (0..ranges.len()).filter(|&j| ranges[j].0 < ranges[j].1).collect();
        let choices = if varied.is_empty() { (0..ranges.len()).collect() } else { varied };
        for (tree, nodes) in nodes.chunks_exact_mut(size).enumerate() {
            let mut rng = Rng::for_part(seed, tree as u64);
            let mut work: Vec<(f64, f64)> = ranges.iter().map(|_| work_range(&mut rng)).collect();
            split(nodes, 1, &choices, ranges, &mut work, &mut rng);
        }
        let masses = Masses::empty(shape);
        Self { shape, width: ranges.len(), nodes, masses }
    }

    pub(in crate::tree) fn trees(&self) -> usize {
        self.shape.trees
    }

    /// The masses, to go back to.
    pub(in crate::tree) fn masses(&self) -> Masses {
        self.masses.clone()
    }

    /// Goes back to masses of these trees.
    pub(in crate::tree) fn restore(&mut self, masses: Masses) {
        self.masses = masses;
    }

    /// The leaves of rows (row-major), for each row one in each tree.
    pub(in crate::tree) fn leaves(&self, rows: &[f64], out: &mut [u16]) {
        let (trees, size) = (self.shape.trees, 1usize << self.shape.height);
        let groups = rows.chunks(self.width * ROWS).zip(out.chunks_mut(trees * ROWS));
        for (rows, out) in groups {
            for (tree, nodes) in self.nodes.chunks_exact(size).enumerate() {
                let count = rows.len() / self.width;
                let mut at = [1usize; ROWS];
                for _ in 0..self.shape.height {
                    for (at, row) in at.iter_mut().zip(rows.chunks_exact(self.width)) {
                        let node = nodes[*at & (nodes.len() - 1)];
                        let left = row[node.column as usize] < node.threshold;
                        *at = 2 * *at + usize::from(!left);
                    }
                }
                for (row, at) in at[..count].iter().enumerate() {
                    out[row * trees + tree] = (at - size) as u16;
                }
            }
            for (row, out) in rows.chunks_exact(self.width).zip(out.chunks_exact_mut(trees)) {
                if row.iter().any(|value| value.is_nan()) {
                    out[0] = MISSING;
                }
            }
        }
    }

    /// The leaves of one row; missing values follow most rows of the window before.
    fn place(&self, row: &[f64], leaves: &mut [u16]) {
        let size = 1usize << self.shape.height;
        for (tree, (leaf, nodes)) in
            leaves.iter_mut().zip(self.nodes.chunks_exact(size)).enumerate()
        {
            let mut at = 1;
            for _ in 0..self.shape.height {
                let value = row[nodes[at].column as usize];
                let right = if value.is_nan() {
                    self.masses.missing_right[tree * size + at]
                } else {
                    value >= nodes[at].threshold
                };
                at = 2 * at + usize::from(right);
            }
            *leaf = (at - size) as u16;
        }
    }

    /// The score of a row with its leaves, from 0 to 1: the share of mass that it lacks.
    pub(in crate::tree) fn score(&self, row: &[f64], leaves: &mut [u16]) -> f64 {
        if leaves[0] == MISSING {
            self.place(row, leaves);
        }
        let size = 1usize << self.shape.height;
        let sums = self.masses.sums.chunks_exact(size).zip(&*leaves);
        // Whole numbers below 2^53: the sum is exact in any order.
        let mass: f64 = sums.map(|(sums, &leaf)| sums[usize::from(leaf)]).sum();
        let most =
            self.shape.trees as f64 * f64::from(self.masses.reference_rows) * (2 * size - 1) as f64;
        1.0 - mass / most
    }

    /// Counts a row with its leaves; a full window becomes the one that scores.
    pub(in crate::tree) fn learn(&mut self, row: &[f64], leaves: &mut [u16]) {
        if leaves[0] == MISSING {
            self.place(row, leaves);
        }
        let size = 1usize << self.shape.height;
        for (counts, &leaf) in self.masses.latest.chunks_exact_mut(size).zip(&*leaves) {
            counts[usize::from(leaf)] += 1;
        }
        self.masses.learnt += 1;
        if self.masses.learnt == self.shape.window {
            self.masses.turn(self.shape);
        }
    }

    /// Lets fewer rows than a window score, where there was no full one.
    pub(in crate::tree) fn settle(&mut self) {
        if self.masses.reference_rows == 0 && self.masses.learnt > 0 {
            self.masses.reference.clone_from(&self.masses.latest);
            self.masses.reference_rows = self.masses.learnt;
            self.masses.read(self.shape);
        }
    }

    pub(in crate::tree) fn save(&self) -> State {
        let mut state = State::new();
        state.put_i64("trees", self.shape.trees as i64);
        state.put_i64("height", i64::from(self.shape.height));
        state.put_i64("window", i64::from(self.shape.window));
        state.put_f64("size_limit", self.shape.size_limit);
        state.put_f64s("thresholds", self.nodes.iter().map(|node| node.threshold).collect());
        state.put_u32s("columns", self.nodes.iter().map(|node| node.column).collect());
        state.put_u32s("latest", self.masses.latest.clone());
        state.put_u32s("reference", self.masses.reference.clone());
        state
    }

    pub(in crate::tree) fn load(state: &State, width: usize) -> Result<Self, StateError> {
        let whole = |name: &str, max: u32| -> Result<u32, StateError> {
            let value = u32::try_from(state.count(name)?).unwrap_or(u32::MAX);
            if (1..=max).contains(&value) {
                Ok(value)
            } else {
                Err(StateError::invalid(name, "in the card's range"))
            }
        };
        let shape = Shape {
            trees: whole("trees", MAX_TREES as u32)? as usize,
            height: whole("height", MAX_HEIGHT)?,
            window: whole("window", MAX_WINDOW)?,
            size_limit: state.f64("size_limit")?,
        };
        if !(0.0..=1.0).contains(&shape.size_limit) {
            return Err(StateError::invalid("size_limit", "from 0 to 1"));
        }
        let count = shape.trees << shape.height;
        let (thresholds, columns) = (state.f64s("thresholds")?, state.u32s("columns")?);
        let valid = thresholds.len() == count
            && columns.len() == count
            && thresholds.iter().all(|threshold| threshold.is_finite())
            && columns.iter().all(|&column| (column as usize) < width);
        if !valid {
            return Err(StateError::invalid("thresholds", "a test of a column for each node"));
        }
        let (latest, learnt) = counts(state, "latest", shape, shape.window - 1)?;
        let (reference, reference_rows) = counts(state, "reference", shape, shape.window)?;
        if reference_rows == 0 {
            return Err(StateError::invalid("reference", "the leaves of at least one row"));
        }
        let nodes = thresholds.iter().zip(columns);
        let nodes =
            nodes.map(|(&threshold, &column)| Node { threshold, column }).collect::<Vec<_>>();
        let empty = Masses::empty(shape);
        let mut masses = Masses { latest, learnt, reference, reference_rows, ..empty };
        masses.read(shape);
        Ok(Self { shape, width, nodes, masses })
    }
}
