//! Batches in each format, captures, tensors: all say the same of the same record.

use std::io::Cursor;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Float64Type;
use arrow_array::{Array as _, ArrayRef, Float64Array, NullArray, RecordBatch, StringArray};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use serde_json::{Value, json};

use super::harness::Site;
use super::traffic;

const BATCH: &str = "/api/v1/predict/flow/batch";
const ARROW: &str = "application/vnd.apache.arrow.stream";

/// The record as a stream with so many equal rows.
fn arrow(record: &Value, rows: usize) -> Vec<u8> {
    let columns = record.as_object().unwrap().iter().map(|(name, value)| {
        let array: ArrayRef = match value {
            Value::String(text) => Arc::new(StringArray::from(vec![Some(text.as_str()); rows])),
            value => Arc::new(Float64Array::from(vec![value.as_f64(); rows])),
        };
        (name.as_str(), array, true)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn every_format_gives_the_same_answer() {
    let site = Site::start();
    let (record, detection) = traffic::attack(&site);
    let expected = &detection["probability"];

    let array = site.post(BATCH, &json!([record, record, {"dur": "x"}]));
    assert_eq!(array.status, 200, "{}", array.text());
    let array = array.json();
    assert_eq!(array["summary"]["rows"], 2);
    assert_eq!(array["summary"]["attacks"], 2);
    assert_eq!(array["summary"]["errors"], 1);
    assert_eq!(&array["predictions"][1]["probability"], expected);
    assert_eq!(array["predictions"][1]["index"], 1);
    assert!(array["predictions"][2]["error"]["detail"].is_string(), "{array}");

    let lines = format!("{record}\n\nnot json\n{record}");
    let answer =
        site.send("POST", BATCH, &[("Content-Type", "application/x-ndjson")], lines.as_bytes());
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let told: Vec<Value> =
        answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.len(), 4);
    assert_eq!((&told[0]["line"], &told[0]["probability"]), (&json!(1), expected));
    assert_eq!(told[1]["line"], 3);
    assert!(told[1]["error"]["detail"].is_string());
    assert_eq!(told[2]["line"], 4);
    assert_eq!(told[3]["summary"]["errors"], 1);

    let body = arrow(&record, 3);
    let answer = site.send("POST", BATCH, &[("Content-Type", ARROW)], &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some(ARROW));
    let mut rows = 0;
    for batch in StreamReader::try_new(Cursor::new(&answer.body), None).unwrap() {
        let batch = batch.unwrap();
        let probability = batch.column_by_name("probability").unwrap();
        for value in probability.as_primitive::<Float64Type>().values() {
            assert_eq!(Some(*value), expected.as_f64());
            rows += 1;
        }
    }
    assert_eq!(rows, 6);
    // Why, as JSON text in a column; what the other formats say of the same record.
    let told = site.post(&format!("{BATCH}?reasons=over_threshold"), &json!([record])).json();
    let reasons = &told["predictions"][0]["reasons"];
    assert!((1..=3).contains(&reasons.as_array().unwrap().len()), "{told}");
    let asked = format!("{BATCH}?reasons=over_threshold");
    let answer = site.send("POST", &asked, &[("Content-Type", ARROW)], &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    for batch in StreamReader::try_new(Cursor::new(&answer.body), None).unwrap() {
        let batch = batch.unwrap();
        let column = batch.column_by_name("reasons").unwrap().as_string::<i32>().clone();
        for text in column.iter() {
            let text: Value = serde_json::from_str(text.unwrap()).unwrap();
            assert_eq!(&text, reasons);
        }
    }
    let answer =
        site.send("POST", BATCH, &[("Content-Type", ARROW), ("Accept", "application/json")], &body);
    let answer = answer.json();
    assert_eq!(answer["summary"]["rows"], 6);
    assert_eq!(&answer["predictions"][5]["probability"], expected);
    assert_eq!(answer["predictions"][5]["index"], 5);

    let lines = site.send(
        "POST",
        BATCH,
        &[("Content-Type", "application/json"), ("Accept", ARROW)],
        json!([record, {}]).to_string().as_bytes(),
    );
    let batch = StreamReader::try_new(Cursor::new(&lines.body), None).unwrap().next();
    let batch = batch.unwrap().unwrap();
    assert_eq!(batch.num_rows(), 2);
    assert_eq!(batch.column_by_name("error").unwrap().null_count(), 1);

    // By the inference protocol: a tensor for each column.
    let model = site.get("/v2/models/flow_detector").json();
    let inputs: Vec<Value> = model["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|input| {
            let value = &record[input["name"].as_str().unwrap()];
            json!({"name": input["name"], "shape": [1, 1], "datatype": input["datatype"],
                   "data": [value]})
        })
        .collect();
    let answer = site.post("/v2/models/flow_detector/infer", &json!({"id": "7", "inputs": inputs}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["id"], "7");
    assert_eq!(answer["model_version"], "v1.0.0");
    assert_eq!(answer["outputs"][0]["name"], "probability");
    assert_eq!(&answer["outputs"][0]["data"][0], expected);
    assert_eq!(answer["outputs"][2]["data"], json!([true]));
}

#[test]
fn what_is_no_batch_is_refused() {
    let site = Site::with(|settings| settings.limits.batch_rows = 3);
    site.send("POST", BATCH, &[("Content-Type", "text/csv")], b"a,b").is_problem(415);
    site.post(BATCH, &json!({"a": 1})).is_problem(422);
    site.post(&format!("{BATCH}?model=none"), &json!([])).is_problem(422);
    site.post_with(BATCH, &[("Accept", "text/html")], &json!([])).is_problem(406);
    site.send("POST", BATCH, &[("Content-Type", ARROW)], b"no stream at all").is_problem(400);
    site.post(BATCH, &json!([{}, {}, {}, {}])).is_problem(413);
    let empty = site.post(BATCH, &json!([]));
    assert_eq!(empty.json()["summary"]["rows"], 0, "{}", empty.text());
    // Nulls take no bytes: rows are bounded too.
    let nulls: ArrayRef = Arc::new(NullArray::new(300_000));
    let nulls = RecordBatch::try_from_iter_with_nullable([("x", nulls, true)]).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &nulls.schema()).unwrap();
    writer.write(&nulls).unwrap();
    let nulls = writer.into_inner().unwrap();
    assert!(nulls.len() < 1000);
    site.send("POST", BATCH, &[("Content-Type", ARROW)], &nulls).is_problem(413);
    let missing = site.send("POST", BATCH, &[("Content-Type", ARROW)], &arrow(&json!({"x": 1}), 1));
    missing.is_problem(422);
    assert!(missing.json()["errors"].as_array().unwrap().len() > 3);
}

#[test]
fn a_capture_becomes_verdicts() {
    let site = Site::start();
    let answer = traffic::judged(&site);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    let flows = answer["flows"].as_array().unwrap();
    assert_eq!(answer["summary"]["flows"], flows.len());
    assert!(flows.len() > 300, "{}", answer["summary"]);
    let attacks = flows.iter().filter(|flow| flow["prediction"] == "attack").count();
    assert!(attacks > 0);
    assert_eq!(answer["summary"]["attacks"], attacks);
    assert!(flows.iter().all(|flow| flow.get("reasons").is_none()));
    let kind = [("Content-Type", "application/vnd.tcpdump.pcap")];
    let asked = "/api/v1/predict/capture?reasons=over_threshold&reasons_limit=2";
    let why = site.send("POST", asked, &kind, &traffic::capture()).json();
    for flow in why["flows"].as_array().unwrap() {
        let reasons = flow["reasons"].as_array().map(Vec::len);
        assert_eq!(reasons.is_some(), flow["prediction"] == "attack", "{flow}");
        assert!(reasons.is_none_or(|count| (1..=2).contains(&count)), "{flow}");
    }
    let form = {
        let mut form = b"--x\r\nContent-Disposition: form-data; name=\"file\"; \
            filename=\"../../etc/passwd\"\r\nContent-Type: application/octet-stream\r\n\r\n"
            .to_vec();
        form.extend_from_slice(&traffic::capture());
        form.extend_from_slice(b"\r\n--x--\r\n");
        form
    };
    let token = site.token.clone();
    let again = site.send(
        "POST",
        "/api/v1/predict/capture",
        &[
            ("Content-Type", "multipart/form-data; boundary=x"),
            ("Accept", "application/x-ndjson"),
            ("X-Tripline-Token", &token),
        ],
        &form,
    );
    assert_eq!(again.status, 200, "{}", again.text());
    assert_eq!(again.text().lines().count(), flows.len() + 1);
    let kind = [("Content-Type", "application/octet-stream")];
    site.send("POST", "/api/v1/predict/capture", &kind, b"no capture").is_problem(422);
}

#[test]
fn the_inference_protocol_has_its_own_errors() {
    let site = Site::start();
    assert_eq!(site.get("/v2").json()["name"], "tripline");
    assert_eq!(site.get("/v2/health/live").json(), json!({"live": true}));
    assert_eq!(site.get("/v2/health/ready").json(), json!({"ready": true}));
    let model = site.get("/v2/models/flow_detector").json();
    assert_eq!(model["versions"], json!(["v1.0.0"]));
    assert!(model["inputs"].as_array().unwrap().len() > 10);
    let ready = site.get("/v2/models/flow_detector/versions/v1.0.0/ready");
    assert_eq!(ready.json(), json!({"name": "flow_detector", "ready": true}));
    for path in ["/v2/models/none", "/v2/models/flow_detector/versions/v9.0.0"] {
        let answer = site.get(path);
        assert_eq!(answer.status, 404);
        assert!(answer.json()["error"].as_str().unwrap().contains("flow_detector"));
    }
    let answer = site.post("/v2/models/flow_detector/infer", &json!({"inputs": []}));
    assert_eq!(answer.status, 400);
    assert!(answer.json()["error"].is_string(), "{}", answer.text());
}
