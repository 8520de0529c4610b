//! Elementary functions that give the same bits on every processor.
//!
//! The system's mathematical library chooses its code by what the processor can do, so its last
//! bit differs between machines; these are portable code.

/// e^x.
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// e^x of each number in place of it, several at once where the processor can: within 2 units in the
/// last place, 0 below −708.
#[inline]
pub fn exp_all(numbers: &mut [f64]) {
    // 1.5 · 2^52: adding it rounds to a whole number, which then stands in the lowest bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const LARGEST: f64 = 709.782_712_893_384;
    // ln 2 in two parts (Cody & Waite 1980): whole numbers below 2^11 times the first are exact.
    const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    for number in numbers {
        let x = *number;
        let within = if x < -708.0 { -708.0 } else { x };
        let within = if within > LARGEST { LARGEST } else { within };
        let shifted = within * std::f64::consts::LOG2_E + ROUND;
        let whole = shifted - ROUND;
        let rest = (within - whole * LN_2_HIGH) - whole * LN_2_LOW;
        // The Taylor series: beyond the last term, less than 2^−57 of a rest below ln 2 / 2.
        let mut sum = TERMS[0];
        for term in &TERMS[1..] {
            sum = sum * rest + term;
        }
        // Half of 2^whole, which is in range for the largest x too.
        let half = f64::from_bits((shifted.to_bits() << 52).wrapping_add(0.5_f64.to_bits()));
        let result = sum * half * 2.0;
        let result = if x < -708.0 { 0.0 } else { result };
        *number = if x > LARGEST { f64::INFINITY } else { result };
    }
}

/// 1/13!, 1/12!, …, 1/0!.
const TERMS: [f64; 14] = [
    1.605_904_383_682_161_3e-10,
    2.087_675_698_786_81e-9,
    2.505_210_838_544_172e-8,
    2.755_731_922_398_589_3e-7,
    2.755_731_922_398_589e-6,
    2.480_158_730_158_73e-5,
    1.984_126_984_126_984e-4,
    1.388_888_888_888_889e-3,
    8.333_333_333_333_333e-3,
    4.166_666_666_666_666_4e-2,
    1.666_666_666_666_666_6e-1,
    0.5,
    1.0,
    1.0,
];

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
    fn powers_of_many_are_those_of_one() {
        let numbers: Vec<f64> = (-708_000..=709_000).map(|i| f64::from(i) * 1e-3).collect();
        let mut powers = numbers.clone();
        exp_all(&mut powers);
        for (number, power) in numbers.iter().zip(powers) {
            let expected = exp(*number);
            assert!((power - expected).abs() <= 2.0 * f64::EPSILON * expected, "{number}");
        }
        let mut ends = [f64::NEG_INFINITY, -709.0, -0.0, 709.5, 710.0, f64::INFINITY, f64::NAN];
        exp_all(&mut ends);
        assert_eq!(ends[..3], [0.0, 0.0, 1.0]);
        assert!((ends[3] - exp(709.5)).abs() <= 1e-15 * ends[3]);
        assert_eq!(ends[4..6], [f64::INFINITY; 2]);
        assert!(ends[6].is_nan());
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
