//! `tripline inspect`: what a model file holds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use tripline_assess::threshold::{Extrapolation, Realised};
use tripline_core::FieldKind;
use tripline_engine::Model;

use crate::exit::Exit;
use crate::output;
use crate::session::Session;
use crate::table::{Align, Table};
use crate::terminal::{Style, Terminal};
use crate::wire::SourceWire;

/// Say what a model file holds.
///
/// Takes files of `tripline train` and `tripline import`, LightGBM text models, XGBoost JSON
/// models and ONNX files.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tripline inspect model.trip\n  \
tripline inspect lightgbm.txt --format json")]
pub(crate) struct Inspect {
    /// The model file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Serialize)]
struct ModelWire<'a> {
    file: &'a std::path::Path,
    model: &'a str,
    name: &'a str,
    family: &'a str,
    program: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    notice: &'a str,
    task: &'a str,
    seed: u64,
    columns: Vec<ColumnWire<'a>>,
    recipe: &'a str,
    prepared_columns: usize,
    parameters: BTreeMap<&'a str, &'a str>,
    calibration: &'a str,
    threshold: f64,
    threshold_rule: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold_note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold_extrapolation: Option<&'a Extrapolation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    realised: Option<&'a Realised>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    validation: &'a str,
    protocol: &'a str,
    fitted_rows: u64,
    validation_rows: u64,
    class_rows: BTreeMap<&'a str, u64>,
    data: Vec<SourceWire>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lineage: Vec<AncestorWire<'a>>,
    findings: Vec<FindingWire<'a>>,
    accepted_leakage: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<String>,
    metrics: BTreeMap<&'a str, BTreeMap<&'a str, BTreeMap<&'a str, f64>>>,
    importance: Vec<(String, f64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_of_bag_roc_auc: Option<f64>,
}

#[derive(Serialize)]
struct AncestorWire<'a> {
    digest: &'a str,
    program: &'a str,
    data: &'a str,
    data_sha256: &'a str,
    rows: u64,
    changed: &'a [String],
}

#[derive(Serialize)]
struct ColumnWire<'a> {
    name: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    categories: Option<usize>,
}

#[derive(Serialize)]
struct FindingWire<'a> {
    severity: &'a str,
    code: &'a str,
    title: &'a str,
}

impl Inspect {
    pub(crate) fn run(&self, session: Session) -> anyhow::Result<Exit> {
        let model = session.read_model(&self.file)?;
        let wire = self.wire(&model);
        output::show(&session.terminal, &wire, || text(&session.terminal, &model, &wire))?;
        Ok(Exit::Ok)
    }

    fn wire<'a>(&'a self, model: &'a Model) -> ModelWire<'a> {
        let provenance = model.provenance();
        let mut parts: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
        for metric in &provenance.metrics {
            parts.entry(&metric.part).or_default().insert(&metric.name, metric.value);
        }
        ModelWire {
            file: &self.file,
            model: model.card().id,
            name: model.card().name,
            family: model.card().family.name(),
            program: &provenance.program,
            notice: &provenance.notice,
            task: &provenance.task,
            seed: provenance.seed,
            columns: model
                .input()
                .fields()
                .iter()
                .map(|field| ColumnWire {
                    name: &field.name,
                    kind: field.kind.name(),
                    categories: match &field.kind {
                        FieldKind::Numeric => None,
                        FieldKind::Category(values) => Some(values.len()),
                    },
                })
                .collect(),
            recipe: &provenance.recipe,
            prepared_columns: model.detector().schema().len(),
            parameters: provenance.params.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect(),
            calibration: model.calibrator().kind().name(),
            threshold: model.decision().threshold,
            threshold_rule: &model.decision().rule,
            threshold_note: model.decision().note.as_deref(),
            threshold_extrapolation: model.decision().extrapolation.as_ref(),
            realised: model.decision().realised.as_ref(),
            notes: model.notes(),
            validation: &provenance.validation,
            protocol: &provenance.protocol,
            fitted_rows: provenance.fitted_rows,
            validation_rows: provenance.validation_rows,
            class_rows: provenance
                .classes
                .iter()
                .map(String::as_str)
                .zip(provenance.class_rows.iter().copied())
                .collect(),
            data: provenance
                .sources
                .iter()
                .map(|(part, source)| SourceWire::of(part, source))
                .collect(),
            lineage: provenance
                .lineage
                .iter()
                .map(|ancestor| AncestorWire {
                    digest: &ancestor.digest,
                    program: &ancestor.program,
                    data: &ancestor.data,
                    data_sha256: &ancestor.data_sha256,
                    rows: ancestor.rows,
                    changed: &ancestor.changed,
                })
                .collect(),
            findings: provenance
                .findings
                .iter()
                .map(|finding| FindingWire {
                    severity: &finding.severity,
                    code: &finding.code,
                    title: &finding.title,
                })
                .collect(),
            accepted_leakage: &provenance.accepted_leakage,
            signer: model.signer().map(|key| key.to_hex()),
            metrics: [(model.card().id, parts)].into(),
            importance: model.importance().unwrap_or_default(),
            out_of_bag_roc_auc: model.out_of_bag(),
        }
    }
}

fn text(terminal: &Terminal, model: &Model, wire: &ModelWire<'_>) -> String {
    let provenance = model.provenance();
    let mut text = format!(
        "{}  {} ({})\n",
        terminal.paint(Style::Bold, &wire.file.display().to_string()),
        wire.name,
        wire.model
    );
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(&format!("{name:>14}  {value}\n"));
        }
    };
    line("made by", wire.program);
    line("notice", wire.notice);
    line("task", wire.task);
    for (part, source) in &provenance.sources {
        let short = source.sha256.get(..16).unwrap_or(&source.sha256);
        line(
            part,
            &format!("{}, {} rows, {}, SHA-256 {short}…", source.name, source.rows, source.layout),
        );
    }
    for ancestor in &wire.lineage {
        let version = ancestor.digest.get(..8).unwrap_or(ancestor.digest);
        let changed = ancestor.changed.join("; ");
        line("made from", &format!("{version}, by {}: {changed}", ancestor.data));
    }
    if wire.fitted_rows > 0 {
        let kept = wire.validation_rows;
        line("rows", &format!("{} fitted, {kept} for threshold and calibration", wire.fitted_rows));
    }
    line(
        "columns",
        &format!("{} read, {} after preparing", wire.columns.len(), wire.prepared_columns),
    );
    line("recipe", if wire.recipe.is_empty() { "as they are" } else { wire.recipe });
    line("calibration", wire.calibration);
    line("threshold", &format!("{} ({})", wire.threshold, wire.threshold_rule));
    line("note", wire.threshold_note.unwrap_or_default());
    line("false alarms", &crate::summary::held_out(model.decision()).unwrap_or_default());
    for note in &wire.notes {
        line("note", note);
    }
    let judged = match (wire.protocol.is_empty(), provenance.program.is_empty()) {
        (false, _) => wire.protocol,
        (true, false) => "validation rows alone",
        (true, true) => "nobody here: `tripline evaluate` does",
    };
    line("judged by", judged);
    if let Some(auc) = wire.out_of_bag_roc_auc {
        let text = format!("ROC AUC {auc:.4} of training rows, flattered where rows repeat");
        line("out of bag", &text);
    }
    if !provenance.program.is_empty() {
        line("seed", &wire.seed.to_string());
    }
    line("signed by", wire.signer.as_deref().unwrap_or("nobody"));
    for accepted in wire.accepted_leakage {
        text.push_str(&format!("{} {accepted}\n", terminal.paint(Style::Red, "leakage accepted:")));
    }
    for finding in wire.findings.iter().filter(|finding| finding.severity != "info") {
        text.push_str(&format!(
            "{} {}\n",
            terminal.paint(Style::Yellow, finding.severity),
            finding.title
        ));
    }
    if !provenance.metrics.is_empty() {
        text.push('\n');
        let parts = &wire.metrics[wire.model];
        let mut columns = vec![("metric", Align::Left)];
        columns.extend(parts.keys().map(|part| (*part, Align::Right)));
        let mut table = Table::new(&columns);
        for id in ["roc_auc", "pr_auc", "tpr_at_fpr_1e-3", "recall", "precision", "f1", "fpr"] {
            let values = parts.values().map(|part| crate::summary::number(part.get(id).copied()));
            table.row(std::iter::once(id.to_owned()).chain(values));
        }
        text.push_str(&(table.lines(2).join("\n") + "\n"));
    }
    if !wire.importance.is_empty() {
        let total: f64 = wire.importance.iter().map(|(_, value)| value).sum();
        let named: Vec<String> = wire
            .importance
            .iter()
            .take(8)
            .filter(|(_, value)| *value > 0.0)
            .map(|(name, value)| format!("{name} {:.0} %", value / total * 100.0))
            .collect();
        text.push_str(&format!("\nworth most to it: {}\n", named.join(", ")));
    }
    text
}
