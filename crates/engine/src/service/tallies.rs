//! Counts by hour, from the counters of each version.

use std::sync::Arc;

use tripline_store::Timestamp;
use tripline_store::records::Tally;

use super::changes::to_its_end;
use super::counters::Counts;
use super::error::ServiceError;
use super::served::ArmCounters;
use super::state::{Service, locked};

const HOUR_MICROS: i64 = 3_600_000_000;

/// What was written so far of each version's counters.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    written: Vec<Written>,
}

/// What was written so far of the counters of a version; one that is loaded anew has others.
#[derive(Debug)]
struct Written {
    id: Arc<str>,
    arms: Arc<ArmCounters>,
    counts: [Counts; 4],
}

/// The start of the hour of a time.
pub(crate) fn hour(at: Timestamp) -> Timestamp {
    Timestamp(at.0.div_euclid(HOUR_MICROS) * HOUR_MICROS)
}

impl Service {
    /// Writes what was counted since the last time, to its end: counts that are written and not
    /// known to be would be written again.
    pub(crate) async fn write_tallies(self: &Arc<Self>) -> Result<(), ServiceError> {
        let service = self.clone();
        to_its_end(async move { service.write_tallies_now().await }).await
    }

    /// As [`Service::write_tallies`], for who is not dropped on the way. Counts of the last second
    /// are lost by a crash.
    pub(crate) async fn write_tallies_now(&self) -> Result<(), ServiceError> {
        let mut tallies = self.tallies.lock().await;
        // Of every snapshot since the last time: a version may have come and gone meanwhile.
        for (id, arms) in std::mem::take(&mut *locked(&self.counted)) {
            if !tallies.written.iter().any(|known| Arc::ptr_eq(&known.arms, &arms)) {
                tallies.written.push(Written { id, arms, counts: [Counts::default(); 4] });
            }
        }
        let hour = hour(self.clock().now());
        let mut rows = Vec::new();
        let mut seen = Vec::new();
        for Written { id, arms, counts } in &tallies.written {
            let now = arms.each().map(|(_, counters)| counters.counts());
            for ((arm, _), (now, before)) in arms.each().iter().zip(now.iter().zip(counts)) {
                let since = now.since(before);
                if since.predictions > 0 || since.errors > 0 {
                    rows.push(Tally {
                        model_id: id.to_string(),
                        arm: (*arm).to_owned(),
                        hour,
                        predictions: since.predictions,
                        alerts: since.alerts,
                        errors: since.errors,
                        seconds: since.time.as_secs_f64(),
                    });
                }
            }
            seen.push(now);
        }
        if !rows.is_empty() {
            self.store.add_tallies(&rows).await?;
        }
        for (written, now) in tallies.written.iter_mut().zip(seen) {
            written.counts = now;
        }
        // What nobody else holds counts no more.
        tallies.written.retain(|written| {
            Arc::strong_count(&written.arms) > 1
                || written.counts != written.arms.each().map(|(_, counters)| counters.counts())
        });
        Ok(())
    }
}
