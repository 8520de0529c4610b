//! Fitting: where thresholds come from, what is kept out.

use std::collections::BTreeMap;

use tripline_assess::threshold::ThresholdRule;
use tripline_core::{Column, Dataset, Labels, Rng, Rows, Silent, Source, Supervision, Task};
use tripline_engine::evaluate::evaluate;
use tripline_engine::explain::ExplainSettings;
use tripline_engine::{
    EngineError, JudgingSettings, Model, Plan, TrainingSettings, ValidationRule, trainable,
};

/// Two overlapping kinds of rows.
fn data(rows: usize, seed: u64) -> Dataset {
    let mut rng = Rng::new(seed);
    let attacks: Vec<bool> = (0..rows).map(|row| row % 4 == 0).collect();
    let shift = |attack: bool| if attack { 1.5 } else { 0.0 };
    let bytes: Vec<f64> = attacks.iter().map(|&a| rng.normal() + shift(a)).collect();
    let time: Vec<f64> = attacks.iter().map(|&a| rng.exponential() + shift(a)).collect();
    let kinds = ["tcp", "udp", "icmp"];
    let kind: Vec<Option<&str>> = (0..rows).map(|_| Some(kinds[rng.index(3)])).collect();
    let weight: Vec<f64> = (0..rows).map(|row| (row % 2) as f64 + 1.0).collect();
    let columns = vec![
        ("bytes".to_owned(), Column::numeric(bytes)),
        ("time".to_owned(), Column::numeric(time)),
        ("kind".to_owned(), Column::category(&kind)),
        ("weight".to_owned(), Column::numeric(weight)),
    ];
    Dataset {
        rows: Rows::new(columns).unwrap(),
        labels: Some(Labels::binary(&attacks)),
        time: None,
        source: std::sync::Arc::new(Source {
            name: "made".to_owned(),
            layout: "table".to_owned(),
            sha256: format!("{seed:064x}"),
            bytes: 0,
            rows: rows as u64,
            bad_records: 0,
        }),
        notes: Vec::new(),
    }
}

fn settings(id: &str) -> TrainingSettings {
    let mut params = Vec::new();
    let card = trainable().iter().find(|card| card.id == id).unwrap();
    if card.params.iter().any(|spec| spec.name == "n_estimators") {
        params.push(("n_estimators".to_owned(), "20".to_owned()));
    }
    TrainingSettings {
        params: BTreeMap::from([(id.to_owned(), params)]),
        threshold: ThresholdRule::Fpr(0.05),
        ..TrainingSettings::default()
    }
}

fn fit(id: &str, settings: &TrainingSettings) -> Model {
    Plan::new(id, settings).unwrap().fit(&data(2000, 1), 0, &Silent).unwrap().model
}

#[test]
fn rows_that_repeat_are_one_piece_of_evidence() {
    let model = fit("gradient_boosting", &settings("gradient_boosting"));
    let once = data(400, 2);
    let index: Vec<usize> = (0..400).cycle().take(4000).collect();
    let width = |data: &Dataset| {
        let test = evaluate(&model, data, &JudgingSettings::default(), 0).unwrap().test;
        let interval = test.metric("roc_auc").unwrap().interval.unwrap();
        (interval.high - interval.low, test.resampled)
    };
    let (one, of) = width(&once);
    assert_eq!(of, Some("rows"));
    let (ten, of) = width(&once.select(&index));
    assert_eq!(of, Some("groups of equal rows"));
    // Ten copies are no more evidence; as rows of their own they would be, by a factor of 3.
    assert!(ten > 0.9 * one, "{ten} {one}");
}

#[test]
fn a_threshold_keeps_its_budget_on_rows_that_it_never_saw() {
    let later = data(4000, 2);
    for card in trainable() {
        for validation in
            [ValidationRule::Holdout { share: 0.3 }, ValidationRule::OutOfFold { folds: 3 }]
        {
            let model = fit(card.id, &TrainingSettings { validation, ..settings(card.id) });
            let judgement = evaluate(&model, &later, &JudgingSettings::default(), 0).unwrap();
            let fpr = judgement.test.value("fpr").unwrap();
            // 450 benign validation rows tell 5 % to about ± 1 %; four of these, as many are asked.
            // Loda's histograms have the more bins the more rows they are fitted to, so folds score
            // a little lower than the model of all rows does.
            let most = if card.id == "loda" { 0.13 } else { 0.09 };
            assert!(fpr < most, "{} {validation}: {fpr}", card.id);
            // What learns benign rows alone may be blind to these attacks; its budget holds still.
            let auc = judgement.test.value("roc_auc").unwrap();
            let told = card.supervision == Supervision::Supervised;
            assert!(!told || auc > 0.75, "{} {validation}: {auc}", card.id);
        }
    }
}

#[test]
fn out_of_fold_fits_all_rows() {
    let fold = TrainingSettings {
        validation: ValidationRule::OutOfFold { folds: 4 },
        ..settings("random_forest")
    };
    let model = fit("random_forest", &fold);
    assert_eq!(model.provenance().fitted_rows, 2000);
    assert_eq!(model.provenance().validation_rows, 2000);
    let model = fit("random_forest", &settings("random_forest"));
    assert_eq!(model.provenance().fitted_rows + model.provenance().validation_rows, 2000);
}

#[test]
fn a_column_of_weights_is_no_feature() {
    let weighted =
        TrainingSettings { weights: Some("weight".to_owned()), ..settings("gradient_boosting") };
    let model = fit("gradient_boosting", &weighted);
    assert_eq!(model.input().names().collect::<Vec<_>>(), ["bytes", "time", "kind"]);
    let other =
        TrainingSettings { weights: Some("kind".to_owned()), ..settings("gradient_boosting") };
    let error =
        Plan::new("gradient_boosting", &other).unwrap().fit(&data(100, 1), 0, &Silent).unwrap_err();
    assert!(matches!(error, EngineError::Weights { .. }), "{error}");
}

#[test]
fn attributions_sum_to_the_score_in_the_columns_of_the_data() {
    let rows = data(200, 3).rows;
    for card in trainable().iter().filter(|card| card.abilities.explain) {
        let model = fit(card.id, &settings(card.id));
        let explained = model.explain(&rows, &ExplainSettings::default()).unwrap();
        let attributions = &explained.folded.attributions;
        assert!(attributions.additivity_error() < 1e-6, "{}", card.id);
        for feature in &attributions.features {
            assert!(rows.column(feature).is_some(), "{}: `{feature}`", card.id);
        }
    }
}

#[test]
fn a_model_survives_its_file() {
    let rows = data(500, 4).rows;
    for card in trainable() {
        let task = if card.abilities.multiclass { Task::Multiclass } else { Task::Binary };
        let model = fit(card.id, &TrainingSettings { task, ..settings(card.id) });
        let bytes = model.to_file(None).unwrap().to_bytes();
        let path = std::path::Path::new("m.trip");
        let back = Model::from_bytes(path, &bytes, &Default::default()).unwrap();
        let (one, other) = (model.score(&rows).unwrap(), back.score(&rows).unwrap());
        assert_eq!(one.raw, other.raw, "{}", card.id);
        assert_eq!(one.probability, other.probability, "{}", card.id);
        assert_eq!(one.class, other.class, "{}", card.id);
        assert_eq!(back.provenance(), model.provenance());
        assert_eq!(back.to_file(None).unwrap().to_bytes(), bytes);
    }
}

#[test]
fn a_method_that_learns_benign_rows_needs_no_labels() {
    let mut unlabelled = data(1000, 5);
    unlabelled.labels = None;
    let plan = Plan::new("isolation_forest", &settings("isolation_forest")).unwrap();
    let fitted = plan.fit(&unlabelled, 0, &Silent).unwrap();
    assert_eq!(fitted.model.calibrator().kind().name(), "tail");
    let plan = Plan::new("gradient_boosting", &settings("gradient_boosting")).unwrap();
    let error = plan.fit(&unlabelled, 0, &Silent).unwrap_err();
    assert!(matches!(error, EngineError::NoLabels { .. }), "{error}");
}

#[test]
fn a_model_that_is_blind_to_the_attacks_says_so_and_still_ranks() {
    let mut inside = data(2000, 3);
    let labels = inside.labels.clone().unwrap();
    // Attacks stand where benign rows are densest.
    let mut rng = Rng::new(5);
    let values: Vec<f64> =
        (0..2000).map(|row| rng.normal() * if labels.is_attack(row) { 0.1 } else { 1.0 }).collect();
    inside.rows = Rows::new(vec![("bytes".to_owned(), Column::numeric(values))]).unwrap();
    let fitted =
        Plan::new("z_score", &settings("z_score")).unwrap().fit(&inside, 0, &Silent).unwrap();
    let verdicts = fitted.model.score(&inside.rows).unwrap();
    let mut distinct = verdicts.probability.clone();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    assert!(distinct.len() > 1000, "{} probabilities", distinct.len());
    let note = fitted.model.decision().note.clone().unwrap();
    assert!(note.contains("does not find them"), "{note}");
}
