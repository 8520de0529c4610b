//! Writes the mix of packets that the speed of flows is measured on.

mod long;
mod shift;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tripline_core::packet::{Address, Vlan};
use tripline_ingest::PacketWriter;
use tripline_ingest::capture::{Capture, CaptureOptions, LinkType, Reassembler, is_capture_file};

/// Repeat every readable Ethernet capture with addresses and times shifted.
///
/// Repetitions overlap in time, so that flows of several are open at once. IPv4 header checksums
/// stay right, those of TCP and UDP do not. Prints packets, flows (5-tuples with VLAN), the mean
/// length of frames as JSON.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The capture to write.
    #[arg(long)]
    out: PathBuf,
    /// Folder that is searched for captures [default: pcaps in TRIPLINE_DATA].
    #[arg(long)]
    captures: Option<PathBuf>,
    /// At least so many packets.
    #[arg(long, default_value_t = 1_200_000)]
    packets: u64,
    /// At least so many flows.
    #[arg(long, default_value_t = 300_000)]
    flows: u64,
    /// Seconds from the start of one repetition to that of the next.
    #[arg(long, default_value_t = 10.0)]
    every: f64,
    /// Instead: so many flows that last from the first packet to the last.
    #[arg(long)]
    long_flows: Option<u16>,
}

/// A frame in memory.
struct Frame {
    /// Since its capture began, in nanoseconds.
    time: i64,
    bytes: Box<[u8]>,
    wire: u32,
}

/// 2026-01-05 09:00 UTC in nanoseconds since 1970.
const START: i64 = 1_767_603_600_000_000_000;

#[expect(clippy::print_stdout, reason = "the result")]
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let file = File::create(&args.out).with_context(|| args.out.display().to_string())?;
    let mut writer = PacketWriter::new(BufWriter::with_capacity(1 << 20, file))?;
    let result = if let Some(flows) = args.long_flows {
        long::write(&mut writer, flows, args.packets)?;
        serde_json::json!({ "flows": flows })
    } else {
        let (frames, captures, flows) = load(args)?;
        anyhow::ensure!(!frames.is_empty() && flows > 0, "no Ethernet capture was found");
        let by_packets = args.packets.div_ceil(frames.len() as u64);
        let repetitions = by_packets.max(args.flows.div_ceil(flows)).min(u64::from(u16::MAX));
        repeat(&mut writer, &frames, repetitions as u32, (args.every * 1e9) as i64)?;
        serde_json::json!({
            "captures": captures,
            "repetitions": repetitions,
            "flows": flows * repetitions,
        })
    };
    let (packets, bytes) = (writer.frames(), writer.bytes());
    writer.into_inner().into_inner()?.sync_all()?;
    let mut result = result;
    result["packets"] = packets.into();
    result["file_bytes"] = bytes.into();
    result["mean_frame_bytes"] = ((bytes - 24 - 16 * packets) as f64 / packets as f64).into();
    println!("{result}");
    Ok(())
}

/// Frames of all Ethernet captures in order of time, the number of captures, of flows.
fn load(args: &Args) -> anyhow::Result<(Vec<Frame>, usize, u64)> {
    let folder = match (&args.captures, std::env::var_os("TRIPLINE_DATA")) {
        (Some(folder), _) => folder.clone(),
        (None, Some(data)) => Path::new(&data).join("pcaps"),
        (None, None) => anyhow::bail!("give --captures, or set TRIPLINE_DATA"),
    };
    let mut files = Vec::new();
    find(&folder, &mut files)?;
    files.sort();
    let mut frames = Vec::new();
    let mut flows = HashSet::new();
    let mut captures = 0;
    for file in files {
        let before = frames.len();
        read(&file, &mut frames, &mut flows);
        captures += usize::from(frames.len() > before);
    }
    frames.sort_by_key(|frame| frame.time);
    Ok((frames, captures, flows.len() as u64))
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if is_capture_file(&path).unwrap_or(false) {
            files.push(path);
        }
    }
    Ok(())
}

/// Appends the frames of a capture with the keys of its flows; one that cannot be read has none.
fn read(path: &Path, frames: &mut Vec<Frame>, keys: &mut HashSet<Key>) {
    let options = CaptureOptions::default();
    let Ok(mut capture) = Capture::open(path, &options) else { return };
    let mut reassembler = Reassembler::new(&options);
    let mut first = None;
    while let Some(mut block) = capture.next_block() {
        block.retain(|record, _| record.link == LinkType::ETHERNET);
        for record in block.records() {
            let first = *first.get_or_insert(record.time_ns);
            frames.push(Frame {
                time: (record.time_ns - first).max(0),
                bytes: block.frame(record).into(),
                wire: record.wire,
            });
        }
        for packet in reassembler.finish(block.decode()).packets {
            let (a, b) = (
                (packet.source, packet.source_port),
                (packet.destination, packet.destination_port),
            );
            keys.insert((a.min(b), a.max(b), packet.protocol, packet.vlan));
        }
    }
}

/// Both endpoints in one order, protocol, VLAN.
type Key = ((Address, u16), (Address, u16), u8, Vlan);

/// Writes all repetitions merged by time: each is a place in the same frames.
fn repeat<W: std::io::Write>(
    writer: &mut PacketWriter<W>,
    frames: &[Frame],
    repetitions: u32,
    every: i64,
) -> anyhow::Result<()> {
    let mut heap: BinaryHeap<Reverse<(i64, u32, usize)>> =
        (0..repetitions).map(|place| Reverse((i64::from(place) * every, place, 0))).collect();
    let mut bytes = Vec::new();
    while let Some(Reverse((time, place, at))) = heap.pop() {
        let frame = &frames[at];
        bytes.clear();
        bytes.extend_from_slice(&frame.bytes);
        shift::ethernet(&mut bytes, place);
        writer.write_cut(START + time, &bytes, frame.wire)?;
        if let Some(next) = frames.get(at + 1) {
            let time = i64::from(place) * every + next.time;
            heap.push(Reverse((time, place, at + 1)));
        }
    }
    Ok(())
}
