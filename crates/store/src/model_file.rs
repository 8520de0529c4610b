//! A model file: named sections of bytes under a checksum, signed if asked.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use tripline_core::{State, StateError};

use crate::atomic::write_atomic;
use crate::error::StoreError;
use crate::format::{self, MAGIC, Section, Signed};
use crate::key::{PublicKey, SecretKey};
use crate::limits::Limits;

/// Named sections; the same sections in the same order give the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelFile {
    file: PathBuf,
    sections: Vec<Section>,
    signed: Option<Signed>,
}

impl ModelFile {
    /// No section yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a section, in place of one of that name. A signature is dropped: it is of other bytes.
    pub fn put(&mut self, name: &str, bytes: Vec<u8>) {
        self.signed = None;
        match self.sections.iter_mut().find(|(known, _)| known == name) {
            Some((_, section)) => *section = bytes,
            None => self.sections.push((name.to_owned(), bytes)),
        }
    }

    /// Adds a section that holds a state.
    pub fn put_state(&mut self, name: &str, state: &State) {
        self.put(name, state.to_bytes());
    }

    /// The bytes of a section.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.sections.iter().find(|(known, _)| known == name).map(|(_, bytes)| bytes.as_slice())
    }

    /// The state in a section; errors name the file and the section.
    pub fn state(&self, name: &str) -> Result<State, SectionError> {
        let bytes = self.get(name).ok_or_else(|| {
            SectionError::Store(StoreError::MissingSection {
                file: self.file.clone(),
                section: name.to_owned(),
            })
        })?;
        State::from_bytes(bytes).map_err(|source| SectionError::State {
            file: self.file.clone(),
            section: name.to_owned(),
            source,
        })
    }

    /// Names with sizes in bytes, in order.
    pub fn sections(&self) -> impl Iterator<Item = (&str, usize)> {
        self.sections.iter().map(|(name, bytes)| (name.as_str(), bytes.len()))
    }

    /// The file it was read from; empty if it was not.
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// Signs what is there now.
    pub fn sign(&mut self, key: &SecretKey) {
        let signature = key.sign(&format::signed_message(&self.sections));
        self.signed = Some(Signed { signer: key.public(), signature });
    }

    /// Who signed it. The signature is valid: that was checked when it was read.
    pub fn signer(&self) -> Option<PublicKey> {
        self.signed.as_ref().map(|signed| signed.signer)
    }

    /// Errors unless this key signed it.
    pub fn verify(&self, key: &PublicKey) -> Result<(), StoreError> {
        match self.signer() {
            None => Err(StoreError::Unsigned { file: self.file.clone() }),
            Some(signer) if signer != *key => Err(StoreError::OtherSigner {
                file: self.file.clone(),
                signer: signer.to_hex(),
                expected: key.to_hex(),
            }),
            Some(_) => Ok(()),
        }
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        format::encode(&self.sections, self.signed.as_ref())
    }

    /// From the bytes of a file; `file` is for messages.
    pub fn from_bytes(file: &Path, bytes: &[u8], limits: &Limits) -> Result<Self, StoreError> {
        let (sections, signed) = format::decode(file, bytes, limits)?;
        Ok(Self { file: file.to_owned(), sections, signed })
    }

    /// Reads a file of bounded size.
    pub fn read(file: &Path, limits: &Limits) -> Result<Self, StoreError> {
        Self::from_bytes(file, &read_bounded(file, limits)?, limits)
    }

    /// Writes the file atomically.
    pub fn write(&self, file: &Path) -> Result<(), StoreError> {
        write_atomic(file, &self.to_bytes())
    }
}

/// Whether bytes begin as a model file does.
pub fn is_model_file(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// All bytes of a file of bounded size.
pub fn read_bounded(file: &Path, limits: &Limits) -> Result<Vec<u8>, StoreError> {
    let error = |action| move |source| StoreError::Io { file: file.to_owned(), action, source };
    let open = File::open(file).map_err(|source| match source.kind() {
        ErrorKind::NotFound => StoreError::NoFile { file: file.to_owned() },
        _ => error("open")(source),
    })?;
    let meta = open.metadata().map_err(error("read"))?;
    if meta.is_dir() {
        return Err(StoreError::Folder { file: file.to_owned() });
    }
    let too_large =
        |bytes| StoreError::TooLarge { file: file.to_owned(), bytes, limit: limits.max_file_bytes };
    if meta.len() > limits.max_file_bytes {
        return Err(too_large(meta.len()));
    }
    let mut bytes = Vec::new();
    // A file that grows, or a pipe, has no honest size: one byte past the limit is enough to know.
    open.take(limits.max_file_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(error("read"))?;
    if bytes.len() as u64 > limits.max_file_bytes {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}

/// Why a section gives no state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SectionError {
    /// It is not there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its bytes are no state.
    #[error("{}: section `{section}` is damaged: {source}; train the model again", file.display())]
    State {
        /// The file.
        file: PathBuf,
        /// The section.
        section: String,
        /// What is wrong.
        source: StateError,
    },
}
