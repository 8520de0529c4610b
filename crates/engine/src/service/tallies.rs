//! Counts by hour, from the counters of each version.

use std::collections::BTreeMap;
use std::sync::Arc;

use tripline_store::Timestamp;
use tripline_store::records::Tally;

use super::counters::Counts;
use super::error::ServiceError;
use super::served::ArmCounters;
use super::state::Service;

const HOUR_MICROS: i64 = 3_600_000_000;

/// What was written so far of each version's counters.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    written: BTreeMap<String, (Arc<ArmCounters>, [Counts; 4])>,
}

/// The start of the hour of a time.
pub(crate) fn hour(at: Timestamp) -> Timestamp {
    Timestamp(at.0.div_euclid(HOUR_MICROS) * HOUR_MICROS)
}

impl Service {
    /// Writes what was counted since the last time; counts of the last second are lost by a crash.
    pub(crate) async fn write_tallies(&self) -> Result<(), ServiceError> {
        let mut tallies = self.tallies.lock().await;
        let live = self.live();
        for served in live.served() {
            let known = tallies.written.get(&*served.id);
            // A version that was loaded anew has counters of its own.
            if known.is_none_or(|(arms, _)| !Arc::ptr_eq(arms, &served.arms)) {
                let fresh = (served.arms.clone(), [Counts::default(); 4]);
                tallies.written.insert(served.id.to_string(), fresh);
            }
        }
        let hour = hour(self.clock().now());
        let mut rows = Vec::new();
        let mut seen = Vec::new();
        for (id, (arms, written)) in &tallies.written {
            let now = arms.each().map(|(_, counters)| counters.counts());
            for ((arm, _), (now, before)) in arms.each().iter().zip(now.iter().zip(written)) {
                let since = now.since(before);
                if since.predictions > 0 || since.errors > 0 {
                    rows.push(Tally {
                        model_id: id.clone(),
                        arm: (*arm).to_owned(),
                        hour,
                        predictions: since.predictions,
                        alerts: since.alerts,
                        errors: since.errors,
                        seconds: since.time.as_secs_f64(),
                    });
                }
            }
            seen.push((id.clone(), now));
        }
        if !rows.is_empty() {
            self.store.add_tallies(&rows).await?;
        }
        for (id, now) in seen {
            let Some((arms, written)) = tallies.written.get_mut(&id) else { continue };
            *written = now;
            // Nobody else holds it, so it counts no more.
            if Arc::strong_count(arms) == 1 {
                tallies.written.remove(&id);
            }
        }
        Ok(())
    }
}
