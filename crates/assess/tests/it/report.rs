//! What every page keeps: alone in the world, well-formed, escaped, the same each time.

use tripline_assess::evaluate::{Evaluation, Parts, Pooled, Timing};
use tripline_assess::explain::{self, Typical};
use tripline_assess::guard::{self, Finding, Severity};
use tripline_assess::protocol::Protocol;
use tripline_assess::report::{
    AlertView, DataSource, Decision, ExplanationPage, GlobalView, ModelSection, Report, RowView,
    render, render_explanation,
};
use tripline_assess::threshold::ThresholdRule;
use tripline_core::{Attributions, Column, Dataset, Link, Rows};

use crate::made::{Made, dataset, evaluations, folds};
use crate::markup::{attributes, fault};

pub(crate) const HOSTILE: &str = "\"><script>alert('x')</script>&`\u{202e}";

fn page(evaluations: &[Evaluation], findings: &[Finding], threshold: ThresholdRule) -> String {
    let models = evaluations
        .iter()
        .map(|evaluation| ModelSection {
            summary: HOSTILE.to_owned(),
            parameters: vec![(HOSTILE.to_owned(), HOSTILE.to_owned())],
            evaluation,
        })
        .collect();
    render(&Report {
        title: HOSTILE.to_owned(),
        when: HOSTILE.to_owned(),
        command: HOSTILE.to_owned(),
        version: HOSTILE.to_owned(),
        seed: 7,
        data: vec![DataSource {
            role: "training".to_owned(),
            name: HOSTILE.to_owned(),
            layout: HOSTILE.to_owned(),
            sha256: "0".repeat(64),
            bytes: 1,
            rows: 2,
            bad_records: 3,
            columns: 4,
            classes: vec![(HOSTILE.to_owned(), 2)],
            notes: vec![HOSTILE.to_owned()],
        }],
        protocol: Some(Protocol::DuplicateGrouped { folds: 3 }),
        threshold,
        leakage_accepted: Vec::new(),
        findings,
        models,
        alert: None,
        notes: vec![HOSTILE.to_owned()],
    })
}

fn some_evaluations(rows: usize, classes: &[&str]) -> (Dataset, Vec<Evaluation>) {
    let data = dataset(rows, classes, 1);
    let (_, splits) = folds(&data, 3);
    let trainers = [Made { id: "worse", skill: 0.5 }, Made { id: "better", skill: 0.95 }];
    let evaluations = evaluations(&data, &trainers, &splits);
    (data, evaluations)
}

/// What must hold of any page.
pub(crate) fn check(page: &str) {
    assert_eq!(fault(page), None);
    assert!(!page.contains("http://") && !page.contains("https://"), "an address");
    for reference in ["src=", "@import", "url(", "<link", "<iframe", "<img", "fetch("] {
        assert!(!page.contains(reference), "{reference}");
    }
    for target in attributes(page, "href") {
        assert!(target.starts_with('#'), "{target}");
        assert!(page.contains(&format!(" id=\"{}\"", &target[1..])), "{target}");
    }
    assert_eq!(page.matches("<script>").count(), 1, "one script, ours");
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; script-src"));
    assert!(!page.contains("NaN"), "{:?}", page.find("NaN").map(|at| &page[at - 80..at + 20]));
    assert!(!page.contains('\u{202e}'));
}

#[test]
fn a_report_stands_alone() {
    let (data, evaluations) = some_evaluations(3000, &["Normal", "DoS", "Fuzzers"]);
    let findings = guard::check(&data, None, &guard::GuardOptions::default()).findings;
    let page_text = page(&evaluations, &findings, ThresholdRule::Fpr(0.01));
    check(&page_text);
    assert_eq!(page_text, page(&evaluations, &findings, ThresholdRule::Fpr(0.01)));
    for title in [
        "ROC, logarithmic",
        "Precision over recall",
        "Calibration",
        "Confusion",
        "Score distributions",
        "Importance of columns",
        "Detection by family",
        "Detection by attack family",
    ] {
        assert!(page_text.contains(title), "{title}");
    }
    for card in tripline_assess::metrics::METRICS {
        assert!(page_text.contains(card.id), "{}", card.id);
    }
}

#[test]
fn the_verdict_names_the_first_with_the_difference() {
    let (_, evaluations) = some_evaluations(6000, &["Normal", "DoS", "Fuzzers"]);
    let page = page(&evaluations, &[], ThresholdRule::Fpr(0.01));
    let verdict = page.split("<p class=\"verdict\">").nth(1).unwrap();
    let verdict = verdict.split("<div").next().unwrap();
    assert!(verdict.contains("<strong>better</strong> detects"), "{verdict}");
    assert!(verdict.contains("no more than 1.0\u{a0}% false positives"), "{verdict}");
    assert!(verdict.contains("Next is worse with"), "{verdict}");
    assert!(verdict.contains("beyond the noise of these rows"), "{verdict}");
    assert!(page.contains("False-positive rate realised"));
    assert!(page.contains("nothing of weight"));
}

#[test]
fn equal_models_are_within_noise() {
    let data = dataset(2000, &["Normal", "DoS"], 1);
    let (_, splits) = folds(&data, 3);
    let trainers = [Made { id: "one", skill: 0.9 }, Made { id: "other", skill: 0.9 }];
    let page = page(&evaluations(&data, &trainers, &splits), &[], ThresholdRule::BestF1);
    assert!(page.contains("is within noise: these rows do not tell one from other"));
}

#[test]
fn the_gravest_finding_and_accepted_leakage_stand_first() {
    let finding = |severity, title: &str| Finding {
        code: "made",
        severity,
        title: title.to_owned(),
        detail: HOSTILE.to_owned(),
        columns: vec![HOSTILE.to_owned()],
        numbers: [("n".to_owned(), f64::NAN)].into(),
        way_out: HOSTILE.to_owned(),
    };
    let findings = [
        finding(Severity::Info, "small"),
        finding(Severity::Refusal, "grave"),
        finding(Severity::Warning, "middling"),
    ];
    let page = page(&[], &findings, ThresholdRule::Fixed(0.5));
    check(&page);
    assert!(page.contains("No model was judged."));
    assert!(page.find("grave") < page.find("middling"));

    let report = Report {
        title: "t".to_owned(),
        when: String::new(),
        command: String::new(),
        version: String::new(),
        seed: 0,
        data: Vec::new(),
        protocol: None,
        threshold: ThresholdRule::BestF1,
        leakage_accepted: vec![HOSTILE.to_owned()],
        findings: &[],
        models: Vec::new(),
        alert: None,
        notes: Vec::new(),
    };
    let page = render(&report);
    check(&page);
    assert!(page.find("Leakage accepted").unwrap() < page.find("id=\"verdict\"").unwrap());
}

#[test]
fn one_split_tells_classes_with_its_threshold() {
    let mut data = dataset(3000, &["Normal", "DoS", "<b>Fuzzers"], 1);
    data.time = Some(std::sync::Arc::new((0..3000).map(|i| i * 1_000_000_000).collect()));
    let (_, splits) = folds(&data, 3);
    let evaluations = evaluations(&data, &[Made { id: "one", skill: 0.9 }], &splits[..1]);
    let page = page(&evaluations, &[], ThresholdRule::Fpr(0.01));
    check(&page);
    assert!(page.contains("Confusion of classes"));
    assert!(page.contains("Classes told apart"));
    assert!(page.contains("First alert after, s"));
    assert!(page.contains("raw score"), "scores of one model keep their scale");
    let threshold = evaluations[0].parts.test.as_ref().unwrap().thresholds[0];
    let told = format!(">threshold {}<", tripline_assess::plot::short(threshold));
    assert!(page.contains(&told), "{told}");
    assert!(page.contains("&lt;b&gt;Fuzzers"));
}

#[test]
fn poor_data_make_a_page_too() {
    // One family.
    let (_, evaluations) = some_evaluations(60, &["Normal", "DoS"]);
    check(&page(&evaluations, &[], ThresholdRule::Fpr(0.001)));
    // Nothing but one score.
    let mut flat = evaluations.clone();
    for evaluation in &mut flat {
        evaluation.pooled.raw.fill(0.0);
        evaluation.pooled.probability.fill(0.5);
    }
    check(&page(&flat, &[], ThresholdRule::BestF1));
    // No attack, no benign row, no row in the part that was judged.
    for keep in [Some(false), Some(true), None] {
        let mut kept = evaluations.clone();
        for evaluation in &mut kept {
            let pooled = &mut evaluation.pooled;
            let attacks = pooled.attacks.clone();
            let mut at = attacks.iter();
            let mut here = || at.next().copied() == keep && keep.is_some();
            pooled.raw.retain(|_| here());
            let mut at = attacks.iter();
            pooled.probability.retain(|_| keep.is_some() && at.next().copied() == keep);
            pooled.attacks.retain(|&attack| Some(attack) == keep);
        }
        check(&page(&kept, &[], ThresholdRule::Fpr(0.001)));
    }
    // Never judged.
    let bare = Evaluation {
        model: HOSTILE.to_owned(),
        parts: Parts::default(),
        splits: Vec::new(),
        timing: Timing::default(),
        importance: None,
        pooled: Pooled::default(),
        replicates: None,
    };
    check(&page(&[bare.clone(), bare], &[], ThresholdRule::Fpr(0.001)));
}

#[test]
fn an_explanation_stands_alone() {
    let n = 300;
    let rows = Rows::new(vec![
        (HOSTILE.to_owned(), Column::numeric((0..n).map(f64::from).collect())),
        (
            "service".to_owned(),
            Column::category(&(0..n).map(|i| (i % 3 > 0).then_some(HOSTILE)).collect::<Vec<_>>()),
        ),
    ])
    .unwrap();
    let values: Vec<f64> =
        (0..n).flat_map(|i| [f64::from(i) / 300.0 - 0.5, f64::from(i % 3) * 0.1]).collect();
    let attributions = Attributions {
        features: vec![HOSTILE.to_owned(), "service".to_owned()],
        base: 0.1,
        outputs: values.chunks(2).map(|pair| 0.1 + pair[0] + pair[1]).collect(),
        values,
        link: Link::Probability,
    };
    let folded = explain::fold(&attributions, rows.schema(), &[vec![0], vec![1]]).unwrap();
    let typical = Typical::of(&rows, None);
    let row = explain::explain_row(&folded, 200, 200, &rows, None, Some(&typical));
    let global = explain::global(&folded);
    let view = RowView {
        explanation: &row,
        decision: Some(Decision { score: 0.5, threshold: 0.7, probability: Some(0.2) }),
        label: Some(HOSTILE.to_owned()),
    };
    let explanation = ExplanationPage {
        title: HOSTILE.to_owned(),
        when: HOSTILE.to_owned(),
        command: HOSTILE.to_owned(),
        version: HOSTILE.to_owned(),
        model: HOSTILE.to_owned(),
        method: HOSTILE.to_owned(),
        leakage_accepted: vec![HOSTILE.to_owned()],
        facts: vec![(HOSTILE.to_owned(), HOSTILE.to_owned())],
        row: Some(view.clone()),
        global: Some(GlobalView {
            explanation: &global,
            swarm: global.swarm(&folded, &rows, None, 20),
            dependences: (0..2)
                .filter_map(|at| explain::dependence(&folded, at, &rows, None))
                .collect(),
        }),
    };
    let page = render_explanation(&explanation);
    check(&page);
    assert_eq!(page, render_explanation(&explanation));
    for title in ["What made this score", "What pushes up", "Effects over rows", "Mean effects"] {
        assert!(page.contains(title), "{title}");
    }
    assert_eq!(page.matches("effect (probability)").count(), 3, "bar, two dependences");
    assert!(page.contains("No alert: the score of 0.5"), "the decision");

    let report = Report {
        title: "t".to_owned(),
        when: String::new(),
        command: String::new(),
        version: String::new(),
        seed: 0,
        data: Vec::new(),
        protocol: Some(Protocol::TimeOrdered { test_share: 0.3 }),
        threshold: ThresholdRule::BestF1,
        leakage_accepted: Vec::new(),
        findings: &[],
        models: Vec::new(),
        alert: Some(AlertView { model: HOSTILE.to_owned(), row: view }),
        notes: Vec::new(),
    };
    let page = render(&report);
    check(&page);
    assert!(page.contains("An alert explained"));
}
