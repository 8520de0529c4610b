//! Any bytes as a gzip or a zstd stream around a table.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_ingest::{ReadOptions, open_bytes};

fuzz_target!(|bytes: &[u8]| {
    for magic in [&[0x1f, 0x8b, 0x08][..], &[0x28, 0xb5, 0x2f, 0xfd][..]] {
        let mut file = bytes.to_vec();
        if file.len() >= magic.len() {
            file[..magic.len()].copy_from_slice(magic);
        }
        if let Ok(batches) = open_bytes("f", file, &ReadOptions::default()) {
            // A small stream may unpack to a large one: its first batches are enough.
            for batch in batches.take(4) {
                if batch.is_err() {
                    break;
                }
            }
        }
    }
});
