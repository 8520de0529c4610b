//! A tree just grown over codes, which becomes part of a forest over values.

use super::binned::Binned;
use super::binning::BinKind;
use super::forest::{Forest, LEAF, Split};
use super::split::{Candidate, Rule};

/// A tree over codes; the root is node 0, a child stands after its parent.
#[derive(Debug, Clone, Default)]
pub(crate) struct GrownTree {
    pub(crate) nodes: Vec<GrownNode>,
}

/// A node over codes.
#[derive(Debug, Clone)]
pub(crate) struct GrownNode {
    /// Weight of the training rows that came here.
    pub(crate) cover: f64,
    /// What the node does.
    pub(crate) kind: GrownKind,
}

/// What a node does.
#[derive(Debug, Clone)]
pub(crate) enum GrownKind {
    /// Gives the values of a forest's leaf.
    Leaf(Vec<f64>),
    /// Sends rows to one of two nodes.
    Split(Box<Candidate>, [u32; 2]),
}

impl GrownTree {
    /// The leaf that an entry reaches.
    pub(crate) fn leaf(&self, binned: &Binned, entry: usize) -> usize {
        let mut node = 0;
        while let GrownKind::Split(split, children) = &self.nodes[node].kind {
            let code = binned.code(split.column, entry);
            let left = split.takes(code, binned.columns[split.column].missing);
            node = children[usize::from(!left)] as usize;
        }
        node
    }

    /// The values of a leaf.
    pub(crate) fn values(&self, leaf: usize) -> &[f64] {
        match &self.nodes[leaf].kind {
            GrownKind::Leaf(values) => values,
            GrownKind::Split(..) => &[],
        }
    }

    /// Sets the cover of inner nodes to the sum of their children's.
    pub(crate) fn sum_covers(&mut self) {
        for node in (0..self.nodes.len()).rev() {
            if let GrownKind::Split(_, [left, right]) = self.nodes[node].kind {
                self.nodes[node].cover =
                    self.nodes[left as usize].cover + self.nodes[right as usize].cover;
            }
        }
    }

    /// Adds this tree to a forest, nodes in the order of a walk that goes left first.
    pub(crate) fn add_to(&self, forest: &mut Forest, binned: &Binned) {
        // Each pending node with the right-child slot that waits for its number.
        let mut pending: Vec<(u32, Option<usize>)> = vec![(0, None)];
        while let Some((node, waiting)) = pending.pop() {
            let own = forest.feature.len();
            if let Some(parent) = waiting {
                forest.right[parent] = own as u32;
            }
            let node = &self.nodes[node as usize];
            match &node.kind {
                GrownKind::Leaf(values) => {
                    push_leaf(forest, node.cover);
                    forest.values.extend_from_slice(values);
                }
                GrownKind::Split(split, [left, right]) => {
                    let column = &binned.columns[split.column];
                    let threshold = match (&split.rule, &column.kind) {
                        (Rule::AtMost(last), BinKind::Numeric { bounds, .. }) => bounds[*last],
                        _ => 0.0,
                    };
                    let test = (split.rule, threshold, split.missing_left);
                    push_split(forest, binned, split.column, test, split.gain, node.cover);
                    pending.push((*right, Some(own)));
                    pending.push((*left, None));
                }
            }
        }
        forest.roots.push(forest.feature.len() as u32);
    }
}

/// Adds a leaf, whose values are to be added next, to the tree at a forest's end.
pub(crate) fn push_leaf(forest: &mut Forest, cover: f64) {
    let leaf_size = if forest.tree_output.is_empty() { forest.outputs } else { 1 };
    let number = (forest.values.len() / leaf_size) as u32;
    push(forest, LEAF, 0.0, number, 0, cover, 0.0);
}

/// Adds an inner node to the tree at a forest's end; its left child is the next node.
///
/// The test is a rule over codes, the largest value that goes left (numeric columns), whether a
/// missing value goes left.
pub(crate) fn push_split(
    forest: &mut Forest,
    binned: &Binned,
    column: usize,
    (rule, mut threshold, missing_left): (Rule, f64, bool),
    gain: f64,
    cover: f64,
) {
    let mut flags = if missing_left { Split::MISSING_LEFT } else { 0 };
    if let BinKind::Category(table) = &binned.columns[column].kind {
        flags |= Split::CATEGORY;
        let mut bits = vec![0u32; table.len().div_ceil(32)];
        for (code, &bin) in table.iter().enumerate() {
            let other = bin == BinKind::OTHER;
            if if other { missing_left } else { rule.takes(usize::from(bin)) } {
                bits[code / 32] |= 1 << (code % 32);
            }
        }
        forest.category_bits.extend(bits);
        threshold = (forest.category_sets.len() - 1) as f64;
        forest.category_sets.push(forest.category_bits.len() as u32);
    }
    let left = forest.feature.len() as u32 + 1;
    push(forest, binned.source[column], threshold, left, flags, cover, gain);
}

fn push(
    forest: &mut Forest,
    feature: u32,
    threshold: f64,
    left: u32,
    flags: u8,
    cover: f64,
    gain: f64,
) {
    forest.feature.push(feature);
    forest.threshold.push(threshold);
    forest.left.push(left);
    forest.right.push(0);
    forest.flags.push(flags);
    forest.cover.push(cover);
    forest.gain.push(gain);
}

/// Adds the trees of another forest of the same columns with the same outputs.
pub(crate) fn append(forest: &mut Forest, part: &Forest) {
    let nodes = forest.feature.len() as u32;
    let leaf_size = if part.tree_output.is_empty() { part.outputs } else { 1 };
    let leaves = (forest.values.len() / leaf_size) as u32;
    let sets = (forest.category_sets.len() - 1) as f64;
    let bits = forest.category_bits.len() as u32;
    for node in 0..part.nodes() {
        let leaf = part.is_leaf(node);
        let category = part.flags[node] & Split::CATEGORY != 0;
        forest.left.push(part.left[node] + if leaf { leaves } else { nodes });
        forest.right.push(if leaf { 0 } else { part.right[node] + nodes });
        forest.threshold.push(part.threshold[node] + if category { sets } else { 0.0 });
    }
    forest.feature.extend_from_slice(&part.feature);
    forest.flags.extend_from_slice(&part.flags);
    forest.cover.extend_from_slice(&part.cover);
    forest.gain.extend_from_slice(&part.gain);
    forest.values.extend_from_slice(&part.values);
    forest.category_sets.extend(part.category_sets[1..].iter().map(|&end| end + bits));
    forest.category_bits.extend_from_slice(&part.category_bits);
    forest.tree_output.extend_from_slice(&part.tree_output);
    forest.roots.extend(part.roots[1..].iter().map(|&end| end + nodes));
}
