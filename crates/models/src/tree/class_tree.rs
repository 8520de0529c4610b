//! Growing one classification tree down to pure leaves.

use std::ops::Range;

use tripline_core::Rng;

use super::binned::{Binned, ColumnCodes};
use super::class_split::{ClassHistogram, ClassSplit, Criterion, Item};
use super::forest::{Aggregate, Forest};
use super::grown::{push_leaf, push_split};
use super::random_split::RandomSplitter;

/// How classification trees are grown; names as scikit-learn has them.
#[derive(Debug, Clone)]
pub(crate) struct ClassTreePlan {
    pub(crate) criterion: Criterion,
    pub(crate) max_depth: usize,
    pub(crate) min_samples_split: u64,
    pub(crate) min_samples_leaf: u32,
    /// Columns that a node looks at, beside those that are constant in it.
    pub(crate) max_features: usize,
    /// Draw thresholds instead of searching the best.
    pub(crate) random: bool,
}

/// Grows classification trees on K classes or fewer, keeping its memory from tree to tree.
pub(crate) struct ClassGrower<'a, const K: usize> {
    binned: &'a Binned,
    codes: &'a [ColumnCodes],
    plan: &'a ClassTreePlan,
    /// Classes of the forest; for 1 output, the value of a leaf is the share of class 1.
    outputs: usize,
    width: usize,
    histogram: ClassHistogram<K>,
    splitter: RandomSplitter,
    order: Vec<u32>,
    items: Vec<Item>,
    scratch: Vec<Item>,
}

struct Pending {
    range: Range<usize>,
    depth: usize,
    /// The node whose right child this is.
    parent: Option<usize>,
    /// Columns known to be constant here, a bit for each.
    constant: Vec<u64>,
}

impl<'a, const K: usize> ClassGrower<'a, K> {
    pub(crate) fn new(
        binned: &'a Binned,
        codes: &'a [ColumnCodes],
        plan: &'a ClassTreePlan,
        outputs: usize,
        width: usize,
    ) -> Self {
        Self {
            binned,
            codes,
            plan,
            outputs,
            width,
            histogram: ClassHistogram::new(plan.criterion, plan.min_samples_leaf),
            splitter: RandomSplitter::new(plan.criterion, plan.min_samples_leaf),
            order: (0..codes.len() as u32).collect(),
            items: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Grows a tree on these rows, as a forest of one tree.
    pub(crate) fn grow(&mut self, items: impl Iterator<Item = Item>, rng: &mut Rng) -> Forest {
        self.items.clear();
        self.items.extend(items);
        self.scratch.resize(self.items.len(), Item { entry: 0, class: 0, count: 0, weight: 0.0 });
        let mut tree = Forest::empty(self.width, self.outputs, Aggregate::Mean);
        if self.outputs == 1 {
            tree.tree_output.push(0);
        }
        let mut pending = vec![Pending {
            range: 0..self.items.len(),
            depth: 0,
            parent: None,
            constant: vec![0; self.codes.len().div_ceil(64)],
        }];
        while let Some(mut node) = pending.pop() {
            let own = tree.feature.len();
            if let Some(parent) = node.parent {
                tree.right[parent] = own as u32;
            }
            let (total, count) = totals::<K>(&self.items[node.range.clone()]);
            let cover = total.iter().sum();
            let split = if self.may_split(&node, &total, count) {
                self.find(&mut node, &total, rng)
            } else {
                None
            };
            let Some(split) = split else {
                let share = |class: usize| total[class] / cover;
                push_leaf(&mut tree, cover);
                if self.outputs == 1 {
                    tree.values.push(share(1));
                } else {
                    tree.values.extend((0..self.outputs).map(share));
                }
                continue;
            };
            let gain = (split.purity - self.plan.criterion.purity(&total)).max(0.0);
            let test = (split.rule, split.threshold, split.missing_left);
            push_split(&mut tree, self.binned, split.column, test, gain, cover);
            let middle = node.range.start + self.partition(node.range.clone(), &split);
            let depth = node.depth + 1;
            let constant = node.constant.clone();
            pending.push(Pending {
                range: middle..node.range.end,
                depth,
                parent: Some(own),
                constant: node.constant,
            });
            let range = node.range.start..middle;
            pending.push(Pending { range, depth, parent: None, constant });
        }
        tree.roots.push(tree.feature.len() as u32);
        tree
    }

    fn may_split(&self, node: &Pending, total: &[f64; K], count: u64) -> bool {
        node.depth < self.plan.max_depth
            && node.range.len() > 1
            && count >= self.plan.min_samples_split
            && count >= 2 * u64::from(self.plan.min_samples_leaf)
            && total.iter().filter(|&&weight| weight > 0.0).count() > 1
    }

    /// The best of `max_features` columns in random order; of further ones if none of these can be
    /// split. A column that is constant here is known to be so below.
    fn find(&mut self, node: &mut Pending, total: &[f64; K], rng: &mut Rng) -> Option<ClassSplit> {
        let items = &self.items[node.range.clone()];
        let mut best: Option<ClassSplit> = None;
        let mut looked_at = 0;
        for at in 0..self.order.len() {
            if looked_at >= self.plan.max_features && best.is_some() {
                break;
            }
            let drawn = at + rng.index(self.order.len() - at);
            self.order.swap(at, drawn);
            let column = self.order[at] as usize;
            if node.constant[column / 64] >> (column % 64) & 1 == 1 {
                continue;
            }
            let (bins, codes) = (&self.binned.columns[column], &self.codes[column]);
            let found = if self.plan.random {
                self.splitter.draw(column, bins, codes, items, total, rng)
            } else {
                self.histogram.best(column, bins, codes, items, total)
            };
            match found {
                Some(found) => {
                    looked_at += 1;
                    if best.is_none_or(|best| found.purity > best.purity) {
                        best = Some(found);
                    }
                }
                None if self.plan.min_samples_leaf <= 1 => {
                    node.constant[column / 64] |= 1 << (column % 64);
                }
                None => looked_at += 1,
            }
        }
        best
    }

    /// Puts the rows that go left first, both sides in order; gives their number.
    fn partition(&mut self, range: Range<usize>, split: &ClassSplit) -> usize {
        let items = &mut self.items[range];
        let scratch = &mut self.scratch[..items.len()];
        let missing = self.binned.columns[split.column].missing.unwrap_or(usize::MAX);
        let left = |code: usize| {
            if code == missing { split.missing_left } else { split.rule.takes(code) }
        };
        match &self.codes[split.column] {
            ColumnCodes::Narrow(codes) => {
                partition_by(items, scratch, |entry| left(usize::from(codes[entry as usize])))
            }
            ColumnCodes::Wide(codes) => {
                partition_by(items, scratch, |entry| left(usize::from(codes[entry as usize])))
            }
        }
    }
}

fn totals<const K: usize>(items: &[Item]) -> ([f64; K], u64) {
    let mut total = [0.0; K];
    let mut count = 0;
    for item in items {
        total[usize::from(item.class) % K] += item.weight;
        count += u64::from(item.count);
    }
    (total, count)
}

fn partition_by(items: &mut [Item], scratch: &mut [Item], left: impl Fn(u32) -> bool) -> usize {
    let (mut lefts, mut rights) = (0, 0);
    for at in 0..items.len() {
        let item = items[at];
        let goes_left = left(item.entry);
        // Both are written, one is kept: a branch here would be guessed wrong half the time.
        items[lefts] = item;
        scratch[rights] = item;
        lefts += usize::from(goes_left);
        rights += usize::from(!goes_left);
    }
    items[lefts..].copy_from_slice(&scratch[..rights]);
    lefts
}
