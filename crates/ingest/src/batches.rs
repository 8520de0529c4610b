//! A file opened, then read batch by batch or in one piece.

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use tripline_core::{Dataset, Note, Progress, Source};

use crate::assemble::Assembler;
use crate::bytes::{Fingerprint, Input, fingerprint};
use crate::chunk::Chunk;
use crate::error::IngestError;
use crate::format::{Opened, Parser, open_input};
use crate::layout::Layout;
use crate::options::ReadOptions;
use crate::parquet::ParquetReader;
use crate::text::window::{Cutting, Piece, Windows};

/// Bad records that are no reason to stop early while there are fewer rows than that.
const EARLY: u64 = 10_000;

/// Reads a file in one piece.
///
/// Errors name the file, the line where there is one, and the way out.
pub fn read(
    path: &Path,
    options: &ReadOptions,
    progress: &dyn Progress,
) -> Result<Dataset, IngestError> {
    open(path, options)?.read(progress)
}

/// Reads a file that is in memory already; `name` stands for its path.
pub fn read_bytes(
    name: &str,
    bytes: impl Into<Arc<[u8]>>,
    options: &ReadOptions,
) -> Result<Dataset, IngestError> {
    open_bytes(name, bytes, options)?.read(&tripline_core::Silent)
}

/// Opens a file to be read batch by batch; memory is bounded by a batch.
pub fn open(path: &Path, options: &ReadOptions) -> Result<Batches, IngestError> {
    Batches::new(Input::File(path.to_owned()), options)
}

/// Opens a file that is in memory already; `name` stands for its path.
pub fn open_bytes(
    name: &str,
    bytes: impl Into<Arc<[u8]>>,
    options: &ReadOptions,
) -> Result<Batches, IngestError> {
    Batches::new(Input::Memory { name: name.to_owned(), bytes: bytes.into() }, options)
}

/// Data sets of [`ReadOptions::batch_rows`] rows each, the last one of fewer.
///
/// After an error there are no more. Dictionaries with class names grow from batch to batch; a
/// code once given keeps its meaning. Notes are all those so far.
pub struct Batches {
    path: String,
    input: Input,
    reader: Reader,
    assembler: Assembler,
    batch_rows: usize,
    max_bad_records: Option<u64>,
    fingerprint: Option<Fingerprint>,
    // No more chunks.
    exhausted: bool,
    // No more batches.
    finished: bool,
}

enum Reader {
    Text { windows: Box<Windows>, cutting: Cutting, parser: Box<Parser> },
    Parquet(Box<ParquetReader>),
}

impl std::fmt::Debug for Batches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batches").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Batches {
    fn new(input: Input, options: &ReadOptions) -> Result<Self, IngestError> {
        let path = input.name();
        let (opened, plan, line) = open_input(&input, options)?;
        let reader = match opened {
            Opened::Text { windows, parser } => {
                let cutting = Cutting {
                    delimiter: parser.delimiter(),
                    chunk_bytes: options.chunk_bytes.max(1),
                    max_record_bytes: options.max_record_bytes,
                };
                Reader::Text { windows: Box::new(windows), cutting, parser: Box::new(parser) }
            }
            Opened::Parquet(file) => Reader::Parquet(Box::new(file.reader(&plan.roles)?)),
        };
        let mut assembler = Assembler::new(path.clone(), plan, options);
        assembler.counts.lines = line;
        Ok(Self {
            path,
            input,
            reader,
            assembler,
            batch_rows: options.batch_rows.max(1),
            max_bad_records: options.max_bad_records,
            fingerprint: None,
            exhausted: false,
            finished: false,
        })
    }

    /// The layout recognised; `None` for any other table.
    pub fn layout(&self) -> Option<&'static Layout> {
        self.assembler.plan().layout
    }

    /// Where the rows come from. SHA-256 and size are known once the last batch was given; until
    /// then they are empty.
    pub fn source(&self) -> Source {
        let counts = &self.assembler.counts;
        let (sha256, bytes) = match &self.fingerprint {
            Some(print) => (print.sha256.clone(), print.bytes),
            None => (String::new(), 0),
        };
        Source {
            name: self.path.clone(),
            layout: self.layout().map_or("table", |layout| layout.id).to_owned(),
            sha256,
            bytes,
            rows: counts.rows,
            bad_records: counts.bad,
        }
    }

    /// What the reader saw and handled so far.
    pub fn notes(&self) -> Vec<Note> {
        self.assembler.notes(false)
    }

    /// Bytes read from disk so far, with the file's size; the size is 0 where it is unknown.
    pub fn progress(&self) -> (u64, u64) {
        match &self.reader {
            Reader::Text { windows, .. } => windows.stream().progress(),
            Reader::Parquet(reader) => reader.progress(),
        }
    }

    fn read(mut self, progress: &dyn Progress) -> Result<Dataset, IngestError> {
        let task = format!("reading {}", self.path);
        let mut reserved = false;
        while self.fill()? {
            let (done, total) = self.progress();
            progress.step(&task, done, total);
            if !progress.go_on() {
                return Err(IngestError::Cancelled { path: self.path });
            }
            if !std::mem::replace(&mut reserved, true) {
                self.reserve(done, total);
            }
        }
        let source = self.source();
        let rows = self.assembler.pending();
        let data = self.assembler.take(rows, source, true)?;
        self.assembler.check_benign(data.labels.as_ref())?;
        Ok(data)
    }

    /// Makes room for the whole file by the length of its first records, where it is no longer on
    /// disk than in memory.
    fn reserve(&mut self, done: u64, total: u64) {
        let Reader::Text { windows, .. } = &self.reader else { return };
        let taken = windows.taken();
        if windows.stream().is_plain() && done < total && taken > 0 {
            let rows = self.assembler.counts.rows as f64 / taken as f64 * total as f64 * 1.02;
            self.assembler.reserve((rows as usize).saturating_sub(self.assembler.pending()));
        }
    }

    /// Appends what comes next; false at the end.
    fn fill(&mut self) -> Result<bool, IngestError> {
        if self.exhausted {
            return Ok(false);
        }
        let more = match &mut self.reader {
            Reader::Text { windows, cutting, parser } => match windows.next(*cutting)? {
                Some(window) => {
                    let chunks: Vec<Chunk> = window
                        .pieces
                        .par_iter()
                        .map(|piece| match piece {
                            Piece::Chunk(range) => parser.parse(&window.bytes[range.clone()]),
                            Piece::TooLong => parser.too_long(),
                        })
                        .collect();
                    self.assembler.append(&chunks)?;
                    true
                }
                None => false,
            },
            Reader::Parquet(reader) => match reader.next()? {
                Some(chunk) => {
                    self.assembler.append(&[chunk])?;
                    true
                }
                None => false,
            },
        };
        self.check_bad(more)?;
        if !more {
            self.end()?;
        }
        Ok(more)
    }

    fn end(&mut self) -> Result<(), IngestError> {
        self.exhausted = true;
        self.fingerprint = match &self.reader {
            Reader::Text { windows, .. } => windows.stream().fingerprint().cloned(),
            Reader::Parquet(_) => None,
        };
        if self.fingerprint.is_none() {
            self.fingerprint = Some(fingerprint(&self.input)?);
        }
        if self.assembler.counts.rows == 0 {
            let counts = &self.assembler.counts;
            return Err(IngestError::NoRows {
                path: self.path.clone(),
                line: counts.lines.max(1),
                bad_records: counts.bad,
            });
        }
        Ok(())
    }

    fn check_bad(&self, more: bool) -> Result<(), IngestError> {
        let counts = &self.assembler.counts;
        let too_many = match self.max_bad_records {
            Some(bound) => counts.bad > bound,
            None if more => counts.bad > counts.rows + EARLY,
            None => counts.bad > counts.rows,
        };
        match self.assembler.first_bad() {
            Some((line, reason)) if too_many => Err(IngestError::BadRecords {
                path: self.path.clone(),
                line,
                reason,
                bad_records: counts.bad,
                rows: counts.rows,
            }),
            _ => Ok(()),
        }
    }

    fn batch(&mut self) -> Result<Option<Dataset>, IngestError> {
        while self.assembler.pending() < self.batch_rows && self.fill()? {}
        if self.assembler.pending() == 0 {
            return Ok(None);
        }
        let source = self.source();
        self.assembler.take(self.batch_rows, source, false).map(Some)
    }
}

impl Iterator for Batches {
    type Item = Result<Dataset, IngestError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let batch = self.batch();
        self.finished = !matches!(batch, Ok(Some(_)));
        batch.transpose()
    }
}
