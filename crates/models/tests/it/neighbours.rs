//! Detectors by neighbours against scikit-learn and PyOD.

use serde_json::Value;
use tripline_conformance::check_with;
use tripline_core::{
    Card, Estimator, FitContext, Frame, ParamValue, Params, Promise, Rows, Silent, State, Task,
};
use tripline_models::neighbours::{knn, lof};

use crate::conformance::register;

/// Sums in another order.
const TOLERANCE: f64 = 1e-9;

const CONTEXT: FitContext<'static> = FitContext {
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

fn frame(value: &Value) -> Frame {
    let rows: Vec<Vec<f64>> = value.as_array().unwrap().iter().map(numbers).collect();
    matrix(&rows)
}

fn matrix(rows: &[Vec<f64>]) -> Frame {
    let names: Vec<String> = (0..rows[0].len()).map(|j| format!("c{j}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Rows::from_matrix(&names, rows).unwrap().into()
}

fn estimator(card: &Card, given: &[(&str, ParamValue)]) -> Box<dyn Estimator> {
    let given: Vec<(String, ParamValue)> =
        given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    (card.build)(&Params::new(card.params, &given).unwrap(), &register()).unwrap()
}

fn close(what: &str, got: &[f64], expected: &[f64]) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (row, (got, expected)) in got.iter().zip(expected).enumerate() {
        let gap = (got - expected).abs();
        assert!(gap <= TOLERANCE * expected.abs(), "{what}: row {row}: {got} for {expected}");
    }
}

// scikit-learn 1.9.1, PyOD 3.6.7, seed 0: bench/oracles/neighbours.py
#[test]
fn scores_are_those_of_scikit_learn_and_pyod() {
    let oracle: Value = serde_json::from_str(include_str!("../data/neighbours.json")).unwrap();
    let mut cases = 0;
    for set in oracle["sets"].as_array().unwrap() {
        let (train, probe) = (frame(&set["train"]), frame(&set["probe"]));
        for case in set["cases"].as_array().unwrap() {
            let card = if case["model"] == "lof" { &lof::CARD } else { &knn::CARD };
            let mut given =
                vec![("n_neighbors", ParamValue::Int(case["n_neighbors"].as_i64().unwrap()))];
            for name in ["metric", "method"] {
                if let Some(text) = case.get(name).and_then(Value::as_str) {
                    given.push((name, ParamValue::Text(text.to_owned())));
                }
            }
            let what = format!("{}: {given:?}", set["name"]);
            let estimator = estimator(card, &given);
            let outliers = estimator.outliers().unwrap();
            close(
                &what,
                &outliers.outlier_scores(&train, &CONTEXT).unwrap(),
                &numbers(&case["outliers"]),
            );
            let detector = estimator.fit(&train, &CONTEXT).unwrap();
            close(&what, &detector.score(&probe).unwrap(), &numbers(&case["novelty"]));
            cases += 1;
        }
    }
    assert!(cases >= 20, "{cases}");
}

/// Rows of small whole numbers: many are equal, many more are equally far.
fn lattice(rows: usize, width: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut rng = tripline_core::Rng::new(seed);
    (0..rows).map(|_| (0..width).map(|_| rng.below(4) as f64).collect()).collect()
}

/// Distances to all rows, in order, by the definition.
fn sorted_distances(
    rows: &[Vec<f64>],
    query: &[f64],
    itself: Option<usize>,
    metric: &str,
) -> Vec<f64> {
    let mut all: Vec<f64> = (0..rows.len())
        .filter(|&row| Some(row) != itself)
        .map(|row| {
            let gaps = rows[row].iter().zip(query).map(|(a, b)| (a - b).abs());
            match metric {
                "euclidean" => gaps.map(|gap| gap * gap).sum::<f64>().sqrt(),
                "manhattan" => gaps.sum(),
                _ => gaps.fold(0.0, f64::max),
            }
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all
}

/// By the definition, over several leaves, with ties and repeated rows.
#[test]
fn the_largest_distance_is_that_of_a_search_through_all_rows() {
    for (width, spread, offset) in [(3, 1.0, 0.0), (12, 1.0, 0.0), (12, 1e-7, 1e9), (2, 1e149, 0.0)]
    {
        let scaled = |rows: Vec<Vec<f64>>| -> Vec<Vec<f64>> {
            rows.into_iter().map(|row| row.iter().map(|x| x * spread + offset).collect()).collect()
        };
        let rows = scaled(lattice(1500, width, 1));
        let probe = scaled(lattice(80, width, 2));
        for metric in ["euclidean", "manhattan", "chebyshev"] {
            for k in [1, 7, 40] {
                let given = [
                    ("n_neighbors", ParamValue::Int(k as i64)),
                    ("metric", ParamValue::Text(metric.to_owned())),
                ];
                let estimator = estimator(&knn::CARD, &given);
                let what = format!("{width} columns, {spread:e}, {metric}, {k}");
                let expected: Vec<f64> = probe
                    .iter()
                    .map(|query| sorted_distances(&rows, query, None, metric)[k - 1])
                    .collect();
                let detector = estimator.fit(&matrix(&rows), &CONTEXT).unwrap();
                close(&what, &detector.score(&matrix(&probe)).unwrap(), &expected);
                let outliers = estimator.outliers().unwrap();
                let scores = outliers.outlier_scores(&matrix(&rows), &CONTEXT).unwrap();
                let first: Vec<f64> = (0..60)
                    .map(|row| sorted_distances(&rows, &rows[row], Some(row), metric)[k - 1])
                    .collect();
                close(&what, &scores[..60], &first);
            }
        }
    }
}

#[test]
fn few_rows_and_equal_rows_have_scores() {
    for card in [&lof::CARD, &knn::CARD] {
        let estimator = estimator(card, &[]);
        let outliers = estimator.outliers().unwrap();
        assert!(estimator.fit(&matrix(&[vec![1.0]]), &CONTEXT).is_err());
        assert!(outliers.outlier_scores(&matrix(&[vec![1.0]]), &CONTEXT).is_err());
        let usual = if card.id == "lof" { 1.0 } else { 0.0 };
        let equal = matrix(&vec![vec![1.0, 2.0]; 700]);
        assert_eq!(outliers.outlier_scores(&equal, &CONTEXT).unwrap(), [usual; 700]);
        let detector = estimator.fit(&equal, &CONTEXT).unwrap();
        assert_eq!(detector.score(&equal).unwrap(), [usual; 700]);
        let away = detector.score(&matrix(&[vec![1.0, 3.0]])).unwrap();
        assert!(away[0] > usual, "{away:?}");
        assert!(detector.notes().is_empty());
        let few = estimator.fit(&matrix(&[vec![1.0], vec![2.0], vec![4.0]]), &CONTEXT).unwrap();
        let notes = few.notes();
        assert!(notes.len() == 1 && notes[0].contains("all other rows learnt, 2,"), "{notes:?}");
        let two = matrix(&[vec![0.0], vec![4.0]]);
        assert_eq!(outliers.outlier_scores(&two, &CONTEXT).unwrap().len(), 2);
    }
}

#[test]
fn a_state_that_cannot_score_is_refused() {
    let rows = matrix(&lattice(50, 3, 4));
    for card in [&lof::CARD, &knn::CARD] {
        let detector = estimator(card, &[]).fit(&rows, &CONTEXT).unwrap();
        let refused = |name: &str, damage: &dyn Fn(&mut State)| {
            let mut state = detector.save();
            damage(&mut state);
            assert!((card.load)(&state, &register()).is_err(), "{}: {name}", card.id);
        };
        refused("neighbours", &|state| state.put_i64("n_neighbors", 51));
        refused("no neighbours", &|state| state.put_i64("n_neighbors", 0));
        refused("metric", &|state| state.put_text("metric", "cosine"));
        refused("counts", &|state| {
            let mut counts = state.u32s("counts").unwrap().to_vec();
            counts[0] = 0;
            state.put_u32s("counts", counts);
        });
        refused("points", &|state| {
            let mut points = state.f64s("points").unwrap().to_vec();
            points[3] = f64::NAN;
            state.put_f64s("points", points);
        });
        refused("fewer points", &|state| state.put_f64s("points", vec![1.0]));
    }
    let detector = estimator(&lof::CARD, &[]).fit(&rows, &CONTEXT).unwrap();
    for name in ["reach", "densities"] {
        let mut state = detector.save();
        let mut numbers = state.f64s(name).unwrap().to_vec();
        numbers[0] = -1.0;
        state.put_f64s(name, numbers);
        assert!((lof::CARD.load)(&state, &register()).is_err(), "{name}");
    }
}

#[test]
fn every_metric_and_method_keeps_every_promise() {
    let given = |name: &str, value: &str| (name.to_owned(), ParamValue::Text(value.to_owned()));
    let cases: [(&'static Card, Vec<(String, ParamValue)>); 5] = [
        (&lof::CARD, vec![given("metric", "manhattan")]),
        (&lof::CARD, vec![given("metric", "chebyshev")]),
        (&lof::CARD, vec![("exact_rows".to_owned(), ParamValue::Int(50))]),
        (&knn::CARD, vec![given("method", "mean")]),
        (&knn::CARD, vec![given("method", "median"), given("metric", "manhattan")]),
    ];
    for (card, given) in cases {
        let params = Params::new(card.params, &given).unwrap();
        for promise in [
            Promise::SameSeedSameBytes,
            Promise::SaveLoad,
            Promise::BatchEqualsRows,
            Promise::HostileFrames,
            Promise::HigherIsSuspicious,
        ] {
            check_with(card, &register(), &params, promise);
        }
    }
}

/// Rows near a surface of few dimensions, as traffic is, with clusters and repeated rows.
fn bent(rows: usize) -> Vec<Vec<f64>> {
    let mut rng = tripline_core::Rng::new(9);
    let mut out: Vec<Vec<f64>> = Vec::with_capacity(rows);
    for row in 0..rows {
        if row % 5 == 4 {
            out.push(out[rng.index(row)].clone());
            continue;
        }
        let hidden: Vec<f64> = (0..4).map(|_| rng.normal()).collect();
        let cluster = rng.below(6) as f64 * 3.0;
        let column = |j: usize| {
            let (a, b) = (hidden[j % 4], hidden[(j / 4 + 1) % 4]);
            a + a * b / (1.0 + j as f64) + if j.is_multiple_of(7) { cluster } else { 0.0 }
        };
        out.push((0..20).map(|j| column(j) + 0.05 * rng.normal()).collect());
    }
    out
}

#[test]
fn a_graph_finds_nearly_all_neighbours() {
    let rows = matrix(&bent(6000));
    let given =
        |exact: i64| [("n_neighbors", ParamValue::Int(20)), ("exact_rows", ParamValue::Int(exact))];
    // The mean distance is exact if all neighbours are found, else larger.
    let mean = ("method", ParamValue::Text("mean".to_owned()));
    let of = |exact: i64| {
        let given: Vec<_> = given(exact).into_iter().chain([mean.clone()]).collect();
        let estimator = estimator(&knn::CARD, &given);
        let outliers = estimator.outliers().unwrap().outlier_scores(&rows, &CONTEXT).unwrap();
        let detector = estimator.fit(&rows, &CONTEXT).unwrap();
        (outliers, detector.score(&rows).unwrap())
    };
    let (exact, graph) = (of(10_000), of(100));
    for (what, exact, graph) in [("among", &exact.0, &graph.0), ("new", &exact.1, &graph.1)] {
        let equal = exact.iter().zip(graph).filter(|(a, b)| (**a - **b).abs() <= 1e-12 * **a);
        let share = equal.count() as f64 / exact.len() as f64;
        assert!(share > 0.9, "{what}: of {share} of the rows all 20 neighbours are found");
        assert!(exact.iter().zip(graph).all(|(a, b)| *b >= a * (1.0 - 1e-12)), "{what}");
    }
}

#[test]
fn a_damaged_graph_is_refused() {
    let rows = matrix(&bent(400));
    let estimator = estimator(&knn::CARD, &[("exact_rows", ParamValue::Int(10))]);
    let detector = estimator.fit(&rows, &CONTEXT).unwrap();
    let refused = |name: &str, damage: &dyn Fn(&mut State)| {
        let mut state = detector.save();
        let mut graph = state.state("graph").unwrap().clone();
        damage(&mut graph);
        state.put_state("graph", graph);
        assert!((knn::CARD.load)(&state, &register()).is_err(), "{name}");
    };
    assert!((knn::CARD.load)(&detector.save(), &register()).is_ok());
    refused("entry", &|graph| graph.put_i64("entry", 1 << 20));
    refused("levels", &|graph| graph.put_bytes("levels", vec![0; 3]));
    refused("links", &|graph| {
        let mut base = graph.u32s("base").unwrap().to_vec();
        base[0] = 1 << 20;
        graph.put_u32s("base", base);
    });
    refused("higher links", &|graph| {
        let levels = graph.bytes("levels").unwrap();
        let ground = levels.iter().position(|&level| level == 0).unwrap() as u32;
        let mut upper = graph.u32s("upper").unwrap().to_vec();
        upper[0] = ground;
        graph.put_u32s("upper", upper);
    });
}

/// Every 41st row of UNSW-NB15, its numeric columns divided by powers of two.
fn unsw(powers: &[f64]) -> Option<Frame> {
    let Ok(folder) = std::env::var("TRIPLINE_DATA") else {
        eprintln!("skipped: TRIPLINE_DATA is not set");
        return None;
    };
    let path = std::path::Path::new(&folder).join("unsw-nb15/UNSW_NB15_82332.csv");
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let other = ["id", "label", "attack_cat", "proto", "service", "state"];
    let names = lines.next().unwrap().split(',');
    let numeric: Vec<bool> = names.map(|name| !other.contains(&name)).collect();
    let scales: Vec<f64> = powers.iter().map(|&power| 2f64.powi(power as i32)).collect();
    let rows: Vec<Vec<f64>> = lines
        .step_by(41)
        .take(2000)
        .map(|line| {
            let cells = line.split(',').zip(&numeric).filter(|(_, numeric)| **numeric);
            cells
                .zip(&scales)
                .map(|((cell, _), scale)| cell.parse::<f64>().unwrap() / scale)
                .collect()
        })
        .collect();
    Some(matrix(&rows))
}

// NumPy 2 by the definition: bench/oracles/neighbours_unsw.py
#[test]
fn data_factors_of_real_flows_are_those_of_the_definition() {
    let oracle: Value = serde_json::from_str(include_str!("../data/neighbours_unsw.json")).unwrap();
    let Some(frame) = unsw(&numbers(&oracle["powers"])) else { return };
    for (card, name) in [(&lof::CARD, "lof"), (&knn::CARD, "knn")] {
        let estimator = estimator(card, &[("n_neighbors", ParamValue::Int(20))]);
        let scores = estimator.outliers().unwrap().outlier_scores(&frame, &CONTEXT).unwrap();
        close(name, &scores, &numbers(&oracle[name]));
    }
}
