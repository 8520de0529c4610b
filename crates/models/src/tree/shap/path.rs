//! The path to a leaf, told by columns instead of nodes.

use crate::tree::Forest;

/// What a row must do to reach a leaf.
#[derive(Debug, Clone, Default)]
pub(super) struct Path {
    /// The leaf's value, scaled as the forest scales its sum.
    pub(super) value: f64,
    /// The columns tested on the path, each once.
    pub(super) columns: Vec<PathColumn>,
    /// The tests, those of a column together.
    pub(super) tests: Vec<PathTest>,
}

/// A column on a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct PathColumn {
    /// Which.
    pub(super) column: usize,
    /// The share of rows that go on towards the leaf at the column's tests: the product of the
    /// ratios of covers (Lundberg et al. 2020, algorithm 2: the fraction of zero paths).
    pub(super) share: f64,
    /// Ends of its tests; they begin where those of the column before end.
    pub(super) end: usize,
}

/// A test on a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct PathTest {
    /// The node.
    pub(super) node: u32,
    /// Whether the path goes left.
    pub(super) left: bool,
}

/// A step from a node to a child.
#[derive(Debug, Clone, Copy)]
struct Step {
    column: u32,
    share: f64,
    test: PathTest,
}

/// Visits the path to each leaf of all trees that touch an output, in order of trees, from left to
/// right.
#[inline(always)]
pub(super) fn visit(forest: &Forest, output: usize, mut each: impl FnMut(&Path)) {
    let scale = forest.scale(output);
    let mut path = Path::default();
    let mut trail: Vec<Step> = Vec::new();
    // Nodes to visit, with the depth at which they hang and the step that leads there.
    let mut stack: Vec<(usize, Option<(usize, Step)>)> = Vec::new();
    for tree in 0..forest.trees() {
        if forest.tree_output.get(tree).is_some_and(|&own| own as usize != output) {
            continue;
        }
        trail.clear();
        stack.push((forest.roots[tree] as usize, None));
        while let Some((node, step)) = stack.pop() {
            if let Some((depth, step)) = step {
                trail.truncate(depth);
                trail.push(step);
            }
            if forest.is_leaf(node) {
                path.assemble(forest.leaf_value(tree, node, output) * scale, &trail);
                each(&path);
                continue;
            }
            for left in [false, true] {
                let child = if left { forest.left[node] } else { forest.right[node] } as usize;
                let step = Step {
                    column: forest.feature[node],
                    share: share(forest.cover[child], forest.cover[node]),
                    test: PathTest { node: node as u32, left },
                };
                stack.push((child, Some((trail.len(), step))));
            }
        }
    }
}

impl Path {
    fn assemble(&mut self, value: f64, trail: &[Step]) {
        self.value = value;
        self.columns.clear();
        self.tests.clear();
        for (first, step) in trail.iter().enumerate() {
            if trail[..first].iter().any(|before| before.column == step.column) {
                continue;
            }
            let mut share = 1.0;
            for step in trail[first..].iter().filter(|other| other.column == step.column) {
                share *= step.share;
                self.tests.push(step.test);
            }
            let column = step.column as usize;
            self.columns.push(PathColumn { column, share, end: self.tests.len() });
        }
    }
}

/// The share of a node's rows that go on to a child; half of none.
fn share(child: f64, node: f64) -> f64 {
    if node > 0.0 { child.max(0.0) / node } else { 0.5 }
}
