//! All columns of all sets against a second implementation, from packets on, in Python.
//!
//! `bench/oracles/flow_features.py` writes the expected rows; it shares no code with Tripline, and
//! takes its definitions from the documentation of the columns.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value;
use tripline_core::Column;
use tripline_features::flow::{FlowSettings, SETS};
use tripline_ingest::capture::CaptureOptions;

use crate::captures::{captures, flows, packets};

/// Relative; what a sum of squares loses by its order is far less.
const TOLERANCE: f64 = 1e-6;

/// Columns that are exact for few packets and a sketch beyond: name, packets, documented bound.
const SKETCHES: &[(&str, u64, f64)] = &[("size_median", 64, 1.0 / 32.0)];

/// A cell of an expected row: `null` is missing, a text a category, a number a number.
fn differs(expected: &Value, column: &Column, row: usize, tolerance: f64) -> Option<String> {
    let (same, ours) = match column {
        Column::Numeric(values) => {
            let value = values[row];
            let same = match expected.as_f64() {
                None => expected.is_null() && value.is_nan(),
                Some(wanted) => {
                    let scale = wanted.abs().max(value.abs());
                    // Times are whole nanoseconds: what is less than one is rounding.
                    (wanted - value).abs() <= tolerance * scale + 1e-10
                }
            };
            (same, value.to_string())
        }
        Column::Category(values) => {
            (expected.as_str() == values.value(row), format!("{:?}", values.value(row)))
        }
    };
    (!same).then(|| format!("expected {expected}, got {ours}"))
}

fn expected(set: &str) -> Value {
    let name = format!("flow_features_{set}.json.gz");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    // Another folder of expected rows, for a comparison over more captures.
    let folder = std::env::var_os("TRIPLINE_FLOW_FEATURES").map_or(folder, Into::into);
    let bytes = std::fs::read(folder.join(name)).unwrap();
    let mut text = String::new();
    GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn data_features_equal_the_oracle() {
    let Some(folder) = captures("data_features_equal_the_oracle") else { return };
    let (mut compared, mut wrong) = (0usize, BTreeMap::<String, (usize, String)>::new());
    for card in SETS {
        let expected = expected(card.id);
        let captures = expected["captures"].as_array().unwrap();
        assert!(captures.len() >= 10);
        for capture in captures {
            let name = capture["capture"].as_str().unwrap();
            let batches = packets(&folder.join(name), &CaptureOptions::default());
            let told = flows(&batches, &FlowSettings::default(), card.id);
            let keys: Vec<u64> = told.flows.iter().map(|flow| flow.first_packet).collect();
            let wanted: Vec<u64> = capture["flows"]
                .as_array()
                .unwrap()
                .iter()
                .map(|key| key.as_u64().unwrap())
                .collect();
            if keys != wanted {
                let about = format!("{name}: flows by first packet {keys:?}, not {wanted:?}");
                wrong.entry(format!("{} flows", card.id)).or_insert((0, about)).0 += 1;
                continue;
            }
            let values = capture["values"].as_object().unwrap();
            let names: Vec<&str> = values.keys().map(String::as_str).collect();
            for field in told.rows.schema().fields() {
                assert!(names.contains(&&*field.name), "{}: {} has no oracle", card.id, field.name);
            }
            for (column, cells) in values {
                let ours = told.rows.column(column);
                let ours = ours.unwrap_or_else(|| panic!("{}: no column {column}", card.id));
                for (row, cell) in cells.as_array().unwrap().iter().enumerate() {
                    let packets = told.flows[row].orig.packets + told.flows[row].resp.packets;
                    let sketch =
                        SKETCHES.iter().find(|(name, few, _)| name == column && packets > *few);
                    let tolerance = sketch.map_or(TOLERANCE, |(_, _, bound)| *bound);
                    compared += 1;
                    if let Some(difference) = differs(cell, ours, row, tolerance) {
                        let key = told.flows[row].key;
                        let about = format!("{name} packet {}: {difference} {key:?}", keys[row]);
                        let entry = wrong.entry(format!("{} {column}", card.id));
                        entry.or_insert((0, about)).0 += 1;
                    }
                }
            }
        }
    }
    let shown: Vec<String> =
        wrong.iter().map(|(name, (n, one))| format!("{name}: {n}, {one}")).collect();
    assert!(wrong.is_empty(), "of {compared} cells\n{}", shown.join("\n"));
    assert!(compared > 50_000, "{compared}");
}
