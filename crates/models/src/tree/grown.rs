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
    pub(crate) fn add_to(&self, forest: &mut Forest, binned: &Binned, leaf_size: usize) {
        let mut leaves = forest.values.len() / leaf_size;
        // Each pending node with the right-child slot that waits for its number.
        let mut pending: Vec<(u32, Option<usize>)> = vec![(0, None)];
        while let Some((node, waiting)) = pending.pop() {
            let own = forest.feature.len();
            if let Some(parent) = waiting {
                forest.right[parent] = own as u32;
            }
            let node = &self.nodes[node as usize];
            forest.cover.push(node.cover);
            forest.right.push(0);
            match &node.kind {
                GrownKind::Leaf(values) => {
                    forest.feature.push(LEAF);
                    forest.threshold.push(0.0);
                    forest.left.push(leaves as u32);
                    forest.flags.push(0);
                    forest.gain.push(0.0);
                    forest.values.extend_from_slice(values);
                    leaves += 1;
                }
                GrownKind::Split(split, [left, right]) => {
                    let (threshold, mut flags) = test(split, forest, binned);
                    if split.missing_left {
                        flags |= Split::MISSING_LEFT;
                    }
                    forest.feature.push(binned.source[split.column]);
                    forest.threshold.push(threshold);
                    forest.left.push(own as u32 + 1);
                    forest.flags.push(flags);
                    forest.gain.push(split.gain);
                    pending.push((*right, Some(own)));
                    pending.push((*left, None));
                }
            }
        }
        forest.roots.push(forest.feature.len() as u32);
    }
}

/// A rule over codes as a threshold or a category set over values, with its flags.
fn test(split: &Candidate, forest: &mut Forest, binned: &Binned) -> (f64, u8) {
    match (&split.rule, &binned.columns[split.column].kind) {
        (Rule::AtMost(last), BinKind::Numeric(bounds)) => (bounds[*last], 0),
        (rule, BinKind::Category(table)) => {
            let mut bits = vec![0u32; table.len().div_ceil(32)];
            for (code, &bin) in table.iter().enumerate() {
                let left = if bin == BinKind::OTHER {
                    split.missing_left
                } else {
                    rule.takes(usize::from(bin))
                };
                if left {
                    bits[code / 32] |= 1 << (code % 32);
                }
            }
            forest.category_bits.extend(bits);
            forest.category_sets.push(forest.category_bits.len() as u32);
            ((forest.category_sets.len() - 2) as f64, Split::CATEGORY)
        }
        // A set over numbers is never made.
        (Rule::OneOf(_), BinKind::Numeric(_)) => (f64::NEG_INFINITY, 0),
    }
}
