//! What the tests share.

use std::fmt::Write as _;

use tripline_core::{Column, Dataset};
use tripline_ingest::{IngestError, ReadOptions, read_bytes};

pub(crate) fn from_text(text: &str) -> Result<Dataset, IngestError> {
    with(text.as_bytes(), &ReadOptions::default())
}

pub(crate) fn with(bytes: &[u8], options: &ReadOptions) -> Result<Dataset, IngestError> {
    read_bytes("flows.csv", bytes, options)
}

/// Everything about a small data set: columns, classes, times, notes.
pub(crate) fn show(data: &Dataset) -> String {
    let mut text = format!(
        "layout {}, {} rows, {} bad\n",
        data.source.layout, data.source.rows, data.source.bad_records
    );
    for (field, column) in data.rows.schema().fields().iter().zip(data.rows.columns()) {
        let cells: Vec<String> = (0..data.len()).map(|row| cell(column, row)).collect();
        writeln!(text, "{}: {}", field.name, cells.join(" ")).unwrap();
    }
    match &data.labels {
        Some(labels) => {
            let classes: Vec<&str> = (0..labels.len()).map(|row| labels.class(row)).collect();
            writeln!(text, "classes {:?}: {}", labels.classes(), classes.join(", ")).unwrap();
        }
        None => text.push_str("no classes\n"),
    }
    if let Some(time) = &data.time {
        writeln!(text, "time: {time:?}").unwrap();
    }
    for note in &data.notes {
        writeln!(text, "[{}] {}", note.code, note.text).unwrap();
    }
    text
}

pub(crate) fn cell(column: &Column, row: usize) -> String {
    match column {
        Column::Numeric(values) if values[row].is_nan() => "?".to_owned(),
        Column::Numeric(values) => format!("{}", values[row]),
        Column::Category(category) => category.value(row).unwrap_or("?").to_owned(),
    }
}

/// Every cell, class and time of a data set as text, row by row.
pub(crate) fn rows(data: &Dataset) -> Vec<String> {
    (0..data.len())
        .map(|row| {
            let mut cells: Vec<String> =
                data.rows.columns().iter().map(|column| cell(column, row)).collect();
            cells.extend(data.labels.as_ref().map(|labels| labels.class(row).to_owned()));
            cells.extend(data.time.as_ref().map(|time| time[row].to_string()));
            cells.join("|")
        })
        .collect()
}

pub(crate) fn codes(data: &Dataset) -> Vec<&'static str> {
    data.notes.iter().map(|note| note.code).collect()
}

/// The folder of real data; says so and gives nothing where there is none.
pub(crate) fn data_folder(name: &str) -> Option<std::path::PathBuf> {
    match std::env::var_os("TRIPLINE_DATA") {
        Some(folder) => {
            eprintln!("data test ran: {name}");
            Some(folder.into())
        }
        None => {
            eprintln!("skipped: TRIPLINE_DATA is not set");
            None
        }
    }
}
