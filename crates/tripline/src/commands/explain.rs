//! `tripline explain`: why a model decides as it does.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use tripline_assess::explain::{GlobalExplanation, RowExplanation, dependence};
use tripline_assess::report::{Decision, ExplanationPage, GlobalView, RowView, render_explanation};
use tripline_core::{Dataset, Rows};
use tripline_engine::attribution::AttributionMethod;
use tripline_engine::explain::{
    ExplainSettings, Explained, GlobalReport, PairEffect, explain_global, explain_pairs,
};
use tripline_engine::{EngineError, Model};
use tripline_store::AtomicFile;

use crate::args::DataArgs;
use crate::commands::score::VerifyArgs;
use crate::exit::{Exit, Usage};
use crate::output;
use crate::progress::Bar;
use crate::report;
use crate::session::Session;
use crate::table::{Align, Table};
use crate::terminal::{Style, Terminal};

/// Columns whose effects over their values a page shows.
const DEPENDENCES: usize = 6;
/// Rows that --interactions draws at most: a row takes as many numbers as there are pairs.
const PAIR_ROWS: usize = 200;
/// Columns in the cloud of a page.
const SWARM: usize = 20;

/// Say why a model decides as it does.
///
/// Exact Shapley values: for one row (--row) or on the whole (--global).
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args(["row", "global"]))]
#[command(after_help = "Examples:\n  tripline explain model.trip new.csv --row 17\n  \
tripline explain model.trip new.csv --row 17 --plot why.html\n  \
tripline explain model.trip flows.csv --global --plot model.html\n  \
tripline explain model.trip flows.csv --global --interactions")]
pub(crate) struct Explain {
    /// The model file
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The data that hold the row, or rows to sum up
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// The row's number from 0, as `tripline score` tells it
    #[arg(long, value_name = "N")]
    row: Option<u64>,
    /// Sum up many rows
    #[arg(long)]
    global: bool,
    /// Rows that --global draws at most
    #[arg(long, value_name = "N", default_value = "2000")]
    sample: NonZeroUsize,
    /// Reasons to list
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// Also list the pairs of columns that add most together: of the row, or of at most 200 rows
    /// with --global (path-dependent method)
    #[arg(long, conflicts_with = "interventional")]
    interactions: bool,
    /// Explain this class's own output; for models that tell classes apart
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// Compare with benign training rows (interventional method) instead of the model's own
    /// training statistics (path-dependent method); models that cannot split their score always do
    /// (KernelSHAP)
    #[arg(long)]
    interventional: bool,
    /// Write a page with plots
    #[arg(long, value_name = "HTML")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    read: DataArgs,
    #[command(flatten)]
    verify: VerifyArgs,
}

#[derive(Serialize)]
struct ExplainedWire<'a> {
    model: &'a str,
    file: &'a Path,
    method: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    notice: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<RowWire<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    global: Option<&'a GlobalExplanation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interactions: Option<&'a [PairEffect]>,
}

#[derive(Serialize)]
struct RowWire<'a> {
    verdict: &'static str,
    score: f64,
    threshold: f64,
    probability: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(flatten)]
    explanation: &'a RowExplanation,
}

/// One row with all that is told of it.
pub(crate) struct OneRow {
    pub(crate) explanation: RowExplanation,
    pub(crate) explained: Explained,
    pub(crate) label: Option<String>,
}

impl Explain {
    pub(crate) fn run(&self, session: Session) -> anyhow::Result<Exit> {
        let session = session.with_data(&self.read);
        session.keep_inputs(
            &[self.plot.as_deref()],
            &[Some(&self.model), Some(&self.data), self.verify.key()],
        )?;
        let model = self.verify.read(&session, &self.model)?;
        let page = match &self.plot {
            Some(file) => Some(AtomicFile::create(file).map_err(EngineError::from)?),
            None => None,
        };
        let class = match &self.class {
            Some(name) => Some(model.class_named(name)?),
            None => None,
        };
        let background = match (self.interventional, model.background()) {
            (false, _) => None,
            (true, Some(rows)) => Some(rows),
            (true, None) => {
                return Err(Usage(format!(
                    "{}: the file holds no benign training rows, so --interventional has nothing \
                     to compare with; leave it out",
                    self.model.display()
                ))
                .into());
            }
        };
        let settings = ExplainSettings { background, class, ..ExplainSettings::default() };
        let bar = Bar::new(&session.terminal);
        let data = session.read_for(&model, &self.data, false, &bar)?;
        let one = match self.row {
            Some(row) => Some(explain_one(&model, &data, row, &settings)?),
            None => None,
        };
        let global = if self.global {
            Some(explain_global(&model, &data, self.sample.get(), session.seed(), &settings)?)
        } else {
            None
        };
        let pairs = match (self.interactions, self.row) {
            (false, _) => None,
            (true, Some(row)) if !self.global => {
                // `explain_one` has found the row.
                let at = usize::try_from(row).unwrap_or(usize::MAX);
                Some(explain_pairs(&model, &data.select(&[at]), 1, session.seed(), class)?)
            }
            (true, _) => {
                let rows = self.sample.get().min(PAIR_ROWS);
                Some(explain_pairs(&model, &data, rows, session.seed(), class)?)
            }
        };
        bar.clear();
        if let Some(mut page) = page {
            let html = self.page(&model, &data, one.as_ref(), global.as_ref());
            report::put(&mut page, &html)?;
            page.commit().map_err(EngineError::from)?;
        }
        let wire = self.wire(&model, one.as_ref(), global.as_ref(), pairs.as_deref());
        output::show(&session.terminal, &wire, || {
            let mut text = String::new();
            if !wire.notice.is_empty() {
                text.push_str(&format!("{}\n", wire.notice));
            }
            if let Some(one) = &one {
                text.push_str(&row_text(&session.terminal, &model, one, self.top));
            }
            if let Some(global) = &global {
                text.push_str(&global_text(&session.terminal, &global.global, self.top));
            }
            let method = Self::method(one.as_ref(), global.as_ref());
            if matches!(method, AttributionMethod::Kernel { .. }) {
                text.push_str(&format!("{}\n", method.describe()));
            }
            if let Some(pairs) = &pairs {
                text.push_str(&pairs_text(&session.terminal, pairs, self.top));
            }
            if let Some(plot) = &self.plot {
                text.push_str(&format!("plots: {}\n", plot.display()));
            }
            text
        })?;
        Ok(Exit::Ok)
    }

    /// How attributions were found; interactions are path-dependent.
    fn method(one: Option<&OneRow>, global: Option<&GlobalReport>) -> AttributionMethod {
        let explained = one.map(|one| &one.explained).or(global.map(|global| &global.explained));
        explained.map_or(AttributionMethod::PathDependent, |explained| explained.method)
    }

    fn wire<'a>(
        &'a self,
        model: &'a Model,
        one: Option<&'a OneRow>,
        global: Option<&'a GlobalReport>,
        interactions: Option<&'a [PairEffect]>,
    ) -> ExplainedWire<'a> {
        ExplainedWire {
            model: model.card().id,
            file: &self.model,
            method: Self::method(one, global).id(),
            notice: &model.provenance().notice,
            row: one.map(|one| {
                let verdicts = &one.explained.verdicts;
                let class = verdicts.class.as_ref().and_then(|class| class.first());
                RowWire {
                    verdict: if verdicts.alert[0] { "attack" } else { "benign" },
                    score: verdicts.raw[0],
                    threshold: model.decision().threshold,
                    probability: verdicts.probability[0],
                    class: class
                        .and_then(|&code| model.classes()?.get(code as usize))
                        .map(String::as_str),
                    label: one.label.as_deref(),
                    explanation: &one.explanation,
                }
            }),
            global: global.map(|global| &global.global),
            interactions,
        }
    }

    fn page(
        &self,
        model: &Model,
        data: &Dataset,
        one: Option<&OneRow>,
        global: Option<&GlobalReport>,
    ) -> String {
        let title = match (self.row, self.global) {
            (Some(row), _) => format!("Row {row} of {}", data.source.name),
            (None, _) => format!("{} on the whole", model.card().name),
        };
        render_explanation(&ExplanationPage {
            title,
            when: report::now(),
            command: report::command(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: format!("{} ({})", model.card().id, self.model.display()),
            method: Self::method(one, global).describe(),
            leakage_accepted: model.provenance().accepted_leakage.clone(),
            facts: facts(model, data),
            row: one.map(|one| row_view(model, one)),
            global: global.map(global_view),
        })
    }
}

/// Explains the row of that number.
pub(crate) fn explain_one(
    model: &Model,
    data: &Dataset,
    row: u64,
    settings: &ExplainSettings<'_>,
) -> Result<OneRow, EngineError> {
    let at = usize::try_from(row).ok().filter(|&at| at < data.len()).ok_or_else(|| {
        EngineError::NoRow {
            file: data.source.name.clone(),
            row,
            last: data.len().saturating_sub(1) as u64,
        }
    })?;
    let rows: Rows = data.rows.select(&[at]);
    let explained = model.explain(&rows, settings)?;
    Ok(OneRow {
        explanation: explained.reasons(model, &rows, 0, row),
        explained,
        label: data.labels.as_ref().map(|labels| labels.class(at).to_owned()),
    })
}

/// A row for a page.
pub(crate) fn row_view<'a>(model: &Model, one: &'a OneRow) -> RowView<'a> {
    RowView {
        explanation: &one.explanation,
        decision: Some(Decision {
            score: one.explained.verdicts.raw[0],
            threshold: model.decision().threshold,
            probability: Some(one.explained.verdicts.probability[0]),
        }),
        label: one.label.clone(),
    }
}

fn global_view(report: &GlobalReport) -> GlobalView<'_> {
    let folded = &report.explained.folded;
    let prepared = Some(&report.explained.prepared);
    GlobalView {
        explanation: &report.global,
        swarm: report.global.swarm(folded, &report.rows, prepared, SWARM),
        dependences: report
            .global
            .features
            .iter()
            .take(DEPENDENCES)
            .filter_map(|feature| dependence(folded, feature.position, &report.rows, prepared))
            .collect(),
    }
}

fn facts(model: &Model, data: &Dataset) -> Vec<(String, String)> {
    let mut facts =
        vec![("Data".to_owned(), format!("{}, SHA-256 {}", data.source.name, data.source.sha256))];
    for (part, source) in &model.provenance().sources {
        facts.push((
            format!("Model's {part} data"),
            format!("{}, SHA-256 {}", source.name, source.sha256),
        ));
    }
    facts
}

/// A row with its verdict and reasons, in words.
pub(crate) fn row_text(terminal: &Terminal, model: &Model, one: &OneRow, top: usize) -> String {
    let verdicts = &one.explained.verdicts;
    let verdict = if verdicts.alert[0] {
        terminal.paint(Style::Red, "alert")
    } else {
        terminal.paint(Style::Green, "no alert")
    };
    let mut text = format!(
        "row {}: {verdict}, probability {:.4}, score {:.4}, threshold {:.4}\n",
        one.explanation.row,
        verdicts.probability[0],
        verdicts.raw[0],
        model.decision().threshold
    );
    if let Some(label) = &one.label {
        text.push_str(&format!("the data say: {label}\n"));
    }
    let telling = one.explanation.reasons.iter().filter(|reason| reason.effect != 0.0).take(top);
    for reason in telling {
        let sign = if reason.effect > 0.0 {
            terminal.paint(Style::Red, "+")
        } else {
            terminal.paint(Style::Green, "-")
        };
        text.push_str(&format!("  {sign} {}\n", reason.text));
    }
    let shown = one.explanation.reasons.iter().filter(|reason| reason.effect != 0.0).count();
    if shown > top {
        let rest: f64 = one
            .explanation
            .reasons
            .iter()
            .filter(|reason| reason.effect != 0.0)
            .skip(top)
            .map(|reason| reason.effect)
            .sum();
        text.push_str(&format!("    {} further columns together {rest:+.4}\n", shown - top));
    }
    text
}

fn global_text(terminal: &Terminal, global: &GlobalExplanation, top: usize) -> String {
    let mut table = Table::new(&[
        ("column", Align::Left),
        ("mean |effect|", Align::Right),
        ("share", Align::Right),
        ("mean effect", Align::Right),
    ]);
    for feature in global.features.iter().take(top) {
        table.row([
            feature.feature.clone(),
            format!("{:.4}", feature.mean_absolute),
            format!("{:.1} %", feature.share * 100.0),
            format!("{:+.4}", feature.mean),
        ]);
    }
    format!(
        "{} over {} rows, in {}\n{}\n",
        terminal.paint(Style::Bold, "What columns add to the score"),
        global.rows,
        global.unit,
        table.lines(2).join("\n")
    )
}

fn pairs_text(terminal: &Terminal, pairs: &[PairEffect], top: usize) -> String {
    let mut table = Table::new(&[
        ("columns", Align::Left),
        ("mean |effect|", Align::Right),
        ("mean effect", Align::Right),
    ]);
    for pair in pairs.iter().filter(|pair| pair.mean_absolute > 0.0).take(top) {
        table.row([
            format!("{} with {}", pair.first, pair.second),
            format!("{:.4}", pair.mean_absolute),
            format!("{:+.4}", pair.mean),
        ]);
    }
    let title = terminal.paint(Style::Bold, "What pairs of columns add together");
    format!("{title}, beyond what each adds alone\n{}\n", table.lines(2).join("\n"))
}
