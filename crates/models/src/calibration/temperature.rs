//! Log-odds divided by one number, the temperature (Guo et al. 2017).

use tripline_core::{State, StateError, math};

use super::{CalibrationError, Point, check_weights, finite, log_odds};

/// p = σ(factor · s) for two classes, softmax(factor · ln p) for more; the factor is 1/temperature.
#[derive(Debug, Clone, PartialEq)]
pub struct Temperature {
    /// Above 0.
    pub factor: f64,
    /// Raw scores are probabilities.
    pub probability: bool,
}

/// Bounds of the factor, e^±10 as in scikit-learn: a perfect separation has no best one.
const LEAST: f64 = 4.539_992_976_248_485e-5;
const LARGEST: f64 = 22_026.465_794_806_718;

/// A probability of 0 has no logarithm; this is taken for it, as in scikit-learn.
const LEAST_PROBABILITY: f64 = 1e-12;

impl Temperature {
    pub(super) fn fit(points: &[Point], probability: bool) -> Self {
        let rows: Vec<(f64, f64)> = points
            .iter()
            .map(|point| {
                let odds = log_odds(point.score, probability);
                (if point.attack { odds } else { -odds }, point.weight)
            })
            .collect();
        let factor = least(|factor| {
            // Derivatives of Σ w ln(1 + e^−(factor · m)) in the factor; m is the margin.
            let (mut first, mut second) = (0.0, 0.0);
            for &(margin, weight) in &rows {
                let wrong = math::sigmoid(-factor * margin);
                first -= weight * wrong * margin;
                second += weight * wrong * (1.0 - wrong) * margin * margin;
            }
            (first, second)
        });
        Self { factor, probability }
    }

    /// Fits one temperature to class probabilities, row-major (n × `classes`), with the class code
    /// of each row.
    ///
    /// Errors if lengths differ, a probability is not finite, a code is no class.
    pub fn fit_classes(
        probabilities: &[f64],
        classes: usize,
        codes: &[u32],
        weights: Option<&[f64]>,
    ) -> Result<Self, CalibrationError> {
        let (expected, got) = (codes.len() * classes, probabilities.len());
        if expected != got || classes == 0 {
            return Err(CalibrationError::Length { what: "probabilities", expected, got });
        }
        if codes.is_empty() {
            return Err(CalibrationError::NoRows { class: "labelled" });
        }
        if let Some(at) = probabilities.iter().position(|p| !p.is_finite()) {
            return Err(CalibrationError::Score { row: at / classes });
        }
        if let Some(row) = codes.iter().position(|&code| code as usize >= classes) {
            return Err(CalibrationError::Class { row, code: codes[row], classes });
        }
        check_weights(codes.len(), weights)?;
        let logs: Vec<f64> =
            probabilities.iter().map(|p| math::ln(p.max(LEAST_PROBABILITY))).collect();
        let factor = least(|factor| {
            let (mut first, mut second) = (0.0, 0.0);
            let mut chances = vec![0.0; classes];
            for (row, logs) in logs.chunks_exact(classes).enumerate() {
                let weight = weights.map_or(1.0, |weights| weights[row]);
                for (chance, log) in chances.iter_mut().zip(logs) {
                    *chance = factor * log;
                }
                math::softmax(&mut chances);
                let (mut mean, mut square) = (0.0, 0.0);
                for (chance, log) in chances.iter().zip(logs) {
                    mean += chance * log;
                    square += chance * log * log;
                }
                first += weight * (mean - logs[codes[row] as usize]);
                second += weight * (square - mean * mean).max(0.0);
            }
            (first, second)
        });
        Ok(Self { factor, probability: true })
    }

    /// The temperature T of Guo et al.
    pub fn temperature(&self) -> f64 {
        1.0 / self.factor
    }

    /// The probability of a raw score of two classes.
    pub fn apply(&self, raw: f64) -> f64 {
        math::sigmoid(self.factor * log_odds(raw, self.probability))
    }

    /// Changes the class probabilities of one row; they sum to 1 afterwards.
    pub fn apply_classes(&self, probabilities: &mut [f64]) {
        for p in probabilities.iter_mut() {
            *p = self.factor * math::ln(p.max(LEAST_PROBABILITY));
        }
        math::softmax(probabilities);
    }

    pub(super) fn save(&self) -> State {
        let mut state = State::new();
        state.put_f64("factor", self.factor);
        state.put_bool("probability", self.probability);
        state
    }

    pub(super) fn load(state: &State) -> Result<Self, StateError> {
        let factor = finite(state, "factor")?;
        if factor <= 0.0 {
            return Err(StateError::invalid("factor", "above 0"));
        }
        Ok(Self { factor, probability: state.bool("probability")? })
    }
}

/// Where a convex function of the factor is least, from its first two derivatives: Newton's
/// method, halving the bracket where a step leaves it.
fn least(derivatives: impl Fn(f64) -> (f64, f64)) -> f64 {
    let (mut low, mut high) = (LEAST, LARGEST);
    if derivatives(low).0 >= 0.0 {
        return low;
    }
    if derivatives(high).0 <= 0.0 {
        return high;
    }
    let mut factor = 1.0;
    // Halving alone would reach the last bit within these steps.
    for _ in 0..100 {
        let (first, second) = derivatives(factor);
        if first > 0.0 {
            high = factor;
        } else {
            low = factor;
        }
        let newton = factor - first / second;
        let next = if newton > low && newton < high { newton } else { low + (high - low) / 2.0 };
        if (next - factor).abs() <= 1e-14 * factor {
            return next;
        }
        factor = next;
    }
    factor
}
