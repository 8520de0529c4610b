//! The records of a batch as they arrive, some at a time.

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::StreamExt as _;

use super::format::Format;
use super::split::{Framing, Item, SplitError, Splitter};
use crate::problem::{Kind, Problem};

/// Records judged together: enough for all cores, few enough to answer while more arrive.
const CHUNK_ROWS: usize = 2048;
/// Bytes of records judged together.
const CHUNK_BYTES: usize = 4 << 20;
/// Bytes of one record: 1,024 values with long names.
const RECORD_BYTES: usize = 256 << 10;

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
    Arrow(Box<StreamDecoder>, Bytes),
}

impl Source {
    /// Of a body in that format.
    pub(crate) fn new(body: Body, format: Format) -> Self {
        let reader = match format {
            Format::Json => Reader::Text(Splitter::new(Framing::Array, RECORD_BYTES)),
            Format::Lines => Reader::Text(Splitter::new(Framing::Lines, RECORD_BYTES)),
            Format::Arrow => Reader::Arrow(Box::new(StreamDecoder::new()), Bytes::new()),
        };
        Self { body: body.into_data_stream(), reader, ended: false }
    }

    /// The next records; none at the end. After an error there is nothing more.
    pub(crate) async fn next(&mut self) -> Result<Option<Chunk>, Problem> {
        match &mut self.reader {
            Reader::Text(splitter) => records(&mut self.body, splitter, &mut self.ended).await,
            Reader::Arrow(decoder, left) => {
                tables(&mut self.body, decoder, left, &mut self.ended).await
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
        match body.next().await {
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
    left: &mut Bytes,
    ended: &mut bool,
) -> Result<Option<Chunk>, Problem> {
    loop {
        while !left.is_empty() {
            // The decoder takes its own kind of buffer, which shares these bytes.
            let mut buffer = Buffer::from(left.clone());
            let before = buffer.len();
            let decoded = guarded(|| decoder.decode(&mut buffer))?;
            let taken = before - buffer.len();
            *left = left.slice(taken..);
            if let Some(batch) = decoded {
                return Ok(Some(Chunk::Table(batch)));
            }
        }
        if *ended {
            return Ok(None);
        }
        match body.next().await {
            Some(part) => *left = part.map_err(broken)?,
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
