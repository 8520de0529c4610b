//! Extended isolation forests against isotree, random cut forests against rrcf.

use crate::conformance::register;
use serde_json::Value;
use tripline_conformance::check_with;
use tripline_core::{
    Card, Detector, FitContext, Frame, Params, Promise, Rng, Rows, Silent, State, Task,
};
use tripline_models::tree::{extended_isolation_forest, robust_random_cut_forest};

fn context(seed: u64) -> FitContext<'static> {
    let (labels, weights, validation) = (None, None, None);
    FitContext { labels, weights, validation, task: Task::Binary, seed, progress: &Silent }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|entry| entry.as_f64().unwrap()).collect()
}

fn frame(rows: &[Vec<f64>]) -> Frame {
    let names = ["a", "b", "c", "d"];
    Rows::from_matrix(&names[..rows[0].len()], rows).unwrap().into()
}

fn table(value: &Value) -> Frame {
    let rows: Vec<Vec<f64>> = value.as_array().unwrap().iter().map(numbers).collect();
    frame(&rows)
}

fn fit(card: &Card, given: &[(&str, &str)], rows: &Frame, seed: u64) -> Box<dyn Detector> {
    let given: Vec<(String, String)> =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let params = Params::parse(card.params, &given).unwrap();
    (card.build)(&params, &register()).unwrap().fit(rows, &context(seed)).unwrap()
}

/// Ranks, the mean of their places for equal numbers.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for tie in order.chunk_by(|&a, &b| values[a] == values[b]) {
        for &row in tie {
            ranks[row] = start as f64 + (tie.len() - 1) as f64 / 2.0;
        }
        start += tie.len();
    }
    ranks
}

/// Spearman's rank correlation.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() - 1) as f64 / 2.0;
    let product = |x: &[f64], y: &[f64]| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum()
    };
    product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
}

/// The share of pairs in which the attack, one of the last rows, scores higher.
fn auc(scores: &[f64], benign: usize) -> f64 {
    let (low, high) = scores.split_at(benign);
    let above = high.iter().map(|attack| low.iter().filter(|&score| score < attack).count());
    above.sum::<usize>() as f64 / (low.len() * high.len()) as f64
}

// isotree 0.6.1, seeds 0 to 4: bench/oracles/extended_isolation_forest.py
#[test]
fn hyperplanes_order_rows_as_isotree_does() {
    let oracle: Value =
        serde_json::from_str(include_str!("../data/extended_isolation_forest.json")).unwrap();
    let (rows, others) = (table(&oracle["rows"]), table(&oracle["others"]));
    for case in oracle["cases"].as_array().unwrap() {
        let level = (case["columns"].as_i64().unwrap() - 1).to_string();
        let given = [("n_estimators", "300"), ("extension_level", level.as_str())];
        let mut mean = vec![0.0; others.len()];
        for seed in 0..5 {
            let model = fit(&extended_isolation_forest::CARD, &given, &rows, seed);
            for (mean, score) in mean.iter_mut().zip(model.score(&others).unwrap()) {
                *mean += score / 5.0;
            }
        }
        let expected = numbers(&case["scores"]);
        let alike = correlation(&mean, &expected);
        assert!(alike > 0.98, "extension level {level}: rank correlation {alike}");
        let (ours, theirs) = (auc(&mean, 300), case["auc"].as_f64().unwrap());
        assert!((ours - theirs).abs() < 0.005, "extension level {level}: {ours} {theirs}");
    }
}

#[test]
fn a_forest_of_one_column_each_is_an_isolation_forest() {
    let oracle: Value =
        serde_json::from_str(include_str!("../data/extended_isolation_forest.json")).unwrap();
    let (rows, others) = (table(&oracle["rows"]), table(&oracle["others"]));
    let given = [("n_estimators", "1000"), ("extension_level", "0")];
    let extended = fit(&extended_isolation_forest::CARD, &given, &rows, 1);
    let plain = fit(&tripline_models::tree::isolation_forest::CARD, &given[..1], &rows, 2);
    let (a, b) = (extended.score(&others).unwrap(), plain.score(&others).unwrap());
    for (a, b) in a.iter().zip(&b) {
        assert!((a - b).abs() < 0.03, "{a} {b}");
    }
    assert!(correlation(&a, &b) > 0.99);
}

// rrcf 0.4.4, seed 0: bench/oracles/robust_random_cut_forest.py
#[test]
fn displacements_are_those_of_rrcf() {
    let oracle: Value =
        serde_json::from_str(include_str!("../data/robust_random_cut_forest.json")).unwrap();
    let (rows, others) = (table(&oracle["rows"]), table(&oracle["others"]));
    let card = &robust_random_cut_forest::CARD;
    let model = fit(card, &[("n_trees", "600"), ("tree_size", "128")], &rows, 0);
    let scores = model.score(&others).unwrap();
    let expected = numbers(&oracle["displacements"]);
    let alike = correlation(&scores, &expected);
    assert!(alike > 0.98, "rank correlation {alike}");
    for (score, expected) in scores.iter().zip(&expected) {
        // Means over 600 random trees on both sides.
        assert!((score - expected).abs() < 0.12 * expected + 0.2, "{score} {expected}");
    }
}

/// Rows around a middle.
fn cloud(rows: usize, middle: f64, seed: u64) -> Frame {
    let mut rng = Rng::new(seed);
    let rows: Vec<Vec<f64>> =
        (0..rows).map(|_| (0..3).map(|_| middle + rng.normal()).collect()).collect();
    frame(&rows)
}

#[test]
fn a_random_cut_forest_goes_on_as_it_would_have_after_loading() {
    let card = &robust_random_cut_forest::CARD;
    for sampling in ["reservoir", "sliding"] {
        let given = [("sampling", sampling), ("n_trees", "7"), ("tree_size", "50")];
        let mut model = fit(card, &given, &cloud(300, 0.0, 1), 5);
        let state = State::from_bytes(&model.save().to_bytes()).unwrap();
        let mut loaded = (card.load)(&state, &register()).unwrap();
        // More rows than a block.
        let further = cloud(1500, 1.0, 2);
        let scores = model.online().unwrap().test_then_train(&further, &context(0)).unwrap();
        let again = loaded.online().unwrap().test_then_train(&further, &context(0)).unwrap();
        assert_eq!(scores, again);
        assert_eq!(model.save(), loaded.save());
    }
}

#[test]
fn forgetting_is_as_fast_as_asked_for() {
    let card = &robust_random_cut_forest::CARD;
    let mean = |scores: &[f64]| scores.iter().sum::<f64>() / scores.len() as f64;
    // After 600 rows elsewhere, a window of 200 knows nothing else; a reservoir still does.
    let after = |given: &[(&str, &str)]| {
        let mut model = fit(card, given, &cloud(2000, 0.0, 1), 5);
        model.online().unwrap().partial_fit(&cloud(600, 20.0, 2), &context(0)).unwrap();
        mean(&model.score(&cloud(100, 0.0, 3)).unwrap())
    };
    let uniform = after(&[("tree_size", "200")]);
    let decayed = after(&[("tree_size", "200"), ("decay", "0.03")]);
    let sliding = after(&[("tree_size", "200"), ("sampling", "sliding")]);
    assert!(uniform < 15.0, "{uniform}");
    assert!(decayed > 100.0 && sliding > 100.0, "{decayed} {sliding}");
}

#[test]
fn other_parameters_keep_the_promises() {
    let promises = [
        Promise::SameSeedSameBytes,
        Promise::SaveLoad,
        Promise::HostileFrames,
        Promise::HigherIsSuspicious,
        Promise::Abilities,
    ];
    for (card, given) in [
        (&extended_isolation_forest::CARD, [("extension_level", "1"), ("max_samples", "64")]),
        (&robust_random_cut_forest::CARD, [("sampling", "sliding"), ("tree_size", "64")]),
        (&robust_random_cut_forest::CARD, [("decay", "0.01"), ("n_trees", "20")]),
    ] {
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let params = Params::parse(card.params, &given).unwrap();
        for promise in promises {
            check_with(card, &register(), &params, promise);
        }
    }
}
