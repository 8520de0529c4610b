//! One-class support vector machines against scikit-learn.

use crate::conformance::register;
use serde_json::Value;
use tripline_conformance::check_with;
use tripline_core::{
    Card, Detector, FitContext, FitError, Frame, ParamValue, Params, Progress, Promise, Rng, Rows,
    Silent, State, Task,
};
use tripline_models::kernels::one_class_svm::CARD;
use tripline_models::kernels::one_class_svm_rff;

const CONTEXT: FitContext<'_> = FitContext {
    labels: None,
    weights: None,
    validation: None,
    task: Task::Binary,
    seed: 0,
    progress: &Silent,
};

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|entry| entry.as_f64().unwrap()).collect()
}

fn matrix(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

fn frame(rows: &[Vec<f64>]) -> Frame {
    let names: Vec<String> = (0..rows[0].len()).map(|j| format!("c{j}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Rows::from_matrix(&names, rows).unwrap().into()
}

fn fit(card: &Card, params: &[(&str, &str)], frame: &Frame) -> Box<dyn Detector> {
    let given: Vec<(String, String)> =
        params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let params = Params::parse(card.params, &given).unwrap();
    (card.build)(&params, &register()).unwrap().fit(frame, &CONTEXT).unwrap()
}

// scikit-learn 1.9.1, seed 0: bench/oracles/one_class_svm.py
#[test]
fn the_optimum_is_that_of_scikit_learn() {
    let oracle: Value = serde_json::from_str(include_str!("../data/one_class_svm.json")).unwrap();
    let rows = matrix(&oracle["rows"]);
    let others = frame(&matrix(&oracle["others"]));
    for case in oracle["cases"].as_array().unwrap() {
        let mut given: Vec<(String, String)> =
            vec![("tol".to_owned(), ParamValue::Float(1e-9).to_string())];
        for (name, value) in case["params"].as_object().unwrap() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            given.push((name.clone(), text));
        }
        let params = Params::parse(CARD.params, &given).unwrap();
        let estimator = (CARD.build)(&params, &register()).unwrap();
        let model = estimator.fit(&frame(&rows), &CONTEXT).unwrap();
        let decisions = numbers(&case["decisions"]);
        let offset = case["offset"].as_f64().unwrap();
        let scale = decisions.iter().fold(offset.abs(), |scale, value| scale.max(value.abs()));
        let mut worst = (model.save().f64("rho").unwrap() - offset).abs();
        for (score, decision) in model.score(&others).unwrap().iter().zip(&decisions) {
            worst = worst.max((score + decision).abs());
        }
        assert!(worst < 1e-6 * scale, "{}: {worst:e} of {scale}", case["params"]);
        if case["params"]["kernel"] != "rbf" {
            // The multipliers of fewer dimensions than rows are not unique.
            continue;
        }
        let state = model.save();
        let vectors = state.f64s("support_vectors").unwrap();
        let dual = state.f64s("dual_coef").unwrap();
        let ours: Vec<(&[f64], f64)> = vectors
            .chunks_exact(rows[0].len())
            .zip(dual.iter().copied())
            .filter(|(_, weight)| *weight > 1e-5)
            .collect();
        let support = numbers(&case["support"]);
        assert_eq!(ours.len(), support.len(), "{}", case["params"]);
        let expected = support.iter().zip(numbers(&case["dual"]));
        for ((row, weight), (expected, dual)) in ours.iter().zip(expected) {
            assert_eq!(*row, rows[*expected as usize]);
            assert!((weight - dual).abs() < 1e-4, "{}: {weight} {dual}", case["params"]);
        }
    }
}

/// Overlapping clouds.
fn clouds(rows: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut rng = Rng::new(seed);
    let row = |rng: &mut Rng, n: usize| (0..6).map(|j| rng.normal() + (n * j % 3) as f64).collect();
    (0..rows).map(|n| row(&mut rng, n)).collect()
}

#[test]
fn the_optimum_does_not_depend_on_the_cache() {
    // Enough rows and steps to shrink; 1 MiB holds 87 of the columns.
    let rows = frame(&clouds(3000, 1));
    let scores = |cache: &str| {
        let given = [("nu", "0.3"), ("gamma", "0.5"), ("tol", "1e-6"), ("cache_mb", cache)];
        fit(&CARD, &given, &rows).score(&rows).unwrap()
    };
    let (small, large) = (scores("1"), scores("500"));
    for (small, large) in small.iter().zip(&large) {
        // Columns that are kept are single numbers, also where the first gradient comes from them.
        assert!((small - large).abs() < 1e-4, "{small} {large}");
    }
    // ν bounds the share of rows outside from above, that of support vectors from below.
    let outside = large.iter().filter(|&&score| score > 1e-6).count();
    assert!((600..=900).contains(&outside), "{outside}");
}

#[test]
fn conditions_of_the_optimum_hold_after_shrinking() {
    let rows = clouds(2500, 2);
    let frame = frame(&rows);
    for (nu, gamma) in [("0.5", "0.05"), ("0.1", "2")] {
        let model = fit(&CARD, &[("nu", nu), ("gamma", gamma), ("tol", "1e-4")], &frame);
        let state = model.save();
        let scores = model.score(&frame).unwrap();
        let vectors: Vec<&[f64]> = state.f64s("support_vectors").unwrap().chunks_exact(6).collect();
        let dual = state.f64s("dual_coef").unwrap();
        let total: f64 = dual.iter().sum();
        assert!((total - nu.parse::<f64>().unwrap() * 2500.0).abs() < 1e-6, "{total}");
        let mut at = 0;
        for (row, score) in rows.iter().zip(scores) {
            let weight = if at < vectors.len() && vectors[at] == row.as_slice() {
                at += 1;
                dual[at - 1]
            } else {
                0.0
            };
            // A score is ρ less the gradient. Kernel columns are single numbers: 1e-4 + rounding.
            if weight < 1.0 {
                assert!(score < 3e-4, "{weight} {score}");
            }
            if weight > 0.0 {
                assert!(score > -3e-4, "{weight} {score}");
            }
        }
        assert_eq!(at, vectors.len());
    }
}

#[test]
fn a_width_that_is_none_is_refused() {
    for text in ["", "wide", "0", "-1", "NaN", "inf", "1e9"] {
        let given = [("gamma".to_owned(), text.to_owned())];
        let params = Params::parse(CARD.params, &given).unwrap();
        let Err(error) = (CARD.build)(&params, &register()) else { panic!("{text} is taken") };
        assert!(error.to_string().contains("gamma"), "{error}");
    }
}

#[test]
fn of_too_many_rows_some_are_drawn() {
    let frame = frame(&clouds(2000, 3));
    let model = fit(&CARD, &[("max_samples", "500"), ("nu", "0.2")], &frame);
    let total: f64 = model.save().f64s("dual_coef").unwrap().iter().sum();
    assert!((total - 100.0).abs() < 1e-6, "{total}");
}

/// Says stop when asked for the second time.
struct Later(std::sync::atomic::AtomicU64);

impl Progress for Later {
    fn step(&self, _: &str, _: u64, _: u64) {}

    fn go_on(&self) -> bool {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0
    }
}

#[test]
fn a_long_fit_can_be_stopped() {
    let params = Params::parse(CARD.params, &[("nu".to_owned(), "0.5".to_owned())]).unwrap();
    let estimator = (CARD.build)(&params, &register()).unwrap();
    let later = Later(std::sync::atomic::AtomicU64::new(0));
    let context = FitContext { progress: &later, ..CONTEXT };
    let outcome = estimator.fit(&frame(&clouds(2500, 4)), &context);
    assert!(matches!(outcome, Err(FitError::Cancelled)));
}

#[test]
fn every_kernel_keeps_the_promises() {
    for given in [
        [("kernel", "linear"), ("nu", "0.3"), ("gamma", "auto")],
        [("kernel", "poly"), ("coef0", "1"), ("gamma", "0.1")],
        [("kernel", "sigmoid"), ("coef0", "-1"), ("gamma", "0.1")],
        [("kernel", "rbf"), ("nu", "1"), ("gamma", "1000")],
    ] {
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let params = Params::parse(CARD.params, &given).unwrap();
        for promise in [Promise::SaveLoad, Promise::HostileFrames, Promise::BatchEqualsRows] {
            check_with(&CARD, &register(), &params, promise);
        }
    }
}

#[test]
fn the_default_keeps_the_promises() {
    let params = Params::defaults(CARD.params);
    for promise in [
        Promise::SameSeedSameBytes,
        Promise::SaveLoad,
        Promise::HostileFrames,
        Promise::HigherIsSuspicious,
        Promise::MissingValues,
    ] {
        check_with(&CARD, &register(), &params, promise);
    }
}

/// Spearman's rank correlation of numbers without ties.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let ranks = |values: &[f64]| {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        let mut ranks = vec![0.0; values.len()];
        order.iter().enumerate().for_each(|(rank, &row)| ranks[row] = rank as f64);
        ranks
    };
    let squares = ranks(a).iter().zip(ranks(b)).map(|(x, y)| (x - y) * (x - y)).sum::<f64>();
    let n = a.len() as f64;
    1.0 - 6.0 * squares / (n * (n * n - 1.0))
}

// scikit-learn 1.9.1, seed 0: bench/oracles/one_class_svm.py
#[test]
fn random_features_order_rows_as_the_exact_machine() {
    let oracle: Value = serde_json::from_str(include_str!("../data/one_class_svm.json")).unwrap();
    let rows = frame(&matrix(&oracle["rows"]));
    let others = frame(&matrix(&oracle["others"]));
    let exact = &oracle["cases"].as_array().unwrap()[0];
    assert_eq!(exact["params"]["kernel"], "rbf");
    let given = [("nu", "0.1"), ("n_components", "3000"), ("max_iter", "100")];
    let model = fit(&one_class_svm_rff::CARD, &given, &rows);
    let scores = model.score(&others).unwrap();
    let expected: Vec<f64> = numbers(&exact["decisions"]).iter().map(|d| -d).collect();
    // The first rows are drawn as those learnt. Of the others, half are so far from all that their
    // exact scores are one number to five digits, where any features tell noise: scikit-learn's
    // `RBFSampler` with 10,000 components has a correlation of 0.94 over all rows.
    let alike = correlation(&scores[..40], &expected[..40]);
    assert!(alike > 0.98, "rank correlation {alike}");
    let rho = exact["offset"].as_f64().unwrap();
    let far = scores.iter().zip(&expected).filter(|(_, score)| **score > 0.98 * rho);
    let inside = scores.iter().zip(&expected).filter(|(_, score)| **score < 0.0);
    let least = far.clone().fold(f64::INFINITY, |least, (score, _)| least.min(*score));
    let most = inside.fold(f64::NEG_INFINITY, |most, (score, _)| most.max(*score));
    assert!(far.count() >= 20 && least > most, "{least} {most}");
}

// scikit-learn 1.9.1, seeds 0 to 19: bench/oracles/one_class_svm.py
#[test]
fn random_features_rank_as_those_of_scikit_learn() {
    let oracle: Value = serde_json::from_str(include_str!("../data/one_class_svm.json")).unwrap();
    let rows = frame(&matrix(&oracle["rows"]));
    let others = frame(&matrix(&oracle["others"]));
    let expected = numbers(&oracle["sampled"]);
    let given = [("nu", "0.1"), ("n_components", "300")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    let params = Params::parse(one_class_svm_rff::CARD.params, &given).unwrap();
    let mut scores = vec![0.0; expected.len()];
    for seed in 0..20 {
        let context = FitContext { seed, ..CONTEXT };
        let estimator = (one_class_svm_rff::CARD.build)(&params, &register()).unwrap();
        let model = estimator.fit(&rows, &context).unwrap();
        for (mean, score) in scores.iter_mut().zip(model.score(&others).unwrap()) {
            *mean += score / 20.0;
        }
    }
    // Beyond the first 40 rows scores are the noise of features.
    let alike = correlation(&scores[..40], &expected[..40]);
    assert!(alike >= 0.98, "rank correlation {alike}");
    // The others are drawn three times as wide.
    let auc = |scores: &[f64]| {
        let (near, far) = scores.split_at(40);
        let above = |far: &f64| near.iter().filter(|near| *near < far).count();
        far.iter().map(above).sum::<usize>() as f64 / 1600.0
    };
    assert!((auc(&scores) - auc(&expected)).abs() < 0.005, "{}", auc(&scores));
}

#[test]
fn descent_comes_to_the_optimum_of_its_features() {
    let rows = clouds(400, 7);
    let frame_of = |rows: &[Vec<f64>]| frame(rows);
    let given = [("nu", "0.2"), ("n_components", "60"), ("max_iter", "2000")];
    let model = fit(&one_class_svm_rff::CARD, &given, &frame_of(&rows));
    let state = model.save();
    let features = mapped(&rows, &state);
    // The same problem solved exactly: a linear machine over the features.
    let features = frame_of(&features);
    let exact = fit(&CARD, &[("kernel", "linear"), ("nu", "0.2"), ("tol", "1e-8")], &features);
    let scores = model.score(&frame_of(&rows)).unwrap();
    let expected = exact.score(&features).unwrap();
    // Its weights are others by a factor, which the offsets tell.
    let scale = state.f64("offset").unwrap() / exact.save().f64("rho").unwrap();
    for (score, expected) in scores.iter().zip(&expected) {
        let near = expected * scale;
        assert!((score - near).abs() < 0.01, "{score} {near}");
    }
    assert!(correlation(&scores, &expected) > 0.999);
}

#[test]
fn the_defaults_come_near_the_optimum_of_their_features() {
    let (rows, others) = (clouds(1500, 8), clouds(400, 9));
    for seed in 0..3 {
        let params = Params::defaults(one_class_svm_rff::CARD.params);
        let context = FitContext { seed, ..CONTEXT };
        let estimator = (one_class_svm_rff::CARD.build)(&params, &register()).unwrap();
        let model = estimator.fit(&frame(&rows), &context).unwrap();
        let state = model.save();
        let map = |rows: &[Vec<f64>]| frame(&mapped(rows, &state));
        let exact =
            fit(&CARD, &[("kernel", "linear"), ("nu", "0.1"), ("tol", "1e-6")], &map(&rows));
        let scores = model.score(&frame(&others)).unwrap();
        let alike = correlation(&scores, &exact.score(&map(&others)).unwrap());
        assert!(alike > 0.99, "seed {seed}: rank correlation {alike}");
        let outside = model.score(&frame(&rows)).unwrap().iter().filter(|s| **s > 0.0).count();
        assert!((145..=155).contains(&outside), "seed {seed}: {outside} of 1500 rows outside");
    }
}

/// The features of rows by what a model of random features has saved.
fn mapped(rows: &[Vec<f64>], state: &State) -> Vec<Vec<f64>> {
    let (frequencies, phases) = (state.f64s("frequencies").unwrap(), state.f64s("phases").unwrap());
    let count = phases.len();
    let feature = |row: &[f64], c: usize| {
        let angle: f64 = row.iter().enumerate().map(|(j, x)| x * frequencies[j * count + c]).sum();
        (2.0 / count as f64).sqrt() * tripline_core::math::cos(angle + phases[c])
    };
    rows.iter().map(|row| (0..count).map(|c| feature(row, c)).collect()).collect()
}

#[test]
fn random_features_keep_the_promises() {
    let given = [("nu", "0.5"), ("n_components", "7"), ("max_iter", "1"), ("gamma", "10")];
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let params = Params::parse(one_class_svm_rff::CARD.params, &given).unwrap();
    for params in [Params::defaults(one_class_svm_rff::CARD.params), params] {
        for promise in [Promise::SameSeedSameBytes, Promise::SaveLoad, Promise::HostileFrames] {
            check_with(&one_class_svm_rff::CARD, &register(), &params, promise);
        }
    }
}
