//! The records of a batch as they arrive, some at a time.

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};

use super::format::Format;
use super::split::{Framing, Item, SplitError, Splitter};
use crate::problem::{Kind, Problem};

/// Records judged together: enough for all cores, few enough to answer while more arrive.
const CHUNK_ROWS: usize = 2048;
/// Bytes of records judged together.
const CHUNK_BYTES: usize = 4 << 20;
/// Bytes of one record: 1,024 values with long names.
const RECORD_BYTES: usize = 256 << 10;
/// Rows of one Arrow record batch. A column of nulls takes no bytes in the stream, so bytes alone
/// bound nothing.
const TABLE_ROWS: usize = 262_144;
/// Rows of a record batch that are judged together: more would need as many columns at once.
const SLICE_ROWS: usize = 65_536;
/// Bytes of a stream that may arrive before a record batch is whole.
const TABLE_BYTES: usize = 64 << 20;

/// Records that came together.
#[derive(Debug)]
pub(crate) enum Chunk {
    /// JSON of each.
    Records(Vec<Item>),
    /// Columns.
    Table(RecordBatch),
}

impl Chunk {
    /// How many.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Self::Records(items) => items.len(),
            Self::Table(batch) => batch.num_rows(),
        }
    }
}

/// Reads a body chunk by chunk.
pub(crate) struct Source {
    body: BodyDataStream,
    reader: Reader,
    ended: bool,
}

enum Reader {
    Text(Splitter),
    Arrow(Box<StreamDecoder>, Pending),
}

/// What arrived of a stream and is in no record batch yet.
#[derive(Default)]
struct Pending {
    part: Bytes,
    /// Bytes that the decoder keeps, at most.
    kept: usize,
    /// What is left of a record batch whose first rows were given.
    rest: Option<RecordBatch>,
}

impl Pending {
    /// The next rows of a record batch.
    fn slice(&mut self) -> Option<RecordBatch> {
        let batch = self.rest.take()?;
        let rows = batch.num_rows();
        if rows <= SLICE_ROWS {
            return Some(batch);
        }
        self.rest = Some(batch.slice(SLICE_ROWS, rows - SLICE_ROWS));
        Some(batch.slice(0, SLICE_ROWS))
    }
}

impl Source {
    /// Of a body in that format.
    pub(crate) fn new(body: Body, format: Format) -> Self {
        let reader = match format {
            Format::Json => Reader::Text(Splitter::new(Framing::Array, RECORD_BYTES)),
            Format::Lines => Reader::Text(Splitter::new(Framing::Lines, RECORD_BYTES)),
            Format::Arrow => Reader::Arrow(Box::new(StreamDecoder::new()), Pending::default()),
        };
        Self { body: body.into_data_stream(), reader, ended: false }
    }

    /// The next records; none at the end. After an error there is nothing more.
    pub(crate) async fn next(&mut self) -> Result<Option<Chunk>, Problem> {
        match &mut self.reader {
            Reader::Text(splitter) => records(&mut self.body, splitter, &mut self.ended).await,
            Reader::Arrow(decoder, pending) => {
                tables(&mut self.body, decoder, pending, &mut self.ended).await
            }
        }
    }
}

async fn records(
    body: &mut BodyDataStream,
    splitter: &mut Splitter,
    ended: &mut bool,
) -> Result<Option<Chunk>, Problem> {
    let mut items = Vec::new();
    let mut bytes = 0;
    loop {
        while items.len() < CHUNK_ROWS && bytes < CHUNK_BYTES {
            match splitter.next().map_err(split)? {
                Some(item) => {
                    bytes += item.bytes.as_ref().map_or(0, Bytes::len);
                    items.push(item);
                }
                None => break,
            }
        }
        if items.len() >= CHUNK_ROWS || bytes >= CHUNK_BYTES || *ended {
            break;
        }
        // Who sends a record and waits for its answer gets it: nothing is held back for more.
        let part = match items.is_empty() {
            true => body.next().await,
            false => match body.next().now_or_never() {
                Some(part) => part,
                None => break,
            },
        };
        match part {
            Some(part) => splitter.feed(&part.map_err(broken)?),
            None => {
                *ended = true;
                items.extend(splitter.finish().map_err(split)?);
                break;
            }
        }
    }
    Ok((!items.is_empty()).then_some(Chunk::Records(items)))
}

async fn tables(
    body: &mut BodyDataStream,
    decoder: &mut StreamDecoder,
    pending: &mut Pending,
    ended: &mut bool,
) -> Result<Option<Chunk>, Problem> {
    loop {
        if let Some(batch) = pending.slice() {
            return Ok(Some(Chunk::Table(batch)));
        }
        while !pending.part.is_empty() {
            // The decoder takes its own kind of buffer, which shares these bytes.
            let mut buffer = Buffer::from(pending.part.clone());
            let decoded = guarded(|| decoder.decode(&mut buffer))?;
            let taken = pending.part.len() - buffer.len();
            pending.part = pending.part.slice(taken..);
            pending.kept += taken;
            let Some(batch) = decoded else { continue };
            pending.kept = 0;
            if batch.num_rows() > TABLE_ROWS {
                let detail =
                    format!("a record batch has more than {TABLE_ROWS} rows; send smaller ones");
                return Err(Problem::new(Kind::TooLarge, detail));
            }
            pending.rest = Some(batch);
            return Ok(pending.slice().map(Chunk::Table));
        }
        if pending.kept > TABLE_BYTES {
            let detail =
                format!("a record batch has more than {TABLE_BYTES} bytes; send smaller ones");
            return Err(Problem::new(Kind::TooLarge, detail));
        }
        if *ended {
            return Ok(None);
        }
        match body.next().await {
            Some(part) => pending.part = part.map_err(broken)?,
            None => {
                *ended = true;
                guarded(|| decoder.finish())?;
            }
        }
    }
}

/// Runs the decoder, whose own checks do not cover every damaged stream: it panics on some.
fn guarded<T>(work: impl FnOnce() -> Result<T, arrow_schema::ArrowError>) -> Result<T, Problem> {
    let told = |reason: &str| {
        let reason: String = reason.chars().filter(|c| !c.is_control()).take(200).collect();
        Problem::new(Kind::Malformed, format!("the body is no Arrow IPC stream: {reason}"))
    };
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(told(&error.to_string())),
        Err(_) => Err(told("its parts contradict each other")),
    }
}

fn split(error: SplitError) -> Problem {
    let kind = match error {
        SplitError::TooLong { .. } => Kind::TooLarge,
        SplitError::NotAnArray => Kind::Invalid,
        _ => Kind::Malformed,
    };
    Problem::new(kind, error.to_string())
}

/// The body ended early: too large, too slow, or the client went away.
fn broken(error: axum::Error) -> Problem {
    crate::extract::body_problem(&error)
}
