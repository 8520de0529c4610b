//! The overview, detections, one of them.

use tripline_store::records::*;

use super::super::super::fields::Fields;
use super::super::super::page::{page, page_with_charts};
use super::super::super::view;
use super::super::records::*;
use super::{Drawn, versions};

pub(super) fn pages() -> Vec<Drawn> {
    [overview(), detections_pages()].into_iter().flatten().collect()
}

fn overview() -> Vec<Drawn> {
    let viewer = viewer();
    let all = detections();
    let fields = Fields::default();
    let versions = versions();
    let (active, candidate) = (&versions[0], &versions[1]);
    let jobs = [job(3, JobState::Running)];
    let mut out = Vec::new();
    let serving = [view::overview::Serving {
        version: active,
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
    let counts = |[detections, urgent, predictions]: [u64; 3]| view::overview::Counts {
        detections,
        urgent,
        predictions,
    };
    let overview = |full: bool| view::overview::Overview {
        fields: &fields,
        now: counts(if full { [812, 44, 1_203_400] } else { [0; 3] }),
        before: counts(if full { [640, 51, 1_100_100] } else { [0; 3] }),
        unjudged: 31,
        chart: series(24),
        kinds: if full { &kinds } else { &[] },
        serving: if full { &serving } else { &[] },
        jobs: if full { &jobs[..1] } else { &[] },
        latest: if full { &all } else { &[] },
        looks: if full { &looks } else { &[] },
        keys: true,
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

    out
}

fn detections_pages() -> Vec<Drawn> {
    let viewer = viewer();
    let all = detections();
    let active = &versions()[0];
    let mut out = Vec::new();
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

    let reason = |feature: &str, effect: f64| view::why::Reason {
        feature: feature.to_owned(),
        value: "254".to_owned(),
        effect,
        typical: "31 to 62".to_owned(),
        text: format!(
            "`{feature}` = 254 raises the score by {effect} log-odds (most benign rows: 31)"
        ),
    };
    let why = view::why::Why {
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
    let reading = view::sums::Reading {
        link: view::sums::Link::Softmax { benign: HOSTILE.to_owned(), others: 6 },
        calibration: Some(view::sums::Calibration::Sigmoid { slope: 1.1, offset: -0.4 }),
        score: 7.31,
        threshold: 2.5,
        probability: 0.99954,
    };
    let columns = ["sttl", "rate"].map(str::to_owned);
    let shown = view::detection::Shown {
        detection: &all[3],
        why: Some(&why),
        reading: &reading,
        columns: &columns,
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

    out
}
