//! Is the trail as it was written: entries, signed head, logged heads held against each other.

use std::collections::BTreeMap;

use futures_util::{Stream, StreamExt as _};

use super::LoggedHead;
use crate::key::PublicKey;
use crate::metadata::MetadataError;
use crate::records::{AuditEntry, AuditHead};

/// More findings than these are counted alone.
const MAX_FINDINGS: usize = 1000;

/// What does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// The entry is not what was hashed.
    #[error("entry {sequence} was changed: its hash is not that of its contents")]
    Changed {
        /// Its number.
        sequence: u64,
    },
    /// The entry does not follow from the one before.
    #[error("entry {sequence} does not follow from the one before it")]
    Unlinked {
        /// Its number.
        sequence: u64,
    },
    /// Entries that are not there.
    #[error("entries {first} to {last} are missing")]
    Missing {
        /// The first.
        first: u64,
        /// The last.
        last: u64,
    },
    /// An entry that comes after one with its number or a later one.
    #[error("entry {sequence} stands after entry {after}")]
    OutOfOrder {
        /// Its number.
        sequence: u64,
        /// The number of the one before.
        after: u64,
    },
    /// Entries without a signed head.
    #[error("there is no signed head, though the trail ends with entry {last}")]
    NoHead {
        /// The last entry.
        last: u64,
    },
    /// The head's signature is not by the key.
    #[error(
        "the head's signature is not by this key: the head, the signature or the key was replaced"
    )]
    OtherSigner {
        /// What the head says of itself.
        sequence: u64,
    },
    /// The head is that of a later entry than the last.
    #[error("the tail was cut: the signed head is entry {head}, the trail ends with entry {last}")]
    Cut {
        /// The head.
        head: u64,
        /// The last entry; 0 for none.
        last: u64,
    },
    /// The head is that of an earlier entry than the last.
    #[error(
        "the signed head is entry {head}, the trail goes on to entry {last}: an old head was put back, or entries were added"
    )]
    Behind {
        /// The head.
        head: u64,
        /// The last entry.
        last: u64,
    },
    /// The head has another hash than its entry.
    #[error("the signed head has another hash than entry {sequence}")]
    OtherHash {
        /// The head.
        sequence: u64,
    },
    /// A logged head is that of a later entry than the last.
    #[error(
        "the tail was cut: line {line} of the log is the head of entry {head}, the trail ends with entry {last}"
    )]
    LoggedCut {
        /// The line of the log.
        line: u64,
        /// The head.
        head: u64,
        /// The last entry; 0 for none.
        last: u64,
    },
    /// A logged head has another hash than its entry.
    #[error(
        "line {line} of the log has another hash than entry {sequence}: the trail was written anew"
    )]
    LoggedOther {
        /// The line of the log.
        line: u64,
        /// The head.
        sequence: u64,
    },
    /// A line of the log is no head, or none that the key signed.
    #[error("line {line} of the log is no head that this key signed")]
    LoggedForged {
        /// The line of the log.
        line: u64,
    },
}

/// What checking found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditReport {
    /// Entries that were read.
    pub entries: u64,
    /// Lines of the log that were read.
    pub logged: u64,
    /// The signed head.
    pub head: Option<AuditHead>,
    /// What does not hold, at most 1,000.
    pub findings: Vec<Finding>,
    /// How much does not hold beyond that.
    pub further: u64,
}

impl AuditReport {
    /// Whether all holds.
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty()
    }

    fn add(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else {
            self.further += 1;
        }
    }
}

/// Checks a trail entry by entry; holds the logged heads in memory, of the entries only the last.
#[derive(Debug)]
pub struct Verifier {
    key: PublicKey,
    /// Lines of the log by the entry that they are the head of.
    logged: BTreeMap<u64, Vec<(u64, AuditHead)>>,
    signed: Option<AuditHead>,
    signed_hash: Option<[u8; 32]>,
    last: Option<([u8; 32], u64)>,
    report: AuditReport,
}

impl Verifier {
    /// With the key that signs, the stored head, the heads of the log in the order of its lines.
    pub fn new(
        key: PublicKey,
        head: Option<AuditHead>,
        logged: impl IntoIterator<Item = LoggedHead>,
    ) -> Self {
        let mut report = AuditReport { head: head.clone(), ..AuditReport::default() };
        let mut by_entry: BTreeMap<u64, Vec<(u64, AuditHead)>> = BTreeMap::new();
        for LoggedHead { line, head } in logged {
            report.logged += 1;
            match head {
                None => report.add(Finding::LoggedForged { line }),
                Some(head) => by_entry.entry(head.sequence).or_default().push((line, head)),
            }
        }
        Self { key, logged: by_entry, signed: head, signed_hash: None, last: None, report }
    }

    /// The next entry, the oldest first.
    pub fn entry(&mut self, entry: &AuditEntry) {
        let sequence = entry.sequence;
        let (previous, after) = self.last.unwrap_or(([0; 32], 0));
        if sequence <= after {
            self.report.add(Finding::OutOfOrder { sequence, after });
        } else if sequence > after + 1 {
            self.report.add(Finding::Missing { first: after + 1, last: sequence - 1 });
        }
        if entry.previous != previous {
            self.report.add(Finding::Unlinked { sequence });
        }
        self.contents(entry);
        self.last = Some((entry.hash, sequence.max(after)));
    }

    /// The last entry alone, without what stands before it.
    pub(crate) fn only(&mut self, entry: &AuditEntry) {
        self.contents(entry);
        self.last = Some((entry.hash, entry.sequence));
    }

    /// An entry that cannot be read as one.
    pub fn unreadable(&mut self, sequence: u64) {
        self.report.add(Finding::Changed { sequence });
        self.report.entries += 1;
        self.last = Some(([0; 32], sequence));
    }

    fn contents(&mut self, entry: &AuditEntry) {
        let sequence = entry.sequence;
        if entry.digest() != entry.hash {
            self.report.add(Finding::Changed { sequence });
        }
        for (line, head) in self.logged.remove(&sequence).unwrap_or_default() {
            // A line that fits needs no check of its signature: the chain holds it.
            if head.hash != entry.hash {
                self.report.add(if head.is_signed_by(&self.key) {
                    Finding::LoggedOther { line, sequence }
                } else {
                    Finding::LoggedForged { line }
                });
            }
        }
        if self.signed.as_ref().is_some_and(|head| head.sequence == sequence) {
            self.signed_hash = Some(entry.hash);
        }
        self.report.entries += 1;
    }

    /// After the last entry.
    pub fn finish(mut self) -> AuditReport {
        let last = self.last.map_or(0, |(_, sequence)| sequence);
        match self.signed.take() {
            None if last > 0 => self.report.add(Finding::NoHead { last }),
            None => {}
            Some(head) => {
                let sequence = head.sequence;
                if !head.is_signed_by(&self.key) {
                    self.report.add(Finding::OtherSigner { sequence });
                } else if sequence > last {
                    self.report.add(Finding::Cut { head: sequence, last });
                } else if sequence < last {
                    self.report.add(Finding::Behind { head: sequence, last });
                } else if self.signed_hash != Some(head.hash) {
                    self.report.add(Finding::OtherHash { sequence });
                }
            }
        }
        for (line, head) in std::mem::take(&mut self.logged).into_values().flatten() {
            self.report.add(if !head.is_signed_by(&self.key) {
                Finding::LoggedForged { line }
            } else if head.sequence > last {
                Finding::LoggedCut { line, head: head.sequence, last }
            } else {
                // An entry of that number was not there: its absence is told already.
                Finding::LoggedOther { line, sequence: head.sequence }
            });
        }
        self.report
    }
}

/// Checks a whole trail: entries from the oldest, the stored head, the heads that were logged
/// outside.
pub async fn verify(
    entries: impl Stream<Item = Result<AuditEntry, MetadataError>>,
    head: Option<AuditHead>,
    key: &PublicKey,
    logged: impl IntoIterator<Item = LoggedHead>,
) -> Result<AuditReport, MetadataError> {
    let mut verifier = Verifier::new(*key, head, logged);
    let mut entries = std::pin::pin!(entries);
    while let Some(entry) = entries.next().await {
        verifier.entry(&entry?);
    }
    Ok(verifier.finish())
}
