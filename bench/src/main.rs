//! Our side of the side-by-side measurements; the scripts beside this crate run the peers.

mod anomaly;
mod ask;
mod fit_score;
mod flows;
mod imported;
mod load;
mod mix;
mod netflow;
mod objective;
mod read;
mod score;
mod shap;
mod verdicts;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Our side of the side-by-side measurements")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

// One variant a measurement, in alphabetical order; each has its file.
#[derive(Subcommand)]
enum Command {
    /// Time a detector on a matrix of numbers.
    Anomaly {
        /// What to time, as JSON.
        request: PathBuf,
        /// Where the scores go, as little-endian doubles.
        scores: PathBuf,
    },
    /// Search a space for a script that computes the objective, line by line.
    Ask,
    /// Fit a detector to chosen rows of a file, score others.
    FitScore {
        /// What to fit, as JSON.
        request: PathBuf,
        /// Where the scores go, as little-endian doubles.
        scores: PathBuf,
    },
    Flows(flows::Args),
    Load(load::Args),
    Mix(mix::Args),
    Netflow(netflow::Args),
    Objective(objective::Args),
    Read(read::Args),
    /// Score rows with a LightGBM model, print times as JSON.
    Score(imported::Imported),
    /// Explain rows of a LightGBM model, print times as JSON.
    Shap(imported::Imported),
    Verdicts(verdicts::Args),
}

/// Flows come and go by the hundred thousand a second; glibc's allocator took a tenth of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Anomaly { request, scores } => anomaly::run(&request, &scores),
        Command::Ask => ask::run(),
        Command::FitScore { request, scores } => fit_score::run(&request, &scores),
        Command::Flows(args) => flows::run(&args),
        Command::Load(args) => load::run(&args),
        Command::Mix(args) => mix::run(&args),
        Command::Netflow(args) => netflow::run(&args),
        Command::Objective(args) => objective::run(&args),
        Command::Read(args) => read::run(&args),
        Command::Score(args) => score::run(&args),
        Command::Shap(args) => shap::run(&args),
        Command::Verdicts(args) => verdicts::run(&args),
    }
}
