//! Any bytes as delimited text, whole or in pieces: the same rows, or the same error.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_core::{Column, Dataset};
use tripline_ingest::{ReadOptions, open_bytes, read_bytes};

fuzz_target!(|bytes: &[u8]| {
    let whole = ReadOptions { max_record_bytes: 256, ..ReadOptions::default() };
    let pieces = ReadOptions { chunk_bytes: 7, ..whole.clone() };
    let (a, b) = (read_bytes("f", bytes, &whole), read_bytes("f", bytes, &pieces));
    match (a, b) {
        (Ok(a), Ok(b)) => {
            assert_eq!(a.source, b.source);
            assert_eq!(a.notes, b.notes);
            assert_eq!(a.labels, b.labels);
            assert!(same(&a, &b));
            let batches = ReadOptions { batch_rows: 3, ..pieces };
            let rows: usize = open_bytes("f", bytes, &batches)
                .expect("what was read can be opened")
                .map(|batch| batch.expect("what was read can be read in batches").len())
                .sum();
            assert_eq!(rows, a.len());
        }
        (Err(a), Err(b)) => assert_eq!(a.to_string(), b.to_string()),
        (a, b) => panic!("{a:?} {b:?}"),
    }
});

fn same(a: &Dataset, b: &Dataset) -> bool {
    a.rows.schema() == b.rows.schema()
        && a.rows.columns().iter().zip(b.rows.columns()).all(|pair| match pair {
            (Column::Numeric(a), Column::Numeric(b)) => {
                a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
            }
            (Column::Category(a), Column::Category(b)) => a.codes == b.codes,
            _ => false,
        })
}
