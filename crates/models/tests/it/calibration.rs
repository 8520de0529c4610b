//! Calibrators against scikit-learn, with what each of them promises.

use proptest::prelude::*;
use serde_json::Value;
use tripline_core::{Link, State};
use tripline_models::calibration::{CalibrationError, Calibrator, CalibratorKind, Temperature};

fn oracle() -> Value {
    serde_json::from_str(include_str!("../data/calibration.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|entry| entry.as_f64().unwrap()).collect()
}

fn close(what: &str, got: f64, expected: f64, tolerance: f64) {
    let gap = (got - expected).abs();
    assert!(gap <= tolerance * expected.abs().max(1.0), "{what}: {got}, expected {expected}");
}

/// Each case of the oracle, without weights then with.
fn cases(kind: CalibratorKind) -> Vec<(Calibrator, Value)> {
    let oracle = oracle();
    let scores = numbers(&oracle["scores"]);
    let attacks: Vec<bool> =
        oracle["attacks"].as_array().unwrap().iter().map(|entry| entry == true).collect();
    let fit = |case: &Value| {
        let weights = numbers(&case["weights"]);
        Calibrator::fit(kind, Link::Logit, &scores, &attacks, Some(&weights)).unwrap()
    };
    oracle["cases"].as_array().unwrap().iter().map(|case| (fit(case), case.clone())).collect()
}

// scikit-learn 1.9.1, scipy, seed 0: bench/oracles/calibration.py
#[test]
fn platt_is_the_minimum_of_the_cross_entropy() {
    for (calibrator, case) in cases(CalibratorKind::Platt) {
        let Calibrator::Platt(platt) = calibrator else { panic!("{calibrator:?}") };
        close("slope", platt.slope, case["slope"].as_f64().unwrap(), 1e-9);
        close("offset", platt.offset, case["offset"].as_f64().unwrap(), 1e-9);
    }
}

// scikit-learn 1.9.1, seed 0: bench/oracles/calibration.py
#[test]
fn isotonic_is_that_of_scikit_learn() {
    let probe = numbers(&oracle()["probe"]);
    for (calibrator, case) in cases(CalibratorKind::Isotonic) {
        for (at, expected) in probe.iter().zip(numbers(&case["isotonic"])) {
            close(&format!("at {at}"), calibrator.apply(*at), expected, 1e-12);
        }
    }
}

// scipy 1.17, seed 0: bench/oracles/calibration.py
#[test]
fn temperature_is_the_minimum_of_the_cross_entropy() {
    for (calibrator, case) in cases(CalibratorKind::Temperature) {
        let Calibrator::Temperature(temperature) = calibrator else { panic!("{calibrator:?}") };
        close("factor", temperature.factor, case["factor"].as_f64().unwrap(), 1e-7);
    }
}

// scikit-learn 1.9.1, seed 0: bench/oracles/calibration.py
#[test]
fn temperature_of_classes_is_that_of_scikit_learn() {
    let case = &oracle()["classes"];
    let probabilities = numbers(&case["probabilities"]);
    let codes: Vec<u32> = numbers(&case["codes"]).iter().map(|&code| code as u32).collect();
    let fitted = Temperature::fit_classes(&probabilities, 3, &codes, None).unwrap();
    close("factor", fitted.factor, case["factor"].as_f64().unwrap(), 1e-6);

    let mut row = probabilities[..3].to_vec();
    fitted.apply_classes(&mut row);
    close("sum", row.iter().sum(), 1.0, 1e-12);
}

#[test]
fn the_empirical_share_is_that_of_benign_rows_below() {
    let scores: Vec<f64> = (0..100).map(f64::from).collect();
    let attacks: Vec<bool> = scores.iter().map(|&score| score >= 90.0).collect();
    let kind = CalibratorKind::EmpiricalCdf;
    let calibrator = Calibrator::fit(kind, Link::Rank, &scores, &attacks, None).unwrap();
    // 45 of 90 benign scores lie below 44.5.
    close("the middle", calibrator.apply(44.5), 0.5, 1e-12);
    assert!(calibrator.apply(95.0) > calibrator.apply(89.0));
    assert!(calibrator.apply(1e9) < 1.0, "a far score can still be beaten");
    assert!(calibrator.apply(-5.0) < calibrator.apply(0.0));
}

#[test]
fn the_fine_end_of_a_long_empirical_share_is_kept() {
    let scores: Vec<f64> = (0..200_000).map(f64::from).collect();
    let benign = vec![false; scores.len()];
    let kind = CalibratorKind::EmpiricalCdf;
    let calibrator = Calibrator::fit(kind, Link::Rank, &scores, &benign, None).unwrap();
    for rank in [100, 99_999, 198_000, 199_990] {
        let expected = (f64::from(rank) + 0.5) / 200_000.0;
        close("share", calibrator.apply(f64::from(rank)), expected, 1e-9);
    }
    assert!(calibrator.save().to_bytes().len() < 200_000);
}

#[test]
fn what_cannot_be_fitted_is_an_error() {
    let fit = |kind, link, scores: &[f64], attacks: &[bool], weights| {
        Calibrator::fit(kind, link, scores, attacks, weights).unwrap_err().to_string()
    };
    let both = [true, false];
    let platt = CalibratorKind::Platt;
    assert_eq!(
        fit(platt, Link::Logit, &[1.0, f64::NAN], &both, None),
        "the score of row 1 is not finite"
    );
    assert_eq!(fit(platt, Link::Logit, &[1.0], &both, None), "attacks has length 2, expected 1");
    assert_eq!(
        fit(platt, Link::Logit, &[1.0, 2.0], &both, Some(&[1.0, -1.0])),
        "the weight of row 1 must be finite and not negative"
    );
    assert_eq!(
        fit(platt, Link::Logit, &[1.0, 2.0], &[false; 2], None),
        "calibrating needs attack rows, there are none; use rows of both classes"
    );
    assert_eq!(
        fit(CalibratorKind::EmpiricalCdf, Link::Rank, &[], &[], None),
        "calibrating needs benign rows, there are none; use rows of both classes"
    );
    let outcome =
        Calibrator::fit(CalibratorKind::Temperature, Link::Rank, &[1.0, 2.0], &both, None);
    assert_eq!(outcome, Err(CalibrationError::NoScale { kind: "temperature" }));
}

#[test]
fn a_state_that_would_fall_is_refused() {
    let attacks = [false, true, false, true];
    let fit =
        |kind| Calibrator::fit(kind, Link::Logit, &[0.0, 1.0, 2.0, 3.0], &attacks, None).unwrap();
    let mut state = fit(CalibratorKind::Platt).save();
    state.put_f64("slope", -1.0);
    assert!(Calibrator::load(&state).is_err());
    let mut state = fit(CalibratorKind::Isotonic).save();
    state.put_f64s("y", vec![1.0; 3]);
    assert!(Calibrator::load(&state).is_err());
    state.put_text("kind", "oracle");
    assert!(Calibrator::load(&state).is_err());
    assert!(Calibrator::load(&State::new()).is_err());
}

fn scores() -> impl Strategy<Value = Vec<(f64, bool, f64)>> {
    let score = prop_oneof![
        4 => -20.0..20.0f64,
        2 => (-3i32..3).prop_map(f64::from),
        1 => prop_oneof![Just(1e300), Just(-1e300), Just(f64::MAX), Just(f64::MIN), Just(1e-300)],
    ];
    prop::collection::vec((score, any::<bool>(), 0.1..5.0f64), 2..60)
}

proptest! {
    #[test]
    fn every_calibrator_rises_within_bounds_and_survives_saving(
        rows in scores(),
        link in prop_oneof![Just(Link::Logit), Just(Link::Probability), Just(Link::Rank)],
        probes in prop::collection::vec(prop_oneof![-30.0..30.0f64, any::<f64>()], 1..40),
    ) {
        let raw: Vec<f64> = rows
            .iter()
            .map(|row| if link == Link::Probability { row.0.clamp(0.0, 1.0) } else { row.0 })
            .collect();
        let attacks: Vec<bool> = rows.iter().map(|row| row.1).collect();
        let weights: Vec<f64> = rows.iter().map(|row| row.2).collect();
        for kind in CalibratorKind::ALL {
            prop_assert_eq!(CalibratorKind::from_name(kind.name()), Some(kind));
            let fitted = Calibrator::fit(kind, link, &raw, &attacks, Some(&weights));
            let Ok(calibrator) = fitted else { continue };
            prop_assert_eq!(calibrator.kind(), kind);
            let loaded = Calibrator::load(&calibrator.save()).unwrap();
            let mut probes = [probes.clone(), raw.clone()].concat();
            probes.extend([f64::INFINITY, f64::NEG_INFINITY]);
            probes.retain(|probe| !probe.is_nan());
            probes.sort_by(f64::total_cmp);
            let mut last = 0.0;
            for probe in probes {
                let value = calibrator.apply(probe);
                prop_assert!((0.0..=1.0).contains(&value), "{:?} at {}: {}", kind, probe, value);
                prop_assert!(value >= last, "{:?} falls at {}: {} to {}", kind, probe, last, value);
                prop_assert_eq!(value.to_bits(), loaded.apply(probe).to_bits());
                last = value;
            }
            prop_assert_eq!(calibrator.apply(f64::NAN), 1.0);
        }
    }

    #[test]
    fn distinct_scores_stay_distinct_by_default(
        rows in prop::collection::vec((-8.0..8.0f64, any::<bool>()), 20..60),
    ) {
        let raw: Vec<f64> = rows.iter().map(|row| (row.0 * 100.0).round() / 100.0).collect();
        let attacks: Vec<bool> = rows.iter().map(|row| row.1).collect();
        let kind = CalibratorKind::EmpiricalCdf;
        if let Ok(calibrator) = Calibrator::fit(kind, Link::Rank, &raw, &attacks, None) {
            for pair in raw.windows(2).filter(|pair| pair[0] < pair[1]) {
                prop_assert!(calibrator.apply(pair[0]) < calibrator.apply(pair[1]));
            }
        }
    }
}
