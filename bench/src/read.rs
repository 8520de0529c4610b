//! Reads a file and tells how long that took and how much memory.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use tripline_core::Silent;
use tripline_ingest::ReadOptions;

/// Read a file, whole or in batches; prints seconds, rows, peak memory as JSON.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The file.
    path: PathBuf,
    /// Batch by batch, each dropped before the next.
    #[arg(long)]
    batches: bool,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

#[expect(clippy::print_stdout, reason = "the result")]
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    rayon::ThreadPoolBuilder::new().num_threads(args.threads).build_global()?;
    let options = ReadOptions::default();
    let start = Instant::now();
    let (rows, sum) = if args.batches {
        let mut rows = 0;
        let mut sum = 0.0;
        for batch in tripline_ingest::open(&args.path, &options)? {
            let batch = batch?;
            rows += batch.len();
            sum += first_numbers(&batch);
        }
        (rows, sum)
    } else {
        let data = tripline_ingest::read(&args.path, &options, &Silent)?;
        (data.len(), first_numbers(&data))
    };
    let seconds = start.elapsed().as_secs_f64();
    let result = serde_json::json!({
        "seconds": seconds,
        "rows": rows,
        "sum": sum,
        "peak_rss_bytes": peak_rss_bytes().context("this system does not tell peak memory")?,
    });
    println!("{result}");
    Ok(())
}

/// The sum of the first column of numbers, to compare with the peer's.
fn first_numbers(data: &tripline_core::Dataset) -> f64 {
    let numbers = data.rows.columns().iter().find_map(|column| match column {
        tripline_core::Column::Numeric(values) => Some(values),
        tripline_core::Column::Category(_) => None,
    });
    numbers.map_or(0.0, |values| values.iter().filter(|value| !value.is_nan()).sum())
}

/// What Linux tells in `/proc/self/status`.
pub(crate) fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
