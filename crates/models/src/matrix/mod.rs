//! Linear algebra on small dense matrices that gives the same bytes on every processor.
//!
//! Crates for it (`faer`, `nalgebra` over `matrixmultiply`) choose instructions by what the
//! processor can do, fused multiplication among them, so their last bits differ between machines.
//! Here each sum has one order. Matrices are row-major slices with their size.

mod cholesky;
mod covariance;
mod eigen;

pub(crate) use cholesky::Cholesky;
pub(crate) use covariance::{Moments, moments, weighted_moments};
pub(crate) use eigen::{Eigen, symmetric_eigen};

/// Sum of products, in eight sums that are added in a fixed order: one sum alone waits for each
/// addition.
pub(crate) fn dot(left: &[f64], right: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let (left, left_rest) = left.as_chunks::<LANES>();
    let (right, right_rest) = right.as_chunks::<LANES>();
    for (a, b) in left.iter().zip(right) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = left_rest.iter().zip(right_rest).map(|(a, b)| a * b).sum();
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (b + f)) + ((c + g) + (d + h)) + rest
}

/// The square root of a² + b², without overflow.
pub(crate) fn hypotenuse(a: f64, b: f64) -> f64 {
    let (a, b) = (a.abs(), b.abs());
    let (large, small) = if a > b { (a, b) } else { (b, a) };
    if large == 0.0 {
        return 0.0;
    }
    let ratio = small / large;
    large * (1.0 + ratio * ratio).sqrt()
}
