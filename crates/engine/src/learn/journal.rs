//! A journal of learning: lines that are only ever appended, each chained to those before it by
//! SHA-256, beside a snapshot of each state.
//!
//! ```text
//! folder  journal         lines
//!         DIGEST.trip     the model file of that SHA-256
//!         rates           what each source may still send
//! line    entry chain     both hexadecimal: the bytes of the entry's `tripline_core::State`, then
//!                         the SHA-256 of the chain before (zeros at first) with these bytes
//! ```
//!
//! A snapshot is on disk before the line that names it, and a line is on disk before the update is
//! told as done. Of snapshots the first and those of the last entries are kept. What a kill leaves is
//! a snapshot that no line names, or an end without a line break, which is cut off; a whole line that
//! does not fit the chain is never believed.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tripline_core::State;
use tripline_core::text::hexadecimal;
use tripline_store::{Limits, write_atomic};

use super::record::Record;
use crate::error::EngineError;
use crate::model::Model;

/// States that are kept beside the first: a rollback to an older one is an error.
pub(super) const KEPT: usize = 100;

/// Longest journal in bytes: a hundred thousand updates.
const MAX_JOURNAL: u64 = 1 << 28;

/// The open journal of a folder; one at a time.
#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    lines: tripline_store::Journal,
    chain: [u8; 32],
    records: Vec<Record>,
    /// A line could not be written: what is on disk is known no more.
    failed: bool,
}

impl Journal {
    /// Begins a journal in a folder that has none; the folder is made if it is not there.
    pub(super) fn create(folder: &Path) -> Result<Self, EngineError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| EngineError::Write { file: folder.to_owned(), source })?;
        let journal = Self::read(folder)?;
        if !journal.records.is_empty() {
            let reason = "there is a journal already; go on with it, or name another folder";
            return Err(damaged(folder, reason.to_owned()));
        }
        Ok(journal)
    }

    /// Whether a folder holds a journal.
    pub(super) fn exists(folder: &Path) -> bool {
        folder.join("journal").exists()
    }

    /// Opens a journal, checks its chain. Errors if another program has it open.
    pub(super) fn open(folder: &Path) -> Result<Self, EngineError> {
        if !Self::exists(folder) {
            return Err(damaged(folder, "there is no journal".to_owned()));
        }
        let journal = Self::read(folder)?;
        if journal.records.is_empty() {
            let reason = "it has no entry; remove the folder and begin anew";
            return Err(damaged(folder, reason.to_owned()));
        }
        Ok(journal)
    }

    fn read(folder: &Path) -> Result<Self, EngineError> {
        let path = folder.join("journal");
        let (lines, opened) = tripline_store::Journal::open(&path, MAX_JOURNAL)?;
        let mut journal = Self {
            folder: folder.to_owned(),
            lines,
            chain: [0; 32],
            records: Vec::new(),
            failed: false,
        };
        for line in &opened.lines {
            let number = journal.records.len();
            journal.take(line).map_err(|reason| {
                damaged(folder, format!("damaged at entry {number}: {reason}"))
            })?;
        }
        Ok(journal)
    }

    /// Takes a line that was read.
    fn take(&mut self, line: &str) -> Result<(), String> {
        let (entry, chain) = line.split_once(' ').ok_or("it is no entry with its chain")?;
        let state = bytes_of(entry).ok_or("it is not hexadecimal")?;
        let next = chained(&self.chain, &state);
        if hexadecimal(next) != chain {
            return Err("the chain breaks".to_owned());
        }
        let record = State::from_bytes(&state)
            .and_then(|state| Record::load(&state))
            .map_err(|error| error.to_string())?;
        let follows = self.records.last().is_none_or(|last| last.after == record.before);
        if record.number != self.records.len() as u64 || !follows {
            return Err("it does not follow the one before it".to_owned());
        }
        self.records.push(record);
        self.chain = next;
        Ok(())
    }

    /// All entries, the first first.
    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }

    /// Lays down the model's file, gives its digest.
    pub(super) fn keep(&self, model: &Model) -> Result<String, EngineError> {
        let bytes = model.to_file(None)?.to_bytes();
        let digest = hexadecimal(Sha256::digest(&bytes));
        let path = self.snapshot(&digest);
        // One that is there may be damaged.
        if std::fs::read(&path).ok().as_deref() != Some(&bytes[..]) {
            write_atomic(&path, &bytes)?;
        }
        Ok(digest)
    }

    /// The model of a digest; its bytes must have that digest.
    pub(super) fn model(&self, digest: &str) -> Result<Model, EngineError> {
        let path = self.snapshot(digest);
        if !path.exists() && self.is_old(digest) {
            let reason = format!(
                "the state {digest} was removed: the first and those after the last {KEPT} entries \
                 are kept"
            );
            return Err(damaged(&self.folder, reason));
        }
        let bytes = tripline_store::read_bounded(&path, &Limits::default())?;
        if hexadecimal(Sha256::digest(&bytes)) != digest {
            let reason = "its bytes are not those that the journal names".to_owned();
            return Err(EngineError::Journal { file: path, reason });
        }
        Model::from_bytes(&path, &bytes, &Limits::default())
    }

    /// Appends an entry; it is on disk when this returns. After a failure the journal must be
    /// opened anew.
    pub(super) fn append(&mut self, record: Record) -> Result<&Record, EngineError> {
        if self.failed {
            let reason = "an entry could not be written; open the journal anew";
            return Err(damaged(&self.folder, reason.to_owned()));
        }
        let state = record.save().to_bytes();
        let chain = chained(&self.chain, &state);
        let line = format!("{} {}", hexadecimal(&state), hexadecimal(chain));
        self.failed = true;
        self.lines.append(&line)?;
        self.failed = false;
        self.chain = chain;
        self.records.push(record);
        let last = self.records.len() - 1;
        if let Some(old) = last.checked_sub(KEPT) {
            let digest = &self.records[old].after;
            if self.is_old(digest) {
                // One that stays behind takes room and does no harm.
                let _ = std::fs::remove_file(self.snapshot(digest));
            }
        }
        Ok(&self.records[last])
    }

    /// Whether no entry that counts for snapshots has this state.
    fn is_old(&self, digest: &str) -> bool {
        let recent = self.records.len().saturating_sub(KEPT);
        let mut kept = self.records.first().into_iter().chain(&self.records[recent..]);
        !kept.any(|record| record.after == digest)
    }

    /// Removes a journal of which nothing but its start is told; true if it did.
    pub(super) fn discard(self) -> bool {
        let [only] = &self.records[..] else { return false };
        let files =
            [self.snapshot(&only.after), self.folder.join("rates"), self.folder.join("journal")];
        // In this order: what is left behind is never a journal without its snapshot.
        files.iter().rev().for_each(|file| {
            let _ = std::fs::remove_file(file);
        });
        true
    }

    /// Lays down what each source may still send.
    pub(super) fn keep_rates(&self, rates: &State) -> Result<(), EngineError> {
        Ok(write_atomic(&self.folder.join("rates"), &rates.to_bytes())?)
    }

    /// What each source may still send, if rates were kept.
    pub(super) fn rates(&self) -> Result<Option<State>, EngineError> {
        let path = self.folder.join("rates");
        if !path.exists() {
            return Ok(None);
        }
        let bytes = tripline_store::read_bounded(&path, &Limits::default())?;
        let state = State::from_bytes(&bytes).map_err(|error| EngineError::Journal {
            file: path.clone(),
            reason: format!("{error}; remove the file to begin the rates anew"),
        })?;
        Ok(Some(state))
    }

    fn snapshot(&self, digest: &str) -> PathBuf {
        self.folder.join(format!("{digest}.trip"))
    }
}

fn damaged(folder: &Path, reason: String) -> EngineError {
    EngineError::Journal { file: folder.join("journal"), reason }
}

/// The bytes that hexadecimal digits stand for.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    Some(digits.chunks_exact(2).map(|pair| (digit(pair[0]) << 4) | digit(pair[1])).collect())
}

fn chained(before: &[u8; 32], state: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(state);
    hash.finalize().into()
}
