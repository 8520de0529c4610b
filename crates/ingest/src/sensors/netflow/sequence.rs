//! What is missing between datagrams, by their sequence numbers.

/// The number expected next of one exporter.
///
/// What is counted depends on the version: flows in 5, datagrams in 9 (RFC 3954, section 5.1),
/// data records in IPFIX (RFC 7011, section 3.1). All wrap at 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sequence {
    expected: Option<u32>,
}

/// How a datagram follows the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// At once, or nothing is known.
    Next,
    /// So many are missing in between.
    Gap(u32),
    /// It was overtaken by one that was sent later.
    Late,
    /// The exporter started to count anew.
    Restart,
}

impl Sequence {
    // A larger step is a new start: an exporter loses less before someone looks.
    const MAX_GAP: i32 = 1 << 20;
    // Datagrams that overtake others are near; an exporter that starts anew falls further back,
    // unless it has just started.
    const MAX_LATE: i32 = 1 << 12;

    /// Takes the number of a datagram with how many it counts; `None` if that cannot be told.
    pub(super) fn step(&mut self, number: u32, counts: Option<u32>) -> Step {
        let step = match self.expected {
            None => Step::Next,
            Some(expected) => match number.wrapping_sub(expected) as i32 {
                0 => Step::Next,
                ahead @ 1..=Self::MAX_GAP => Step::Gap(ahead as u32),
                behind if (-Self::MAX_LATE..0).contains(&behind) => Step::Late,
                _ => Step::Restart,
            },
        };
        // A first datagram again, of number 0, is a start however near.
        let step = if step == Step::Late && number == 0 { Step::Restart } else { step };
        if step != Step::Late {
            self.expected = counts.map(|counts| number.wrapping_add(counts));
        }
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap_and_start_anew() {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.step(u32::MAX - 29, Some(30)), Step::Next);
        assert_eq!(sequence.step(0, Some(30)), Step::Next);
        assert_eq!(sequence.step(90, Some(30)), Step::Gap(60));
        assert_eq!(sequence.step(60, Some(30)), Step::Late);
        assert_eq!(sequence.step(120, Some(30)), Step::Next);
        assert_eq!(sequence.step(0, Some(1)), Step::Restart);
        assert_eq!(sequence.step(1, None), Step::Next);
        assert_eq!(sequence.step(500, Some(1)), Step::Next);
        assert_eq!(sequence.step(u32::MAX / 2, Some(1)), Step::Restart);
    }
}
