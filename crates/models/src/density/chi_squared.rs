//! The chi-squared distribution.
//!
//! Source: Abramowitz & Stegun 1964, 6.5.29 (series) and 6.5.31 (continued fraction) of the
//! incomplete gamma function.

use tripline_core::math;

/// Terms after which both expansions have long converged where they are used.
const MAX_TERMS: usize = 10_000;

/// Probability of a value of at most `x` with `degrees` of freedom, at least one.
pub(super) fn probability(x: f64, degrees: usize) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let (shape, x) = (degrees as f64 / 2.0, x / 2.0);
    let front = math::exp(shape * math::ln(x) - x - ln_gamma_half(degrees));
    if x < shape + 1.0 {
        let (mut term, mut sum) = (1.0 / shape, 1.0 / shape);
        for k in 1..MAX_TERMS {
            term *= x / (shape + k as f64);
            sum += term;
            if term < f64::EPSILON * sum {
                break;
            }
        }
        (front * sum).min(1.0)
    } else {
        // Lentz's method, modified by Thompson & Barnett 1986.
        let mut b = x + 1.0 - shape;
        let mut c = 1.0 / f64::MIN_POSITIVE;
        let mut d = 1.0 / b;
        let mut fraction = d;
        for k in 1..MAX_TERMS {
            let a = -(k as f64) * (k as f64 - shape);
            b += 2.0;
            let nonzero = |x: f64| if x == 0.0 { f64::MIN_POSITIVE } else { x };
            d = 1.0 / nonzero(a * d + b);
            c = nonzero(b + a / c);
            let step = d * c;
            fraction *= step;
            if (step - 1.0).abs() < f64::EPSILON {
                break;
            }
        }
        (1.0 - front * fraction).max(0.0)
    }
}

/// The value below which a share `p` in (0, 1) lies.
pub(super) fn quantile(p: f64, degrees: usize) -> f64 {
    let (mut low, mut high) = (0.0, 2.0 * degrees as f64 + 10.0);
    while probability(high, degrees) < p && high < 1e300 {
        high *= 2.0;
    }
    // Halved until there is no number in between.
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return middle;
        }
        if probability(middle, degrees) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// ln Γ(degrees / 2), from Γ(1) = 1 or Γ(1/2) = √π by Γ(x + 1) = x Γ(x).
fn ln_gamma_half(degrees: usize) -> f64 {
    let (mut x, mut sum) = if degrees.is_multiple_of(2) {
        (1.0, 0.0)
    } else {
        (0.5, 0.5 * math::ln(std::f64::consts::PI))
    };
    let shape = degrees as f64 / 2.0;
    while x < shape {
        sum += math::ln(x);
        x += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_scipy() {
        // scipy 1.17.1: chi2.cdf(x, degrees), chi2.ppf(p, degrees)
        for (x, degrees, expected) in [
            (0.5, 1, 0.520_499_877_813_046_6),
            (3.0, 5, 0.300_014_164_121_372_4),
            (60.0, 39, 0.983_077_851_336_164),
            (250.0, 300, 0.016_197_049_792_354_958),
        ] {
            assert!((probability(x, degrees) - expected).abs() < 1e-12, "{x} {degrees}");
        }
        for (p, degrees, expected) in [
            (0.975, 1, 5.023_886_187_314_888),
            (0.5, 7, 6.345_811_195_521_515),
            (0.975, 200, 241.057_895_506_310_93),
        ] {
            assert!((quantile(p, degrees) / expected - 1.0).abs() < 1e-10, "{p} {degrees}");
        }
    }
}
