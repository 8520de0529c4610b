//! One direction of HTTP/1: where in a message it stands, and how long the body is.

use super::outstanding::Asked;
use crate::flow::app::line::Lines;
use crate::flow::app::outcome::Outcome;

/// Stands for a body that ends with the connection.
pub(super) const UNTIL_CLOSE: u64 = 1 << 62;

/// Where in a message a direction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Phase {
    #[default]
    Start,
    Headers,
    ChunkSize,
    ChunkEnd,
    Trailers,
    /// After CONNECT, until the answer.
    Held,
}

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Half {
    pub(super) phase: Phase,
    pub(super) lines: Lines,
    /// `Content-Length` of the message.
    pub(super) length: Option<u64>,
    pub(super) chunked: bool,
    pub(super) asked: Asked,
    pub(super) status: u16,
    /// Bytes of bodies, those asked to be skipped but still to come included.
    pub(super) body_bytes: u64,
}

impl Half {
    /// Headers follow.
    pub(super) fn begin_headers(&mut self) {
        self.phase = Phase::Headers;
        self.length = None;
        self.chunked = false;
    }

    /// Counts bytes of a body.
    pub(super) fn take(&mut self, length: u64) -> u64 {
        self.body_bytes = self.body_bytes.saturating_add(length);
        length
    }

    /// Takes `Content-Length` (RFC 9112, section 6.2).
    pub(super) fn set_length(&mut self, value: &[u8]) {
        self.length = number(value);
    }

    /// Takes `Transfer-Encoding`; chunked counts only as the last coding (RFC 9112, section 6.3).
    pub(super) fn set_coding(&mut self, value: &[u8]) {
        let last = value.rsplit(|&byte| byte == b',').next().unwrap_or_default();
        self.chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
    }

    /// Takes the line with the size of a chunk (RFC 9112, section 7.1).
    pub(super) fn chunk(&mut self, line: &[u8], used: usize) -> Option<Outcome> {
        let end = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
        let size = std::str::from_utf8(&line[..end]).ok().and_then(|digits| {
            u64::from_str_radix(digits, 16).ok().filter(|&size| size < UNTIL_CLOSE)
        });
        match size {
            None => Some(Outcome::done(used)),
            Some(0) => {
                self.phase = Phase::Trailers;
                None
            }
            Some(size) => {
                self.phase = Phase::ChunkEnd;
                Some(Outcome::skip(used, self.take(size)))
            }
        }
    }
}

/// A whole number that a body can be as long as.
fn number(value: &[u8]) -> Option<u64> {
    if !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = std::str::from_utf8(value).ok()?.parse::<u64>().ok()?;
    Some(number.min(UNTIL_CLOSE - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_digits_alone() {
        assert_eq!(number(b"17"), Some(17));
        for bad in [&b""[..], b"+1", b"1 2", b"0x1", b"99999999999999999999999"] {
            assert_eq!(number(bad), None);
        }
        assert_eq!(number(b"18446744073709551615"), Some(UNTIL_CLOSE - 1));
    }
}
