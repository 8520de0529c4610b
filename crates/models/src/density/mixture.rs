//! A sum of Gaussians: log-densities of rows, expectation and maximisation.
//!
//! Source: Dempster, Laird & Rubin 1977; regularised as scikit-learn's `GaussianMixture`.

use rayon::prelude::*;
use tripline_core::{State, StateError, math};

use super::quadratic::Quadratic;
use super::standard::Standard;
use crate::matrix::{Cholesky, Moments, weighted_moments};
use crate::table::Table;

/// What covariances may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CovarianceType {
    /// One matrix for each component.
    Full,
    /// One matrix for all.
    Tied,
    /// Variances for each component.
    Diag,
}

/// One Gaussian with its share.
#[derive(Debug, Clone)]
pub(super) struct Component {
    /// ln of the share, less the logarithm of what the density integrates to.
    constant: f64,
    /// Its mean; its deviations too where columns are independent.
    standard: Standard,
    /// Squared distance from the mean; none where it is the sum of squares.
    form: Option<Quadratic>,
}

impl Component {
    /// ln(share · density) of each row of a block.
    fn add(&self, table: &Table<'_>, start: usize, out: &mut [f64]) {
        let block = self.standard.block(table, start, out.len());
        out.fill(0.0);
        match &self.form {
            Some(form) => form.add(&block, out),
            None => {
                for column in block.chunks_exact(out.len()) {
                    out.iter_mut().zip(column).for_each(|(sum, z)| *sum += z * z);
                }
            }
        }
        out.iter_mut().for_each(|square| *square = self.constant - 0.5 * *square);
    }

    /// From a share, a mean and a covariance (a diagonal has one number a column); none if it is
    /// out of range.
    fn new(share: f64, means: Vec<f64>, covariance: &[f64]) -> Option<Self> {
        let width = means.len();
        let all = (0..width as u32).collect();
        let (standard, form, ln_determinant) = if covariance.len() == width * width && width > 1 {
            let ln_determinant = Cholesky::with_ridge(covariance, width)?.ln_determinant();
            let form = Quadratic::mahalanobis(all, covariance)?;
            (Standard::centre(means), Some(form), ln_determinant)
        } else {
            // A variance of 0 would be no density.
            let variances = covariance.iter().map(|variance| variance.max(f64::MIN_POSITIVE));
            let ln_determinant = variances.clone().map(math::ln).sum();
            (Standard { means, scales: variances.map(f64::sqrt).collect() }, None, ln_determinant)
        };
        let normal = width as f64 * math::ln(std::f64::consts::TAU);
        let constant = math::ln(share) - 0.5 * (normal + ln_determinant);
        constant.is_finite().then_some(Self { constant, standard, form })
    }

    pub(super) fn save(&self) -> State {
        let mut state = State::new();
        state.put_f64("constant", self.constant);
        self.standard.save(&mut state);
        if let Some(form) = &self.form {
            state.put_state("form", form.save());
        }
        state
    }

    /// From data of `width` columns.
    pub(super) fn load(state: &State, width: usize) -> Result<Self, StateError> {
        let constant = state.f64("constant")?;
        if !constant.is_finite() {
            return Err(StateError::invalid("constant", "finite"));
        }
        let standard = Standard::load(state, width)?;
        let form = if state.has("form") {
            Some(Quadratic::load(state.state("form")?, width)?)
        } else {
            None
        };
        Ok(Self { constant, standard, form })
    }
}

/// Rows beside each other in a table's block.
const BLOCK: usize = 256;

/// ln of the density of some rows from `start`; for each component in turn the part that it has in
/// each row goes to `parts` if wanted.
fn densities(
    components: &[Component],
    table: &Table<'_>,
    start: usize,
    out: &mut [f64],
    parts: Option<&mut Vec<f64>>,
) {
    let count = out.len();
    let mut logs = vec![0.0; count * components.len()];
    for (component, logs) in components.iter().zip(logs.chunks_exact_mut(count)) {
        component.add(table, start, logs);
    }
    for (row, out) in out.iter_mut().enumerate() {
        let own = || logs[row..].iter().step_by(count);
        let largest = own().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        let sum: f64 = own().map(|&log| math::exp(log - largest)).sum();
        *out = largest + math::ln(sum);
    }
    if let Some(parts) = parts {
        for logs in logs.chunks_exact(count) {
            parts.extend(logs.iter().zip(&*out).map(|(log, all)| math::exp(log - all)));
        }
    }
}

/// −ln of the density of each row.
pub(super) fn surprise(components: &[Component], table: &Table<'_>) -> Vec<f64> {
    let mut scores = vec![0.0; table.len];
    let block = |(block, out): (usize, &mut [f64])| {
        densities(components, table, block * BLOCK, out, None);
        for score in out {
            // Only what no fit gives leads out of range.
            *score = if score.is_nan() { f64::MAX } else { -score.clamp(-f64::MAX, f64::MAX) };
        }
    };
    if table.len <= BLOCK {
        if table.len > 0 {
            block((0, &mut scores));
        }
    } else {
        scores.par_chunks_mut(BLOCK).enumerate().for_each(block);
    }
    scores
}

/// The part of each component in each row, by component, with the mean log-density.
pub(super) fn expect(components: &[Component], table: &Table<'_>) -> (Vec<Vec<f64>>, f64) {
    let blocks: Vec<(Vec<f64>, f64)> = (0..table.len.div_ceil(BLOCK))
        .into_par_iter()
        .map(|block| {
            let start = block * BLOCK;
            let mut logs = vec![0.0; BLOCK.min(table.len - start)];
            let mut parts = Vec::with_capacity(logs.len() * components.len());
            densities(components, table, start, &mut logs, Some(&mut parts));
            (parts, logs.iter().sum())
        })
        .collect();
    let mut all = vec![Vec::with_capacity(table.len); components.len()];
    let mut sum = 0.0;
    for (parts, log) in blocks {
        sum += log;
        let count = parts.len() / components.len();
        for (all, part) in all.iter_mut().zip(parts.chunks_exact(count)) {
            all.extend_from_slice(part);
        }
    }
    (all, sum / table.len as f64)
}

/// The components that make rows most likely whose parts are these; none if numbers run out of
/// range.
pub(super) fn maximise(
    table: &Table<'_>,
    parts: &[Vec<f64>],
    kind: CovarianceType,
    regularisation: f64,
) -> Option<Vec<Component>> {
    let rows = table.len as f64;
    let width = table.columns.len();
    // As the peer has it: a component without rows divides by no zero.
    let totals = parts.iter().map(|part| part.iter().sum::<f64>() + 10.0 * f64::EPSILON);
    let totals: Vec<f64> = totals.collect();
    let moments: Vec<Moments> = parts
        .iter()
        .zip(&totals)
        .map(|(part, total)| match kind {
            CovarianceType::Diag => variances(table, part, *total),
            _ => weighted_moments(&table.columns, part, *total),
        })
        .collect();
    let all: f64 = totals.iter().sum();
    let tied = (kind == CovarianceType::Tied).then(|| {
        let mut tied = vec![0.0; width * width];
        for (moments, total) in moments.iter().zip(&totals) {
            let entries = tied.iter_mut().zip(&moments.covariance);
            entries.for_each(|(sum, entry)| *sum += total / all * entry);
        }
        tied
    });
    let components = moments.into_iter().zip(&totals).map(|(moments, total)| {
        let mut covariance = tied.clone().unwrap_or(moments.covariance);
        let stride = if covariance.len() == width { 1 } else { width + 1 };
        covariance.iter_mut().step_by(stride).for_each(|entry| *entry += regularisation);
        let finite = moments.means.iter().chain(&covariance).all(|x| x.is_finite());
        finite.then(|| Component::new(total / rows, moments.means, &covariance)).flatten()
    });
    components.collect()
}

/// Means with variances in place of a matrix.
fn variances(table: &Table<'_>, weights: &[f64], total: f64) -> Moments {
    let moments = table.columns.par_iter().map(|column| {
        let one = weighted_moments(&[column], weights, total);
        (one.means[0], one.covariance[0])
    });
    let (means, covariance) = moments.collect::<Vec<_>>().into_iter().unzip();
    Moments { means, covariance }
}

/// Components from a state.
pub(super) fn load(state: &State, width: usize) -> Result<Vec<Component>, StateError> {
    let components = state.states("components")?;
    if components.is_empty() {
        return Err(StateError::invalid("components", "at least one"));
    }
    components.iter().map(|component| Component::load(component, width)).collect()
}
