//! The seeds of the fuzz targets, read without a fuzzer.

use std::path::Path;

use tripline_ingest::{ReadOptions, open_bytes, read_bytes};

use crate::support::show;

/// Each seed of a target with its name.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut seeds: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "{target} has no seeds");
    seeds
}

/// Whole or in pieces, with the same answer or the same error.
fn pieces_do_not_matter(name: &str, bytes: &[u8]) {
    let whole = ReadOptions { max_record_bytes: 256, ..ReadOptions::default() };
    let pieces = ReadOptions { chunk_bytes: 7, ..whole.clone() };
    let told = |options| match read_bytes("f", bytes, options) {
        Ok(data) => show(&data),
        Err(error) => error.to_string(),
    };
    assert_eq!(told(&whole), told(&pieces), "{name}");
}

#[test]
fn read_csv() {
    for (name, bytes) in seeds("read_csv") {
        pieces_do_not_matter(&name, &bytes);
    }
}

#[test]
fn read_jsonl() {
    for (name, bytes) in seeds("read_jsonl") {
        let mut lines = b"{\"a\":1,\"b\":\"x\",\"label\":0}\n".to_vec();
        lines.extend_from_slice(&bytes);
        pieces_do_not_matter(&name, &lines);
    }
}

#[test]
fn read_parquet() {
    for (name, bytes) in seeds("read_parquet") {
        let read = read_bytes("f", bytes, &ReadOptions::default());
        assert_eq!(read.is_ok(), name.starts_with("good"), "{name}: {read:?}");
    }
}

#[test]
fn decompress() {
    for (name, bytes) in seeds("decompress") {
        let good = open_bytes("f", bytes, &ReadOptions::default())
            .is_ok_and(|mut batches| batches.all(|batch| batch.is_ok()));
        assert_eq!(good, name.starts_with("good"), "{name}");
    }
}
