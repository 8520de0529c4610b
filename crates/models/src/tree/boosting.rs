//! Gradient boosting: trees that are grown one after another on the slopes of a loss.

use rayon::prelude::*;
use tripline_core::{FitContext, FitError, Rng, math};

use super::binned::Binned;
use super::forest::{Aggregate, Forest};
use super::grow::{Grower, TreeShape, TreeTask};
use super::grown::{GrownKind, GrownTree};
use super::histogram::{Cell, Scale};
use super::objective::{self, CHUNK, Slope};
use super::sampling;
use super::split::SplitRules;
use super::stopping::{EarlyStop, HeldOut};
use super::weights::totals;

/// The least prior of a class (LightGBM's `kEpsilon`).
const LEAST_PRIOR: f64 = 1e-15;

/// Largest leaf, before the learning rate, of a round that goes on from a fitted forest. A row of
/// which that forest is sure and wrong has a Newton step of 1 / p, thousands of log-odds; XGBoost's
/// `max_delta_step` is such a bound, for the same reason.
const LARGEST_STEP: f64 = 10.0;

/// How boosting goes; names as LightGBM has them.
#[derive(Debug, Clone)]
pub(crate) struct Boosting {
    pub(crate) n_estimators: usize,
    pub(crate) learning_rate: f64,
    pub(crate) shape: TreeShape,
    pub(crate) rules: SplitRules,
    pub(crate) colsample_bytree: f64,
    pub(crate) sampling: RowSampling,
    pub(crate) early_stopping_rounds: usize,
}

/// Which rows each tree is grown on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum RowSampling {
    /// All.
    All,
    /// A share, drawn anew every so many trees.
    Bagging { share: f64, every: usize },
    /// Those of large slopes, with a share of the others.
    Goss { top: f64, other: f64 },
}

impl Boosting {
    /// Grows trees on top of a forest of boosting, whose outputs for each entry are `margins`
    /// (n × outputs); rounds are numbered from those that it has.
    pub(crate) fn fit_from(
        &self,
        fitted: &Forest,
        margins: Vec<f64>,
        binned: &Binned,
        classes: usize,
        context: &FitContext<'_>,
    ) -> Result<Forest, FitError> {
        let outputs = fitted.outputs;
        let priors = totals(&binned.class, &binned.weight, classes);
        let mut state = self.boosted(binned, outputs, classes, margins);
        state.largest = LARGEST_STEP;
        let mut grower = Grower::new(binned, &self.rules, &self.shape);
        let mut forest = fitted.clone();
        let first = fitted.trees() / outputs.max(1);
        for round in 0..self.n_estimators {
            if !context.progress.go_on() {
                return Err(FitError::Cancelled);
            }
            let grown = state.round(first + round, &mut grower, &priors, context.seed);
            for (output, tree) in &grown {
                forest.tree_output.push(*output as u32);
                tree.add_to(&mut forest, binned);
            }
            context.progress.step("boosting", round as u64 + 1, self.n_estimators as u64);
            if grown.is_empty() {
                // No leaf can be split: further rounds would find the same.
                break;
            }
        }
        Ok(forest)
    }

    fn boosted<'a>(
        &'a self,
        binned: &'a Binned,
        outputs: usize,
        classes: usize,
        scores: Vec<f64>,
    ) -> Boosted<'a> {
        Boosted {
            plan: self,
            binned,
            outputs,
            scores,
            probabilities: vec![0.0; if outputs > 1 { binned.len * classes } else { 0 }],
            slopes: vec![[0.0; 2]; binned.len],
            cells: vec![[0, 0]; binned.len],
            bag: Vec::new(),
            largest: f64::INFINITY,
        }
    }

    /// Fits trees; `classes` is 2 for one output of log-odds, more for a margin for each class.
    pub(crate) fn fit(
        &self,
        binned: &Binned,
        width: usize,
        classes: usize,
        multiclass: bool,
        held_out: Option<HeldOut>,
        context: &FitContext<'_>,
    ) -> Result<Forest, FitError> {
        let outputs = if multiclass { classes } else { 1 };
        let priors = totals(&binned.class, &binned.weight, classes);
        let base = base(&priors, multiclass);
        let mut state = self.boosted(binned, outputs, classes, base.repeat(binned.len));
        let mut grower = Grower::new(binned, &self.rules, &self.shape);
        let mut trees: Vec<(u32, GrownTree)> = Vec::new();
        let mut stop = held_out.map(|held| EarlyStop::new(held, &base, self.early_stopping_rounds));
        for round in 0..self.n_estimators {
            if !context.progress.go_on() {
                return Err(FitError::Cancelled);
            }
            let before = trees.len();
            for (output, tree) in state.round(round, &mut grower, &priors, context.seed) {
                trees.push((output as u32, tree));
            }
            context.progress.step("boosting", round as u64 + 1, self.n_estimators as u64);
            if trees.len() == before {
                // No leaf can be split: further rounds would find the same.
                break;
            }
            if let Some(stop) = &mut stop {
                let new = to_forest(&trees[before..], binned, width, outputs, vec![0.0; outputs]);
                if stop.is_over(&new, trees.len()) {
                    break;
                }
            }
        }
        if let Some(stop) = stop {
            trees.truncate(stop.best_trees());
        }
        Ok(to_forest(&trees, binned, width, outputs, base))
    }
}

/// Outputs without any tree: the log-odds of the priors.
fn base(priors: &[f64], multiclass: bool) -> Vec<f64> {
    let all: f64 = priors.iter().sum();
    if multiclass {
        priors.iter().map(|prior| math::ln((prior / all).max(LEAST_PRIOR))).collect()
    } else {
        vec![math::ln(priors[1] / priors[0])]
    }
}

fn to_forest(
    trees: &[(u32, GrownTree)],
    binned: &Binned,
    width: usize,
    outputs: usize,
    base: Vec<f64>,
) -> Forest {
    let mut forest = Forest::empty(width, outputs, Aggregate::Sum);
    for (output, tree) in trees {
        forest.tree_output.push(*output);
        tree.add_to(&mut forest, binned);
    }
    forest.base = base;
    forest
}

struct Boosted<'a> {
    plan: &'a Boosting,
    binned: &'a Binned,
    outputs: usize,
    /// n × outputs.
    scores: Vec<f64>,
    /// n × outputs, for several outputs.
    probabilities: Vec<f64>,
    slopes: Vec<Slope>,
    cells: Vec<Cell>,
    /// Entries in the bag, if not all.
    bag: Vec<u32>,
    /// Bound of a leaf before the learning rate.
    largest: f64,
}

impl Boosted<'_> {
    /// Grows one tree for each output that has rows to tell apart.
    fn round(
        &mut self,
        round: usize,
        grower: &mut Grower<'_>,
        priors: &[f64],
        seed: u64,
    ) -> Vec<(usize, GrownTree)> {
        let mut rng = Rng::for_part(seed, round as u64);
        let mut grown = Vec::new();
        if self.outputs > 1 {
            objective::softmax(&self.scores, self.outputs, &mut self.probabilities);
        }
        let factors = self.draw_rows(round, &mut rng);
        for (output, prior) in priors.iter().enumerate().take(self.outputs) {
            if self.outputs > 1 && *prior == 0.0 {
                continue;
            }
            self.slopes_of(output);
            if let Some(factors) = &factors {
                for (&entry, factor) in self.bag.iter().zip(factors) {
                    self.slopes[entry as usize].iter_mut().for_each(|slope| *slope *= factor);
                }
            }
            grown.extend(self.tree(output, grower, &mut rng).map(|tree| (output, tree)));
        }
        grown
    }

    /// Draws the rows of a round into the bag; gives the factor of each where they differ.
    fn draw_rows(&mut self, round: usize, rng: &mut Rng) -> Option<Vec<f64>> {
        match self.plan.sampling {
            RowSampling::All => None,
            RowSampling::Bagging { share, every } => {
                if round.is_multiple_of(every) {
                    self.bag = sampling::bagging(self.binned.len, share, rng);
                }
                None
            }
            RowSampling::Goss { top, other } => {
                let mut size = vec![0.0; self.binned.len];
                for output in 0..self.outputs {
                    self.slopes_of(output);
                    for (size, slope) in size.iter_mut().zip(&self.slopes) {
                        *size += (slope[0] * slope[1]).abs();
                    }
                }
                let (bag, factors) = sampling::goss(&size, top, other, rng);
                self.bag = bag;
                Some(factors)
            }
        }
    }

    fn slopes_of(&mut self, output: usize) {
        let (class, weight) = (&self.binned.class, &self.binned.weight);
        if self.outputs == 1 {
            objective::logistic(&self.scores, class, weight, &mut self.slopes);
        } else {
            let (p, k) = (&self.probabilities, self.outputs);
            objective::softmax_slopes(p, k, output, class, weight, &mut self.slopes);
        }
    }

    fn tree(&mut self, output: usize, grower: &mut Grower<'_>, rng: &mut Rng) -> Option<GrownTree> {
        let [gradient, hessian] = objective::totals(&self.slopes);
        let count = self.binned.count.iter().map(|&count| u64::from(count)).sum();
        let scale = Scale::new(gradient, hessian, count);
        let inputs = self.slopes.par_chunks(CHUNK).zip(self.binned.count.par_chunks(CHUNK));
        self.cells.par_chunks_mut(CHUNK).zip(inputs).for_each(|(cells, (slopes, counts))| {
            for ((cell, slope), &count) in cells.iter_mut().zip(slopes).zip(counts) {
                *cell = scale.cell(slope[0], slope[1], count);
            }
        });
        let mut columns = vec![true; self.binned.columns.len()];
        if self.plan.colsample_bytree < 1.0 {
            columns = sampling::columns(&columns, self.plan.colsample_bytree, rng);
        }
        let task = TreeTask { cells: &self.cells, scale, columns: &columns };
        let all = self.plan.sampling == RowSampling::All;
        let (mut tree, leaves) = if all {
            grower.grow(0..self.binned.len as u32, &task, rng)?
        } else {
            grower.grow(self.bag.iter().copied(), &task, rng)?
        };
        for node in &mut tree.nodes {
            if let GrownKind::Leaf(values) = &mut node.kind {
                values[0] = values[0].clamp(-self.largest, self.largest) * self.plan.learning_rate;
            }
        }
        if all {
            for leaf in leaves {
                let value = tree.values(leaf.node)[0];
                for &entry in &grower.index()[leaf.range] {
                    self.scores[entry as usize * self.outputs + output] += value;
                }
            }
        } else {
            let (binned, outputs) = (self.binned, self.outputs);
            self.scores.par_chunks_mut(CHUNK * outputs).enumerate().for_each(|(chunk, scores)| {
                for (i, scores) in scores.chunks_exact_mut(outputs).enumerate() {
                    let leaf = tree.leaf(binned, chunk * CHUNK + i);
                    scores[output] += tree.values(leaf)[0];
                }
            });
        }
        Some(tree)
    }
}
