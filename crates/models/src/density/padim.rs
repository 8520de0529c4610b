//! PaDiM for rows: rows that lie outside the Gaussian of a group of columns are suspicious.
//!
//! Source: Defard, Setkov, Loesch & Audigier 2021 (PaDiM: a patch distribution modeling framework).
//! There an image gives a feature vector at each place; each place has a Gaussian over the benign
//! images, N(μ, Σ) with Σ = 1 / (N − 1) Σ (x − μ)(x − μ)' + 0.01 · 1 (equation 1), and its distance
//! is M(x) = √((x − μ)' Σ⁻¹ (x − μ)) (equation 2); the image's score is the largest.
//!
//! A row has no places: here a *group of columns* stands where the paper has a place. Groups are
//! given by name, or found as columns that vary together in training ([`correlated`] tells how).
//! All columns belong to a group; the paper draws a random part of them to save time. Columns are
//! standardised before, since 0.01 must mean the same for bytes as for seconds; the paper's features
//! have one scale. With `combine=mean` the score is the root of the mean of M² over groups, which
//! has an exact explanation; `max` is the paper's. `shrinkage=ledoit_wolf` estimates how far to
//! shrink instead.

use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input,
    MissingPolicy, ParamSpec, ParamValue, Params, Range, Shape, Supervision,
};

use super::column_groups::{correlated, named};
use super::ledoit_wolf::shrink;
use super::prologue::{columns, standardised};
use super::quadratic::Quadratic;
use super::quadratic_model::{Combine, QuadraticModel};

/// PaDiM.
pub static CARD: Card = Card {
    id: "padim",
    name: "PaDiM for rows",
    family: Family::Density,
    summary: "Mahalanobis distance in each group of columns that vary together.",
    source: "Defard, Setkov, Loesch & Audigier 2021",
    cost: "fit O(n · d²), score O(d · group_size) a row; memory O(n · d + d²)",
    shape: Shape::Rows,
    input: Input::Numeric,
    supervision: Supervision::Benign,
    missing: MissingPolicy::Reject,
    abilities: Abilities {
        multiclass: false,
        weights: false,
        explain: true,
        importance: false,
        online: false,
        outliers: false,
        early_stopping: false,
    },
    params: PARAMS,
    exemptions: &[],
    build: |params, _| Ok(Box::new(Padim::new(params))),
    load: |state, _| Ok(Box::new(QuadraticModel::load(&CARD, state)?)),
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "group_size",
        doc: "Most columns of a group that is found.",
        default: ParamValue::Int(8),
        range: Range::Int { min: 1, max: 4096, log: true },
        search: Some(Range::Int { min: 1, max: 64, log: true }),
    },
    ParamSpec {
        name: "groups",
        doc: "Groups by name, such as `a, b; c, d`; columns not named are groups of one. Without \
              text they are found.",
        default: ParamValue::Static(""),
        range: Range::Text,
        search: None,
    },
    ParamSpec {
        name: "combine",
        doc: "How the groups make one score: `mean` (root of mean square) or `max`.",
        default: ParamValue::Static("mean"),
        range: Range::Choice(&["mean", "max"]),
        search: Some(Range::Choice(&["mean", "max"])),
    },
    ParamSpec {
        name: "shrinkage",
        doc: "`identity` adds epsilon to the diagonal, `ledoit_wolf` shrinks as far as Ledoit & \
              Wolf 2004 estimate.",
        default: ParamValue::Static("identity"),
        range: Range::Choice(&["identity", "ledoit_wolf"]),
        search: Some(Range::Choice(&["identity", "ledoit_wolf"])),
    },
    ParamSpec {
        name: "epsilon",
        doc: "Added to the variance of standardised columns.",
        default: ParamValue::Float(0.01),
        range: Range::Float { min: 0.0, max: 1e3, log: false },
        search: Some(Range::Float { min: 1e-4, max: 1.0, log: true }),
    },
];

struct Padim {
    size: usize,
    groups: String,
    combine: Combine,
    ledoit_wolf: bool,
    epsilon: f64,
}

impl Padim {
    fn new(params: &Params) -> Self {
        Self {
            size: params.count("group_size"),
            groups: params.text("groups").to_owned(),
            combine: if params.text("combine") == "max" { Combine::Max } else { Combine::Root },
            ledoit_wolf: params.text("shrinkage") == "ledoit_wolf",
            epsilon: params.float("epsilon"),
        }
    }

    /// The Gaussian's covariance from the plain one of a group's columns (divided by n).
    fn regularised(&self, plain: &[f64], group: &[u32], values: &[Vec<f64>]) -> Vec<f64> {
        let rows = values[0].len();
        if self.ledoit_wolf {
            let fourth = (0..rows).map(|row| {
                let squares = group.iter().map(|&column| {
                    let value = values[column as usize][row];
                    value * value
                });
                let square: f64 = squares.sum();
                square * square / rows as f64
            });
            return shrink(plain, fourth.sum(), rows);
        }
        let factor = if rows > 1 { rows as f64 / (rows as f64 - 1.0) } else { 1.0 };
        let mut covariance: Vec<f64> = plain.iter().map(|entry| entry * factor).collect();
        let diagonal = covariance.iter_mut().step_by(group.len() + 1);
        diagonal.for_each(|entry| *entry += self.epsilon);
        covariance
    }
}

impl Estimator for Padim {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let (schema, table) = columns(frame, context)?;
        let (standard, values, moments) = standardised(&schema, &table)?;
        let width = schema.len();
        let covariance = standard.covariance(&moments);
        let groups = if self.groups.trim().is_empty() {
            correlated(&covariance, width, self.size)
        } else {
            named(&self.groups, &schema)?
        };
        let total = groups.len() as u64;
        let mut forms = Vec::with_capacity(groups.len());
        for group in groups {
            if !context.progress.go_on() {
                return Err(FitError::Cancelled);
            }
            let entries = group
                .iter()
                .flat_map(|&i| group.iter().map(move |&j| (i.max(j) as usize, i.min(j) as usize)));
            let plain: Vec<f64> = entries.map(|(i, j)| covariance[i * width + j]).collect();
            let covariance = self.regularised(&plain, &group, &values);
            let form = Quadratic::mahalanobis(group, &covariance).ok_or_else(|| {
                let reason = "a group's covariance is out of range".to_owned();
                FitError::Diverged { reason }
            })?;
            forms.push(form);
            context.progress.step("groups", forms.len() as u64, total);
        }
        let combine = self.combine;
        Ok(Box::new(QuadraticModel { card: &CARD, schema, standard, forms, combine }))
    }
}
