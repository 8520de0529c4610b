//! What one endpoint says at once: literal bytes with a long tail that is made when it is written.

/// Bytes of an application.
#[derive(Debug, Clone, Default)]
pub(super) struct Message {
    /// Literal bytes.
    head: Vec<u8>,
    tail: Option<Tail>,
}

/// Bytes that follow from a seed and their place, so that a retransmission repeats them and
/// nothing large waits in memory.
#[derive(Debug, Clone, Copy)]
struct Tail {
    filling: Filling,
    seed: u64,
    bytes: usize,
}

/// What a long body looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filling {
    /// As encrypted or compressed.
    Random,
    /// Application data records of TLS (RFC 8446, section 5.1).
    Records,
    /// Lower-case words.
    Text,
    /// Mostly zeros, as in disk images or tables of numbers.
    Sparse,
}

/// Plaintext bytes of a full TLS record, with what encryption adds (RFC 8446, section 5.2).
const RECORD: usize = 16_384 + 17;
const RECORD_HEADER: usize = 5;

/// Letters by their frequency in English, roughly.
const LETTERS: &[u8] = b"eeetttaaaoooiiinnnsshhrrdlcumwfgypbvk ,     .\n\n";

impl Message {
    /// Literal bytes.
    pub(super) fn new(head: impl Into<Vec<u8>>) -> Self {
        Self { head: head.into(), tail: None }
    }

    /// Literal bytes, then `bytes` more.
    pub(super) fn with_tail(
        head: impl Into<Vec<u8>>,
        filling: Filling,
        seed: u64,
        bytes: usize,
    ) -> Self {
        Self { head: head.into(), tail: Some(Tail { filling, seed, bytes }) }
    }

    /// `bytes` that look encrypted.
    pub(super) fn random(seed: u64, bytes: usize) -> Self {
        Self::with_tail([], Filling::Random, seed, bytes)
    }

    /// So many bytes of application data inside TLS records.
    pub(super) fn records(seed: u64, data: usize) -> Self {
        let full = data / 16_384;
        let rest = data % 16_384;
        let last = if rest > 0 || full == 0 { RECORD_HEADER + rest + 17 } else { 0 };
        Self::with_tail([], Filling::Records, seed, full * (RECORD_HEADER + RECORD) + last)
    }

    /// Bytes in all.
    pub(super) fn len(&self) -> usize {
        self.head.len() + self.tail.map_or(0, |tail| tail.bytes)
    }

    /// Appends the bytes from `from` on.
    pub(super) fn copy(&self, from: usize, bytes: usize, into: &mut Vec<u8>) {
        let to = from + bytes;
        if from < self.head.len() {
            into.extend_from_slice(&self.head[from..to.min(self.head.len())]);
        }
        if let Some(tail) = &self.tail
            && to > self.head.len()
        {
            let start = from.max(self.head.len()) - self.head.len();
            tail.copy(start, to - self.head.len(), into);
        }
    }
}

impl Tail {
    fn copy(&self, from: usize, to: usize, into: &mut Vec<u8>) {
        let at = into.len();
        for word in from / 8..to.div_ceil(8) {
            let bytes = self.word(word as u64);
            let first = from.saturating_sub(word * 8);
            let last = (to - word * 8).min(8);
            into.extend_from_slice(&bytes[first..last]);
        }
        if self.filling == Filling::Records {
            self.headers(from, &mut into[at..]);
        }
    }

    fn word(&self, place: u64) -> [u8; 8] {
        let random = mix(self.seed ^ mix(place.wrapping_add(1)));
        match self.filling {
            Filling::Random | Filling::Records => random.to_le_bytes(),
            Filling::Text => {
                random.to_le_bytes().map(|byte| LETTERS[usize::from(byte) % LETTERS.len()])
            }
            Filling::Sparse if random & 7 == 0 => (random >> 32).to_le_bytes(),
            Filling::Sparse => [0; 8],
        }
    }

    /// Puts record headers over the random bytes from `from` on.
    fn headers(&self, from: usize, bytes: &mut [u8]) {
        let step = RECORD_HEADER + RECORD;
        let mut start = from / step * step;
        while start < from + bytes.len() {
            let length = RECORD.min(self.bytes - start - RECORD_HEADER) as u16;
            let [high, low] = length.to_be_bytes();
            for (place, byte) in [23, 3, 3, high, low].into_iter().enumerate() {
                let at = (start + place).checked_sub(from);
                if let Some(slot) = at.and_then(|at| bytes.get_mut(at)) {
                    *slot = byte;
                }
            }
            start += step;
        }
    }
}

/// The finaliser of SplitMix64 (Steele, Lea & Flood 2014).
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_parts_make_the_same_bytes() {
        let kinds = [Filling::Random, Filling::Text, Filling::Sparse];
        let mut messages: Vec<Message> =
            kinds.map(|kind| Message::with_tail("head", kind, 3, 5000)).into();
        messages.push(Message::records(9, 40_000));
        for message in messages {
            let mut whole = Vec::new();
            message.copy(0, message.len(), &mut whole);
            assert_eq!(whole.len(), message.len());
            let mut parts = Vec::new();
            let mut at = 0;
            while at < message.len() {
                let step = (at % 7 * 300 + 1).min(message.len() - at);
                message.copy(at, step, &mut parts);
                at += step;
            }
            assert!(parts == whole);
        }
    }

    #[test]
    fn records_fit_one_behind_the_other() {
        for data in [0, 1, 16_383, 16_384, 40_000] {
            let message = Message::records(1, data);
            let mut bytes = Vec::new();
            message.copy(0, message.len(), &mut bytes);
            let mut at = 0;
            while at < bytes.len() {
                assert_eq!(bytes[at..at + 3], [23, 3, 3]);
                at += 5 + usize::from(u16::from_be_bytes([bytes[at + 3], bytes[at + 4]]));
            }
            assert_eq!(at, bytes.len());
        }
    }
}
