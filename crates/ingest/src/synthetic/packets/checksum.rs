//! The Internet checksum (RFC 1071).

/// The checksum of a header or message whose checksum field is 0; `start` is the sum of what goes
/// before it, such as a pseudo-header.
pub(super) fn checksum(bytes: &[u8], start: u64) -> u16 {
    let mut sum = start + self::sum(bytes);
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// The sum of the 16-bit words, not yet folded; a last odd byte is padded with zero.
pub(super) fn sum(bytes: &[u8]) -> u64 {
    let mut words = bytes.chunks_exact(2);
    let sum: u64 = words.by_ref().map(|w| u64::from(u16::from_be_bytes([w[0], w[1]]))).sum();
    sum + words.remainder().first().map_or(0, |&byte| u64::from(byte) << 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_1071() {
        // Section 3: 00 01 f2 03 f4 f5 f6 f7 add up to ddf2 after folding.
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(checksum(&bytes, 0), !0xddf2);
        assert_eq!(checksum(&[1], 0), !0x0100);
    }
}
