//! Densities against PyOD, scikit-learn, numpy; their explanations against the definition.

use serde_json::Value;
use tripline_core::{
    Card, Column, Detector, ExplainError, ExplainMethod, ExplainOptions, FitContext, FitError,
    Frame, ParamValue, Params, Rows, ScoreError, Silent, Task,
};
use tripline_models::CARDS;

use crate::conformance::register;

/// What the oracle says, with its rows.
pub(crate) struct Oracle {
    content: Value,
}

impl Oracle {
    pub(crate) fn read(text: &str) -> Self {
        Self { content: serde_json::from_str(text).unwrap() }
    }

    /// The rows of that name; only the columns that a case names.
    pub(crate) fn frame(&self, rows: &str, case: &Value) -> Frame {
        let names: Vec<&str> = strings(&self.content["names"]);
        let values: Vec<Vec<f64>> =
            self.content[rows].as_array().unwrap().iter().map(numbers).collect();
        let all = Rows::from_matrix(&names, &values).unwrap();
        Frame::Rows(all.project(&strings(&case["columns"])).unwrap())
    }

    pub(crate) fn cases(&self, card: &str) -> Vec<&Value> {
        let cases = self.content["cases"].as_array().unwrap();
        let cases: Vec<&Value> = cases.iter().filter(|case| case["card"] == card).collect();
        assert!(!cases.is_empty(), "{card}");
        cases
    }
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|entry| entry.as_str().unwrap()).collect()
}

pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|entry| entry.as_f64().unwrap()).collect()
}

pub(crate) fn card(id: &str) -> &'static Card {
    CARDS.iter().copied().find(|card| card.id == id).unwrap()
}

/// Parameters of a case.
pub(crate) fn params(card: &Card, given: &Value) -> Params {
    let given: Vec<(String, ParamValue)> = given
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Value::Bool(value) => ParamValue::Bool(*value),
                Value::Number(value) if value.is_i64() => ParamValue::Int(value.as_i64().unwrap()),
                Value::Number(value) => ParamValue::Float(value.as_f64().unwrap()),
                other => ParamValue::Text(other.as_str().unwrap().to_owned()),
            };
            (name.clone(), value)
        })
        .collect();
    Params::new(card.params, &given).unwrap()
}

pub(crate) fn context<'a>() -> FitContext<'a> {
    FitContext {
        labels: None,
        weights: None,
        validation: None,
        task: Task::Binary,
        seed: 0,
        progress: &Silent,
    }
}

pub(crate) fn fit(card: &Card, params: &Params, frame: &Frame) -> Box<dyn Detector> {
    (card.build)(params, &register()).unwrap().fit(frame, &context()).unwrap()
}

/// Panics unless scores are those expected, to a share of the larger of 1 and the expected one.
pub(crate) fn near(what: &str, scores: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(scores.len(), expected.len());
    for (row, (score, expected)) in scores.iter().zip(expected).enumerate() {
        assert!(
            (score - expected).abs() <= tolerance * expected.abs().max(1.0),
            "{what}: row {row} scores {score}, expected {expected}"
        );
    }
}

/// All cases of a card.
fn compare(oracle: &Oracle, id: &str, tolerance: f64) {
    let card = card(id);
    for case in oracle.cases(id) {
        let frame = oracle.frame("values", case);
        let detector = fit(card, &params(card, &case["params"]), &frame);
        let what = format!("{id} {}", case["params"]);
        near(&what, &detector.score(&frame).unwrap(), &numbers(&case["fitted"]), tolerance);
        let fresh = detector.score(&oracle.frame("fresh", case)).unwrap();
        near(&format!("{what}, new rows"), &fresh, &numbers(&case["fresh"]), tolerance);
    }
}

// PyOD 3.6.7, seed 0: bench/oracles/density.py
#[test]
fn density_scores_are_those_of_the_peers() {
    let oracle = Oracle::read(include_str!("../data/density.json"));
    for id in ["z_score", "hbos", "copod", "ecod", "pca", "padim", "gaussian_mixture"] {
        compare(&oracle, id, 1e-9);
    }
}

#[test]
fn more_components_than_columns_are_refused() {
    let rows: Vec<Vec<f64>> = (0..40).map(|k| vec![f64::from(k), f64::from(k * k % 7)]).collect();
    let frame: Frame = Rows::from_matrix(&["a", "b"], &rows).unwrap().into();
    for (given, error) in [("1", None), ("2", None), ("3", Some("3 of 2 columns"))] {
        let given = [("n_components".to_owned(), given.to_owned())];
        let given = [&given[..], &[("score".to_owned(), "mahalanobis".to_owned())]].concat();
        let card = card("pca");
        let params = Params::parse(card.params, &given).unwrap();
        let fitted = (card.build)(&params, &register()).unwrap().fit(&frame, &context());
        match (fitted, error) {
            (Ok(_), None) => {}
            (Err(told), Some(error)) => assert!(told.to_string().contains(error), "{told}"),
            (fitted, _) => panic!("{given:?} is taken: {}", fitted.is_ok()),
        }
    }
}

// scikit-learn 1.9.1, numpy: bench/oracles/density.py
#[test]
fn further_rows_are_learnt_as_by_the_peers() {
    let oracle = Oracle::read(include_str!("../data/density.json"));
    for id in ["incremental_pca", "running_gaussian"] {
        let card = card(id);
        for case in oracle.cases(id) {
            let what = format!("{id} {}", case["params"]);
            let values = oracle.frame("values", case);
            let fresh = oracle.frame("fresh", case);
            let (probe, more): (Vec<usize>, Vec<usize>) = (0..fresh.len()).partition(|&k| k < 20);
            let (probe, more) = (fresh.select(&probe), fresh.select(&more));
            let mut detector = fit(card, &params(card, &case["params"]), &values);
            near(&what, &detector.score(&values).unwrap(), &numbers(&case["fitted"]), 1e-8);
            near(&what, &detector.score(&probe).unwrap(), &numbers(&case["fresh"]), 1e-8);
            detector.online().unwrap().partial_fit(&more, &context()).unwrap();
            let later = numbers(&case["later"]);
            near(&what, &detector.score(&probe).unwrap(), &later, 1e-8);
        }
    }
}

/// Shapley values of one row by their definition: over all coalitions, absent columns from
/// another row.
fn shapley(
    detector: &dyn Detector,
    unit: impl Fn(f64) -> f64,
    row: &[f64],
    other: &[f64],
) -> Vec<f64> {
    let width = row.len();
    let mixed: Vec<Vec<f64>> = (0..1_usize << width)
        .map(|set| (0..width).map(|j| if set >> j & 1 == 1 { row[j] } else { other[j] }).collect())
        .collect();
    let names: Vec<&str> = detector.schema().names().collect();
    let mut worth = detector.score(&Rows::from_matrix(&names, &mixed).unwrap().into()).unwrap();
    worth.iter_mut().for_each(|worth| *worth = unit(*worth));
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    (0..width)
        .map(|j| {
            let without = (0..1_usize << width).filter(|set| set >> j & 1 == 0);
            let parts = without.map(|set| {
                let size = set.count_ones() as usize;
                let weight = factorial(size) * factorial(width - size - 1) / factorial(width);
                weight * (worth[set | 1 << j] - worth[set])
            });
            parts.sum()
        })
        .collect()
}

#[test]
fn density_explanations_are_shapley_values() {
    let oracle = Oracle::read(include_str!("../data/density.json"));
    let wanted = serde_json::json!({"columns": ["normal", "skewed", "counts", "bimodal", "both"]});
    let (values, fresh) = (oracle.frame("values", &wanted), oracle.frame("fresh", &wanted));
    let cell = |frame: &Frame, row: usize| -> Vec<f64> {
        let columns = frame.rows().unwrap().columns().to_vec();
        let cells = columns.iter().map(|column| match column {
            tripline_core::Column::Numeric(values) => values[row],
            other => panic!("{other:?}"),
        });
        cells.collect()
    };
    let names: Vec<&str> = values.rows().unwrap().schema().names().collect();
    let cases = [
        ("z_score", false, serde_json::json!({"combine": "mean"})),
        ("hbos", false, serde_json::json!({})),
        ("copod", false, serde_json::json!({})),
        ("ecod", false, serde_json::json!({})),
        ("pca", false, serde_json::json!({"n_components": 0.5})),
        ("pca", false, serde_json::json!({"score": "mahalanobis", "n_components": 0.0})),
        ("robust_covariance", false, serde_json::json!({})),
        ("running_gaussian", false, serde_json::json!({"decay": 0.99})),
        ("incremental_pca", false, serde_json::json!({"n_components": 3})),
        // What is explained is the square.
        ("padim", true, serde_json::json!({"group_size": 2})),
    ];
    for (id, squared, given) in cases {
        let unit = |x: f64| if squared { x * x } else { x };
        let detector = fit(card(id), &params(card(id), &given), &values);
        let explain = detector.explain().unwrap();
        for row in 1..6 {
            let (x, other) = (cell(&fresh, row), cell(&values, row));
            let background =
                Rows::from_matrix(&names, std::slice::from_ref(&other)).unwrap().into();
            let method = ExplainMethod::Interventional { background: &background };
            let one = Rows::from_matrix(&names, std::slice::from_ref(&x)).unwrap().into();
            let options = ExplainOptions { method, class: None };
            let parts = explain.attributions(&one, &options).unwrap();
            let expected = shapley(detector.as_ref(), unit, &x, &other);
            near(&format!("{id}: parts of row {row}"), &parts.values, &expected, 1e-9);
            let score = unit(detector.score(&one).unwrap()[0]);
            near(&format!("{id}: row {row}"), &parts.outputs, &[score], 1e-9);
        }
    }
}

#[test]
fn a_largest_distance_is_explained_from_the_centre() {
    let oracle = Oracle::read(include_str!("../data/density.json"));
    let case = oracle.cases("z_score")[0];
    let values = oracle.frame("values", case);
    let detector = fit(card("z_score"), &Params::defaults(card("z_score").params), &values);
    let explain = detector.explain().unwrap();
    let fresh = oracle.frame("fresh", case);
    let parts = explain.attributions(&fresh, &ExplainOptions::default()).unwrap();
    near("outputs", &parts.outputs, &detector.score(&fresh).unwrap(), 1e-12);
    let method = ExplainMethod::Interventional { background: &values };
    let over = explain.attributions(&fresh, &ExplainOptions { method, class: None });
    assert!(matches!(over, Err(ExplainError::Unsupported { .. })));
}

// scikit-learn 1.9.1, seeds 0 to 4: bench/oracles/robust_covariance.py
#[test]
fn a_robust_covariance_is_that_of_the_peer() {
    let oracle: Value =
        serde_json::from_str(include_str!("../data/robust_covariance.json")).unwrap();
    let card = card("robust_covariance");
    for set in oracle["sets"].as_array().unwrap() {
        let values: Vec<Vec<f64>> = set["values"].as_array().unwrap().iter().map(numbers).collect();
        let frame = Rows::from_matrix(&strings(&set["names"]), &values).unwrap().into();
        let runs: Vec<Vec<f64>> = set["runs"].as_array().unwrap().iter().map(numbers).collect();
        let attacks: Vec<bool> = numbers(&set["attacks"]).iter().map(|&x| x == 1.0).collect();
        for seed in 0..3 {
            let estimator = (card.build)(&params(card, &set["params"]), &register()).unwrap();
            let detector = estimator.fit(&frame, &FitContext { seed, ..context() }).unwrap();
            let scores = detector.score(&frame).unwrap();
            if set["kind"] == "easy" {
                // The same support, so the same numbers.
                near("robust covariance", &scores, &runs[0], 1e-6);
            } else {
                for run in &runs {
                    let correlation = rank_correlation(&scores, run);
                    assert!(correlation >= 0.98, "seed {seed}: rank correlation {correlation}");
                }
            }
            let auc = auc(&scores, &attacks);
            for peer in numbers(&set["auc"]) {
                assert!((auc - peer).abs() <= 0.005, "seed {seed}: AUC {auc}, the peer's {peer}");
            }
        }
    }
}

fn ranks(scores: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let mut ranks = vec![0.0; scores.len()];
    order.iter().enumerate().for_each(|(rank, &row)| ranks[row] = rank as f64);
    ranks
}

/// Spearman's, of scores without ties.
fn rank_correlation(left: &[f64], right: &[f64]) -> f64 {
    let (left, right) = (ranks(left), ranks(right));
    let count = left.len() as f64;
    let squares: f64 = left.iter().zip(&right).map(|(a, b)| (a - b) * (a - b)).sum();
    1.0 - 6.0 * squares / (count * (count * count - 1.0))
}

/// Of scores without ties.
fn auc(scores: &[f64], attacks: &[bool]) -> f64 {
    let sum: f64 =
        ranks(scores).iter().zip(attacks).filter(|(_, a)| **a).map(|(r, _)| r + 1.0).sum();
    let count = attacks.iter().filter(|attack| **attack).count() as f64;
    let others = attacks.len() as f64 - count;
    (sum - count * (count + 1.0) / 2.0) / (count * others)
}

#[test]
fn the_first_hole_is_named_whether_fitted_or_scored() {
    const ROWS: usize = 20_000;
    // Whole numbers, a few others, and many.
    let column = |j: usize| -> Vec<f64> {
        let step = [1.0, 0.25, 0.37][j];
        (0..ROWS).map(|row| (row * 7919 % [50, 400, 9973][j]) as f64 * step).collect()
    };
    let frame = |holes: &[(usize, usize, f64)]| -> Frame {
        let columns = ["a", "b", "c"].iter().enumerate().map(|(j, name)| {
            let mut values = column(j);
            for &(_, row, hole) in holes.iter().filter(|hole| hole.0 == j) {
                values[row] = hole;
            }
            ((*name).to_owned(), Column::numeric(values))
        });
        Rows::new(columns.collect()).unwrap().into()
    };
    for id in ["hbos", "copod", "ecod"] {
        let card = card(id);
        let detector = fit(card, &Params::parse(card.params, &[]).unwrap(), &frame(&[]));
        for (j, name) in ["a", "b", "c"].into_iter().enumerate() {
            for row in [0, 4095, 9000, ROWS - 1] {
                let hole = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY][row % 3];
                let frame = frame(&[(2, ROWS - 1, f64::NAN), (2, 1, hole), (j, row, hole)]);
                let row = if j == 2 { row.min(1) } else { row };
                let said = (name.to_owned(), row);
                match detector.score(&frame) {
                    Err(ScoreError::Missing { column, row }) => assert_eq!((column, row), said),
                    scored => panic!("{id}: a hole is {:?}", scored.map(|_| ())),
                }
                let params = Params::parse(card.params, &[]).unwrap();
                let estimator = (card.build)(&params, &register()).unwrap();
                match estimator.fit(&frame, &context()) {
                    Err(FitError::Missing { column, row }) => assert_eq!((column, row), said),
                    fitted => panic!("{id}: a hole is {:?}", fitted.map(|_| ())),
                }
            }
        }
    }
}
