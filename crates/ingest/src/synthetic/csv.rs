//! A synthetic data set as CSV text.

use std::io::{self, Write};

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use tripline_core::text::hexadecimal;
use tripline_core::{Column, Dataset};

/// Rows that are written at once.
const CHUNK: usize = 16_384;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// SHA-256 of the text in lower-case hexadecimal, as a reader of the file tells it.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

/// Writes a data set with a header: `stime`, `ltime` in seconds since 1970 where times are known,
/// the columns, `attack_cat`, `label` (0 or 1) where labels are known. A missing value is an empty
/// cell; numbers are written so that they read back as the same.
pub fn write_csv(data: &Dataset, out: &mut dyn Write) -> io::Result<Written> {
    let mut header: Vec<String> = Vec::new();
    if data.time.is_some() {
        header.extend(["stime".to_owned(), "ltime".to_owned()]);
    }
    header.extend(data.rows.schema().names().map(escaped));
    if data.labels.is_some() {
        header.extend(["attack_cat".to_owned(), "label".to_owned()]);
    }
    let header = format!("{}\n", header.join(","));
    let mut digest = Sha256::new_with_prefix(&header);
    let mut bytes = header.len() as u64;
    out.write_all(header.as_bytes())?;
    for from in (0..data.len()).step_by(CHUNK * 8) {
        let to = data.len().min(from + CHUNK * 8);
        let starts: Vec<usize> = (from..to).step_by(CHUNK).collect();
        let parts: Vec<Vec<u8>> =
            starts.into_par_iter().map(|start| text(data, start, to.min(start + CHUNK))).collect();
        for part in parts {
            digest.update(&part);
            bytes += part.len() as u64;
            out.write_all(&part)?;
        }
    }
    let sha256 = hexadecimal(digest.finalize());
    Ok(Written { sha256, bytes })
}

fn text(data: &Dataset, from: usize, to: usize) -> Vec<u8> {
    let durations = match data.rows.column("dur") {
        Some(Column::Numeric(values)) => Some(values),
        _ => None,
    };
    let mut text = Vec::with_capacity((to - from) * 220);
    for row in from..to {
        if let Some(time) = &data.time {
            // Durations are whole microseconds.
            let lasted = durations.map_or(0.0, |durations| durations[row]);
            let start = time[row] - (lasted * 1e6).round() as i64 * 1000;
            push_seconds(&mut text, start);
            push_seconds(&mut text, time[row]);
        }
        for column in data.rows.columns() {
            match column {
                Column::Numeric(values) if values[row].is_nan() => {}
                Column::Numeric(values) => push(&mut text, format_args!("{}", values[row])),
                Column::Category(category) => {
                    if let Some(value) = category.value(row) {
                        text.extend_from_slice(escaped(value).as_bytes());
                    }
                }
            }
            text.push(b',');
        }
        if let Some(labels) = &data.labels {
            text.extend_from_slice(escaped(labels.class(row)).as_bytes());
            push(&mut text, format_args!(",{},", u8::from(labels.is_attack(row))));
        }
        text.pop();
        text.push(b'\n');
    }
    text
}

fn push_seconds(text: &mut Vec<u8>, nanoseconds: i64) {
    let seconds = nanoseconds.div_euclid(1_000_000_000);
    let micros = nanoseconds.rem_euclid(1_000_000_000) / 1000;
    push(text, format_args!("{seconds}.{micros:06},"));
}

fn push(text: &mut Vec<u8>, arguments: std::fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = text.write_fmt(arguments);
}

/// Quoted where commas, quotes or line ends need it (RFC 4180).
fn escaped(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
