//! Records with names as an attacker would send them.

use std::collections::BTreeMap;

use tripline_core::verdict::Severity;
use tripline_store::records::*;
use tripline_store::time::Timestamp;

use super::super::chart::{Series, X};
use super::super::page::{Note, Viewer};
use super::super::text::{DAY, HOUR, SECOND};
use super::super::view::findings::Finding;
use super::super::view::threshold::Threshold;

/// A name as an attacker would send it.
pub(super) const HOSTILE: &str = "<script>alert(1)</script>\"'&";
pub(super) const NOW: Timestamp = Timestamp(1_759_933_800 * SECOND);

pub(super) fn viewer() -> Viewer {
    Viewer {
        user: Some(HOSTILE.to_owned()),
        scopes: Scopes::of(&[Scope::Admin]),
        csrf: "c5rf".to_owned(),
        token_needed: true,
        origin: "http://localhost:5003".to_owned(),
        theme: None,
        note: Some(Note { tone: "good", text: HOSTILE.to_owned() }),
    }
}

pub(super) fn detection(at: i64, severity: Severity, kind: &str, entity: &str) -> Detection {
    Detection {
        what: NewDetection {
            id: format!("det-{at}"),
            at: Timestamp(NOW.0 - at * 7 * 60 * SECOND),
            task: "flow".to_owned(),
            entity: Some(entity.to_owned()),
            model_id: "flow_detector_v1.2.0".to_owned(),
            arm: Some("control".to_owned()),
            kind: kind.to_owned(),
            severity,
            probability: 0.99954,
            score: 7.31,
            threshold: 2.5,
            risk: 93,
            action: "block the initiator at the edge".to_owned(),
            techniques: vec!["T1046".to_owned()],
            reasons: "{}".to_owned(),
            event: "{}".to_owned(),
            request: Some("req-1".to_owned()),
        },
        judgement: (at % 3 == 1).then_some(Judgement::FalsePositive),
    }
}

pub(super) fn detections() -> Vec<Detection> {
    let kinds = ["port_scan", "brute_force", "dns_tunnel", "dos_flood", HOSTILE];
    let severities = [Severity::Medium, Severity::High, Severity::Critical, Severity::Low];
    (0..14)
        .map(|at| {
            let entity = if at == 3 { HOSTILE.to_owned() } else { format!("10.0.{at}.17") };
            detection(at, severities[at as usize % 4], kinds[at as usize % 5], &entity)
        })
        .collect()
}

pub(super) fn version(number: u32, status: Status) -> ModelVersion {
    let metrics: BTreeMap<String, f64> = [
        ("roc_auc", 0.9871),
        ("pr_auc", 0.9412),
        ("f1", 0.9123),
        ("accuracy", 0.9833),
        ("tpr_at_fpr_1e-3", 0.7421),
        ("brier", 0.0112),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value - f64::from(number) * 0.003))
    .collect();
    ModelVersion {
        id: format!("flow_detector_v1.{number}.0"),
        version: format!("v1.{number}.0"),
        status,
        created_at: Timestamp(NOW.0 - 3 * DAY),
        deployed_at: (status == Status::Active).then_some(Timestamp(NOW.0 - DAY)),
        aliases: if status == Status::Active { vec!["champion".to_owned()] } else { Vec::new() },
        what: NewVersion {
            name: "flow_detector".to_owned(),
            version: None,
            detector: "gradient_boosting".to_owned(),
            task: "flow".to_owned(),
            metrics,
            card: "{}".to_owned(),
            digest: "3f2a".repeat(16),
            blob: "models/x".to_owned(),
            bytes: 612_000,
            report: Some("reports/x".to_owned()),
            signer: None,
            canaries: None,
            parent: Some("flow_detector_v1.0.0".to_owned()),
            job: Some("job-1".to_owned()),
            run: Some("run-1".to_owned()),
        },
    }
}

pub(super) fn job(id: u32, state: JobState) -> Job {
    Job {
        id: format!("job-{id}"),
        what: NewJob {
            kind: "training".to_owned(),
            priority: 0,
            spec: "{}".to_owned(),
            max_attempts: 3,
        },
        state,
        actor: "local".to_owned(),
        submitted_at: Timestamp(NOW.0 - HOUR),
        started_at: Some(Timestamp(NOW.0 - HOUR / 2)),
        finished_at: state.is_final().then_some(NOW),
        attempt: 1,
        progress: if state.is_final() { 1.0 } else { 0.42 },
        step: format!("fitting tree 127 of 300 {HOSTILE}"),
        metrics: "{}".to_owned(),
        checkpoint: None,
        error: (state == JobState::Failed).then(|| HOSTILE.to_owned()),
        cancel_requested: false,
        result: (state == JobState::Completed).then(|| "flow_detector_v1.2.0".to_owned()),
    }
}

pub(super) fn run(id: u32) -> Run {
    let text = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    };
    Run {
        id: format!("run-{id}"),
        what: NewRun {
            experiment: "flow_detector".to_owned(),
            job: Some("job-1".to_owned()),
            detector: "gradient_boosting".to_owned(),
            params: text(&[("n_estimators", &(100 * id).to_string()), ("learning_rate", "0.1")]),
            data: text(&[(
                "training",
                r#"{"name":"flows.csv","sha256":"3f2a3f2a3f2a3f2a","rows":60000}"#,
            )]),
        },
        state: RunState::Finished,
        started_at: NOW,
        ended_at: Some(NOW.plus_micros(12 * SECOND)),
        metrics: [("roc_auc".to_owned(), 0.98 + f64::from(id) * 0.001)].into(),
        artefacts: vec![Artefact {
            name: "report.html".to_owned(),
            blob: "runs/x".to_owned(),
            digest: "00".to_owned(),
            bytes: 45_000,
        }],
        model_id: Some("flow_detector_v1.2.0".to_owned()),
    }
}

pub(super) fn series(points: usize) -> (X, Vec<Series>) {
    let times = (0..points).map(|at| Timestamp(NOW.0 - (points - at) as i64 * HOUR)).collect();
    let make = |at: usize, name: &str| Series {
        key: name.to_owned(),
        name: name.to_owned(),
        colour: format!("--k{at}"),
        values: (0..points).map(|x| Some(((x * (at + 3) * 7) % 11) as f64)).collect(),
    };
    (X::Time(times), vec![make(3, "low"), make(2, "medium"), make(1, "high"), make(0, "critical")])
}

pub(super) fn audit() -> Vec<AuditEntry> {
    let entry = |sequence| AuditEntry {
        sequence,
        at: NOW,
        actor: "user:ann".to_owned(),
        action: "model.deploy".to_owned(),
        object: "flow_detector_v1.2.0".to_owned(),
        detail: format!("{{\"previous\": \"{HOSTILE}\"}}"),
        request: None,
        previous: [0; 32],
        hash: [7; 32],
    };
    (1..5).rev().map(entry).collect()
}

pub(super) fn findings() -> Vec<Finding> {
    vec![Finding {
        level: "warning".to_owned(),
        title: "Repeated rows".to_owned(),
        text: format!("12 % of the rows stand twice {HOSTILE}"),
        way: "part rows by content".to_owned(),
    }]
}

pub(super) fn rule() -> RollbackRule {
    RollbackRule {
        name: "flow_detector".to_owned(),
        max_error_rate: Some(0.01),
        max_p99_seconds: Some(0.005),
        min_requests: 500,
        window_seconds: 60,
    }
}

pub(super) fn threshold() -> Threshold {
    Threshold {
        model_id: "flow_detector_v1.2.0".to_owned(),
        value: 1.5269,
        rule: "fpr:0.001".to_owned(),
        note: HOSTILE.to_owned(),
        false_alarms: Some(0.0008),
    }
}

/// A version of a detector with a card.
pub(crate) fn version_of(detector: &str, card: &str) -> ModelVersion {
    let mut version = version(1, Status::Active);
    version.what.detector = detector.to_owned();
    version.what.card = card.to_owned();
    version
}
