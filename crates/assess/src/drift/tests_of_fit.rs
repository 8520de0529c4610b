//! Tail probabilities of the tests.

use tripline_core::math;

/// Chance that √n times the Kolmogorov distance is at least `x`, for n → ∞ (Kolmogorov 1933).
pub fn kolmogorov_survival(x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    // The two series are equal; each converges fast on its side (Marsaglia et al. 2003).
    if x < 1.0 {
        let factor = (2.0 * std::f64::consts::PI).sqrt() / x;
        let power = -std::f64::consts::PI * std::f64::consts::PI / (8.0 * x * x);
        let sum: f64 = (0..20)
            .map(|k| {
                let odd = 2.0 * f64::from(k) + 1.0;
                math::exp(odd * odd * power)
            })
            .sum();
        return (1.0 - factor * sum).clamp(0.0, 1.0);
    }
    let sum: f64 = (1..=20)
        .map(|k| {
            let k = f64::from(k);
            let sign = if k % 2.0 == 1.0 { 1.0 } else { -1.0 };
            sign * math::exp(-2.0 * k * k * x * x)
        })
        .sum();
    (2.0 * sum).clamp(0.0, 1.0)
}

/// Chance that a chi-square variable of so many degrees is at least `x`; 1 for no degree.
pub fn chi_square_survival(x: f64, degrees: usize) -> f64 {
    if degrees == 0 || x <= 0.0 {
        return 1.0;
    }
    upper_gamma(degrees as f64 / 2.0, x / 2.0)
}

/// The regularised upper incomplete gamma function (DLMF 8.2.4): by its series below a + 1
/// (8.11.4), by its continued fraction above (8.9.2, evaluated after Lentz 1976).
fn upper_gamma(a: f64, x: f64) -> f64 {
    let front = math::exp(a * math::ln(x) - x - ln_gamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        for _ in 0..100_000 {
            n += 1.0;
            term *= x / n;
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        return (1.0 - front * sum).clamp(0.0, 1.0);
    }
    const TINY: f64 = 1e-300;
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut h = d;
    for i in 1..100_000 {
        let i = f64::from(i);
        let an = -i * (i - a);
        b += 2.0;
        d = an * d + b;
        d = if d.abs() < TINY { TINY } else { d };
        c = b + an / c;
        c = if c.abs() < TINY { TINY } else { c };
        d = 1.0 / d;
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    (front * h).clamp(0.0, 1.0)
}

/// ln Γ(a) for a > 0, by Stirling's series after shifting up (DLMF 5.11.1).
fn ln_gamma(a: f64) -> f64 {
    // At 15 the first term left out is below 1e-16.
    let (mut shifted, mut product) = (a, 1.0);
    while shifted < 15.0 {
        product *= shifted;
        shifted += 1.0;
    }
    let r = 1.0 / (shifted * shifted);
    let series = (1.0 / 12.0
        - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r * (1.0 / 1188.0)))))
        / shifted;
    let half_ln_tau = 0.5 * math::ln(std::f64::consts::TAU);
    (shifted - 0.5) * math::ln(shifted) - shifted + half_ln_tau + series - math::ln(product)
}
