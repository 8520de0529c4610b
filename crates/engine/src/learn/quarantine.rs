//! Which rows of a batch may be learnt.

use std::collections::BTreeMap;

use tripline_core::{Column, Dataset, State, StateError, Supervision};

use super::GuardSettings;
use super::record::Counts;
use crate::error::EngineError;
use crate::model::{Model, Verdicts, cell};

/// Most sources whose rates are remembered: 65,536 take about 8 MiB, whatever a sender makes up.
const MAX_SOURCES: usize = 1 << 16;

/// Rates by source: tokens left with the time of the last row.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    of: BTreeMap<String, (f64, i64)>,
}

impl Buckets {
    /// As data to lay beside a journal.
    pub(super) fn save(&self) -> State {
        let mut state = State::new();
        state.put_texts("sources", self.of.keys().cloned().collect());
        state.put_f64s("tokens", self.of.values().map(|(tokens, _)| *tokens).collect());
        state.put_i64s("times", self.of.values().map(|(_, time)| *time).collect());
        state
    }

    /// From such data.
    pub(super) fn load(state: &State) -> Result<Self, StateError> {
        let (sources, tokens, times) =
            (state.texts("sources")?, state.f64s("tokens")?, state.i64s("times")?);
        if tokens.len() != sources.len()
            || times.len() != sources.len()
            || sources.len() > MAX_SOURCES
            || !tokens.iter().all(|tokens| tokens.is_finite())
        {
            return Err(StateError::invalid("tokens", "a number and a time for each source"));
        }
        let pairs = tokens.iter().copied().zip(times.iter().copied());
        Ok(Self { of: sources.iter().cloned().zip(pairs).collect() })
    }

    /// Whether a source may send a further row at that time: a token comes `rate` times a second,
    /// `burst` at most wait. Time that goes back brings none.
    fn take(&mut self, source: String, now_ns: i64, rate: f64, burst: f64) -> bool {
        let full = |tokens: f64, then: i64| {
            let seconds = (i128::from(now_ns) - i128::from(then)).max(0) as f64 / 1e9;
            (tokens + seconds * rate).min(burst)
        };
        if !self.of.contains_key(&source) && self.of.len() >= MAX_SOURCES {
            self.of.retain(|_, (tokens, then)| full(*tokens, *then) < burst);
            if self.of.len() >= MAX_SOURCES {
                // So many sources at once are no traffic to learn from.
                return false;
            }
        }
        let (tokens, then) = self.of.entry(source).or_insert((burst, now_ns));
        *tokens = full(*tokens, *then);
        *then = (*then).max(now_ns);
        if *tokens < 1.0 {
            return false;
        }
        *tokens -= 1.0;
        true
    }
}

/// The rows that pass, rising, with counts of all; `then` is what the reference says of them.
pub(super) fn passing(
    batch: &Dataset,
    current: &Model,
    then: &Verdicts,
    reference: &Model,
    guard: &GuardSettings,
    buckets: &mut Buckets,
) -> Result<(Vec<usize>, Counts), EngineError> {
    let mut counts = Counts { rows: batch.len() as u64, ..Counts::default() };
    let benign_alone = current.card().supervision != Supervision::Supervised;
    let labels = match (&batch.labels, benign_alone) {
        (None, false) => return Err(EngineError::no_labels(batch)),
        (labels, _) => labels.as_ref(),
    };
    let source = match &guard.source {
        Some(name) => Some(batch.rows.column(name).ok_or_else(|| EngineError::MissingColumn {
            model: "the guard".to_owned(),
            column: name.clone(),
        })?),
        None => None,
    };
    if source.is_some() && batch.time.is_none() {
        return Err(EngineError::Setting {
            name: "a rate for each source",
            expected: "used with rows that tell their time (--time COLUMN)",
            got: "rows without times".to_owned(),
        });
    }
    let now = current.score(&batch.rows)?;
    let mut kept = Vec::new();
    for row in 0..batch.len() {
        let attack = labels.is_some_and(|labels| labels.is_attack(row));
        if attack && benign_alone {
            counts.suspicious += 1;
            continue;
        }
        if !attack {
            if guard.alerts(current, now.raw[row], now.probability[row]) {
                counts.suspicious += 1;
                continue;
            }
            let apart = (now.probability[row] - then.probability[row]).abs();
            if guard.alerts(reference, then.raw[row], then.probability[row])
                || apart > guard.agreement
            {
                counts.disagreeing += 1;
                continue;
            }
        }
        if let (Some(column), Some(time)) = (source, &batch.time)
            && !buckets.take(name(column, row), time[row], guard.rate, guard.burst)
        {
            counts.over_rate += 1;
            continue;
        }
        kept.push(row);
    }
    counts.learnt = kept.len() as u64;
    Ok((kept, counts))
}

/// Rows that do not tell their source share one.
fn name(column: &Column, row: usize) -> String {
    cell(column, row).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_sends_too_many_waits() {
        let mut buckets = Buckets::default();
        let mut take = |source: &str, second: f64| {
            buckets.take(source.to_owned(), (second * 1e9) as i64, 2.0, 3.0)
        };
        assert!(take("a", 0.0) && take("a", 0.0) && take("a", 0.0));
        assert!(!take("a", 0.0));
        // Another has its own, and half a second brings a token.
        assert!(take("b", 0.0));
        assert!(!take("a", 0.4));
        assert!(take("a", 0.6));
        // A clock that jumps back brings none.
        assert!(!take("a", -1e6));
        assert!(!take("a", 0.7));
    }

    #[test]
    fn made_up_sources_take_no_more_memory() {
        let mut buckets = Buckets::default();
        for source in 0..MAX_SOURCES + 10 {
            let passed = buckets.take(source.to_string(), 0, 1.0, 2.0);
            assert_eq!(passed, source < MAX_SOURCES);
        }
        assert_eq!(buckets.of.len(), MAX_SOURCES);
        // Ten seconds later they are all full again, and forgotten.
        assert!(buckets.take("new".to_owned(), 10_000_000_000, 1.0, 2.0));
        assert_eq!(buckets.of.len(), 1);
    }
}
