//! Growing one tree by its best leaf.

use std::ops::Range;

use rayon::prelude::*;
use tripline_core::Rng;

use super::binned::{Binned, Codes, Group, NARROW};
use super::grown::{GrownKind, GrownNode, GrownTree};
use super::histogram::{Cell, Scale, cells_of, fill, minus, plus};
use super::split::{Candidate, Limits, Node, SplitRules};

/// Histogram updates below which handing work to another thread costs more than it saves.
const PARALLEL: usize = 1 << 14;

/// The shape that a tree may take.
#[derive(Debug, Clone)]
pub(crate) struct TreeShape {
    /// Most leaves.
    pub(crate) num_leaves: usize,
    /// Most splits on a path.
    pub(crate) max_depth: usize,
    /// Share of the tree's columns that each node looks at.
    pub(crate) colsample_bynode: f64,
}

/// What a tree is grown on.
pub(crate) struct TreeTask<'a> {
    /// Gradient with hessian of each entry, under `scale`.
    pub(crate) cells: &'a [Cell],
    /// The fixed point of `cells`.
    pub(crate) scale: Scale,
    /// Columns that the tree may use, by number in use.
    pub(crate) columns: &'a [bool],
}

/// A grown tree's leaves with the entries in them.
pub(crate) struct LeafEntries {
    /// Node of each leaf.
    pub(crate) node: usize,
    /// Place of its entries in [`Grower::index`].
    pub(crate) range: Range<usize>,
}

/// One histogram for each group of columns.
type Histogram = Vec<Vec<Cell>>;

/// Grows trees, keeping its memory from one tree to the next.
pub(crate) struct Grower<'a> {
    binned: &'a Binned,
    rules: &'a SplitRules,
    shape: &'a TreeShape,
    index: Vec<u32>,
    scratch: Vec<u32>,
    pool: Vec<Histogram>,
}

struct Leaf {
    node: usize,
    range: Range<usize>,
    depth: usize,
    total: Cell,
    limits: Limits,
    histogram: Option<Histogram>,
    split: Option<Candidate>,
    value: f64,
}

impl<'a> Grower<'a> {
    /// A grower over these rows.
    pub(crate) fn new(binned: &'a Binned, rules: &'a SplitRules, shape: &'a TreeShape) -> Self {
        let (index, scratch) = (Vec::new(), vec![0; binned.len]);
        Self { binned, rules, shape, index, scratch, pool: Vec::new() }
    }

    /// Entries in the order of the leaves last grown.
    pub(crate) fn index(&self) -> &[u32] {
        &self.index
    }

    /// Grows a tree on the entries `rows`; leaf values are not yet shrunk by the learning rate.
    /// `None` if not even the root can be split.
    pub(crate) fn grow(
        &mut self,
        rows: impl Iterator<Item = u32>,
        task: &TreeTask<'_>,
        rng: &mut Rng,
    ) -> Option<(GrownTree, Vec<LeafEntries>)> {
        self.index.clear();
        self.index.extend(rows);
        let mut leaves = vec![self.root(task, rng)?];
        let mut tree = GrownTree::default();
        tree.nodes.push(GrownNode { cover: 0.0, kind: GrownKind::Leaf(Vec::new()) });
        while leaves.len() < self.shape.num_leaves {
            let mut next: Option<(usize, &Candidate)> = None;
            for (at, leaf) in leaves.iter().enumerate() {
                if let Some(split) = &leaf.split
                    && next.is_none_or(|(_, best)| split.gain > best.gain)
                {
                    next = Some((at, split));
                }
            }
            let Some((at, _)) = next else { break };
            let last = leaves.len() + 1 == self.shape.num_leaves;
            let children = self.split(&mut leaves[at], &mut tree, task, rng, last)?;
            let [left, right] = children;
            leaves[at] = left;
            leaves.push(right);
        }
        let mut entries = Vec::with_capacity(leaves.len());
        for leaf in leaves {
            self.pool.extend(leaf.histogram);
            let rows = &self.index[leaf.range.clone()];
            let cover = rows.iter().map(|&entry| self.binned.weight[entry as usize]).sum();
            let kind = GrownKind::Leaf(vec![leaf.value]);
            tree.nodes[leaf.node] = GrownNode { cover, kind };
            entries.push(LeafEntries { node: leaf.node, range: leaf.range });
        }
        tree.sum_covers();
        Some((tree, entries))
    }

    fn root(&mut self, task: &TreeTask<'_>, rng: &mut Rng) -> Option<Leaf> {
        let total =
            self.index.iter().fold([0, 0], |sum, &entry| plus(sum, task.cells[entry as usize]));
        let mut leaf = Leaf {
            node: 0,
            range: 0..self.index.len(),
            depth: 0,
            total,
            limits: Limits::FREE,
            histogram: None,
            split: None,
            value: 0.0,
        };
        if !self.may_split(&leaf, task) {
            return None;
        }
        let mut histogram = self.take_histogram();
        let columns = self.node_columns(task, rng);
        let node = Node { total, limits: leaf.limits, scale: &task.scale, rules: self.rules };
        let (binned, index) = (self.binned, &self.index);
        let found = per_group(&binned.groups, &mut histogram, index.len(), |group, cells| {
            if used(group, task.columns) {
                clear(binned, group, cells);
                fill(group, index, task.cells, cells);
            }
            best_in_group(binned, group, cells, &node, &columns)
        });
        leaf.split = best_of(found);
        leaf.histogram = Some(histogram);
        leaf.split.is_some().then_some(leaf)
    }

    fn split(
        &mut self,
        leaf: &mut Leaf,
        tree: &mut GrownTree,
        task: &TreeTask<'_>,
        rng: &mut Rng,
        last: bool,
    ) -> Option<[Leaf; 2]> {
        let split = leaf.split.take()?;
        let middle = leaf.range.start + self.partition(leaf.range.clone(), &split);
        let [left_limits, right_limits] = self.limits_below(leaf.limits, &split);
        let first = tree.nodes.len();
        let totals = [split.left, minus(leaf.total, split.left)];
        let child = |side: usize, range: Range<usize>, limits: Limits| Leaf {
            node: first + side,
            range,
            depth: leaf.depth + 1,
            total: totals[side],
            limits,
            histogram: None,
            split: None,
            value: split.values[side],
        };
        let mut left = child(0, leaf.range.start..middle, left_limits);
        let mut right = child(1, middle..leaf.range.end, right_limits);
        for _ in 0..2 {
            tree.nodes.push(GrownNode { cover: 0.0, kind: GrownKind::Leaf(Vec::new()) });
        }
        let children = [first as u32, first as u32 + 1];
        tree.nodes[leaf.node].kind = GrownKind::Split(Box::new(split), children);

        let histogram = leaf.histogram.take()?;
        let wanted = [self.may_split(&left, task), self.may_split(&right, task)];
        if last || wanted == [false, false] {
            self.pool.push(histogram);
            return Some([left, right]);
        }
        let small_is_left = left.range.len() <= right.range.len();
        let (small, large) =
            if small_is_left { (&mut left, &mut right) } else { (&mut right, &mut left) };
        let [small_wanted, large_wanted] =
            if small_is_left { wanted } else { [wanted[1], wanted[0]] };
        self.find_splits(task, rng, histogram, (small, small_wanted), (large, large_wanted));
        Some([left, right])
    }

    /// Fills the smaller child's histogram, gets the larger one's by subtraction, finds both
    /// splits.
    fn find_splits(
        &mut self,
        task: &TreeTask<'_>,
        rng: &mut Rng,
        histogram: Histogram,
        (small, small_wanted): (&mut Leaf, bool),
        (large, large_wanted): (&mut Leaf, bool),
    ) {
        let mut small_histogram = self.take_histogram();
        let mut large_histogram = histogram;
        let columns = [self.node_columns(task, rng), self.node_columns(task, rng)];
        let node = |leaf: &Leaf| Node {
            total: leaf.total,
            limits: leaf.limits,
            scale: &task.scale,
            rules: self.rules,
        };
        let nodes = [node(small), node(large)];
        let (binned, rows) = (self.binned, &self.index[small.range.clone()]);
        let mut pairs: Vec<(&mut Vec<Cell>, &mut Vec<Cell>)> =
            small_histogram.iter_mut().zip(&mut large_histogram).collect();
        let found = per_group(&binned.groups, &mut pairs, rows.len(), |group, (small, large)| {
            if !used(group, task.columns) {
                return (None, None);
            }
            clear(binned, group, small);
            fill(group, rows, task.cells, small);
            subtract(binned, group, large, small);
            let best = |wanted: bool, cells: &[Cell], side: usize| {
                wanted.then(|| best_in_group(binned, group, cells, &nodes[side], &columns[side]))
            };
            (best(small_wanted, small, 0).flatten(), best(large_wanted, large, 1).flatten())
        });
        let (small_found, large_found): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        small.split = best_of(small_found);
        large.split = best_of(large_found);
        for (leaf, histogram) in [(small, small_histogram), (large, large_histogram)] {
            if leaf.split.is_some() {
                leaf.histogram = Some(histogram);
            } else {
                self.pool.push(histogram);
            }
        }
    }

    fn may_split(&self, leaf: &Leaf, task: &TreeTask<'_>) -> bool {
        let sums = task.scale.sums(leaf.total);
        leaf.range.len() > 1
            && leaf.depth < self.shape.max_depth
            && sums.count >= 2 * self.rules.min_child_samples
            && sums.hessian >= 2.0 * self.rules.min_child_weight
    }

    /// Columns that a node looks at: at least one.
    fn node_columns(&self, task: &TreeTask<'_>, rng: &mut Rng) -> Vec<bool> {
        if self.shape.colsample_bynode >= 1.0 {
            return task.columns.to_vec();
        }
        super::sampling::columns(task.columns, self.shape.colsample_bynode, rng)
    }

    /// The ranges of both children: a split on a column with a direction parts the range in the
    /// middle of their values (LightGBM's `basic` method).
    fn limits_below(&self, limits: Limits, split: &Candidate) -> [Limits; 2] {
        let middle = split.values[0] / 2.0 + split.values[1] / 2.0;
        let below = Limits { upper: middle, ..limits };
        let above = Limits { lower: middle, ..limits };
        match self.rules.monotone.get(split.column).copied().unwrap_or(0) {
            0 => [limits, limits],
            1.. => [below, above],
            _ => [above, below],
        }
    }

    /// Puts the entries that go left first, both sides in order; gives their number.
    fn partition(&mut self, range: Range<usize>, split: &Candidate) -> usize {
        let missing = self.binned.columns[split.column].missing;
        let (group, k) = self.binned.place(split.column);
        let index = &mut self.index[range];
        let scratch = &mut self.scratch[..index.len()];
        match &self.binned.groups[group].codes {
            Codes::Narrow(codes) => {
                let mut table = [false; NARROW];
                for (code, left) in table.iter_mut().enumerate() {
                    *left = split.takes(code, missing);
                }
                let left = |entry: u32| table[usize::from(codes[entry as usize][k])];
                partition_by(index, scratch, left)
            }
            Codes::Wide(codes) => {
                let left = |entry: u32| split.takes(usize::from(codes[entry as usize]), missing);
                partition_by(index, scratch, left)
            }
        }
    }

    fn take_histogram(&mut self) -> Histogram {
        self.pool.pop().unwrap_or_else(|| {
            let groups = self.binned.groups.iter();
            groups
                .map(|group| vec![[0, 0]; cells_of(group, self.binned.columns[group.start].bins)])
                .collect()
        })
    }
}

fn partition_by(index: &mut [u32], scratch: &mut [u32], left: impl Fn(u32) -> bool) -> usize {
    let (mut lefts, mut rights) = (0, 0);
    for at in 0..index.len() {
        let entry = index[at];
        let goes_left = left(entry);
        // Both are written, one is kept: a branch here would be guessed wrong half the time.
        index[lefts] = entry;
        scratch[rights] = entry;
        lefts += usize::from(goes_left);
        rights += usize::from(!goes_left);
    }
    index[lefts..].copy_from_slice(&scratch[..rights]);
    lefts
}

/// Runs over groups of columns with their histograms, in parallel where it pays.
fn per_group<H: Send, R: Send>(
    groups: &[Group],
    histograms: &mut [H],
    rows: usize,
    work: impl Fn(&Group, &mut H) -> R + Sync,
) -> Vec<R> {
    let columns: usize = groups.iter().map(|group| group.width).sum();
    if rows * columns < PARALLEL || groups.len() < 2 {
        return groups.iter().zip(histograms).map(|(group, own)| work(group, own)).collect();
    }
    let pairs = groups.par_iter().zip(histograms).with_max_len(1);
    pairs.map(|(group, own)| work(group, own)).collect()
}

fn used(group: &Group, columns: &[bool]) -> bool {
    columns[group.start..group.start + group.width].contains(&true)
}

/// The places of a group's columns in its histogram.
fn spans(binned: &Binned, group: &Group) -> impl Iterator<Item = (usize, Range<usize>)> {
    let columns = group.start..group.start + group.width;
    columns.map(|column| {
        let start = (column - group.start) * NARROW;
        (column, start..start + binned.columns[column].bins)
    })
}

fn clear(binned: &Binned, group: &Group, cells: &mut [Cell]) {
    for (_, span) in spans(binned, group) {
        cells[span].fill([0, 0]);
    }
}

fn subtract(binned: &Binned, group: &Group, from: &mut [Cell], what: &[Cell]) {
    for (_, span) in spans(binned, group) {
        for (cell, part) in from[span.clone()].iter_mut().zip(&what[span]) {
            *cell = minus(*cell, *part);
        }
    }
}

fn best_in_group(
    binned: &Binned,
    group: &Group,
    cells: &[Cell],
    node: &Node<'_>,
    columns: &[bool],
) -> Option<Candidate> {
    let allowed = spans(binned, group).filter(|(column, _)| columns[*column]);
    best_of(allowed.map(|(column, span)| node.best(column, &binned.columns[column], &cells[span])))
}

fn best_of(found: impl IntoIterator<Item = Option<Candidate>>) -> Option<Candidate> {
    found.into_iter().flatten().reduce(|best, next| if next.beats(&best) { next } else { best })
}
