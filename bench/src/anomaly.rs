//! Times a detector on a matrix of numbers, as the script of anomaly detectors asks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use tripline_core::{Column, FitContext, Frame, Params, Rows, Silent, Task};

/// What a script asks for, as JSON.
#[derive(Deserialize)]
struct Request {
    /// Little-endian doubles, row-major.
    matrix: PathBuf,
    columns: usize,
    model: String,
    params: BTreeMap<String, String>,
    mode: Mode,
    seed: u64,
    threads: usize,
    /// Each is timed by itself; the scores are those of the last.
    rounds: usize,
    /// Rows that are fitted from the start on; none means all. The others are scored, or streamed.
    fit: Option<usize>,
}

/// What is timed.
#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// Fitting, then scoring.
    FitScore,
    /// Outliers among the rows.
    Outliers,
    /// Fitting to the first rows, then scoring each further row before learning it.
    Stream,
}

/// Writes the scores as little-endian doubles to `scores`; the seconds of each round go to standard
/// output as JSON.
pub(crate) fn run(request: &Path, scores: &Path) -> Result<()> {
    let text = std::fs::read_to_string(request)
        .with_context(|| format!("cannot read {}", request.display()))?;
    let request: Request = serde_json::from_str(&text)?;
    let threads = rayon::ThreadPoolBuilder::new().num_threads(request.threads).build()?;
    let (seconds, values) = threads.install(|| time(&request))?;
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    std::fs::write(scores, bytes).with_context(|| format!("cannot write {}", scores.display()))?;
    #[allow(clippy::print_stdout, reason = "the answer to the script that called")]
    {
        println!("{}", serde_json::to_string(&seconds)?);
    }
    Ok(())
}

fn time(request: &Request) -> Result<(Vec<[f64; 2]>, Vec<f64>)> {
    let register = tripline_engine::register();
    let card =
        register.get(&request.model).ok_or_else(|| anyhow!("no detector `{}`", request.model))?;
    let given: Vec<(String, String)> =
        request.params.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let estimator = (card.build)(&Params::parse(card.params, &given)?, &register)?;
    let rows = matrix(&request.matrix, request.columns)?;
    let count = request.fit.unwrap_or(rows.len()).min(rows.len());
    let (fitted, judged): (Frame, Frame) = if count == rows.len() {
        (rows.clone().into(), rows.into())
    } else {
        let part = |range: std::ops::Range<usize>| rows.select(&range.collect::<Vec<_>>()).into();
        (part(0..count), part(count..rows.len()))
    };
    let context = FitContext {
        labels: None,
        weights: None,
        validation: None,
        task: Task::Binary,
        seed: request.seed,
        progress: &Silent,
    };
    let mut seconds = Vec::new();
    let mut scores = Vec::new();
    for _ in 0..request.rounds.max(1) {
        let start = Instant::now();
        let (fit, values) = match request.mode {
            Mode::Outliers => {
                let Some(outliers) = estimator.outliers() else {
                    bail!("`{}` finds no outliers among its own rows", card.id)
                };
                (0.0, outliers.outlier_scores(&fitted, &context)?)
            }
            Mode::FitScore => {
                let detector = estimator.fit(&fitted, &context)?;
                let fit = start.elapsed().as_secs_f64();
                (fit, detector.score(&judged)?)
            }
            Mode::Stream => {
                let mut detector = estimator.fit(&fitted, &context)?;
                let fit = start.elapsed().as_secs_f64();
                let Some(online) = detector.online() else {
                    bail!("`{}` does not learn from further rows", card.id)
                };
                (fit, online.test_then_train(&judged, &context)?)
            }
        };
        seconds.push([fit, start.elapsed().as_secs_f64() - fit]);
        scores = values;
    }
    Ok((seconds, scores))
}

fn matrix(path: &Path, columns: usize) -> Result<Rows> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let values: Vec<f64> = bytes
        .chunks_exact(8)
        .map(|chunk| f64::from_le_bytes(chunk.try_into().unwrap_or_default()))
        .collect();
    let named = (0..columns)
        .map(|j| {
            let column = values.iter().skip(j).step_by(columns).copied().collect();
            (format!("f{j}"), Column::numeric(column))
        })
        .collect();
    Ok(Rows::new(named)?)
}
