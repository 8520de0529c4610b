//! How packets become flows.

use std::time::Duration;

/// How packets become flows.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowSettings {
    /// A flow without a packet for this long has ended.
    pub idle: Duration,
    /// A flow is told after this long, and what follows is a flow of its own.
    pub active: Duration,
    /// A TCP flow that was closed or reset ends this long after; late packets still belong to it. It
    /// is closed by a FIN of both ends, or of one if the other sent nothing, reset by a RST of one.
    /// `None` never ends a flow for its flags.
    pub tcp_linger: Option<Duration>,
    /// A TCP flow whose SYN has no answer this long after ends, and what follows is another. `None`
    /// leaves it to the idle time-out; Zeek's `tcp_attempt_delay` is 5 s.
    pub tcp_attempt: Option<Duration>,
    /// Most flows held open, all partitions together.
    pub max_flows: usize,
    /// Most bytes held by open flows, all partitions together.
    pub max_bytes: usize,
    /// Payload bytes of each direction whose values are counted for entropy; 0 is all.
    pub entropy_bytes: u32,
    /// An early look at flows still open.
    pub early: Option<Early>,
    /// Whether flows are told in the order of their ends, which holds them back until no earlier
    /// one can come. Sets with windows over flows always are.
    pub ordered: bool,
    /// Most flows held back for that order. Nor do they, with their rows, take more than a quarter
    /// of `max_bytes`, beside what open flows take.
    pub max_held: usize,
}

impl Default for FlowSettings {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(120),
            active: Duration::from_secs(1800),
            // Zeek's `tcp_close_delay`.
            tcp_linger: Some(Duration::from_secs(5)),
            tcp_attempt: None,
            max_flows: 1 << 20,
            max_bytes: 2 << 30,
            entropy_bytes: 4096,
            early: None,
            ordered: true,
            max_held: 1 << 20,
        }
    }
}

/// When an open flow is told early; it is told again when it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Early {
    /// At this packet of the flow; 0 is never.
    pub packets: u32,
    /// At the first packet this long after its start; `None` is never.
    pub after: Option<Duration>,
}
