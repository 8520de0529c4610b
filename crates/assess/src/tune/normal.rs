//! The normal distribution in logarithms, which hold where probabilities underflow.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2, TAU};

use tripline_core::math;

/// ln Φ(x), the logarithm of the distribution function.
pub(super) fn ln_cdf(x: f64) -> f64 {
    if x > 6.0 {
        return math::ln_1p(-0.5 * math::erfc(x * FRAC_1_SQRT_2));
    }
    if x > -20.0 {
        return math::ln(math::erfc(-x * FRAC_1_SQRT_2)) - LN_2;
    }
    // Φ(x) = φ(x)/−x · (1 − 1/x² + 3/x⁴ − …), Abramowitz & Stegun 26.2.12; below −20 the terms
    // fall to the last bit before they grow.
    let mut sum = 1.0;
    let mut term = 1.0;
    for i in 1..40 {
        term *= -(2.0 * f64::from(i) - 1.0) / (x * x);
        let next = sum + term;
        if next == sum {
            break;
        }
        sum = next;
    }
    -0.5 * x * x - math::ln(-x) - 0.5 * math::ln(TAU) + math::ln(sum)
}

/// ln (Φ(b) − Φ(a)), for a ≤ b.
pub(super) fn ln_mass(a: f64, b: f64) -> f64 {
    if b <= 0.0 {
        left_mass(a, b)
    } else if a > 0.0 {
        left_mass(-b, -a)
    } else {
        math::ln_1p(-0.5 * math::erfc(-a * FRAC_1_SQRT_2) - 0.5 * math::erfc(b * FRAC_1_SQRT_2))
    }
}

/// The mass of an interval that ends at 0 or below.
fn left_mass(a: f64, b: f64) -> f64 {
    let (low, high) = (ln_cdf(a), ln_cdf(b));
    high + math::ln_1p(-math::exp(low - high))
}

/// ln φ(x), the logarithm of the density.
pub(super) fn ln_density(x: f64) -> f64 {
    -0.5 * x * x - 0.5 * math::ln(TAU)
}

/// The value below which a share `q` of the distribution cut to [a, b] lies, by bisection.
pub(super) fn quantile(q: f64, a: f64, b: f64) -> f64 {
    if a > 0.0 {
        // The right tail is read as the left one, which logarithms hold.
        return -quantile(1.0 - q, -b, -a);
    }
    let whole = ln_mass(a, b);
    let (mut low, mut high) = (a, b);
    // 64 halvings pass the last bit of any interval that a bandwidth of 1/100 leaves.
    for _ in 0..64 {
        let middle = 0.5 * (low + high);
        if math::exp(ln_mass(a, middle) - whole) < q {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_scipy() {
        // SciPy 1.17.1: special.log_ndtr
        for (x, expected) in [
            (-40.0, -804.608_442_013_753_9),
            (-21.0, -224.465_715_831_414_5),
            (-19.0, -184.366_128_669_160_96),
            (-1.0, -1.841_021_645_009_263_4),
            (0.0, -LN_2),
            (7.0, -1.279_812_543_886_653_9e-12),
        ] {
            assert!((ln_cdf(x) / expected - 1.0).abs() < 1e-12, "{x}: {}", ln_cdf(x));
        }
    }

    #[test]
    fn a_quantile_has_its_share_below_it() {
        for (a, b) in [(-1.0, 2.0), (0.5, 9.0), (-9.0, -3.0), (-0.1, 0.1), (0.0, 100.0)] {
            for q in [0.001, 0.3, 0.5, 0.9, 0.999] {
                let x = quantile(q, a, b);
                let share = math::exp(ln_mass(a, x) - ln_mass(a, b));
                assert!((share - q).abs() < 1e-9, "{a} {b} {q}: {share}");
            }
        }
    }
}
