//! `tripline rank`: several models over several data sets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use tripline_assess::bootstrap::Interval;
use tripline_assess::metrics::resolve;
use tripline_assess::plot::{percent, short};
use tripline_assess::rank::Ranking;
use tripline_assess::report::{RankingPage, render_ranking};
use tripline_core::Dataset;
use tripline_engine::rank::{Ranked, rank};
use tripline_engine::train::describe;
use tripline_engine::{EngineError, register};
use tripline_store::AtomicFile;

use super::compare::{chosen, params};
use crate::args::{DataArgs, JudgingArgs, TrainingArgs};
use crate::exit::{Exit, Usage};
use crate::output;
use crate::progress::Bar;
use crate::report;
use crate::session::Session;
use crate::table::{Align, Table};
use crate::terminal::{Style, Terminal};
use crate::wire::DatasetWire;

/// Rank models over several data sets.
///
/// Each model is trained and judged on each data set by itself, on the same splits; ranks are
/// averaged over data sets, with intervals from a paired bootstrap.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tripline rank flows.csv more.parquet --report out.html\n  \
tripline rank UNSW_NB15.csv KDDTrain+.txt --models isolation_forest,lof,pca,z_score\n  \
tripline rank flows.csv --metric tpr_at_fpr_1e-3")]
pub(crate) struct Rank {
    /// Labelled data: CSV, Parquet or JSON lines, plain or compressed
    #[arg(value_name = "DATA", required = true)]
    data: Vec<PathBuf>,
    /// Ids with commas between [default: all]
    #[arg(long, short, value_name = "IDS", value_delimiter = ',')]
    models: Vec<String>,
    /// The metric that ranks
    #[arg(long, value_name = "METRIC", default_value = "roc_auc")]
    metric: String,
    /// A parameter of one model; may be repeated
    #[arg(long = "param", short, value_name = "ID.NAME=VALUE", help_heading = "Training")]
    params: Vec<String>,
    /// Write a page with the ranking
    #[arg(long, value_name = "HTML")]
    report: Option<PathBuf>,
    #[command(flatten)]
    read: DataArgs,
    #[command(flatten)]
    training: TrainingArgs,
    #[command(flatten)]
    judging: JudgingArgs,
}

/// The JSON shape of a ranking.
#[derive(Serialize)]
struct RankedWire<'a> {
    seed: u64,
    #[serde(flatten)]
    ranking: &'a Ranking,
    sets: Vec<SetWire<'a>>,
}

#[derive(Serialize)]
struct SetWire<'a> {
    data: DatasetWire,
    protocol: String,
    accepted_leakage: Vec<&'a str>,
    failures: BTreeMap<&'a str, String>,
}

impl Rank {
    pub(crate) fn run(&self, session: Session) -> anyhow::Result<Exit> {
        let session =
            session.with_data(&self.read).with_training(&self.training).with_judging(&self.judging);
        let ids = chosen(&self.models)?;
        let params = params(&self.params)?;
        if let Some((id, _)) = params.iter().find(|(id, _)| !ids.contains(id)) {
            return Err(Usage(format!(
                "--param names `{id}`, which is not ranked; ranked are: {}",
                ids.join(", ")
            ))
            .into());
        }
        let card = resolve(&self.metric).map_err(EngineError::from)?;
        let settings = session.training_settings(&params)?;
        let judging = session.judging_settings()?;
        let inputs: Vec<Option<&Path>> =
            self.data.iter().map(|file| Some(file.as_path())).collect();
        session.keep_inputs(&[self.report.as_deref()], &inputs)?;
        let page = match &self.report {
            Some(file) => Some(AtomicFile::create(file).map_err(EngineError::from)?),
            None => None,
        };
        let bar = Bar::new(&session.terminal);
        let data: Vec<Dataset> = self
            .data
            .iter()
            .map(|file| session.read_data(file, true, &bar))
            .collect::<anyhow::Result<_>>()?;
        let ranked = rank(&ids, &data, card.id, &settings, &judging, session.seed(), &bar)?;
        bar.clear();
        let failures: Vec<String> = ranked
            .sets
            .iter()
            .flat_map(|set| {
                set.failures
                    .iter()
                    .map(|(id, error)| format!("{id} stands last on {}: {error}", set.name))
            })
            .collect();
        if let Some(mut page) = page {
            report::put(&mut page, &render_ranking(&input(&session, &ranked, &data, &failures)))?;
            page.commit().map_err(EngineError::from)?;
        }
        failures.iter().for_each(|failure| session.terminal.warn(failure));
        let wire = wire(&session, &ranked, &data);
        output::show(&session.terminal, &wire, || {
            let mut text = table(&session.terminal, &ranked, card.name);
            if let Some(report) = &self.report {
                text.push_str(&format!("\nreport: {}\n", report.display()));
            }
            text
        })?;
        Ok(Exit::Ok)
    }
}

fn input<'a>(
    session: &Session,
    ranked: &'a Ranked,
    data: &[Dataset],
    notes: &[String],
) -> RankingPage<'a> {
    let ranking = &ranked.ranking;
    RankingPage {
        title: format!("{} models on {} data sets", ranking.models.len(), data.len()),
        when: report::now(),
        command: report::command(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: session.seed(),
        ranking,
        data: data
            .iter()
            .zip(&ranked.sets)
            .map(|(data, set)| (report::source("training", data), set.clearance.protocol))
            .collect(),
        leakage_accepted: ranked
            .sets
            .iter()
            .flat_map(|set| set.clearance.overrides.iter())
            .map(|accepted| accepted.reason.clone())
            .collect(),
        summaries: ranking
            .models
            .iter()
            .filter_map(|model| register::trainable_card(&model.model).ok())
            .map(|card| (card.id.to_owned(), card.summary.to_owned()))
            .collect(),
        notes: notes.to_vec(),
    }
}

fn wire<'a>(session: &Session, ranked: &'a Ranked, data: &[Dataset]) -> RankedWire<'a> {
    let sets = ranked
        .sets
        .iter()
        .zip(data)
        .map(|(set, data)| SetWire {
            data: DatasetWire::of("train", data),
            protocol: describe(&set.clearance.protocol),
            accepted_leakage: set.clearance.overrides.iter().map(|o| o.reason.as_str()).collect(),
            failures: set
                .failures
                .iter()
                .map(|(id, error)| (id.as_str(), error.to_string()))
                .collect(),
        })
        .collect();
    RankedWire { seed: session.seed(), ranking: &ranked.ranking, sets }
}

fn table(terminal: &Terminal, ranked: &Ranked, metric: &str) -> String {
    let ranking = &ranked.ranking;
    let mut text = String::new();
    for set in &ranked.sets {
        text.push_str(&format!("{}: {}\n", set.name, describe(&set.clearance.protocol)));
        for accepted in &set.clearance.overrides {
            text.push_str(&format!(
                "{} {}\n",
                terminal.paint(Style::Red, "leakage accepted:"),
                accepted.reason
            ));
        }
    }
    text.push_str(&format!("\nmean rank by {metric}, 1 is best\n"));
    let mut columns = vec![
        ("model", Align::Left),
        ("rank", Align::Right),
        ("95 % interval", Align::Left),
        ("first", Align::Right),
    ];
    columns.extend(ranking.data.iter().map(|name| (name.as_str(), Align::Right)));
    columns.push(("training s", Align::Right));
    let mut table = Table::new(&columns);
    for model in &ranking.models {
        let mut row = vec![
            model.model.clone(),
            format!("{:.2}", model.mean_rank),
            model.interval.map_or(String::new(), interval),
            model.share_first.map_or(String::new(), percent),
        ];
        row.extend(
            model
                .places
                .iter()
                .map(|place| place.map_or("-".to_owned(), |place| format!("{:.4}", place.value))),
        );
        row.push(short((model.fit_seconds * 100.0).round() / 100.0));
        table.row(row);
    }
    let mut lines = table.lines(0);
    if let Some(header) = lines.first_mut() {
        *header = terminal.paint(Style::Bold, header);
    }
    text.push_str(&lines.join("\n"));
    text.push_str(
        "\nIntervals tell how the order depends on the rows judged; models whose intervals overlap \
         are not told apart.\n",
    );
    text
}

fn interval(interval: Interval) -> String {
    format!("{:.1} to {:.1}", interval.low, interval.high)
}
