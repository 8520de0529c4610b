//! `tripline compare`: several models on the same splits.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use tripline_assess::bootstrap::Difference;
use tripline_assess::evaluate::Evaluation;
use tripline_assess::guard::{Finding, Override};
use tripline_assess::report::{Order, order_of};
use tripline_assess::threshold::ThresholdRule;
use tripline_engine::compare::{Comparison, compare};
use tripline_engine::train::describe;
use tripline_engine::{EngineError, trainable};
use tripline_store::AtomicFile;

use crate::args::{DataArgs, JudgingArgs, TrainingArgs};
use crate::commands::check;
use crate::exit::{Exit, Usage};
use crate::output;
use crate::progress::Bar;
use crate::report;
use crate::session::{ModelParams, Session};
use crate::summary;
use crate::terminal::{Style, Terminal};
use crate::wire::{DatasetWire, MetricsWire, PartsWire};

/// Judge several models on the same splits.
///
/// Each model is trained on every split's training rows and judged on what the split left out;
/// thresholds and calibration come from training rows alone.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tripline compare flows.csv --report out.html\n  \
tripline compare KDDTrain+.txt --test KDDTest+.txt --models gradient_boosting,random_forest\n  \
tripline compare flows.csv --protocol leave-one-family-out --format json")]
pub(crate) struct Compare {
    /// The labelled data: CSV, Parquet or JSON lines, plain or compressed
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// A labelled file that judges, never trains
    #[arg(long, value_name = "FILE")]
    test: Option<PathBuf>,
    /// Ids with commas between [default: all]
    #[arg(long, short, value_name = "IDS", value_delimiter = ',')]
    models: Vec<String>,
    /// A parameter of one model; may be repeated
    #[arg(long = "param", short, value_name = "ID.NAME=VALUE", help_heading = "Training")]
    params: Vec<String>,
    /// Write a page that shows all figures
    #[arg(long, value_name = "HTML")]
    report: Option<PathBuf>,
    #[command(flatten)]
    read: DataArgs,
    #[command(flatten)]
    training: TrainingArgs,
    #[command(flatten)]
    judging: JudgingArgs,
}

/// The JSON shape of a comparison.
#[derive(Serialize)]
pub(crate) struct Compared<'a> {
    pub(crate) protocol: String,
    pub(crate) seed: u64,
    pub(crate) threshold_rule: String,
    pub(crate) accepted_leakage: &'a [Override],
    pub(crate) order: OrderWire<'a>,
    pub(crate) data: Vec<DatasetWire>,
    pub(crate) findings: &'a [Finding],
    pub(crate) failures: BTreeMap<&'a str, String>,
    pub(crate) metrics: MetricsWire<'a>,
    pub(crate) evaluations: &'a [Evaluation],
}

/// Which model stands first by which metric.
#[derive(Serialize)]
pub(crate) struct OrderWire<'a> {
    metric: &'a str,
    models: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_above_second: Option<Difference>,
}

impl<'a> OrderWire<'a> {
    pub(crate) fn of(order: &'a Order, evaluations: &'a [Evaluation]) -> Self {
        Self {
            metric: order.metric,
            models: order.models.iter().map(|&at| evaluations[at].model.as_str()).collect(),
            first_above_second: order.difference,
        }
    }
}

impl Compare {
    pub(crate) fn run(&self, session: Session) -> anyhow::Result<Exit> {
        let session =
            session.with_data(&self.read).with_training(&self.training).with_judging(&self.judging);
        let ids = chosen(&self.models)?;
        let params = params(&self.params)?;
        if let Some((id, _)) = params.iter().find(|(id, _)| !ids.contains(id)) {
            return Err(Usage(format!(
                "--param names `{id}`, which is not compared; compared are: {}",
                ids.join(", ")
            ))
            .into());
        }
        let settings = session.training_settings(&params)?;
        let judging = session.judging_settings()?;
        session
            .keep_inputs(&[self.report.as_deref()], &[Some(&self.data), self.test.as_deref()])?;
        let page = match &self.report {
            Some(file) => Some(AtomicFile::create(file).map_err(EngineError::from)?),
            None => None,
        };
        let bar = Bar::new(&session.terminal);
        let data = session.read_data(&self.data, true, &bar)?;
        let test = match &self.test {
            Some(file) => Some(session.read_test(file, &data, &bar)?),
            None => None,
        };
        let comparison =
            compare(&ids, &data, test.as_ref(), &settings, &judging, session.seed(), &bar)?;
        bar.clear();
        if let Some(page) = page {
            let clearance = &comparison.clearance;
            let input = report::Input {
                title: format!("{} models on {}", comparison.evaluations.len(), data.source.name),
                session: &session,
                train: &data,
                test: test.as_ref(),
                protocol: Some(&clearance.protocol),
                threshold: settings.threshold,
                guard: &clearance.guard,
                overrides: &clearance.overrides,
                evaluations: &comparison.evaluations,
                parameters: parameters(&comparison),
                alert: None,
                notes: failures(&comparison),
            };
            report::write(page, input)?;
        }
        for (id, error) in &comparison.failures {
            session.terminal.warn(&format!("{id} is left out: {error}"));
        }
        let order = order(settings.threshold, &comparison.evaluations);
        let mut sources = vec![DatasetWire::of("train", &data)];
        sources.extend(test.as_ref().map(|test| DatasetWire::of("test", test)));
        let wire = wire(&session, &comparison, &order, settings.threshold, sources);
        output::show(&session.terminal, &wire, || {
            let mut text = check::describe(&session.terminal, &data);
            if let Some(test) = &test {
                text.push_str(&check::describe(&session.terminal, test));
            }
            text.push_str(&summary::guard(&session.terminal, &comparison.clearance.guard.findings));
            text.push_str(&table(&session.terminal, &comparison, &order, settings.threshold));
            if let Some(report) = &self.report {
                text.push_str(&format!("\nreport: {}\n", report.display()));
            }
            text
        })?;
        Ok(Exit::Ok)
    }
}

/// The ids given, each once; all without any.
pub(crate) fn chosen(given: &[String]) -> Result<Vec<String>, Usage> {
    if given.is_empty() {
        return Ok(trainable().iter().map(|card| card.id.to_owned()).collect());
    }
    let mut ids: Vec<String> = Vec::new();
    for id in given.iter().map(|id| id.trim().to_owned()) {
        if ids.contains(&id) {
            return Err(Usage(format!("--models names `{id}` twice; name each model once")));
        }
        ids.push(id);
    }
    Ok(ids)
}

/// The JSON of a comparison.
pub(crate) fn wire<'a>(
    session: &Session,
    comparison: &'a Comparison,
    order: &'a Order,
    threshold: ThresholdRule,
    data: Vec<DatasetWire>,
) -> Compared<'a> {
    let clearance = &comparison.clearance;
    Compared {
        protocol: describe(&clearance.protocol),
        seed: session.seed(),
        threshold_rule: threshold.to_string(),
        accepted_leakage: &clearance.overrides,
        order: OrderWire::of(order, &comparison.evaluations),
        data,
        findings: &clearance.guard.findings,
        failures: comparison
            .failures
            .iter()
            .map(|(id, error)| (id.as_str(), error.to_string()))
            .collect(),
        metrics: comparison
            .evaluations
            .iter()
            .map(|evaluation| (evaluation.model.clone(), PartsWire::of(&evaluation.parts)))
            .collect(),
        evaluations: &comparison.evaluations,
    }
}

/// Models in the order of the figure that the threshold rule is about.
pub(crate) fn order(threshold: ThresholdRule, evaluations: &[Evaluation]) -> Order {
    let all: Vec<&Evaluation> = evaluations.iter().collect();
    order_of(threshold, &all)
}

/// The table with what it says.
pub(crate) fn table(
    terminal: &Terminal,
    comparison: &Comparison,
    order: &Order,
    threshold: ThresholdRule,
) -> String {
    let clearance = &comparison.clearance;
    let evaluations = &comparison.evaluations;
    let mut text = format!(
        "\n{} ({}), threshold {threshold} from validation rows\n",
        terminal.paint(Style::Bold, "Test"),
        describe(&clearance.protocol)
    );
    for accepted in &clearance.overrides {
        text.push_str(&format!(
            "{} {}\n",
            terminal.paint(Style::Red, "leakage accepted:"),
            accepted.reason
        ));
    }
    let mut metrics =
        vec!["roc_auc", "pr_auc", "tpr_at_fpr_1e-3", "recall", "fpr", "precision", "f1"];
    if !metrics.contains(&order.metric) {
        metrics.insert(0, order.metric);
    }
    text.push_str(&summary::models(terminal, evaluations, &order.models, &metrics));
    text.push_str(&verdict(order, evaluations));
    if let Some(test) = order.models.first().and_then(|&at| evaluations[at].parts.test.as_ref()) {
        text.push_str(&format!(
            "{}:
  {}  {}",
            evaluations[order.models[0]].model,
            summary::realised(threshold, test),
            summary::alerts(test)
        ));
        text.push_str(&summary::families(test, 2));
    }
    text
}

/// One sentence: who stands first, by how much, whether that is more than noise.
fn verdict(order: &Order, evaluations: &[Evaluation]) -> String {
    let [first, second, ..] = order.models.as_slice() else { return String::new() };
    let name = tripline_assess::metrics::METRICS
        .iter()
        .find(|card| card.id == order.metric)
        .map_or(order.metric, |card| card.name);
    let (first, second) = (&evaluations[*first].model, &evaluations[*second].model);
    match order.difference.and_then(|d| Some((d.value, d.interval?))) {
        Some((value, interval)) if interval.low > 0.0 || interval.high < 0.0 => format!(
            "{first} stands first by {name}: {value:+.4} over {second}, 95 % interval {:.4} to \
             {:.4}\n",
            interval.low, interval.high
        ),
        Some((value, interval)) => format!(
            "{first} stands first by {name}, within the noise: {value:+.4} over {second}, 95 % \
             interval {:.4} to {:.4}\n",
            interval.low, interval.high
        ),
        None => format!("{first} stands first by {name}\n"),
    }
}

/// Parameters of each model, for the page.
pub(crate) fn parameters(comparison: &Comparison) -> Vec<Vec<(String, String)>> {
    comparison
        .models
        .iter()
        .map(|fitted| {
            let provenance = fitted.model.provenance();
            let mut all = provenance.params.clone();
            all.push(("prepare".to_owned(), provenance.recipe.clone()));
            all
        })
        .collect()
}

fn failures(comparison: &Comparison) -> Vec<String> {
    comparison
        .failures
        .iter()
        .map(|(id, error)| format!("{id} could not be trained on these data: {error}"))
        .collect()
}

/// `ID.NAME=VALUE` by id.
pub(crate) fn params(given: &[String]) -> Result<Vec<ModelParams>, Usage> {
    given
        .iter()
        .map(|text| {
            let parts = text
                .split_once('=')
                .and_then(|(name, value)| Some((name.trim().split_once('.')?, value.trim())));
            match parts {
                Some(((id, name), value)) => {
                    Ok((id.to_owned(), vec![(name.to_owned(), value.to_owned())]))
                }
                None => Err(Usage(format!("--param takes ID.NAME=VALUE here, got `{text}`"))),
            }
        })
        .collect()
}
