//! Forgetting what is old: by age once an hour, beyond the bounds once a minute, in small parts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tripline_store::Timestamp;
use tripline_store::records::{Change, Kept, Old};

use super::error::ServiceError;
use super::pace::{PAUSE, Pace, is_urgent};
use super::settings::RetentionSettings;
use super::state::Service;

/// How often the bounds are looked at.
const TICK: Duration = Duration::from_secs(60);
/// Ticks between two looks at what is old.
const TICKS_OF_AN_HOUR: u64 = 60;
/// Free space of the database that is kept for what comes.
const KEPT_FREE: u64 = 16 << 20;
/// Shadow scores so young are not taken by the bound of the database.
const SHADOW_KEPT: Duration = Duration::from_secs(3600);

/// How much was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgotten([u64; Kept::ALL.len()]);

impl Forgotten {
    /// How much of that.
    pub fn of(&self, what: Kept) -> u64 {
        self.0[what as usize]
    }

    /// Each kind with how much of it.
    pub fn each(&self) -> impl Iterator<Item = (Kept, u64)> {
        Kept::ALL.into_iter().zip(self.0)
    }

    fn add(&mut self, what: Kept, rows: u64) {
        self.0[what as usize] += rows;
    }
}

/// What was forgotten since the service started.
#[derive(Debug, Default)]
pub(crate) struct ForgottenTotals([AtomicU64; Kept::ALL.len()]);

impl ForgottenTotals {
    pub(crate) fn read(&self) -> Forgotten {
        Forgotten(std::array::from_fn(|at| self.0[at].load(Ordering::Relaxed)))
    }
}

/// Until the service ends.
pub(crate) async fn run(service: Weak<Service>, mut ending: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first one is at once; a service that starts has better things to do.
    ticks.tick().await;
    for number in 0_u64.. {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = ending.wait_for(|ending| *ending) => return,
        }
        let Some(service) = service.upgrade() else { return };
        let done = match number % TICKS_OF_AN_HOUR {
            0 => service.forget_old().await,
            _ => service.keep_bounds().await,
        };
        if let Err(error) = done {
            tracing::error!(%error, "what is old could not be forgotten");
        }
    }
}

impl Service {
    /// Forgets what is older than the settings allow and what is beyond their bounds; the service
    /// does so by itself once an hour.
    pub async fn forget_old(self: &Arc<Self>) -> Result<Forgotten, ServiceError> {
        let settings = &self.settings.retention;
        let now = self.clock().now();
        let mut forgotten = Forgotten::default();
        for (what, age) in ages(settings) {
            let Some(age) = age else { continue };
            let micros = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
            let before = Timestamp(now.0.saturating_sub(micros));
            let reason = format!("older than {} hours", age.as_secs() / 3600);
            self.forget(what, Old::Before(before), &reason, &mut forgotten).await?;
        }
        self.forget(Kept::Sessions, Old::Before(now), "over", &mut forgotten).await?;
        if forgotten.of(Kept::Runs) > 0 {
            super::jobs::sweep_runs(self).await?;
        }
        self.within_bounds(&mut forgotten).await?;
        self.tell(&forgotten).await?;
        Ok(forgotten)
    }

    /// Forgets what is beyond the bounds of the settings; the service does so by itself once a
    /// minute.
    pub async fn keep_bounds(self: &Arc<Self>) -> Result<Forgotten, ServiceError> {
        let mut forgotten = Forgotten::default();
        self.within_bounds(&mut forgotten).await?;
        if forgotten != Forgotten::default() {
            self.tell(&forgotten).await?;
        }
        Ok(forgotten)
    }

    /// Forgets all of that which is old. What people may miss stands in the audit trail before it
    /// goes.
    async fn forget(
        &self,
        what: Kept,
        old: Old,
        reason: &str,
        forgotten: &mut Forgotten,
    ) -> Result<(), ServiceError> {
        let mut urgent = false;
        if is_audited(what) {
            let rows = self.store.count_old(what, old).await?;
            if rows == 0 {
                return Ok(());
            }
            urgent = matches!(old, Old::AllBut(most) if is_urgent(rows + most, most));
            let limit = match old {
                Old::Before(time) => serde_json::json!({ "before_micros": time.0, "rows": rows }),
                Old::AllBut(kept) => serde_json::json!({ "all_but": kept, "rows": rows }),
            };
            let change = Change::system(self.clock().now(), reason);
            self.store.record("data.forget", what.name(), &limit.to_string(), &change).await?;
        }
        let mut pace = Pace::new(urgent);
        while self.forget_part(what, old, &mut pace, forgotten).await? {}
        Ok(())
    }

    /// One part, then a pause; whether there is more.
    async fn forget_part(
        &self,
        what: Kept,
        old: Old,
        pace: &mut Pace,
        forgotten: &mut Forgotten,
    ) -> Result<bool, ServiceError> {
        if self.is_ending() {
            return Ok(false);
        }
        let (begin, limit) = (Instant::now(), pace.rows);
        let rows = self.store.forget_old(what, old, limit).await?;
        forgotten.add(what, rows);
        self.forgotten.0[what as usize].fetch_add(rows, Ordering::Relaxed);
        let more = rows >= u64::from(limit);
        if more {
            tokio::time::sleep(pace.after(begin.elapsed())).await;
        }
        Ok(more)
    }

    async fn within_bounds(&self, forgotten: &mut Forgotten) -> Result<(), ServiceError> {
        let settings = &self.settings.retention;
        if let Some(most) = settings.max_detections {
            let reason = format!("more than {most} detections");
            self.forget(Kept::Detections, Old::AllBut(most), &reason, forgotten).await?;
        }
        let Some(most) = settings.max_database_bytes else { return Ok(()) };
        let used = self.store.bytes_in_use().await?;
        if used <= most {
            return Ok(());
        }
        let now = self.clock().now();
        let young = Timestamp(now.0.saturating_sub(SHADOW_KEPT.as_micros() as i64));
        // A little more than must go, so that it does not begin anew at once.
        let enough = most / 20 * 19;
        for (what, old) in [
            (Kept::ShadowScores, Old::Before(young)),
            (Kept::Detections, Old::Before(Timestamp(now.0.saturating_add(1)))),
        ] {
            let mut told = !is_audited(what);
            let mut pace = Pace::new(is_urgent(used, most));
            while self.store.bytes_in_use().await? > enough && !self.is_ending() {
                if !told {
                    let reason = format!("{used} bytes of the database are in use, over {most}");
                    let change = Change::system(now, &reason);
                    self.store.record("data.forget", what.name(), "{}", &change).await?;
                    told = true;
                }
                if !self.forget_part(what, old, &mut pace, forgotten).await? {
                    break;
                }
            }
        }
        if self.store.bytes_in_use().await? > most {
            tracing::warn!(
                most,
                "the database is beyond its bound, and nothing is left that may be forgotten: \
                 raise `serve.retention.max_database_bytes`, or keep the rest for a shorter time"
            );
        }
        Ok(())
    }

    /// Logs what was forgotten, gives space back.
    async fn tell(&self, forgotten: &Forgotten) -> Result<(), ServiceError> {
        for (what, rows) in forgotten.each().filter(|(_, rows)| *rows > 0) {
            tracing::info!(what = what.name(), rows, "old rows are forgotten");
        }
        while !self.is_ending() && self.store.give_back(KEPT_FREE).await? {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

/// What is kept for how long.
fn ages(settings: &RetentionSettings) -> [(Kept, Option<Duration>); 8] {
    [
        (Kept::Detections, settings.detections),
        (Kept::Judged, settings.judged),
        (Kept::ShadowScores, settings.shadow_scores),
        (Kept::Tallies, settings.tallies),
        (Kept::FeatureRows, settings.feature_rows),
        (Kept::Jobs, settings.jobs),
        (Kept::Runs, settings.jobs),
        (Kept::IdempotencyKeys, Some(settings.idempotency_keys)),
    ]
}

/// Whether the audit trail says that it goes: what people have stored, judged, or would look for.
fn is_audited(what: Kept) -> bool {
    match what {
        Kept::Detections | Kept::Judged | Kept::FeatureRows | Kept::Jobs | Kept::Runs => true,
        Kept::ShadowScores | Kept::Tallies | Kept::Sessions | Kept::IdempotencyKeys => false,
    }
}
