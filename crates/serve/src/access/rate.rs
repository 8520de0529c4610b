//! A token bucket without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A bucket by the generic cell rate algorithm (ITU-T I.371): one number, the time at which the
/// bucket would be full again.
#[derive(Debug, Default)]
pub struct Bucket {
    full_at: AtomicU64,
}

/// What a bucket says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Whether the request may pass.
    pub passed: bool,
    /// Requests that could follow at once.
    pub left: u64,
    /// When one more may pass if this did not, else when the bucket is full again.
    pub wait: Duration,
}

impl Bucket {
    /// Takes a token at a time in nanoseconds, of a bucket that holds `burst` tokens, at least one,
    /// and is filled with `rate` a second.
    pub fn take(&self, now: u64, rate: f64, burst: f64) -> Grant {
        let step = (1e9 / rate).max(1.0);
        let depth = (step * burst.max(1.0)) as u64;
        let step = step as u64;
        let mut full_at = self.full_at.load(Ordering::Relaxed);
        loop {
            let next = full_at.max(now) + step;
            if next - now > depth {
                let wait = Duration::from_nanos(next - now - depth);
                return Grant { passed: false, left: 0, wait };
            }
            match self.full_at.compare_exchange_weak(
                full_at,
                next,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    let left = (depth - (next - now)) / step;
                    return Grant { passed: true, left, wait: Duration::from_nanos(next - now) };
                }
                Err(other) => full_at = other,
            }
        }
    }

    /// Puts back a token that [`Bucket::take`] gave at the same rate.
    pub fn give_back(&self, rate: f64) {
        let step = (1e9 / rate).max(1.0) as u64;
        // A failure only means that nothing was there to be put back.
        let _ = self.full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
            Some(full_at.saturating_sub(step))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_burst_then_the_rate() {
        let bucket = Bucket::default();
        let start = 7 * SECOND;
        let passed = (0..20).filter(|_| bucket.take(start, 10.0, 10.0).passed).count();
        assert_eq!(passed, 10);
        let refused = bucket.take(start, 10.0, 10.0);
        assert_eq!(refused.wait, Duration::from_millis(100));
        assert!(bucket.take(start + SECOND / 10, 10.0, 10.0).passed);
        assert!(!bucket.take(start + SECOND / 10, 10.0, 10.0).passed);
        // What was put back counts for nothing.
        for _ in 0..100 {
            let given = Bucket::default();
            assert!(given.take(start, 10.0, 1.0).passed);
            given.give_back(10.0);
            assert!(given.take(start, 10.0, 1.0).passed);
        }
        // A rate of one in five seconds.
        let slow = Bucket::default();
        assert!(slow.take(start, 0.2, 0.2).passed);
        assert_eq!(slow.take(start, 0.2, 0.2).wait, Duration::from_secs(5));
    }
}
