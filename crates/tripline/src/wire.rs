//! The JSON shapes that commands share.

use std::collections::BTreeMap;

use serde::Serialize;
use tripline_assess::evaluate::{PartMetrics, Parts};
use tripline_core::{Dataset, Source};

/// `train`, `validation`, `test`: a part is there only if it was scored.
#[derive(Serialize)]
pub(crate) struct PartsWire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) train: Option<&'a PartMetrics>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) validation: Option<&'a PartMetrics>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) test: Option<&'a PartMetrics>,
}

impl<'a> PartsWire<'a> {
    pub(crate) fn of(parts: &'a Parts) -> Self {
        Self {
            train: parts.train.as_ref(),
            validation: parts.validation.as_ref(),
            test: parts.test.as_ref(),
        }
    }
}

/// `metrics.<model id>.<part>`.
pub(crate) type MetricsWire<'a> = BTreeMap<String, PartsWire<'a>>;

/// A file that was read.
#[derive(Serialize)]
pub(crate) struct SourceWire {
    part: String,
    name: String,
    layout: String,
    sha256: String,
    bytes: u64,
    rows: u64,
    bad_records: u64,
}

impl SourceWire {
    pub(crate) fn of(part: &str, source: &Source) -> Self {
        Self {
            part: part.to_owned(),
            name: source.name.clone(),
            layout: source.layout.clone(),
            sha256: source.sha256.clone(),
            bytes: source.bytes,
            rows: source.rows,
            bad_records: source.bad_records,
        }
    }
}

/// Data that was read.
#[derive(Serialize)]
pub(crate) struct DatasetWire {
    #[serde(flatten)]
    source: SourceWire,
    columns: usize,
    classes: BTreeMap<String, usize>,
    notes: Vec<NoteWire>,
}

/// Something that the reader handled.
#[derive(Serialize)]
pub(crate) struct NoteWire {
    pub(crate) code: &'static str,
    pub(crate) text: String,
}

impl DatasetWire {
    pub(crate) fn of(part: &str, data: &Dataset) -> Self {
        let classes = match &data.labels {
            Some(labels) => labels.classes().iter().cloned().zip(labels.counts()).collect(),
            None => BTreeMap::new(),
        };
        Self {
            source: SourceWire::of(part, &data.source),
            columns: data.rows.width(),
            classes,
            notes: data
                .notes
                .iter()
                .map(|note| NoteWire { code: note.code, text: note.text.clone() })
                .collect(),
        }
    }
}
