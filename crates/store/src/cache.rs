//! A cache of bytes with a time to live: in the process now, a server of its own behind the same
//! trait.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use moka::Expiry;

/// What an entry takes beside its bytes: key and value in their allocations, the list of ages.
const ENTRY_BYTES: u64 = 200;

/// How a cache did so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheCounts {
    /// Keys that were found.
    pub hits: u64,
    /// Keys that were not.
    pub misses: u64,
    /// Entries now, about.
    pub entries: u64,
    /// Their bytes, about.
    pub bytes: u64,
}

/// A cache. What it holds may go at any time; a cache that cannot be reached holds nothing.
#[async_trait]
pub trait Cache: Send + Sync + std::fmt::Debug {
    /// What was put under a key, unless it is over.
    async fn get(&self, key: &[u8]) -> Option<Bytes>;
    /// Keeps bytes for so long.
    async fn put(&self, key: &[u8], bytes: Bytes, time_to_live: Duration);
    /// Forgets a key.
    async fn remove(&self, key: &[u8]);
    /// Forgets all.
    async fn clear(&self);
    /// How it did.
    fn counts(&self) -> CacheCounts;
}

/// A cache in the process, bounded by bytes. Its own methods do not wait.
#[derive(Debug)]
pub struct MemoryCache {
    entries: moka::sync::Cache<Bytes, Entry>,
    hits: AtomicU64,
    misses: AtomicU64,
}

#[derive(Debug, Clone)]
struct Entry {
    bytes: Bytes,
    time_to_live: Duration,
}

struct OwnTime;

impl Expiry<Bytes, Entry> for OwnTime {
    fn expire_after_create(&self, _: &Bytes, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.time_to_live)
    }

    fn expire_after_update(
        &self,
        _: &Bytes,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.time_to_live)
    }
}

impl MemoryCache {
    /// With room for so many bytes, keys and bookkeeping counted in.
    pub fn new(max_bytes: u64) -> Self {
        let weight = |key: &Bytes, entry: &Entry| {
            let bytes = (key.len() + entry.bytes.len()) as u64 + ENTRY_BYTES;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        let entries = moka::sync::Cache::builder()
            .max_capacity(max_bytes)
            .weigher(weight)
            .expire_after(OwnTime)
            .build();
        Self { entries, hits: AtomicU64::new(0), misses: AtomicU64::new(0) }
    }

    /// What was put under a key, unless it is over.
    pub fn read(&self, key: &[u8]) -> Option<Bytes> {
        let found = self.entries.get(key).map(|entry| entry.bytes);
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// Keeps bytes for so long.
    pub fn write(&self, key: &[u8], bytes: Bytes, time_to_live: Duration) {
        self.entries.insert(Bytes::copy_from_slice(key), Entry { bytes, time_to_live });
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: &[u8]) -> Option<Bytes> {
        self.read(key)
    }

    async fn put(&self, key: &[u8], bytes: Bytes, time_to_live: Duration) {
        self.write(key, bytes, time_to_live);
    }

    async fn remove(&self, key: &[u8]) {
        self.entries.invalidate(key);
    }

    async fn clear(&self) {
        self.entries.invalidate_all();
    }

    fn counts(&self) -> CacheCounts {
        self.entries.run_pending_tasks();
        CacheCounts {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            entries: self.entries.entry_count(),
            bytes: self.entries.weighted_size(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn the_newest_bytes_are_found_until_they_are_over() {
        let cache = MemoryCache::new(1 << 20);
        assert_eq!(cache.read(b"a"), None);
        cache.write(b"a", Bytes::from_static(b"old"), HOUR);
        cache.write(b"a", Bytes::from_static(b"new"), HOUR);
        assert_eq!(cache.read(b"a"), Some(Bytes::from_static(b"new")));
        cache.write(b"short", Bytes::from_static(b"x"), Duration::from_millis(20));
        cache.write(b"a", Bytes::from_static(b"newer"), Duration::from_millis(20));
        std::thread::sleep(Duration::from_millis(40));
        assert_eq!(cache.read(b"short"), None);
        assert_eq!(cache.read(b"a"), None);
        let counts = cache.counts();
        assert_eq!((counts.hits, counts.misses), (1, 3));
    }

    #[test]
    fn it_stays_within_its_bytes() {
        let cache = MemoryCache::new(64 << 10);
        for number in 0..2000_u32 {
            cache.write(&number.to_be_bytes(), Bytes::from(vec![0; 1000]), HOUR);
        }
        let counts = cache.counts();
        assert!(counts.bytes <= 64 << 10 && counts.entries > 30, "{counts:?}");
        cache.write(b"large", Bytes::from(vec![0; 65 << 10]), HOUR);
        cache.counts();
        assert_eq!(cache.read(b"large"), None);
    }
}
