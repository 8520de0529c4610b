//! Texts that flows keep of what was sent.

use tripline_core::flow::printable;

/// What [`printable`] gives; quick where all bytes may stand as they are, as they nearly always do.
pub(super) fn text(bytes: &[u8], max_bytes: usize) -> Box<str> {
    let head = &bytes[..bytes.len().min(max_bytes)];
    let plain = head.iter().fold(true, |plain, &byte| {
        plain & (byte.wrapping_sub(b' ') <= b'~' - b' ') & (byte != b'\\')
    });
    match std::str::from_utf8(head) {
        Ok(text) if plain => text.into(),
        _ => printable(bytes, max_bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_printable_gives() {
        for bytes in
            [&b""[..], b"plain ~", b"back\\slash", b"\xff\x00", "\u{e4}".as_bytes(), b"a\x7f"]
        {
            for max_bytes in [0, 1, 3, 4, 5, 9, 100] {
                assert_eq!(text(bytes, max_bytes), printable(bytes, max_bytes));
            }
        }
    }
}
