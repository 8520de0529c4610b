//! Loda against the paper's formulas in numpy.

use crate::conformance::register;
use serde_json::Value;
use tripline_conformance::check_with;
use tripline_core::{FitContext, Frame, Params, Promise, Rows, Silent, Task};
use tripline_models::density::loda::CARD;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|entry| entry.as_f64().unwrap()).collect()
}

fn frame(value: &Value) -> Frame {
    let rows: Vec<Vec<f64>> = value.as_array().unwrap().iter().map(numbers).collect();
    Rows::from_matrix(&["a", "b", "c", "d", "e"], &rows).unwrap().into()
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

/// The share of pairs in which the attack, one of the last rows, scores higher.
fn auc(scores: &[f64], benign: usize) -> f64 {
    let (low, high) = scores.split_at(benign);
    let above = high.iter().map(|attack| low.iter().filter(|&score| score < attack).count());
    above.sum::<usize>() as f64 / (low.len() * high.len()) as f64
}

// numpy 2.4.6, PyOD 3.6.7, seeds 0 to 9: bench/oracles/loda.py
#[test]
fn directions_order_rows_as_the_paper_says() {
    let oracle: Value = serde_json::from_str(include_str!("../data/loda.json")).unwrap();
    let (rows, others) = (frame(&oracle["rows"]), frame(&oracle["others"]));
    for case in oracle["cases"].as_array().unwrap() {
        let given = [("n_bins".to_owned(), case["bins"].to_string())];
        let params = Params::parse(CARD.params, &given).unwrap();
        let estimator = (CARD.build)(&params, &register()).unwrap();
        let mut mean = vec![0.0; others.len()];
        for seed in 0..10 {
            let context = FitContext {
                labels: None,
                weights: None,
                validation: None,
                task: Task::Binary,
                seed,
                progress: &Silent,
            };
            let model = estimator.fit(&rows, &context).unwrap();
            for (mean, score) in mean.iter_mut().zip(model.score(&others).unwrap()) {
                *mean += score / 10.0;
            }
        }
        let paper = numbers(&case["paper"]);
        let alike = correlation(&mean, &paper);
        assert!(alike > 0.98, "{} bins: rank correlation {alike}", case["bins"]);
        let (ours, theirs) = (auc(&mean, 200), case["auc"].as_f64().unwrap());
        assert!((ours - theirs).abs() < 0.005, "{} bins: {ours} {theirs}", case["bins"]);
        assert!(ours > case["pyod_auc"].as_f64().unwrap());
    }
}

#[test]
fn other_numbers_of_bins_keep_the_promises() {
    for bins in ["1", "500"] {
        let given = [("n_bins".to_owned(), bins.to_owned())];
        let params = Params::parse(CARD.params, &given).unwrap();
        for promise in [Promise::SaveLoad, Promise::HostileFrames, Promise::BatchEqualsRows] {
            check_with(&CARD, &register(), &params, promise);
        }
    }
}
