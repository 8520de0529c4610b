//! Models, one of them, several side by side.

use tripline_assess::bootstrap::Interval;
use tripline_assess::plot::ReliabilityBin;
use tripline_engine::service::{ArmResult, ExperimentResult};
use tripline_store::records::*;

use super::super::super::page::{page, page_with_charts};
use super::super::super::view;
use super::super::records::*;
use super::{Drawn, versions};

fn curves() -> view::model::Curves {
    let curve: Vec<(f64, f64)> =
        (0..=50).map(|x| f64::from(x) / 50.0).map(|x| (x, x.sqrt())).collect();
    view::model::Curves {
        roc: curve.clone(),
        precision_recall: curve.iter().map(|&(x, _)| (x, 1.0 - x * x * 0.4)).collect(),
        calibration: (0..10)
            .map(|x| f64::from(x) / 10.0 + 0.05)
            .map(|x| ReliabilityBin { predicted: x, observed: x * x.sqrt(), rows: 400 })
            .collect(),
    }
}

fn experiment(active: &ModelVersion, candidate: &ModelVersion) -> ExperimentResult {
    let interval = Interval { low: 0.012, high: 0.031, level: 0.95 };
    let arm = |id: &str| ArmResult {
        model_id: id.to_owned(),
        predictions: 12_345,
        alerts: 260,
        errors: 1,
        mean_seconds: 31e-6,
        alert_rate: 0.021,
        alert_rate_interval: interval,
        true_positives: 10,
        false_positives: 3,
        precision: Some(0.77),
        precision_interval: interval,
    };
    ExperimentResult {
        experiment: Experiment {
            name: "flow_detector".to_owned(),
            control: active.id.clone(),
            treatment: candidate.id.clone(),
            share: 0.1,
            salt: "s".to_owned(),
            started_at: NOW,
        },
        control: arm(&active.id),
        treatment: arm(&candidate.id),
        difference: 0.004,
        difference_interval: Interval { low: -0.002, high: 0.01, level: 0.95 },
    }
}

pub(super) fn pages() -> Vec<Drawn> {
    let viewer = viewer();
    let versions = versions();
    let (active, candidate) = (&versions[0], &versions[1]);
    let others = &versions[1..];
    let (curves, findings) = (curves(), findings());
    let experiment = experiment(active, candidate);
    let entries = audit();
    let rule = rule();
    let threshold = threshold();
    let mut out = Vec::new();
    let groups = view::models::grouped(&versions);
    let unloaded = [("old_v1.0.0".to_owned(), HOSTILE.to_owned())];
    out.push((
        "models",
        page(&viewer, "/ui/models", "Models", &view::models::page(&viewer, &groups, &unloaded)),
    ));
    let card = [("trained_on".to_owned(), HOSTILE.to_owned())];
    let history = [(active.id.clone(), NOW)];
    let shadow = [ShadowComparison {
        model_id: candidate.id.clone(),
        active_id: active.id.clone(),
        events: 40_000,
        both: 800,
        shadow_only: 31,
        active_only: 12,
        mean_difference: 0.0123,
    }];
    let model = |version: &'static str| view::model::Shown {
        version: if version == "active" { active } else { candidate },
        threshold: Some(&threshold),
        card: &card,
        curves: &curves,
        findings: &findings,
        active: if version == "active" { None } else { Some(active) },
        others,
        previous: Some("flow_detector_v1.1.0"),
        history: &history,
        shadow: &shadow,
        experiment: if version == "active" { Some(&experiment) } else { None },
        rule: Some(&rule),
        answers: Some(series(48)),
        audit: &entries,
    };
    out.push((
        "model",
        page_with_charts(
            &viewer,
            "/ui/models",
            "Model",
            &view::model::page(&viewer, &model("active")),
        ),
    ));
    out.push((
        "model-candidate",
        page_with_charts(
            &viewer,
            "/ui/models",
            "Model",
            &view::model::page(&viewer, &model("candidate")),
        ),
    ));
    let side: Vec<_> = versions.iter().map(|v| (v.clone(), curves.clone())).collect();
    out.push(("compare", page(&viewer, "/ui/models", "Compare", &view::compare::page(&side))));

    out
}
