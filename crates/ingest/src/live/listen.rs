//! An interface that is listened to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::error::LiveError;
use super::source::Source;
use crate::IngestError;
use crate::capture::{Block, LinkType};
use crate::filter::Filter;

/// How an interface is listened to.
#[derive(Debug, Clone)]
pub struct LiveOptions {
    /// Which frames the kernel gives us.
    pub filter: Filter,
    /// Most captured bytes of a frame; 1 to 262,144.
    pub snap_bytes: u32,
    /// Memory that the kernel keeps for frames not yet read; it is never swapped out.
    pub ring_bytes: usize,
    /// Part of that memory that is handed over at once.
    pub ring_block_bytes: usize,
    /// How long frames wait in a part that does not fill up.
    pub retire: Duration,
    /// Also frames for other machines.
    pub promiscuous: bool,
    /// As in [`CaptureOptions`](crate::capture::CaptureOptions).
    pub max_tunnels: u8,
    /// Listening ends soon after this is set.
    pub stop: Option<Arc<AtomicBool>>,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            // libpcap's MAXIMUM_SNAPLEN.
            snap_bytes: 262_144,
            // A quarter of a second at 1 Gbit/s.
            ring_bytes: 32 << 20,
            ring_block_bytes: 1 << 20,
            retire: Duration::from_millis(50),
            promiscuous: true,
            max_tunnels: 4,
            stop: None,
        }
    }
}

/// What the kernel counted since listening began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LiveCounters {
    /// Frames that passed the filter, those dropped included.
    pub received: u64,
    /// Frames dropped since the ring was full.
    pub dropped: u64,
    /// How often the ring was full.
    pub freezes: u64,
    /// Frames handed over.
    pub told: u64,
    /// Frames in the ring whose header did not hold together.
    pub damaged: u64,
}

/// An interface of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveInterface {
    /// Name.
    pub name: String,
    /// Whether it is up.
    pub up: bool,
    /// What its frames begin with; `None` where they are not decoded.
    pub link: Option<LinkType>,
}

/// The interfaces of this machine, by name; none where capturing does not work.
pub fn interfaces() -> Vec<LiveInterface> {
    super::source::interfaces()
}

/// Time between looks at the flag that ends listening.
const LOOK: Duration = Duration::from_millis(100);

/// An interface that is listened to.
#[derive(Debug)]
pub struct Live {
    interface: String,
    link: LinkType,
    source: Source,
    stop: Option<Arc<AtomicBool>>,
    ended: Option<LiveError>,
}

impl Live {
    /// Begins to listen.
    ///
    /// # Errors
    /// There is no such interface, it is down, its frames are not decoded; the privilege is
    /// missing; the filter does not fit; the kernel has no room for the ring.
    pub fn open(interface: &str, options: &LiveOptions) -> Result<Self, IngestError> {
        let (source, link) = Source::open(interface, options)?;
        let stop = options.stop.clone();
        Ok(Self { interface: interface.to_owned(), link, source, stop, ended: None })
    }

    /// The next frames; a block without any once the time is up, so that a caller can go on in
    /// time; `None` when listening ended, by the flag or for [`Live::ended`].
    pub fn next_block(&mut self, timeout: Duration) -> Option<Block> {
        let end = Instant::now() + timeout;
        loop {
            if let Some(block) = self.source.take() {
                return Some(block);
            }
            let stop = self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed));
            if stop || self.ended.is_some() {
                return None;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Some(self.source.none());
            }
            if let Err(error) = self.source.wait(&self.interface, left.min(LOOK)) {
                self.ended = Some(error);
            }
        }
    }

    /// Name of the interface.
    pub fn interface(&self) -> &str {
        &self.interface
    }

    /// What its frames begin with.
    pub fn link(&self) -> LinkType {
        self.link
    }

    /// What was counted so far.
    pub fn counters(&mut self) -> LiveCounters {
        self.source.counters()
    }

    /// Why listening ended by itself.
    pub fn ended(&self) -> Option<&LiveError> {
        self.ended.as_ref()
    }
}
