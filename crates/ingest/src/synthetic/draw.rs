//! Random draws from the distributions of traffic.

use tripline_core::{Rng, math};

/// Lognormal with this median; `sigma` is the deviation of its logarithm.
pub(super) fn lognormal(rng: &mut Rng, median: f64, sigma: f64) -> f64 {
    median * math::exp(sigma * rng.normal())
}

/// Pareto from `least` up with tail index `alpha`, cut at 10,000 times `least`.
pub(super) fn pareto(rng: &mut Rng, least: f64, alpha: f64) -> f64 {
    least * math::pow(1.0 - rng.unit(), -1.0 / alpha).min(1e4)
}

/// Exponential with this mean.
pub(super) fn exponential(rng: &mut Rng, mean: f64) -> f64 {
    mean * rng.exponential()
}

/// Uniform between two numbers.
pub(super) fn between(rng: &mut Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * rng.unit()
}

/// True with this probability.
pub(super) fn chance(rng: &mut Rng, probability: f64) -> bool {
    rng.unit() < probability
}

/// A whole number from `low` to `high`, both included.
pub(super) fn whole(rng: &mut Rng, low: u64, high: u64) -> u64 {
    low + rng.below(high - low + 1)
}

/// Poisson with this mean: by inversion below 30, by its normal limit above.
pub(super) fn poisson(rng: &mut Rng, mean: f64) -> u32 {
    if mean <= 0.0 {
        return 0;
    }
    if mean > 30.0 {
        return (mean + mean.sqrt() * rng.normal()).round().max(0.0) as u32;
    }
    let mut left = rng.unit();
    let mut mass = math::exp(-mean);
    let mut count = 0;
    while left > mass && count < 200 {
        left -= mass;
        count += 1;
        mass *= mean / f64::from(count);
    }
    count
}

/// A number below `count`; small ones are more frequent, as sites are by rank.
pub(super) fn ranked(rng: &mut Rng, count: u32) -> u32 {
    // Density falls as rank^(-2/3): close to the popularity of sites, and cheap to draw.
    let u = rng.unit();
    ((u * u * u * f64::from(count)) as u32).min(count - 1)
}
