//! A map that knows which of its entries is the oldest, so that a bound can be kept.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Entries by key; the order is that of insertion, and inserting again makes an entry the youngest.
///
/// Every operation takes constant time on average, whatever the keys are: hashing is seeded.
#[derive(Debug)]
pub(crate) struct Aged<K, V> {
    entries: HashMap<K, Entry<V>>,
    // Stamps with their keys, the oldest first; an entry whose stamp has changed is stale here.
    order: VecDeque<(u64, K)>,
    next_stamp: u64,
}

#[derive(Debug)]
struct Entry<V> {
    stamp: u64,
    value: V,
}

impl<K, V> Default for Aged<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new(), next_stamp: 0 }
    }
}

impl<K: Hash + Eq + Clone, V> Aged<K, V> {
    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// The value of a key, to be changed.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    /// Puts a value in as the youngest; gives what it replaces.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let stamp = self.next_stamp;
        self.next_stamp += 1;
        self.order.push_back((stamp, key.clone()));
        let replaced = self.entries.insert(key, Entry { stamp, value });
        self.compact();
        replaced.map(|entry| entry.value)
    }

    /// Takes an entry out.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let removed = self.entries.remove(key).map(|entry| entry.value);
        self.compact();
        removed
    }

    /// The oldest entry.
    pub(crate) fn oldest(&mut self) -> Option<(&K, &V)> {
        self.drop_stale();
        let (_, key) = self.order.front()?;
        self.entries.get(key).map(|entry| (key, &entry.value))
    }

    /// Takes the oldest entry out.
    pub(crate) fn pop_oldest(&mut self) -> Option<(K, V)> {
        self.drop_stale();
        let (_, key) = self.order.pop_front()?;
        let entry = self.entries.remove(&key)?;
        Some((key, entry.value))
    }

    fn drop_stale(&mut self) {
        while let Some((stamp, key)) = self.order.front() {
            if self.entries.get(key).is_some_and(|entry| entry.stamp == *stamp) {
                return;
            }
            self.order.pop_front();
        }
    }

    // Stale places are swept once they outnumber the live ones, which costs each entry a constant.
    fn compact(&mut self) {
        if self.order.len() > 2 * self.entries.len() + 64 {
            let entries = &self.entries;
            self.order
                .retain(|(stamp, key)| entries.get(key).is_some_and(|entry| entry.stamp == *stamp));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first() {
        let mut aged = Aged::default();
        for key in 0..4 {
            assert_eq!(aged.insert(key, key * 10), None);
        }
        assert_eq!(aged.insert(0, 7), Some(0));
        assert_eq!(aged.remove(&1), Some(10));
        assert_eq!(aged.oldest(), Some((&2, &20)));
        let left: Vec<_> = std::iter::from_fn(|| aged.pop_oldest()).collect();
        assert_eq!(left, [(2, 20), (3, 30), (0, 7)]);
        assert_eq!((aged.len(), aged.oldest()), (0, None));
    }

    #[test]
    fn refreshed_entries_take_no_more_room() {
        let mut aged = Aged::default();
        for round in 0..10_000 {
            aged.insert(round % 3, round);
        }
        assert!(aged.order.len() <= 2 * 3 + 64);
        assert_eq!(aged.len(), 3);
    }
}
