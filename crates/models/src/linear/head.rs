//! How the outputs of a linear model become one score with class probabilities.

use tripline_core::math;

/// How outputs become a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// One output: the score itself.
    Single,
    /// An output for each class; probabilities are e^m / Σ e^m.
    Softmax,
    /// An output for each class against the rest; probabilities are σ(m) / Σ σ(m).
    OneVsRest,
}

impl Head {
    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Softmax => "softmax",
            Self::OneVsRest => "one_vs_rest",
        }
    }

    /// The head of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Single, Self::Softmax, Self::OneVsRest].into_iter().find(|head| head.name() == name)
    }

    /// The score of one row: with several classes, the log-odds of being none of the first,
    /// ln((1 − p₀)/p₀), without a difference of near numbers.
    pub fn score(self, outputs: &[f64]) -> f64 {
        match (self, outputs) {
            (Self::Single, [score]) => *score,
            (Self::Softmax, [benign, attacks @ ..]) => log_sum(attacks.iter().copied()) - benign,
            (Self::OneVsRest, [benign, attacks @ ..]) => {
                log_sum(attacks.iter().map(|&output| log_sigmoid(output))) - log_sigmoid(*benign)
            }
            _ => 0.0,
        }
    }

    /// Replaces the outputs of one row by class probabilities. A single output becomes nothing
    /// but itself: it has no classes.
    pub fn probabilities(self, outputs: &mut [f64]) {
        match self {
            Self::Single => {}
            Self::Softmax => math::softmax(outputs),
            Self::OneVsRest => {
                outputs.iter_mut().for_each(|output| *output = log_sigmoid(*output));
                math::softmax(outputs);
            }
        }
    }
}

/// ln σ(x).
fn log_sigmoid(x: f64) -> f64 {
    -math::softplus(-x)
}

/// ln Σ e^x, without overflow.
fn log_sum(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    largest + math::ln(values.map(|value| math::exp(value - largest)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_the_log_odds_of_the_probabilities() {
        for head in [Head::Softmax, Head::OneVsRest] {
            let mut outputs = [0.3, -1.0, 2.0];
            let score = head.score(&outputs);
            head.probabilities(&mut outputs);
            assert!((score - math::logit(1.0 - outputs[0])).abs() < 1e-12, "{head:?}");
        }
    }

    #[test]
    fn far_outputs_keep_their_order() {
        for head in [Head::Softmax, Head::OneVsRest] {
            assert!(head.score(&[-900.0, 800.0, 0.0]) > head.score(&[-800.0, 800.0, 0.0]));
            assert!(head.score(&[1e300, -1e300, 0.0]).is_finite());
        }
    }
}
