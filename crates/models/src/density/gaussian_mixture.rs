//! Gaussian mixture: rows of low density under a sum of Gaussians are suspicious.
//!
//! Source: Dempster, Laird & Rubin 1977; parameters have scikit-learn's names with their meaning.
//! Components begin at clusters of k-means from k-means++; the score is −ln of the density.
//!
//! `reg_covar`, added to each variance, is 0.1 by default where scikit-learn has 1e-6: on columns
//! of about deviation 1 a small one lets a component close around repeated rows, and then any other
//! row is as far away as an attack.

use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input, Link,
    LoadError, MissingPolicy, ParamSpec, ParamValue, Params, Range, Register, Rng, Schema,
    ScoreError, Shape, State, Supervision,
};

use super::kmeans::kmeans;
use super::mixture::{self, Component, CovarianceType, expect, maximise, surprise};
use super::prologue::columns;
use crate::table::{Table, load_numeric_schema};

/// Gaussian mixture.
pub static CARD: Card = Card {
    id: "gaussian_mixture",
    name: "Gaussian mixture",
    family: Family::Density,
    summary: "The negative log-density of a row under a sum of Gaussians.",
    source: "Dempster, Laird & Rubin 1977",
    cost: "fit O(n · components · d²) a step, score O(components · d²) a row; memory \
           O(n · components + components · d²)",
    shape: Shape::Rows,
    input: Input::Scaled,
    supervision: Supervision::Benign,
    missing: MissingPolicy::Reject,
    abilities: Abilities {
        multiclass: false,
        weights: false,
        explain: false,
        importance: false,
        online: false,
        outliers: false,
        early_stopping: false,
    },
    params: PARAMS,
    exemptions: &[],
    build: |params, _| Ok(Box::new(GaussianMixture::new(params))),
    load,
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "n_components",
        doc: "Number of Gaussians; as many as rows at most.",
        default: ParamValue::Int(5),
        range: Range::Int { min: 1, max: 1000, log: true },
        search: Some(Range::Int { min: 1, max: 20, log: true }),
    },
    ParamSpec {
        name: "covariance_type",
        doc: "`full` has a matrix for each component, `tied` one for all, `diag` variances.",
        default: ParamValue::Static("full"),
        range: Range::Choice(&["full", "tied", "diag"]),
        search: Some(Range::Choice(&["full", "tied", "diag"])),
    },
    ParamSpec {
        name: "reg_covar",
        doc: "Added to each variance.",
        default: ParamValue::Float(0.1),
        range: Range::Float { min: 0.0, max: 1e6, log: false },
        search: Some(Range::Float { min: 1e-4, max: 1.0, log: true }),
    },
    ParamSpec {
        name: "max_iter",
        doc: "Most steps of expectation and maximisation.",
        default: ParamValue::Int(100),
        range: Range::Int { min: 1, max: 100_000, log: true },
        search: None,
    },
    ParamSpec {
        name: "tol",
        doc: "Gain of mean log-density at which it ends.",
        default: ParamValue::Float(1e-3),
        range: Range::Float { min: 0.0, max: 1e3, log: false },
        search: None,
    },
    ParamSpec {
        name: "n_init",
        doc: "Starts, of which the best counts.",
        default: ParamValue::Int(1),
        range: Range::Int { min: 1, max: 1000, log: true },
        search: None,
    },
];

struct GaussianMixture {
    components: usize,
    kind: CovarianceType,
    regularisation: f64,
    max_iter: usize,
    tol: f64,
    starts: usize,
}

/// What was learnt.
struct Fitted {
    schema: Schema,
    components: Vec<Component>,
}

impl GaussianMixture {
    fn new(params: &Params) -> Self {
        Self {
            components: params.count("n_components"),
            kind: match params.text("covariance_type") {
                "diag" => CovarianceType::Diag,
                "tied" => CovarianceType::Tied,
                _ => CovarianceType::Full,
            },
            regularisation: params.float("reg_covar"),
            max_iter: params.count("max_iter"),
            tol: params.float("tol"),
            starts: params.count("n_init"),
        }
    }

    /// The components of one start, with their mean log-density.
    fn climb(
        &self,
        table: &Table<'_>,
        start: usize,
        context: &FitContext<'_>,
    ) -> Result<(Vec<Component>, f64), FitError> {
        let count = self.components.min(table.len);
        let mut rng = Rng::for_part(context.seed, start as u64);
        let clusters = kmeans(&table.columns, count, &mut rng);
        let part = |k: usize| {
            let own = clusters.iter().map(|&cluster| f64::from(u8::from(cluster as usize == k)));
            own.collect()
        };
        let mut parts: Vec<Vec<f64>> = (0..count).map(part).collect();
        let out_of_range = || FitError::Diverged {
            reason: "a component's covariance is out of range; scale the columns".to_owned(),
        };
        let maximised = |parts: &[Vec<f64>]| {
            maximise(table, parts, self.kind, self.regularisation).ok_or_else(out_of_range)
        };
        let mut components = maximised(&parts)?;
        let mut last = f64::NEG_INFINITY;
        let total = (self.starts * self.max_iter) as u64;
        for step in 0..self.max_iter {
            if !context.progress.go_on() {
                return Err(FitError::Cancelled);
            }
            let mean;
            (parts, mean) = expect(&components, table);
            components = maximised(&parts)?;
            context.progress.step("steps", (start * self.max_iter + step + 1) as u64, total);
            let gain = (mean - last).abs();
            last = mean;
            if gain < self.tol {
                break;
            }
        }
        Ok((components, last))
    }
}

impl Estimator for GaussianMixture {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let (schema, table) = columns(frame, context)?;
        let mut best: Option<(Vec<Component>, f64)> = None;
        for start in 0..self.starts {
            let found = self.climb(&table, start, context)?;
            if best.as_ref().is_none_or(|(_, mean)| found.1 > *mean) {
                best = Some(found);
            }
        }
        let components = best.map(|(components, _)| components).unwrap_or_default();
        Ok(Box::new(Fitted { schema, components }))
    }
}

impl Detector for Fitted {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let table = Table::new::<ScoreError>(&self.schema, frame.rows()?)?;
        Ok(surprise(&self.components, &table))
    }

    fn link(&self) -> Link {
        Link::Rank
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        state.put_states("components", self.components.iter().map(Component::save).collect());
        state
    }
}

fn load(state: &State, _: &Register) -> Result<Box<dyn Detector>, LoadError> {
    let schema = load_numeric_schema(state)?;
    let components = mixture::load(state, schema.len())?;
    Ok(Box::new(Fitted { schema, components }))
}
