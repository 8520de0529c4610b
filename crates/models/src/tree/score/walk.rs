//! Several paths through a forest at once, so that one waits for memory while others go on.

use crate::tree::{Forest, Split};

/// Paths that are followed together.
const LANES: usize = 8;

/// A forest as packed nodes: 16 bytes each, siblings side by side.
///
/// A row is seen as one value for each pair of a column with a treatment of missing values, so
/// that a test is one comparison.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    nodes: Vec<Packed>,
    roots: Vec<u32>,
    views: Vec<View>,
    sets: Vec<u32>,
    single_precision: bool,
    outputs: usize,
    /// As in [`Forest`].
    tree_output: Vec<u32>,
    /// As in [`Forest`] if a leaf holds a value for each output, else empty.
    values: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Packed {
    /// Numeric test: a value up to this goes left. Category test: the bits of its first word's
    /// index, then of its number of words. Leaf: the leaf's value, or its number.
    threshold: f64,
    /// Left child; the right one follows it. Leaf: itself.
    left: u32,
    /// The view tested; with [`CATEGORY`] or without.
    view: u32,
}

/// Marks a category test among view numbers.
const CATEGORY: u32 = 1 << 31;

/// A column as some nodes see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct View {
    column: u32,
    /// Of [`Split`]; numeric tests need no more than the value that this makes.
    flags: u8,
}

impl Walk {
    pub(super) fn new(forest: &Forest) -> Self {
        let mut walk = Self {
            nodes: Vec::with_capacity(forest.nodes()),
            roots: Vec::with_capacity(forest.trees()),
            // The first view is −∞ in every row: a leaf tests it and so stays where it is.
            views: vec![View { column: 0, flags: 0 }],
            sets: forest.category_bits.clone(),
            single_precision: forest.single_precision,
            outputs: forest.outputs,
            tree_output: forest.tree_output.clone(),
            values: if forest.tree_output.is_empty() { forest.values.clone() } else { Vec::new() },
        };
        let mut known = vec![Vec::<(u8, u32)>::new(); forest.width];
        for tree in 0..forest.trees() {
            let root = walk.nodes.len();
            walk.roots.push(root as u32);
            walk.nodes.push(Packed { threshold: 0.0, left: root as u32, view: 0 });
            let mut stack = vec![(forest.roots[tree] as usize, root)];
            while let Some((source, place)) = stack.pop() {
                if forest.is_leaf(source) {
                    let number = forest.left[source] as usize;
                    let vector = forest.tree_output.is_empty();
                    let value = if vector { number as f64 } else { forest.values[number] };
                    walk.nodes[place] = Packed { threshold: value, left: place as u32, view: 0 };
                    continue;
                }
                let column = forest.feature[source];
                let flags = forest.flags[source];
                let views = &mut known[column as usize];
                let view = match views.iter().find(|(known, _)| *known == flags) {
                    Some(&(_, view)) => view,
                    None => {
                        let view = walk.views.len() as u32;
                        walk.views.push(View { column, flags });
                        views.push((flags, view));
                        view
                    }
                };
                let left = walk.nodes.len();
                let (threshold, mark) = if flags & Split::CATEGORY == 0 {
                    (forest.threshold[source], 0)
                } else {
                    let set = forest.threshold[source] as usize;
                    let first = forest.category_sets[set];
                    let words = forest.category_sets[set + 1] - first;
                    (f64::from_bits(u64::from(words) << 32 | u64::from(first)), CATEGORY)
                };
                walk.nodes[place] = Packed { threshold, left: left as u32, view: view | mark };
                for side in [left, left + 1] {
                    walk.nodes.push(Packed { threshold: 0.0, left: side as u32, view: 0 });
                }
                stack.push((forest.right[source] as usize, left + 1));
                stack.push((forest.left[source] as usize, left));
            }
        }
        walk
    }

    /// Numbers that a row is seen as.
    pub(super) fn views(&self) -> usize {
        self.views.len()
    }

    /// A row as the nodes see it, into a slice of [`Walk::views`] numbers.
    pub(super) fn see(&self, row: &[f64], seen: &mut [f64]) {
        for (out, view) in seen.iter_mut().zip(&self.views).skip(1) {
            let mut value = row[view.column as usize];
            if self.single_precision {
                value = f64::from(value as f32);
            }
            if value.is_nan() && view.flags & Split::NAN_AS_ZERO != 0 {
                value = 0.0;
            }
            let zero_missing = view.flags & Split::ZERO_AS_MISSING != 0 && Split::is_zero(value);
            let missing = value.is_nan() || zero_missing;
            let category = view.flags & Split::CATEGORY != 0;
            let missing_left = view.flags & Split::MISSING_LEFT != 0;
            *out = match (missing, category, missing_left) {
                // No set holds a negative number.
                (false, true, _) if value < 0.0 => f64::NAN,
                (false, _, _) => value,
                // Not above any threshold.
                (true, false, true) => f64::NEG_INFINITY,
                (true, true, true) => ANY_SET,
                // Not up to any threshold; in no set.
                (true, _, false) => f64::NAN,
            };
        }
        if let Some(first) = seen.first_mut() {
            *first = f64::NEG_INFINITY;
        }
    }

    /// Adds the leaves of all trees to one row's sums; `seen` comes from [`Walk::see`].
    #[inline(always)]
    pub(super) fn add_row(&self, seen: &[f64], sums: &mut [f64]) {
        for (chunk, roots) in self.roots.chunks(LANES).enumerate() {
            let mut at = [0u32; LANES];
            at[..roots.len()].copy_from_slice(roots);
            loop {
                let mut moved = 0;
                for at in &mut at {
                    let next = self.step(*at, seen);
                    moved |= next ^ *at;
                    *at = next;
                }
                if moved == 0 {
                    break;
                }
            }
            for (lane, &node) in at[..roots.len()].iter().enumerate() {
                let leaf = self.nodes[node as usize].threshold;
                self.add(chunk * LANES + lane, leaf, sums);
            }
        }
    }

    /// Adds the leaves of all trees to the sums of up to a block of rows (row-major); `seen` holds
    /// what [`Walk::see`] gives, row by row.
    #[inline(always)]
    pub(super) fn add_rows(&self, seen: &[f64], sums: &mut [f64]) {
        let views = self.views();
        let outputs = self.outputs;
        for (tree, &root) in self.roots.iter().enumerate() {
            let rows = seen.chunks(views * LANES).zip(sums.chunks_mut(outputs * LANES));
            for (seen, sums) in rows {
                let mut at = [root; LANES];
                let lanes = std::array::from_fn(|lane| {
                    seen.get(lane * views..(lane + 1) * views).unwrap_or(&seen[..views])
                });
                self.descend(&mut at, lanes);
                for (sums, &node) in sums.chunks_exact_mut(outputs).zip(&at) {
                    self.add(tree, self.nodes[node as usize].threshold, sums);
                }
            }
        }
    }

    /// Follows each lane to its leaf.
    #[inline(always)]
    fn descend(&self, at: &mut [u32; LANES], seen: [&[f64]; LANES]) {
        loop {
            let mut moved = 0;
            for lane in 0..LANES {
                let next = self.step(at[lane], seen[lane]);
                moved |= next ^ at[lane];
                at[lane] = next;
            }
            if moved == 0 {
                return;
            }
        }
    }

    /// The child that a row goes to; a leaf is its own child.
    #[inline(always)]
    #[allow(clippy::neg_cmp_op_on_partial_ord, reason = "`NaN` goes right")]
    fn step(&self, at: u32, seen: &[f64]) -> u32 {
        let node = &self.nodes[at as usize];
        let right = if node.view & CATEGORY == 0 {
            !(seen[node.view as usize] <= node.threshold)
        } else {
            !self.in_set(node.threshold, seen[(node.view & !CATEGORY) as usize])
        };
        node.left + u32::from(right)
    }

    #[inline(always)]
    fn in_set(&self, set: f64, value: f64) -> bool {
        let (first, words) = (set.to_bits() as u32 as usize, (set.to_bits() >> 32) as usize);
        if !(0.0..4_294_967_040.0).contains(&value) {
            return value == ANY_SET;
        }
        let code = value as usize;
        code / 32 < words && self.sets[first + code / 32] >> (code % 32) & 1 == 1
    }

    #[inline(always)]
    fn add(&self, tree: usize, leaf: f64, sums: &mut [f64]) {
        match self.tree_output.get(tree) {
            Some(&output) => sums[output as usize] += leaf,
            None => {
                let values = &self.values[leaf as usize * self.outputs..][..self.outputs];
                sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
            }
        }
    }
}

/// Stands for a missing value that is in every set; [`Walk::see`] leaves no other negative number
/// where categories are tested.
const ANY_SET: f64 = -1.0;
