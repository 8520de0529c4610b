//! Where frames come from on Linux: the ring of a packet socket.

use std::io;
use std::time::Duration;

use super::error::LiveError;
use super::frames::RingFrames;
use super::interface;
use super::listen::{LiveCounters, LiveInterface, LiveOptions};
use super::ring::{self, Request, Ring, Waited};
use crate::capture::{Block, LinkType};

/// Blocks of the ring are a multiple of this, which is one of any page size in use.
const UNIT: usize = 64 << 10;

/// A ring of frames with what was counted.
#[derive(Debug)]
pub(super) struct Source {
    ring: Ring,
    frames: RingFrames,
    index: i32,
    counters: LiveCounters,
}

pub(super) fn interfaces() -> Vec<LiveInterface> {
    interface::all()
}

impl Source {
    pub(super) fn open(name: &str, options: &LiveOptions) -> Result<(Self, LinkType), LiveError> {
        let (facts, link) = interface::ready(name)?;
        let snap_bytes = options.snap_bytes.clamp(1, 262_144);
        // On loopback, each frame goes out and comes in.
        let incoming_only = facts.hardware == libc::ARPHRD_LOOPBACK;
        let filter = options.filter.compile_for_socket(link, snap_bytes, incoming_only)?;
        // A block has room for a frame of any length that is captured.
        let block_bytes = options.ring_block_bytes.max(snap_bytes as usize + UNIT);
        let block_bytes = block_bytes.min(1 << 30).next_multiple_of(UNIT);
        let blocks = (options.ring_bytes / block_bytes).clamp(2, 1 << 16);
        let request = Request {
            interface: facts.index,
            block_bytes: block_bytes as u32,
            blocks: blocks as u32,
            retire: options.retire,
            promiscuous: options.promiscuous,
            filter: filter.instructions(),
        };
        let ring = Ring::open(&request).map_err(|refused| setup(name, refused))?;
        let frames = RingFrames::new(link, options.max_tunnels);
        let counters = LiveCounters::default();
        Ok((Self { ring, frames, index: facts.index, counters }, link))
    }

    /// Frames that are there.
    pub(super) fn take(&mut self) -> Option<Block> {
        Some(self.frames.read(self.ring.take()?))
    }

    pub(super) fn none(&self) -> Block {
        self.frames.none()
    }

    /// Waits for frames. An interface that is taken down may come up again; one that is taken away
    /// does not.
    pub(super) fn wait(&self, name: &str, timeout: Duration) -> Result<(), LiveError> {
        let interface = || name.to_owned();
        match self.ring.wait(timeout) {
            Ok(Waited::Ready | Waited::Idle) => Ok(()),
            Ok(Waited::Down) => match ring::facts(name) {
                Ok(facts) if facts.index == self.index => {
                    // Nothing comes before it is up, and waiting might not wait.
                    std::thread::sleep(timeout);
                    Ok(())
                }
                Ok(_) => Err(LiveError::Gone { interface: interface() }),
                Err(error) if interface::is_gone(&error) => {
                    Err(LiveError::Gone { interface: interface() })
                }
                Err(source) => Err(LiveError::Failed { interface: interface(), source }),
            },
            Err(source) => Err(LiveError::Failed { interface: interface(), source }),
        }
    }

    pub(super) fn counters(&mut self) -> LiveCounters {
        // The kernel counts anew after each call. Its counts stay where it refuses to tell.
        if let Ok(more) = self.ring.statistics() {
            self.counters.received += u64::from(more.received);
            self.counters.dropped += u64::from(more.dropped);
            self.counters.freezes += u64::from(more.freezes);
        }
        self.counters.told = self.frames.frames();
        self.counters.damaged = self.frames.damaged();
        self.counters
    }
}

fn setup(name: &str, (step, source): (&'static str, io::Error)) -> LiveError {
    let interface = name.to_owned();
    let way_out = match source.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => return LiveError::Privilege { interface },
        Some(libc::ENETDOWN) => return LiveError::Down { interface },
        Some(libc::ENOMEM | libc::ENOBUFS) if step == "attach the filter" => {
            "write a shorter filter, or raise the sysctl net.core.optmem_max"
        }
        Some(libc::ENOMEM | libc::ENOBUFS) => "ask for a smaller ring",
        Some(libc::EAFNOSUPPORT | libc::ENOPROTOOPT) => {
            "use a kernel with packet sockets (CONFIG_PACKET)"
        }
        _ => "check that the kernel is Linux 4.1 or newer",
    };
    LiveError::Setup { interface, step, source, way_out }
}
