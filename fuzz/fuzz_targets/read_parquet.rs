//! Any bytes that start as a Parquet file does.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_ingest::{ReadOptions, read_bytes};

fuzz_target!(init: {
    // The reader turns panics of the decoder below it into errors; libFuzzer's hook would end the
    // process at them.
    std::panic::set_hook(Box::new(|_| {}));
}, |bytes: &[u8]| {
    let mut file = bytes.to_vec();
    if file.len() >= 4 {
        file[..4].copy_from_slice(b"PAR1");
    }
    let read = std::panic::catch_unwind(|| read_bytes("f", file, &ReadOptions::default()).is_ok());
    if read.is_err() {
        std::process::abort();
    }
});
