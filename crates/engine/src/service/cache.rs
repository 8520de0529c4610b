//! The result cache: what a version said of the very same record.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::sync::Cache as Moka;

use super::event::{Ask, Reasons};
use super::predict::Explanation;
use super::row::Row;
use super::served::Served;

/// What an entry takes beside its key: the outcome, the cache's own bookkeeping.
const ENTRY: usize = 256;
/// What a reason takes: four short texts.
const REASON: usize = 320;
/// What the name of a column that was filled, or had an unknown value, takes: a shared pointer.
const NAME: usize = size_of::<Arc<str>>();

/// What a version says of a record.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) score: f64,
    pub(crate) probability: f64,
    pub(crate) attack: bool,
    pub(crate) class: Option<u32>,
    pub(crate) explanation: Option<Explanation>,
    pub(crate) filled: Vec<Arc<str>>,
    pub(crate) unseen: Vec<Arc<str>>,
}

/// A version, what is asked, all values of a record: two records with the same key are the same,
/// so no hash of a stranger's choice can give the answer to another record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key(Box<[u8]>);

impl Key {
    pub(crate) fn of(row: &Row, served: &Served, ask: &Ask<'_>) -> Self {
        let mut bytes = Vec::with_capacity(512);
        // The place that a field has differs from one snapshot to the next; a version's id may
        // come again after it was deleted.
        bytes.extend(row.live().generation().to_le_bytes());
        bytes.extend(served.id.as_bytes());
        let (kind, limit) = match ask.reasons {
            Reasons::None => (0, 0),
            Reasons::OverThreshold(limit) => (1, limit),
            Reasons::All(limit) => (2, limit),
        };
        bytes.push(0);
        bytes.push(kind);
        bytes.extend((limit as u64).to_le_bytes());
        bytes.push(u8::from(ask.missing_columns == tripline_features::MissingColumns::Fill));
        row.key(&mut bytes);
        Self(bytes.into())
    }
}

/// The cache, bounded in bytes. The snapshot's number is part of each key, so any change of the
/// registry empties it.
#[derive(Debug)]
pub(crate) struct ResultCache {
    entries: Moka<Key, Arc<Outcome>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl ResultCache {
    pub(crate) fn new(bytes: u64) -> Self {
        let weigh = |key: &Key, outcome: &Arc<Outcome>| {
            let reasons = outcome.explanation.as_ref().map_or(0, |(told, _)| told.reasons.len());
            let names = outcome.filled.len() + outcome.unseen.len();
            let bytes = key.0.len() + ENTRY + REASON * reasons + NAME * names;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self {
            entries: Moka::builder().max_capacity(bytes).weigher(weigh).build(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Outcome>> {
        let found = self.entries.get(key);
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    pub(crate) fn put(&self, key: Key, outcome: Arc<Outcome>) {
        self.entries.insert(key, outcome);
    }

    pub(crate) fn empty(&self) {
        self.entries.invalidate_all();
    }

    /// Hits, misses, bytes.
    pub(crate) fn counts(&self) -> (u64, u64, u64) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (read(&self.hits), read(&self.misses), self.entries.weighted_size())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_that_were_filled_are_counted() {
        let cache = ResultCache::new(1 << 20);
        let outcome = Outcome {
            score: 0.0,
            probability: 0.0,
            attack: false,
            class: None,
            explanation: None,
            filled: vec!["column".into(); 10_000],
            unseen: vec!["other".into(); 10_000],
        };
        cache.put(Key(Box::from([1])), Arc::new(outcome));
        cache.entries.run_pending_tasks();
        assert!(cache.counts().2 >= 20_000 * 16, "{:?}", cache.counts());
    }
}
