//! Metrics against scikit-learn.

use serde_json::Value;
use tripline_assess::metrics::{
    Alerts, BaseRate, ClassMetrics, ClassProbabilities, Confusion, METRICS, Ranking, Sample,
    SampleInput, calibration_curve, expected_calibration_error, families,
};
use tripline_core::Labels;

use crate::oracle::{close, flags, numbers, oracle, text};

fn sample(
    scores: &[f64],
    probability: &[f64],
    attacks: &[bool],
    weights: Option<&[f64]>,
    threshold: f64,
) -> Sample {
    Sample::new(&SampleInput {
        scores,
        probability: Some(probability),
        attacks,
        weights,
        threshold,
        base_rate: BaseRate::default(),
        seconds_per_row: None,
        bins: 15,
    })
    .unwrap()
}

#[test]
fn binary_metrics_are_those_of_scikit_learn() {
    // scikit-learn 1.9.1, bench/oracles/metrics.py, seed 0
    let oracle = oracle();
    for case in oracle["binary"].as_array().unwrap() {
        let name = text(&case["name"]);
        let (scores, attacks) = (numbers(&case["scores"]), flags(&case["attacks"]));
        let weights = case["weights"].as_array().map(|_| numbers(&case["weights"]));
        let threshold = case["threshold"].as_f64().unwrap();
        let sample = sample(
            &scores,
            &numbers(&case["probability"]),
            &attacks,
            weights.as_deref(),
            threshold,
        );
        let values = sample.values();
        for (id, expected) in case["expected"].as_object().unwrap() {
            let position = METRICS.iter().position(|card| card.id == id).unwrap();
            close(&format!("{name}: {id}"), values[position].unwrap(), expected.as_f64().unwrap());
        }
        let counts = numbers(&case["confusion"]);
        let own = Confusion::at(&scores, &attacks, weights.as_deref(), threshold);
        for (own, expected) in [own.tp, own.fp, own.tn, own.r#fn].iter().zip(counts) {
            close(&format!("{name}: confusion"), *own, expected);
        }
        let summed = sample.tally().confusion;
        close(&format!("{name}: tp of the curve"), summed.tp, own.tp);
        close(&format!("{name}: tn of the curve"), summed.tn, own.tn);
    }
}

#[test]
fn reliability_bins_are_those_of_scikit_learn() {
    // scikit-learn 1.9.1: calibration_curve(strategy="quantile", n_bins=15), seed 0
    let case = &oracle()["calibration"];
    let (probability, attacks) = (numbers(&case["probability"]), flags(&case["attacks"]));
    let curve = calibration_curve(&probability, &attacks, None, 15);
    let (predicted, observed) = (numbers(&case["predicted"]), numbers(&case["observed"]));
    assert_eq!(curve.len(), predicted.len());
    let mut error = 0.0;
    for (bin, (predicted, observed)) in curve.iter().zip(predicted.iter().zip(&observed)) {
        close("predicted", bin.predicted, *predicted);
        close("observed", bin.observed, *observed);
        error += (predicted - observed).abs() / 15.0;
    }
    close("error", expected_calibration_error(&curve).unwrap(), error);
}

#[test]
fn bins_have_about_equal_mass_whatever_the_ties() {
    let probability: Vec<f64> = (0..1000).map(|row| f64::from(row / 130) / 10.0).collect();
    let curve = calibration_curve(&probability, &[false; 1000], None, 10);
    // Eight distinct values: a bin never parts one.
    assert_eq!(curve.len(), 8);
    assert_eq!(curve.iter().map(|bin| bin.weight).sum::<f64>(), 1000.0);
    let fine: Vec<f64> = (0..1000).map(|row| f64::from(row) / 1000.0).collect();
    let curve = calibration_curve(&fine, &[true; 1000], None, 10);
    assert!(curve.iter().all(|bin| bin.weight == 100.0));
}

#[test]
fn class_metrics_are_those_of_scikit_learn() {
    // scikit-learn 1.9.1: classification_report, confusion_matrix, roc_auc_score, seed 0
    let oracle = oracle();
    let case = &oracle["multiclass"];
    let names: Vec<String> = case["names"].as_array().unwrap().iter().map(text).collect();
    let codes = numbers(&case["truth"]).iter().map(|&code| code as u32).collect();
    let labels = Labels::new(names.clone(), codes).unwrap();
    let probabilities =
        ClassProbabilities { names: names.clone(), values: numbers(&case["probabilities"]) };
    let own = ClassMetrics::new(&probabilities, &labels).unwrap().unwrap();
    let confusion: Vec<Vec<f64>> =
        case["confusion"].as_array().unwrap().iter().map(numbers).collect();
    for (row, expected) in own.confusion.iter().zip(&confusion) {
        assert!(row.iter().zip(expected).all(|(own, expected)| *own as f64 == *expected));
    }
    close("accuracy", own.accuracy, case["accuracy"].as_f64().unwrap());
    let report = &case["report"];
    let check = |what: &str, own: [f64; 3], expected: &Value| {
        for (own, name) in own.into_iter().zip(["precision", "recall", "f1-score"]) {
            close(&format!("{what} {name}"), own, expected[name].as_f64().unwrap());
        }
    };
    check("macro", [own.macro_precision, own.macro_recall, own.macro_f1], &report["macro avg"]);
    let weighted = [own.weighted_precision, own.weighted_recall, own.weighted_f1];
    check("weighted", weighted, &report["weighted avg"]);
    let areas = numbers(&case["roc_auc"]);
    for (class, area) in own.classes.iter().zip(areas) {
        check(&class.class, [class.precision, class.recall, class.f1], &report[&class.class]);
        close("one against the rest", class.roc_auc.unwrap(), area);
    }
}

#[test]
fn a_class_unknown_to_the_model_is_never_called() {
    let labels = Labels::from_names(&["benign", "dos", "worm"], "benign");
    let probabilities = ClassProbabilities {
        names: vec!["benign".to_owned(), "dos".to_owned()],
        values: vec![0.9, 0.1, 0.2, 0.8, 0.3, 0.7],
    };
    let own = ClassMetrics::new(&probabilities, &labels).unwrap().unwrap();
    assert_eq!(own.confusion, [[1, 0, 0], [0, 1, 0], [0, 1, 0]]);
    assert_eq!(own.classes[2].roc_auc, None);
    assert_eq!(own.classes[2].recall, 0.0);
}

#[test]
fn a_rate_that_so_few_rows_cannot_tell_has_no_value() {
    let mut scores: Vec<f64> = (0..999).map(f64::from).collect();
    scores.push(2000.0);
    let attacks: Vec<bool> = (0..1000).map(|row| row == 999).collect();
    let curve = Ranking::new(&scores, &attacks, None).unwrap().curve();
    assert_eq!(curve.tpr_at_fpr(1e-3), None);
    assert_eq!(curve.tpr_at_fpr(1e-2), Some(1.0));
    // With one benign row more, none may alert at 1e-3 but one.
    scores.push(3000.0);
    let attacks: Vec<bool> = (0..1001).map(|row| row == 999).collect();
    let curve = Ranking::new(&scores, &attacks, None).unwrap().curve();
    assert_eq!(curve.tpr_at_fpr(1e-3), Some(1.0));
}

#[test]
fn alerts_a_day_follow_from_the_base_rate() {
    // Axelsson 2000: with one attack in 100,000 events, a detector that finds 0.7 of them at a
    // false-positive rate of 1e-5 is right in 41 % of its alerts (0.7·1e-5 / (0.7·1e-5 + 1e-5)).
    let confusion = Confusion { tp: 70.0, r#fn: 30.0, fp: 1.0, tn: 99_999.0 };
    let base_rate = BaseRate { events_per_day: 1e6, attack_share: 1e-5 };
    let alerts = Alerts::at(&confusion, base_rate);
    close("precision", alerts.precision.unwrap(), 7e-6 / (7e-6 + 1e-5 * (1.0 - 1e-5)));
    close("alerts", alerts.per_day.unwrap(), 7.0 + 10.0 * (1.0 - 1e-5));
}

#[test]
fn degenerate_parts_have_reasons_instead_of_values() {
    for attacks in [vec![], vec![true; 5], vec![false; 5]] {
        let scores = vec![0.5; attacks.len()];
        let sample = sample(&scores, &scores, &attacks, None, 0.5);
        let values = sample.values();
        for (card, value) in METRICS.iter().zip(values) {
            assert!(value.is_none_or(f64::is_finite), "{}: {value:?}", card.id);
        }
    }
    let error = Ranking::new(&[0.1, f64::NAN], &[true, false], None).unwrap_err();
    assert_eq!(error.to_string(), "the score of row 1 is not a number");
    let error = Ranking::new(&[0.1], &[true, false], None).unwrap_err();
    assert_eq!(error.to_string(), "labels has length 2, expected 1");
    let error = Ranking::new(&[0.1], &[true], Some(&[-1.0])).unwrap_err();
    assert_eq!(error.to_string(), "the weight of row 0 must be finite and not negative");
}

#[test]
fn a_negative_zero_ties_with_zero() {
    let curve = Ranking::new(&[0.0, -0.0], &[true, false], None).unwrap().curve();
    assert_eq!(curve.scores.len(), 1);
    assert_eq!(curve.roc_auc(), Some(0.5));
}

#[test]
fn the_roc_keeps_its_corners_alone() {
    let scores: Vec<f64> = (0..100).rev().map(f64::from).collect();
    let attacks: Vec<bool> = (0..100).map(|row| row < 50).collect();
    let roc = Ranking::new(&scores, &attacks, None).unwrap().curve().roc();
    let points: Vec<(f64, f64)> = roc.iter().map(|point| (point.fpr, point.tpr)).collect();
    assert_eq!(points, [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)]);
}

#[test]
fn families_tell_how_long_the_first_alert_took() {
    let labels = Labels::from_names(&["scan", "benign", "scan", "worm", "scan"], "benign");
    let time = [5_000_000_000, 0, 1_000_000_000, 7, 9_000_000_000];
    let found = families(&[true, true, false, false, true], &labels, Some(&time));
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].family.as_str(), found[0].rows, found[0].detected), ("scan", 3, 2));
    assert_eq!(found[0].first_alert_seconds, Some(4.0));
    assert_eq!(found[1].first_alert_seconds, None);
    // SciPy 1.17.1: binomtest(2, 3).proportion_ci(method="wilson")
    close("low", found[0].interval.low, 0.207_659_600_802_047_82);
    close("high", found[0].interval.high, 0.938_508_055_279_603_8);
}

#[test]
fn rows_without_weight_have_a_bin_too() {
    let probability: Vec<f64> = (0..100).map(|row| f64::from(row) / 100.0).collect();
    let weights: Vec<f64> = (0..100).map(|row| if row < 90 { 1.0 } else { 0.0 }).collect();
    let attacks: Vec<bool> = (0..100).map(|row| row % 2 == 0).collect();
    let curve = calibration_curve(&probability, &attacks, Some(&weights), 10);
    assert_eq!(curve.len(), 10);
    assert_eq!(curve[9].weight, 9.0);
    let sample = Sample::new(&SampleInput {
        scores: &probability,
        probability: Some(&probability),
        attacks: &attacks,
        weights: Some(&weights),
        threshold: 0.5,
        base_rate: BaseRate::default(),
        seconds_per_row: None,
        bins: 10,
    })
    .unwrap();
    let error = sample.tally().calibration_error.unwrap();
    close("error", error, expected_calibration_error(&curve).unwrap());
}

#[test]
fn folds_of_classes_are_summed() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let labels = Labels::from_names(&["benign", "dos", "dos", "benign"], "benign");
    let values = vec![0.9, 0.1, 0.2, 0.8, 0.6, 0.4, 0.7, 0.3];
    let all = ClassProbabilities { names: names(&["benign", "dos"]), values: values.clone() };
    let whole = ClassMetrics::new(&all, &labels).unwrap().unwrap();
    let part = |rows: [usize; 2], swapped: bool| {
        let order = if swapped { [1, 0] } else { [0, 1] };
        let names = order.map(|at| ["benign", "dos"][at].to_owned()).to_vec();
        let values = rows.iter().flat_map(|row| order.map(|at| values[row * 2 + at])).collect();
        let labels = labels.select(&rows);
        ClassMetrics::new(&ClassProbabilities { names, values }, &labels).unwrap().unwrap()
    };
    let sum = ClassMetrics::sum(&[&part([0, 1], false), &part([2, 3], true)]).unwrap();
    assert_eq!(sum.confusion, whole.confusion);
    close("F1", sum.macro_f1, whole.macro_f1);
    assert_eq!(sum.classes[1].roc_auc, Some(1.0));
    assert_eq!(ClassMetrics::sum(&[]), None);
}
