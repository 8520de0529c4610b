//! Counts the frames of an interface for some seconds: `listen INTERFACE SECONDS [FILTER]`.

#![allow(clippy::print_stdout, reason = "the result")]

use std::time::{Duration, Instant};

use tripline_ingest::Filter;
use tripline_ingest::live::{Live, LiveOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(interface), Some(seconds)) = (arguments.next(), arguments.next()) else {
        return Err("usage: listen INTERFACE SECONDS [FILTER]".into());
    };
    let filter = Filter::parse(&arguments.next().unwrap_or_default())?;
    let length = Duration::from_secs_f64(seconds.parse()?);
    let mut live = Live::open(&interface, &LiveOptions { filter, ..LiveOptions::default() })?;
    let start = Instant::now();
    let (mut frames, mut bytes, mut tagged) = (0_u64, 0_u64, 0_u64);
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    while start.elapsed() < length {
        let Some(block) = live.next_block(Duration::from_millis(100)) else { break };
        for record in block.records() {
            let frame = block.frame(record);
            frames += 1;
            first = first.min(record.time_ns);
            last = last.max(record.time_ns);
            bytes += u64::from(record.wire);
            tagged += u64::from(
                frame.get(12..14) == Some(&[0x81, 0x00])
                    || frame.get(12..14) == Some(&[0x88, 0xa8]),
            );
        }
    }
    // By the kernel's clock, since frames come in bundles.
    let busy = last.saturating_sub(first) as f64 / 1e9;
    let counters = live.counters();
    println!(
        "{interface}: {frames} frames ({tagged} tagged), {bytes} bytes, {:.0} frames/s; \
          kernel: {} received, {} dropped, {} freezes",
        if busy > 0.0 { frames as f64 / busy } else { 0.0 },
        counters.received,
        counters.dropped,
        counters.freezes
    );
    match live.ended() {
        Some(error) => Err(error.to_string().into()),
        None => Ok(()),
    }
}
