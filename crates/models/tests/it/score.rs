//! The fast scorer against the plain walk, to the last bit.

use proptest::prelude::*;
use tripline_core::{Column, Rng, Rows};
use tripline_models::import::lightgbm;
use tripline_models::tree::{Aggregate, Forest, LEAF, Scorer, Split};

use crate::fixture::{Fixture, bytes};

/// A forest of random trees with tests of every kind.
pub(crate) fn random_forest(rng: &mut Rng, trees: usize, leaves: usize, vector: bool) -> Forest {
    let width = 5;
    let outputs = 1 + rng.index(3);
    let aggregate = if rng.unit() < 0.5 { Aggregate::Sum } else { Aggregate::Mean };
    let mut forest = Forest::empty(width, outputs, aggregate);
    forest.single_precision = rng.unit() < 0.3;
    forest.base = (0..outputs).map(|_| rng.normal()).collect();
    for _ in 0..trees {
        let root = forest.nodes();
        push(&mut forest);
        let mut open = vec![root];
        for _ in 1..leaves {
            let node = open.swap_remove(rng.index(open.len()));
            split(&mut forest, rng, node);
            open.extend([forest.left[node] as usize, forest.right[node] as usize]);
        }
        for node in root..forest.nodes() {
            if forest.is_leaf(node) {
                let size = if vector { outputs } else { 1 };
                forest.left[node] = (forest.values.len() / size) as u32;
                (0..size).for_each(|_| forest.values.push(rng.normal()));
            }
        }
        forest.roots.push(forest.nodes() as u32);
        if !vector {
            forest.tree_output.push(rng.index(outputs) as u32);
        }
    }
    forest.check().unwrap();
    forest
}

fn push(forest: &mut Forest) {
    forest.feature.push(LEAF);
    forest.threshold.push(0.0);
    forest.left.push(0);
    forest.right.push(0);
    forest.flags.push(0);
    forest.cover.push(1.0);
    forest.gain.push(0.0);
}

fn split(forest: &mut Forest, rng: &mut Rng, node: usize) {
    let column = rng.index(forest.width);
    forest.feature[node] = column as u32;
    forest.left[node] = forest.nodes() as u32;
    forest.right[node] = forest.nodes() as u32 + 1;
    push(forest);
    push(forest);
    let kinds = [
        0,
        Split::MISSING_LEFT,
        Split::NAN_AS_ZERO,
        Split::ZERO_AS_MISSING,
        Split::ZERO_AS_MISSING | Split::MISSING_LEFT,
    ];
    forest.flags[node] = kinds[rng.index(kinds.len())];
    if column >= 3 {
        forest.flags[node] |= Split::CATEGORY;
        forest.threshold[node] = (forest.category_sets.len() - 1) as f64;
        for _ in 0..rng.index(3) {
            forest.category_bits.push(rng.next_u64() as u32);
        }
        forest.category_sets.push(forest.category_bits.len() as u32);
    } else {
        forest.threshold[node] = match rng.index(20) {
            0 => f64::INFINITY,
            1 => f64::NEG_INFINITY,
            2 => 0.0,
            3 => -0.0,
            4 => 1.0,
            _ => rng.normal(),
        };
    }
}

/// Rows of ordinary and awkward values; column 3 is numeric, column 4 a category column.
pub(crate) fn random_rows(rng: &mut Rng, count: usize) -> Rows {
    let awkward = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e-36, -1.0, 1e300, 1.0];
    let numeric = |rng: &mut Rng, scale: f64| {
        let value = |rng: &mut Rng| match rng.index(4) {
            0 => awkward[rng.index(awkward.len())],
            _ => rng.normal() * scale,
        };
        Column::numeric((0..count).map(|_| value(rng)).collect())
    };
    let mut columns: Vec<(String, Column)> =
        (0..3).map(|j| (format!("c{j}"), numeric(rng, 1.0))).collect();
    columns.push(("c3".to_owned(), numeric(rng, 40.0)));
    let names: Vec<Option<String>> =
        (0..count).map(|_| (rng.unit() < 0.8).then(|| format!("{:03}", rng.index(70)))).collect();
    columns.push(("c4".to_owned(), Column::category(&names)));
    Rows::new(columns).unwrap()
}

fn check(forest: &Forest, rows: &Rows) {
    let aligned = rows.schema().align(rows).unwrap();
    let outputs = forest.outputs;
    let mut expected = vec![0.0; rows.len() * outputs];
    let mut values = Vec::new();
    aligned.block(0, rows.len(), &mut values);
    for (row, out) in expected.chunks_exact_mut(outputs).enumerate() {
        forest.outputs_of(&values[row * forest.width..][..forest.width], out);
    }
    let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    for scorer in Scorer::variants(forest) {
        let mut batch = vec![0.0; expected.len()];
        scorer.score_rows(&aligned, &mut batch);
        assert_eq!(bits(&batch), bits(&expected), "{scorer:.0?}");
        let mut single = vec![0.0; expected.len()];
        for (row, out) in single.chunks_exact_mut(outputs).enumerate() {
            scorer.score_row(&values[row * forest.width..][..forest.width], out);
        }
        assert_eq!(bits(&single), bits(&expected));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_path_gives_the_bits_of_the_plain_walk(
        seed: u64, trees in 1usize..12, leaves in 1usize..80, vector: bool, rows in 1usize..600,
    ) {
        let mut rng = Rng::new(seed);
        let forest = random_forest(&mut rng, trees, leaves, vector);
        check(&forest, &random_rows(&mut rng, rows));
    }
}

#[test]
fn more_thresholds_than_a_byte_counts_make_several_views() {
    let mut rng = Rng::new(1);
    let forest = random_forest(&mut rng, 120, 20, false);
    check(&forest, &random_rows(&mut rng, 300));
}

#[test]
fn large_trees_are_walked() {
    let mut rng = Rng::new(2);
    let forest = random_forest(&mut rng, 5, 2000, true);
    check(&forest, &random_rows(&mut rng, 100));
}

#[test]
fn a_real_model_gives_the_bits_of_the_plain_walk() {
    for name in ["lightgbm_binary", "lightgbm_multiclass", "lightgbm_zero_missing"] {
        let model = lightgbm::parse(&bytes(&format!("{name}.txt"))).unwrap();
        let frame = Fixture::read(name).frame(&model.schema);
        check(&model.forest, frame.rows().unwrap());
    }
}

#[test]
fn no_rows_and_no_trees_are_no_mistake() {
    let mut rng = Rng::new(3);
    check(&random_forest(&mut rng, 3, 8, false), &random_rows(&mut rng, 0));
    check(&Forest::empty(5, 2, Aggregate::Mean), &random_rows(&mut rng, 3));
}
