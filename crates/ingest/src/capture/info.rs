//! What a capture says of itself.

use super::link_type::LinkType;

/// How a capture is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// pcap with microseconds.
    PcapMicro,
    /// pcap with nanoseconds.
    PcapNano,
    /// pcap with longer record headers (Kuznetzov's patch).
    PcapModified,
    /// pcapng.
    Pcapng,
}

impl Format {
    /// Name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::PcapMicro => "pcap (microseconds)",
            Self::PcapNano => "pcap (nanoseconds)",
            Self::PcapModified => "modified pcap",
            Self::Pcapng => "pcapng",
        }
    }
}

/// What a capture says of itself, as far as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureInfo {
    /// How it is written.
    pub format: Format,
    /// Byte order of its last section.
    pub big_endian: bool,
    /// `gzip`, `zstd` or `plain`.
    pub compression: &'static str,
    /// Sections of a pcapng file; 1 for pcap.
    pub sections: u32,
    /// Interfaces in the order told, of all sections; one for pcap.
    pub interfaces: Vec<Interface>,
}

/// An interface that was captured from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// What its frames begin with.
    pub link: LinkType,
    /// Most bytes captured of a frame; 0 is no limit.
    pub snap_bytes: u32,
    /// Name, where the capture tells it.
    pub name: Option<Box<str>>,
    /// Units of time stamps, as option `if_tsresol` writes them: a power of 10, or of 2 with the
    /// high bit set.
    pub time_resolution: u8,
    /// Seconds to add to time stamps.
    pub time_offset_s: i64,
}
