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

use super::edges::{Edges, Test};
use super::patterns::Block;
use super::quadrature::LANES;
use crate::tree::Forest;
use crate::tree::score::Coded;

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
    /// Adds what all leaves give a row of a block to each column.
    #[inline(always)]
    pub(super) fn add(
        &mut self,
        edges: &Edges,
        forest: &Forest,
        coded: Option<&Coded>,
        block: &Block,
        row: usize,
        out: &mut [f64],
    ) {
        if edges.trees.is_empty() {
            return;
        }
        self.sums.clear();
        self.sums.resize(out.len(), [0.0; LANES]);
        self.passes.resize(edges.nodes, true);
        self.passes[0] = true;
        self.down.resize(2 * edges.nodes, [0.0; LANES]);
        self.up.resize(2 * edges.nodes, [0.0; LANES]);
        let (mut test, mut leaf) = (0, 0);
        for tree in &edges.trees {
            let tests = &edges.tests[test..tree.tests as usize];
            let leaves = &edges.leaves[leaf..tree.leaves as usize];
            (test, leaf) = (tree.tests as usize, tree.leaves as usize);
            self.lefts.clear();
            for test in tests {
                self.lefts.push(block.goes_left(forest, coded, row, test.node as usize));
            }
            let quadrature = &edges.quadratures[tree.points as usize];
            let (points, weights) = (&quadrature.points[..], &quadrature.weights[..]);
            let (pairs, rest) = points.as_chunks::<2>();
            let (pair_weights, rest_weights) = weights.as_chunks::<2>();
            for (points, weights) in pairs.iter().zip(pair_weights) {
                self.tree(tests, leaves, points, weights);
            }
            if let ([points], [weights]) = (rest, rest_weights) {
                self.tree(tests, leaves, &[*points], &[*weights]);
            }
        }
        for (out, sums) in out.iter_mut().zip(&self.sums) {
            *out += (sums[0] + sums[2]) + (sums[1] + sums[3]);
        }
    }

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
