//! Half-space trees against River.

use crate::conformance::register;
use serde_json::Value;
use tripline_conformance::check_with;
use tripline_core::{
    Column, Detector, FitContext, Frame, Params, Promise, Rng, Rows, Silent, State, Task,
};
use tripline_models::tree::half_space_trees::CARD;

const CONTEXT: FitContext<'_> = FitContext {
    labels: None,
    weights: None,
    validation: None,
    task: Task::Binary,
    seed: 3,
    progress: &Silent,
};

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|entry| entry.as_f64().unwrap()).collect()
}

fn wholes(value: &Value) -> Vec<u32> {
    numbers(value).into_iter().map(|number| number as u32).collect()
}

/// The trees of a case, whose window before holds one row.
fn trees(case: &Value, frame: &Frame) -> Box<dyn Detector> {
    let whole = |name: &str| case[name].as_i64().unwrap();
    let leaves = 1 << whole("height");
    let count = whole("trees") as usize * leaves;
    let mut state = State::new();
    state.put_state("schema", frame.rows().unwrap().schema().save());
    state.put_i64("trees", whole("trees"));
    state.put_i64("height", whole("height"));
    state.put_i64("window", whole("window"));
    state.put_f64("size_limit", 0.1);
    state.put_f64s("thresholds", numbers(&case["thresholds"]));
    state.put_u32s("columns", wholes(&case["columns"]));
    state.put_u32s("latest", vec![0; count]);
    state.put_u32s("reference", (0..count).map(|leaf| u32::from(leaf % leaves == 0)).collect());
    (CARD.load)(&state, &register()).unwrap()
}

// River 0.26.1, seed 0: bench/oracles/half_space_trees.py
#[test]
fn scores_over_a_stream_are_those_of_river() {
    let oracle: Value =
        serde_json::from_str(include_str!("../data/half_space_trees.json")).unwrap();
    for case in oracle["cases"].as_array().unwrap() {
        let values: Vec<Vec<f64>> = case["rows"].as_array().unwrap().iter().map(numbers).collect();
        let frame: Frame = Rows::from_matrix(&["a", "b", "c"], &values).unwrap().into();
        let mut model = trees(case, &frame);
        let scores = model.online().unwrap().test_then_train(&frame, &CONTEXT).unwrap();
        let window = case["window"].as_u64().unwrap() as usize;
        let expected = numbers(&case["scores"]);
        assert_eq!(scores.len() - window, expected.len());
        for (score, expected) in scores[window..].iter().zip(&expected) {
            assert!((score - expected).abs() < 1e-14, "{score} {expected}");
        }
    }
}

/// Rows around a middle, some with a missing value.
fn stream(rows: usize, middle: f64, seed: u64) -> Frame {
    let mut rng = Rng::new(seed);
    let columns = ["a", "b", "c"].map(|name| {
        let values = (0..rows).map(|row| {
            let value = middle + rng.normal();
            if row % 50 == 7 { f64::NAN } else { value }
        });
        (name.to_owned(), Column::numeric(values.collect()))
    });
    Rows::new(columns.to_vec()).unwrap().into()
}

#[test]
fn a_stream_in_blocks_is_learnt_as_row_after_row() {
    let estimator = (CARD.build)(&Params::defaults(CARD.params), &register()).unwrap();
    let fit = || estimator.fit(&stream(700, 0.0, 1), &CONTEXT).unwrap();
    // More rows than a block.
    let frame = stream(20_000, 0.5, 2);
    let (mut whole, mut parts) = (fit(), fit());
    let scores = whole.online().unwrap().test_then_train(&frame, &CONTEXT).unwrap();
    let mut start = 0;
    for size in [1, 2, 300, 9000, 1, 10_696] {
        let part = frame.select(&(start..start + size).collect::<Vec<_>>());
        let again = parts.online().unwrap().test_then_train(&part, &CONTEXT).unwrap();
        assert_eq!(again, scores[start..start + size]);
        start += size;
    }
    assert_eq!(start, frame.len());
    assert_eq!(whole.save(), parts.save());
}

#[test]
fn what_was_rare_becomes_usual_within_two_windows() {
    let estimator = (CARD.build)(&Params::defaults(CARD.params), &register()).unwrap();
    let mut model = estimator.fit(&stream(1000, 0.0, 1), &CONTEXT).unwrap();
    let online = model.online().unwrap();
    let scores = online.test_then_train(&stream(1000, 6.0, 2), &CONTEXT).unwrap();
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let (first, last) = (mean(&scores[..250]), mean(&scores[500..]));
    assert!(first > last + 0.05, "{first} {last}");
}

#[test]
fn other_shapes_keep_the_promises() {
    for given in [
        [("n_trees", "3"), ("height", "1"), ("window_size", "1")],
        [("n_trees", "50"), ("height", "12"), ("window_size", "5000")],
    ] {
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let params = Params::parse(CARD.params, &given).unwrap();
        for promise in [
            Promise::SameSeedSameBytes,
            Promise::SaveLoad,
            Promise::HostileFrames,
            Promise::MissingValues,
            Promise::Abilities,
        ] {
            check_with(&CARD, &register(), &params, promise);
        }
    }
}
