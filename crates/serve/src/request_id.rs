//! The id of a request, so that answer, log and audit trail can be read side by side.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::HeaderMap;

/// The header that carries it.
pub(crate) const HEADER: &str = "x-request-id";

/// Longest id that is taken from a client.
const MAX_BYTES: usize = 64;

/// Makes ids: a random start of the process, then a count.
#[derive(Debug)]
pub(crate) struct RequestIds {
    start: u64,
    next: AtomicU64,
}

impl RequestIds {
    /// Begins at a random number.
    pub(crate) fn new() -> Self {
        let mut bytes = [0; 8];
        // Ids need not be secret; where there is no randomness a count from zero serves.
        let _ = getrandom::fill(&mut bytes);
        Self { start: u64::from_le_bytes(bytes), next: AtomicU64::new(0) }
    }

    /// The client's id if it is a plain token, else a fresh one.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Box<str> {
        if let Some(given) = headers.get(HEADER).and_then(|value| value.to_str().ok())
            && (1..=MAX_BYTES).contains(&given.len())
            && given.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        {
            return given.into();
        }
        self.fresh()
    }

    fn fresh(&self) -> Box<str> {
        const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        // A bijection of the count, so that ids differ and look nothing like each other:
        // SplitMix64, Steele et al. 2014.
        let mut z = self.start.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let mut id = String::with_capacity(17);
        id.push_str("req-");
        for k in 0..13 {
            id.push(char::from(DIGITS[(z >> (5 * k)) as usize & 31]));
        }
        id.into_boxed_str()
    }
}

impl Default for RequestIds {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_may_not_write_into_the_log() {
        let ids = RequestIds::new();
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, "trace-7.a_b".parse().expect("a header"));
        assert_eq!(&*ids.of(&headers), "trace-7.a_b");
        for bad in ["a b", "a\tb", "", "ä", &"x".repeat(65)] {
            headers.insert(
                HEADER,
                axum::http::HeaderValue::from_bytes(bad.as_bytes()).expect("a header"),
            );
            assert!(ids.of(&headers).starts_with("req-"), "{bad:?}");
        }
        assert_ne!(ids.fresh(), ids.fresh());
    }
}
