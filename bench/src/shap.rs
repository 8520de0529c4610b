//! Time of exact TreeSHAP: all rows at once, then one row after another.

use std::time::Instant;

use anyhow::Context;
use tripline_core::{Detector, ExplainOptions, Frame};

use crate::imported::{Imported, median};

/// Rows that are explained one by one in a timed round.
const SINGLE: usize = 200;

pub(crate) fn run(args: &Imported) -> anyhow::Result<()> {
    let (model, rows) = args.load()?;
    let count = rows.len();
    let frame = Frame::Rows(rows);
    let options = ExplainOptions::default();
    let mut times = Vec::new();
    let mut last = None;
    args.pool()?.install(|| -> anyhow::Result<()> {
        let explain = model.explain().context("the model explains nothing")?;
        for round in 0..=args.repeats {
            let start = Instant::now();
            last = Some(explain.attributions(&frame, &options)?);
            if round > 0 {
                times.push(start.elapsed().as_secs_f64());
            }
        }
        Ok(())
    })?;
    let Some(last) = last else { anyhow::bail!("no round") };
    args.write(&last.values)?;
    let explain = model.explain().context("the model explains nothing")?;
    let singles: Vec<Frame> = (0..count.min(SINGLE)).map(|row| frame.select(&[row])).collect();
    let mut alone = Vec::new();
    for round in 0..=args.repeats {
        let start = Instant::now();
        for row in &singles {
            std::hint::black_box(explain.attributions(row, &options)?);
        }
        if round > 0 {
            alone.push(start.elapsed().as_secs_f64() / singles.len().max(1) as f64);
        }
    }
    let result = serde_json::json!({
        "rows": count,
        "seconds": median(times),
        "row_seconds": median(alone),
        "base": last.base,
        "additivity_error": last.additivity_error(),
    });
    print(&result);
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the scripts read the result there")]
fn print(result: &serde_json::Value) {
    println!("{result}");
}
