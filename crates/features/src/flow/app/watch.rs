//! The search for TLS behind the opening of another protocol, such as SMTP after STARTTLS.

use super::outcome::{Outcome, Then};

/// Most bytes of a direction that are searched.
const WATCHED_BYTES: u16 = 2048;
/// Bytes of a record header with the beginning of a hello in it.
const HELLO_HEAD: usize = 11;

/// Searches the first bytes of both directions for the hello of a TLS client.
#[derive(Debug)]
pub(super) struct Watch {
    left: [u16; 2],
}

impl Default for Watch {
    fn default() -> Self {
        Self { left: [WATCHED_BYTES; 2] }
    }
}

impl Watch {
    /// Reads bytes of a direction.
    pub(super) fn read(&mut self, side: usize, bytes: &[u8]) -> Outcome {
        let left = &mut self.left[side];
        let mut used = 0;
        loop {
            let rest = &bytes[used..];
            let searched = &rest[..rest.len().min(usize::from(*left))];
            let step = memchr::memchr(22, searched).unwrap_or(searched.len());
            used += step;
            // At most what is left.
            *left -= step as u16;
            if *left == 0 {
                return Outcome::done(used);
            }
            match is_client_hello(&bytes[used..]) {
                None => return Outcome::more(used),
                Some(true) => return Outcome::then(used, Then::Switch),
                Some(false) => {
                    used += 1;
                    *left -= 1;
                }
            }
        }
    }
}

/// A record of TLS with a hello of a client that fills it; none if too few bytes tell.
fn is_client_hello(bytes: &[u8]) -> Option<bool> {
    let fits = |index: usize, byte: u8| match index {
        0 => byte == 22,
        1 | 9 => byte == 3,
        2 => byte <= 3,
        5 => byte == 1,
        6 => byte == 0,
        _ => true,
    };
    let head = &bytes[..bytes.len().min(HELLO_HEAD)];
    if !head.iter().enumerate().all(|(index, &byte)| fits(index, byte)) {
        return Some(false);
    }
    let &[_, _, _, r0, r1, _, _, m0, m1, ..] = head.first_chunk::<HELLO_HEAD>()?;
    Some(u16::from_be_bytes([r0, r1]) == u16::from_be_bytes([m0, m1]).wrapping_add(4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hello_is_found_however_it_is_cut() {
        let mut bytes = b"\x16EHLO a\r\nSTARTTLS\r\n\x16\x03".to_vec();
        let hello = b"\x16\x03\x01\x00\x30\x01\x00\x00\x2c\x03\x03";
        let start = bytes.len();
        bytes.extend_from_slice(hello);
        let whole = Watch::default().read(0, &bytes);
        assert_eq!(whole, Outcome::then(start, Then::Switch));
        let mut watch = Watch::default();
        let mut at = 0;
        for end in 1..bytes.len() {
            let outcome = watch.read(0, &bytes[at..end]);
            assert_eq!(outcome.then, Then::More);
            at += outcome.used;
        }
        assert_eq!(at + watch.read(0, &bytes[at..]).used, start);
    }

    #[test]
    fn the_search_ends() {
        assert_eq!(Watch::default().read(1, &[22; 5000]), Outcome::done(2048));
        assert_eq!(Watch::default().read(1, &[0; 5000]).then, Then::Done);
    }
}
