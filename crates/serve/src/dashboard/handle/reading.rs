//! How the reasons of a detection become its score and its probability.

use tripline_core::math;
use tripline_models::calibration::Calibrator;
use tripline_store::records::{ModelVersion, NewDetection};

use super::super::stored;
use super::super::view::sums::{Calibration, Link, Reading};
use super::super::view::why::Why;
use crate::app::App;

/// Detectors whose score, with several classes, is the log-odds of a softmax over margins.
const SOFTMAX: [&str; 4] =
    ["gradient_boosting", "lightgbm_model", "xgboost_model", "logistic_regression"];
/// Detectors whose score is two to the power of minus a mean path length over the typical one.
const PATH_LENGTH: [&str; 1] = ["isolation_forest"];

/// The reading of a detection. The version tells what its output is; the calibrator is known only
/// while the version is loaded.
pub(super) fn reading(
    app: &App,
    what: &NewDetection,
    why: Option<&Why>,
    version: Option<&ModelVersion>,
) -> Reading {
    let live = app.service().live();
    let served = live.served().find(|served| *served.id == what.model_id);
    let link = match why.and_then(|why| Some((why.output?, why.unit.as_str()))) {
        Some((output, unit)) => link(what.score, output, unit, version),
        None => Link::Same,
    };
    Reading {
        link,
        calibration: served.map(|served| calibration(served.model.calibrator())),
        score: what.score,
        threshold: what.threshold,
        probability: what.probability,
    }
}

fn link(score: f64, output: f64, unit: &str, version: Option<&ModelVersion>) -> Link {
    if (score - output).abs() <= 1e-6 * score.abs().max(1.0) {
        return Link::Same;
    }
    let Some(version) = version.filter(|_| unit == "score points") else { return Link::Rises };
    let detector = version.what.detector.as_str();
    let classes = stored::names(&version.what.card, "classes");
    match classes.split_first() {
        Some((benign, others)) if SOFTMAX.contains(&detector) => {
            Link::Softmax { benign: benign.clone(), others: others.len() }
        }
        // s = 2^(o / c), so c = o / log₂ s.
        None if PATH_LENGTH.contains(&detector) && output < 0.0 && (0.0..1.0).contains(&score) => {
            Link::PathLength { typical: output / math::log2(score) }
        }
        _ => Link::Rises,
    }
}

fn calibration(calibrator: &Calibrator) -> Calibration {
    match calibrator {
        Calibrator::Platt(platt) if !platt.probability => {
            Calibration::Sigmoid { slope: platt.slope, offset: platt.offset }
        }
        Calibrator::Identity { probability: false } => {
            Calibration::Sigmoid { slope: 1.0, offset: 0.0 }
        }
        Calibrator::Identity { .. } => Calibration::Named("the score itself"),
        Calibrator::Platt(_) => Calibration::Named("a sigmoid of the score's log-odds"),
        Calibrator::Isotonic(_) => {
            Calibration::Named("a rising line through validation rows (isotonic regression)")
        }
        Calibrator::Temperature(_) => {
            Calibration::Named("a sigmoid of the log-odds times a factor")
        }
        Calibrator::EmpiricalCdf(_) | Calibrator::Tail(_) => {
            Calibration::Named("the share of benign rows that score lower")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_typical_path_length_follows_from_output_and_score() {
        let score = math::pow(2.0, -6.0 / 10.2);
        let version = crate::dashboard::tests::version_of("isolation_forest", "{}");
        match link(score, -6.0, "score points", Some(&version)) {
            Link::PathLength { typical } => assert!((typical - 10.2).abs() < 1e-9),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_what_is_known_of_a_detector_is_claimed() {
        let classes = r#"{"classes":["normal","dos","scan"]}"#;
        let boosted = crate::dashboard::tests::version_of("gradient_boosting", classes);
        let softmax = Link::Softmax { benign: "normal".to_owned(), others: 2 };
        assert_eq!(link(6.5, -0.4, "score points", Some(&boosted)), softmax);
        assert_eq!(link(6.5, 6.5, "log-odds", Some(&boosted)), Link::Same);
        assert_eq!(link(6.5, -0.4, "score points", None), Link::Rises);
        let other = crate::dashboard::tests::version_of("sgd", classes);
        assert_eq!(link(6.5, -0.4, "score points", Some(&other)), Link::Rises);
    }
}
