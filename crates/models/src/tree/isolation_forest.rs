//! Isolation forest: rows that few random splits set apart are suspicious.
//!
//! Source: Liu, Ting & Zhou 2008; parameters have scikit-learn's names with their meaning. Each tree
//! isolates a few rows by random columns with thresholds uniform between the least and the largest
//! value; a category column counts as many times as it has categories, each set apart from the
//! others, as if it were one-hot encoded; missing values go to a side at random. A leaf's value is its depth plus c(rows left in it), so the forest's
//! mean E[h] is in one output and can be explained; the score is 2^(−E[h]/c(ψ)), which falls as
//! that mean rises. Time O(trees · ψ · log ψ), memory O(trees · ψ).

use rayon::prelude::*;
use tripline_core::{
    Abilities, Aligned, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input,
    LoadError, MissingPolicy, ParamSpec, ParamValue, Params, Range, Register, Rng, Shape, State,
    Supervision,
};

use super::forest::{Aggregate, Forest};
use super::grown::append;
use super::isolation_tree::{IsolationTree, typical_path};
use super::model::{Reading, TreeModel};

/// Isolation forest.
pub const CARD: Card = Card {
    id: "isolation_forest",
    name: "Isolation forest",
    family: Family::Trees,
    summary: "Rows that few random splits set apart from the others.",
    source: "Liu, Ting & Zhou 2008",
    cost: "fit O(trees · ψ · log ψ) for ψ rows a tree, score O(trees · log ψ) a row; memory \
           O(trees · ψ)",
    shape: Shape::Rows,
    input: Input::Mixed,
    supervision: Supervision::Benign,
    missing: MissingPolicy::Native,
    abilities: Abilities {
        multiclass: false,
        weights: false,
        explain: true,
        importance: true,
        online: false,
        outliers: false,
        early_stopping: false,
    },
    params: PARAMS,
    exemptions: &[],
    build: |params, _| Ok(Box::new(IsolationForest::new(params))),
    load,
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "n_estimators",
        doc: "Number of trees.",
        default: ParamValue::Int(200),
        range: Range::Int { min: 1, max: 100_000, log: true },
        search: Some(Range::Int { min: 50, max: 500, log: true }),
    },
    ParamSpec {
        name: "max_samples",
        doc: "Rows that each tree isolates (ψ).",
        default: ParamValue::Int(256),
        range: Range::Int { min: 2, max: 1_000_000, log: true },
        search: Some(Range::Int { min: 64, max: 4096, log: true }),
    },
    ParamSpec {
        name: "max_features",
        doc: "Columns that each tree may use, as a share of all.",
        default: ParamValue::Float(1.0),
        range: Range::Float { min: 1e-3, max: 1.0, log: false },
        search: Some(Range::Float { min: 0.3, max: 1.0, log: false }),
    },
];

struct IsolationForest {
    n_estimators: usize,
    max_samples: usize,
    max_features: f64,
}

impl IsolationForest {
    fn new(params: &Params) -> Self {
        Self {
            n_estimators: params.count("n_estimators"),
            max_samples: params.count("max_samples"),
            max_features: params.float("max_features"),
        }
    }

    fn tree(&self, aligned: &Aligned<'_>, samples: usize, mut rng: Rng) -> Forest {
        let rows = rng.sample(aligned.len, samples);
        let all = vec![true; aligned.columns.len()];
        let columns = super::sampling::columns(&all, self.max_features, &mut rng);
        IsolationTree::new(aligned, &rows, &columns).grow(&mut rng)
    }
}

impl Estimator for IsolationForest {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let rows = frame.rows()?;
        if rows.width() == 0 {
            return Err(FitError::NoColumns);
        }
        if rows.len() < 2 {
            return Err(FitError::TooFewRows { needed: 2, got: rows.len() });
        }
        if !context.progress.go_on() {
            return Err(FitError::Cancelled);
        }
        let schema = rows.schema().as_ref().clone();
        let aligned = schema.align(rows)?;
        let samples = self.max_samples.min(rows.len());
        let trees: Vec<Forest> = (0..self.n_estimators as u64)
            .into_par_iter()
            .map(|number| self.tree(&aligned, samples, Rng::for_part(context.seed, number)))
            .collect();
        let mut forest = Forest::empty(rows.width(), 1, Aggregate::Mean);
        trees.iter().for_each(|tree| append(&mut forest, tree));
        let total = self.n_estimators as u64;
        context.progress.step("trees", total, total);
        let reading = Reading::PathLength { typical: typical_path(samples) };
        Ok(Box::new(TreeModel::new(&CARD, schema, forest, reading, Vec::new())))
    }
}

fn load(state: &State, _register: &Register) -> Result<Box<dyn Detector>, LoadError> {
    Ok(Box::new(TreeModel::load(&CARD, state)?))
}
