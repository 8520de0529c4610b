//! Turns a capture into verdicts with reasons, and tells what flow, score and explanation cost.

use std::path::{Path, PathBuf};
use std::time::Instant;

use tripline_engine::Model;
use tripline_engine::traffic::{
    FlowDetector, JudgeSettings, Traffic, TrafficInput, TrafficSettings,
};
use tripline_store::Limits;

/// Capture to verdicts: rounds of flows alone, with scores, with reasons for alerts at two rates;
/// prints medians as JSON.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The capture.
    path: PathBuf,
    /// The model.
    model: PathBuf,
    /// Threads.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Rounds, each with every way in turn.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Reasons told for each alert.
    #[arg(long, default_value_t = 3)]
    reasons: usize,
}

/// Rates of alerts.
const RATES: [f64; 2] = [0.001, 0.01];

/// What is done with flows.
#[derive(Clone, Copy)]
enum Way {
    Flows,
    Scores,
    Reasons(f64),
}

#[expect(clippy::print_stdout, reason = "the result")]
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    tripline_engine::use_threads(args.threads)?;
    let mut detector = FlowDetector::new(Model::read(&args.model, &Limits::default())?)?;
    // Thresholds that give the rates on this capture: a measurement of speed, not of quality.
    let mut raw = scores(&args.path, &detector)?;
    raw.sort_by(|a, b| b.total_cmp(a));
    let thresholds = RATES.map(|rate| raw[((raw.len() as f64 * rate) as usize).max(1) - 1]);
    let ways = [Way::Flows, Way::Scores, Way::Reasons(thresholds[0]), Way::Reasons(thresholds[1])];
    let mut seconds = [const { Vec::new() }; 4];
    let mut alerts = [0; 4];
    for _ in 0..args.rounds {
        for (at, &way) in ways.iter().enumerate() {
            let threshold = match way {
                Way::Reasons(threshold) => threshold,
                _ => f64::INFINITY,
            };
            detector.set_threshold(threshold);
            let reasons = if matches!(way, Way::Reasons(_)) { args.reasons } else { 0 };
            let (took, found) = pass(&args.path, &detector, way, reasons)?;
            seconds[at].push(took);
            alerts[at] = found;
        }
    }
    let [flows, scored, rare, common] = seconds.map(median);
    println!(
        "{}",
        serde_json::json!({
            "threads": args.threads,
            "flows": raw.len(),
            "seconds": {"flows": flows, "scored": scored, "alerts_0.1%": rare, "alerts_1%": common},
            "speed_of_flows_alone": {
                "scored": flows / scored, "alerts_0.1%": flows / rare, "alerts_1%": flows / common,
            },
            "alerts": {"0.1%": alerts[2], "1%": alerts[3]},
            "microseconds": {
                "flow": flows / raw.len() as f64 * 1e6,
                "score": (scored - flows) / raw.len() as f64 * 1e6,
                "explanation": (common - scored) / f64::from(alerts[3].max(1)) * 1e6,
            },
        })
    );
    Ok(())
}

fn scores(path: &Path, detector: &FlowDetector) -> anyhow::Result<Vec<f64>> {
    let input = TrafficInput::of(&[path.to_owned()]);
    let mut traffic = Traffic::open(&input, detector.set(), &TrafficSettings::default())?;
    let mut raw = Vec::new();
    while let Some(batch) = traffic.next_batch()? {
        raw.extend(detector.model().score(&batch.rows)?.raw);
    }
    anyhow::ensure!(!raw.is_empty(), "{}: no flow", path.display());
    Ok(raw)
}

fn pass(
    path: &Path,
    detector: &FlowDetector,
    way: Way,
    reasons: usize,
) -> anyhow::Result<(f64, u32)> {
    let judging = JudgeSettings { reasons, min_score: None };
    let start = Instant::now();
    let input = TrafficInput::of(&[path.to_owned()]);
    let mut traffic = Traffic::open(&input, detector.set(), &TrafficSettings::default())?;
    let mut alerts = 0;
    while let Some(batch) = traffic.next_batch()? {
        if !matches!(way, Way::Flows) {
            let verdicts = detector.judge(&batch, &judging)?;
            alerts += verdicts.iter().filter(|verdict| verdict.attack).count() as u32;
        }
    }
    Ok((start.elapsed().as_secs_f64(), alerts))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
