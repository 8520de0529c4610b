//! A whole report with an explanation page, from made models: `cargo run --release -p
//! tripline-assess --example report -- DIRECTORY`.
#![allow(clippy::unwrap_used, reason = "what is made here is valid")]

#[path = "../tests/it/made.rs"]
mod made;

use std::path::PathBuf;

use tripline_assess::explain::{self, Typical};
use tripline_assess::guard;
use tripline_assess::report::{
    AlertView, DataSource, Decision, ExplanationPage, GlobalView, ModelSection, Report, RowView,
    render, render_explanation,
};
use tripline_assess::threshold::ThresholdRule;
use tripline_core::{Attributions, Column, Link, Rng, Rows};

fn main() -> std::io::Result<()> {
    let out = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    let families = ["Normal", "Fuzzers", "Exploits", "Generic", "Shellcode", "Reconnaissance"];
    let data = made::dataset(20_000, &families, 1);
    let trainers = [
        made::Made { id: "gradient_boosting", skill: 0.95 },
        made::Made { id: "random_forest", skill: 0.94 },
        made::Made { id: "extra_trees", skill: 0.9 },
        made::Made { id: "logistic_regression", skill: 0.7 },
        made::Made { id: "sgd", skill: 0.65 },
        made::Made { id: "isolation_forest", skill: 0.4 },
    ];
    let (protocol, splits) = made::folds(&data, 5);
    let evaluations = made::evaluations(&data, &trainers, &splits);
    let report = guard::check(&data, None, &guard::GuardOptions::default());
    let models = evaluations
        .iter()
        .map(|evaluation| ModelSection {
            summary: "A made model that knows the answer to a degree.".to_owned(),
            parameters: vec![
                ("trees".to_owned(), "300".to_owned()),
                ("learning_rate".to_owned(), "0.1".to_owned()),
            ],
            evaluation,
        })
        .collect();
    let (rows, folded) = explained();
    let typical = Typical::of(&rows, Some(&vec![true; rows.len()]));
    let row = explain::explain_row(&folded, 3, 3, &rows, None, Some(&typical));
    let decision = Decision { score: row.output, threshold: -2.0, probability: Some(0.94) };
    let view =
        RowView { explanation: &row, decision: Some(decision), label: Some("Exploits".to_owned()) };
    let accepted = std::env::args().nth(2);
    let page = render(&Report {
        title: "Made flows, five folds".to_owned(),
        when: "2026-11-20 04:30 UTC".to_owned(),
        command: "tripline compare made.csv --protocol duplicate-grouped".to_owned(),
        version: "0.1.0".to_owned(),
        seed: 0,
        data: vec![DataSource {
            role: "training".to_owned(),
            name: data.source.name.clone(),
            layout: data.source.layout.clone(),
            sha256: data.source.sha256.clone(),
            bytes: 1_234_567,
            rows: data.source.rows,
            bad_records: 3,
            columns: data.rows.width(),
            classes: families.iter().map(|name| ((*name).to_owned(), 3000)).collect(),
            notes: vec!["a byte-order mark was skipped".to_owned()],
        }],
        protocol: Some(protocol),
        threshold: ThresholdRule::Fpr(0.001),
        leakage_accepted: accepted.into_iter().collect(),
        findings: &report.findings,
        models,
        alert: Some(AlertView { model: "gradient_boosting".to_owned(), row: view.clone() }),
        notes: Vec::new(),
    });
    std::fs::write(out.join("report.html"), page)?;

    let global = explain::global(&folded);
    let swarm = global.swarm(&folded, &rows, None, 20);
    let dependences = global
        .features
        .iter()
        .take(4)
        .filter_map(|feature| explain::dependence(&folded, feature.position, &rows, None))
        .collect();
    let page = render_explanation(&ExplanationPage {
        title: "Why gradient_boosting decides so".to_owned(),
        when: "2026-11-20 04:30 UTC".to_owned(),
        command: "tripline explain model.tripline made.csv --row 3".to_owned(),
        version: "0.1.0".to_owned(),
        model: "gradient_boosting (model.tripline)".to_owned(),
        method: "Exact TreeSHAP, path-dependent (Lundberg et al. 2020).".to_owned(),
        leakage_accepted: Vec::new(),
        facts: vec![("Model SHA-256".to_owned(), "0".repeat(64))],
        row: Some(view),
        global: Some(GlobalView { explanation: &global, swarm, dependences }),
    });
    std::fs::write(out.join("explanation.html"), page)
}

/// Rows with additive effects of a known shape.
fn explained() -> (Rows, explain::Folded) {
    let mut rng = Rng::new(3);
    let n = 2000;
    let services = ["-", "http", "dns", "smtp", "ftp-data"];
    let mut column = |scale: f64| -> Vec<f64> { (0..n).map(|_| rng.unit() * scale).collect() };
    let (sttl, sbytes, rate) = (column(255.0), column(1e6), column(5e4));
    let service: Vec<Option<&str>> = (0..n).map(|i| Some(services[i * 7 % 5])).collect();
    let mut values = Vec::new();
    let mut outputs = Vec::new();
    for i in 0..n {
        let first = if sttl[i] > 128.0 { 1.8 } else { -1.1 } + (rate[i] / 5e4 - 0.5) * 0.8;
        let second = (0.5 - sbytes[i] / 1e6) * 1.1;
        let third = (rate[i] / 5e4 - 0.5) * 0.6;
        let fourth = [-0.3, 0.1, 0.4, 0.0, -0.05][i * 7 % 5];
        values.extend([first, second, third, fourth]);
        outputs.push(-1.2 + first + second + third + fourth);
    }
    let rows = Rows::new(vec![
        ("sttl".to_owned(), Column::numeric(sttl.iter().map(|x| x.round()).collect())),
        ("sbytes".to_owned(), Column::numeric(sbytes.iter().map(|x| x.round()).collect())),
        ("rate".to_owned(), Column::numeric(rate)),
        ("service".to_owned(), Column::category(&service)),
    ])
    .unwrap();
    let attributions = Attributions {
        features: rows.schema().names().map(str::to_owned).collect(),
        base: -1.2,
        values,
        outputs,
        link: Link::Logit,
    };
    let sources: Vec<Vec<usize>> = (0..4).map(|i| vec![i]).collect();
    let folded = explain::fold(&attributions, rows.schema(), &sources).unwrap();
    (rows, folded)
}
