//! Parquet files read as Arrow record batches.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, Schema};
use arrow_select::filter::filter_record_batch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use crate::bytes::{ByteStream, Input, open_file};
use crate::chunk::{BadReason, Chunk, Role};
use crate::error::IngestError;
use crate::sample::{SAMPLE_ROWS, Sample};

/// Rows decoded at a time.
const BATCH_ROWS: usize = 8_192;
/// Bytes that a compressed copy may grow to on disk: no table of flows worth reading in one piece
/// is larger, a decompression bomb is.
const MAX_SPOOL_BYTES: u64 = 64 << 30;

/// A Parquet file.
pub(crate) struct ParquetFile {
    path: String,
    file: Arc<File>,
    metadata: ArrowReaderMetadata,
    // Columns of the file that are cells: neither lists nor structures.
    columns: Vec<usize>,
    pub(crate) nested: Vec<String>,
}

/// Batches of a Parquet file.
pub(crate) struct ParquetReader {
    path: String,
    roles: Vec<Role>,
    // The role that each column of a batch has.
    projected: Vec<usize>,
    batches: ParquetRecordBatchReader,
    done: u64,
    total: u64,
}

impl ParquetFile {
    /// Opens the file, or a copy on disk of what `stream` still gives after `head`.
    pub(crate) fn open(
        input: &Input,
        head: &[u8],
        stream: &mut ByteStream,
    ) -> Result<Self, IngestError> {
        let path = input.name();
        let file = match input {
            Input::File(path) if stream.is_plain() => open_file(path)?,
            _ => spool(&path, head, stream)?,
        };
        let damaged = |error: &dyn std::fmt::Display| damaged(&path, error);
        let metadata = guarded(|| ArrowReaderMetadata::load(&file, Default::default()))
            .map_err(|e| damaged(&e))?;
        let mut columns = Vec::new();
        let mut nested = Vec::new();
        for (at, field) in metadata.schema().fields().iter().enumerate() {
            if is_cell(field.data_type()) {
                columns.push(at);
            } else {
                nested.push(field.name().clone());
            }
        }
        Ok(Self { path, file: Arc::new(file), metadata, columns, nested })
    }

    /// The first records as cells of text.
    pub(crate) fn sample(&self) -> Result<Sample, IngestError> {
        let schema: &Schema = self.metadata.schema();
        let names = self.columns.iter().map(|&at| schema.field(at).name().trim().to_owned());
        let mut sample = Sample::new(names.collect());
        if sample.names.is_empty() {
            return Ok(sample);
        }
        let mut batches = self.batches(&self.columns)?;
        while sample.rows() < SAMPLE_ROWS {
            let Some(batch) = next(&self.path, &mut batches)? else { break };
            let columns = texts(&self.path, &batch)?;
            for row in 0..batch.num_rows().min(SAMPLE_ROWS - sample.rows()) {
                sample.push(columns.iter().map(|column| text(column, row)));
            }
        }
        Ok(sample)
    }

    /// Reads the columns that have a role.
    pub(crate) fn reader(&self, roles: &[Role]) -> Result<ParquetReader, IngestError> {
        let mut projected: Vec<usize> =
            (0..roles.len()).filter(|&at| roles[at] != Role::Skip).collect();
        if projected.is_empty() && !roles.is_empty() {
            // Rows are counted by some column.
            projected.push(0);
        }
        let columns: Vec<usize> = projected.iter().map(|&at| self.columns[at]).collect();
        Ok(ParquetReader {
            path: self.path.clone(),
            roles: roles.to_vec(),
            projected,
            done: 0,
            total: u64::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or(0),
            batches: self.batches(&columns)?,
        })
    }

    fn batches(&self, columns: &[usize]) -> Result<ParquetRecordBatchReader, IngestError> {
        guarded(|| {
            let file = self.file.try_clone()?;
            let builder =
                ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
            let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
            builder.with_projection(mask).with_batch_size(BATCH_ROWS).build()
        })
        .map_err(|error| damaged(&self.path, &error))
    }
}

impl ParquetReader {
    /// The next rows; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Chunk>, IngestError> {
        match next(&self.path, &mut self.batches)? {
            Some(batch) => {
                self.done += batch.num_rows() as u64;
                self.chunk(&batch).map(Some)
            }
            None => Ok(None),
        }
    }

    /// Rows read, with the rows that there are.
    pub(crate) fn progress(&self) -> (u64, u64) {
        (self.done, self.total)
    }

    fn chunk(&self, batch: &RecordBatch) -> Result<Chunk, IngestError> {
        let mut chunk = Chunk::new(&self.roles, batch.num_rows());
        let reasons = self.bad_rows(batch)?;
        let kept: BooleanArray = reasons.iter().map(|reason| Some(reason.is_none())).collect();
        for reason in reasons {
            if let Some(reason) = reason {
                chunk.bad(reason);
            }
            chunk.lines += 1;
        }
        let batch =
            filter_record_batch(batch, &kept).map_err(|error| damaged(&self.path, &error))?;
        for (&column, array) in self.projected.iter().zip(batch.columns()) {
            let role = self.roles[column];
            match role {
                Role::Skip => {}
                Role::Number { .. } if !is_text(array.data_type()) => {
                    let numbers = converted(&self.path, array, &DataType::Float64)?;
                    let numbers = numbers.as_primitive::<Float64Type>();
                    for value in numbers.iter() {
                        chunk.push_number(column, role, value.unwrap_or(f64::NAN));
                    }
                }
                _ => {
                    let texts = converted(&self.path, array, &DataType::Utf8)?;
                    for row in 0..batch.num_rows() {
                        chunk.push_text(column, role, text(&texts, row));
                    }
                }
            }
        }
        chunk.rows = batch.num_rows();
        Ok(chunk)
    }

    /// Why each row is bad, where it is.
    fn bad_rows(&self, batch: &RecordBatch) -> Result<Vec<Option<BadReason>>, IngestError> {
        let mut reasons = vec![None; batch.num_rows()];
        for (&column, array) in self.projected.iter().zip(batch.columns()) {
            let role = self.roles[column];
            if matches!(role, Role::Time(_) | Role::Text { required: true }) {
                let texts = converted(&self.path, array, &DataType::Utf8)?;
                for (row, reason) in reasons.iter_mut().enumerate() {
                    if reason.is_none() {
                        *reason = Chunk::check(role, text(&texts, row));
                    }
                }
            }
        }
        Ok(reasons)
    }
}

fn next(
    path: &str,
    batches: &mut ParquetRecordBatchReader,
) -> Result<Option<RecordBatch>, IngestError> {
    guarded(|| batches.next().transpose()).map_err(|error| damaged(path, &error))
}

/// A failure of the Parquet decoder, be it an error or a panic.
enum Failure {
    Told(String),
    Panicked,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Told(reason) => f.write_str(reason),
            Self::Panicked => f.write_str("its parts contradict each other"),
        }
    }
}

/// Runs the decoder, whose own checks do not cover every damaged file: it panics on some.
fn guarded<T, E: std::fmt::Display>(work: impl FnOnce() -> Result<T, E>) -> Result<T, Failure> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Failure::Told(error.to_string())),
        Err(_) => Err(Failure::Panicked),
    }
}

fn damaged(path: &str, error: &dyn std::fmt::Display) -> IngestError {
    IngestError::Damaged { path: path.to_owned(), format: "Parquet", reason: error.to_string() }
}

/// A copy on disk, which has no name.
fn spool(path: &str, head: &[u8], stream: &mut ByteStream) -> Result<File, IngestError> {
    let failed = |source| IngestError::Io { path: path.to_owned(), source };
    let mut file = tempfile::tempfile().map_err(failed)?;
    file.write_all(head).map_err(failed)?;
    let mut bytes = head.len() as u64;
    while let Some(block) = stream.next_block()? {
        bytes += block.len() as u64;
        if bytes > MAX_SPOOL_BYTES {
            return Err(damaged(path, &"it is larger than 64 GiB once decompressed"));
        }
        file.write_all(&block).map_err(failed)?;
    }
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    Ok(file)
}

fn texts(path: &str, batch: &RecordBatch) -> Result<Vec<ArrayRef>, IngestError> {
    batch.columns().iter().map(|array| converted(path, array, &DataType::Utf8)).collect()
}

fn converted(path: &str, array: &ArrayRef, to: &DataType) -> Result<ArrayRef, IngestError> {
    let result = match (array.data_type(), to) {
        // Times of a named zone are told in UTC; the cast to text knows no names of zones.
        (DataType::Timestamp(unit, Some(_)), DataType::Utf8) => guarded(|| {
            let plain = cast(&cast(array, &DataType::Int64)?, &DataType::Timestamp(*unit, None))?;
            cast(&plain, to)
        }),
        _ => guarded(|| cast(array, to)),
    };
    result.map_err(|error| damaged(path, &error))
}

fn text(array: &ArrayRef, row: usize) -> &[u8] {
    if array.is_null(row) { b"" } else { array.as_string::<i32>().value(row).as_bytes() }
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        kind => kind.is_temporal(),
    }
}

fn is_cell(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, values) => is_cell(values),
        kind => {
            kind.is_numeric()
                || kind.is_temporal()
                || is_text(kind)
                || matches!(kind, DataType::Boolean | DataType::Null)
        }
    }
}
