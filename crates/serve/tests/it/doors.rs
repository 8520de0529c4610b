//! The same record gets the same score by every way into the service.

use std::io::Cursor;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray};
use arrow_cast::cast;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::DataType;
use serde_json::{Value, json};
use tripline_core::{Column, Dataset, Labels, Rng, Rows, Silent, Source};
use tripline_engine::service::Registration;
use tripline_engine::{Plan, TrainingSettings};
use tripline_store::Timestamp;
use tripline_store::records::Change;

use super::harness::{Answer, Site};

const ARROW: &str = "application/vnd.apache.arrow.stream";
/// Values that training rows have, each with a rate of attacks of its own.
const SEEN: [&str; 6] = ["http", "5", "true", "0.5", "5.0", "dns"];

/// A model of a number and a category that tells all of its values apart.
fn model() -> Vec<u8> {
    let mut rng = Rng::new(5);
    let rows = 3000;
    let seen: Vec<usize> = (0..rows).map(|_| rng.below(SEEN.len() as u64) as usize).collect();
    let attacks: Vec<bool> = seen.iter().map(|&at| rng.below(10) < 1 + at as u64).collect();
    let bytes = attacks.iter().map(|&attack| rng.normal() + f64::from(u8::from(attack))).collect();
    let texts: Vec<Option<&str>> = seen.iter().map(|&at| Some(SEEN[at])).collect();
    let data = Dataset {
        rows: Rows::new(vec![
            ("level".to_owned(), Column::numeric(bytes)),
            ("kind".to_owned(), Column::category(&texts)),
        ])
        .unwrap(),
        labels: Some(Labels::binary(&attacks)),
        time: None,
        source: Arc::new(Source {
            name: "made".to_owned(),
            layout: "table".to_owned(),
            sha256: "ab".repeat(32),
            bytes: 0,
            rows: rows as u64,
            bad_records: 0,
        }),
        notes: Vec::new(),
    };
    let plan = Plan::new("gradient_boosting", &TrainingSettings::default()).unwrap();
    plan.fit(&data, 1, &Silent).unwrap().model.to_file(None).unwrap().to_bytes()
}

/// A service with that model, which alone has these columns.
fn site() -> Site {
    let site = Site::start();
    let service = site.app.service().clone();
    let change = Change::system(Timestamp(1), "test");
    let what = Registration { name: "doors".to_owned(), ..Registration::default() };
    site.runtime.block_on(async {
        let version = service.register(model().into(), what, &change).await.unwrap();
        service.deploy(&version.id, &change).await.unwrap();
    });
    site
}

/// What is to be sent in the two columns.
fn values() -> Vec<(Value, Value)> {
    let texts = [
        "http",
        " http",
        "http\t",
        "HTTP",
        "5",
        " 5 ",
        "5.0",
        "0.5",
        "true",
        "TRUE",
        "-",
        "",
        "  ",
        "NaN",
        " nan ",
        "?",
        "null",
        "none",
        "N/A",
        "dns",
        "gopher",
        "\u{a0}http",
    ];
    let mut kinds: Vec<Value> = texts.map(Value::from).to_vec();
    kinds.extend([json!(5), json!(5.0), json!(0.5), json!(-0.0), json!(1e21), json!(1e-7)]);
    kinds.extend([json!(true), json!(false), Value::Null]);
    let levels = [json!(0.25), json!(2), Value::Null, json!(true)];
    let both = kinds.into_iter().zip(levels.into_iter().cycle());
    both.map(|(kind, level)| (level, kind)).collect()
}

fn column(value: &Value) -> ArrayRef {
    match value {
        Value::String(text) => Arc::new(StringArray::from(vec![text.as_str()])),
        Value::Bool(yes) => Arc::new(BooleanArray::from(vec![*yes])),
        value => Arc::new(Float64Array::from(vec![value.as_f64()])),
    }
}

fn arrow(level: &Value, kind: ArrayRef) -> Vec<u8> {
    let columns = [("level", column(level), true), ("kind", kind, true)];
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// The probability in an answer by Arrow.
fn told(answer: &Answer) -> f64 {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let batch = StreamReader::try_new(Cursor::new(&answer.body), None).unwrap().next();
    let batch = batch.unwrap().unwrap();
    batch.column_by_name("probability").unwrap().as_primitive::<Float64Type>().value(0)
}

#[test]
fn every_way_in_gives_the_same_score() {
    let site = site();
    let batch = "/api/v1/predict/flow/batch?model=doors";
    let mut different = std::collections::BTreeSet::new();
    for (level, kind) in values() {
        let record = json!({"level": level, "kind": kind});
        let alone = site.post("/predict?model=doors", &record);
        assert_eq!(alone.status, 200, "{record}: {}", alone.text());
        let expected = alone.json()["probability"].as_f64().unwrap();
        different.insert(expected.to_bits());

        let array = site.post(batch, &json!([record])).json();
        assert_eq!(array["predictions"][0]["probability"].as_f64(), Some(expected), "{record}");
        let lines = [("Content-Type", "application/x-ndjson")];
        let lines = site.send("POST", batch, &lines, record.to_string().as_bytes()).text();
        let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        assert_eq!(first["probability"].as_f64(), Some(expected), "{record}");

        let plain = column(&kind);
        let mut forms = vec![plain.clone()];
        if kind.is_string() {
            let coded = DataType::Dictionary(Box::new(DataType::Int16), Box::new(DataType::Utf8));
            forms.push(cast(&plain, &coded).unwrap());
            forms.push(cast(&plain, &DataType::LargeUtf8).unwrap());
        }
        for form in forms {
            let body = arrow(&level, form);
            let answer = site.send("POST", batch, &[("Content-Type", ARROW)], &body);
            assert_eq!(told(&answer), expected, "{record} by Arrow");
        }

        // Tensors have texts for categories, no numbers.
        if kind.is_string() || kind.is_null() {
            let number = if level.is_boolean() { "BOOL" } else { "FP64" };
            let inputs = json!([
                {"name": "level", "shape": [1], "datatype": number, "data": [level]},
                {"name": "kind", "shape": [1], "datatype": "BYTES", "data": [kind]},
            ]);
            let answer = site.post("/v2/models/doors/infer", &json!({"inputs": inputs}));
            assert_eq!(answer.status, 200, "{record}: {}", answer.text());
            let probability = &answer.json()["outputs"][0]["data"][0];
            assert_eq!(probability.as_f64(), Some(expected), "{record} by tensors");
        }
    }
    // The model tells the values apart, so that another category would be another score.
    assert!(different.len() > 8, "{}", different.len());
}
