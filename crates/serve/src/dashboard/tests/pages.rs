//! Every page, drawn.

use maud::Markup;
use tripline_assess::bootstrap::Interval;
use tripline_assess::plot::ReliabilityBin;
use tripline_engine::service::{ArmResult, ExperimentResult};
use tripline_store::records::*;

use super::super::chart::{Series, X};
use super::super::fields::Fields;
use super::super::page::{Viewer, page, page_with_charts};
use super::super::text::DAY;
use super::super::view;
use super::records::*;

pub(super) fn pages() -> Vec<(&'static str, Markup)> {
    let viewer = viewer();
    let all = detections();
    let fields = Fields::default();
    let active = version(2, Status::Active);
    let candidate = version(3, Status::Candidate);
    let others = vec![candidate.clone(), version(1, Status::Archived)];
    let versions: Vec<ModelVersion> = [vec![active.clone()], others.clone()].concat();
    let jobs =
        vec![job(3, JobState::Running), job(2, JobState::Completed), job(1, JobState::Failed)];
    let curve: Vec<(f64, f64)> =
        (0..=50).map(|x| f64::from(x) / 50.0).map(|x| (x, x.sqrt())).collect();
    let curves = view::model::Curves {
        roc: curve.clone(),
        precision_recall: curve.iter().map(|&(x, _)| (x, 1.0 - x * x * 0.4)).collect(),
        calibration: (0..10)
            .map(|x| f64::from(x) / 10.0 + 0.05)
            .map(|x| ReliabilityBin { predicted: x, observed: x * x.sqrt(), rows: 400 })
            .collect(),
    };
    let findings = vec![view::findings::Finding {
        level: "warning".to_owned(),
        title: "Repeated rows".to_owned(),
        text: format!("12 % of the rows stand twice {HOSTILE}"),
        way: "part rows by content".to_owned(),
    }];
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
    let experiment = ExperimentResult {
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
    };
    let entries = audit();
    let mut out = Vec::new();

    let serving = [view::overview::Serving {
        version: &active,
        predictions: 1_203_400,
        alerts: 812,
        errors: 2,
        mean_seconds: Some(31e-6),
        trial: Some((&candidate.id, 0.1)),
    }];
    let looks = [view::overview::Look {
        tone: "bad",
        word: "failed",
        text: format!("training job-1: {HOSTILE}"),
        href: "/ui/jobs/job-1".to_owned(),
    }];
    let kinds =
        [("port_scan".to_owned(), 412), ("brute_force".to_owned(), 97), (HOSTILE.to_owned(), 3)];
    let overview = |full: bool| view::overview::Overview {
        fields: &fields,
        now: view::overview::Counts { detections: 812, urgent: 44, predictions: 1_203_400 },
        before: view::overview::Counts { detections: 640, urgent: 51, predictions: 1_100_100 },
        unjudged: 31,
        chart: series(24),
        kinds: if full { &kinds } else { &[] },
        serving: if full { &serving } else { &[] },
        jobs: if full { &jobs[..1] } else { &[] },
        latest: if full { &all } else { &[] },
        looks: if full { &looks } else { &[] },
    };
    out.push((
        "overview",
        page_with_charts(
            &viewer,
            "/ui/",
            "Overview",
            &view::overview::page(&viewer, &overview(true)),
        ),
    ));
    out.push((
        "overview-empty",
        page_with_charts(
            &viewer,
            "/ui/",
            "Overview",
            &view::overview::page(&viewer, &overview(false)),
        ),
    ));

    let hostile = Fields::default().with("kind", HOSTILE).with("entity", HOSTILE);
    let list = view::detections::List {
        fields: &hostile,
        errors: vec![HOSTILE.to_owned()],
        detections: &all,
        next: Some("12:det-1"),
        total: 12_345,
        kinds: vec!["port_scan".to_owned(), HOSTILE.to_owned()],
        tasks: vec!["flow".to_owned(), "http".to_owned()],
        models: vec![active.id.clone()],
    };
    out.push((
        "detections",
        page(&viewer, "/ui/detections", "Detections", &view::detections::page(&viewer, &list)),
    ));

    let reason = |feature: &str, effect: f64| view::detection::Reason {
        feature: feature.to_owned(),
        value: "254".to_owned(),
        effect,
        typical: "31 to 62".to_owned(),
        text: format!(
            "`{feature}` = 254 raises the score by {effect} log-odds (most benign rows: 31)"
        ),
    };
    let why = view::detection::Why {
        base: Some(-4.2),
        output: Some(7.31),
        unit: "log-odds".to_owned(),
        reasons: vec![
            reason("sttl", 6.1),
            reason(HOSTILE, 3.2),
            reason("ct_state_ttl", 2.4),
            reason("dload", -0.9),
            reason("smean", 0.4),
        ],
    };
    let event: Vec<(String, String)> =
        [("proto", "tcp"), ("sttl", "254"), (HOSTILE, HOSTILE), ("rate", "74.08749")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .to_vec();
    let said = [Feedback {
        id: "fbk-1".to_owned(),
        detection: "det-2".to_owned(),
        judgement: Judgement::FalsePositive,
        label: Some("backup".to_owned()),
        comment: Some(HOSTILE.to_owned()),
        actor: "user:ann".to_owned(),
        at: NOW,
    }];
    let techniques =
        [("T1046".to_owned(), "Network Service Discovery".to_owned(), "Discovery".to_owned())];
    let shown = view::detection::Shown {
        detection: &all[3],
        why: Some(&why),
        event: &event,
        techniques: &techniques,
        feedback: &said,
        similar: &all[..3],
        history: &all[4..6],
        times: Some(series(24)),
    };
    out.push((
        "detection",
        page_with_charts(
            &viewer,
            "/ui/detections",
            "Detection",
            &view::detection::page(&viewer, &shown),
        ),
    ));

    let groups = view::models::grouped(&versions);
    let unloaded = [("old_v1.0.0".to_owned(), HOSTILE.to_owned())];
    out.push((
        "models",
        page(&viewer, "/ui/models", "Models", &view::models::page(&groups, &unloaded)),
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
    let rule = RollbackRule {
        name: "flow_detector".to_owned(),
        max_error_rate: Some(0.01),
        max_p99_seconds: Some(0.005),
        min_requests: 500,
        window_seconds: 60,
    };
    let model = |version: &'static str| view::model::Shown {
        version: if version == "active" { &active } else { &candidate },
        card: &card,
        curves: &curves,
        findings: &findings,
        active: if version == "active" { None } else { Some(&active) },
        others: &others,
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

    out.push((
        "jobs",
        page(&viewer, "/ui/jobs", "Jobs", &view::jobs::page(&jobs, None, Some("x"))),
    ));
    let spec = [("model".to_owned(), HOSTILE.to_owned())];
    let figures = [("roc_auc".to_owned(), 0.981), ("log_loss".to_owned(), 0.0312)];
    for (name, job) in [("job", &jobs[0]), ("job-done", &jobs[1]), ("job-failed", &jobs[2])] {
        let shown = view::job::Shown {
            job,
            spec: &spec,
            deploys: name == "job-failed",
            metrics: &figures,
            findings: &findings,
            run: Some(&run(1)),
            histories: vec![(
                "log_loss".to_owned(),
                X::Number("step", (0..30).map(f64::from).collect()),
                vec![Series {
                    key: "log_loss".to_owned(),
                    name: HOSTILE.to_owned(),
                    colour: "--c0".to_owned(),
                    values: (0..30).map(|x| Some(1.0 / (1.0 + f64::from(x)))).collect(),
                }],
            )],
        };
        out.push((
            name,
            page_with_charts(&viewer, "/ui/jobs", "Job", &view::job::page(&viewer, &shown)),
        ));
    }
    let uploads = [("up-1".to_owned(), HOSTILE.to_owned())];
    let errors = [("hyperparameters.max_depth".to_owned(), HOSTILE.to_owned())];
    let shown = view::training::Shown {
        cards: tripline_engine::trainable(),
        card: tripline_engine::trainable()
            .iter()
            .copied()
            .find(|card| card.id == "gradient_boosting"),
        fields: &hostile,
        uploads: &uploads,
        errors: &errors,
        key: "k",
    };
    out.push((
        "training",
        page(&viewer, "/ui/jobs", "Train", &view::training::page(&viewer, &shown)),
    ));
    let runs = [run(1), run(2)];
    out.push(("runs", page(&viewer, "/ui/jobs", "Runs", &view::runs::list(&runs, None))));
    out.push((
        "runs-compared",
        page(&viewer, "/ui/jobs", "Runs", &view::runs::compared(&runs, Vec::new())),
    ));
    let uploads = [view::data::Upload {
        id: "up-1".to_owned(),
        name: HOSTILE.to_owned(),
        bytes: 12_345_678,
        digest: "ab".repeat(32),
        at: NOW,
    }];
    let guarded = [view::data::Guarded { model: active.id.clone(), findings }];
    out.push((
        "data",
        page(&viewer, "/ui/data", "Data", &view::data::page(&viewer, &uploads, &runs, &guarded)),
    ));

    let groups = vec![(
        "serve".to_owned(),
        vec![("serve.port".to_owned(), "5003".to_owned(), HOSTILE.to_owned())],
    )];
    out.push((
        "settings",
        page(&viewer, "/ui/settings", "Settings", &view::settings::page(&viewer, &[rule], &groups)),
    ));
    let keys = [ApiKey {
        id: "a1b2c3".to_owned(),
        name: HOSTILE.to_owned(),
        hash: [0; 32],
        scopes: Scopes::of(&[Scope::Read, Scope::Predict]),
        rate_limit: None,
        created_at: NOW,
        expires_at: Some(NOW.plus_micros(90 * DAY)),
        revoked_at: None,
        last_used_at: Some(NOW),
    }];
    out.push((
        "keys",
        page(
            &viewer,
            "/ui/settings",
            "Keys",
            &view::keys::keys(&viewer, &keys, Some("tl_a1b2c3_secret"), NOW),
        ),
    ));
    let users = [User {
        name: HOSTILE.to_owned(),
        password: "x".to_owned(),
        scopes: Scopes::of(&[Scope::Admin]),
        created_at: NOW,
    }];
    out.push((
        "users",
        page(&viewer, "/ui/settings", "Users", &view::keys::users(&viewer, &users)),
    ));
    let head = AuditHead { sequence: 4, hash: [7; 32], signature: vec![1] };
    out.push((
        "audit",
        page(
            &viewer,
            "/ui/settings",
            "Audit",
            &view::audit::page(
                &viewer,
                (&hostile, &entries, Some("1")),
                Some(&head),
                &view::audit::Verified::Whole(4),
            ),
        ),
    ));
    out.push((
        "login",
        page(
            &Viewer { user: None, scopes: Scopes::default(), ..viewer.clone() },
            "",
            "Log in",
            &view::login::page(&viewer, HOSTILE, Some(HOSTILE)),
        ),
    ));
    out
}
