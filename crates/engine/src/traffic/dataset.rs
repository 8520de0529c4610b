//! Traffic with labels as a data set to train and judge by.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tripline_core::{Category, Column, Dataset, Labels, Note, Progress, Rows, Source};
use tripline_features::flow::{FlowBatch, SetCard};
use tripline_ingest::flow_labels::{BENIGN, FlowLabels, JoinCounts};
use tripline_ingest::sensors;

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
    let left_out: Vec<&str> = (set.columns)()
        .iter()
        .filter(|column| !settings.all_columns && !column.in_models)
        .map(|column| column.name)
        .collect();
    let (sha256, bytes) = fingerprint(file)?;
    let mut notes = Vec::new();
    if !left_out.is_empty() {
        notes.push(Note {
            code: "unfaithful-columns",
            text: format!(
                "left out of models by default (the set's page says why): {}",
                left_out.join(", ")
            ),
        });
    }
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
    let data = Dataset {
        rows: whole.rows(&file.display().to_string(), &left_out)?,
        labels: whole.labels(settings.labels.map(FlowLabels::classes)),
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
    Ok(TrafficDataset { data, summary, join })
}

/// Flows gathered batch by batch.
#[derive(Default)]
struct Collected {
    batches: Vec<Rows>,
    ends: Vec<i64>,
    classes: Option<Vec<String>>,
    codes: Option<Vec<u32>>,
}

impl Collected {
    fn add(&mut self, batch: FlowBatch, codes: Option<Vec<Option<u32>>>) {
        let Some(codes) = codes else {
            self.ends.extend(batch.flows.iter().map(|flow| flow.end_ns));
            self.batches.push(batch.rows);
            return;
        };
        let kept: Vec<usize> = (0..batch.flows.len()).filter(|&row| codes[row].is_some()).collect();
        self.ends.extend(kept.iter().map(|&row| batch.flows[row].end_ns));
        self.codes.get_or_insert_default().extend(codes.into_iter().flatten());
        self.batches.push(batch.rows.select(&kept));
    }

    /// All rows without some columns.
    fn rows(&mut self, name: &str, left_out: &[&str]) -> Result<Rows, EngineError> {
        let batches = std::mem::take(&mut self.batches);
        let schema = batches[0].schema().clone();
        let mut columns = Vec::with_capacity(schema.len());
        for (at, field) in schema.fields().iter().enumerate() {
            if left_out.contains(&field.name.as_str()) {
                continue;
            }
            // All batches have the schema of the set, dictionaries included.
            let column = match &batches[0].columns()[at] {
                Column::Numeric(_) => {
                    let mut values = Vec::with_capacity(self.ends.len());
                    for batch in &batches {
                        if let Column::Numeric(part) = &batch.columns()[at] {
                            values.extend_from_slice(part);
                        }
                    }
                    Column::numeric(values)
                }
                Column::Category(first) => {
                    let mut codes = Vec::with_capacity(self.ends.len());
                    for batch in &batches {
                        if let Column::Category(part) = &batch.columns()[at] {
                            codes.extend_from_slice(&part.codes);
                        }
                    }
                    Column::Category(Category {
                        codes: Arc::new(codes),
                        values: first.values.clone(),
                    })
                }
            };
            columns.push((field.name.clone(), column));
        }
        Rows::new(columns).map_err(|source| EngineError::Frame { file: name.to_owned(), source })
    }

    fn labels(&mut self, classes: Option<&[String]>) -> Option<Labels> {
        let names: Vec<&str> = match (&self.classes, &self.codes, classes) {
            (Some(names), _, _) => names.iter().map(String::as_str).collect(),
            (None, Some(codes), Some(classes)) => {
                codes.iter().map(|&code| classes[code as usize].as_str()).collect()
            }
            _ => return None,
        };
        let benign = classes.and_then(|classes| classes.first()).map_or(BENIGN, String::as_str);
        // Classes of the file that no flow has are left out.
        Some(Labels::from_names(&names, benign))
    }
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
    let mut whole = Collected::default();
    let mut sources = Sha256::new();
    let (mut bytes, mut bad_records, mut notes) = (0, 0, Vec::new());
    let mut layout = String::new();
    if let Some((first, others)) = parts.split_first() {
        others.iter().try_for_each(|part| alike(first, part))?;
    }
    for part in parts {
        sources.update(part.source.sha256.as_bytes());
        bytes += part.source.bytes;
        bad_records += part.source.bad_records;
        layout.clone_from(&part.source.layout);
        notes.extend(part.notes);
        let rows = part.rows.len();
        whole.ends.extend(part.time.map_or(vec![0; rows], |time| time.to_vec()));
        if let Some(labels) = part.labels {
            let names = (0..rows).map(|row| labels.class(row).to_owned());
            whole.classes.get_or_insert_default().extend(names);
        }
        whole.batches.push(part.rows);
    }
    if whole.ends.is_empty() {
        return Err(EngineError::NoFlows { file: name.into() });
    }
    let rows = whole.ends.len() as u64;
    Ok(Dataset {
        rows: whole.rows(name, &[])?,
        labels: whole.labels(None),
        time: Some(Arc::new(whole.ends)),
        source: Arc::new(Source {
            name: name.to_owned(),
            layout,
            sha256: hexadecimal(&sources.finalize()),
            bytes,
            rows,
            bad_records,
        }),
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
fn fingerprint(path: &Path) -> Result<(String, u64), EngineError> {
    let failed = |source| EngineError::Read { file: path.to_owned(), source };
    if !path.is_dir() {
        return digest(path).map_err(failed);
    }
    let mut whole = Sha256::new();
    let mut bytes = 0;
    for file in sensors::files_of(path)? {
        let Ok((sha256, size)) = digest(&file) else { continue };
        let name = file.strip_prefix(path).unwrap_or(&file).to_string_lossy();
        whole.update(format!("{name} {sha256}\n").as_bytes());
        bytes += size;
    }
    Ok((hexadecimal(&whole.finalize()), bytes))
}

fn digest(file: &Path) -> std::io::Result<(String, u64)> {
    let mut digest = Sha256::new();
    let mut file = File::open(file)?;
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((hexadecimal(&digest.finalize()), bytes));
        }
        digest.update(&buffer[..read]);
        bytes += read as u64;
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
