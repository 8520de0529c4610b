//! The data of a training, read from where they are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tripline_core::{Dataset, Progress, Source, Supervision};
use tripline_ingest::{IngestError, ReadOptions, head};

use super::attempt::{Attempt, Failure};
use super::error::JobError;
use super::plan::Settings;
use super::source::{DataSource, resolve};
use super::spec::Accepted;
use super::{detections, join, uploads};
use crate::data::{read_table, read_test_table};
use crate::error::EngineError;
use crate::register::trainable_card;
use crate::settings::ReadSettings;
use crate::traffic::{Content, recognise};

/// Longest record that is read: ten thousand columns of JSON. It bounds what a few bytes of a line
/// that leaves columns out can become.
pub(super) const RECORD_BYTES: usize = 64 << 10;

/// The data of a training.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) train: Dataset,
    pub(super) test: Option<Dataset>,
}

/// Reads all that a training needs.
pub(super) fn gather(
    attempt: &Attempt<'_>,
    accepted: &Accepted,
    settings: &Settings,
) -> Result<Gathered, Failure> {
    let asked = &accepted.asked;
    let supervised = trainable_card(&accepted.detector)?.supervision == Supervision::Supervised;
    let labelled = supervised || asked.test_source.is_some() || settings.judging.protocol.is_some();
    attempt.tracker.phase("reading the data", 0.0, 0.05, 1);
    let source = parse("training_data_source", &asked.source)?;
    let mut train = match &source {
        DataSource::Detections(query) => {
            let base = match &query.base {
                Some(base) => Some(table(attempt, base, &settings.read, true)?),
                None => None,
            };
            detections::labelled(attempt, query, base)?
        }
        source => table(attempt, source, &settings.read, labelled)?,
    };
    if let Some(features) = &asked.features {
        let (file, name) = file(attempt, &source)?;
        train = join::joined(attempt, train, features, &file, &name, &settings.read)?;
    }
    let test = match &asked.test_source {
        None => None,
        Some(text) => {
            let source = parse("test_data_source", text)?;
            let (path, name) = file(attempt, &source)?;
            bounded(attempt, &path, &name)?;
            let read = attempt
                .pool
                .install(|| read_test_table(&path, &train, &settings.read, attempt.tracker));
            let mut test = named(read.map_err(|e| told(e, &path, &name))?, &name);
            if let Some(features) = &asked.features {
                test = join::joined(attempt, test, features, &path, &name, &settings.read)?;
            }
            Some(test)
        }
    };
    Ok(Gathered { train, test })
}

fn parse(field: &str, text: &str) -> Result<DataSource, Failure> {
    DataSource::parse(field, text).map_err(Failure::job)
}

/// A table as a data set.
fn table(
    attempt: &Attempt<'_>,
    source: &DataSource,
    read: &ReadSettings,
    labelled: bool,
) -> Result<Dataset, Failure> {
    let (path, name) = file(attempt, source)?;
    bounded(attempt, &path, &name)?;
    let data = attempt.pool.install(|| read_table(&path, read, labelled, None, attempt.tracker));
    Ok(named(data.map_err(|error| told(error, &path, &name))?, &name))
}

/// The file of a source, and how people call it.
fn file(attempt: &Attempt<'_>, source: &DataSource) -> Result<(PathBuf, String), Failure> {
    let (path, name) = match source {
        DataSource::Upload(id) => {
            let service = attempt.service;
            let found = uploads::find(service, "training_data_source", id);
            attempt.runtime.block_on(found).map_err(Failure::service)?;
            let path = service.blobs().path(&uploads::data_key(id)).map_err(Failure::blob)?;
            let message = "uploads are not kept as files here";
            let path =
                path.ok_or_else(|| Failure::job(JobError::field("training_data_source", message)))?;
            (path, format!("upload:{id}"))
        }
        DataSource::File(path) => {
            let jobs = &attempt.service.settings().jobs;
            let file = resolve("training_data_source", path, jobs).map_err(Failure::job)?;
            (file, path.display().to_string())
        }
        DataSource::Detections(_) => {
            let message = "it must be a file or an upload";
            return Err(Failure::job(JobError::field("training_data_source", message)));
        }
    };
    match recognise(&path).map_err(|error| told(error, &path, &name))? {
        Content::Other => Ok((path, name)),
        _ => Err(Failure::job(JobError::field(
            "training_data_source",
            "a capture or log has no labels: make a table of it with `tripline flows --labels`, \
             and give that",
        ))),
    }
}

/// A table that would not fit into memory is refused before it is read: one that is packed may be
/// a thousand times larger than its file, and a line of JSON may leave out most of its columns.
fn bounded(attempt: &Attempt<'_>, path: &Path, name: &str) -> Result<(), Failure> {
    let settings = &attempt.service.settings().jobs;
    let start = head(path, 64).map_err(|error| told(error.into(), path, name))?;
    let packed = start.starts_with(&[0x1f, 0x8b])
        || start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
        || start.starts_with(b"PAR1");
    // A byte-order mark and white space may stand before the first record.
    let json = start.contains(&b'{') || start.contains(&b'[');
    let bytes = path.metadata().map_or(0, |about| about.len());
    // A cell of a text table takes two bytes at least.
    if !packed && !json && bytes / 2 <= settings.max_cells {
        return Ok(());
    }
    let options = ReadOptions {
        max_record_bytes: RECORD_BYTES,
        // Little at a time: what is counted must not itself take the memory.
        chunk_bytes: 16 << 10,
        batch_rows: 256,
        ..ReadOptions::default()
    };
    let mut cells: u64 = 0;
    let batches = tripline_ingest::open(path, &options);
    for batch in batches.map_err(|error| told(error.into(), path, name))? {
        let batch = batch.map_err(|error| told(error.into(), path, name))?;
        cells += batch.rows.len() as u64 * batch.rows.width().max(1) as u64;
        if cells > settings.max_cells {
            let message = format!("the table has more than {} cells", settings.max_cells);
            return Err(Failure::job(JobError::field("training_data_source", message)));
        }
        if attempt.tracker.stopped().is_some() {
            return Err(Failure::internal("stopped"));
        }
    }
    Ok(())
}

/// An upload goes by its id: where it lies is the service's own matter.
fn named(mut data: Dataset, name: &str) -> Dataset {
    data.source = Arc::new(Source { name: name.to_owned(), ..data.source.as_ref().clone() });
    data
}

/// An error of reading, by the name that the source has for people.
pub(super) fn told(error: EngineError, path: &Path, name: &str) -> Failure {
    let retry =
        matches!(error, EngineError::Read { .. } | EngineError::Ingest(IngestError::Io { .. }));
    let text = error.to_string().replace(&path.display().to_string(), name);
    Failure { error: text, retry }
}

/// Reads a table with other columns than a training does.
pub(super) fn read_columns(
    attempt: &Attempt<'_>,
    path: &Path,
    name: &str,
    options: &tripline_ingest::ReadOptions,
) -> Result<Dataset, Failure> {
    let progress: &dyn Progress = attempt.tracker;
    attempt
        .pool
        .install(|| tripline_ingest::read(path, options, progress))
        .map_err(|error| told(error.into(), path, name))
}
