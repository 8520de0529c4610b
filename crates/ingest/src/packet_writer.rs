//! Frames to a capture file in the pcap format.

use std::io::{self, Write};

/// Largest frame that a capture file of ours holds, in bytes: what tcpdump takes by default.
const MAX_FRAME_BYTES: u32 = 262_144;

/// `LINKTYPE_ETHERNET` of the registry at tcpdump.org.
const ETHERNET: u32 = 1;

/// Writes Ethernet frames as pcap with nanoseconds, little-endian
/// (draft-ietf-opsawg-pcap, sections 4 and 5).
#[derive(Debug)]
pub struct PacketWriter<W> {
    out: W,
    frames: u64,
    bytes: u64,
}

impl<W: Write> PacketWriter<W> {
    /// Writes the file's header.
    pub fn new(mut out: W) -> io::Result<Self> {
        let mut header = Vec::with_capacity(24);
        header.extend(0xa1b2_3c4d_u32.to_le_bytes());
        header.extend([2, 0, 4, 0]);
        // Time zone and accuracy of times, which nobody uses.
        header.extend([0; 8]);
        header.extend(MAX_FRAME_BYTES.to_le_bytes());
        header.extend(ETHERNET.to_le_bytes());
        out.write_all(&header)?;
        Ok(Self { out, frames: 0, bytes: header.len() as u64 })
    }

    /// Writes a frame captured whole at `time_ns`, in nanoseconds since 1970.
    ///
    /// Errors with [`io::ErrorKind::InvalidInput`] for a time that the format cannot hold (before
    /// 1970, after 2106) or a frame over 256 KiB.
    pub fn write(&mut self, time_ns: i64, frame: &[u8]) -> io::Result<()> {
        self.write_cut(time_ns, frame, u32::try_from(frame.len()).map_err(invalid)?)
    }

    /// The same for a frame that had `wire` bytes before it was cut.
    pub fn write_cut(&mut self, time_ns: i64, frame: &[u8], wire: u32) -> io::Result<()> {
        let seconds = u32::try_from(time_ns.div_euclid(1_000_000_000)).map_err(invalid)?;
        let length = u32::try_from(frame.len()).map_err(invalid)?;
        if length > MAX_FRAME_BYTES {
            return Err(invalid("a frame of more than 262144 bytes"));
        }
        let nanoseconds = time_ns.rem_euclid(1_000_000_000) as u32;
        let mut header = [0; 16];
        header[..4].copy_from_slice(&seconds.to_le_bytes());
        header[4..8].copy_from_slice(&nanoseconds.to_le_bytes());
        header[8..12].copy_from_slice(&length.to_le_bytes());
        header[12..].copy_from_slice(&wire.to_le_bytes());
        self.out.write_all(&header)?;
        self.out.write_all(frame)?;
        self.frames += 1;
        self.bytes += 16 + u64::from(length);
        Ok(())
    }

    /// Frames written.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Bytes written, headers included.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives back what is written to.
    pub fn into_inner(self) -> W {
        self.out
    }
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_as_the_format_says() {
        let mut writer = PacketWriter::new(Vec::new()).unwrap();
        writer.write(1_500_000_000_123_456_789, &[7; 3]).unwrap();
        assert!(writer.write(-1, &[]).is_err());
        assert_eq!((writer.frames(), writer.bytes()), (1, 43));
        let bytes = writer.into_inner();
        assert_eq!(bytes[..4], [0x4d, 0x3c, 0xb2, 0xa1]);
        assert_eq!(bytes[24..28], 1_500_000_000_u32.to_le_bytes());
        assert_eq!(bytes[28..32], 123_456_789_u32.to_le_bytes());
        assert_eq!(bytes[32..], [3, 0, 0, 0, 3, 0, 0, 0, 7, 7, 7]);
    }
}
