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

/// The output without any column: the mean of the leaves by the training rows' weights.
pub(super) fn base(forest: &Forest, output: usize) -> f64 {
    let mut base = 0.0;
    let mut paths = Paths::new(forest, output);
    while let Some(path) = paths.advance() {
        base += path.columns.iter().fold(path.value, |part, column| part * column.share);
    }
    base + forest.base[output]
}

/// A step from a node to a child.
#[derive(Debug, Clone, Copy)]
struct Step {
    column: u32,
    share: f64,
    test: PathTest,
}

/// The paths to all leaves of the trees that touch an output, in order of trees, from left to
/// right; one after another in the same memory.
#[derive(Debug)]
pub(super) struct Paths<'a> {
    forest: &'a Forest,
    output: usize,
    scale: f64,
    /// The tree whose nodes are on the stack.
    tree: usize,
    /// The next tree to begin.
    next: usize,
    trail: Vec<Step>,
    /// Nodes to visit, with the depth at which they hang and the step that leads there.
    stack: Vec<(usize, Option<(usize, Step)>)>,
    path: Path,
}

impl<'a> Paths<'a> {
    pub(super) fn new(forest: &'a Forest, output: usize) -> Self {
        Self {
            forest,
            output,
            scale: forest.scale(output),
            tree: 0,
            next: 0,
            trail: Vec::new(),
            stack: Vec::new(),
            path: Path::default(),
        }
    }

    /// The next path.
    pub(super) fn advance(&mut self) -> Option<&Path> {
        let forest = self.forest;
        loop {
            while let Some((node, step)) = self.stack.pop() {
                if let Some((depth, step)) = step {
                    self.trail.truncate(depth);
                    self.trail.push(step);
                }
                if forest.is_leaf(node) {
                    let value = forest.leaf_value(self.tree, node, self.output) * self.scale;
                    self.path.assemble(value, &self.trail);
                    return Some(&self.path);
                }
                // The left child last, so that it comes first.
                for left in [false, true] {
                    let child = if left { forest.left[node] } else { forest.right[node] } as usize;
                    let step = Step {
                        column: forest.feature[node],
                        share: share(forest.cover[child], forest.cover[node]),
                        test: PathTest { node: node as u32, left },
                    };
                    self.stack.push((child, Some((self.trail.len(), step))));
                }
            }
            let mut trees = self.next..forest.trees();
            self.tree = trees.find(|&tree| touches(forest, tree, self.output))?;
            self.next = self.tree + 1;
            self.trail.clear();
            self.stack.push((forest.roots[self.tree] as usize, None));
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

/// Whether a tree adds to an output.
pub(super) fn touches(forest: &Forest, tree: usize, output: usize) -> bool {
    forest.tree_output.get(tree).is_none_or(|&own| own as usize == output)
}

/// The share of a node's rows that go on to a child; half of none.
pub(super) fn share(child: f64, node: f64) -> f64 {
    if node > 0.0 { child.max(0.0) / node } else { 0.5 }
}
