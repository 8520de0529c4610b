//! Cross-validated ROC AUC of a detector for parameters that a script sends, one line each.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, anyhow};
use serde::Deserialize;
use serde_json::Value;
use tripline_assess::metrics::Ranking;
use tripline_assess::protocol::Protocol;
use tripline_core::{Card, FitContext, Frame, Labels, Params, Rng, Silent, Supervision, Task};
use tripline_features::{PrepareContext, Recipe};
use tripline_ingest::{ReadOptions, read};

/// Answer parameters with the ROC AUC over grouped folds.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Labelled data
    data: PathBuf,
    /// What is fitted
    #[arg(long, default_value = "gradient_boosting")]
    model: String,
    /// Rows drawn from the data
    #[arg(long, default_value_t = 20_000)]
    rows: usize,
    /// Folds that never part equal rows
    #[arg(long, default_value_t = 3)]
    folds: usize,
    /// Threads to use
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

#[derive(Deserialize)]
struct Request {
    params: BTreeMap<String, Value>,
    seed: u64,
}

/// A fold, prepared.
struct Fold {
    fit: Frame,
    fit_labels: Labels,
    judged: Frame,
    judged_labels: Labels,
}

/// Serves requests from standard input until it ends.
pub(crate) fn run(args: &Args) -> Result<()> {
    let card = tripline_models::CARDS
        .iter()
        .find(|card| card.id == args.model)
        .ok_or_else(|| anyhow!("no detector `{}`", args.model))?;
    let folds = folds(args, card)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.threads).build()?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let start = Instant::now();
        let value = pool.install(|| judge(card, &folds, &request))?;
        let seconds = start.elapsed().as_secs_f64();
        writeln!(out, "{}", serde_json::json!({ "value": value, "seconds": seconds }))?;
        out.flush()?;
    }
    Ok(())
}

fn folds(args: &Args, card: &Card) -> Result<Vec<Fold>> {
    let data = read(&args.data, &ReadOptions::default(), &Silent)?;
    let mut rows = Rng::new(0).sample(data.len(), args.rows);
    rows.sort_unstable();
    let data = data.select(&rows);
    let no_labels = || anyhow!("the data have no labels");
    let splits = Protocol::DuplicateGrouped { folds: args.folds }.splits(&data, 0)?;
    splits
        .iter()
        .map(|split| {
            let mut fit = data.select(&split.train);
            if card.supervision == Supervision::Benign {
                let labels = fit.labels.as_ref().ok_or_else(no_labels)?;
                let benign: Vec<usize> =
                    (0..fit.len()).filter(|&row| !labels.is_attack(row)).collect();
                fit = fit.select(&benign);
            }
            let judged = data.select(&split.test);
            let fit_labels = fit.labels.clone().ok_or_else(no_labels)?;
            let context = PrepareContext { labels: Some(&fit_labels), rater: None, seed: 0 };
            let preparer = Recipe::for_input(card.input).fit(&fit.rows, &context)?.preparer;
            Ok(Fold {
                fit: preparer.apply(&fit.rows)?.rows.into(),
                fit_labels,
                judged: preparer.apply(&judged.rows)?.rows.into(),
                judged_labels: judged.labels.ok_or_else(no_labels)?,
            })
        })
        .collect()
}

fn judge(card: &'static Card, folds: &[Fold], request: &Request) -> Result<f64> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let given: Vec<(String, String)> =
        request.params.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let params = Params::parse(card.params, &given)?;
    let estimator = (card.build)(&params, &tripline_engine::register())?;
    let mut sum = 0.0;
    for (number, fold) in folds.iter().enumerate() {
        let detector = estimator.fit(
            &fold.fit,
            &FitContext {
                labels: Some(&fold.fit_labels),
                weights: None,
                validation: None,
                task: Task::Binary,
                seed: request.seed + number as u64,
                progress: &Silent,
            },
        )?;
        let scores = detector.score(&fold.judged)?;
        let ranking = Ranking::new(&scores, &fold.judged_labels.attacks(), None)?;
        sum += ranking.curve().roc_auc().ok_or_else(|| anyhow!("a fold has one class"))?;
    }
    Ok(sum / folds.len() as f64)
}
