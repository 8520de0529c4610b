//! What wakes workers: in the process now, a server of its own behind the same trait.
//!
//! Jobs stand in the database; a notice only says that it is worth looking. A worker reads
//! [`Queue::notices`] before it looks for work, and passes that number to [`Queue::wait`]: a notice
//! between looking and waiting is then not lost.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

/// Wakes those who wait for work.
#[async_trait]
pub trait Queue: Send + Sync + std::fmt::Debug {
    /// Says that there is work; all who wait look for it.
    async fn notify(&self);
    /// How many notices there were so far.
    fn notices(&self) -> u64;
    /// Returns when there were more notices than `seen`, or after `longest`: a notice of another
    /// process may be lost, the work is not.
    async fn wait(&self, seen: u64, longest: Duration);
}

/// A queue in the process.
#[derive(Debug, Default)]
pub struct MemoryQueue(watch::Sender<u64>);

#[async_trait]
impl Queue for MemoryQueue {
    async fn notify(&self) {
        self.0.send_modify(|notices| *notices += 1);
    }

    fn notices(&self) -> u64 {
        *self.0.borrow()
    }

    async fn wait(&self, seen: u64, longest: Duration) {
        let mut receiver = self.0.subscribe();
        let more = receiver.wait_for(|notices| *notices > seen);
        // Either way it is time to look.
        let _ = tokio::time::timeout(longest, more).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_notice_between_looking_and_waiting_is_not_lost() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let queue = Arc::new(MemoryQueue::default());
            let start = Instant::now();
            let seen = queue.notices();
            queue.notify().await;
            queue.wait(seen, LONG).await;
            let seen = queue.notices();
            assert_eq!(seen, 1);
            let waiting: Vec<_> = (0..3)
                .map(|_| {
                    let queue = queue.clone();
                    tokio::spawn(async move { queue.wait(seen, LONG).await })
                })
                .collect();
            queue.notify().await;
            for worker in waiting {
                worker.await.unwrap();
            }
            assert!(start.elapsed() < LONG / 2);
            let start = Instant::now();
            queue.wait(queue.notices(), Duration::from_millis(30)).await;
            assert!(start.elapsed() >= Duration::from_millis(30));
        });
    }
}
