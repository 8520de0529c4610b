//! Fits a detector to chosen rows of a file, scores others, as the quality scripts ask.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use serde::Deserialize;
use tripline_core::{
    Card, Dataset, FitContext, Frame, Labels, Params, Rows, Silent, Supervision, Task,
};
use tripline_features::{PrepareContext, Recipe};
use tripline_ingest::{ReadOptions, read};

/// What a script asks for, as JSON.
#[derive(Deserialize)]
struct Request {
    train: PathBuf,
    test: Option<PathBuf>,
    model: String,
    params: BTreeMap<String, String>,
    prepare: Option<String>,
    threads: usize,
    runs: Vec<Run>,
}

/// One fit; rows are counted from 0, none means all of them.
#[derive(Deserialize)]
struct Run {
    name: String,
    seed: u64,
    fit: Option<Vec<usize>>,
    score: Option<Vec<usize>>,
}

/// Writes the scores of all runs, one after the other, as little-endian doubles to `scores`; what
/// each run took goes to standard output as JSON.
pub(crate) fn run(request: &Path, scores: &Path) -> Result<()> {
    let text = std::fs::read_to_string(request)
        .with_context(|| format!("cannot read {}", request.display()))?;
    let request: Request = serde_json::from_str(&text)?;
    let card = tripline_models::CARDS
        .iter()
        .find(|card| card.id == request.model)
        .ok_or_else(|| anyhow!("no detector `{}`", request.model))?;
    let threads = rayon::ThreadPoolBuilder::new().num_threads(request.threads).build()?;
    threads.install(|| fit_all(card, &request, scores))
}

fn fit_all(card: &'static Card, request: &Request, scores: &Path) -> Result<()> {
    let options = ReadOptions::default();
    let train = read(&request.train, &options, &Silent)?;
    let test = match &request.test {
        Some(path) => Some(read(path, &options, &Silent)?),
        None => None,
    };
    let given: Vec<(String, String)> =
        request.params.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let estimator =
        (card.build)(&Params::parse(card.params, &given)?, &tripline_engine::register())?;
    let recipe = match &request.prepare {
        Some(text) => Recipe::parse(text)?,
        None => Recipe::for_input(card.input),
    };

    let mut bytes = Vec::new();
    let mut lines = Vec::new();
    for run in &request.runs {
        let (rows, labels) = training_part(&train, run, card)?;
        let start = Instant::now();
        let context = PrepareContext { labels: Some(&labels), rater: None, seed: run.seed };
        let fitted = recipe.fit(&rows, &context)?;
        let prepared: Frame = fitted.preparer.apply(&rows)?.rows.into();
        let detector = estimator.fit(
            &prepared,
            &FitContext {
                labels: Some(&labels),
                weights: None,
                validation: None,
                task: Task::Binary,
                seed: run.seed,
                progress: &Silent,
            },
        )?;
        let fit_seconds = start.elapsed().as_secs_f64();
        let scored = test.as_ref().unwrap_or(&train);
        let rows = match &run.score {
            Some(index) => scored.rows.select(index),
            None => scored.rows.clone(),
        };
        let start = Instant::now();
        let values = detector.score(&fitted.preparer.apply(&rows)?.rows.into())?;
        let score_seconds = start.elapsed().as_secs_f64();
        values.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
        lines.push(serde_json::json!({
            "name": run.name,
            "rows": values.len(),
            "fit_seconds": fit_seconds,
            "score_seconds": score_seconds,
        }));
    }
    std::fs::write(scores, bytes).with_context(|| format!("cannot write {}", scores.display()))?;
    #[allow(clippy::print_stdout, reason = "the answer to the script that called")]
    {
        println!("{}", serde_json::Value::from(lines));
    }
    Ok(())
}

/// The rows to fit: those asked for, benign ones alone where the detector is fitted on these.
fn training_part(train: &Dataset, run: &Run, card: &Card) -> Result<(Rows, Labels)> {
    let labels = train.labels.as_ref().ok_or_else(|| anyhow!("the training file has no labels"))?;
    let mut index = match &run.fit {
        Some(index) => index.clone(),
        None => (0..train.len()).collect(),
    };
    if card.supervision == Supervision::Benign {
        index.retain(|&row| !labels.is_attack(row));
    }
    Ok((train.rows.select(&index), labels.select(&index)))
}
