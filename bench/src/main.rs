//! Our side of the side-by-side measurements; the scripts beside this crate run the peers.

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Our side of the side-by-side measurements")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

// One variant a measurement, in alphabetical order; each has its file.
#[derive(Subcommand)]
enum Command {}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {}
}
