//! What is read does not depend on how the bytes are cut up or on how many threads read them.

use proptest::prelude::*;
use tripline_core::Dataset;
use tripline_ingest::{ReadOptions, open_bytes};

use crate::support::{rows, show, with};

/// A cell as RFC 4180 writes it: in quotes where it must be, or where `quoted` asks for it.
fn write_cell(cell: &str, quoted: bool) -> String {
    if quoted || cell.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

fn table(rows: &[(String, String, bool)], newline: &str) -> String {
    let mut text = format!("x,y,label{newline}");
    for (at, (x, y, quoted)) in rows.iter().enumerate() {
        let (x, y) = (write_cell(x, *quoted), write_cell(y, *quoted));
        text.push_str(&format!("{x},{y},{}{newline}", at % 2));
    }
    text
}

/// Text that stays text: a letter first keeps it from being a number or a missing value, no space
/// stands at its ends.
fn cells() -> impl Strategy<Value = String> {
    "z([a-c \",\n\r;\t]{0,6}[a-c\",;])?"
}

fn read_in_pieces(text: &[u8], options: &ReadOptions, threads: usize) -> Vec<String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        open_bytes("flows.csv", text, options)
            .unwrap()
            .flat_map(|batch| rows(&batch.unwrap()))
            .collect()
    })
}

fn whole(text: &[u8], chunk_bytes: usize) -> Result<Dataset, String> {
    let options = ReadOptions { chunk_bytes, max_record_bytes: 64, ..ReadOptions::default() };
    with(text, &options).map_err(|error| error.to_string())
}

proptest! {
    #[test]
    fn a_table_survives_writing(
        cells in proptest::collection::vec((cells(), cells(), any::<bool>()), 1..40),
        crlf in any::<bool>(),
        batch_rows in 1usize..20,
        chunk_bytes in 1usize..200,
        threads in 1usize..4,
    ) {
        let text = table(&cells, if crlf { "\r\n" } else { "\n" });
        let options = ReadOptions { delimiter: Some(b','), ..ReadOptions::default() };
        let data = with(text.as_bytes(), &options).unwrap();
        let expected: Vec<String> = cells
            .iter()
            .enumerate()
            .map(|(at, (x, y, _))| format!("{x}|{y}|{}", at % 2))
            .collect();
        prop_assert_eq!(rows(&data), expected.clone());
        prop_assert_eq!(data.source.bad_records, 0);
        let options = ReadOptions { batch_rows, chunk_bytes, ..options };
        prop_assert_eq!(read_in_pieces(text.as_bytes(), &options, threads), expected);
    }

    // Any bytes at all: stray quotes, ragged rows, records over the bound.
    #[test]
    fn chunks_do_not_matter(
        text in "[ab1\",\n\r]{0,400}",
        chunk_bytes in 1usize..100,
    ) {
        let text = format!("a,b\n{text}");
        match (whole(text.as_bytes(), usize::MAX >> 1), whole(text.as_bytes(), chunk_bytes)) {
            (Ok(a), Ok(b)) => prop_assert_eq!(show(&a), show(&b)),
            (Err(a), Err(b)) => prop_assert_eq!(a, b),
            (a, b) => prop_assert!(false, "{:?} {:?}", a, b),
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = with(&bytes, &ReadOptions::default());
    }
}
