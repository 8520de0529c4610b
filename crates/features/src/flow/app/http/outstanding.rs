//! Requests that have no answer yet.

/// Most requests that are remembered; an answer to a later one has a body like any other.
const REQUESTS: u8 = 64;

/// What the length of an answer depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Asked {
    /// Any method but those below.
    #[default]
    Other,
    /// HEAD.
    Head,
    /// CONNECT.
    Connect,
}

/// A queue of requests, two bits for each.
#[derive(Debug, Default)]
pub(super) struct Outstanding {
    bits: u128,
    length: u8,
}

impl Outstanding {
    /// Adds a request behind the others.
    pub(super) fn push(&mut self, asked: Asked) {
        if self.length < REQUESTS {
            self.bits |= (asked as u128) << (2 * u32::from(self.length));
            self.length += 1;
        }
    }

    /// Takes the first; one that was not seen is like any other.
    pub(super) fn pop(&mut self) -> Asked {
        let first = self.bits & 3;
        self.bits >>= 2;
        self.length = self.length.saturating_sub(1);
        match first {
            1 => Asked::Head,
            2 => Asked::Connect,
            _ => Asked::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_back_in_order() {
        let mut queue = Outstanding::default();
        assert_eq!(queue.pop(), Asked::Other);
        let all = [Asked::Head, Asked::Other, Asked::Connect];
        all.into_iter().cycle().take(70).for_each(|asked| queue.push(asked));
        for index in 0..64 {
            assert_eq!(queue.pop(), all[index % 3], "{index}");
        }
        assert_eq!(queue.pop(), Asked::Other);
        queue.push(Asked::Head);
        assert_eq!(queue.pop(), Asked::Head);
    }
}
