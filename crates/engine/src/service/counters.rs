//! Counts of a version's answers with a histogram of their times.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets of times, in microseconds; the last bucket has none.
///
/// 1, 2 and 5 of each power of ten: a 99th percentile is told within a factor of 2.5.
pub const BUCKETS: [u64; 18] = [
    5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000,
    500_000, 1_000_000, 5_000_000,
];

/// What a version did since it was loaded.
#[derive(Debug, Default)]
pub struct Counters {
    predictions: AtomicU64,
    alerts: AtomicU64,
    errors: AtomicU64,
    nanoseconds: AtomicU64,
    /// Of single events alone, as `times`.
    single_nanoseconds: AtomicU64,
    times: [AtomicU64; BUCKETS.len() + 1],
}

/// The counts at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Answers.
    pub predictions: u64,
    /// Answers over the threshold.
    pub alerts: u64,
    /// Requests that failed in scoring.
    pub errors: u64,
    /// Time spent scoring, batches included.
    pub time: Duration,
    /// Of this the time of single events, which `times` counts.
    pub single_time: Duration,
    /// Answers to single events by time to score: one count for each of [`BUCKETS`], then the rest.
    pub times: [u64; BUCKETS.len() + 1],
}

impl Counters {
    /// Counts an answer.
    pub(crate) fn answered(&self, attack: bool, time: Duration) {
        self.predictions.fetch_add(1, Ordering::Relaxed);
        self.alerts.fetch_add(u64::from(attack), Ordering::Relaxed);
        self.nanoseconds.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
        self.single_nanoseconds.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
        let micros = time.as_micros() as u64;
        let bucket = BUCKETS.partition_point(|&bound| bound < micros);
        self.times[bucket].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the answers of a batch; its time is no time of a single answer.
    pub(crate) fn answered_batch(&self, rows: u64, attacks: u64, time: Duration) {
        self.predictions.fetch_add(rows, Ordering::Relaxed);
        self.alerts.fetch_add(attacks, Ordering::Relaxed);
        self.nanoseconds.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    /// Counts a failure.
    pub(crate) fn failed(&self) {
        self.failed_batch(1);
    }

    /// Counts each row of a batch that failed as a failure.
    pub(crate) fn failed_batch(&self, rows: u64) {
        self.errors.fetch_add(rows, Ordering::Relaxed);
    }

    /// The counts now.
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        // In the other order than they are counted: there are never more alerts than answers.
        let alerts = read(&self.alerts);
        Counts {
            predictions: read(&self.predictions),
            alerts,
            errors: read(&self.errors),
            time: Duration::from_nanos(read(&self.nanoseconds)),
            single_time: Duration::from_nanos(read(&self.single_nanoseconds)),
            times: std::array::from_fn(|bucket| read(&self.times[bucket])),
        }
    }
}

impl Counts {
    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            predictions: self.predictions + other.predictions,
            alerts: self.alerts + other.alerts,
            errors: self.errors + other.errors,
            time: self.time + other.time,
            single_time: self.single_time + other.single_time,
            times: std::array::from_fn(|at| self.times[at] + other.times[at]),
        }
    }

    /// What was counted since an earlier time.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            predictions: self.predictions.saturating_sub(earlier.predictions),
            alerts: self.alerts.saturating_sub(earlier.alerts),
            errors: self.errors.saturating_sub(earlier.errors),
            time: self.time.saturating_sub(earlier.time),
            single_time: self.single_time.saturating_sub(earlier.single_time),
            times: std::array::from_fn(|at| self.times[at].saturating_sub(earlier.times[at])),
        }
    }

    /// Between which bounds the time lies below which a share of the answers stayed: those of its
    /// bucket. None without answers.
    pub fn quantile(&self, share: f64) -> Option<(Duration, Duration)> {
        let total: u64 = self.times.iter().sum();
        if total == 0 {
            return None;
        }
        let wanted = ((total as f64 * share).ceil() as u64).clamp(1, total);
        let mut seen = 0;
        let bucket = self.times.iter().position(|count| {
            seen += count;
            seen >= wanted
        })?;
        let low = bucket.checked_sub(1).and_then(|below| BUCKETS.get(below)).copied();
        let high = BUCKETS.get(bucket).copied();
        Some((
            Duration::from_micros(low.unwrap_or(0)),
            high.map_or(Duration::MAX, Duration::from_micros),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_batch_is_no_time_of_a_single_event() {
        let counters = Counters::default();
        counters.answered(true, Duration::from_micros(30));
        counters.answered_batch(1000, 10, Duration::from_millis(50));
        let counts = counters.counts();
        assert_eq!((counts.predictions, counts.alerts), (1001, 11));
        assert_eq!(counts.times.iter().sum::<u64>(), 1);
        assert_eq!(counts.single_time, Duration::from_micros(30));
        assert_eq!(counts.time, Duration::from_micros(50_030));
    }

    #[test]
    fn a_quantile_lies_in_its_bucket() {
        let counters = Counters::default();
        for micros in 1..=100 {
            counters.answered(micros > 90, Duration::from_micros(micros));
        }
        let before = counters.counts();
        assert_eq!((before.predictions, before.alerts), (100, 10));
        let micros = Duration::from_micros;
        assert_eq!(before.quantile(0.5), Some((micros(20), micros(50))));
        assert_eq!(before.quantile(0.99), Some((micros(50), micros(100))));
        counters.answered(false, Duration::from_millis(3));
        let since = counters.counts().since(&before);
        assert_eq!(since.quantile(0.99), Some((micros(2000), micros(5000))));
        assert_eq!(Counts::default().quantile(0.99), None);
    }
}
