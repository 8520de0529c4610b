//! Messages between a process and its child: a length, then a state as bytes.
//!
//! The length is a little-endian u64 with a bound for each direction; a state's own lengths are
//! checked against its bytes. Neither side trusts the other.

use std::io::{ErrorKind, Read, Write};

use tripline_core::State;

/// Bytes of the length.
pub(crate) const HEAD: usize = 8;

/// Largest message to the child: a model of 1 GiB with its name.
pub(crate) const MAX_REQUEST: usize = (1 << 30) + (1 << 20);

/// Largest answer: 64 MiB, more than the rows of one request can fill.
pub(crate) const MAX_ANSWER: usize = 1 << 26;

/// A message as bytes.
pub(crate) fn encode(state: &State) -> Vec<u8> {
    let body = state.to_bytes();
    let mut frame = Vec::with_capacity(HEAD + body.len());
    frame.extend_from_slice(&(body.len() as u64).to_le_bytes());
    frame.extend_from_slice(&body);
    frame
}

/// The length that the first 8 bytes tell; none if it is above `max`.
pub(crate) fn length(head: [u8; HEAD], max: usize) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(head)).ok().filter(|&length| length <= max)
}

/// Writes one message.
pub(crate) fn write(out: &mut dyn Write, state: &State) -> std::io::Result<()> {
    out.write_all(&encode(state))?;
    out.flush()
}

/// Reads one message; none at the end. Memory grows with the bytes that come, not with the length
/// that is told.
pub(crate) fn read(from: &mut dyn Read, max: usize) -> std::io::Result<Option<State>> {
    let invalid = |reason: &str| std::io::Error::new(ErrorKind::InvalidData, reason.to_owned());
    let mut head = [0; HEAD];
    let mut filled = 0;
    while filled < HEAD {
        match from.read(&mut head[filled..])? {
            0 if filled == 0 => return Ok(None),
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => filled += count,
        }
    }
    let length = length(head, max).ok_or_else(|| invalid("a message is too long"))?;
    let mut body = Vec::new();
    from.take(length as u64).read_to_end(&mut body)?;
    if body.len() < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    State::from_bytes(&body).map(Some).map_err(|source| invalid(&source.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_and_a_longer_one_is_refused() {
        let mut state = State::new();
        state.put_f64s("values", vec![1.0, 2.0]);
        let frame = encode(&state);
        let whole = read(&mut frame.as_slice(), MAX_ANSWER).unwrap();
        assert_eq!(whole, Some(state));
        assert!(read(&mut frame.as_slice(), frame.len() - HEAD - 1).is_err());
        assert!(read(&mut &frame[..frame.len() - 1], MAX_ANSWER).is_err());
        assert_eq!(read(&mut [].as_slice(), MAX_ANSWER).unwrap(), None);
    }

    #[test]
    fn a_length_beyond_the_bytes_takes_no_memory() {
        let mut frame = (1u64 << 29).to_le_bytes().to_vec();
        frame.push(0);
        assert!(read(&mut frame.as_slice(), MAX_REQUEST).is_err());
    }
}
