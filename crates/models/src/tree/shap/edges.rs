//! Path-dependent SHAP values of one row, edge by edge: what all leaves below an edge give to its
//! column is one sum, as in Linear TreeSHAP (Yu et al. 2022, § 3).
//!
//! By [`super::weights`], a leaf of value v gives column i the integral over t of
//! v (oᵢ − zᵢ) Π_{j≠i} fⱼ with fⱼ = (1−t) zⱼ + t oⱼ, where zⱼ and oⱼ are those of all tests of column
//! j on the leaf's path. At each point t of the quadrature, with its weight in the product at the
//! root,
//!
//! * on the way down P(node) = Π fⱼ over the columns tested above it;
//! * on the way up R(node) = Σ v Π f over the tests below it, a leaf's value times the factors of
//!   the path from the node to the leaf.
//!
//! A node that tests column i, with P without i's own earlier factor being B, gives column i
//! B Σ_c (o_c − z_c) R(c) over its two children c. Where i was tested above as well, at an edge
//! with z, o, f, that edge has counted these leaves for another oᵢ and zᵢ, so (o − z) B R(node) is
//! taken back, with R(node) = Σ_c f_c R(c) / f. Where the row had left the path by then (o = 0), both
//! terms are −1 / (1−t) of the same number and cancel. Time: O(nodes × points), however deep.

#![allow(
    clippy::needless_range_loop,
    reason = "chained iterators are not always compiled into the variant for a processor"
)]

use super::path::{base, share, touches};
use super::patterns::Block;
use super::quadrature::{LANES, Quadrature};
use crate::tree::Forest;
use crate::tree::score::Coded;

/// The tests of all trees that touch an output, worked out once.
#[derive(Debug, Clone)]
pub(crate) struct Edges {
    tests: Vec<Test>,
    /// Number in its tree and scaled value of each leaf.
    leaves: Vec<(u32, f64)>,
    trees: Vec<Tree>,
    /// By number of points.
    quadratures: Vec<Quadrature>,
    /// Most nodes of a tree.
    nodes: usize,
    /// The output without any column.
    base: f64,
}

/// A tree: ends of its tests and leaves, which begin where those of the tree before end.
#[derive(Debug, Clone, Copy)]
struct Tree {
    tests: u32,
    leaves: u32,
    /// Points at which its polynomials are evaluated.
    points: u32,
}

/// An inner node. Nodes are numbered in their tree, a child after its parent.
#[derive(Debug, Clone, Copy)]
struct Test {
    /// Its number among all nodes of the forest.
    node: u32,
    column: u32,
    /// Its number in the tree.
    number: u32,
    /// Those of its left and right child.
    children: [u32; 2],
    /// The child above, on the way here, at which the column was tested last; 0 if nowhere.
    before: u32,
    /// z at that child; 1 if there is none.
    share: f64,
    /// The shares of the node's rows that go left and right.
    steps: [f64; 2],
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
            // Columns tested on the way to a node: which, at which child, z there.
            let mut trail: Vec<(u32, u32, f64)> = Vec::new();
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
                let before = trail.iter().rev().find(|step| step.0 == column);
                let (before, z) = before.map_or((0, 1.0), |step| (step.1, step.2));
                let children = [forest.left[node], forest.right[node]];
                let steps =
                    children.map(|child| share(forest.cover[child as usize], forest.cover[node]));
                for side in [1, 0] {
                    let step = (column, children[side] - root, z * steps[side]);
                    stack.push((children[side] as usize, trail.len(), Some(step)));
                }
                let children = [children[0] - root, children[1] - root];
                let node = node as u32;
                all.tests.push(Test { node, column, number, children, before, share: z, steps });
                let mut distinct: Vec<u32> = trail.iter().map(|step| step.0).collect();
                distinct.push(column);
                distinct.sort_unstable();
                distinct.dedup();
                most = most.max(distinct.len());
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

    /// Adds what all leaves give a row of a block to each column.
    #[inline(always)]
    pub(super) fn add(
        &self,
        forest: &Forest,
        coded: Option<&Coded>,
        block: &Block,
        row: usize,
        walk: &mut Walk,
        out: &mut [f64],
    ) {
        if self.trees.is_empty() {
            return;
        }
        walk.sums.clear();
        walk.sums.resize(out.len(), [0.0; LANES]);
        walk.passes.resize(self.nodes, true);
        walk.passes[0] = true;
        walk.down.resize(2 * self.nodes, [0.0; LANES]);
        walk.up.resize(2 * self.nodes, [0.0; LANES]);
        let (mut test, mut leaf) = (0, 0);
        for tree in &self.trees {
            let tests = &self.tests[test..tree.tests as usize];
            let leaves = &self.leaves[leaf..tree.leaves as usize];
            (test, leaf) = (tree.tests as usize, tree.leaves as usize);
            walk.lefts.clear();
            for test in tests {
                walk.lefts.push(block.goes_left(forest, coded, row, test.node as usize));
            }
            let quadrature = &self.quadratures[tree.points as usize];
            let (points, weights) = (&quadrature.points[..], &quadrature.weights[..]);
            let (pairs, rest) = points.as_chunks::<2>();
            let (pair_weights, rest_weights) = weights.as_chunks::<2>();
            for (points, weights) in pairs.iter().zip(pair_weights) {
                walk.tree(tests, leaves, points, weights);
            }
            if let ([points], [weights]) = (rest, rest_weights) {
                walk.tree(tests, leaves, &[*points], &[*weights]);
            }
        }
        for (out, sums) in out.iter_mut().zip(&walk.sums) {
            *out += (sums[0] + sums[2]) + (sums[1] + sums[3]);
        }
    }
}

/// Memory of a walk through the trees, used again for each.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// For each test whether the row goes left.
    lefts: Vec<bool>,
    /// For each node whether the row passes all tests of the column tested last on the way there.
    passes: Vec<bool>,
    /// P of each node.
    down: Vec<[f64; LANES]>,
    /// R of each node.
    up: Vec<[f64; LANES]>,
    /// Sum of each column.
    sums: Vec<[f64; LANES]>,
}

impl Walk {
    /// A tree at G groups of points.
    #[inline(always)]
    fn tree<const G: usize>(
        &mut self,
        tests: &[Test],
        leaves: &[(u32, f64)],
        points: &[[f64; LANES]; G],
        weights: &[[f64; LANES]; G],
    ) {
        let (down, _) = self.down.as_chunks_mut::<G>();
        let (up, _) = self.up.as_chunks_mut::<G>();
        let mut rest = *points;
        for group in &mut rest {
            for lane in group {
                *lane = 1.0 - *lane;
            }
        }
        down[0] = *weights;
        for i in 0..tests.len() {
            let test = &tests[i];
            let before = test.before as usize;
            // No test is before the first node, which all rows pass.
            let follows = self.passes[before];
            let left = self.lefts[i];
            let [a, b] = [test.children[0] as usize, test.children[1] as usize];
            self.passes[a] = follows & left;
            self.passes[b] = follows & !left;
            let mut product = down[test.number as usize];
            if before != 0 && follows {
                for group in 0..G {
                    for lane in 0..LANES {
                        product[group][lane] /=
                            rest[group][lane] * test.share + points[group][lane];
                    }
                }
                down[test.number as usize] = product;
            }
            // Where the row has left the path before, both shares alone; else times 1 − t, and t
            // more for the child that the row goes to.
            let share = if follows { test.share } else { 1.0 };
            let (z_a, z_b) = (share * test.steps[0], share * test.steps[1]);
            let o = [f64::from(u8::from(follows & left)), f64::from(u8::from(follows & !left))];
            let full = f64::from(u8::from(!follows));
            let (mut on_a, mut on_b) = ([[0.0; LANES]; G], [[0.0; LANES]; G]);
            for group in 0..G {
                for lane in 0..LANES {
                    let t = points[group][lane];
                    let rest = rest[group][lane] + full * t;
                    let product = product[group][lane];
                    on_a[group][lane] = product * (rest * z_a + t * o[0]);
                    on_b[group][lane] = product * (rest * z_b + t * o[1]);
                }
            }
            down[a] = on_a;
            down[b] = on_b;
        }
        for &(number, value) in leaves {
            up[number as usize] = [[value; LANES]; G];
        }
        for i in (0..tests.len()).rev() {
            let test = &tests[i];
            let before = test.before as usize;
            let follows = self.passes[before];
            let left = self.lefts[i];
            let (a, b) = (&up[test.children[0] as usize], &up[test.children[1] as usize]);
            let share = if follows { test.share } else { 1.0 };
            let (z_a, z_b) = (share * test.steps[0], share * test.steps[1]);
            let o = [f64::from(u8::from(follows & left)), f64::from(u8::from(follows & !left))];
            let full = f64::from(u8::from(!follows));
            let (mut both, mut own) = ([[0.0; LANES]; G], [[0.0; LANES]; G]);
            for group in 0..G {
                for lane in 0..LANES {
                    let t = points[group][lane];
                    let rest = rest[group][lane] + full * t;
                    let (a, b) = (a[group][lane], b[group][lane]);
                    both[group][lane] = (rest * z_a + t * o[0]) * a + (rest * z_b + t * o[1]) * b;
                    own[group][lane] = (o[0] - z_a) * a + (o[1] - z_b) * b;
                }
            }
            if before != 0 && follows {
                let gone = 1.0 - test.share;
                for group in 0..G {
                    for lane in 0..LANES {
                        both[group][lane] /= rest[group][lane] * test.share + points[group][lane];
                        own[group][lane] -= gone * both[group][lane];
                    }
                }
            }
            up[test.number as usize] = both;
            if follows {
                let product = &down[test.number as usize];
                let column = &mut self.sums[test.column as usize];
                for group in 0..G {
                    for lane in 0..LANES {
                        column[lane] += product[group][lane] * own[group][lane];
                    }
                }
            }
        }
    }
}
