//! Elementary functions that give the same bits on every processor.
//!
//! The system's mathematical library chooses its code by what the processor can do, so its last
//! bit differs between machines; these are portable code.

/// e^x.
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// e^x − 1, exact near 0.
pub fn exp_m1(x: f64) -> f64 {
    libm::expm1(x)
}

/// Natural logarithm.
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// ln(1 + x), exact near 0.
pub fn ln_1p(x: f64) -> f64 {
    libm::log1p(x)
}

/// Logarithm to base 2.
pub fn log2(x: f64) -> f64 {
    libm::log2(x)
}

/// Logarithm to base 10.
pub fn log10(x: f64) -> f64 {
    libm::log10(x)
}

/// x^y.
pub fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// Hyperbolic tangent.
pub fn tanh(x: f64) -> f64 {
    libm::tanh(x)
}

/// Error function, 2/√π · ∫₀ˣ e^−t² dt.
pub fn erf(x: f64) -> f64 {
    libm::erf(x)
}

/// 1 − erf(x), exact where that is small.
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// Sine, of radians.
pub fn sin(x: f64) -> f64 {
    libm::sin(x)
}

/// Cosine, of radians.
pub fn cos(x: f64) -> f64 {
    libm::cos(x)
}

/// 1 / (1 + e^−x), without overflow.
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + exp(-x))
    } else {
        let e = exp(x);
        e / (1.0 + e)
    }
}

/// ln(p / (1 − p)); −∞ at 0, +∞ at 1.
pub fn logit(p: f64) -> f64 {
    ln(p) - ln_1p(-p)
}

/// ln(1 + e^x), without overflow.
pub fn softplus(x: f64) -> f64 {
    if x > 0.0 { x + ln_1p(exp(-x)) } else { ln_1p(exp(x)) }
}

/// Replaces scores by e^s / Σ e^s, without overflow; nothing on an empty slice.
pub fn softmax(scores: &mut [f64]) {
    let largest = scores.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = exp(*score - largest);
        sum += *score;
    }
    for score in scores.iter_mut() {
        *score /= sum;
    }
}

/// Shannon entropy of the bytes' values, in bits; 0 for none.
pub fn byte_entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    bytes.iter().for_each(|&byte| counts[usize::from(byte)] += 1);
    // log2 n − Σ c log2 c / n, summed in the order of the values.
    let total = bytes.len() as f64;
    let sum: f64 =
        counts.iter().filter(|&&c| c > 1).map(|&c| f64::from(c) * log2(f64::from(c))).sum();
    if bytes.is_empty() { 0.0 } else { (log2(total) - sum / total).max(0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_counts_values() {
        assert_eq!(byte_entropy(b""), 0.0);
        assert_eq!(byte_entropy(b"aaaa"), 0.0);
        assert_eq!(byte_entropy(b"abcd"), 2.0);
        // scipy 1.17.1: scipy.stats.entropy([1, 1, 2, 1], base=2).
        assert!((byte_entropy(b"hello") - 1.921_928_094_887_362_3).abs() < 1e-15);
    }

    #[test]
    fn the_sigmoid_keeps_its_ends() {
        assert_eq!(sigmoid(1000.0), 1.0);
        assert_eq!(sigmoid(-1000.0), 0.0);
        // scipy 1.17.1: scipy.special.expit(-3.0)
        assert!((sigmoid(-3.0) - 0.047_425_873_177_566_78).abs() < 1e-16);
        assert_eq!(softplus(800.0), 800.0);
    }
}
