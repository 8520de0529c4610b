//! Damaged and hostile input: an answer or an error, which names the file, the line, the way out.

use std::io::Write;
use std::path::Path;

use expect_test::{Expect, expect};
use tripline_core::{Progress, Silent};
use tripline_ingest::{ReadOptions, open_bytes, read};

use crate::support::{codes, from_text, rows, show, with};

fn refused(bytes: &[u8], expected: Expect) {
    let training = ReadOptions { require_labels: true, ..ReadOptions::default() };
    let error = with(bytes, &training).unwrap_err();
    expected.assert_eq(&error.to_string());
}

#[test]
fn a_path_that_is_no_file() {
    let error = read(Path::new("no/such.csv"), &ReadOptions::default(), &Silent).unwrap_err();
    expect![[r#"no/such.csv: there is no such file; check the path"#]]
        .assert_eq(&error.to_string());
    let folder = tempfile::tempdir().unwrap();
    let error = read(folder.path(), &ReadOptions::default(), &Silent).unwrap_err().to_string();
    assert!(error.ends_with(": this is a directory; name a file in it"), "{error}");
}

#[test]
fn nothing_to_read() {
    refused(
        b"",
        expect![[r#"flows.csv: the file is empty; give a table with a row for each flow"#]],
    );
    refused(
        b"\n\r\n  \n",
        expect![[r#"flows.csv: the file is empty; give a table with a row for each flow"#]],
    );
    refused(
        b"\xef\xbb\xbf",
        expect![[r#"flows.csv: the file is empty; give a table with a row for each flow"#]],
    );
    refused(
        b"a,label\n",
        expect!["flows.csv:1: no row follows; give a table with a row for each flow"],
    );
    refused(
        b"a,label",
        expect!["flows.csv:1: no row follows; give a table with a row for each flow"],
    );
}

#[test]
fn bytes_that_are_no_table() {
    refused(
        b"\x00\x01\x02junk\xff",
        expect![[
            r#"flows.csv: this is binary data, not a table; give CSV, TSV, JSON lines or Parquet"#
        ]],
    );
    refused(
        b"PK\x03\x04rest",
        expect![[
            r#"flows.csv: this is a zip archive (or a spreadsheet), not a table; unpack it first; gzip and zstd are read as they are"#
        ]],
    );
    refused(
        b"\xff\xfea\x00,\x00",
        expect![[r#"flows.csv: this is UTF-16 text, not a table; save it as UTF-8"#]],
    );
    refused(
        b"\xd4\xc3\xb2\xa1\x02\x00",
        expect![[
            r#"flows.csv: this is a packet capture, not a table; make a table of its flows first"#
        ]],
    );
    refused(
        b"[{\"a\":1}]",
        expect![[
            r#"flows.csv: this is a JSON list, not a table; write one object a line (JSON lines)"#
        ]],
    );
    refused(
        b"PAR1 and no more",
        expect![[
            r#"flows.csv: damaged Parquet data: Parquet error: Invalid Parquet file. Corrupt footer; fetch or write the file again"#
        ]],
    );
}

#[test]
fn damaged_compression() {
    let text = "a,label\n1,0\n".repeat(2000);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    refused(
        &gzip[..gzip.len() - 9],
        expect![[
            r#"flows.csv: damaged gzip data: incomplete deflate stream; fetch or write the file again"#
        ]],
    );
    let mut changed = gzip.clone();
    let end = changed.len();
    changed[end - 6] ^= 1;
    refused(
        &changed,
        expect![[
            r#"flows.csv: damaged gzip data: corrupt gzip stream does not have a matching checksum; fetch or write the file again"#
        ]],
    );
    let zstd = zstd::encode_all(text.as_bytes(), 1).unwrap();
    refused(
        &zstd[..zstd.len() - 3],
        expect![[
            r#"flows.csv: damaged zstd data: incomplete frame; fetch or write the file again"#
        ]],
    );
}

#[test]
fn ragged_rows_are_counted_with_their_lines() {
    let data = from_text("a,b,label\n1,2,0\n1,2\n\n3,4,5,6\n5,6,1\n").unwrap();
    expect![[r#"
        layout table, 2 rows, 2 bad
        a: 1 5
        b: 2 6
        classes ["0", "1"]: 0, 1
        [label-found] `label` is taken for the label, `0` for its benign value; `--label COLUMN --benign VALUE` names others
        [bad-records] bad records are left out: 2; line 3: 2 cells where 3 are due; line 5: 4 cells where 3 are due
    "#]].assert_eq(&show(&data));
}

#[test]
fn too_many_bad_records_are_an_error() {
    refused(
        b"a,label\n1\n2\n3,0\n",
        expect![
            "flows.csv:2: 1 cells where 2 are due; too many records are bad: 2 beside 1 good ones; mend the file, or check its delimiter and its header"
        ],
    );
    let strict = ReadOptions { max_bad_records: Some(0), ..ReadOptions::default() };
    let error = with(b"a,label\n1,0\n2,1\n3\n", &strict).unwrap_err();
    expect!["flows.csv:4: 1 cells where 2 are due; too many records are bad: 1 beside 2 good ones; mend the file, or check its delimiter and its header"].assert_eq(&error.to_string());
}

#[test]
fn a_line_of_10_mb_costs_itself_alone() {
    let mut text = "a,b,label\n1,2,0\n".to_owned();
    text.push_str(&"9".repeat(10 << 20));
    text.push_str("\n3,4,1\n");
    let data = from_text(&text).unwrap();
    assert_eq!(rows(&data), ["1|2|0", "3|4|1"]);
    assert_eq!(data.source.bad_records, 1);
    assert!(data.notes.last().unwrap().text.contains("line 3: the record is longer"), "{data:?}");

    refused(
        &b"9".repeat(10 << 20),
        expect![[
            r#"flows.csv:1: the number of bytes of the first record is over the bound of 1048576; give a table with a header and a record on each line"#
        ]],
    );
}

#[test]
fn a_stray_quote_costs_its_line_alone() {
    let data = from_text("a,b,label\nx,1,0\n\"y,2,0\nz,3,1\n").unwrap();
    assert_eq!(rows(&data), ["x|1|0", "z|3|1"]);
    assert!(data.notes.last().unwrap().text.contains("line 3: a quote is never closed"));

    // Nor does it where the quote would run on for longer than a record may be.
    let mut text = "a,b,label\nx,1,0\n\"y,2,0\n".to_owned();
    for _ in 0..300_000 {
        text.push_str("z,3,1\n");
    }
    text.push_str("w,4,\"0\"\n");
    let data = from_text(&text).unwrap();
    assert_eq!((data.len(), data.source.bad_records), (300_002, 1));
}

#[test]
fn text_of_an_old_encoding_is_read() {
    let data = with(b"name,label\ncaf\xe9,0\ntea,1\n", &ReadOptions::default()).unwrap();
    assert_eq!(rows(&data), ["café|0", "tea|1"]);
    assert!(codes(&data).contains(&"old-encoding"));
}

#[test]
fn after_an_error_there_are_no_more_batches() {
    let options = ReadOptions { max_bad_records: Some(0), ..ReadOptions::default() };
    let mut batches = open_bytes("f", &b"a,label\n1,0\n2\n"[..], &options).unwrap();
    assert!(batches.next().unwrap().is_err());
    assert!(batches.next().is_none());
}

#[test]
fn classes_are_bounded() {
    let mut text = "a,kind\n".to_owned();
    for row in 0..3_000 {
        text.push_str(&format!("{row},k{row}\n"));
    }
    let options = ReadOptions {
        label: Some("kind".to_owned()),
        benign: Some("k0".to_owned()),
        ..ReadOptions::default()
    };
    let error = with(text.as_bytes(), &options).unwrap_err();
    expect![[r#"flows.csv: label column `kind` has more than 1024 values; name a column of classes by `--label COLUMN`"#]].assert_eq(&error.to_string());
}

#[test]
fn a_user_may_stop_it() {
    struct Stop;
    impl Progress for Stop {
        fn step(&self, _task: &str, _done: u64, _total: u64) {}
        fn go_on(&self) -> bool {
            false
        }
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"a,label\n1,0\n").unwrap();
    let error = read(file.path(), &ReadOptions::default(), &Stop).unwrap_err().to_string();
    assert!(error.ends_with(": reading was cancelled"), "{error}");
}
