//! Traffic with labels as a data set to train and judge by.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tripline_core::text::hexadecimal;
use tripline_core::{Category, Column, Dataset, Labels, Note, Progress, Rows, Source};
use tripline_features::flow::{FlowBatch, SetCard};
use tripline_ingest::flow_labels::{BENIGN, FlowLabels, JoinCounts};
use tripline_ingest::{Fingerprint, fingerprint_file, sensors};

use super::input::TrafficInput;
use super::pipeline::{Traffic, TrafficSettings};
use super::summary::TrafficSummary;
use crate::error::EngineError;

/// Which flows and columns of traffic become a data set.
#[derive(Debug, Clone, Copy)]
pub struct DatasetSettings<'a> {
    /// What the flows are, if known.
    pub labels: Option<&'a FlowLabels>,
    /// Whether columns that cannot match the set's published data are kept.
    pub all_columns: bool,
}

/// A data set made of traffic.
#[derive(Debug)]
pub struct TrafficDataset {
    /// Rows with labels, in the order of the flows' ends.
    pub data: Dataset,
    /// What went through.
    pub summary: TrafficSummary,
    /// How labels and flows met.
    pub join: Option<JoinCounts>,
}

/// Reads all flows of a file, or a folder of logs, as a data set.
pub fn labelled_dataset(
    file: &Path,
    set: &'static SetCard,
    traffic: &TrafficSettings,
    settings: DatasetSettings<'_>,
    progress: &dyn Progress,
) -> Result<TrafficDataset, EngineError> {
    let mut traffic = Traffic::open(&TrafficInput::Files(vec![file.to_owned()]), set, traffic)?;
    let mut whole = Collected::default();
    let mut joiner = settings.labels.map(FlowLabels::joiner);
    while let Some(batch) = traffic.next_batch()? {
        let classes = joiner.as_mut().map(|joiner| joiner.join(&batch.flows));
        whole.add(batch, classes);
        progress.step("flows", traffic.summary().flows, 0);
    }
    let summary = traffic.summary().clone();
    let join = joiner.map(|joiner| joiner.counts());
    if let Some(join) = &join
        && join.labelled == 0
        && join.flows > 0
    {
        return Err(EngineError::NoLabelMet {
            file: file.to_owned(),
            flows: join.flows,
            labels: join.labels,
        });
    }
    if whole.ends.is_empty() {
        return Err(EngineError::NoFlows { file: file.to_owned() });
    }
    let Fingerprint { sha256, bytes } = fingerprint(file)?;
    let mut notes = Vec::new();
    if let Some(join) = &join {
        notes.push(Note { code: "labels-joined", text: joined(join) });
        if join.labels_without_flow * 2 > join.labels {
            notes.push(Note {
                code: "labels-missed",
                text:
                    "most labels met no flow: those of another capture, or times in another zone \
                       (--label-shift)"
                        .to_owned(),
            });
        }
    }
    notes.extend(summary.errors().into_iter().map(|text| Note { code: "damaged-traffic", text }));
    let rows = whole.ends.len();
    let mut data = Dataset {
        rows: stacked(&whole.batches, &file.display().to_string())?,
        labels: settings.labels.map(|labels| whole.labels(labels)),
        time: Some(Arc::new(whole.ends)),
        source: Arc::new(Source {
            name: file.display().to_string(),
            layout: format!("flows:{}", set.id),
            sha256,
            bytes,
            rows: rows as u64,
            bad_records: summary.bad_records(),
        }),
        notes,
    };
    if !settings.all_columns {
        keep_model_columns(&mut data, set)?;
    }
    Ok(TrafficDataset { data, summary, join })
}

/// Flows gathered batch by batch.
#[derive(Default)]
struct Collected {
    batches: Vec<Rows>,
    ends: Vec<i64>,
    codes: Vec<u32>,
}

impl Collected {
    /// Takes the flows that have a class, or all of them where no labels are at hand.
    fn add(&mut self, batch: FlowBatch, codes: Option<Vec<Option<u32>>>) {
        let Some(codes) = codes else {
            self.ends.extend(batch.flows.iter().map(|flow| flow.end_ns));
            self.batches.push(batch.rows);
            return;
        };
        let kept: Vec<usize> = (0..batch.flows.len()).filter(|&row| codes[row].is_some()).collect();
        self.ends.extend(kept.iter().map(|&row| batch.flows[row].end_ns));
        self.codes.extend(codes.into_iter().flatten());
        self.batches.push(batch.rows.select(&kept));
    }

    /// Labels of what was taken. Classes of the file that no flow has are left out.
    fn labels(&self, labels: &FlowLabels) -> Labels {
        let classes = labels.classes();
        let names: Vec<&str> =
            self.codes.iter().map(|&code| classes[code as usize].as_str()).collect();
        Labels::from_names(&names, &classes[0])
    }
}

/// Rows of one schema, dictionaries included, one behind the other; `name` is for messages.
fn stacked(batches: &[Rows], name: &str) -> Result<Rows, EngineError> {
    let Some(first) = batches.first() else {
        return Err(EngineError::NoFlows { file: name.into() });
    };
    let mut columns = Vec::with_capacity(first.width());
    for at in 0..first.width() {
        let parts = batches.iter().map(|batch| &batch.columns()[at]);
        columns.push(match &first.columns()[at] {
            Column::Numeric(_) => {
                let values = parts.flat_map(|part| match part {
                    Column::Numeric(values) => values.as_slice(),
                    Column::Category(_) => &[],
                });
                Column::numeric(values.copied().collect())
            }
            Column::Category(category) => {
                let codes = parts.flat_map(|part| match part {
                    Column::Category(category) => category.codes.as_slice(),
                    Column::Numeric(_) => &[],
                });
                Column::Category(Category {
                    codes: Arc::new(codes.copied().collect()),
                    values: category.values.clone(),
                })
            }
        });
    }
    let rows = batches.iter().map(Rows::len).sum();
    Rows::with_schema(first.schema().clone(), columns, rows)
        .map_err(|source| EngineError::Frame { file: name.to_owned(), source })
}

/// Leaves the columns of a set that models use by default, with a note of those left out.
///
/// # Errors
/// No column is of the set.
pub fn keep_model_columns(data: &mut Dataset, set: &SetCard) -> Result<(), EngineError> {
    let columns = (set.columns)();
    let kept: Vec<&str> = columns
        .iter()
        .filter(|column| column.in_models && data.rows.column(column.name).is_some())
        .map(|column| column.name)
        .collect();
    if kept.is_empty() {
        return Err(EngineError::NoSetColumn { file: data.source.name.clone(), set: set.id });
    }
    let left_out: Vec<&str> =
        data.rows.schema().names().filter(|name| !kept.contains(name)).collect();
    if left_out.is_empty() {
        return Ok(());
    }
    data.notes.push(Note {
        code: "set-columns",
        text: format!(
            "left out of models by default (docs/sets/{}.md says why): {}",
            set.id,
            left_out.join(", ")
        ),
    });
    data.rows = data
        .rows
        .project(&kept)
        .map_err(|source| EngineError::Frame { file: data.source.name.clone(), source })?;
    Ok(())
}

fn joined(join: &JoinCounts) -> String {
    format!(
        "labels met flows: {} of {} flows have a label ({} by its reverse, {} with several classes, \
         the nearest in time taken), {} of {} labels have no flow",
        join.labelled,
        join.flows,
        join.reversed,
        join.conflicts,
        join.labels_without_flow,
        join.labels
    )
}

/// Data sets of one feature set as one, in order; `name` is that of the whole.
///
/// # Errors
/// There is none, their columns differ, or only some have labels; the error names the part that
/// differs from the first.
pub fn concatenated(parts: Vec<Dataset>, name: &str) -> Result<Dataset, EngineError> {
    if let Some((first, others)) = parts.split_first() {
        others.iter().try_for_each(|part| alike(first, part))?;
    }
    let mut sources = Sha256::new();
    let (mut bytes, mut bad_records) = (0, 0);
    let (mut batches, mut ends, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    let mut classes: Option<Vec<String>> = None;
    let mut layout = String::new();
    for part in parts {
        sources.update(part.source.sha256.as_bytes());
        bytes += part.source.bytes;
        bad_records += part.source.bad_records;
        layout.clone_from(&part.source.layout);
        notes.extend(part.notes);
        let rows = part.rows.len();
        ends.extend(part.time.map_or(vec![0; rows], |time| time.to_vec()));
        if let Some(labels) = part.labels {
            let names = (0..rows).map(|row| labels.class(row).to_owned());
            classes.get_or_insert_default().extend(names);
        }
        batches.push(part.rows);
    }
    Ok(Dataset {
        rows: stacked(&batches, name)?,
        labels: classes.map(|names| Labels::from_names(&names, BENIGN)),
        source: Arc::new(Source {
            name: name.to_owned(),
            layout,
            sha256: hexadecimal(sources.finalize()),
            bytes,
            rows: ends.len() as u64,
            bad_records,
        }),
        time: Some(Arc::new(ends)),
        notes,
    })
}

/// Two parts that make one data set.
fn alike(first: &Dataset, part: &Dataset) -> Result<(), EngineError> {
    let what = if first.rows.schema() != part.rows.schema() {
        "the columns"
    } else if first.labels.is_some() != part.labels.is_some() {
        "labels"
    } else {
        return Ok(());
    };
    Err(EngineError::Parts {
        file: part.source.name.clone(),
        first: first.source.name.clone(),
        what,
    })
}

/// SHA-256 with size of a file; of a folder of logs, over the names within it and the digests of
/// its files in order, those in the folders in it included. Files that cannot be read are left out,
/// as they are when flows are read.
fn fingerprint(path: &Path) -> Result<Fingerprint, EngineError> {
    if !path.is_dir() {
        return Ok(fingerprint_file(path)?);
    }
    let mut whole = Sha256::new();
    let mut bytes = 0;
    for file in sensors::files_of(path)? {
        let Ok(part) = fingerprint_file(&file) else { continue };
        let name = file.strip_prefix(path).unwrap_or(&file).to_string_lossy();
        whole.update(format!("{name} {}\n", part.sha256).as_bytes());
        bytes += part.bytes;
    }
    Ok(Fingerprint { sha256: hexadecimal(whole.finalize()), bytes })
}
