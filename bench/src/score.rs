//! Scoring time of a forest: all rows at once, then one row after another.

use std::time::Instant;

use crate::imported::{Imported, median};

/// Rows that are scored one by one in a timed round.
const SINGLE: usize = 1000;

pub(crate) fn run(args: &Imported) -> anyhow::Result<()> {
    let (model, rows) = args.load()?;
    let aligned = model.schema.align(&rows)?;
    let outputs = model.forest.outputs;
    let scorer = model.scorer();
    let mut out = vec![0.0; rows.len() * outputs];
    let mut batch = Vec::new();
    args.pool()?.install(|| {
        for round in 0..=args.repeats {
            let start = Instant::now();
            scorer.score_rows(&aligned, &mut out);
            if round > 0 {
                batch.push(start.elapsed().as_secs_f64());
            }
        }
    });
    args.write(&out)?;

    let mut values = Vec::new();
    let count = rows.len().min(SINGLE);
    aligned.block(0, count, &mut values);
    let mut row_out = vec![0.0; outputs];
    let mut single = Vec::new();
    let mut equal = true;
    for round in 0..=args.repeats * 5 {
        let start = Instant::now();
        for (row, batch) in values.chunks_exact(rows.width()).zip(out.chunks_exact(outputs)) {
            scorer.score_row(row, &mut row_out);
            equal &= row_out == batch;
        }
        if round > 0 {
            single.push(start.elapsed().as_secs_f64() / count.max(1) as f64);
        }
    }
    anyhow::ensure!(equal, "one row scores otherwise than in a batch");
    let result = serde_json::json!({
        "rows": rows.len(),
        "batch_seconds": median(batch),
        "row_seconds": median(single),
    });
    print(&result);
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the scripts read the result there")]
fn print(result: &serde_json::Value) {
    println!("{result}");
}
