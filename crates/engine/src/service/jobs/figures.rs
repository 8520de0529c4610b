//! Figures of a training as the registry keeps them.

use std::collections::BTreeMap;

use serde::Serialize;
use tripline_assess::evaluate::{Evaluation, PartMetrics};
use tripline_assess::guard::GuardReport;
use tripline_assess::metrics::Ranking;

use crate::train::Training;

/// Points of a curve at most: more than a chart of 800 pixels can show apart.
const POINTS: usize = 200;

/// Figures by name. Those of the test part have the metric's own name; without a test part the
/// validation part, which was not fitted, gives them. Figures of the validation part also stand
/// under `validation_NAME`. `f1_score` is another name of `f1`.
pub(super) fn held_out(training: &Training) -> BTreeMap<String, f64> {
    let parts = &training.parts;
    let mut figures = BTreeMap::new();
    if let Some(judged) = parts.test.as_ref().or(parts.validation.as_ref()) {
        add(&mut figures, "", judged);
    }
    if let Some(validation) = &parts.validation {
        add(&mut figures, "validation_", validation);
    }
    figures
}

/// Figures of rows that trained: no measure of quality, but beside the others a measure of how
/// far a model fits its rows alone.
pub(super) fn fitted(training: &Training) -> BTreeMap<String, f64> {
    let mut figures = BTreeMap::new();
    if let Some(train) = &training.parts.train {
        add(&mut figures, "train_", train);
    }
    figures
}

fn add(figures: &mut BTreeMap<String, f64>, prefix: &str, part: &PartMetrics) {
    for metric in &part.metrics.0 {
        let Some(value) = metric.value.filter(|value| value.is_finite()) else { continue };
        figures.insert(format!("{prefix}{}", metric.id), value);
        if metric.id == "f1" {
            figures.insert(format!("{prefix}f1_score"), value);
        }
    }
}

#[derive(Serialize)]
struct Curves {
    roc: Vec<[f64; 2]>,
    precision_recall: Vec<[f64; 2]>,
    calibration: Vec<[f64; 3]>,
}

/// ROC (false-positive rate, recall), precision over recall, and calibration (predicted, observed,
/// rows) of the test part, as JSON; none where splits have scores of different models that cannot
/// be ranked together.
pub(super) fn curves(evaluation: &Evaluation) -> Option<String> {
    let pooled = &evaluation.pooled;
    // Probabilities are the scale that the models of different splits share.
    let ranking = Ranking::new(&pooled.probability, &pooled.attacks, None).ok()?;
    let curve = ranking.curve();
    let roc: Vec<[f64; 2]> = curve.roc().iter().map(|point| [point.fpr, point.tpr]).collect();
    let pr: Vec<[f64; 2]> =
        curve.pr().iter().map(|point| [point.recall, point.precision]).collect();
    let test = evaluation.parts.test.as_ref()?;
    let calibration =
        test.calibration.iter().map(|bin| [bin.predicted, bin.observed, bin.weight]).collect();
    let curves = Curves { roc: thinned(&roc), precision_recall: thinned(&pr), calibration };
    serde_json::to_string(&curves).ok()
}

/// At most [`POINTS`] points, evenly by place, with both ends.
fn thinned(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    if points.len() <= POINTS {
        return points.to_vec();
    }
    let last = points.len() - 1;
    (0..POINTS).map(|at| points[at * last / (POINTS - 1)]).collect()
}

/// The guard's findings as JSON.
pub(super) fn findings(guard: &GuardReport) -> Option<String> {
    serde_json::to_string(&guard.findings).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_both_ends() {
        let points: Vec<[f64; 2]> = (0..1001).map(|at| [f64::from(at), 0.0]).collect();
        let thin = thinned(&points);
        assert_eq!(thin.len(), POINTS);
        assert_eq!((thin[0][0], thin[POINTS - 1][0]), (0.0, 1000.0));
        assert!(thin.windows(2).all(|pair| pair[0][0] < pair[1][0]));
        assert_eq!(thinned(&points[..3]).len(), 3);
    }
}
