//! Captures to packets: pcap and pcapng files, down to the innermost IP packet of each frame.
//!
//! [`Capture`] cuts a stream into [`Block`]s of whole frames without copying them, [`Block::decode`]
//! reads their headers, [`Reassembler`] puts fragments together. Decoding is a pure function of a
//! block, so a caller may decode blocks in parallel as long as it hands them to the reassembler in
//! order; [`Packets`] does all three on one thread.
//!
//! After [`Capture::open`] nothing fails: what is damaged, malformed or not understood is counted
//! in [`CaptureCounters`], with the offset at which it stands.

mod block;
mod counters;
mod decode;
mod ethernet;
mod fragment;
mod info;
mod ip;
mod link;
mod link_type;
mod magic;
mod options;
mod packets;
mod pcap;
mod pcapng;
mod read;
mod reassemble;
mod source;
mod step;
mod ticks;
mod transport;
mod tunnel;
mod view;
mod wifi;

pub use block::{Block, Record};
pub use counters::{CaptureCounters, Damage, InterfaceStatistics, Malformed, Tally};
pub use decode::Decoded;
pub use info::{CaptureInfo, Format, Interface};
pub use link_type::LinkType;
pub use magic::{is_capture, is_capture_file};
pub use options::{CaptureOptions, FragmentLimits};
pub use packets::Packets;
pub use read::Capture;
pub use reassemble::Reassembler;
pub(crate) use transport::{answer_v4, answer_v6};
