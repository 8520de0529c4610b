//! Any bytes after an object as JSON lines.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_ingest::{ReadOptions, read_bytes};

fuzz_target!(|bytes: &[u8]| {
    // Else nearly all inputs are tables of delimited text.
    let mut lines = b"{\"a\":1,\"b\":\"x\",\"label\":0}\n".to_vec();
    lines.extend_from_slice(bytes);
    let whole = ReadOptions { max_record_bytes: 256, ..ReadOptions::default() };
    let pieces = ReadOptions { chunk_bytes: 7, ..whole.clone() };
    match (read_bytes("f", lines.clone(), &whole), read_bytes("f", lines, &pieces)) {
        (Ok(a), Ok(b)) => {
            assert_eq!(a.source, b.source);
            assert_eq!(a.notes, b.notes);
            assert_eq!(a.labels, b.labels);
        }
        (Err(a), Err(b)) => assert_eq!(a.to_string(), b.to_string()),
        (a, b) => panic!("{a:?} {b:?}"),
    }
});
