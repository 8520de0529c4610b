//! Bounds within which a capture is read.

use std::time::Duration;

/// Bounds within which a capture is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureOptions {
    /// Most captured bytes of a frame; a longer record is damage.
    pub max_packet_bytes: u32,
    /// Bytes of a block. What is read does not depend on it.
    pub block_bytes: usize,
    /// How much waits for missing fragments.
    pub fragments: FragmentLimits,
    /// Tunnels that are opened, one inside the other; what is deeper belongs to the flow of the
    /// last one opened.
    pub max_tunnels: u8,
}

impl Default for CaptureOptions {
    fn default() -> Self {
        Self {
            // libpcap's MAXIMUM_SNAPLEN.
            max_packet_bytes: 262_144,
            block_bytes: 4 << 20,
            fragments: FragmentLimits::default(),
            max_tunnels: 4,
        }
    }
}

/// How much waits for missing fragments. When a bound is reached, the oldest datagram is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FragmentLimits {
    /// Datagrams.
    pub datagrams: usize,
    /// Bytes of all of them.
    pub bytes: usize,
    /// A datagram is dropped this long after its first fragment, by the clock of the capture.
    pub timeout: Duration,
}

impl Default for FragmentLimits {
    fn default() -> Self {
        Self {
            datagrams: 16_384,
            bytes: 16 << 20,
            // RFC 8200, section 4.5.
            timeout: Duration::from_secs(60),
        }
    }
}
