//! Packets of a capture on one thread.

use tripline_core::packet::Batch;

use super::counters::CaptureCounters;
use super::options::CaptureOptions;
use super::read::Capture;
use super::reassemble::Reassembler;

/// Packets of a capture, block by block, on one thread.
pub struct Packets {
    capture: Capture,
    reassembler: Reassembler,
}

impl Packets {
    /// Reads, decodes and reassembles with the same bounds.
    pub fn new(capture: Capture, options: &CaptureOptions) -> Self {
        Self { capture, reassembler: Reassembler::new(options) }
    }

    /// What was counted so far, by reading and decoding.
    pub fn counters(&self) -> CaptureCounters {
        let mut counters = self.capture.counters();
        counters.merge(&self.reassembler.counters());
        counters
    }

    /// The capture.
    pub fn capture(&self) -> &Capture {
        &self.capture
    }
}

impl Iterator for Packets {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let block = self.capture.next_block()?;
        Some(self.reassembler.finish(block.decode()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Block, Decoded};

    #[test]
    fn blocks_may_be_decoded_elsewhere() {
        fn can_move<T: Send>() {}
        can_move::<(Packets, Block, Decoded)>();
    }
}
