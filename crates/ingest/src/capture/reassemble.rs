//! Fragments to packets, in capture order.

use tripline_core::packet::Batch;

use super::counters::CaptureCounters;
use super::decode::Decoded;
use super::options::CaptureOptions;

/// Puts fragments together.
#[derive(Debug)]
pub struct Reassembler {
    counters: CaptureCounters,
}

impl Reassembler {
    /// Nothing waits yet.
    pub fn new(_options: &CaptureOptions) -> Self {
        Self { counters: CaptureCounters::default() }
    }

    /// Takes what was decoded of the next block, with packets put together where their last
    /// fragment came.
    pub fn finish(&mut self, decoded: Decoded) -> Batch {
        self.counters.merge(&decoded.counters);
        decoded.batch
    }

    /// What was counted while decoding, and here.
    pub fn counters(&self) -> CaptureCounters {
        self.counters.clone()
    }
}
