//! Many rows through small trees at once, by leaf masks in place of paths.
//!
//! QuickScorer (Lucchese et al. 2015): number the leaves of a tree from left to right, start a row
//! with all leaves possible, let each test that sends it right strike out the leaves of its left
//! subtree; the first leaf that is left is the row's. As in RapidScorer (Ye et al. 2018) masks are
//! cut into bytes, so that one instruction serves as many rows as a register has bytes, and a test
//! touches only the bytes in which its subtree has leaves.

use super::columns::{BLOCK, Test};
use crate::tree::Forest;

/// Rows whose masks are held in registers together.
const GROUP: usize = 64;

/// Most leaves of a tree: a leaf's number is one byte.
const MAX_LEAVES: usize = 256;

/// Tests of a tree per row above which walking is faster, as measured.
const MAX_ENTRIES: usize = 256;

/// Most values in all tables, 256 MiB: a leaf of each class takes 256 of them in every tree, however
/// few leaves the tree has.
const MAX_VALUES: usize = 1 << 25;

/// A forest as leaf masks.
#[derive(Debug, Clone)]
pub(crate) struct Planes {
    trees: Vec<Tree>,
    /// One for each eight leaves.
    planes: Vec<Plane>,
    entries: Vec<Entry>,
    /// For each tree, for each output that it has, a value for each of [`MAX_LEAVES`] numbers.
    values: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Tree {
    /// End of its planes, which begin where those of the tree before end.
    end: u32,
    /// The output that its values add to; they are values of all outputs if that is none.
    output: Option<u32>,
}

/// Eight leaves of a tree.
#[derive(Debug, Clone, Copy)]
struct Plane {
    /// Ends of numeric, then category entries; they begin where the plane before ends.
    numeric: u32,
    category: u32,
}

/// What a test does to eight leaves.
#[derive(Debug, Clone, Copy)]
struct Entry {
    view: u32,
    level: u8,
    /// Leaves that remain if the row goes right.
    mask: u8,
}

impl Planes {
    /// None if a tree is so large that walking is faster, or tables would take too much memory.
    pub(super) fn new(forest: &Forest, tests: &[Test]) -> Option<Self> {
        let sizes = if forest.tree_output.is_empty() { forest.outputs } else { 1 };
        if forest.trees().saturating_mul(sizes) > MAX_VALUES / MAX_LEAVES {
            return None;
        }
        let mut all =
            Self { trees: Vec::new(), planes: Vec::new(), entries: Vec::new(), values: Vec::new() };
        for tree in 0..forest.trees() {
            let before = all.entries.len();
            all.add(forest, tests, tree)?;
            if all.entries.len() - before > MAX_ENTRIES {
                return None;
            }
        }
        Some(all)
    }

    fn add(&mut self, forest: &Forest, tests: &[Test], tree: usize) -> Option<()> {
        if forest.tree(tree).len() > 2 * MAX_LEAVES {
            return None;
        }
        let mut leaves = Vec::new();
        let mut struck = Vec::new();
        order(forest, forest.roots[tree] as usize, &mut leaves, &mut struck);
        if leaves.len() > MAX_LEAVES {
            return None;
        }
        for plane in 0..leaves.len().div_ceil(8) {
            for category in [false, true] {
                for &(node, first, end) in &struck {
                    let test = tests[node];
                    let mask = (plane * 8..plane * 8 + 8)
                        .filter(|leaf| !(first..end).contains(leaf))
                        .fold(0, |mask, leaf| mask | 1 << (leaf % 8));
                    if test.category == category && mask != u8::MAX {
                        self.entries.push(Entry { view: test.view, level: test.level, mask });
                    }
                }
                if !category {
                    self.planes.push(Plane { numeric: self.entries.len() as u32, category: 0 });
                }
            }
            let end = self.entries.len() as u32;
            self.planes.last_mut()?.category = end;
        }
        let output = forest.tree_output.get(tree).copied();
        let size = if output.is_some() { 1 } else { forest.outputs };
        for part in 0..size {
            for number in 0..MAX_LEAVES {
                let leaf = leaves.get(number).map(|&leaf| forest.left[leaf] as usize);
                self.values.push(leaf.map_or(0.0, |leaf| forest.values[leaf * size + part]));
            }
        }
        self.trees.push(Tree { end: self.planes.len() as u32, output });
        Some(())
    }

    /// Adds the leaves of all trees to the sums of a block: `sums` holds [`BLOCK`] numbers for each
    /// output, `codes` as [`super::columns::Columns::fill`] gives them.
    #[inline(always)]
    pub(super) fn add_block(&self, codes: &[u8], outputs: usize, sums: &mut [f64]) {
        let (codes, _) = codes.as_chunks::<GROUP>();
        let (sums, _) = sums.as_chunks_mut::<GROUP>();
        let (sums, _) = sums.as_chunks_mut::<{ BLOCK / GROUP }>();
        let mut first_plane = 0;
        let mut first_entry = 0;
        let (values, _) = self.values.as_chunks::<MAX_LEAVES>();
        let mut values = values.iter();
        let mut leaves = [[0u8; GROUP]; BLOCK / GROUP];
        for tree in &self.trees {
            let planes = &self.planes[first_plane..tree.end as usize];
            for (group, leaves) in leaves.iter_mut().enumerate() {
                *leaves = self.leaves(planes, first_entry, codes, group);
            }
            first_plane = tree.end as usize;
            first_entry = planes.last().map_or(first_entry, |plane| plane.category as usize);
            let targets = match tree.output {
                Some(output) => output as usize..output as usize + 1,
                None => 0..outputs,
            };
            for sums in &mut sums[targets] {
                let Some(values) = values.next() else { return };
                for (sums, leaves) in sums.iter_mut().zip(&leaves) {
                    for i in 0..GROUP {
                        sums[i] += values[usize::from(leaves[i])];
                    }
                }
            }
        }
    }

    /// The leaf that each row of a group reaches in a tree.
    #[inline(always)]
    fn leaves(
        &self,
        planes: &[Plane],
        first: usize,
        codes: &[[u8; GROUP]],
        group: usize,
    ) -> [u8; GROUP] {
        let codes_of = |view: u32| &codes[view as usize * (BLOCK / GROUP) + group];
        let mut entry = first;
        let mut found = [0u8; GROUP];
        // All ones until a leaf is found.
        let mut open = [u8::MAX; GROUP];
        for (number, plane) in planes.iter().enumerate() {
            let mut mask = [u8::MAX; GROUP];
            for test in &self.entries[entry..plane.numeric as usize] {
                let codes = codes_of(test.view);
                for i in 0..GROUP {
                    // All ones if the row goes left.
                    let left = u8::from(codes[i] <= test.level).wrapping_neg();
                    mask[i] &= left | test.mask;
                }
            }
            for test in &self.entries[plane.numeric as usize..plane.category as usize] {
                let codes = codes_of(test.view);
                for i in 0..GROUP {
                    let left = u8::from(codes[i] & test.level == 0).wrapping_neg();
                    mask[i] &= left | test.mask;
                }
            }
            entry = plane.category as usize;
            let base = (number * 8) as u8;
            for i in 0..GROUP {
                let here = u8::from(mask[i] != 0).wrapping_neg() & open[i];
                // Past the last of 256 leaves where no leaf is left, which `here` takes away.
                let leaf = base.wrapping_add(mask[i].trailing_zeros() as u8);
                found[i] |= leaf & here;
                open[i] &= !here;
            }
        }
        found
    }
}

/// Leaves from left to right; for each inner node the range of leaves of its left subtree.
fn order(
    forest: &Forest,
    root: usize,
    leaves: &mut Vec<usize>,
    struck: &mut Vec<(usize, usize, usize)>,
) {
    enum Step {
        Enter(usize),
        LeftDone { node: usize, first: usize },
    }
    let mut stack = vec![Step::Enter(root)];
    while let Some(step) = stack.pop() {
        match step {
            Step::Enter(node) if forest.is_leaf(node) => leaves.push(node),
            Step::Enter(node) => {
                stack.push(Step::Enter(forest.right[node] as usize));
                stack.push(Step::LeftDone { node, first: leaves.len() });
                stack.push(Step::Enter(forest.left[node] as usize));
            }
            Step::LeftDone { node, first } => struck.push((node, first, leaves.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Aggregate, LEAF};

    #[test]
    fn leaves_of_many_outputs_are_walked() {
        // 3 trees of one leaf, which share a value for each of 65,536 outputs.
        let mut forest = Forest::empty(1, 1 << 16, Aggregate::Sum);
        forest.roots = vec![0, 1, 2, 3];
        forest.feature = vec![LEAF; 3];
        forest.left = vec![0; 3];
        forest.right = vec![0; 3];
        forest.flags = vec![0; 3];
        for numbers in [&mut forest.threshold, &mut forest.cover, &mut forest.gain] {
            numbers.resize(3, 0.0);
        }
        forest.values = vec![1.0; 1 << 16];
        forest.check().unwrap();
        assert!(Planes::new(&forest, &[Test::default(); 3]).is_none());
    }
}
