//! `tripline adapt`: a model file to a site's own data.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use tripline_assess::plot::{count, percent};
use tripline_assess::threshold::{Extrapolation, Realised, ThresholdRule};
use tripline_engine::adapt::{AdaptSettings, Adaptation, adapt};
use tripline_engine::{EngineError, Model};
use tripline_store::AtomicFile;

use crate::args::DataArgs;
use crate::commands::check;
use crate::exit::Exit;
use crate::output;
use crate::progress::Bar;
use crate::session::Session;
use crate::shipped;
use crate::summary;
use crate::terminal::{Style, Terminal};
use crate::wire::DatasetWire;

/// Adapt a model file to a site's own data.
///
/// Rows of both kinds with labels are learnt: boosting grows further trees, methods that learn from
/// streams go on. Rows without labels are taken as benign: they give the threshold, and the
/// calibration of an anomaly detector. They are refused if too many of them alert as it is.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tripline adapt model.trip monday.csv -o here.trip\n  \
tripline adapt shipped benign.pcap -o here.trip\n  \
tripline adapt shipped office.pcap --labels office.csv --rounds 100 -o here.trip")]
pub(crate) struct Adapt {
    /// The model file; `shipped` is the one that is compiled in
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The site's data: CSV, Parquet or JSON lines, a capture or logs of a sensor
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// The model file to write [default: MODEL-adapted.trip, in this folder]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Highest rate of false alarms; one that the rows do not support is refused [default: the
    /// model's own]
    #[arg(long, value_name = "RATE", conflicts_with = "threshold_rule")]
    fpr: Option<f64>,
    /// `fpr:RATE`, `best-f1` or `fixed:SCORE`
    #[arg(long, value_name = "RULE")]
    threshold_rule: Option<String>,
    /// Refuse rows without labels of which a larger share alerts as it is
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    max_alerts: f64,
    /// Further rounds of boosting
    #[arg(long, value_name = "N", default_value_t = 50)]
    rounds: usize,
    #[command(flatten)]
    read: DataArgs,
}

#[derive(Serialize)]
struct Adapted<'a> {
    model: &'a str,
    parent: String,
    output: &'a Path,
    rows: usize,
    learnt: usize,
    taken_as_benign: usize,
    alerts_before: usize,
    threshold_before: f64,
    threshold: f64,
    threshold_rule: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold_note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold_if_alerts_are_attacks: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extrapolation: Option<&'a Extrapolation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    realised: Option<&'a Realised>,
    changed: &'a [String],
    data: Vec<DatasetWire>,
}

impl Adapt {
    pub(crate) fn run(&self, session: Session) -> anyhow::Result<Exit> {
        let session = session.with_data(&self.read);
        let file = self.output.clone().unwrap_or_else(|| self.default_output());
        session.keep_inputs(
            &[Some(&file)],
            &[Some(&self.model), Some(&self.data), self.read.traffic.labels.as_deref()],
        )?;
        let settings = self.settings()?;
        let model = self.parent(&session)?;
        let mut output = AtomicFile::create(&file).map_err(EngineError::from)?;
        let bar = Bar::new(&session.terminal);
        let data = session.read_for(&model, &self.data, false, &bar)?;
        let adapted = adapt(&model, &data, &settings, session.seed(), &bar)?;
        bar.clear();
        output
            .write_all(&adapted.model.to_file(None)?.to_bytes())
            .map_err(|source| EngineError::Write { file: file.clone(), source })?;
        output.commit().map_err(EngineError::from)?;
        if adapted.taken_as_benign > 0 {
            session.terminal.warn(&format!(
                "{} rows without labels are taken as benign, {} of them alerts of the model as it \
                 was",
                count(adapted.taken_as_benign),
                count(adapted.alerts_before)
            ));
        }
        let decision = adapted.model.decision();
        let wire = Adapted {
            model: adapted.model.card().id,
            parent: model.version(),
            output: &file,
            rows: adapted.rows,
            learnt: adapted.learnt,
            taken_as_benign: adapted.taken_as_benign,
            alerts_before: adapted.alerts_before,
            threshold_before: adapted.threshold_before,
            threshold: decision.threshold,
            threshold_rule: &decision.rule,
            threshold_note: decision.note.as_deref(),
            threshold_if_alerts_are_attacks: adapted.threshold_if_attacks,
            extrapolation: decision.extrapolation.as_ref(),
            realised: decision.realised.as_ref(),
            changed: &adapted.changed,
            data: vec![DatasetWire::of("adapt", &data)],
        };
        output::show(&session.terminal, &wire, || {
            check::describe(&session.terminal, &data) + &text(&session.terminal, &adapted, &file)
        })?;
        Ok(Exit::Ok)
    }

    fn settings(&self) -> Result<AdaptSettings, EngineError> {
        let threshold = match (self.fpr, &self.threshold_rule) {
            (Some(rate), _) => Some(ThresholdRule::fpr(rate)?),
            (None, Some(rule)) => Some(ThresholdRule::parse(rule)?),
            (None, None) => None,
        };
        if !(0.0..=1.0).contains(&self.max_alerts) {
            return Err(EngineError::Setting {
                name: "max-alerts",
                expected: "from 0 to 1",
                got: self.max_alerts.to_string(),
            });
        }
        Ok(AdaptSettings {
            threshold,
            most_alerts: self.max_alerts,
            rounds: self.rounds,
            ..AdaptSettings::default()
        })
    }

    fn parent(&self, session: &Session) -> Result<Model, EngineError> {
        if self.model == Path::new("shipped") && !self.model.exists() {
            return shipped::model();
        }
        session.read_model(&self.model)
    }

    fn default_output(&self) -> PathBuf {
        let stem = self.model.file_stem().unwrap_or_default().to_string_lossy();
        PathBuf::from(format!("{stem}-adapted.trip"))
    }
}

fn text(terminal: &Terminal, adapted: &Adaptation, file: &Path) -> String {
    let mut text = String::from("\n");
    for changed in &adapted.changed {
        text.push_str(&format!("  {changed}\n"));
    }
    let decision = adapted.model.decision();
    if let Some(realised) = summary::held_out(decision) {
        text.push_str(&format!("false alarms: {realised}\n"));
    }
    if let Some(other) = adapted.threshold_if_attacks {
        text.push_str(&format!(
            "if the {} rows ({}) that alerted before are attacks, the threshold of the others is \
             {other}\n",
            count(adapted.alerts_before),
            percent(adapted.alerts_before as f64 / adapted.rows as f64)
        ));
    }
    if let Some(note) = &decision.note {
        text.push_str(&format!("{} {note}\n", terminal.paint(Style::Yellow, "note:")));
    }
    text.push_str(&format!(
        "\n{}\nnext: tripline inspect {}\n",
        terminal.paint(Style::Bold, &file.display().to_string()),
        file.display()
    ));
    text
}
