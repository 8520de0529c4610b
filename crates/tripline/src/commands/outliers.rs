//! `tripline outliers`: the rows of one file that are unlike its others.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use tripline_core::Dataset;
use tripline_engine::EngineError;
use tripline_engine::outliers::{OutlierReport, OutlierSettings, finder_card, outliers};
use tripline_engine::sinks::{ScoredBatch, SinkColumns, SinkError, SinkKind, sink};
use tripline_features::Recipe;
use tripline_store::AtomicFile;

use crate::args::DataArgs;
use crate::commands::{check, score};
use crate::exit::{Exit, Usage};
use crate::output;
use crate::progress::Bar;
use crate::session::{Session, parse_params};
use crate::table::{Align, Table};
use crate::terminal::Terminal;
use crate::wire::DatasetWire;

/// Find the rows of one file that are unlike its others.
///
/// Nothing is learnt for other data, no row counts as its own neighbour. Labels are not looked at;
/// where the file has them, they tell how well its attacks were found.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tripline outliers flows.csv --model lof\n  \
tripline outliers flows.csv --model knn --param n_neighbors=10 --top 50 -o outliers.csv\n  \
tripline outliers flows.csv --prepare impute=median,encode=frequency,scale=quantile")]
pub(crate) struct Outliers {
    /// The data: CSV, Parquet or JSON lines, a capture or logs of a sensor, plain or compressed
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// The detector's id; a wrong one is answered by those that find outliers
    #[arg(long, short, value_name = "ID", default_value = "lof")]
    model: String,
    /// A parameter of the detector; may be repeated
    #[arg(long = "param", short, value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// How columns are prepared [default: what fits the detector]
    #[arg(long, value_name = "RECIPE")]
    prepare: Option<String>,
    /// Tell this many rows, those of the highest scores
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// Tell this many columns of each, those whose values are rarest
    #[arg(long, value_name = "N", default_value_t = 3)]
    columns: usize,
    /// All rows with their scores, as `score` writes them: .csv, .jsonl or .parquet
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    read: DataArgs,
}

#[derive(Serialize)]
struct Found<'a> {
    model: &'a str,
    parameters: std::collections::BTreeMap<&'a str, String>,
    recipe: &'a str,
    seed: u64,
    rows: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a Path>,
    top: Vec<OutlierWire<'a>>,
    /// By the labels of the data, which finding did not look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    judged_by_labels: Option<JudgedWire>,
    handled: Vec<score::HandledWire>,
    data: DatasetWire,
    seconds: f64,
}

#[derive(Serialize)]
struct OutlierWire<'a> {
    row: usize,
    score: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    columns: Vec<RareWire<'a>>,
}

#[derive(Serialize)]
struct RareWire<'a> {
    column: &'a str,
    value: &'a str,
    rows: usize,
}

#[derive(Serialize)]
struct JudgedWire {
    attacks: usize,
    benign: usize,
    roc_auc: Option<f64>,
    roc_auc_interval: Option<[f64; 2]>,
    attacks_in_top: u64,
}

impl Outliers {
    pub(crate) fn run(&self, session: Session) -> anyhow::Result<Exit> {
        let session = session.with_data(&self.read);
        session.keep_inputs(
            &[self.output.as_deref()],
            &[Some(&self.data), self.read.traffic.labels.as_deref()],
        )?;
        finder_card(&self.model)?;
        let recipe = match &self.prepare {
            Some(text) => Some(Recipe::parse(text).map_err(|error| Usage(error.to_string()))?),
            None => None,
        };
        let settings = OutlierSettings {
            params: parse_params(&self.params)?,
            recipe,
            top: self.top,
            columns: self.columns,
        };
        // Opened first: a folder that cannot be written costs no search.
        let output = match &self.output {
            Some(file) => {
                let kind = SinkKind::of(file)?;
                Some((file, kind, AtomicFile::create(file).map_err(EngineError::from)?))
            }
            None => None,
        };
        let judging = session.judging_settings()?;
        let bar = Bar::new(&session.terminal);
        let data = session.read_data(&self.data, false, &bar)?;
        let report = outliers(&self.model, &data, &settings, &judging, session.seed(), &bar)?;
        bar.clear();
        if let Some((file, kind, mut out)) = output {
            write(file, kind, &mut out, &data, &report)?;
            out.commit().map_err(EngineError::from)?;
        }
        self.show(&session, &data, &report)?;
        Ok(Exit::Ok)
    }

    fn show(
        &self,
        session: &Session,
        data: &Dataset,
        report: &OutlierReport,
    ) -> anyhow::Result<()> {
        let wire = Found {
            model: report.card.id,
            parameters: report.params.iter().map(|(n, v)| (n, v.to_string())).collect(),
            recipe: &report.recipe,
            seed: session.seed(),
            rows: data.len(),
            output: self.output.as_deref(),
            top: report
                .top
                .iter()
                .map(|outlier| OutlierWire {
                    row: outlier.row,
                    score: outlier.score,
                    label: outlier.label.as_deref(),
                    columns: outlier
                        .columns
                        .iter()
                        .map(|rare| RareWire {
                            column: &rare.column,
                            value: &rare.value,
                            rows: rare.rows,
                        })
                        .collect(),
                })
                .collect(),
            judged_by_labels: judged(data, report),
            handled: score::handled(&report.verdicts.report),
            data: DatasetWire::of("searched", data),
            seconds: report.seconds,
        };
        output::show(&session.terminal, &wire, || self.text(&session.terminal, data, report, &wire))
    }

    fn text(
        &self,
        terminal: &Terminal,
        data: &Dataset,
        report: &OutlierReport,
        wire: &Found<'_>,
    ) -> String {
        let mut text = check::describe(terminal, data);
        text.push_str(&score::handled_text(&wire.handled));
        text.push_str(&format!(
            "\nmost unlike the other rows, by {} ({:.1} s):\n",
            report.card.name, report.seconds
        ));
        let labelled = data.labels.is_some();
        let mut columns = vec![("row", Align::Right), ("score", Align::Right)];
        columns.extend(labelled.then_some(("label", Align::Left)));
        columns.push(("rarest values (rows as far from usual)", Align::Left));
        let mut table = Table::new(&columns);
        for outlier in &report.top {
            let mut cells = vec![outlier.row.to_string(), format!("{:.4}", outlier.score)];
            cells.extend(labelled.then(|| terminal_text(outlier.label.as_deref().unwrap_or(""))));
            let rare = outlier.columns.iter().map(|rare| {
                format!("{} = {} ({})", rare.column, terminal_text(&rare.value), rare.rows)
            });
            cells.push(rare.collect::<Vec<_>>().join(", "));
            table.row(cells);
        }
        for line in table.lines(2) {
            text.push_str(&line);
            text.push('\n');
        }
        if let Some(judged) = &wire.judged_by_labels {
            let interval = match judged.roc_auc_interval {
                Some([low, high]) => format!(" ({low:.4} to {high:.4})"),
                None => String::new(),
            };
            let auc = judged.roc_auc.map_or("none".to_owned(), |auc| format!("{auc:.4}"));
            text.push_str(&format!(
                "\nby the labels of the data, which served judging alone: ROC AUC {auc}{interval}, \
                 {} of the {} rows above are attacks ({} of all {})\n",
                judged.attacks_in_top,
                report.top.len(),
                judged.attacks,
                data.len()
            ));
        }
        match &self.output {
            Some(file) => text.push_str(&format!("\n{}\n", file.display())),
            None => text.push_str("\nall rows with their scores: -o outliers.csv\n"),
        }
        text
    }
}

/// Text of the data without what could steer a terminal.
fn terminal_text(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn judged(data: &Dataset, report: &OutlierReport) -> Option<JudgedWire> {
    let (judged, labels) = (report.judged.as_ref()?, data.labels.as_ref()?);
    let interval = judged.intervals.iter().find(|(id, _)| *id == "roc_auc");
    let top = report.top.iter().filter(|outlier| labels.is_attack(outlier.row));
    Some(JudgedWire {
        attacks: judged.attacks,
        benign: judged.benign,
        roc_auc: judged.value("roc_auc"),
        roc_auc_interval: interval.map(|(_, interval)| [interval.low, interval.high]),
        attacks_in_top: top.count() as u64,
    })
}

fn write(
    file: &Path,
    kind: SinkKind,
    out: &mut AtomicFile,
    data: &Dataset,
    report: &OutlierReport,
) -> Result<(), EngineError> {
    let refused = |error| match error {
        SinkError::Io(source) => EngineError::Write { file: file.to_owned(), source },
        other => EngineError::Encode { file: file.to_owned(), reason: other.to_string() },
    };
    let columns =
        SinkColumns { class: false, label: data.labels.is_some(), reasons: false, notice: false };
    let mut sink = sink(kind, columns, out).map_err(refused)?;
    sink.write(&ScoredBatch {
        first_row: 0,
        verdicts: &report.verdicts,
        classes: &[],
        labels: data.labels.as_ref(),
        reasons: &[],
        notice: "",
    })
    .map_err(refused)?;
    sink.finish().map_err(refused)
}
