//! The tests of a forest as [`super::walk`] passes them, worked out once.

use super::path::{base, share, touches};
use super::quadrature::Quadrature;
use crate::tree::Forest;

/// The tests of all trees that touch an output, worked out once.
#[derive(Debug, Clone)]
pub(crate) struct Edges {
    pub(super) tests: Vec<Test>,
    /// Number in its tree and scaled value of each leaf.
    pub(super) leaves: Vec<(u32, f64)>,
    pub(super) trees: Vec<Tree>,
    /// By number of points.
    pub(super) quadratures: Vec<Quadrature>,
    /// Most nodes of a tree.
    pub(super) nodes: usize,
    /// The output without any column.
    base: f64,
}

/// A tree: ends of its tests and leaves, which begin where those of the tree before end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tree {
    pub(super) tests: u32,
    pub(super) leaves: u32,
    /// Points at which its polynomials are evaluated.
    pub(super) points: u32,
}

/// An inner node. Nodes are numbered in their tree, a child after its parent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Test {
    /// Its number among all nodes of the forest.
    pub(super) node: u32,
    pub(super) column: u32,
    /// Its number in the tree.
    pub(super) number: u32,
    /// Those of its left and right child.
    pub(super) children: [u32; 2],
    /// The child above, on the way here, at which the column was tested last; 0 if nowhere.
    pub(super) before: u32,
    /// z at that child; 1 if there is none.
    pub(super) share: f64,
    /// The shares of the node's rows that go left and right.
    pub(super) steps: [f64; 2],
}

/// A test on the way to a node.
#[derive(Debug, Clone, Copy)]
struct Step {
    column: u32,
    /// Where it leads.
    child: u32,
    /// z there.
    share: f64,
    /// Distinct columns tested so far.
    columns: usize,
}

/// Most tests that are kept, of 56 bytes each.
const MAX_KEPT: usize = 1 << 18;

impl Edges {
    /// None if the forest has too many tests.
    pub(crate) fn new(forest: &Forest, output: usize) -> Option<Self> {
        let mut all = Self {
            tests: Vec::new(),
            leaves: Vec::new(),
            trees: Vec::new(),
            quadratures: Vec::new(),
            nodes: 0,
            base: base(forest, output),
        };
        let scale = forest.scale(output);
        for tree in (0..forest.trees()).filter(|&tree| touches(forest, tree, output)) {
            let root = forest.roots[tree];
            if forest.is_leaf(root as usize) {
                continue;
            }
            let mut most = 0;
            let mut trail: Vec<Step> = Vec::new();
            let mut stack = vec![(root as usize, 0, None)];
            while let Some((node, depth, step)) = stack.pop() {
                trail.truncate(depth);
                trail.extend(step);
                let number = node as u32 - root;
                if forest.is_leaf(node) {
                    all.leaves.push((number, forest.leaf_value(tree, node, output) * scale));
                    continue;
                }
                let column = forest.feature[node];
                let last = trail.iter().rev().find(|step| step.column == column);
                let (before, z) = last.map_or((0, 1.0), |step| (step.child, step.share));
                let columns =
                    trail.last().map_or(0, |step| step.columns) + usize::from(before == 0);
                most = most.max(columns);
                let children = [forest.left[node], forest.right[node]];
                let steps =
                    children.map(|child| share(forest.cover[child as usize], forest.cover[node]));
                for side in [1, 0] {
                    let (child, share) = (children[side] - root, z * steps[side]);
                    let step = Step { column, child, share, columns };
                    stack.push((children[side] as usize, trail.len(), Some(step)));
                }
                let children = [children[0] - root, children[1] - root];
                let node = node as u32;
                all.tests.push(Test { node, column, number, children, before, share: z, steps });
            }
            if all.tests.len() > MAX_KEPT {
                return None;
            }
            let points = most.div_ceil(2);
            while all.quadratures.len() <= points {
                all.quadratures.push(Quadrature::new(all.quadratures.len()));
            }
            all.nodes = all.nodes.max(forest.tree(tree).len());
            all.trees.push(Tree {
                tests: all.tests.len() as u32,
                leaves: all.leaves.len() as u32,
                points: points as u32,
            });
        }
        Some(all)
    }

    pub(super) fn base(&self) -> f64 {
        self.base
    }
}
