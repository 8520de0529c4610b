//! Ensembles against scikit-learn and PyOD, over folds given to both.

use serde_json::Value;
use tripline_core::{Detector, FitContext, Frame, Labels, Params, Register, Rows, Silent, Task};

use super::combine::{Combine, shares};
use super::held_out::held_out;
use super::member::members;
use super::part::{Fits, Part};
use super::{stacking, voting};

/// scikit-learn 1.9.1, PyOD 3.6.7, seed 0: bench/oracles/ensembles.py.
const DATA: &str = include_str!("../../tests/data/ensembles.json");

const MEMBERS: &str = "strong:logistic_regression(C=0.01,tol=1e-12,max_iter=100000)+\
                       weak:logistic_regression(C=100,tol=1e-12,max_iter=100000)";

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn matrix(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

fn frame(value: &Value) -> Frame {
    Frame::from(Rows::from_matrix(&["x0", "x1", "x2", "x3"], &matrix(value)).unwrap())
}

fn register() -> Register {
    Register::new(crate::CARDS.iter().copied())
}

/// Training rows, held-out rows by fold, context.
fn training(data: &Value) -> (Part, Vec<Vec<usize>>) {
    let attacks: Vec<bool> =
        data["attacks"].as_array().unwrap().iter().map(|label| label.as_bool().unwrap()).collect();
    let labels = Labels::binary(&attacks);
    let part = Part::new(&frame(&data["rows"]), &context(Some(&labels))).unwrap();
    let of = numbers(&data["folds"]);
    let fold = |number: usize| (0..of.len()).filter(|&row| of[row] == number as f64).collect();
    (part, (0..3).map(fold).collect())
}

fn context(labels: Option<&Labels>) -> FitContext<'_> {
    let task = Task::Binary;
    FitContext { labels, weights: None, validation: None, task, seed: 0, progress: &Silent }
}

fn params(card: &tripline_core::Card, given: &[(&str, &str)]) -> Params {
    let given: Vec<(String, String)> =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Params::parse(card.params, &given).unwrap()
}

fn close(what: &str, ours: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), expected.len());
    for (row, (ours, expected)) in ours.iter().zip(expected).enumerate() {
        assert!((ours - expected).abs() < tolerance, "{what}, row {row}: {ours}, not {expected}");
    }
}

#[test]
fn held_out_scores_are_those_of_scikit_learn() {
    let data: Value = serde_json::from_str(DATA).unwrap();
    let (part, folds) = training(&data);
    let mut fits = Fits::new(&Silent, 8);
    let expected = matrix(&data["held_out"]);
    for (member, expected) in members("members", MEMBERS, &register()).unwrap().iter().zip(expected)
    {
        let held = held_out(member, &part, &folds, 0, &mut fits).unwrap();
        close(&member.label, &held.scores, &expected, 1e-6);
    }
}

#[test]
fn stacking_is_that_of_scikit_learn() {
    let data: Value = serde_json::from_str(DATA).unwrap();
    let (part, folds) = training(&data);
    let last = "logistic_regression(tol=1e-12,max_iter=100000)";
    let params = params(&stacking::CARD, &[("members", MEMBERS), ("final", last)]);
    let stacking = stacking::Stacking::new(&params, &register()).unwrap();
    let model = stacking.fit_over(&part, &folds, &context(None)).unwrap();
    let scores = model.score(&frame(&data["probe"])).unwrap();
    close("stacking", &scores, &numbers(&data["stacking"]), 1e-6);
}

#[test]
fn soft_voting_is_that_of_scikit_learn() {
    let data: Value = serde_json::from_str(DATA).unwrap();
    let (part, folds) = training(&data);
    let given = [("members", MEMBERS), ("normalise", "link"), ("weights", "2,1")];
    let voting = voting::Voting::new(&params(&voting::CARD, &given), &register()).unwrap();
    let model = voting.fit_over(&part, &folds, &context(None)).unwrap();
    let scores = model.score(&frame(&data["probe"])).unwrap();
    close("voting", &scores, &numbers(&data["voting"]), 1e-6);
}

#[test]
fn combinations_are_those_of_pyod() {
    let data: Value = serde_json::from_str(DATA).unwrap();
    let rows = matrix(&data["scores"]);
    let members: Vec<Vec<f64>> =
        (0..4).map(|member| rows.iter().map(|row| row[member]).collect()).collect();
    let equal = shares(&[1.0; 4]);
    let weighted = shares(&numbers(&data["weights"]));
    for (what, combine, shares) in [
        ("average", Combine::Average, &equal),
        ("weighted", Combine::Average, &weighted),
        ("maximum", Combine::Maximum, &equal),
        ("median", Combine::Median, &equal),
    ] {
        close(what, &combine.apply_all(&members, shares), &numbers(&data[what]), 1e-9);
    }
}
