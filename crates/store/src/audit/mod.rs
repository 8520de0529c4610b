//! The audit trail apart from any database: how an entry is hashed, how a head is signed, how both
//! are checked.
//!
//! An entry's hash covers all its columns with the hash of the entry before, so a changed, missing
//! or moved entry breaks the chain. The head is signed with a key that the database does not hold,
//! and written to a log outside it: who can write the database alone can neither make the chain fit
//! again nor cut its tail without a trace. Whoever holds the key and the log can; a copy of the log
//! elsewhere is what guards against that.

mod head_log;
mod verify;

pub use head_log::{HeadLog, LoggedHead, read_heads};
pub use verify::{AuditReport, Finding, Verifier, verify};

use sha2::{Digest as _, Sha256};

use crate::key::{PublicKey, SIGNATURE_BYTES, SecretKey};
use crate::records::{AuditEntry, AuditHead};

/// What is hashed begins with this, so that no other use of SHA-256 gives the same hash.
const ENTRY: &[u8] = b"tripline audit entry 1\0";

/// What is signed begins with this, so that no other signature of the same key fits.
const HEAD: &[u8] = b"tripline audit head 1\0";

impl AuditEntry {
    /// SHA-256 over all but the hash itself. Numbers are eight bytes, the great end first; a text
    /// has its length in front, an absent one a zero byte in place of a one: no two entries give
    /// the same bytes.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(ENTRY);
        hash.update(self.sequence.to_be_bytes());
        hash.update(self.at.0.to_be_bytes());
        for text in [&self.actor, &self.action, &self.object, &self.detail] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        match &self.request {
            None => hash.update([0]),
            Some(text) => {
                hash.update([1]);
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text);
            }
        }
        hash.update(self.previous);
        hash.finalize().into()
    }
}

impl AuditHead {
    /// The head after that entry.
    pub fn sign(sequence: u64, hash: [u8; 32], key: &SecretKey) -> Self {
        Self { sequence, hash, signature: key.sign(&message(sequence, &hash)).to_vec() }
    }

    /// Whether that key signed it.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let Ok(signature) = <&[u8; SIGNATURE_BYTES]>::try_from(self.signature.as_slice()) else {
            return false;
        };
        key.verify(&message(self.sequence, &self.hash), signature)
    }
}

fn message(sequence: u64, hash: &[u8; 32]) -> Vec<u8> {
    [HEAD, &sequence.to_be_bytes(), hash].concat()
}
