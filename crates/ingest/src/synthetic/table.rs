//! Flows as a data set: the columns that a flow exporter gives.

use std::sync::Arc;

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use tripline_core::text::hexadecimal;
use tripline_core::{Category, Column, Dataset, Labels, Note, Rows, Source};

use super::clock::START;
use super::flow::{Flow, PROTOCOLS, SERVICES, STATES};
use super::windows::{COUNTS, counts};
use super::{CLASSES, LAYOUT_ID, MADE_UP};

/// A column of numbers from a flow alone.
type Number = (&'static str, fn(&Flow) -> f64);

const NUMBERS: [Number; 17] = [
    ("dur", |flow| seconds(flow.duration)),
    ("spkts", |flow| f64::from(flow.packets[0])),
    ("dpkts", |flow| f64::from(flow.packets[1])),
    ("sbytes", |flow| flow.bytes[0] as f64),
    ("dbytes", |flow| flow.bytes[1] as f64),
    ("rate", |flow| per_second(f64::from(flow.packets[0] + flow.packets[1]) - 1.0, flow)),
    ("sload", |flow| per_second(flow.bytes[0] as f64 * 8.0, flow)),
    ("dload", |flow| per_second(flow.bytes[1] as f64 * 8.0, flow)),
    ("sloss", |flow| f64::from(flow.lost[0])),
    ("dloss", |flow| f64::from(flow.lost[1])),
    ("sinpkt", |flow| interval(flow, 0)),
    ("dinpkt", |flow| interval(flow, 1)),
    ("sjit", |flow| milli(flow.jitter[0])),
    ("djit", |flow| milli(flow.jitter[1])),
    ("tcprtt", |flow| flow.handshake),
    ("smean", |flow| mean_size(flow, 0)),
    ("dmean", |flow| mean_size(flow, 1)),
];

/// The data set of flows that are in the order of their ends.
pub(super) fn dataset(flows: &[Flow], seed: u64) -> Dataset {
    let mut columns = vec![
        category("proto", &PROTOCOLS, flows, |flow| u32::from(flow.proto)),
        category("service", &SERVICES, flows, |flow| flow.service as u32),
        category("state", &STATES, flows, |flow| flow.state as u32),
    ];
    let numbers: Vec<Column> = NUMBERS
        .par_iter()
        .map(|(_, value)| Column::numeric(flows.iter().map(value).collect()))
        .collect();
    let names = NUMBERS.iter().map(|(name, _)| (*name).to_owned());
    columns.extend(names.zip(numbers));
    let counts = counts(flows);
    for (name, values) in COUNTS.iter().zip(counts.values) {
        columns.push(((*name).to_owned(), Column::numeric(values)));
    }
    columns.push(("pair_pause".to_owned(), Column::numeric(counts.pause)));
    columns.push(("pair_pause_change".to_owned(), Column::numeric(counts.change)));

    let classes = CLASSES.iter().map(|&class| class.to_owned()).collect();
    let codes = flows.iter().map(|flow| u32::from(flow.class)).collect();
    let time = flows.iter().map(|flow| (START + flow.end()) * 1000).collect();
    let text = format!("{LAYOUT_ID} 1, rows {}, seed {seed}", flows.len());
    let digest = Sha256::digest(text.as_bytes());
    Dataset {
        rows: rows(columns),
        labels: Labels::new(classes, codes).ok(),
        time: Some(Arc::new(time)),
        source: Arc::new(Source {
            name: format!("synthetic (seed {seed})"),
            layout: LAYOUT_ID.to_owned(),
            sha256: hexadecimal(digest),
            bytes: 0,
            rows: flows.len() as u64,
            bad_records: 0,
        }),
        notes: vec![Note { code: LAYOUT_ID, text: MADE_UP.to_owned() }],
    }
}

/// # Panics
/// Never: names are distinct, lengths equal, codes inside their dictionaries.
#[allow(clippy::expect_used)]
fn rows(columns: Vec<(String, Column)>) -> Rows {
    Rows::new(columns).expect("columns of one table")
}

fn category(
    name: &str,
    values: &[&str],
    flows: &[Flow],
    code: fn(&Flow) -> u32,
) -> (String, Column) {
    let values = values.iter().map(|&value| value.to_owned()).collect();
    let codes = flows.iter().map(code).collect();
    (
        name.to_owned(),
        Column::Category(Category { codes: Arc::new(codes), values: Arc::new(values) }),
    )
}

fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

/// Three digits after the point, as an exporter writes them.
fn milli(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e3
}

/// 0 for a flow without duration, as in UNSW-NB15.
fn per_second(amount: f64, flow: &Flow) -> f64 {
    if flow.duration == 0 {
        return 0.0;
    }
    (amount / seconds(flow.duration) * 1e3).round() / 1e3
}

/// Mean time between packets in milliseconds.
fn interval(flow: &Flow, side: usize) -> f64 {
    let packets = flow.packets[side];
    if packets < 2 { 0.0 } else { milli(seconds(flow.duration) / f64::from(packets - 1)) }
}

fn mean_size(flow: &Flow, side: usize) -> f64 {
    let packets = flow.packets[side];
    if packets == 0 { 0.0 } else { (flow.bytes[side] as f64 / f64::from(packets)).round() }
}
