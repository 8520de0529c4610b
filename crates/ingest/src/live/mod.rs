//! Frames from a network interface of Linux, through a packet socket with a ring in shared memory.
//!
//! [`Live`] gives the same [`Block`](crate::capture::Block)s as a capture file does. The kernel
//! runs the filter, so frames that do not pass cost nothing here; what the ring had no room for is
//! counted in [`LiveCounters`]. It needs CAP_NET_RAW. A tag that the kernel took off a frame is put
//! back; on the loopback interface, a frame is told once, as it comes in.

#[cfg(not(target_os = "linux"))]
#[path = "elsewhere.rs"]
mod source;

mod error;
mod frames;
#[cfg(target_os = "linux")]
mod interface;
#[cfg(feature = "libpcap")]
mod libpcap;
mod listen;
#[cfg(target_os = "linux")]
mod ring;
#[cfg(target_os = "linux")]
mod source;

pub use error::LiveError;
pub use frames::RingFrames;
#[cfg(feature = "libpcap")]
pub use libpcap::Libpcap;
pub use listen::{Live, LiveCounters, LiveInterface, LiveOptions, interfaces};
