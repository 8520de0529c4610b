//! What runs every second: counts are written, rules looked at, a failing version rolled back.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tripline_store::records::{Change, RollbackRule};

use super::counters::Counts;
use super::state::Service;

/// How often counters are looked at.
const TICK: Duration = Duration::from_secs(1);

/// What is remembered of the active version of a name that has a rule.
#[derive(Debug, Default)]
struct Watched {
    id: String,
    /// Counts at each tick of the window, the oldest first.
    counts: VecDeque<Counts>,
    /// Nothing is done: this version came by a rollback of ours. Whoever deploys again is watched
    /// again.
    resting: bool,
}

/// Until the service ends.
pub(crate) async fn run(service: Weak<Service>, mut ending: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watched: BTreeMap<String, Watched> = BTreeMap::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = ending.wait_for(|ending| *ending) => return,
        }
        let Some(service) = service.upgrade() else { return };
        if let Err(error) = service.write_tallies().await {
            tracing::error!(%error, "counts could not be written");
        }
        look(&service, &mut watched).await;
    }
}

async fn look(service: &Arc<Service>, watched: &mut BTreeMap<String, Watched>) {
    let live = service.live();
    watched.retain(|name, _| live.rules().any(|rule| rule.name == *name));
    for rule in live.rules() {
        let Some(active) = live.active().find(|served| served.name() == rule.name) else {
            continue;
        };
        let own = watched.entry(rule.name.clone()).or_default();
        if own.id != *active.id {
            *own = Watched { id: active.id.to_string(), ..Watched::default() };
        }
        own.counts.push_back(active.counts());
        while own.counts.len() > rule.window_seconds as usize + 1 {
            own.counts.pop_front();
        }
        let (Some(first), Some(last)) = (own.counts.front(), own.counts.back()) else { continue };
        let Some(reason) = broken(rule, &last.since(first)).filter(|_| !own.resting) else {
            continue;
        };
        let change = Change::system(service.clock().now(), &reason);
        match service.roll_back(&rule.name, &change).await {
            Ok(rolled) => {
                tracing::warn!(from = %own.id, to = %rolled.active, reason, "rolled back by rule");
                service.rollbacks.fetch_add(1, Ordering::Relaxed);
                *own = Watched { id: rolled.active, resting: true, ..Watched::default() };
            }
            Err(error) => {
                tracing::error!(model = %own.id, reason, %error, "cannot roll back by rule");
                // Once is told; the next deploy is watched again.
                own.resting = true;
            }
        }
    }
}

/// Why a rule is broken by what was counted in its window.
fn broken(rule: &RollbackRule, counts: &Counts) -> Option<String> {
    let requests = counts.predictions + counts.errors;
    if requests < rule.min_requests {
        return None;
    }
    let rate = counts.errors as f64 / requests as f64;
    if let Some(most) = rule.max_error_rate
        && rate > most
    {
        return Some(format!("{rate:.3} of {requests} requests failed, allowed are {most:.3}"));
    }
    let most = rule.max_p99_seconds?;
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
}
