//! When things happen in the office: hours of work, nights, the weekend.

use tripline_core::Rng;

/// Microseconds in a second.
pub(super) const SECOND: i64 = 1_000_000;

/// Microseconds in an hour.
const HOUR: i64 = 3600 * SECOND;

/// Hours of two weeks.
const HOURS: usize = 14 * 24;

/// Length of the whole time in microseconds.
pub(super) const SPAN: i64 = HOURS as i64 * HOUR;

/// Monday 2026-01-05 00:00 UTC, in microseconds since 1970.
pub(super) const START: i64 = 1_767_571_200 * SECOND;

/// Load of the office by hour of a working day, relative.
const WORKDAY: [f64; 24] = [
    0.04, 0.03, 0.02, 0.02, 0.03, 0.06, 0.15, 0.40, 0.85, 1.00, 1.00, 0.95, 0.65, 0.85, 1.00, 0.95,
    0.85, 0.60, 0.35, 0.22, 0.16, 0.12, 0.08, 0.06,
];

/// Load of a weekend day in relation to a working day.
const WEEKEND: f64 = 0.12;

/// The office's week.
pub(super) struct Clock {
    /// Sum of the load up to each hour's end.
    cumulative: Vec<f64>,
}

impl Clock {
    pub(super) fn new() -> Self {
        let mut sum = 0.0;
        let cumulative = (0..HOURS)
            .map(|hour| {
                let weekend = (hour / 24) % 7 >= 5;
                sum += WORKDAY[hour % 24] * if weekend { WEEKEND } else { 1.0 };
                sum
            })
            .collect();
        Self { cumulative }
    }

    /// A moment by the office's load, in microseconds from the start.
    pub(super) fn office(&self, rng: &mut Rng) -> i64 {
        let target = rng.unit() * self.cumulative[HOURS - 1];
        let hour = self.cumulative.partition_point(|&sum| sum <= target).min(HOURS - 1);
        hour as i64 * HOUR + rng.below(HOUR as u64) as i64
    }

    /// Any moment.
    pub(super) fn any(&self, rng: &mut Rng) -> i64 {
        rng.below(SPAN as u64) as i64
    }

    /// A moment of a night, when backups run.
    pub(super) fn night(&self, rng: &mut Rng) -> i64 {
        let day = rng.below(14) as i64;
        day * 24 * HOUR + HOUR + rng.below(4 * HOUR as u64) as i64
    }
}

/// Microseconds of a number of seconds.
pub(super) fn micros(seconds: f64) -> i64 {
    (seconds * SECOND as f64) as i64
}
