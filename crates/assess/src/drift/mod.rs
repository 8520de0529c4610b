//! How one sample of a column differs from another.

mod category;
mod numeric;
mod tests_of_fit;

pub use category::{ChiSquare, chi_square};
pub use numeric::{ks, wasserstein};
pub use tests_of_fit::{chi_square_survival, kolmogorov_survival};

use serde::Serialize;
use tripline_core::{Column, math};

/// Below this population stability index a column counts as stable (Siddiqi 2006).
pub const MINOR_PSI: f64 = 0.1;

/// From this population stability index on a column counts as changed (Siddiqi 2006).
pub const MAJOR_PSI: f64 = 0.25;

/// The Kolmogorov-Smirnov test of two samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ks {
    /// Largest distance of the two distribution functions.
    pub statistic: f64,
    /// Chance of at least this distance for samples of one distribution, asymptotic.
    pub p_value: f64,
}

/// How a column differs between a reference sample and another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ColumnDrift {
    /// Population stability index over ten bins of equal mass of the reference, or categories.
    pub psi: f64,
    /// Jensen-Shannon distance in bits^½ over the same bins, from 0 to 1.
    pub js_distance: f64,
    /// Kolmogorov-Smirnov test; numbers only.
    pub ks: Option<Ks>,
    /// Wasserstein distance in standard deviations of the reference; numbers only.
    pub wasserstein: Option<f64>,
    /// Chi-square test of homogeneity; categories only.
    pub chi_square: Option<ChiSquare>,
    /// Share of missing values in the reference.
    pub missing_before: f64,
    /// Share of missing values in the other sample.
    pub missing_after: f64,
}

impl ColumnDrift {
    /// Compares two samples of a column; none if kinds differ, or a sample has no row.
    pub fn new(reference: &Column, other: &Column) -> Option<Self> {
        if reference.is_empty() || other.is_empty() {
            return None;
        }
        match (reference, other) {
            (Column::Numeric(reference), Column::Numeric(other)) => {
                Some(numeric::drift(reference, other))
            }
            (Column::Category(reference), Column::Category(other)) => {
                Some(category::drift(reference, other))
            }
            _ => None,
        }
    }
}

/// Population stability index of counts by bin: Σ (a − e) ln(a / e) over shares, each share at
/// least half a row.
pub fn psi(expected: &[f64], actual: &[f64]) -> f64 {
    let shares = |counts: &[f64]| -> Vec<f64> {
        let whole: f64 = counts.iter().sum();
        counts.iter().map(|count| count.max(0.5) / whole.max(0.5)).collect()
    };
    let pairs = shares(expected).into_iter().zip(shares(actual));
    pairs.map(|(e, a)| (a - e) * math::ln(a / e)).sum()
}

/// Jensen-Shannon distance of counts by bin: the square root of the divergence, to base 2.
pub fn js_distance(one: &[f64], other: &[f64]) -> f64 {
    let (whole_one, whole_other) = (one.iter().sum::<f64>(), other.iter().sum::<f64>());
    if whole_one <= 0.0 || whole_other <= 0.0 {
        return 0.0;
    }
    let part = |p: f64, m: f64| if p > 0.0 { p * math::log2(p / m) } else { 0.0 };
    let divergence: f64 = one
        .iter()
        .zip(other)
        .map(|(a, b)| {
            let (p, q) = (a / whole_one, b / whole_other);
            let m = (p + q) / 2.0;
            (part(p, m) + part(q, m)) / 2.0
        })
        .sum();
    divergence.max(0.0).sqrt()
}
