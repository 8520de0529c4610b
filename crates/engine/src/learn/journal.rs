//! A journal of learning: entries that are only ever appended, each chained to those before it by
//! SHA-256, beside a snapshot of each state.
//!
//! ```text
//! folder  journal         entries
//!         DIGEST.trip     the model file of that SHA-256
//! entry   length u32      of the entry's state, little-endian
//!         state           as of `tripline_core::State`
//!         chain 32        SHA-256 of the chain before (zeros at first) with the state's bytes
//! ```
//!
//! A snapshot is on disk before the entry that names it, and an entry is on disk before the update
//! is told as done. What a kill leaves is a snapshot that no entry names, or a torn last entry,
//! which the next opening cuts off.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tripline_core::State;
use tripline_store::{Limits, write_atomic};

use super::record::Record;
use crate::error::EngineError;
use crate::model::Model;

/// Longest entry in bytes; one has below 1,000.
const MAX_ENTRY: usize = 1 << 16;

/// Longest journal in bytes: half a million updates.
const MAX_JOURNAL: u64 = 1 << 28;

/// The open journal of a folder.
#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    file: File,
    chain: [u8; 32],
    records: Vec<Record>,
}

impl Journal {
    /// Begins a journal in a folder that has none; the folder is made if it is not there.
    pub(super) fn create(folder: &Path) -> Result<Self, EngineError> {
        std::fs::create_dir_all(folder).map_err(written(folder))?;
        let path = folder.join("journal");
        let file =
            OpenOptions::new().append(true).create_new(true).open(&path).map_err(written(&path))?;
        if let Ok(folder) = File::open(folder) {
            folder.sync_all().map_err(written(&path))?;
        }
        Ok(Self { folder: folder.to_owned(), file, chain: [0; 32], records: Vec::new() })
    }

    /// Whether a folder holds a journal.
    pub(super) fn exists(folder: &Path) -> bool {
        folder.join("journal").exists()
    }

    /// Opens a journal, checks its chain, cuts off a torn last entry.
    pub(super) fn open(folder: &Path) -> Result<Self, EngineError> {
        let path = folder.join("journal");
        let mut file =
            OpenOptions::new().read(true).append(true).open(&path).map_err(written(&path))?;
        let mut bytes = Vec::new();
        let limit = MAX_JOURNAL;
        Read::by_ref(&mut file).take(limit + 1).read_to_end(&mut bytes).map_err(written(&path))?;
        let damaged = |reason: String| EngineError::Journal { file: path.clone(), reason };
        if bytes.len() as u64 > limit {
            return Err(damaged(format!("it is larger than {limit} bytes")));
        }
        let (mut at, mut chain, mut records) = (0, [0; 32], Vec::<Record>::new());
        while let Some(entry) = entry(&bytes[at..]) {
            let number = records.len();
            if chained(&chain, entry.state) != entry.chain {
                return Err(damaged(format!("the chain breaks at entry {number}")));
            }
            let record = State::from_bytes(entry.state)
                .and_then(|state| Record::load(&state))
                .map_err(|error| damaged(format!("entry {number}: {error}")))?;
            let follows = records.last().is_none_or(|last| last.after == record.before);
            if record.number != number as u64 || !follows {
                return Err(damaged(format!("entry {number} does not follow the one before it")));
            }
            records.push(record);
            chain = entry.chain;
            at += 4 + entry.state.len() + 32;
        }
        if records.is_empty() {
            return Err(damaged("it has no entry; remove the folder and begin anew".to_owned()));
        }
        if at < bytes.len() {
            // More than one entry's length cannot be torn by a kill.
            if bytes.len() - at > 4 + MAX_ENTRY + 32 {
                return Err(damaged(format!("entry {} makes no sense", records.len())));
            }
            file.set_len(at as u64).map_err(written(&path))?;
            file.sync_all().map_err(written(&path))?;
        }
        Ok(Self { folder: folder.to_owned(), file, chain, records })
    }

    /// All entries, the first first.
    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }

    /// Lays down the model's file, gives its digest.
    pub(super) fn keep(&self, model: &Model) -> Result<String, EngineError> {
        let bytes = model.to_file(None)?.to_bytes();
        let digest = tripline_core::text::hexadecimal(Sha256::digest(&bytes));
        let path = self.snapshot(&digest);
        if !path.exists() {
            write_atomic(&path, &bytes)?;
        }
        Ok(digest)
    }

    /// The model of a digest; its bytes must have that digest.
    pub(super) fn model(&self, digest: &str) -> Result<Model, EngineError> {
        let path = self.snapshot(digest);
        let bytes = tripline_store::read_bounded(&path, &Limits::default())?;
        if tripline_core::text::hexadecimal(Sha256::digest(&bytes)) != digest {
            let reason = "its bytes are not those that the journal names".to_owned();
            return Err(EngineError::Journal { file: path, reason });
        }
        Model::from_bytes(&path, &bytes, &Limits::default())
    }

    /// Appends an entry; it is on disk when this returns.
    pub(super) fn append(&mut self, record: Record) -> Result<&Record, EngineError> {
        let path = self.folder.join("journal");
        let state = record.save().to_bytes();
        if state.len() > MAX_ENTRY {
            let reason = format!("an entry of {} bytes is too long", state.len());
            return Err(EngineError::Journal { file: path, reason });
        }
        let chain = chained(&self.chain, &state);
        let mut bytes = (state.len() as u32).to_le_bytes().to_vec();
        bytes.extend_from_slice(&state);
        bytes.extend_from_slice(&chain);
        self.file.write_all(&bytes).map_err(written(&path))?;
        self.file.sync_data().map_err(written(&path))?;
        self.chain = chain;
        self.records.push(record);
        let last = self.records.len() - 1;
        Ok(&self.records[last])
    }

    fn snapshot(&self, digest: &str) -> PathBuf {
        self.folder.join(format!("{digest}.trip"))
    }
}

struct Entry<'a> {
    state: &'a [u8],
    chain: [u8; 32],
}

/// The whole entry at the start of some bytes; none if they end within it.
fn entry(bytes: &[u8]) -> Option<Entry<'_>> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    let state = rest.get(..length).filter(|_| length <= MAX_ENTRY)?;
    let chain = rest.get(length..length + 32)?.try_into().ok()?;
    Some(Entry { state, chain })
}

fn chained(before: &[u8; 32], state: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(state);
    hash.finalize().into()
}

fn written(file: &Path) -> impl Fn(std::io::Error) -> EngineError + use<> {
    let file = file.to_owned();
    move |source| EngineError::Write { file: file.clone(), source }
}
