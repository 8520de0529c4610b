//! Losses: first with second derivatives by the scores.

use rayon::prelude::*;

/// Entries whose sums are added one after another, so that their order is fixed.
pub(crate) const CHUNK: usize = 4096;

/// Gradient with hessian of an entry.
pub(crate) type Slope = [f64; 2];

/// Log-odds beyond which e^x is not followed; the gradient there is 0 to all digits.
const FAR: f64 = 700.0;

/// Slopes of the logistic loss by the log-odds of class 1 (Friedman 2001, algorithm 5).
pub(crate) fn logistic(scores: &[f64], class: &[u32], weight: &[f64], slopes: &mut [Slope]) {
    let inputs = scores.par_chunks(CHUNK).zip(class.par_chunks(CHUNK));
    let chunks = inputs.zip(weight.par_chunks(CHUNK)).zip(slopes.par_chunks_mut(CHUNK));
    chunks.for_each(|(((scores, class), weight), slopes)| {
        let inputs = scores.iter().zip(class).zip(weight);
        for (((&score, &class), &weight), slope) in inputs.zip(slopes) {
            let sign = f64::from(class) * 2.0 - 1.0;
            let miss = 1.0 / (1.0 + exp(sign * score));
            *slope = [-sign * miss * weight, miss * (1.0 - miss) * weight];
        }
    });
}

/// Probabilities of k classes from their margins, row-major (n × k).
pub(crate) fn softmax(scores: &[f64], k: usize, probabilities: &mut [f64]) {
    let chunks = scores.par_chunks(CHUNK * k).zip(probabilities.par_chunks_mut(CHUNK * k));
    chunks.for_each(|(scores, probabilities)| {
        for (scores, out) in scores.chunks_exact(k).zip(probabilities.chunks_exact_mut(k)) {
            let largest = scores.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
            let mut sum = 0.0;
            for (p, score) in out.iter_mut().zip(scores) {
                *p = exp(score - largest);
                sum += *p;
            }
            out.iter_mut().for_each(|p| *p /= sum);
        }
    });
}

/// Slopes of the softmax loss by the margin of class `own`, from class probabilities.
pub(crate) fn softmax_slopes(
    probabilities: &[f64],
    k: usize,
    own: usize,
    class: &[u32],
    weight: &[f64],
    slopes: &mut [Slope],
) {
    // The diagonal of the hessian, larger by k / (k − 1) as k − 1 margins are free (Friedman,
    // Hastie & Tibshirani 2000, algorithm 4; so does LightGBM).
    let factor = k as f64 / (k as f64 - 1.0);
    let inputs = probabilities.par_chunks(CHUNK * k).zip(class.par_chunks(CHUNK));
    let chunks = inputs.zip(weight.par_chunks(CHUNK)).zip(slopes.par_chunks_mut(CHUNK));
    chunks.for_each(|(((probabilities, class), weight), slopes)| {
        let inputs = probabilities.chunks_exact(k).zip(class).zip(weight);
        for (((probabilities, &class), &weight), slope) in inputs.zip(slopes) {
            let p = probabilities[own];
            let truth = f64::from(u8::from(class as usize == own));
            *slope = [(p - truth) * weight, factor * p * (1.0 - p) * weight];
        }
    });
}

/// Sums of absolute gradients and of hessians, in a fixed order.
pub(crate) fn totals(slopes: &[Slope]) -> Slope {
    let chunks: Vec<Slope> = slopes
        .par_chunks(CHUNK)
        .map(|chunk| chunk.iter().fold([0.0; 2], |sum, s| [sum[0] + s[0].abs(), sum[1] + s[1]]))
        .collect();
    chunks.iter().fold([0.0; 2], |sum, part| [sum[0] + part[0], sum[1] + part[1]])
}

/// e^x to about 1e-15 relative for |x| ≤ 700, by products and sums alone, so that the compiler may
/// take several at once; larger |x| count as 700.
pub(crate) fn exp(x: f64) -> f64 {
    // 1.5 · 2^52: adding it leaves a whole number in the lowest bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    // ln 2 in two parts, the first with zeros at its end (Cody & Waite 1980).
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = x.clamp(-FAR, FAR);
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let r = (x - whole * LN_2_HIGH) - whole * LN_2_LOW;
    // Taylor's series: the first term left out is below 2e-16 for |r| ≤ ln(2) / 2.
    const INVERSE_FACTORIALS: [f64; 13] = [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let mut sum = 0.0;
    for c in INVERSE_FACTORIALS {
        sum = sum * r + c;
    }
    sum * f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()))
}

#[cfg(test)]
mod tests {
    use tripline_core::math;

    use super::*;

    #[test]
    fn the_exponential_is_exact_to_its_last_digits() {
        for i in -7000..=7000 {
            let x = f64::from(i) * 0.1 + 0.0123;
            let x = x.clamp(-FAR, FAR);
            let error = (exp(x) / math::exp(x) - 1.0).abs();
            assert!(error < 2e-15, "{x}: {error}");
        }
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn slopes_are_the_derivatives_of_the_loss() {
        let loss = |score: f64, class: u32| math::softplus(score) - f64::from(class) * score;
        let mut slopes = [[0.0; 2]];
        for (score, class) in [(0.3, 0), (-2.0, 1), (4.0, 1)] {
            logistic(&[score], &[class], &[2.0], &mut slopes);
            let gradient = (loss(score + 1e-6, class) - loss(score - 1e-6, class)) / 2e-6;
            assert!((slopes[0][0] - 2.0 * gradient).abs() < 1e-8);
            let p = math::sigmoid(score);
            assert!((slopes[0][1] - 2.0 * p * (1.0 - p)).abs() < 1e-12);
        }
    }
}
