//! `tripline demo`: everything at once, on made-up flows.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use tripline_assess::plot::count;
use tripline_assess::report::AlertView;
use tripline_core::Dataset;
use tripline_engine::compare::{Comparison, compare};
use tripline_engine::explain::ExplainSettings;
use tripline_engine::{EngineError, FittedModel, TrainingSettings, trainable};
use tripline_ingest::synthetic;
use tripline_store::AtomicFile;

use crate::args::Format;
use crate::commands::explain::{OneRow, explain_one, row_text, row_view};
use crate::commands::{check, compare as comparing, demo_traffic};
use crate::exit::Exit;
use crate::progress::Bar;
use crate::report;
use crate::session::Session;
use crate::summary;
use crate::terminal::Style;
use crate::wire::DatasetWire;

/// Fewer flows than this leave attack classes without a row to train on.
const LEAST_ROWS: usize = 1_000;
/// Reasons told of the top alert.
const REASONS: usize = 6;

/// Show everything on made-up flows: no file needed.
///
/// Makes labelled flows of a company with attacks among them, checks them, trains and compares all
/// models on earlier flows, judges them on later ones, explains the top alert, makes a capture and
/// watches it, and leaves all of it in a folder.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tripline demo\n  tripline demo --rows 20000 --out /tmp/demo\n  tripline demo --serve"
)]
pub(crate) struct Demo {
    /// Number of flows
    #[arg(long, value_name = "N", default_value_t = 60_000, value_parser = enough_rows)]
    rows: usize,
    /// The folder for the outputs; files of an earlier demo in it are replaced
    #[arg(long, value_name = "DIR", default_value = "tripline-demo")]
    out: PathBuf,
    /// Then serve it: the dashboard with the demo's model and detections, until Ctrl-C
    #[cfg(feature = "serve")]
    #[arg(long)]
    serve: bool,
    /// The port of the service [default: 5003]
    #[cfg(feature = "serve")]
    #[arg(long, value_name = "PORT", requires = "serve")]
    port: Option<u16>,
}

#[derive(Serialize)]
struct DemoWire<'a> {
    report: &'a Path,
    model: &'a Path,
    flows: &'a Path,
    seconds: f64,
    watched: &'a demo_traffic::Watched,
    top_alert: Option<AlertWire<'a>>,
    #[serde(flatten)]
    compared: comparing::Compared<'a>,
}

#[derive(Serialize)]
struct AlertWire<'a> {
    model: &'a str,
    #[serde(flatten)]
    explanation: &'a tripline_assess::explain::RowExplanation,
}

impl Demo {
    pub(crate) fn run(&self, session: Session) -> anyhow::Result<Exit> {
        let start = Instant::now();
        let terminal = &session.terminal;
        let text = terminal.format == Format::Text;
        let say = |piece: &str| if text { terminal.print(piece) } else { Ok(()) };
        let settings = session.training_settings(&[])?;
        let judging = session.judging_settings()?;

        // Outputs are opened first: a folder that cannot be written costs no training.
        std::fs::create_dir_all(&self.out)
            .map_err(|source| EngineError::Write { file: self.out.clone(), source })?;
        let paths = Paths::of(&self.out);
        let mut flows = AtomicFile::create(&paths.flows).map_err(EngineError::from)?;
        let page = AtomicFile::create(&paths.report).map_err(EngineError::from)?;

        let bar = Bar::new(terminal);
        let mut data = synthetic::flows(self.rows, session.seed());
        let written = synthetic::write_csv(&data, &mut flows)
            .map_err(|source| EngineError::Write { file: paths.flows.clone(), source })?;
        flows.commit().map_err(EngineError::from)?;
        // The file holds the rows that train: the model must know it, to refuse to be judged by it.
        let source = Arc::make_mut(&mut data.source);
        (source.sha256, source.bytes) = (written.sha256, written.bytes);
        say(&format!(
            "{}\n",
            terminal.paint(
                Style::Bold,
                &format!("1  {} made-up flows, seed {}", count(data.len()), session.seed())
            )
        ))?;
        say(&check::describe(terminal, &data))?;

        let ids: Vec<String> = trainable().iter().map(|card| card.id.to_owned()).collect();
        let comparison = compare(&ids, &data, None, &settings, &judging, session.seed(), &bar)?;
        bar.clear();
        say(&format!("\n{}\n", terminal.paint(Style::Bold, "2  Is the data fit to judge by?")))?;
        say(&summary::guard(terminal, &comparison.clearance.guard.findings))?;
        for (id, error) in &comparison.failures {
            terminal.warn(&format!("{id} is left out: {error}"));
        }
        let order = comparing::order(settings.threshold, &comparison.evaluations);
        say(&format!("\n{}", terminal.paint(Style::Bold, "3  How good is each model?")))?;
        say(&comparing::table(terminal, &comparison, &order, settings.threshold))?;

        let best = chosen(&comparison, order.metric);
        let alert = match best {
            Some(fitted) => top_alert(&comparison, fitted, &data)?,
            None => None,
        };
        if let (Some(fitted), Some(alert)) = (best, &alert) {
            let model = &fitted.model;
            let title = format!("4  Why is this the top alert of {}?", model.card().id);
            say(&format!("\n{}\n", terminal.paint(Style::Bold, &title)))?;
            say(&row_text(terminal, model, alert, REASONS))?;
        }
        if let Some(fitted) = best {
            fitted.model.write(&paths.model, None)?;
        }
        self.write_report(&session, page, &comparison, &settings, &data, best, alert.as_ref())?;
        let watched = demo_traffic::watch(&paths.capture, &paths.truth, session.seed())?;
        let title = "5  From packets to verdicts: a capture made now, the shipped model";
        say(&format!("\n{}\n", terminal.paint(Style::Bold, title)))?;
        say(watched.text())?;
        let seconds = start.elapsed().as_secs_f64();
        if text {
            say(&self.closing(&session, &paths, alert.as_ref(), seconds))?;
        } else {
            let wire = DemoWire {
                report: &paths.report,
                model: &paths.model,
                flows: &paths.flows,
                seconds,
                watched: &watched,
                top_alert: best.zip(alert.as_ref()).map(|(fitted, alert)| AlertWire {
                    model: fitted.model.card().id,
                    explanation: &alert.explanation,
                }),
                compared: comparing::wire(
                    &session,
                    &comparison,
                    &order,
                    settings.threshold,
                    vec![DatasetWire::of("train", &data)],
                ),
            };
            crate::output::show(terminal, &wire, String::new)?;
        }
        #[cfg(feature = "serve")]
        if self.serve {
            let judged = best.and_then(|fitted| judged_rows(&comparison, fitted));
            let samples = super::demo_serve::Samples::of(
                &data,
                judged.unwrap_or_default(),
                best.map(|_| paths.model.clone()),
                paths.capture.clone(),
            );
            let folder = self.out.join("service");
            return super::serve::Serve::of_demo(&folder, self.port, samples).run(&session);
        }
        Ok(Exit::Ok)
    }

    #[expect(clippy::too_many_arguments, reason = "the page shows all that the demo made")]
    fn write_report(
        &self,
        session: &Session,
        page: AtomicFile,
        comparison: &Comparison,
        settings: &TrainingSettings,
        data: &Dataset,
        best: Option<&FittedModel>,
        alert: Option<&OneRow>,
    ) -> Result<(), EngineError> {
        let clearance = &comparison.clearance;
        let input = report::Input {
            title: format!("Tripline demo: {} made-up flows", count(data.len())),
            session,
            train: data,
            test: None,
            protocol: Some(&clearance.protocol),
            threshold: settings.threshold,
            guard: &clearance.guard,
            overrides: &clearance.overrides,
            evaluations: &comparison.evaluations,
            parameters: comparing::parameters(comparison),
            alert: best.zip(alert).map(|(fitted, alert)| AlertView {
                model: fitted.model.card().id.to_owned(),
                row: row_view(&fitted.model, alert),
            }),
            notes: vec![
                "The flows are made up by `tripline generate flows`: figures on them say nothing \
                 about any real network."
                    .to_owned(),
            ],
        };
        report::write(page, input)
    }

    fn closing(
        &self,
        session: &Session,
        paths: &Paths,
        alert: Option<&OneRow>,
        seconds: f64,
    ) -> String {
        let terminal = &session.terminal;
        let mut text = format!("\n{}\n", terminal.paint(Style::Bold, "6  What lies where"));
        let width = paths.truth.display().to_string().chars().count();
        for (path, what) in [
            (&paths.report, "all figures and plots: open it in a browser"),
            (&paths.model, "the model"),
            (&paths.flows, "the flows"),
            (&paths.capture, "the capture"),
            (&paths.truth, "what its flows are"),
        ] {
            let path = path.display().to_string();
            text.push_str(&format!("  {path:width$}  {what}\n"));
        }
        let row = alert.map_or(0, |alert| alert.explanation.row);
        text.push_str(&format!(
            "\nTry:\n  tripline score {model} {flows} -o scores.csv --reasons 3\n  \
             tripline explain {model} {flows} --row {row} --plot why.html\n\
             \nThe same on packets:\n  \
             tripline watch {capture}\n  \
             tripline flows {capture} -o flows.parquet\n  \
             tripline train {capture} --labels {truth} --task multiclass -o traffic.trip\n\
             \nThe same on your own file (CSV, Parquet, JSON lines):\n  \
             tripline check DATA\n  \
             tripline compare DATA --report report.html\n  \
             tripline train DATA --model gradient_boosting -o model.trip\n\
             {offer}\n{seconds:.0} s\n",
            offer = self.offer(),
            model = paths.model.display(),
            flows = paths.flows.display(),
            capture = paths.capture.display(),
            truth = paths.truth.display(),
        ));
        text
    }
}

impl Demo {
    /// How to see it in a browser.
    fn offer(&self) -> String {
        #[cfg(feature = "serve")]
        if !self.serve {
            return "\nThe same on a dashboard:\n  tripline demo --serve\n".to_owned();
        }
        String::new()
    }
}

struct Paths {
    report: PathBuf,
    model: PathBuf,
    flows: PathBuf,
    capture: PathBuf,
    truth: PathBuf,
}

impl Paths {
    fn of(folder: &Path) -> Self {
        Self {
            report: folder.join("report.html"),
            model: folder.join("model.trip"),
            flows: folder.join("flows.csv"),
            capture: folder.join("traffic.pcap"),
            truth: folder.join("traffic-truth.csv"),
        }
    }
}

/// The best model on validation rows among those that can say why: test rows judge, they choose
/// nothing.
fn chosen<'a>(comparison: &'a Comparison, metric: &str) -> Option<&'a FittedModel> {
    let validation = |at: usize, id: &str| {
        comparison.evaluations[at].parts.validation.as_ref().and_then(|part| part.value(id))
    };
    let explained = (0..comparison.models.len())
        .filter(|&at| comparison.models[at].model.detector().explain().is_some());
    // Few benign rows have no rate of 1e-3; the area there is always.
    let told = explained.clone().all(|at| validation(at, metric).is_some());
    let metric = if told { metric } else { "roc_auc" };
    let value = |at: usize| validation(at, metric).unwrap_or(f64::NEG_INFINITY);
    let best = explained.reduce(|best, next| if value(next) > value(best) { next } else { best });
    best.map(|at| &comparison.models[at])
}

/// The rows that judged a model: they did not train it.
#[cfg(feature = "serve")]
fn judged_rows<'a>(comparison: &'a Comparison, fitted: &FittedModel) -> Option<&'a [usize]> {
    let id = fitted.model.card().id;
    let judged = comparison.evaluations.iter().find(|evaluation| evaluation.model == id);
    judged.map(|evaluation| evaluation.pooled.row.as_slice())
}

/// The judged row of the highest score, explained.
fn top_alert(
    comparison: &Comparison,
    fitted: &FittedModel,
    data: &Dataset,
) -> Result<Option<OneRow>, EngineError> {
    let id = fitted.model.card().id;
    let pooled = comparison
        .evaluations
        .iter()
        .find(|evaluation| evaluation.model == id)
        .map(|evaluation| &evaluation.pooled);
    let mut highest: Option<(usize, f64)> = None;
    if let Some(pooled) = pooled {
        for (&row, &raw) in pooled.row.iter().zip(&pooled.raw) {
            if highest.is_none_or(|(_, known)| raw > known) {
                highest = Some((row, raw));
            }
        }
    }
    match highest {
        Some((row, _)) => {
            let settings = ExplainSettings::default();
            Ok(Some(explain_one(&fitted.model, data, row as u64, &settings)?))
        }
        None => Ok(None),
    }
}

fn enough_rows(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(rows) if rows >= LEAST_ROWS => Ok(rows),
        Ok(_) => Err(format!("the demo needs at least {LEAST_ROWS} flows")),
        Err(error) => Err(format!("not a whole number: {error}")),
    }
}
