//! Counts of all versions that answered since the start, also of those that no longer do.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tripline_engine::service::{Counts, Live, ServedTally};

/// Counters seen in snapshots; what a retired version counted stays in the sum of its name, so that
/// no counter of a name ever falls.
#[derive(Debug, Default)]
pub(crate) struct ByModel {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    seen: Vec<(String, ServedTally)>,
    retired: BTreeMap<String, Counts>,
}

impl ByModel {
    /// Notes the counters of a snapshot, so that they outlive it.
    pub(crate) fn note(&self, live: &Live) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for served in live.served() {
            let tally = served.tally();
            if !state.seen.iter().any(|(_, seen)| seen.is_same(&tally)) {
                state.seen.push((served.name().to_owned(), tally));
            }
        }
        let State { seen, retired } = &mut *state;
        seen.retain(|(name, tally)| {
            let retire = tally.is_final();
            if retire {
                add(retired.entry(name.clone()).or_default(), &tally.counts());
            }
            !retire
        });
    }

    /// Sums by model name.
    pub(crate) fn sums(&self) -> BTreeMap<String, Counts> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sums = state.retired.clone();
        for (name, tally) in &state.seen {
            add(sums.entry(name.clone()).or_default(), &tally.counts());
        }
        sums
    }
}

fn add(sum: &mut Counts, more: &Counts) {
    *sum = sum.plus(more);
}
