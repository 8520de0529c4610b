//! KernelSHAP against shap's KernelExplainer.

use serde_json::Value;
use tripline_conformance::sample;
use tripline_core::{
    Column, FitContext, Frame, Input, Link, Params, Rows, ScoreError, Silent, Task,
};
use tripline_models::explain::{KernelExplanation, KernelOptions, Players, kernel_shap};
use tripline_models::tree::gradient_boosting;

use crate::conformance::register;

/// shap 0.51.0, seed 0: bench/oracles/kernel_shap.py.
const DATA: &str = include_str!("../data/kernel_shap.json");

/// The function that the oracle explains.
fn formula(rows: &Rows) -> Result<Vec<f64>, ScoreError> {
    let columns: Vec<&[f64]> = rows
        .columns()
        .iter()
        .map(|column| match column {
            Column::Numeric(values) => values.as_slice(),
            Column::Category(_) => panic!("numbers alone"),
        })
        .collect();
    let score = |row: usize| {
        let x = |column: usize| columns[column][row];
        let rest: f64 = (6..columns.len()).map(x).sum();
        2.0 * x(0) + x(1) * x(2) - x(3) * x(3) + x(4).max(x(5)) + 0.1 * rest
    };
    Ok((0..rows.len()).map(score).collect())
}

fn matrix(value: &Value) -> Vec<Vec<f64>> {
    let row = |row: &Value| row.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    value.as_array().unwrap().iter().map(row).collect()
}

fn explained(case: &Value, options: &KernelOptions) -> KernelExplanation {
    let values = matrix(&case["rows"]);
    let names: Vec<String> = (0..values[0].len()).map(|at| format!("x{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows = Rows::from_matrix(&names, &values).unwrap();
    let background = Rows::from_matrix(&names, &matrix(&case["background"])).unwrap();
    let players = Players::each(names);
    kernel_shap(&formula, Link::Rank, &rows, &background, &players, options).unwrap()
}

#[test]
fn enumerated_values_are_those_of_shap() {
    let data: Value = serde_json::from_str(DATA).unwrap();
    // The second case by the regression instead of the formula.
    for (name, exact_players) in [("enumerated", 11), ("enumerated", 1), ("many", 13), ("many", 1)]
    {
        let options =
            KernelOptions { exact_players, evaluations: 1 << 20, ..KernelOptions::default() };
        let found = explained(&data[name], &options);
        assert!(found.exact && found.largest_error() == 0.0);
        assert!((found.attributions.base - data[name]["base"].as_f64().unwrap()).abs() < 1e-9);
        for (row, expected) in matrix(&data[name]["values"]).iter().enumerate() {
            for (ours, expected) in found.attributions.row(row).iter().zip(expected) {
                assert!((ours - expected).abs() < 1e-6, "{name} {row}: {ours}, not {expected}");
            }
        }
        assert!(found.attributions.additivity_error() < 1e-9);
    }
}

#[test]
fn drawn_values_are_near_by_their_own_error() {
    let data: Value = serde_json::from_str(DATA).unwrap();
    let case = &data["many"];
    let mut within = 0;
    let mut count = 0;
    for seed in 0..20 {
        // 200 coalitions of 8,190.
        let options =
            KernelOptions { exact_players: 1, evaluations: 1000, seed, ..KernelOptions::default() };
        let found = explained(case, &options);
        assert!(!found.exact && found.coalitions <= 202, "{}", found.coalitions);
        assert!(found.attributions.additivity_error() < 1e-9);
        for (row, expected) in matrix(&case["values"]).iter().enumerate() {
            let errors = &found.standard_errors[row * 13..(row + 1) * 13];
            for ((ours, expected), error) in
                found.attributions.row(row).iter().zip(expected).zip(errors)
            {
                assert!((ours - expected).abs() < 0.3, "{row}: {ours}, not {expected}");
                // One degree of freedom: a t distribution has 80 % within 3.1.
                within += usize::from((ours - expected).abs() <= 3.1 * error + 1e-9);
                count += 1;
            }
        }
    }
    assert!(within * 10 >= count * 7, "{within} of {count} are within their error");
}

#[test]
fn a_detector_of_mixed_columns_is_explained_alike_alone_or_in_a_batch() {
    let sample = sample(Input::Mixed, 400, 2.0, 1);
    let card = &gradient_boosting::CARD;
    let context = FitContext {
        labels: Some(&sample.labels),
        weights: None,
        validation: None,
        task: Task::Binary,
        seed: 0,
        progress: &Silent,
    };
    let estimator = (card.build)(&Params::defaults(card.params), &register()).unwrap();
    let detector = estimator.fit(&sample.frame(), &context).unwrap();
    let score = |rows: &Rows| detector.score(&Frame::from(rows.clone()));
    let players = Players::each(sample.rows.schema().names());
    let background = sample.rows.select(&[0, 2, 3, 5, 6, 8, 9]);
    let explain = |rows: &Rows| {
        let options = KernelOptions::default();
        kernel_shap(&score, detector.link(), rows, &background, &players, &options).unwrap()
    };
    let rows = sample.rows.select(&(0..30).collect::<Vec<_>>());
    let together = explain(&rows);
    assert!(together.attributions.additivity_error() < 1e-9);
    assert_eq!(together.attributions.outputs, score(&rows).unwrap());
    for row in [0, 7, 29] {
        let alone = explain(&rows.select(&[row]));
        assert_eq!(alone.attributions.values, together.attributions.row(row));
    }
    // A protocol that no background row has, of another dictionary.
    let other = Column::category(&vec![Some("gre"); 30]);
    let mut columns = rows.into_columns();
    columns.last_mut().unwrap().1 = other;
    let found = explain(&Rows::new(columns).unwrap());
    assert!(found.attributions.additivity_error() < 1e-9);
}
