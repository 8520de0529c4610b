//! PCA: rows that the main directions of the benign rows do not describe are suspicious.
//!
//! Three scores over the eigenvectors v of the covariance matrix, eigenvalues λ falling:
//!
//! - `reconstruction` (the default): squared distance from the space of the first `n_components`,
//!   Σ (v·z)² over all further ones. What never varied with the others in training is seen best. On
//!   the benign half against the attacks of the training rows of UNSW-NB15 and NSL-KDD it ranks
//!   better (area under the ROC curve 0.769 and 0.975) than `distance` (0.722 and 0.962) and
//!   `mahalanobis` over all components (0.766 and 0.971).
//! - `mahalanobis`: Σ (v·z)² / λ over the components chosen, as Shyu, Chen, Sarinnapakorn & Chang
//!   2003 sum major or minor ones; λ counts as 1e-6 of the mean at least.
//! - `distance`: PyOD's reading of the same paper, Σ ‖z − v‖ / w, where w is the share of variance
//!   (or 1 if not `weighted`). It depends on the signs of eigenvectors; they are scikit-learn's. A
//!   share below 1e-12 is rounding, and its component is left out.

use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input, LoadError,
    MissingPolicy, ParamError, ParamSpec, ParamValue, Params, Range, Register, Shape, State,
    Supervision,
};

use super::pca_distance::PcaDistance;
use super::prologue::{columns, finite_moments};
use super::quadratic::Quadratic;
use super::quadratic_model::{Combine, QuadraticModel};
use super::standard::Standard;
use crate::matrix::{Eigen, symmetric_eigen};

/// PCA.
pub static CARD: Card = Card {
    id: "pca",
    name: "Principal component analysis",
    family: Family::Density,
    summary: "What the main directions of the benign rows leave of a row.",
    source: "Shyu, Chen, Sarinnapakorn & Chang 2003",
    cost: "fit O(n · d² + d³), score O(d · components) a row, memory O(d²)",
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
    build: |params, _| Ok(Box::new(Pca::new(params)?)),
    load,
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "n_components",
        doc: "Components kept: a share of the variance below 1, or a number of them; 0 for all.",
        default: ParamValue::Float(0.9),
        range: Range::Float { min: 0.0, max: 1e6, log: false },
        search: Some(Range::Float { min: 0.5, max: 0.99, log: false }),
    },
    ParamSpec {
        name: "score",
        doc: "What a row's score is: `reconstruction`, `mahalanobis` or `distance`.",
        default: ParamValue::Static("reconstruction"),
        range: Range::Choice(&["reconstruction", "mahalanobis", "distance"]),
        search: Some(Range::Choice(&["reconstruction", "mahalanobis"])),
    },
    ParamSpec {
        name: "n_selected_components",
        doc: "Of the components kept, how many of least variance count for `mahalanobis` and \
              `distance`; 0 for all.",
        default: ParamValue::Int(0),
        range: Range::Int { min: 0, max: 1_000_000, log: false },
        search: None,
    },
    ParamSpec {
        name: "weighted",
        doc: "Whether `distance` divides by the share of variance.",
        default: ParamValue::Bool(true),
        range: Range::Bool,
        search: None,
    },
    ParamSpec {
        name: "standardization",
        doc: "Moves columns to mean 0 with deviation 1 first.",
        default: ParamValue::Bool(true),
        range: Range::Bool,
        search: Some(Range::Bool),
    },
];

/// A share of variance below this is rounding.
const ROUNDING: f64 = 1e-12;

/// Least eigenvalue for `mahalanobis`, as a share of the mean one.
const LEAST: f64 = 1e-6;

struct Pca {
    components: f64,
    score: String,
    selected: usize,
    weighted: bool,
    standardize: bool,
}

impl Pca {
    fn new(params: &Params) -> Result<Self, ParamError> {
        let components = params.float("n_components");
        if components > 1.0 && components.fract() != 0.0 {
            return Err(ParamError::Conflict {
                name: "n_components".to_owned(),
                reason: "above 1 it is a number of components, which must be whole".to_owned(),
            });
        }
        if components == 0.0 && params.text("score") == "reconstruction" {
            return Err(ParamError::Conflict {
                name: "n_components".to_owned(),
                reason: "with all components nothing is left that `score=reconstruction` could \
                         measure; give a share such as 0.9"
                    .to_owned(),
            });
        }
        Ok(Self {
            components,
            score: params.text("score").to_owned(),
            selected: params.count("n_selected_components"),
            weighted: params.bool("weighted"),
            standardize: params.bool("standardization"),
        })
    }

    /// How many components are kept of those whose variance is no rounding; one at least.
    fn kept(&self, shares: &[f64], rows: usize) -> usize {
        let ranked = shares.iter().take_while(|share| **share > ROUNDING).count();
        let wanted = if self.components == 0.0 {
            shares.len()
        } else if self.components < 1.0 {
            // The least number whose shares sum to more.
            let mut sum = 0.0;
            let below = shares.iter().take_while(|share| {
                sum += **share;
                sum <= self.components
            });
            below.count() + 1
        } else {
            self.components as usize
        };
        wanted.min(ranked).min(rows).max(1)
    }
}

impl Estimator for Pca {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let (schema, table) = columns(frame, context)?;
        let width = schema.len();
        if self.components > 1.0 && self.components > width as f64 {
            return Err(FitError::Param {
                name: "n_components".to_owned(),
                reason: format!("{} of {width} columns: give at most {width}", self.components),
            });
        }
        let moments = finite_moments(&schema, &table)?;
        if !context.progress.go_on() {
            return Err(FitError::Cancelled);
        }
        let standard = if self.standardize {
            Standard::of(&moments, table.len)
        } else {
            Standard::centre(moments.means.clone())
        };
        let covariance = standard.covariance(&moments);
        let Some(Eigen { values, vectors }) = symmetric_eigen(&covariance, width) else {
            let reason = "the covariance matrix has no eigenvalues in range".to_owned();
            return Err(FitError::Diverged { reason });
        };
        let total: f64 = values.iter().map(|value| value.max(0.0)).sum();
        let shares: Vec<f64> = values
            .iter()
            .map(|value| if total > 0.0 { value.max(0.0) / total } else { 0.0 })
            .collect();
        let kept = self.kept(&shares, table.len);
        let first = if self.selected == 0 { 0 } else { kept.saturating_sub(self.selected) };
        context.progress.step("components", width as u64, width as u64);
        if self.score == "distance" {
            // PyOD leaves columns where they are then, though eigenvectors are those about the mean.
            let plain = || Standard::centre(vec![0.0; width]);
            let standard = if self.standardize { standard } else { plain() };
            let weights = shares[first..kept].iter();
            let weights = weights.map(|&s| if self.weighted && s > 0.0 { s } else { 1.0 });
            let (weights, vectors) = (weights.collect(), &vectors[first * width..kept * width]);
            return Ok(Box::new(PcaDistance::new(schema, standard, vectors.to_vec(), weights)));
        }
        let all: Vec<u32> = (0..width as u32).collect();
        let form = if self.score == "reconstruction" {
            // With nothing left beyond, the last component is what is least described.
            let first = kept.min(width - 1);
            let weights = vec![1.0; width - first];
            let directions = vectors[first * width..].to_vec();
            Quadratic { columns: all, directions, weights }
        } else {
            let least = if total > 0.0 { LEAST * total / width as f64 } else { 1.0 };
            let weights = values[first..kept].iter().map(|value| 1.0 / value.max(least)).collect();
            let directions = vectors[first * width..kept * width].to_vec();
            Quadratic { columns: all, directions, weights }
        };
        let forms = vec![form];
        let combine = Combine::Sum;
        Ok(Box::new(QuadraticModel { card: &CARD, schema, standard, forms, combine }))
    }
}

fn load(state: &State, _: &Register) -> Result<Box<dyn Detector>, LoadError> {
    if state.has("forms") {
        Ok(Box::new(QuadraticModel::load(&CARD, state)?))
    } else {
        Ok(Box::new(PcaDistance::load(state)?))
    }
}
