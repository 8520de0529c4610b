//! Trees of another program, put one by one into the flat layout.

use crate::tree::{Aggregate, Forest, LEAF, Split};

/// A node as another program stores it; children are indices among the nodes of its tree.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    /// What the node does.
    pub(super) kind: Kind<'a>,
    /// Weight of the training rows that reached it.
    pub(super) cover: f64,
}

/// What a node does.
#[derive(Debug, Clone)]
pub(super) enum Kind<'a> {
    /// Ends a path.
    Leaf {
        /// What it adds.
        value: f64,
    },
    /// Tests a column.
    Inner {
        /// The column.
        feature: u32,
        /// Numbers up to this go left.
        threshold: f64,
        /// In place of the threshold: bits of the categories that go left.
        set: Option<&'a [u32]>,
        /// Of [`Split`], without [`Split::CATEGORY`].
        flags: u8,
        /// Gain of the split.
        gain: f64,
        /// Index of the child.
        left: usize,
        /// Index of the child.
        right: usize,
    },
}

/// A forest that grows by whole trees.
pub(super) struct Assembly {
    forest: Forest,
}

impl Assembly {
    pub(super) fn new(width: usize, outputs: usize, aggregate: Aggregate) -> Self {
        Self { forest: Forest::empty(width, outputs, aggregate) }
    }

    /// Adds a tree whose root is node 0. Errors if a child is no node of the tree, or is the
    /// child of two; nodes that no path reaches are left out.
    pub(super) fn add(&mut self, output: usize, nodes: &[Node<'_>]) -> Result<(), &'static str> {
        let forest = &mut self.forest;
        let mut placed = vec![false; nodes.len()];
        // What is to be placed next, with the parent whose right child it is.
        let mut stack: Vec<(usize, Option<usize>)> = vec![(0, None)];
        while let Some((source, parent)) = stack.pop() {
            let node = nodes.get(source).ok_or("indices of nodes of the tree")?;
            if std::mem::replace(&mut placed[source], true) {
                return Err("free of nodes with two parents");
            }
            let place = forest.feature.len();
            if place >= LEAF as usize - 1 {
                return Err("fewer nodes than 2^32 - 1 in all trees");
            }
            if let Some(parent) = parent {
                forest.right[parent] = place as u32;
            }
            forest.cover.push(node.cover);
            match &node.kind {
                Kind::Leaf { value } => {
                    forest.feature.push(LEAF);
                    forest.threshold.push(0.0);
                    forest.flags.push(0);
                    forest.gain.push(0.0);
                    forest.left.push(forest.values.len() as u32);
                    forest.right.push(0);
                    forest.values.push(*value);
                }
                Kind::Inner { feature, threshold, set, flags, gain, left, right } => {
                    forest.feature.push(*feature);
                    forest.gain.push(if gain.is_finite() { *gain } else { 0.0 });
                    match set {
                        None => {
                            forest.threshold.push(*threshold);
                            forest.flags.push(*flags);
                        }
                        Some(words) => {
                            let number = forest.category_sets.len() - 1;
                            forest.category_bits.extend_from_slice(words);
                            forest.category_sets.push(forest.category_bits.len() as u32);
                            forest.threshold.push(number as f64);
                            forest.flags.push(*flags | Split::CATEGORY);
                        }
                    }
                    // The left child is placed next.
                    forest.left.push(place as u32 + 1);
                    forest.right.push(0);
                    stack.push((*right, Some(place)));
                    stack.push((*left, None));
                }
            }
        }
        forest.roots.push(forest.feature.len() as u32);
        forest.tree_output.push(output as u32);
        Ok(())
    }

    /// The forest, with the last changes that `finish` makes.
    pub(super) fn finish(mut self, finish: impl FnOnce(&mut Forest)) -> Forest {
        finish(&mut self.forest);
        self.forest
    }
}
