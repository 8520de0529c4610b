//! The same rows in every format, plain or compressed, give the same data set.

use std::io::Write;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, ListArray, RecordBatch, StringArray,
};
use expect_test::expect;
use parquet::arrow::ArrowWriter;
use tripline_ingest::{IngestError, ReadOptions, open_bytes};

use crate::support::{codes, from_text, rows, show, with};

const CSV: &str =
    "bytes,proto,up,note,label\n1.5,tcp,true,a,0\n,udp,false,\"b,\n\"\"c\",1\n3,,,,0\n";
const EXPECTED: [&str; 3] = ["1.5|tcp|1|a|0", "?|udp|0|b,\n\"c|1", "3|?|?|?|0"];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn check(bytes: &[u8]) {
    for bytes in [bytes.to_vec(), gzip(bytes), zstd::encode_all(bytes, 3).unwrap()] {
        let data = with(&bytes, &ReadOptions::default()).unwrap();
        assert_eq!(rows(&data), EXPECTED);
        assert_eq!(data.source.bytes, bytes.len() as u64);
        assert_eq!(data.source.sha256.len(), 64);
    }
}

fn parquet() -> Vec<u8> {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("bytes", Arc::new(Float64Array::from(vec![Some(1.5), None, Some(3.0)]))),
        ("proto", Arc::new(StringArray::from(vec![Some("tcp"), Some("udp"), None]))),
        ("up", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
        ("note", Arc::new(StringArray::from(vec![Some("a"), Some("b,\n\"c"), None]))),
        (
            "list",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
                Some(vec![Some(1)]),
                None,
                Some(vec![]),
            ])),
        ),
        ("label", Arc::new(Int32Array::from(vec![0, 1, 0]))),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn csv() {
    check(CSV.as_bytes());
    check(CSV.replace('\n', "\r\n").replace("b,\r\n", "b,\n").as_bytes());
    check(format!("\u{feff}{CSV}").as_bytes());
}

#[test]
fn tab_separated() {
    check(b"bytes\tproto\tup\tnote\tlabel\n1.5\ttcp\ttrue\ta\t0\n\tudp\tfalse\t\"b,\n\"\"c\"\t1\n3\t\t\t\t0\n");
}

#[test]
fn json_lines() {
    check(
        br#"{"bytes":1.5,"proto":"tcp","up":true,"note":"a","label":0}
{"label":1,"proto":"udp","up":false,"note":"b,\n\"c"}

{"bytes":3,"proto":null,"label":0}
"#,
    );
    let data = from_text(
        "{\"a\":1,\"label\":0}\n{\"a\":\nnot json\n{\"a\":2,\"in\":{\"b\":\"x\"},\"label\":1}\n[1]\n{\"a\":3,\"label\":0}\n",
    );
    expect![[r#"
        layout table, 3 rows, 3 bad
        a: 1 2 3
        in.b: ? x ?
        classes ["0", "1"]: 0, 1, 0
        [label-found] `label` is taken for the label, `0` for its benign value; `--label COLUMN --benign VALUE` names others
        [bad-records] bad records are left out: 3; line 2: EOF while parsing a value at column 5; line 3: expected ident at column 2; line 5: invalid type: sequence, expected an object on the line at column 0
    "#]].assert_eq(&show(&data.unwrap()));
}

#[test]
fn parquet_files() {
    check(&parquet());
    let data = with(&parquet(), &ReadOptions::default()).unwrap();
    assert!(data.notes.iter().any(|note| note.text.contains("`list`")), "{:?}", codes(&data));
}

#[test]
fn a_damaged_parquet_file_is_an_error() {
    let whole = parquet();
    for end in (8..whole.len()).step_by(97) {
        let error = with(&whole[..end], &ReadOptions::default()).unwrap_err();
        assert!(matches!(error, IngestError::Damaged { format: "Parquet", .. }), "{error}");
    }
}

#[test]
fn batches_carry_on_their_codes() {
    let options = ReadOptions { batch_rows: 2, ..ReadOptions::default() };
    let text = "p,label\ntcp,0\nudp,1\nicmp,1\nudp,0\ngre,1\n";
    let mut batches = open_bytes("flows", text.as_bytes(), &options).unwrap();
    let sizes: Vec<usize> = batches.by_ref().map(|batch| batch.unwrap().len()).collect();
    assert_eq!(sizes, [2, 2, 1]);
    let source = batches.source();
    // sha256sum of the text
    assert_eq!(source.rows, 5);
    assert_eq!(source.bytes, text.len() as u64);
    let last = open_bytes("flows", text.as_bytes(), &options).unwrap().last().unwrap().unwrap();
    assert_eq!(rows(&last), ["gre|1"]);
}

#[test]
fn the_fingerprint_is_sha_256() {
    // printf 'a,label\n1,0\n' | sha256sum
    let data = from_text("a,label\n1,0\n").unwrap();
    expect![[r#"b20371eaaa142bd73a3df6a4c8bfe93f20f814637f4e62e1135a920c0974f81f"#]]
        .assert_eq(&data.source.sha256);
}
