//! Gauss–Legendre quadrature on [0, 1], which is exact for polynomials.

use std::f64::consts::PI;

use tripline_core::math;

/// Points that are computed together; points beyond those needed have weight 0.
pub(super) const LANES: usize = 4;

/// Points of [0, 1] with their weights: exact for polynomials of degree up to 2n − 1 with n points.
#[derive(Debug, Clone, Default)]
pub(super) struct Quadrature {
    /// In groups of [`LANES`].
    pub(super) points: Vec<[f64; LANES]>,
    /// As `points`.
    pub(super) weights: Vec<[f64; LANES]>,
}

impl Quadrature {
    /// n points, by Newton's method on the Legendre polynomial from the usual first guess
    /// (Press et al. 2007, Numerical Recipes, § 4.6.1).
    pub(super) fn new(n: usize) -> Self {
        let groups = n.div_ceil(LANES);
        let mut quadrature =
            Self { points: vec![[0.5; LANES]; groups], weights: vec![[0.0; LANES]; groups] };
        for i in 0..n {
            let mut x = math::cos(PI * (i as f64 + 0.75) / (n as f64 + 0.5));
            let mut slope = 1.0;
            // Newton's method doubles the digits each time: 5 steps suffice, 3 are spare.
            for _ in 0..8 {
                let (value, derivative) = legendre(n, x);
                slope = derivative;
                x -= value / derivative;
            }
            // From [−1, 1] to [0, 1].
            quadrature.points[i / LANES][i % LANES] = 0.5 * (1.0 - x);
            quadrature.weights[i / LANES][i % LANES] = 1.0 / ((1.0 - x * x) * slope * slope);
        }
        quadrature
    }
}

/// The Legendre polynomial of degree n ≥ 1 with its derivative, at |x| < 1.
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for k in 2..=n {
        let k = k as f64;
        (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
    }
    (value, n as f64 * (x * value - before) / (x * x - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_integrated_exactly() {
        for n in [1, 2, 5, 16, 60] {
            let quadrature = Quadrature::new(n);
            for power in 0..2 * n {
                let mut sum = 0.0;
                for (points, weights) in quadrature.points.iter().zip(&quadrature.weights) {
                    for (point, weight) in points.iter().zip(weights) {
                        sum += weight * point.powi(power as i32);
                    }
                }
                let exact = 1.0 / (power as f64 + 1.0);
                assert!((sum - exact).abs() < 1e-14, "{n} {power} {sum} {exact}");
            }
        }
    }
}
