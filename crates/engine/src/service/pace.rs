//! How much is forgotten at once, so that others are not kept waiting.

use std::time::Duration;

/// Rows of the first transaction; a row takes up to 100 µs, by its indices and the memory for them.
const FIRST_PART: u32 = 200;
/// Rows of one transaction at least and at most.
const PARTS: std::ops::RangeInclusive<u32> = 100..=2000;
/// How long one transaction should take: detections wait for it, and are promised within 50 ms.
const PART_TIME: Duration = Duration::from_millis(20);
/// Shortest pause between two parts.
pub(super) const PAUSE: Duration = Duration::from_millis(2);
/// How much is forgotten at once.
#[derive(Debug)]
pub(super) struct Pace {
    /// Rows of the next part.
    pub(super) rows: u32,
    /// What comes must not come faster than what goes, whoever waits for it.
    urgent: bool,
}

impl Pace {
    pub(super) fn new(urgent: bool) -> Self {
        Self { rows: if urgent { *PARTS.end() } else { FIRST_PART }, urgent }
    }

    /// The pause after a part that took so long; the next one is larger or smaller by that.
    pub(super) fn after(&mut self, took: Duration) -> Duration {
        if self.urgent {
            return Duration::ZERO;
        }
        if took > PART_TIME {
            self.rows = (self.rows / 2).max(*PARTS.start());
        } else if took < PART_TIME / 2 {
            self.rows = (self.rows * 2).min(*PARTS.end());
        }
        // Half of the time is for others.
        took.max(PAUSE)
    }
}

/// Whether a bound is passed by more than a twentieth.
pub(super) fn is_urgent(used: u64, most: u64) -> bool {
    used / 21 > most / 20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_get_as_large_as_others_can_wait_for() {
        let mut pace = Pace::new(false);
        let took = |rows: u32| Duration::from_micros(100) * rows;
        let mut pauses = Vec::new();
        for _ in 0..20 {
            let took = took(pace.rows);
            assert!(took <= 2 * PART_TIME);
            pauses.push(pace.after(took));
        }
        assert!(pauses.iter().all(|pause| *pause >= PAUSE));
        let mut settled = |took: Duration| {
            for _ in 0..20 {
                pace.after(took);
            }
            pace.rows
        };
        assert_eq!(settled(Duration::ZERO), 2000);
        assert_eq!(settled(Duration::from_secs(1)), 100);
        let mut urgent = Pace::new(true);
        assert_eq!(urgent.after(Duration::from_secs(1)), Duration::ZERO);
        assert_eq!(urgent.rows, 2000);
        assert!(!is_urgent(104, 100) && is_urgent(2200, 2000));
    }
}
