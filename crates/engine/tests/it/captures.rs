//! Captures of the real data, as packets then flows.

#![allow(clippy::print_stderr, reason = "a test on real data says whether it ran")]

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tripline_core::flow::Flow;
use tripline_core::packet::{Batch, Packet};
use tripline_features::flow::{
    ColumnDoc, FlowBatch, FlowEngine, FlowFeature, FlowSettings, Row, Step, open, set,
};
use tripline_ingest::capture::{Capture, CaptureOptions, Packets};

/// Longer than any capture lasts, with times that damage has changed.
pub(crate) const NEVER: Duration = Duration::from_secs(200 * 365 * 24 * 3600);

/// The folder of captures; says so and gives nothing where there is none.
pub(crate) fn captures(test: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("TRIPLINE_DATA") else {
        eprintln!("skipped: TRIPLINE_DATA is not set");
        return None;
    };
    eprintln!("data test ran: {test}");
    Some(PathBuf::from(folder).join("pcaps"))
}

/// Every file below a folder whose name ends so, in the order of their paths.
pub(crate) fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// What the name of a capture may end in.
pub(crate) const ENDINGS: &[&str] =
    &[".pcap", ".pcapng", ".cap", ".pcap.gz", ".pcapng.gz", ".trace", ".dmp", ".enc"];

/// All packets of a capture.
pub(crate) fn packets(path: &Path, options: &CaptureOptions) -> Vec<Batch> {
    Packets::new(Capture::open(path, options).unwrap(), options).collect()
}

/// All packets of a capture that lies in memory.
pub(crate) fn packets_of(bytes: Vec<u8>, options: &CaptureOptions) -> Vec<Batch> {
    let reader: Box<dyn Read + Send> = Box::new(Cursor::new(bytes));
    let capture = Capture::from_reader("memory", reader, options).unwrap();
    Packets::new(capture, options).collect()
}

/// The same batches with only those packets.
pub(crate) fn only(batches: &[Batch], keep: impl Fn(&Packet) -> bool) -> Vec<Batch> {
    let mut batches = batches.to_vec();
    batches.iter_mut().for_each(|batch| batch.packets.retain(&keep));
    batches
}

/// The flows of packets with the rows of a set.
pub(crate) fn flows(batches: &[Batch], settings: &FlowSettings, id: &str) -> FlowBatch {
    run((set(id).unwrap().open)(settings), batches)
}

/// The flows of packets as the table alone tells them.
pub(crate) fn bare_flows(batches: &[Batch], settings: &FlowSettings) -> Vec<Flow> {
    run(open::<Nothing>(settings, None), batches).flows
}

fn run(mut engine: Box<dyn FlowEngine>, batches: &[Batch]) -> FlowBatch {
    engine.process(batches);
    engine.finish();
    engine.take()
}

/// A set that asks nothing of packets.
struct Nothing;

impl FlowFeature for Nothing {
    fn columns() -> Vec<ColumnDoc> {
        vec![ColumnDoc::number("nothing", "1", "Always 0.")]
    }

    fn on_init(_: &Step) -> Self {
        Self
    }

    fn on_update(&mut self, _: &Step) {}

    fn write(_: Option<&Self>, _: &Flow, row: &mut Row) {
        row.number(0.0);
    }
}
