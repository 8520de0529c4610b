//! Robust covariance: rows far from the bulk of the rows, in its own scatter, are suspicious.
//!
//! Source: Rousseeuw & Van Driessen 1999 (minimum covariance determinant, FastMCD), as
//! scikit-learn's `EllipticEnvelope` has it: the score is the squared Mahalanobis distance by the
//! reweighted estimate, both estimates made consistent at the normal distribution (Croux &
//! Haesbroeck 1999). Up to nearly half of the rows may be anything without moving the estimate.
//!
//! Columns are standardised first, which the estimate does not depend on. Where more than half of
//! the rows lie in a plane, their scatter is singular: it gets a ridge of 1e-6 of the mean variance
//! (ten times that where it is not enough), so a row beside the plane is far away, not infinitely.

use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input,
    MissingPolicy, ParamSpec, ParamValue, Params, Range, Shape, Supervision,
};

use super::chi_squared::{probability, quantile};
use super::fast_mcd::{Estimate, fast_mcd};
use super::prologue::{columns, standardised};
use super::quadratic::Quadratic;
use super::quadratic_model::{Combine, QuadraticModel};
use super::standard::Standard;

/// Robust covariance.
pub static CARD: Card = Card {
    id: "robust_covariance",
    name: "Robust covariance",
    family: Family::Density,
    summary: "Squared Mahalanobis distance by the half of the rows that lies closest together.",
    source: "Rousseeuw & Van Driessen 1999",
    cost: "fit O(n · d²) for each of some thirty steps, score O(d²) a row; memory O(n · d + d²)",
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
    build: |params, _| Ok(Box::new(RobustCovariance::new(params))),
    load: |state, _| Ok(Box::new(QuadraticModel::load(&CARD, state)?)),
};

const PARAMS: &[ParamSpec] = &[ParamSpec {
    name: "support_fraction",
    doc: "Share of the rows that the raw estimate takes; 0 for the least, (n + d + 1) / 2n.",
    default: ParamValue::Float(0.0),
    range: Range::Float { min: 0.0, max: 1.0, log: false },
    search: Some(Range::Float { min: 0.5, max: 1.0, log: false }),
}];

/// Rows beyond this share of the chi-squared distribution have no weight (section 5 of the paper).
const KEPT: f64 = 0.975;

struct RobustCovariance {
    support: f64,
}

impl RobustCovariance {
    fn new(params: &Params) -> Self {
        Self { support: params.float("support_fraction") }
    }

    fn support(&self, rows: usize, width: usize) -> usize {
        let least = (rows + width + 1).div_ceil(2);
        let wanted =
            if self.support == 0.0 { least } else { (self.support * rows as f64) as usize };
        // Fewer rows than columns have no scatter.
        wanted.max(width + 1).min(rows)
    }
}

impl Estimator for RobustCovariance {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let (schema, table) = columns(frame, context)?;
        let (standard, values, _) = standardised(&schema, &table)?;
        let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        let (rows, width) = (table.len, schema.len());
        let support = self.support(rows, width);
        let raw = fast_mcd(&values, support, context)?;
        let correction = consistency(support as f64 / rows as f64, width);
        let limit = quantile(KEPT, width) * correction;
        let distances = raw.distances(&values);
        let kept = (0..rows as u32).filter(|&row| distances[row as usize] < limit);
        let kept: Vec<u32> = kept.collect();
        // Where the bulk lies in a plane, rounding may put nearly all rows beside it.
        let (estimate, factor) = if kept.len() < support.min(width + 1) {
            (raw, correction)
        } else {
            let out_of_range = || FitError::Diverged { reason: "no scatter in range".to_owned() };
            let reweighted = Estimate::of(&values, &kept).ok_or_else(out_of_range)?;
            (reweighted, consistency(KEPT, width))
        };
        context.progress.step("fitting", 1, 1);
        // The centre in the columns' own units.
        let means = standard.means.iter().zip(&standard.scales).zip(&estimate.moments.means);
        let means = means.map(|((mean, scale), centre)| mean + scale * centre).collect();
        let standard = Standard { means, scales: standard.scales };
        let mut covariance = estimate.moments.covariance;
        covariance.iter_mut().for_each(|entry| *entry *= factor);
        let all = (0..width as u32).collect();
        let form = Quadratic::mahalanobis(all, &covariance)
            .ok_or_else(|| FitError::Diverged { reason: "no scatter in range".to_owned() })?;
        let forms = vec![form];
        let combine = Combine::Sum;
        Ok(Box::new(QuadraticModel { card: &CARD, schema, standard, forms, combine }))
    }
}

/// What the scatter of the share `alpha` of nearest rows is multiplied by to be that of all, at
/// the normal distribution (Croux & Haesbroeck 1999; Pison, Van Aelst & Willems 2002).
fn consistency(alpha: f64, width: usize) -> f64 {
    if alpha >= 1.0 {
        return 1.0;
    }
    alpha / probability(quantile(alpha, width), width + 2)
}
