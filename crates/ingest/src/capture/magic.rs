//! Whether bytes are a capture, told by their magic number.

use std::io::Read;
use std::path::Path;

use crate::bytes::{Compression, head};
use crate::error::IngestError;

/// Bytes of a magic number.
const MAGIC: usize = 4;

/// True if a file that begins with these bytes is a capture, also behind gzip or zstd.
///
/// 4,096 bytes are enough, but for zstd, whose first block may be as long as 128 KiB.
pub fn is_capture(head: &[u8]) -> bool {
    match Compression::of(head) {
        Compression::None => is_magic(head),
        compression => match compression.decoder(Box::new(std::io::Cursor::new(head.to_vec()))) {
            Ok(mut decoder) => begins_with_magic(&mut decoder),
            Err(_) => false,
        },
    }
}

/// The same for a file.
///
/// # Errors
/// A file that is missing, a directory, or cannot be read.
pub fn is_capture_file(path: &Path) -> Result<bool, IngestError> {
    // The longest block of zstd, with room for headers.
    Ok(is_capture(&head(path, (128 << 10) + 4096)?))
}

/// True for the magic numbers of pcap in both byte orders, and that of pcapng.
pub(super) fn is_magic(head: &[u8]) -> bool {
    const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
    let Some(&magic) = head.first_chunk::<MAGIC>() else { return false };
    let known =
        |number| matches!(number, super::pcap::MICRO | super::pcap::NANO | super::pcap::MODIFIED);
    magic == PCAPNG || known(u32::from_le_bytes(magic)) || known(u32::from_be_bytes(magic))
}

fn begins_with_magic(reader: &mut dyn Read) -> bool {
    let mut magic = [0; MAGIC];
    reader.read_exact(&mut magic).is_ok() && is_magic(&magic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magic_numbers() {
        assert!(is_capture(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0]));
        assert!(is_capture(&[0xa1, 0xb2, 0x3c, 0x4d]));
        assert!(is_capture(&[0x0a, 0x0d, 0x0d, 0x0a]));
        assert!(!is_capture(b"ts,uid"));
        assert!(!is_capture(&[0xd4, 0xc3, 0xb2]));
        let packed = zstd::encode_all(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0][..], 3).expect("packed");
        assert!(is_capture(&packed));
        let packed = zstd::encode_all(&b"ts,uid"[..], 3).expect("packed");
        assert!(!is_capture(&packed));
    }
}
