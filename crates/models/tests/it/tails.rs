//! Generalised Pareto tails: fits, the test of them, the map made of one.

use proptest::prelude::*;
use serde_json::Value;
use tripline_core::{Link, Rng, State, math};
use tripline_models::calibration::{
    CalibrationError, Calibrator, CalibratorKind, GeneralizedPareto, ParetoTail, TailError,
    anderson_darling, p_value,
};

fn oracle() -> Value {
    serde_json::from_str(include_str!("../data/tail.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|entry| entry.as_f64().unwrap()).collect()
}

/// Rows of equal weight 1.
fn ones(rows: &[f64]) -> Vec<f64> {
    vec![1.0; rows.len()]
}

fn drawn(rows: usize, seed: u64, one: impl Fn(&mut Rng) -> f64) -> Vec<f64> {
    let mut rng = Rng::new(seed);
    (0..rows).map(|_| one(&mut rng)).collect()
}

/// Student's t with 4 degrees of freedom: the tail has shape 1/4.
fn student(rng: &mut Rng) -> f64 {
    let spread: f64 = (0..4).map(|_| rng.normal()).map(|x| x * x).sum();
    rng.normal() / (spread / 4.0).sqrt()
}

/// Below 0, P(X > −x) = x^(1 / 0.3): the tail has shape −0.3.
fn bounded(rng: &mut Rng) -> f64 {
    -math::pow(rng.unit(), 0.3)
}

// SciPy 1.17.1, seed 0: bench/oracles/tail.py
#[test]
fn a_fit_reaches_the_largest_likelihood() {
    for case in oracle()["cases"].as_array().unwrap() {
        let (excesses, weights) = (numbers(&case["excesses"]), numbers(&case["weights"]));
        let fitted = GeneralizedPareto::fit(&excesses, &weights).unwrap();
        let total: f64 = weights.iter().sum();
        let mean = fitted.log_likelihood(&excesses, &weights) / total;
        let expected = case["optimum"].as_f64().unwrap();
        assert!(mean > expected - 1e-6, "{fitted:?}: {mean}, expected {expected}");
        assert!(mean < expected + 1e-6, "{fitted:?}: {mean} is above the optimum {expected}");
        let shape = case["shape"].as_f64().unwrap();
        assert!((fitted.shape - shape).abs() < 1e-4, "{fitted:?}, expected shape {shape}");
    }
}

// SciPy 1.17.1, seed 0: bench/oracles/tail.py
#[test]
fn the_statistic_is_that_of_the_textbook() {
    let mut found = 0;
    for case in oracle()["cases"].as_array().unwrap() {
        let Some(expected) = case.get("a2").and_then(Value::as_f64) else { continue };
        let mut excesses = numbers(&case["excesses"]);
        excesses.sort_by(f64::total_cmp);
        let (scale, shape) = (case["scale"].as_f64().unwrap(), case["shape"].as_f64().unwrap());
        let got =
            anderson_darling(&GeneralizedPareto { scale, shape }, &excesses, &ones(&excesses));
        assert!((got - expected).abs() < 1e-8 * expected, "{got}, expected {expected}");
        found += 1;
    }
    assert!(found > 5);
}

/// Choulakian & Stephens 2001, table 2, at points of the table and between them.
#[test]
fn p_values_are_those_of_the_table() {
    for (shape, statistic, expected) in [
        (0.0, 0.974, 0.05),
        (0.0, 2.064, 0.001),
        (0.2, 0.376, 0.5),
        (-0.5, 1.061, 0.1),
        (0.9, 0.641, 0.1),
        (0.35, (0.741 + 0.685) / 2.0, 0.1),
    ] {
        let got = p_value(statistic, shape);
        assert!((got - expected).abs() < 1e-12, "{shape} {statistic}: {got}");
    }
    assert_eq!(p_value(0.0, 0.1), 1.0);
    assert!(p_value(10.0, 0.1) < 1e-9);
}

// numpy 2.4.6, seed 0: bench/oracles/tail.py
#[test]
fn the_table_is_that_of_simulated_samples() {
    for case in oracle()["simulated"].as_array().unwrap() {
        let shape = case["shape"].as_f64().unwrap();
        for (point, expected) in numbers(&case["points"]).into_iter().zip([0.5, 0.25, 0.1, 0.05]) {
            let got = p_value(point, shape);
            // 4,000 samples tell a chance to 0.008 at most; samples of 300 are not the limit.
            assert!((got - expected).abs() < 0.03, "{shape} {point}: {got}, expected {expected}");
        }
    }
}

/// The rate at the score that the tail gives for 10⁻⁴, from 4,000 rows: known tails, 40 samples.
#[test]
fn a_tail_tells_rates_that_the_rows_do_not_hold() {
    // ln 10⁴ for the exponential; 3.719 is the normal's quantile (SciPy 1.17.1: norm.isf(1e-4)).
    let exponential = |score: f64| math::exp(-score);
    let mut logs = Vec::new();
    for seed in 0..40 {
        let scores = drawn(4000, seed, Rng::exponential);
        let Ok(tail) = ParetoTail::fit(&scores, None) else { continue };
        logs.push(math::ln(exponential(tail.score(1e-4)) / 1e-4));
    }
    assert!(logs.len() >= 34, "{} of 40 fitted", logs.len());
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    assert!(mean.abs() < 0.5, "rates are off by a factor of {}", math::exp(mean));
    let within = logs.iter().filter(|log| log.abs() < math::ln(5.0)).count();
    assert!(within * 10 >= logs.len() * 9, "{within} of {} within a factor of 5", logs.len());
}

#[test]
fn heavy_and_bounded_tails_are_told_apart() {
    let heavy = ParetoTail::fit(&drawn(20_000, 1, student), None).unwrap();
    let bounded = ParetoTail::fit(&drawn(20_000, 1, bounded), None).unwrap();
    assert!((heavy.excess.shape - 0.25).abs() < 0.15, "{heavy:?}");
    assert!((bounded.excess.shape + 0.3).abs() < 0.15, "{bounded:?}");
}

#[test]
fn the_interval_of_a_redrawn_tail_holds_the_truth() {
    let mut held = 0;
    for seed in 0..30 {
        let scores = drawn(1500, 100 + seed, Rng::exponential);
        let Ok(tail) = ParetoTail::fit(&scores, None) else { continue };
        let mut rng = Rng::new(seed);
        let mut at: Vec<f64> =
            (0..100).filter_map(|_| Some(tail.redrawn(&mut rng)?.score(1e-3))).collect();
        at.sort_by(f64::total_cmp);
        let (low, high) = (at[2], at[at.len() - 3]);
        held += usize::from((low..=high).contains(&math::ln(1e3)));
    }
    assert!(held >= 24, "{held} of 30");
}

#[test]
fn scores_without_a_tail_are_refused() {
    let few = drawn(100, 1, Rng::exponential);
    assert!(matches!(ParetoTail::fit(&few, None), Err(TailError::TooFew { rows: 100, .. })));
    // Whole numbers up to about 10.
    let discrete = drawn(5000, 2, |rng| rng.exponential().floor());
    assert!(matches!(ParetoTail::fit(&discrete, None), Err(TailError::Ties { .. })));
    let constant = vec![1.0; 500];
    assert!(matches!(ParetoTail::fit(&constant, None), Err(TailError::Ties { .. })));
    // Two kinds of rows far apart: no threshold below the second kind fits.
    let mut mixed = drawn(5000, 3, Rng::exponential);
    mixed.iter_mut().step_by(20).for_each(|score| *score = 50.0 + *score % 1.0 * *score % 1.0);
    if let Ok(tail) = ParetoTail::fit(&mixed, None) {
        assert!(tail.threshold > 40.0, "{tail:?}");
    }
    let mut wide = drawn(500, 4, Rng::exponential);
    (wide[0], wide[1]) = (f64::INFINITY, f64::MAX);
    assert_eq!(ParetoTail::fit(&wide, None), Err(TailError::Range));
}

#[test]
fn a_weight_is_as_many_rows_to_the_share_and_the_fit() {
    let scores = drawn(3000, 5, Rng::exponential);
    let weights: Vec<f64> = (0..3000).map(|row| f64::from(row % 3 + 1)).collect();
    let tail = ParetoTail::fit(&scores, Some(&weights)).unwrap();
    let total: f64 = weights.iter().sum();
    let above: f64 = scores
        .iter()
        .zip(&weights)
        .filter(|(score, _)| **score > tail.threshold)
        .map(|(_, weight)| weight)
        .sum();
    assert!((tail.share - above / total).abs() < 1e-12);
    // Kish: (1 + 2 + 3)² / (3 · (1 + 4 + 9)) of the rows.
    assert!((tail.rows - 3000.0 * 36.0 / 42.0).abs() < 1e-6);
    let scaled: Vec<f64> = weights.iter().map(|weight| weight * 8.0).collect();
    assert_eq!(ParetoTail::fit(&scores, Some(&scaled)).unwrap(), tail);
}

fn calibrator(scores: &[f64]) -> Result<Calibrator, CalibrationError> {
    let benign = vec![false; scores.len()];
    Calibrator::fit(CalibratorKind::Tail, Link::Rank, scores, &benign, None)
}

#[test]
fn the_map_tells_small_rates() {
    let scores = drawn(10_000, 6, Rng::exponential);
    let fitted = calibrator(&scores).unwrap();
    for rate in [0.3, 0.01, 1e-3, 1e-4] {
        let told = 1.0 - fitted.apply(-math::ln(rate));
        assert!(told < 2.5 * rate && told > rate / 2.5, "{rate}: {told}");
    }
    // Beyond the end of a bounded tail scores stay apart, and below 1.
    let bounded = calibrator(&drawn(10_000, 7, bounded)).unwrap();
    let values: Vec<f64> = [0.1, 0.2, 1.0, 10.0].map(|score| bounded.apply(score)).to_vec();
    assert!(values.windows(2).all(|pair| pair[0] < pair[1]), "{values:?}");
    assert!(values[3] < 1.0);
}

#[test]
fn a_damaged_state_is_refused() {
    let state = calibrator(&drawn(1000, 8, Rng::exponential)).unwrap().save();
    let damaged = |change: fn(&mut State)| {
        let mut tail = state.state("tail").unwrap().clone();
        change(&mut tail);
        let mut state = state.clone();
        state.put_state("tail", tail);
        Calibrator::load(&state).is_err()
    };
    assert!(!damaged(|_| {}));
    assert!(damaged(|tail| tail.put_f64("scale", 0.0)));
    assert!(damaged(|tail| tail.put_f64("scale", f64::NAN)));
    assert!(damaged(|tail| tail.put_f64("shape", -2.0)));
    assert!(damaged(|tail| tail.put_f64("share", 1.0)));
    assert!(damaged(|tail| tail.put_f64("threshold", 1e9)));
}

proptest! {
    #[test]
    fn the_map_rises_and_survives_saving(
        seed in 0u64..1000,
        rows in 120usize..2000,
        power in 0.2..4.0f64,
        probes in prop::collection::vec(prop_oneof![-5.0..50.0f64, any::<f64>()], 1..40),
    ) {
        let scores = drawn(rows, seed, |rng| math::pow(rng.exponential(), power));
        let Ok(fitted) = calibrator(&scores) else { return Ok(()) };
        let loaded = Calibrator::load(&fitted.save()).unwrap();
        let mut probes = [probes, scores].concat();
        probes.extend([f64::INFINITY, f64::NEG_INFINITY]);
        probes.retain(|probe| !probe.is_nan());
        probes.sort_by(f64::total_cmp);
        let mut last = 0.0;
        for probe in probes {
            let value = fitted.apply(probe);
            prop_assert!((0.0..=1.0).contains(&value));
            prop_assert!(value >= last, "falls at {}: {} to {}", probe, last, value);
            prop_assert_eq!(value.to_bits(), loaded.apply(probe).to_bits());
            last = value;
        }
    }
}
