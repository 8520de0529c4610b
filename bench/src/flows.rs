//! Turns a capture into flows with rows, and tells how long each stage took.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use rayon::prelude::*;
use tripline_core::packet::Batch;
use tripline_features::flow::{FlowEngine, FlowSettings, set};
use tripline_ingest::capture::{Block, Capture, CaptureOptions, Reassembler};

use crate::read::peak_rss_bytes;

/// Capture file to flows with rows; prints packets a second, flows, seconds of each stage, peak
/// memory as JSON.
///
/// Stages overlap with more than one thread, so their sum may exceed the whole.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The capture.
    path: PathBuf,
    /// Feature set.
    #[arg(long, default_value = "tripline")]
    set: String,
    /// Threads.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Most flows held open.
    #[arg(long)]
    max_flows: Option<usize>,
    /// Flows are told as they end instead of in the order of their ends.
    #[arg(long)]
    unordered: bool,
}

/// Blocks that are decoded, then given to the engine, at once.
const GROUP: usize = 4;
/// Frames after which no further block is taken.
const FRAMES: usize = 1 << 16;

#[derive(Default)]
struct Seconds {
    read: f64,
    decode: f64,
    reassemble: f64,
    process: f64,
    rows: f64,
}

#[expect(clippy::print_stdout, reason = "the result")]
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.threads).build()?;
    let card = set(&args.set).with_context(|| format!("there is no set `{}`", args.set))?;
    let usual = FlowSettings::default();
    let settings = FlowSettings {
        max_flows: args.max_flows.unwrap_or(usual.max_flows),
        ordered: !args.unordered,
        ..usual
    };
    let result = pool.install(|| -> anyhow::Result<serde_json::Value> {
        let start = Instant::now();
        let mut engine = (card.open)(&settings);
        let options = CaptureOptions::default();
        let mut source = Source {
            capture: Capture::open(&args.path, &options)?,
            reassembler: Reassembler::new(&options),
            seconds: Seconds::default(),
        };
        let mut seconds = Seconds::default();
        let (mut flows, mut cells) = (0, 0);
        let mut batches = source.next();
        while !batches.is_empty() {
            let (next, ()) = rayon::join(
                || source.next(),
                || {
                    timed(&mut seconds.process, || engine.process(&batches));
                    timed(&mut seconds.rows, || take(engine.as_mut(), &mut flows, &mut cells));
                },
            );
            batches = next;
        }
        loop {
            let more = timed(&mut seconds.process, || engine.finish_part());
            timed(&mut seconds.rows, || take(engine.as_mut(), &mut flows, &mut cells));
            if !more {
                break;
            }
        }
        let whole = start.elapsed().as_secs_f64();
        let counters = source.capture.counters();
        let told = engine.counters();
        Ok(serde_json::json!({
            "set": args.set,
            "threads": args.threads,
            "seconds": whole,
            "frames": counters.frames,
            "packets": told.packets,
            "packets_per_second": counters.frames as f64 / whole,
            "flows": flows,
            "cells": cells,
            "open_peak": told.open_peak,
            "bytes_peak": told.bytes_peak,
            "bytes_per_open_flow": told.bytes_peak as f64 / told.open_peak.max(1) as f64,
            "held_peak": told.held_peak,
            "evicted": told.evicted_for_count + told.evicted_for_bytes,
            "stages": {
                "read": source.seconds.read,
                "decode": source.seconds.decode,
                "reassemble": source.seconds.reassemble,
                "process": seconds.process,
                "rows": seconds.rows,
            },
            "peak_rss_bytes": peak_rss_bytes(),
        }))
    })?;
    println!("{result}");
    Ok(())
}

/// A capture with what has been put together from it.
struct Source {
    capture: Capture,
    reassembler: Reassembler,
    seconds: Seconds,
}

impl Source {
    /// The packets of the next blocks; none at the end.
    fn next(&mut self) -> Vec<Batch> {
        let Self { capture, reassembler, seconds } = self;
        let blocks: Vec<Block> = timed(&mut seconds.read, || {
            let (mut blocks, mut frames) = (Vec::new(), 0);
            while blocks.len() < GROUP
                && frames < FRAMES
                && let Some(block) = capture.next_block()
            {
                frames += block.records().len();
                blocks.push(block);
            }
            blocks
        });
        let decoded: Vec<_> =
            timed(&mut seconds.decode, || blocks.into_par_iter().map(Block::decode).collect());
        timed(&mut seconds.reassemble, || {
            decoded.into_iter().map(|decoded| reassembler.finish(decoded)).collect()
        })
    }
}

fn take(engine: &mut dyn FlowEngine, flows: &mut usize, cells: &mut usize) {
    let batch = engine.take();
    *flows += batch.flows.len();
    *cells += batch.rows.len() * batch.rows.width();
}

fn timed<T>(seconds: &mut f64, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *seconds += start.elapsed().as_secs_f64();
    result
}
