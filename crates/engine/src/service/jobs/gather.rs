//! The data of a training, read from where they are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tripline_core::{Dataset, Progress, Source, Supervision};
use tripline_ingest::{IngestError, ReadOptions, head};

use super::attempt::{Attempt, Failure};
use super::error::JobError;
use super::plan::Settings;
use super::source::{DataSource, Opened, resolve};
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
    let base = match &source {
        DataSource::Detections(query) => query.base.as_deref(),
        source => Some(source),
    };
    let base = base.map(|source| file(attempt, "training_data_source", source)).transpose()?;
    let mut train = match (&source, &base) {
        (DataSource::Detections(query), base) => {
            let base = base.as_ref().map(|file| table(attempt, file, &settings.read, true));
            detections::labelled(attempt, query, base.transpose()?)?
        }
        (_, Some(file)) => table(attempt, file, &settings.read, labelled)?,
        (_, None) => return Err(Failure::internal("a source without a file")),
    };
    if let (Some(features), Some(file)) = (&asked.features, &base) {
        train = join::joined(attempt, train, features, file, &settings.read)?;
    }
    let test = match &asked.test_source {
        None => None,
        Some(text) => {
            let source = parse("test_data_source", text)?;
            let file = file(attempt, "test_data_source", &source)?;
            bounded(attempt, &file)?;
            let path = file.path();
            let read = attempt
                .pool
                .install(|| read_test_table(path, &train, &settings.read, attempt.tracker));
            let mut test = named(read.map_err(|e| file.told(e))?, &file.name);
            if let Some(features) = &asked.features {
                test = join::joined(attempt, test, features, &file, &settings.read)?;
            }
            Some(test)
        }
    };
    Ok(Gathered { train, test })
}

/// A file with the name that it has for people.
#[derive(Debug)]
pub(super) struct DataFile {
    place: Place,
    pub(super) name: String,
}

#[derive(Debug)]
enum Place {
    /// Under a root, where others may write.
    Opened(Opened),
    /// An upload, in the service's own folder.
    Own(PathBuf),
}

impl DataFile {
    fn path(&self) -> &Path {
        match &self.place {
            Place::Opened(file) => file.path(),
            Place::Own(path) => path,
        }
    }

    /// An error of reading, by the name that the source has for people.
    fn told(&self, error: EngineError) -> Failure {
        told(error, self.path(), &self.name)
    }
}

fn parse(field: &str, text: &str) -> Result<DataSource, Failure> {
    DataSource::parse(field, text).map_err(Failure::job)
}

/// A table as a data set.
fn table(
    attempt: &Attempt<'_>,
    file: &DataFile,
    read: &ReadSettings,
    labelled: bool,
) -> Result<Dataset, Failure> {
    bounded(attempt, file)?;
    let path = file.path();
    let data = attempt.pool.install(|| read_table(path, read, labelled, None, attempt.tracker));
    Ok(named(data.map_err(|error| file.told(error))?, &file.name))
}

/// Opens the file of a source: once, so that all parts of an attempt read the same file.
fn file(attempt: &Attempt<'_>, field: &str, source: &DataSource) -> Result<DataFile, Failure> {
    let refuse = |message: &str| Failure::job(JobError::field(field, message));
    let file = match source {
        DataSource::Upload(id) => {
            let service = attempt.service;
            let found = uploads::find(service, field, id);
            attempt.runtime.block_on(found).map_err(Failure::service)?;
            let path = service.blobs().path(&uploads::data_key(id)).map_err(Failure::blob)?;
            let path = path.ok_or_else(|| refuse("uploads are not kept as files here"))?;
            DataFile { place: Place::Own(path), name: format!("upload:{id}") }
        }
        DataSource::File(path) => {
            let jobs = &attempt.service.settings().jobs;
            let file = resolve(field, path, jobs).map_err(Failure::job)?;
            DataFile { place: Place::Opened(file), name: path.display().to_string() }
        }
        DataSource::Detections(_) => return Err(refuse("it must be a file or an upload")),
    };
    match recognise(file.path()).map_err(|error| file.told(error))? {
        Content::Other => Ok(file),
        _ => Err(refuse(
            "a capture or log has no labels: make a table of it with `tripline flows --labels`, \
             and give that",
        )),
    }
}

/// A table that would not fit into memory is refused before it is read: one that is packed may be
/// a thousand times larger than its file, and a line of JSON may leave out most of its columns.
fn bounded(attempt: &Attempt<'_>, file: &DataFile) -> Result<(), Failure> {
    let settings = &attempt.service.settings().jobs;
    let start = head(file.path(), 64).map_err(|error| file.told(error.into()))?;
    let bytes = file.path().metadata().map_or(0, |about| about.len());
    if is_delimited(&start) && bytes < settings.max_cells {
        return Ok(());
    }
    let options = ReadOptions {
        max_record_bytes: RECORD_BYTES,
        // Little at a time: what is counted must not itself take the memory.
        chunk_bytes: if is_delimited(&start) { 64 << 10 } else { 4 << 10 },
        batch_rows: 256,
        ..ReadOptions::default()
    };
    let mut cells: u64 = 0;
    let batches = tripline_ingest::open(file.path(), &options);
    for batch in batches.map_err(|error| file.told(error.into()))? {
        let batch = batch.map_err(|error| file.told(error.into()))?;
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

/// Whether a file is text of which each cell takes a byte at least: its delimiter, or the end of
/// its line. Of one that begins with white space alone that is not known.
fn is_delimited(start: &[u8]) -> bool {
    let packed = start.starts_with(&[0x1f, 0x8b])
        || start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
        || start.starts_with(b"PAR1");
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
    !packed && first.is_some_and(|byte| !b"{[".contains(byte))
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
    file: &DataFile,
    options: &tripline_ingest::ReadOptions,
) -> Result<Dataset, Failure> {
    let progress: &dyn Progress = attempt.tracker;
    attempt
        .pool
        .install(|| tripline_ingest::read(file.path(), options, progress))
        .map_err(|error| file.told(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_more_cells_than_bytes_is_counted() {
        for counted in [
            b"{\"a\":1}".as_slice(),
            b"\xef\xbb\xbf{",
            b" \r\n\t{\"a\":1}",
            // Records may come after any number of blank lines.
            &[b'\n'; 64],
            b"[",
            b"\x1f\x8b\x08",
            b"\x28\xb5\x2f\xfd",
            b"PAR1",
            b"",
        ] {
            assert!(!is_delimited(counted), "{counted:?}");
        }
        assert!(is_delimited(b"a,b{,c\n"));
        assert!(is_delimited(b"\n\n,,,"));
    }
}
