//! `tripline evaluate`: a model file judged on labelled data.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use tripline_assess::evaluate::{PartMetrics, Parts};
use tripline_assess::metrics::resolve;
use tripline_assess::threshold::{Realised, ThresholdRule};
use tripline_engine::evaluate::evaluate;

use crate::args::{DataArgs, RateArgs};
use crate::commands::{check, score};
use crate::exit::{Exit, Usage};
use crate::output;
use crate::progress::Bar;
use crate::session::Session;
use crate::summary;
use crate::wire::{DatasetWire, MetricsWire, PartsWire};

/// Judge a model file on labelled data.
///
/// The model's own threshold decides. Data that the model was trained on is refused.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tripline evaluate model.trip monday.csv\n  \
tripline evaluate model.trip monday.csv --metric auc_roc --metric f1_score")]
pub(crate) struct Evaluate {
    /// The model file
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Labelled data that the model was not trained on
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// Judge although the model was trained on this file
    #[arg(long)]
    accept_leakage: bool,
    /// Tell these metrics alone, by id, name or alias such as `auc_roc`; may be repeated
    #[arg(long, value_name = "NAME")]
    metric: Vec<String>,
    #[command(flatten)]
    read: DataArgs,
    #[command(flatten)]
    rate: RateArgs,
    #[command(flatten)]
    verify: score::VerifyArgs,
}

#[derive(Serialize)]
struct Evaluated<'a> {
    model: &'a str,
    file: &'a std::path::Path,
    threshold: f64,
    threshold_rule: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    realised_when_made: Option<&'a Realised>,
    #[serde(skip_serializing_if = "str::is_empty")]
    notice: &'a str,
    accepted_leakage: &'a [String],
    data: Vec<DatasetWire>,
    handled: Vec<score::HandledWire>,
    metrics: MetricsWire<'a>,
    /// By the names that were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    asked: Vec<AskedWire<'a>>,
}

#[derive(Serialize)]
struct AskedWire<'a> {
    name: &'a str,
    metric: &'static str,
    value: serde_json::Value,
}

impl Evaluate {
    pub(crate) fn run(&self, session: Session) -> anyhow::Result<Exit> {
        let session = session.with_data(&self.read).with_rate(&self.rate);
        let mut wanted = Vec::with_capacity(self.metric.len());
        for name in &self.metric {
            wanted.push((name, resolve(name).map_err(|error| Usage(error.to_string()))?));
        }
        let mut judging = session.judging_settings()?;
        judging.accept_leakage |= self.accept_leakage;
        let model = self.verify.read(&session, &self.model)?;
        let bar = Bar::new(&session.terminal);
        let data = session.read_for(&model, &self.data, true, &bar)?;
        let judgement = evaluate(&model, &data, &judging, session.seed())?;
        bar.clear();
        for accepted in &judgement.accepted_leakage {
            session.terminal.warn(&format!("leakage accepted: {accepted}"));
        }
        let id = model.card().id;
        let figures = serde_json::to_value(&judgement.test)?;
        let asked: Vec<AskedWire<'_>> = wanted
            .iter()
            .map(|&(name, card)| AskedWire {
                name,
                metric: card.id,
                value: figures.get(card.id).cloned().unwrap_or_default(),
            })
            .collect();
        let parts = Parts { train: None, validation: None, test: Some(judgement.test) };
        let handled = score::handled(&judgement.report);
        let wire = Evaluated {
            model: id,
            file: &self.model,
            threshold: model.decision().threshold,
            threshold_rule: &model.decision().rule,
            realised_when_made: model.decision().realised.as_ref(),
            notice: &model.provenance().notice,
            accepted_leakage: &judgement.accepted_leakage,
            data: vec![DatasetWire::of("test", &data)],
            handled,
            metrics: [(id.to_owned(), PartsWire::of(&parts))].into(),
            asked,
        };
        output::show(&session.terminal, &wire, || {
            if !wire.asked.is_empty() {
                return wire
                    .asked
                    .iter()
                    .map(|one| format!("{} {}\n", one.name, one.value))
                    .collect();
            }
            let mut text = check::describe(&session.terminal, &data);
            if !wire.notice.is_empty() {
                text.push_str(&format!("  {}\n", wire.notice));
            }
            text.push_str(&score::handled_text(&wire.handled));
            text.push('\n');
            text.push_str(&summary::parts(&session.terminal, id, &parts));
            text.push_str(&confusion(parts.test.as_ref()));
            if let (Ok(rule), Some(part)) =
                (ThresholdRule::parse(&model.decision().rule), &parts.test)
            {
                text.push_str(&summary::realised(rule, part));
            }
            if let Some(realised) = summary::held_out(model.decision()) {
                text.push_str(&format!("when it was made: {realised}\n"));
            }
            text
        })?;
        Ok(Exit::Ok)
    }
}

fn confusion(part: Option<&PartMetrics>) -> String {
    part.map_or(String::new(), |part| {
        let outcomes = &part.confusion;
        format!(
            "{} attacks found, {} missed; {} false alarms on {} benign rows\n",
            outcomes.tp, outcomes.r#fn, outcomes.fp, part.benign
        )
    })
}
