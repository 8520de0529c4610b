//! Linear models against scikit-learn.

use crate::conformance::register;
use serde_json::Value;
use tripline_conformance::{check_with, weights_repeat_rows};
use tripline_core::{
    Card, Detector, ExplainMethod, ExplainOptions, FitContext, Frame, Labels, ParamValue, Params,
    Promise, Rows, Silent, State, Task, Validation,
};
use tripline_models::linear::{logistic_regression, sgd};

/// One data set of the oracle.
struct Set {
    frame: Frame,
    labels: Labels,
    weights: Vec<f64>,
    task: Task,
    cases: Value,
}

fn sets() -> Vec<Set> {
    let oracle: Value = serde_json::from_str(include_str!("../data/linear.json")).unwrap();
    let sets = oracle["sets"].as_array().unwrap().clone();
    sets.into_iter()
        .map(|cases| {
            let values: Vec<Vec<f64>> =
                cases["values"].as_array().unwrap().iter().map(numbers).collect();
            let codes: Vec<u32> = numbers(&cases["codes"]).iter().map(|&c| c as u32).collect();
            let count = codes.iter().max().unwrap() + 1;
            let classes = (0..count).map(|class| format!("class {class}")).collect();
            Set {
                frame: Rows::from_matrix(&["a", "b", "c", "d", "e"], &values).unwrap().into(),
                labels: Labels::new(classes, codes).unwrap(),
                weights: numbers(&cases["weights"]),
                task: if count == 2 { Task::Binary } else { Task::Multiclass },
                cases,
            }
        })
        .collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|entry| entry.as_f64().unwrap()).collect()
}

/// Rounding of one step is carried on by all later ones.
const STEPS: f64 = 1e-9;

/// Parameters of a case with further ones.
fn params(card: &Card, case: &Value, further: &[(&str, ParamValue)]) -> Params {
    let mut given: Vec<(String, ParamValue)> =
        further.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    for (name, value) in case["params"].as_object().unwrap() {
        let value = match value {
            Value::Bool(value) => ParamValue::Bool(*value),
            Value::Number(value) => ParamValue::Float(value.as_f64().unwrap()),
            other => ParamValue::Text(other.as_str().unwrap().to_owned()),
        };
        given.push((name.clone(), value));
    }
    Params::new(card.params, &given).unwrap()
}

fn context<'a>(set: &'a Set, weights: Option<&'a [f64]>) -> FitContext<'a> {
    FitContext {
        labels: Some(&set.labels),
        weights,
        validation: None,
        task: set.task,
        seed: 0,
        progress: &Silent,
    }
}

fn fit(card: &Card, params: &Params, set: &Set, weights: Option<&[f64]>) -> Box<dyn Detector> {
    (card.build)(params, &register()).unwrap().fit(&set.frame, &context(set, weights)).unwrap()
}

/// The largest distance from what a case expects, relative to its largest weight.
fn error(state: &State, expected: &Value) -> f64 {
    let mut worst = 0.0_f64;
    for name in ["weights", "intercepts"] {
        let expected = numbers(&expected[name]);
        let got = state.f64s(name).unwrap();
        assert_eq!(got.len(), expected.len());
        let scale = expected.iter().fold(1.0_f64, |scale, weight| scale.max(weight.abs()));
        for (got, expected) in got.iter().zip(&expected) {
            worst = worst.max((got - expected).abs() / scale);
        }
    }
    worst
}

// scikit-learn 1.9.1, seed 0: bench/oracles/linear.py
#[test]
fn logistic_regression_reaches_the_optimum() {
    let card = &logistic_regression::CARD;
    let exact = [("tol", ParamValue::Float(1e-10)), ("max_iter", ParamValue::Int(10_000))];
    for set in sets() {
        for case in set.cases["logistic"].as_array().unwrap() {
            let weights = (case["weighted"] == true).then_some(set.weights.as_slice());
            let model = fit(card, &params(card, case, &exact), &set, weights);
            let error = error(&model.save(), case);
            assert!(error < 1e-6, "{}: {error:e}", case["params"]);
        }
    }
}

// scikit-learn 1.9.1: bench/oracles/linear.py
#[test]
fn descent_takes_the_steps_of_scikit_learn() {
    let card = &sgd::CARD;
    let plain = [
        ("shuffle", ParamValue::Bool(false)),
        ("tol", ParamValue::Float(-1.0)),
        ("max_iter", ParamValue::Int(5)),
    ];
    let mut compared = 0;
    for set in sets() {
        for case in set.cases["descent"].as_array().unwrap() {
            let weights = (case["weighted"] == true).then_some(set.weights.as_slice());
            let model = fit(card, &params(card, case, &plain), &set, weights);
            let error = error(&model.save(), case);
            assert!(error < STEPS, "{} {}: {error:e}", case["params"], case["weighted"]);
            compared += 1;
        }
    }
    assert!(compared >= 40, "{compared}");
}

// scikit-learn 1.9.1: bench/oracles/linear.py
#[test]
fn further_rows_take_the_steps_of_scikit_learn_even_after_loading() {
    let card = &sgd::CARD;
    let given = [
        ("shuffle", ParamValue::Bool(false)),
        ("tol", ParamValue::Float(-1.0)),
        ("max_iter", ParamValue::Int(5)),
        ("average", ParamValue::Bool(false)),
        ("alpha", ParamValue::Float(0.05)),
    ];
    let given = given.map(|(name, value)| (name.to_owned(), value));
    for set in sets() {
        let first = fit(card, &Params::new(card.params, &given).unwrap(), &set, None);
        let state = State::from_bytes(&first.save().to_bytes()).unwrap();
        let register = tripline_core::Register::new([card]);
        let mut model = register.load("sgd", &state).unwrap();
        let index: Vec<usize> = (0..100).collect();
        let (frame, labels) = (set.frame.select(&index), set.labels.select(&index));
        let context = FitContext { labels: Some(&labels), ..context(&set, None) };
        model.online().unwrap().partial_fit(&frame, &context).unwrap();
        let error = error(&model.save(), &set.cases["further"]);
        assert!(error < STEPS, "{error:e}");
    }
}

#[test]
fn every_loss_and_penalty_keeps_the_promises() {
    let quick = [Promise::SameSeedSameBytes, Promise::SaveLoad, Promise::HostileFrames];
    let telling = [Promise::HigherIsSuspicious, Promise::Additivity, Promise::Abilities];
    for given in [
        [("loss", "hinge"), ("penalty", "l1"), ("average", "false")],
        [("loss", "hinge"), ("learning_rate", "adaptive"), ("eta0", "0.1")],
        [("loss", "modified_huber"), ("penalty", "elasticnet"), ("class_weight", "balanced")],
        [("loss", "log_loss"), ("penalty", "none"), ("learning_rate", "invscaling")],
        [("average", "false"), ("early_stopping", "false"), ("shuffle", "false")],
    ] {
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let params = Params::parse(sgd::CARD.params, &given).unwrap();
        for promise in quick.into_iter().chain(telling) {
            check_with(&sgd::CARD, &register(), &params, promise);
        }
    }
}

#[test]
fn weights_of_logistic_regression_are_exactly_repeated_rows() {
    let card = &logistic_regression::CARD;
    for class_weight in ["none", "balanced"] {
        let given = [("tol", "1e-9"), ("class_weight", class_weight)];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        weights_repeat_rows(card, &register(), &Params::parse(card.params, &given).unwrap(), 1e-6);
    }
}

#[test]
fn a_class_that_was_not_fitted_is_refused_online() {
    let sets = sets();
    let set = &sets[1];
    let mut model = fit(&sgd::CARD, &Params::defaults(sgd::CARD.params), set, None);
    let before = model.save();
    let labels = Labels::from_names(&["novel"; 240], "class 0");
    let context = FitContext { labels: Some(&labels), ..context(set, None) };
    let error = model.online().unwrap().partial_fit(&set.frame, &context).unwrap_err();
    assert_eq!(error.to_string(), "row 0: class `novel` is unknown");
    assert_eq!(model.save(), before);
}

#[test]
fn a_long_averaged_descent_comes_to_the_optimum() {
    let sets = sets();
    let set = &sets[0];
    let rows = set.labels.len() as f64;
    // The same problem: the mean of losses + alpha/2 · |w|², and C = 1/(alpha · n).
    let alpha = 0.01;
    let given = [
        ("alpha", ParamValue::Float(alpha)),
        ("max_iter", ParamValue::Int(2000)),
        ("tol", ParamValue::Float(-1.0)),
    ];
    let given = given.map(|(name, value)| (name.to_owned(), value));
    let descent = fit(&sgd::CARD, &Params::new(sgd::CARD.params, &given).unwrap(), set, None);
    let card = &logistic_regression::CARD;
    let given = [("C".to_owned(), ParamValue::Float(1.0 / (alpha * rows)))];
    let optimum = fit(card, &Params::new(card.params, &given).unwrap(), set, None);
    let (descent, optimum) = (descent.save(), optimum.save());
    let weights = descent.f64s("weights").unwrap().iter().zip(optimum.f64s("weights").unwrap());
    for (near, exact) in weights {
        assert!((near - exact).abs() < 0.02, "{near} {exact}");
    }
}

#[test]
fn a_watched_descent_keeps_its_best_epoch() {
    let sets = sets();
    let set = &sets[0];
    let given = [
        ("learning_rate", ParamValue::Text("constant".to_owned())),
        ("eta0", ParamValue::Float(2.0)),
        ("average", ParamValue::Bool(false)),
        ("tol", ParamValue::Float(0.0)),
        ("max_iter", ParamValue::Int(60)),
        ("n_iter_no_change", ParamValue::Int(50)),
    ];
    let given = given.map(|(name, value)| (name.to_owned(), value));
    let params = Params::new(sgd::CARD.params, &given).unwrap();
    let (odd, even): (Vec<usize>, Vec<usize>) = (0..240).partition(|row| row % 2 == 1);
    let (frame, labels) = (set.frame.select(&even), set.labels.select(&even));
    let (held, held_labels) = (set.frame.select(&odd), set.labels.select(&odd));
    let loss = |validation: Option<Validation<'_>>| {
        let context = FitContext { labels: Some(&labels), validation, ..context(set, None) };
        let model = (sgd::CARD.build)(&params, &register()).unwrap().fit(&frame, &context).unwrap();
        let scores = model.score(&held).unwrap();
        let margins = scores.iter().zip(held_labels.attacks());
        let losses = margins.map(|(score, attack)| {
            tripline_core::math::softplus(if attack { -score } else { *score })
        });
        losses.sum::<f64>() / held.len() as f64
    };
    let part = Validation { frame: &held, labels: &held_labels, weights: None };
    let (watched, blind) = (loss(Some(part)), loss(None));
    assert!(watched < blind, "the best epoch has {watched}, the last one {blind}");
}

// shap 0.51.0, LinearExplainer: bench/oracles/linear.py
#[test]
fn explanations_are_those_of_shap() {
    let card = &logistic_regression::CARD;
    let exact = [("tol".to_owned(), ParamValue::Float(1e-11))];
    for set in sets() {
        let model = fit(card, &Params::new(card.params, &exact).unwrap(), &set, None);
        let index: Vec<usize> = (0..60).collect();
        let (background, probe) = (set.frame.select(&index[..50]), set.frame.select(&index[50..]));
        let method = ExplainMethod::Interventional { background: &background };
        let expected = numbers(&set.cases["shap"]["values"]);
        let base = numbers(&set.cases["shap"]["base"]);
        for (class, base) in base.iter().enumerate() {
            // A single output has no class of its own.
            let class_asked = (set.task == Task::Multiclass).then_some(class);
            let options = ExplainOptions { method, class: class_asked };
            let parts = model.explain().unwrap().attributions(&probe, &options).unwrap();
            let count = expected.len() / parts.values.len();
            assert!((parts.base - base).abs() < 1e-6, "{} {base}", parts.base);
            for (cell, got) in parts.values.iter().enumerate() {
                let expected = expected[cell * count + class];
                assert!((got - expected).abs() < 1e-6, "cell {cell}: {got} {expected}");
            }
        }
    }
}

#[test]
fn an_explanation_is_the_weight_times_the_distance_from_the_mean() {
    let sets = sets();
    let set = &sets[0];
    let card = &logistic_regression::CARD;
    let model = fit(card, &Params::defaults(card.params), set, None);
    let weights = model.save().f64s("weights").unwrap().to_vec();
    let background = set.frame.select(&[0, 1, 2, 3]);
    let probe = set.frame.select(&[17]);
    let method = ExplainMethod::Interventional { background: &background };
    let options = ExplainOptions { method, class: None };
    let parts = model.explain().unwrap().attributions(&probe, &options).unwrap();
    let cell = |frame: &Frame, row: usize, column: usize| {
        let tripline_core::Column::Numeric(values) = &frame.rows().unwrap().columns()[column]
        else {
            panic!("a number")
        };
        values[row]
    };
    for (column, weight) in weights.iter().enumerate() {
        let mean = (0..4).map(|row| cell(&background, row, column)).sum::<f64>() / 4.0;
        let expected = weight * (cell(&probe, 0, column) - mean);
        assert!((parts.row(0)[column] - expected).abs() < 1e-12);
    }
    // Over the background, the base is the mean output.
    let mean = model.score(&background).unwrap().iter().sum::<f64>() / 4.0;
    assert!((parts.base - mean).abs() < 1e-12);
}
