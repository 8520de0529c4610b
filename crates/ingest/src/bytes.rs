//! The bytes of a file, fingerprinted then decompressed on a thread of their own.

use std::fs::File;
use std::io::{self, BufReader, Chain, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};

use sha2::{Digest, Sha256};
use tripline_core::text::hexadecimal;

use crate::error::IngestError;

/// Bytes handed on at a time.
const BLOCK_BYTES: usize = 4 << 20;
/// Blocks that may wait: reading goes on while the last one is parsed.
const BLOCKS_WAITING: usize = 2;
/// Memory that a zstd frame may ask for its window, as a power of two: what `zstd --ultra` writes.
const ZSTD_WINDOW_LOG: u32 = 27;

/// Where bytes come from.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    File(PathBuf),
    Memory { name: String, bytes: Arc<[u8]> },
}

impl Input {
    /// The name for messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Memory { name, .. } => name.clone(),
        }
    }

    fn reader(&self) -> Result<(Box<dyn Read + Send>, u64), IngestError> {
        match self {
            Self::File(path) => {
                let file = open_file(path)?;
                let bytes = file.metadata().map_or(0, |about| about.len());
                Ok((Box::new(file), bytes))
            }
            Self::Memory { bytes, .. } => {
                let length = bytes.len() as u64;
                Ok((Box::new(Cursor::new(SharedBytes(bytes.clone()))), length))
            }
        }
    }
}

/// A file that is one, or why it is not.
pub(crate) fn open_file(path: &Path) -> Result<File, IngestError> {
    let name = || path.display().to_string();
    let file = File::open(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => IngestError::Missing { path: name() },
        _ => IngestError::Io { path: name(), source },
    })?;
    match file.metadata() {
        Ok(about) if about.is_dir() => Err(IngestError::Directory { path: name() }),
        Ok(_) => Ok(file),
        Err(source) => Err(IngestError::Io { path: name(), source }),
    }
}

/// The first bytes of a file as they lie on disk, at most so many.
///
/// # Errors
/// A file that is missing, a directory, or cannot be read.
pub fn head(path: &Path, bytes: u64) -> Result<Vec<u8>, IngestError> {
    let mut head = Vec::new();
    open_file(path)?
        .take(bytes)
        .read_to_end(&mut head)
        .map_err(|source| IngestError::Io { path: path.display().to_string(), source })?;
    Ok(head)
}

struct SharedBytes(Arc<[u8]>);

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// What a file is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
    /// Size.
    pub bytes: u64,
}

/// Decompressed bytes, block by block.
pub(crate) struct ByteStream {
    name: String,
    receiver: Receiver<Message>,
    fingerprint: Option<Fingerprint>,
    ended: bool,
    done: Arc<AtomicU64>,
    total: u64,
    plain: bool,
}

enum Message {
    Block(Vec<u8>),
    End(Fingerprint),
    Failed(Failure),
}

enum Failure {
    Disk(io::Error),
    Damaged(&'static str, io::Error),
}

impl ByteStream {
    /// Starts reading.
    pub(crate) fn open(input: &Input) -> Result<Self, IngestError> {
        Self::with_blocks(input, BLOCK_BYTES)
    }

    /// The same with blocks of another size.
    pub(crate) fn with_blocks(input: &Input, block_bytes: usize) -> Result<Self, IngestError> {
        let (reader, total) = input.reader()?;
        Self::start(input.name(), reader, total, Blocks::Full(block_bytes))
    }

    /// Reads what is no file, such as the standard input: bytes are handed on as they come.
    pub(crate) fn from_reader(
        name: &str,
        reader: Box<dyn Read + Send>,
    ) -> Result<Self, IngestError> {
        Self::start(name.to_owned(), reader, 0, Blocks::AsTheyCome)
    }

    fn start(
        name: String,
        reader: Box<dyn Read + Send>,
        total: u64,
        blocks: Blocks,
    ) -> Result<Self, IngestError> {
        let done = Arc::new(AtomicU64::new(0));
        let mut raw = Fingerprinting::new(reader, done.clone());
        let mut head = Vec::new();
        if let Err(source) = (&mut raw).take(6).read_to_end(&mut head) {
            return Err(IngestError::Io { path: name, source });
        }
        let compression = Compression::of(&head);
        refuse_other_archives(&head, &name)?;
        let failed = raw.failed.clone();
        let raw = Cursor::new(head).chain(raw);
        let (sender, receiver) = sync_channel(BLOCKS_WAITING);
        let work = move || {
            let last = match pump(raw, compression, blocks, |block| {
                sender.send(Message::Block(block)).is_ok()
            }) {
                Ok(Some(fingerprint)) => Message::End(fingerprint),
                // Nobody listens any more.
                Ok(None) => return,
                Err(error) if failed.load(Ordering::Relaxed) => {
                    Message::Failed(Failure::Disk(error))
                }
                Err(error) => Message::Failed(Failure::Damaged(compression.name(), error)),
            };
            let _ = sender.send(last);
        };
        std::thread::Builder::new()
            .name("tripline-read".to_owned())
            .spawn(work)
            .map_err(|source| IngestError::Io { path: name.clone(), source })?;
        Ok(Self {
            name,
            receiver,
            fingerprint: None,
            ended: false,
            done,
            total,
            plain: compression == Compression::None,
        })
    }

    /// The next block, never empty; `None` at the end.
    pub(crate) fn next_block(&mut self) -> Result<Option<Vec<u8>>, IngestError> {
        if self.ended {
            return Ok(None);
        }
        let path = self.name.clone();
        match self.receiver.recv() {
            Ok(Message::Block(block)) => Ok(Some(block)),
            Ok(Message::End(fingerprint)) => {
                self.fingerprint = Some(fingerprint);
                self.ended = true;
                Ok(None)
            }
            Ok(Message::Failed(Failure::Disk(source))) => {
                self.ended = true;
                Err(IngestError::Io { path, source })
            }
            Ok(Message::Failed(Failure::Damaged(format, source))) => {
                self.ended = true;
                Err(IngestError::Damaged { path, format, reason: source.to_string() })
            }
            Err(_) => {
                self.ended = true;
                let source = io::Error::other("the reading thread ended early");
                Err(IngestError::Io { path, source })
            }
        }
    }

    /// What the file is on disk, once the end was reached.
    pub(crate) fn fingerprint(&self) -> Option<&Fingerprint> {
        self.fingerprint.as_ref()
    }

    /// Bytes read from disk, with the file's size; the size is 0 where it is unknown.
    pub(crate) fn progress(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total)
    }

    /// Whether the bytes are those on disk.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }
}

/// What is around the bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// By the magic number, never by the file's name.
    pub(crate) fn of(head: &[u8]) -> Self {
        if head.starts_with(&[0x1f, 0x8b]) {
            Self::Gzip
        } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Self::Zstd
        } else {
            Self::None
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The unpacked bytes of a reader.
    pub(crate) fn decoder(self, reader: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::None => reader,
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::new(reader))),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(BufReader::new(reader))?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Box::new(decoder)
            }
        })
    }
}

fn refuse_other_archives(head: &[u8], name: &str) -> Result<(), IngestError> {
    const OTHERS: &[(&[u8], &str)] = &[
        (b"PK\x03\x04", "a zip archive (or a spreadsheet)"),
        (b"BZh", "a bzip2 file"),
        (b"\xfd7zXZ", "an xz file"),
        (b"7z\xbc\xaf", "a 7z archive"),
    ];
    match OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        Some((_, what)) => Err(IngestError::NotATable {
            path: name.to_owned(),
            what,
            way_out: "unpack it first; gzip and zstd are read as they are",
        }),
        None => Ok(()),
    }
}

type Raw = Chain<Cursor<Vec<u8>>, Fingerprinting>;

/// When a block is handed on.
#[derive(Debug, Clone, Copy)]
enum Blocks {
    /// Once it has so many bytes.
    Full(usize),
    /// At once.
    AsTheyCome,
}

impl Blocks {
    /// Reads the next block; gives 0 at the end.
    fn next(self, reader: &mut dyn Read, block: &mut Vec<u8>) -> io::Result<usize> {
        // What a pipe holds.
        const PIPE_BYTES: usize = 64 << 10;
        match self {
            Self::Full(bytes) => {
                block.reserve_exact(bytes);
                reader.take(bytes as u64).read_to_end(block)
            }
            Self::AsTheyCome => loop {
                block.resize(PIPE_BYTES, 0);
                let read = reader.read(block);
                block.truncate(*read.as_ref().unwrap_or(&0));
                match read {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => return other,
                }
            },
        }
    }
}

/// Sends all blocks; `None` if `send` says that nobody listens.
fn pump(
    raw: Raw,
    compression: Compression,
    blocks: Blocks,
    mut send: impl FnMut(Vec<u8>) -> bool,
) -> io::Result<Option<Fingerprint>> {
    let mut blocks = |reader: &mut dyn Read| -> io::Result<bool> {
        loop {
            let mut block = Vec::new();
            let read = blocks.next(reader, &mut block);
            // What came before the damage is good.
            if !block.is_empty() && !send(block) {
                return Ok(false);
            }
            if read? == 0 {
                return Ok(true);
            }
        }
    };
    let (listened, raw) = match compression {
        Compression::None => {
            let mut raw = raw;
            (blocks(&mut raw)?, raw)
        }
        Compression::Gzip => {
            let mut decoder = flate2::bufread::MultiGzDecoder::new(BufReader::new(raw));
            (blocks(&mut decoder)?, decoder.into_inner().into_inner())
        }
        Compression::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(BufReader::new(raw))?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            (blocks(&mut decoder)?, decoder.finish().into_inner())
        }
    };
    if !listened {
        return Ok(None);
    }
    let (_, mut raw) = raw.into_inner();
    io::copy(&mut raw, &mut io::sink())?;
    Ok(Some(raw.finish()))
}

/// Takes the fingerprint of what it reads.
struct Fingerprinting {
    inner: Box<dyn Read + Send>,
    digest: Sha256,
    bytes: u64,
    done: Arc<AtomicU64>,
    failed: Arc<AtomicBool>,
}

impl Fingerprinting {
    fn new(inner: Box<dyn Read + Send>, done: Arc<AtomicU64>) -> Self {
        let failed = Arc::new(AtomicBool::new(false));
        Self { inner, digest: Sha256::new(), bytes: 0, done, failed }
    }

    fn finish(self) -> Fingerprint {
        let sha256 = hexadecimal(self.digest.finalize());
        Fingerprint { sha256, bytes: self.bytes }
    }
}

impl Read for Fingerprinting {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(into) {
            Ok(count) => {
                self.digest.update(&into[..count]);
                self.bytes += count as u64;
                self.done.store(self.bytes, Ordering::Relaxed);
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.failed.store(true, Ordering::Relaxed);
                Err(error)
            }
        }
    }
}

/// What a file is on disk, read for this alone.
///
/// # Errors
/// A file that is missing, a directory, or cannot be read.
pub fn fingerprint_file(path: &Path) -> Result<Fingerprint, IngestError> {
    fingerprint(&Input::File(path.to_owned()))
}

/// The fingerprint of a file that is not streamed.
pub(crate) fn fingerprint(input: &Input) -> Result<Fingerprint, IngestError> {
    let (reader, _) = input.reader()?;
    let mut raw = Fingerprinting::new(reader, Arc::default());
    io::copy(&mut BufReader::with_capacity(1 << 20, &mut raw), &mut io::sink())
        .map_err(|source| IngestError::Io { path: input.name(), source })?;
    Ok(raw.finish())
}
