//! Time of exact TreeSHAP over all rows.

use std::time::Instant;

use anyhow::Context;
use tripline_core::{Detector, ExplainOptions, Frame};

use crate::imported::{Imported, median};

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
    let result = serde_json::json!({
        "rows": count,
        "seconds": median(times),
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
