//! What the training of trees gives, beside LightGBM and scikit-learn.

use crate::conformance::register;
use proptest::prelude::*;
use serde_json::Value;
use tripline_core::{
    Card, Category, Column, Detector, FitContext, Frame, Labels, Params, Rows, Silent, Task,
    Validation,
};
use tripline_models::tree::{extra_trees, gradient_boosting, isolation_forest, random_forest};

/// `tests/data/trees.json`, made by `bench/oracles/trees.py`.
fn oracle() -> Value {
    serde_json::from_str(include_str!("../data/trees.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// Knuth's MMIX linear congruential generator, upper 32 bits; as in the script.
struct Stream(u64);

impl Stream {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 32) * bound) >> 32
    }
}

/// Rows as in the script: five numeric columns `a`–`e`, a category `f` of 8; attack or not.
fn rows(seed: u64, count: usize) -> (Vec<[f64; 6]>, Vec<bool>) {
    let mut stream = Stream(seed);
    let mut table = Vec::new();
    let mut attack = Vec::new();
    for _ in 0..count {
        let mut row = [0; 6];
        row[..5].iter_mut().for_each(|value| *value = 1 + stream.below(60));
        row[5] = stream.below(8);
        let mut risk = 0;
        risk += if row[0] > 40 { 3 } else { 0 };
        risk += if row[1] + row[2] > 75 { 2 } else { 0 };
        risk += if [1, 4, 6].contains(&row[5]) { 2 } else { 0 };
        risk -= if row[3] * row[4] < 400 { 2 } else { 0 };
        risk += (0..3).map(|_| stream.below(3) as i64).sum::<i64>() - 3;
        table.push(row.map(|value| value as f64));
        attack.push(risk > 2);
    }
    (table, attack)
}

fn frame(table: &[[f64; 6]], width: usize) -> Frame {
    let names = ["a", "b", "c", "d", "e", "f"];
    let categories: Vec<String> = (0..8).map(|code| format!("c{code}")).collect();
    let column = |j: usize| {
        let values: Vec<f64> = table.iter().map(|row| row[j]).collect();
        if j < 5 {
            return Column::numeric(values);
        }
        let codes = values.iter().map(|&value| value as u32).collect::<Vec<_>>().into();
        Column::Category(Category { codes, values: categories.clone().into() })
    };
    Rows::new((0..width).map(|j| (names[j].to_owned(), column(j))).collect()).unwrap().into()
}

struct Fit<'a> {
    card: &'static Card,
    params: &'a [(&'a str, &'a str)],
    weights: Option<&'a [f64]>,
    validation: Option<Validation<'a>>,
    task: Task,
}

impl<'a> Fit<'a> {
    fn new(card: &'static Card, params: &'a [(&'a str, &'a str)]) -> Self {
        Self { card, params, weights: None, validation: None, task: Task::Binary }
    }

    fn run(&self, frame: &Frame, labels: &Labels) -> Box<dyn Detector> {
        let given: Vec<(String, String)> =
            self.params.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let params = Params::parse(self.card.params, &given).unwrap();
        let context = FitContext {
            labels: Some(labels),
            weights: self.weights,
            validation: self.validation,
            task: self.task,
            seed: 0,
            progress: &Silent,
        };
        (self.card.build)(&params, &register()).unwrap().fit(frame, &context).unwrap()
    }
}

fn auc(scores: &[f64], attack: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let (mut benign, mut area, mut attacks) = (0.0, 0.0, 0.0);
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let own = tied.iter().filter(|&&row| attack[row]).count() as f64;
        area += own * (benign + (tied.len() as f64 - own) / 2.0);
        benign += tied.len() as f64 - own;
        attacks += own;
    }
    area / (benign * attacks)
}

/// Scores of boosted trees equal LightGBM's on the rows that they were grown on.
fn equals_lightgbm(name: &str, params: &[(&str, &str)], width: usize, missing: bool) {
    let (mut table, attack) = rows(1, 400);
    if missing {
        table.iter_mut().filter(|row| row[1] > 50.0).for_each(|row| row[1] = f64::NAN);
    }
    let frame = frame(&table, width);
    let mut all = vec![
        ("num_leaves", "8"),
        ("min_child_samples", "5"),
        ("learning_rate", "0.3"),
        ("n_estimators", "1"),
    ];
    all.extend_from_slice(params);
    let model = Fit::new(&gradient_boosting::CARD, &all).run(&frame, &Labels::binary(&attack));
    let scores = model.score(&frame).unwrap();
    let wanted = numbers(&oracle()["boosted"][name]);
    assert_eq!(scores.len(), wanted.len());
    for (row, (score, wanted)) in scores.iter().zip(&wanted).enumerate() {
        assert!((score - wanted).abs() < 1e-6, "{name}, row {row}: {score} {wanted}");
    }
}

// LightGBM 4.7.0, seed 0
#[test]
fn a_tree_equals_that_of_lightgbm() {
    equals_lightgbm("numeric", &[], 5, false);
}

// LightGBM 4.7.0, seed 0
#[test]
fn ten_trees_equal_those_of_lightgbm() {
    let params = [("n_estimators", "10"), ("min_child_samples", "1"), ("min_child_weight", "2")];
    equals_lightgbm("numeric_10", &params, 5, false);
}

// LightGBM 4.7.0, seed 0
#[test]
fn penalties_equal_those_of_lightgbm() {
    equals_lightgbm("penalties", &[("reg_alpha", "2"), ("reg_lambda", "3")], 5, false);
}

// LightGBM 4.7.0, seed 0
#[test]
fn missing_values_go_as_in_lightgbm() {
    equals_lightgbm("missing", &[], 5, true);
}

// LightGBM 4.7.0, seed 0
#[test]
fn category_sets_equal_those_of_lightgbm() {
    equals_lightgbm(
        "category",
        &[("min_data_per_group", "10"), ("cat_smooth", "2"), ("cat_l2", "10")],
        6,
        false,
    );
}

// LightGBM 4.7.0, seed 0
#[test]
fn the_depth_limit_equals_that_of_lightgbm() {
    equals_lightgbm("depth", &[("num_leaves", "31"), ("max_depth", "2")], 5, false);
}

fn ranks_as_well(card: &'static Card, params: &[(&str, &str)]) {
    let ((train, known), (test, asked)) = (rows(2, 6000), rows(3, 6000));
    let model = Fit::new(card, params).run(&frame(&train, 6), &Labels::binary(&known));
    let own = auc(&model.score(&frame(&test, 6)).unwrap(), &asked);
    let wanted = oracle()["auc"][card.id].as_f64().unwrap();
    assert!(own > wanted - 0.002, "{}: {own} {wanted}", card.id);
}

// LightGBM 4.7.0, seed 0
#[test]
fn boosting_ranks_as_well_as_lightgbm() {
    ranks_as_well(&gradient_boosting::CARD, &[("n_estimators", "60"), ("num_leaves", "15")]);
}

// scikit-learn 1.9.1, seed 0
#[test]
fn random_forest_ranks_as_well_as_scikit_learn() {
    ranks_as_well(&random_forest::CARD, &[("n_estimators", "200"), ("min_samples_leaf", "3")]);
}

// scikit-learn 1.9.1, seed 0
#[test]
fn extra_trees_rank_as_well_as_scikit_learn() {
    ranks_as_well(&extra_trees::CARD, &[("n_estimators", "200"), ("min_samples_leaf", "3")]);
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    order.iter().enumerate().for_each(|(rank, &row)| ranks[row] = rank as f64);
    ranks
}

// scikit-learn 1.9.1, seed 0, 1000 trees
#[test]
fn isolation_orders_rows_as_scikit_learn_does() {
    let ((train, known), (mut test, _)) = (rows(2, 6000), rows(3, 500));
    // Each row is as far from the others as its number says, so that their order is no chance.
    for (number, row) in test.iter_mut().enumerate() {
        row[..5].iter_mut().for_each(|value| *value += (8 * (number % 7)) as f64);
    }
    let card = &isolation_forest::CARD;
    let model =
        Fit::new(card, &[("n_estimators", "1000")]).run(&frame(&train, 6), &Labels::binary(&known));
    let scores = model.score(&frame(&test, 6)).unwrap();
    let wanted = numbers(&oracle()["isolation"]);
    let (own, theirs) = (ranks(&scores), ranks(&wanted));
    let middle = (own.len() as f64 - 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - middle) * (b - middle)).sum()
    };
    let correlation = product(&own, &theirs) / product(&own, &own);
    assert!(correlation >= 0.98, "{correlation}");
    let distance = scores.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(distance < 0.02, "{distance}");
}

#[test]
fn threads_do_not_change_a_byte() {
    let (table, attack) = rows(4, 9000);
    let (frame, labels) = (frame(&table, 6), Labels::binary(&attack));
    let few = [("n_estimators", "12")];
    let sampled = [("n_estimators", "6"), ("subsample", "0.5"), ("colsample_bynode", "0.5")];
    let goss = [("n_estimators", "6"), ("data_sample_strategy", "goss")];
    let wide = [("n_estimators", "4"), ("max_bin", "1000")];
    let judged = [("n_estimators", "20"), ("oob_score", "true")];
    let cases: [(&'static Card, &[(&str, &str)]); 7] = [
        (&gradient_boosting::CARD, &few),
        (&gradient_boosting::CARD, &sampled),
        (&gradient_boosting::CARD, &goss),
        (&gradient_boosting::CARD, &wide),
        (&random_forest::CARD, &judged),
        (&extra_trees::CARD, &few),
        (&isolation_forest::CARD, &few),
    ];
    for (card, params) in cases {
        let bytes = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Fit::new(card, params).run(&frame, &labels).save().to_bytes())
        };
        let one = bytes(1);
        assert!(one == bytes(2) && one == bytes(5), "{} {params:?}", card.id);
    }
}

#[test]
fn fewer_bins_than_values_lose_little() {
    let ((train, known), (test, asked)) = (rows(2, 6000), rows(3, 6000));
    let area = |bins: &str| {
        let params = [("n_estimators", "60"), ("num_leaves", "15"), ("max_bin", bins)];
        let model = Fit::new(&gradient_boosting::CARD, &params)
            .run(&frame(&train, 6), &Labels::binary(&known));
        auc(&model.score(&frame(&test, 6)).unwrap(), &asked)
    };
    let (all, few) = (area("255"), area("15"));
    assert!(few > all - 0.01, "{few} {all}");
}

#[test]
fn boosting_stops_when_held_out_rows_get_worse() {
    let ((train, known), (held, truth)) = (rows(2, 2000), rows(3, 2000));
    let (train, held) = (frame(&train, 6), frame(&held, 6));
    let (labels, truth) = (Labels::binary(&known), Labels::binary(&truth));
    let params = [("n_estimators", "400"), ("early_stopping_rounds", "10")];
    let mut fit = Fit::new(&gradient_boosting::CARD, &params);
    let trees = |model: Box<dyn Detector>| {
        model.save().state("forest").unwrap().u32s("roots").unwrap().len() - 1
    };
    let all = trees(fit.run(&train, &labels));
    fit.validation = Some(Validation { frame: &held, labels: &truth, weights: None });
    let stopped = trees(fit.run(&train, &labels));
    assert_eq!(all, 400);
    assert!((10..150).contains(&stopped), "{stopped}");
}

#[test]
fn classes_have_probabilities_that_agree_with_the_score() {
    let (table, attack) = rows(5, 3000);
    let names: Vec<String> = table
        .iter()
        .zip(&attack)
        .map(|(row, &attack)| match (attack, row[0] > 40.0) {
            (false, _) => "benign".to_owned(),
            (true, true) => "dos".to_owned(),
            (true, false) => "scan".to_owned(),
        })
        .collect();
    let labels = Labels::from_names(&names, "benign");
    let frame = frame(&table, 6);
    for card in [&gradient_boosting::CARD, &random_forest::CARD, &extra_trees::CARD] {
        let params = [("n_estimators", "40")];
        let mut fit = Fit::new(card, &params);
        fit.task = Task::Multiclass;
        let model = fit.run(&frame, &labels);
        let classes = model.classes().unwrap();
        assert_eq!(classes.names(), ["benign", "dos", "scan"]);
        let probabilities = classes.probabilities(&frame).unwrap();
        let scores = model.score(&frame).unwrap();
        let mut right = 0;
        for (row, p) in probabilities.chunks_exact(3).enumerate() {
            assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            let attack = match model.link() {
                tripline_core::Link::Logit => 1.0 / (1.0 + tripline_core::math::exp(-scores[row])),
                _ => scores[row],
            };
            assert!((attack - (1.0 - p[0])).abs() < 1e-9, "{}", card.id);
            let likely = (0..3).max_by(|&a, &b| p[a].total_cmp(&p[b])).unwrap();
            right += usize::from(likely == labels.codes()[row] as usize);
        }
        assert!(right > 2700, "{}: {right} of 3000", card.id);
    }
}

#[test]
fn rows_out_of_bag_are_judged_as_rows_held_out() {
    let ((train, known), (test, asked)) = (rows(2, 6000), rows(3, 6000));
    let params = [("oob_score", "true"), ("min_samples_leaf", "3")];
    let model =
        Fit::new(&random_forest::CARD, &params).run(&frame(&train, 6), &Labels::binary(&known));
    let held_out = auc(&model.score(&frame(&test, 6)).unwrap(), &asked);
    let out_of_bag = model.save().f64("out_of_bag").unwrap();
    assert!((held_out - out_of_bag).abs() < 0.02, "{held_out} {out_of_bag}");
}

#[test]
fn balance_gives_rare_attacks_their_weight() {
    let (table, attack) = rows(6, 4000);
    let keep: Vec<usize> = (0..4000).filter(|&row| !attack[row] || row % 20 == 0).collect();
    let table: Vec<[f64; 6]> = keep.iter().map(|&row| table[row]).collect();
    let attack: Vec<bool> = keep.iter().map(|&row| attack[row]).collect();
    let (frame, labels) = (frame(&table, 6), Labels::binary(&attack));
    let mean = |class_weight: &str| {
        let params = [("n_estimators", "5"), ("class_weight", class_weight)];
        let scores = Fit::new(&gradient_boosting::CARD, &params).run(&frame, &labels);
        scores.score(&frame).unwrap().iter().sum::<f64>() / attack.len() as f64
    };
    let (none, balanced) = (mean("none"), mean("balanced"));
    assert!(balanced > none + 1.0, "{none} {balanced}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_monotone_score_never_goes_the_other_way(seed in 0u64..1000, rising: bool) {
        let (table, attack) = rows(seed, 300);
        let direction = if rising { "a:+1" } else { "a:-1" };
        let params = [
            ("n_estimators", "20"),
            ("min_child_samples", "3"),
            ("monotone_constraints", direction),
        ];
        let frame_of = |table: &[[f64; 6]]| frame(table, 6);
        let model = Fit::new(&gradient_boosting::CARD, &params)
            .run(&frame_of(&table), &Labels::binary(&attack));
        for row in table.iter().take(20) {
            let line: Vec<[f64; 6]> = (0..=62)
                .map(|value| [f64::from(value), row[1], row[2], row[3], row[4], row[5]])
                .collect();
            let scores = model.score(&frame_of(&line)).unwrap();
            for pair in scores.windows(2) {
                let holds = if rising { pair[0] <= pair[1] } else { pair[0] >= pair[1] };
                prop_assert!(holds, "{pair:?}");
            }
        }
    }

    #[test]
    fn whole_weights_are_repeated_rows(seed in 0u64..1000) {
        let (table, attack) = rows(seed, 200);
        let weights: Vec<f64> = (0..200).map(|row| f64::from(row % 4)).collect();
        let repeated: Vec<usize> = (0..200).flat_map(|row| vec![row; row % 4]).collect();
        let params = [("n_estimators", "10")];
        for card in [&gradient_boosting::CARD, &extra_trees::CARD] {
            let mut fit = Fit::new(card, &params);
            let frame = frame(&table, 6);
            let labels = Labels::binary(&attack);
            let plain = fit.run(&frame.select(&repeated), &labels.select(&repeated));
            fit.weights = Some(&weights);
            let weighted = fit.run(&frame, &labels);
            prop_assert_eq!(plain.score(&frame).unwrap(), weighted.score(&frame).unwrap());
        }
    }
}
