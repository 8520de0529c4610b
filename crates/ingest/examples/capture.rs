//! Reads captures and tells what was counted: `cargo run --release -p tripline-ingest --example
//! capture -- FILE...`.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::path::Path;
use std::time::Instant;

use tripline_ingest::capture::{Capture, CaptureOptions, Packets};

fn main() -> Result<(), tripline_ingest::IngestError> {
    let options = CaptureOptions::default();
    for path in std::env::args().skip(1) {
        let start = Instant::now();
        let mut packets = Packets::new(Capture::open(Path::new(&path), &options)?, &options);
        let given: usize = packets.by_ref().map(|batch| batch.packets.len()).sum();
        let seconds = start.elapsed().as_secs_f64();
        let counters = packets.counters();
        println!(
            "{path}: {} frames, {given} packets, {:.1} ns a frame, {:.2} GB/s",
            counters.frames,
            seconds * 1e9 / counters.frames.max(1) as f64,
            counters.bytes as f64 / seconds / 1e9,
        );
        println!("  {:?}\n  {counters:?}", packets.capture().info());
    }
    Ok(())
}
