//! Any bytes as a block of a packet ring.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_ingest::capture::{LinkType, Reassembler};
use tripline_ingest::live::RingFrames;

fuzz_target!(|bytes: &[u8]| {
    for link in [LinkType::ETHERNET, LinkType::RAW] {
        let mut frames = RingFrames::new(link, 4);
        let block = frames.read(bytes.to_vec());
        assert_eq!(block.records().len() as u64, frames.frames());
        for record in block.records() {
            assert_eq!(block.frame(record).len(), record.captured as usize);
        }
        Reassembler::new(&Default::default()).finish(block.decode());
    }
});
