//! What runs every second: counts are written, rules looked at, a failing version rolled back.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tripline_store::MetadataError;
use tripline_store::records::{Change, RollbackRule};

use super::counters::Counts;
use super::error::ServiceError;
use super::live::Live;
use super::state::Service;

/// How often counters are looked at.
const TICK: Duration = Duration::from_secs(1);

/// Ticks between attempts to load what could not be loaded.
const LOAD_AGAIN: u32 = 30;
/// Most ticks between attempts to leave a version that breaks its rule.
const LONGEST_PAUSE: u32 = 60;

/// What of a name is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Active,
    Treatment,
}

/// What is remembered of a version of a name that has a rule.
#[derive(Debug, Default)]
struct Watched {
    id: String,
    /// Counts at each tick of the window, the oldest first.
    counts: VecDeque<Counts>,
    /// Nothing is done: this version came by a rollback of ours, or there is none before it.
    /// Whoever deploys again is watched again.
    resting: bool,
    /// Ticks until the next attempt, after one that failed.
    wait: u32,
    /// How long that was.
    pause: u32,
}

impl Watched {
    /// Why the version breaks the rule, if something is to be done about it now.
    fn broken(&mut self, id: &str, counts: Counts, rule: &RollbackRule) -> Option<String> {
        if self.id != id {
            *self = Self { id: id.to_owned(), ..Self::default() };
        }
        self.counts.push_back(counts);
        while self.counts.len() > rule.window_seconds as usize + 1 {
            self.counts.pop_front();
        }
        if self.resting {
            return None;
        }
        if self.wait > 0 {
            self.wait -= 1;
            return None;
        }
        let (first, last) = (self.counts.front()?, self.counts.back()?);
        broken(rule, &last.since(first))
    }

    /// It could not be left: what may pass is tried again, what will not is told once.
    fn kept(&mut self, error: &ServiceError) {
        self.resting = matches!(
            error,
            ServiceError::Metadata(MetadataError::Conflict { .. } | MetadataError::NotFound { .. })
        );
        self.pause = (self.pause * 2).clamp(1, LONGEST_PAUSE);
        self.wait = self.pause;
    }
}

/// Until the service ends.
pub(crate) async fn run(service: Weak<Service>, mut ending: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watched = BTreeMap::new();
    let mut number = 0_u32;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = ending.wait_for(|ending| *ending) => return,
        }
        let Some(service) = service.upgrade() else { return };
        if let Err(error) = service.write_tallies_now().await {
            tracing::error!(%error, "counts could not be written");
        }
        service.catch_up().await;
        look(&service, &mut watched).await;
        number = number.wrapping_add(1);
        if number.is_multiple_of(LOAD_AGAIN) {
            service.load_again().await;
        }
    }
}

async fn look(service: &Arc<Service>, watched: &mut BTreeMap<(String, Role), Watched>) {
    let live = service.live();
    watched.retain(|(name, _), _| live.rules().any(|rule| rule.name == *name));
    for rule in live.rules() {
        look_at_active(service, &live, rule, watched).await;
        look_at_treatment(service, &live, rule, watched).await;
    }
}

async fn look_at_active(
    service: &Arc<Service>,
    live: &Live,
    rule: &RollbackRule,
    watched: &mut BTreeMap<(String, Role), Watched>,
) {
    let Some(active) = live.active().find(|served| served.name() == rule.name) else { return };
    let own = watched.entry((rule.name.clone(), Role::Active)).or_default();
    let Some(reason) = own.broken(&active.id, active.counts(), rule) else { return };
    let change = Change::system(service.clock().now(), &reason);
    // This version, not the name: somebody may have deployed another one meanwhile.
    match service.roll_back(&active.id, &change).await {
        Ok(rolled) => {
            tracing::warn!(from = %own.id, to = %rolled.active, reason, "rolled back by rule");
            service.rollbacks.fetch_add(1, Ordering::Relaxed);
            *own = Watched { id: rolled.active, resting: true, ..Watched::default() };
        }
        Err(error) => {
            tracing::error!(model = %own.id, reason, %error, "cannot roll back by rule");
            own.kept(&error);
        }
    }
}

async fn look_at_treatment(
    service: &Arc<Service>,
    live: &Live,
    rule: &RollbackRule,
    watched: &mut BTreeMap<(String, Role), Watched>,
) {
    let key = (rule.name.clone(), Role::Treatment);
    let Some(split) = live.splits.values().find(|split| split.experiment.name == rule.name) else {
        watched.remove(&key);
        return;
    };
    let own = watched.entry(key).or_default();
    let counts = split.treatment.arms.treatment.counts();
    // Each experiment has a salt of its own.
    let Some(reason) = own.broken(&split.experiment.salt, counts, rule) else { return };
    let id = &split.treatment.id;
    let reason = format!("`{id}`: {reason}");
    let change = Change::system(service.clock().now(), &reason);
    match service.end_this_experiment(&split.experiment, &change).await {
        Ok(()) => tracing::warn!(treatment = %id, reason, "experiment ended by rule"),
        Err(error) => {
            tracing::error!(treatment = %id, reason, %error, "cannot end the experiment by rule");
            own.kept(&error);
        }
    }
}

/// Why a rule is broken by what was counted in its window. Each row of a batch is a request.
fn broken(rule: &RollbackRule, counts: &Counts) -> Option<String> {
    let requests = counts.predictions + counts.errors;
    let rate = counts.errors as f64 / requests as f64;
    if let Some(most) = rule.max_error_rate
        && requests >= rule.min_requests
        && rate > most
    {
        return Some(format!("{rate:.3} of {requests} requests failed, allowed are {most:.3}"));
    }
    let most = rule.max_p99_seconds?;
    // Of single answers: the time of a batch is no time of a row.
    if counts.times.iter().sum::<u64>() < rule.min_requests {
        return None;
    }
    // What is sure: the lower end of its bucket.
    let p99 = counts.quantile(0.99)?.0.as_secs_f64();
    let broken = p99 >= most;
    broken.then(|| format!("the 99th percentile is above {p99} s, allowed are {most} s"))
}

#[cfg(test)]
mod tests {
    use super::super::counters::Counters;
    use super::*;

    #[test]
    fn a_rule_is_broken_by_failures_or_slowness_of_enough_requests() {
        let rule = RollbackRule {
            name: "flow_detector".to_owned(),
            max_error_rate: Some(0.1),
            max_p99_seconds: Some(0.01),
            min_requests: 10,
            window_seconds: 60,
        };
        let counters = Counters::default();
        for _ in 0..8 {
            counters.answered(false, Duration::from_micros(30));
        }
        counters.failed();
        assert_eq!(broken(&rule, &counters.counts()), None, "too few requests");
        counters.failed();
        let told = broken(&rule, &counters.counts()).unwrap();
        assert_eq!(told, "0.200 of 10 requests failed, allowed are 0.100");
        let slow = Counters::default();
        (0..20).for_each(|_| slow.answered(false, Duration::from_millis(30)));
        let told = broken(&rule, &slow.counts()).unwrap();
        assert_eq!(told, "the 99th percentile is above 0.02 s, allowed are 0.01 s");
    }

    #[test]
    fn one_slow_answer_among_the_rows_of_a_batch_breaks_no_percentile() {
        let rule = RollbackRule {
            name: "flow_detector".to_owned(),
            max_error_rate: None,
            max_p99_seconds: Some(0.01),
            min_requests: 10,
            window_seconds: 60,
        };
        let counters = Counters::default();
        counters.answered_batch(100_000, 0, Duration::from_millis(300));
        (0..9).for_each(|_| counters.answered(false, Duration::from_millis(30)));
        (0..20).for_each(|_| counters.failed());
        assert_eq!(broken(&rule, &counters.counts()), None);
        counters.answered(false, Duration::from_millis(30));
        assert!(broken(&rule, &counters.counts()).is_some());
    }

    #[test]
    fn an_attempt_that_fails_is_made_again_unless_there_is_nothing_to_go_back_to() {
        let rule = RollbackRule {
            name: "flow_detector".to_owned(),
            max_error_rate: Some(0.1),
            max_p99_seconds: None,
            min_requests: 1,
            window_seconds: 60,
        };
        let counters = Counters::default();
        let mut watched = Watched::default();
        assert_eq!(watched.broken("v2", counters.counts(), &rule), None);
        counters.failed();
        assert!(watched.broken("v2", counters.counts(), &rule).is_some());
        let path = "tripline.db".to_owned();
        let passing = MetadataError::Database { path, reason: "disk full".to_owned() };
        watched.kept(&passing.into());
        assert_eq!(watched.broken("v2", counters.counts(), &rule), None, "a pause");
        assert!(watched.broken("v2", counters.counts(), &rule).is_some(), "again");
        let id = "v2".to_owned();
        let reason = "no version was active before it".to_owned();
        watched.kept(&MetadataError::Conflict { what: "model", id, reason }.into());
        for _ in 0..5 {
            assert_eq!(watched.broken("v2", counters.counts(), &rule), None);
        }
        watched.broken("v3", Counts::default(), &rule);
        assert!(watched.broken("v3", counters.counts(), &rule).is_some(), "another version");
    }
}
