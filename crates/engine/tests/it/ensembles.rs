//! Ensembles whose members have their own preparation; explanations of models that have none.

use std::collections::BTreeMap;
use std::path::Path;

use tripline_conformance::{PROMISES, check_with, sample};
use tripline_core::{Dataset, Input, Params, Promise, Rows, Silent, Source};
use tripline_engine::attribution::AttributionMethod;
use tripline_engine::explain::ExplainSettings;
use tripline_engine::register::{member_search, params, trainable_card};
use tripline_engine::{Model, Plan, TrainingSettings, register};
use tripline_store::Limits;

/// Rows with a category column, of three classes.
fn data(rows: usize, seed: u64) -> Dataset {
    let sample = sample(Input::Mixed, rows, 2.0, seed);
    Dataset {
        rows: sample.rows,
        labels: Some(sample.labels),
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

fn fit(id: &str, given: &[(&str, &str)]) -> Model {
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let settings = TrainingSettings {
        params: BTreeMap::from([(id.to_owned(), given.collect())]),
        ..TrainingSettings::default()
    };
    Plan::new(id, &settings).unwrap().fit(&data(900, 1), 0, &Silent).unwrap().model
}

const MEMBERS: &str = "gradient_boosting(n_estimators=20)+sgd+\
                       few:isolation_forest[outliers=iqr:3,impute=median,encode=ordinal](n_estimators=30)";

#[test]
fn members_get_columns_as_their_own_preparation_gives_them() {
    let model = fit("voting", &[("members", MEMBERS)]);
    let rows = data(300, 2).rows;
    let verdicts = model.score(&rows).unwrap();
    let bytes = model.to_file(None).unwrap().to_bytes();
    let again = Model::from_bytes(Path::new("v.trip"), &bytes, &Limits::default()).unwrap();
    assert_eq!(again.score(&rows).unwrap().raw, verdicts.raw);
    let one: Vec<f64> =
        (0..300).map(|row| model.score(&rows.select(&[row])).unwrap().raw[0]).collect();
    assert_eq!(one, verdicts.raw);
}

#[test]
fn ensembles_keep_every_promise_with_real_preparation() {
    let register = register();
    let numbers = "sgd+isolation_forest[encode=one_hot](n_estimators=20)";
    for (id, given) in [
        ("voting", vec![("members", numbers), ("folds", "2")]),
        ("stacking", vec![("members", numbers), ("folds", "2"), ("passthrough", "true")]),
        ("feature_bagging", vec![("base", "sgd"), ("n_estimators", "3")]),
    ] {
        let card = trainable_card(id).unwrap();
        let given: Vec<(String, String)> =
            given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let params = Params::parse(card.params, &given).unwrap();
        for &promise in PROMISES {
            // One member takes no weights.
            if !matches!(promise, Promise::MillionRows | Promise::WeightsRepeatRows) {
                check_with(card, &register, &params, promise);
            }
        }
    }
}

#[test]
fn a_model_without_an_explanation_is_explained_by_its_scores() {
    let model = fit("stacking", &[("members", MEMBERS), ("passthrough", "true")]);
    assert!(model.detector().explain().is_none());
    let rows = data(40, 3).rows;
    let explained = model.explain(&rows, &ExplainSettings::default()).unwrap();
    let parts = &explained.folded.attributions;
    assert_eq!(parts.features, model.input().names().collect::<Vec<_>>());
    assert_eq!(parts.outputs, explained.verdicts.raw);
    assert!(parts.additivity_error() < 1e-9);
    // Five columns: all 30 coalitions.
    let AttributionMethod::Kernel { coalitions, exact, .. } = explained.method else {
        panic!("{:?}", explained.method);
    };
    assert!(exact && coalitions == 30);
    let reasons = explained.reasons(&model, &rows, 0, 0);
    assert_eq!(reasons.reasons.len(), 5);
    assert!(reasons.reasons.iter().any(|reason| reason.effect != 0.0));
    // The category column is told by its text.
    assert!(reasons.reasons.iter().any(|r| r.feature == "proto" && !r.value.is_empty()));
}

#[test]
fn a_column_that_is_missing_is_named_by_an_explanation() {
    let model = fit("feature_bagging", &[]);
    let rows: Rows = data(10, 4).rows.project(&["bytes", "packets", "duration", "proto"]).unwrap();
    let error = model.explain(&rows, &ExplainSettings::default()).unwrap_err().to_string();
    assert!(error.contains("rate"), "{error}");
}

#[test]
fn parameters_of_members_are_set_by_label() {
    let card = trainable_card("voting").unwrap();
    let given = [
        ("members".to_owned(), "a:sgd+b:isolation_forest".to_owned()),
        ("a.alpha".to_owned(), "0.01".to_owned()),
    ];
    let params = params(card, &given).unwrap();
    assert_eq!(params.text("members"), "a:sgd(alpha=0.01)+b:isolation_forest");
    let found = member_search(card, &params);
    assert!(found.iter().any(|(name, _)| name == "b.max_samples"));
}
