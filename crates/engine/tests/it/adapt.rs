//! A stored model on a site's own rows.

use std::collections::BTreeMap;
use std::path::Path;

use tripline_assess::threshold::ThresholdRule;
use tripline_core::{Dataset, Rng, Silent};
use tripline_engine::adapt::{AdaptSettings, adapt};
use tripline_engine::evaluate::evaluate;
use tripline_engine::{EngineError, JudgingSettings, Model, Plan, TrainingSettings};

use crate::made::dataset;

/// Rows of a site: `level` is where its benign traffic lies, attacks lie above it.
fn site(rows: usize, seed: u64, level: f64, labelled: bool) -> Dataset {
    let mut rng = Rng::new(seed);
    let attacks: Vec<bool> = (0..rows).map(|row| labelled && row % 4 == 0).collect();
    let one = |rng: &mut Rng, attack: bool| level + rng.normal() + if attack { 2.5 } else { 0.0 };
    let bytes: Vec<f64> = attacks.iter().map(|&attack| one(&mut rng, attack)).collect();
    let time: Vec<f64> = attacks.iter().map(|&attack| one(&mut rng, attack)).collect();
    let mut data = dataset(&[("bytes", bytes), ("time", time)], labelled.then_some(&attacks));
    // Another file each.
    std::sync::Arc::make_mut(&mut data.source).sha256 = format!("{seed:064x}");
    data
}

fn trained(id: &str) -> Model {
    let params = match id {
        "gradient_boosting" => vec![("n_estimators".to_owned(), "40".to_owned())],
        _ => Vec::new(),
    };
    let settings = TrainingSettings {
        params: BTreeMap::from([(id.to_owned(), params)]),
        threshold: ThresholdRule::Fpr(0.02),
        ..TrainingSettings::default()
    };
    Plan::new(id, &settings).unwrap().fit(&site(3000, 1, 0.0, true), 0, &Silent).unwrap().model
}

fn figure(model: &Model, data: &Dataset, name: &str) -> f64 {
    evaluate(model, data, &JudgingSettings::default(), 0).unwrap().test.value(name).unwrap()
}

#[test]
fn labelled_rows_teach_boosting_and_sgd() {
    let later = site(4000, 3, 1.0, true);
    for id in ["gradient_boosting", "sgd"] {
        let parent = trained(id);
        let here = site(3000, 2, 1.0, true);
        let adapted = adapt(&parent, &here, &AdaptSettings::default(), 7, &Silent).unwrap();
        assert!(adapted.learnt > 1500, "{id}: {}", adapted.learnt);
        let (before, after) =
            (figure(&parent, &later, "fpr"), figure(&adapted.model, &later, "fpr"));
        assert!(before > 0.05, "{id}: {before}");
        assert!(after < 0.04, "{id}: {after}");
        let auc = figure(&adapted.model, &later, "roc_auc");
        assert!(auc > figure(&parent, &later, "roc_auc") - 0.005, "{id}: {auc}");
        let probability = figure(&adapted.model, &later, "brier");
        assert!(probability < figure(&parent, &later, "brier"), "{id}");
    }
}

#[test]
fn benign_rows_give_the_threshold() {
    let later = site(8000, 5, 0.4, true);
    for id in ["isolation_forest", "gradient_boosting"] {
        let parent = trained(id);
        let here = site(3000, 4, 0.4, false);
        let settings = AdaptSettings { most_alerts: 0.3, ..AdaptSettings::default() };
        let adapted = adapt(&parent, &here, &settings, 7, &Silent).unwrap();
        assert_eq!((adapted.learnt, adapted.taken_as_benign), (0, 3000));
        assert!(adapted.alerts_before > 0);
        let other = adapted.threshold_if_attacks.unwrap();
        assert!(other <= adapted.model.decision().threshold, "{id}");
        let fpr = figure(&adapted.model, &later, "fpr");
        // 3,000 rows tell 2 % to 0.26 %; three of these.
        assert!((fpr - 0.02).abs() < 0.01, "{id}: {fpr}");
        assert!(adapted.model.decision().realised.is_some());
    }
}

#[test]
fn a_model_tells_its_parents() {
    let parent = trained("isolation_forest");
    let here = site(1000, 6, 0.1, false);
    let settings = AdaptSettings { most_alerts: 0.3, ..AdaptSettings::default() };
    let once = adapt(&parent, &here, &settings, 7, &Silent).unwrap().model;
    let twice = adapt(&once, &here, &settings, 7, &Silent).unwrap().model;
    let lineage = &twice.provenance().lineage;
    assert_eq!(lineage.len(), 2);
    assert_eq!(lineage[0].digest, parent.digest().unwrap());
    assert_eq!(lineage[1].digest, once.digest().unwrap());
    assert!(parent.digest().unwrap().starts_with(&parent.version()));
    assert_eq!(lineage[0].data_sha256, here.source.sha256);
    assert!(twice.provenance().trained_on(&here.source));
    let bytes = twice.to_file(None).unwrap().to_bytes();
    let back = Model::from_bytes(Path::new("m.trip"), &bytes, &Default::default()).unwrap();
    assert_eq!(back.provenance(), twice.provenance());
    assert_eq!(back.decision(), twice.decision());
    assert_eq!(back.to_file(None).unwrap().to_bytes(), bytes);
}

#[test]
fn rows_that_alert_too_often_are_refused() {
    let parent = trained("gradient_boosting");
    let attacked = site(1000, 8, 3.0, false);
    let error = adapt(&parent, &attacked, &AdaptSettings::default(), 7, &Silent).unwrap_err();
    assert!(matches!(error, EngineError::TooManyAlerts { rows: 1000, .. }), "{error}");
    let few = site(200, 9, 0.0, false);
    let settings =
        AdaptSettings { threshold: Some(ThresholdRule::Fpr(1e-5)), ..AdaptSettings::default() };
    let error = adapt(&parent, &few, &settings, 7, &Silent).unwrap_err();
    assert!(matches!(error, EngineError::Threshold(_)), "{error}");
    // Nobody asked for another rate than the parent's, so three rows do not bring one.
    let settings = AdaptSettings { most_alerts: 1.0, ..AdaptSettings::default() };
    let error = adapt(&parent, &site(3, 9, 0.0, false), &settings, 7, &Silent).unwrap_err();
    assert!(error.to_string().contains("500 benign ones would measure it"), "{error}");
}
