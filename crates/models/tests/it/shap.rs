//! SHAP values against other programs.

use proptest::prelude::*;
use tripline_core::{Attributions, Detector, ExplainMethod, ExplainOptions, Frame, Rng, Rows};
use tripline_models::import::{lightgbm, xgboost};
use tripline_models::tree::{Aggregate, Forest, LEAF, Reading, TreeModel};

use crate::fixture::{Fixture, bytes};
use crate::score::{random_forest, random_rows};

fn lightgbm_model(name: &str) -> TreeModel {
    lightgbm::parse(&bytes(&format!("{name}.txt"))).unwrap()
}

/// Ours equal theirs, to 1e-9 of the row's largest; `factor` is what a raw score is multiplied with.
fn compare(name: &str, model: &TreeModel, class: Option<usize>, factor: f64) {
    let fixture = Fixture::read(name);
    let frame = fixture.frame(&model.schema);
    let options = ExplainOptions { class, ..ExplainOptions::default() };
    let ours = model.explain().unwrap().attributions(&frame, &options).unwrap();
    let width = model.schema.len();
    let theirs = fixture.numbers("shap");
    let outputs = theirs.len() / ours.outputs.len() / (width + 1);
    for row in 0..ours.outputs.len() {
        let theirs = &theirs[(row * outputs + class.unwrap_or(0)) * (width + 1)..][..width + 1];
        let largest = theirs.iter().fold(0.0_f64, |a, b| a.max(b.abs())) * factor;
        let parts = ours.row(row).iter().chain([&ours.base]);
        for (j, (ours, theirs)) in parts.zip(theirs).enumerate() {
            let theirs = theirs * factor;
            assert!((ours - theirs).abs() <= 1e-9 * largest, "{name} {row} {j}: {ours} {theirs}");
        }
    }
    assert!(ours.additivity_error() < 1e-12, "{}", ours.additivity_error());
    same_alone(model, &frame, &options, &ours);
}

/// A row by itself goes another way, to the same sums in another order.
fn same_alone(model: &TreeModel, frame: &Frame, options: &ExplainOptions<'_>, ours: &Attributions) {
    for row in (0..ours.outputs.len()).take(50) {
        let alone = frame.select(&[row]);
        let alone = model.explain().unwrap().attributions(&alone, options).unwrap();
        let largest = ours.row(row).iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        for (column, (alone, ours)) in alone.values.iter().zip(ours.row(row)).enumerate() {
            assert!((alone - ours).abs() <= 1e-12 * largest, "{row} {column}: {alone} {ours}");
        }
        assert_eq!(alone.base.to_bits(), ours.base.to_bits());
        assert_eq!(alone.outputs[0].to_bits(), ours.outputs[row].to_bits());
    }
}

#[test]
fn path_dependent_values_are_those_of_lightgbm() {
    // lightgbm 4.7.0, seed 0: bench/oracles/imports.py
    for name in
        ["lightgbm_binary", "lightgbm_no_missing", "lightgbm_zero_missing", "lightgbm_regression"]
    {
        compare(name, &lightgbm_model(name), None, 1.0);
    }
    compare("lightgbm_codes", &lightgbm_model("lightgbm_codes"), None, 0.5);
    for class in 0..3 {
        compare("lightgbm_multiclass", &lightgbm_model("lightgbm_multiclass"), Some(class), 1.0);
    }
}

#[test]
fn values_with_interactions_are_those_of_xgboost() {
    // xgboost 3.2.0, seed 0: bench/oracles/imports.py; it computes in single precision
    for name in ["xgboost_binary", "xgboost_categories"] {
        let model = xgboost::parse(&bytes(&format!("{name}.model.json"))).unwrap();
        let fixture = Fixture::read(name);
        let frame = fixture.frame(&model.schema);
        let explain = model.explain().unwrap();
        let ours = explain.attributions(&frame, &ExplainOptions::default()).unwrap();
        let width = model.schema.len();
        let theirs = fixture.numbers("shap");
        for row in 0..frame.len() {
            for (a, b) in ours.row(row).iter().zip(&theirs[row * (width + 1)..]) {
                assert!((a - b).abs() < 1e-5, "{name} {row}: {a} {b}");
            }
        }
        let pairs = explain.interactions(&frame, &ExplainOptions::default()).unwrap();
        let theirs = fixture.numbers("interactions");
        let side = width + 1;
        for row in 0..theirs.len() / side / side {
            for i in 0..width {
                for j in 0..width {
                    let a = pairs.values[(row * width + i) * width + j];
                    let b = theirs[(row * side + i) * side + j];
                    assert!((a - b).abs() < 1e-5, "{name} {row} {i} {j}: {a} {b}");
                }
            }
        }
    }
}

#[test]
fn a_multiclass_score_is_explained_by_the_benign_margin() {
    let model = lightgbm_model("lightgbm_multiclass");
    let frame = Fixture::read("lightgbm_multiclass").frame(&model.schema);
    let explain = model.explain().unwrap();
    let score = explain.attributions(&frame, &ExplainOptions::default()).unwrap();
    let options = ExplainOptions { class: Some(0), ..ExplainOptions::default() };
    let benign = explain.attributions(&frame, &options).unwrap();
    assert!(score.values.iter().zip(&benign.values).all(|(a, b)| a + b == 0.0));
    assert_eq!(score.base, -benign.base);
}

/// The Shapley values of a row by their definition: over all sets of columns.
fn by_definition(model: &TreeModel, row: &[f64], background: &[Vec<f64>]) -> Vec<f64> {
    let width = row.len();
    let worth: Vec<f64> = (0..1usize << width)
        .map(|set| {
            let mut total = 0.0;
            for other in background {
                let mixed: Vec<f64> =
                    (0..width).map(|j| if set >> j & 1 == 1 { row[j] } else { other[j] }).collect();
                let mut out = vec![0.0; model.forest.outputs];
                model.forest.outputs_of(&mixed, &mut out);
                total += out[0];
            }
            total / background.len() as f64
        })
        .collect();
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    (0..width)
        .map(|i| {
            (0..1usize << width)
                .filter(|set| set >> i & 1 == 0)
                .map(|set| {
                    let size = set.count_ones() as usize;
                    let weight = factorial(size) * factorial(width - size - 1) / factorial(width);
                    weight * (worth[set | 1 << i] - worth[set])
                })
                .sum()
        })
        .collect()
}

fn rows_of(model: &TreeModel, frame: &Frame) -> Vec<Vec<f64>> {
    let aligned = model.schema.align(frame.rows().unwrap()).unwrap();
    let mut block = Vec::new();
    aligned.block(0, aligned.len, &mut block);
    block.chunks_exact(aligned.columns.len()).map(<[f64]>::to_vec).collect()
}

#[test]
fn interventional_values_are_those_of_the_definition() {
    for name in ["lightgbm_binary", "lightgbm_zero_missing", "lightgbm_forest"] {
        let model = lightgbm_model(name);
        let frame = Fixture::read(name).frame(&model.schema);
        let background = frame.select(&(5..45).collect::<Vec<_>>());
        let method = ExplainMethod::Interventional { background: &background };
        let options = ExplainOptions { method, class: None };
        let ours = model.explain().unwrap().attributions(&frame, &options).unwrap();
        let (rows, others) = (rows_of(&model, &frame), rows_of(&model, &background));
        for (number, row) in rows.iter().enumerate().step_by(7) {
            let expected = by_definition(&model, row, &others);
            for (a, b) in ours.row(number).iter().zip(&expected) {
                assert!((a - b).abs() < 1e-12, "{name} {number}: {a} {b}");
            }
        }
        assert!(ours.additivity_error() < 1e-12);
    }
}

#[test]
fn values_do_not_depend_on_the_rows_beside() {
    let model = lightgbm_model("lightgbm_binary");
    let frame = Fixture::read("lightgbm_binary").frame(&model.schema);
    let explain = model.explain().unwrap();
    let many = frame.select(&(0..600).map(|i| i % frame.len()).collect::<Vec<_>>());
    let all = explain.attributions(&many, &ExplainOptions::default()).unwrap();
    same_alone(&model, &many, &ExplainOptions::default(), &all);
    // A part of them, as a block, gives the same bits.
    let part = explain
        .attributions(&many.select(&(290..330).collect::<Vec<_>>()), &ExplainOptions::default())
        .unwrap();
    for row in 290..330 {
        assert_eq!(part.row(row - 290), all.row(row));
    }
}

#[test]
fn interactions_sum_to_the_values() {
    let model = lightgbm_model("lightgbm_binary");
    let frame = Fixture::read("lightgbm_binary").frame(&model.schema);
    let explain = model.explain().unwrap();
    let values = explain.attributions(&frame, &ExplainOptions::default()).unwrap();
    let pairs = explain.interactions(&frame, &ExplainOptions::default()).unwrap();
    let width = model.schema.len();
    for row in 0..frame.len() {
        let pairs = &pairs.values[row * width * width..][..width * width];
        for i in 0..width {
            let sum: f64 = pairs[i * width..(i + 1) * width].iter().sum();
            assert!((sum - values.row(row)[i]).abs() < 1e-12);
            for j in 0..i {
                assert!((pairs[i * width + j] - pairs[j * width + i]).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn a_tree_without_a_split_gives_no_column_anything() {
    let mut forest = Forest::empty(1, 1, Aggregate::Sum);
    forest.roots = vec![0, 1];
    forest.tree_output = vec![0];
    forest.feature = vec![LEAF];
    forest.threshold = vec![0.0];
    forest.left = vec![0];
    forest.right = vec![0];
    forest.flags = vec![0];
    forest.cover = vec![1.0];
    forest.gain = vec![0.0];
    forest.values = vec![0.5];
    forest.check().unwrap();
    let rows = Rows::from_matrix(&["bytes"], &[vec![1.0], vec![2.0]]).unwrap();
    let schema = rows.schema().as_ref().clone();
    let card = lightgbm_model("lightgbm_binary").card;
    let model = TreeModel::new(card, schema, forest, Reading::Logit, Vec::new());
    for index in [&[0][..], &[0, 1], &[0, 1, 0, 1, 0]] {
        let frame = Frame::from(rows.select(index));
        let found = model.explain().unwrap().attributions(&frame, &ExplainOptions::default());
        let found = found.unwrap();
        assert_eq!((found.base, found.values), (0.5, vec![0.0; index.len()]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Columns tested again and again, rows of training that went nowhere, every kind of test.
    #[test]
    fn a_row_alone_is_explained_as_in_a_block(
        seed: u64, trees in 1usize..6, leaves in 1usize..60, vector: bool,
    ) {
        let mut rng = Rng::new(seed);
        let mut forest = random_forest(&mut rng, trees, leaves, vector);
        forest.cover.iter_mut().for_each(|cover| *cover = rng.index(4) as f64);
        let rows = random_rows(&mut rng, 40);
        let schema = rows.schema().as_ref().clone();
        let outputs = forest.outputs;
        let (reading, classes) = match outputs {
            1 => (Reading::Logit, Vec::new()),
            _ => (Reading::Probability, (0..outputs).map(|class| class.to_string()).collect()),
        };
        let card = lightgbm_model("lightgbm_binary").card;
        let model = TreeModel::new(card, schema, forest, reading, classes);
        let frame = Frame::from(rows);
        for class in 0..outputs {
            let class = (outputs > 1).then_some(class);
            let options = ExplainOptions { class, ..ExplainOptions::default() };
            let all = model.explain().unwrap().attributions(&frame, &options).unwrap();
            same_alone(&model, &frame, &options, &all);
        }
    }
}
