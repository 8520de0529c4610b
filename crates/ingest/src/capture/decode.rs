//! Blocks to packets.

use tripline_core::packet::Batch;

use super::block::Block;
use super::counters::CaptureCounters;

/// The packets of a block, with the fragments that are yet to be put together.
#[derive(Debug, Default)]
pub struct Decoded {
    pub(super) batch: Batch,
    pub(super) counters: CaptureCounters,
}

impl Block {
    /// Reads the headers of its frames. Depends on the block alone.
    pub fn decode(self) -> Decoded {
        let batch = Batch { bytes: self.bytes, ..Batch::default() };
        Decoded { batch, counters: CaptureCounters::default() }
    }
}
