//! How rows are parted into those that train with those that judge.

mod duplicates;
mod folds;
mod holdout;
mod splits;

pub(crate) use duplicates::row_hashes;
pub use duplicates::{Groups, Rounding};
pub use holdout::{Holdout, holdout, out_of_fold};

use serde::Serialize;
use tripline_core::Dataset;

/// A way to part rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Two files: the publisher's training part with the publisher's test part.
    Official,
    /// Folds that never part rows with equal features.
    DuplicateGrouped {
        /// Number of folds, at least 2.
        folds: usize,
    },
    /// One split for each attack family: trained without it, judged on it.
    LeaveOneFamilyOut {
        /// Share of benign rows that is judged too, chosen by duplicate group.
        benign_holdout: f64,
    },
    /// Trained on earlier rows, judged on later ones.
    TimeOrdered {
        /// Share of rows that is judged.
        test_share: f64,
    },
    /// Rows parted with no regard to duplicates.
    Random(RandomParts),
}

/// How a random protocol parts rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RandomParts {
    /// So many folds, each judged once.
    Folds(usize),
    /// One split with this share judged.
    TestShare(f64),
}

/// Rows that train, rows that judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Split {
    /// Such as `fold 1 of 5` or `without Fuzzers`.
    pub name: String,
    /// Row numbers, rising.
    pub train: Vec<usize>,
    /// Row numbers, rising.
    pub test: Vec<usize>,
    /// The attack family that training never sees.
    pub test_family: Option<String>,
    /// Rows judged whose features also occur among the rows that train.
    pub repeated: usize,
}

/// Why rows cannot be parted so.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// No such name.
    #[error("unknown protocol `{name}`, known are: {known}")]
    Unknown {
        /// Given.
        name: String,
        /// All names.
        known: String,
    },
    /// The official protocol is made of two files.
    #[error(
        "the protocol `official` needs the publisher's test file; give it with --test FILE, or choose duplicate-grouped"
    )]
    NeedsTestFile,
    /// No labels.
    #[error(
        "`{source_name}` has no labels; name the label column with --label COLUMN --benign VALUE"
    )]
    NoLabels {
        /// The data set.
        source_name: String,
    },
    /// No times.
    #[error(
        "`{source_name}` has no time column, so its rows have no order in time; choose duplicate-grouped"
    )]
    NoTime {
        /// The data set.
        source_name: String,
    },
    /// All rows have one time.
    #[error("the rows of `{source_name}` cannot be parted by time: {reason}")]
    OneTime {
        /// The data set.
        source_name: String,
        /// Why.
        reason: &'static str,
    },
    /// No attack class with rows.
    #[error("`{source_name}` has no attack family to leave out")]
    NoFamily {
        /// The data set.
        source_name: String,
    },
    /// Too few rows, or groups of equal rows, for so many parts.
    #[error(
        "{parts} parts need at least as many distinct rows, `{source_name}` has {distinct}; ask for fewer folds, or give more rows"
    )]
    TooFew {
        /// The data set.
        source_name: String,
        /// Asked for.
        parts: usize,
        /// Distinct rows.
        distinct: usize,
    },
    /// A number outside its range.
    #[error("{name} must be {expected}, got {got}")]
    Range {
        /// Which number.
        name: &'static str,
        /// What is valid.
        expected: &'static str,
        /// Given.
        got: f64,
    },
}

impl Protocol {
    /// Every name that [`Protocol::parse`] understands.
    pub const NAMES: &[&str] =
        &["official", "duplicate-grouped", "leave-one-family-out", "time-ordered", "random"];

    /// From its name, with `folds` folds or `test_share` of the rows judged where it has such.
    ///
    /// A random protocol has folds unless a share is given.
    pub fn parse(
        name: &str,
        folds: Option<usize>,
        test_share: Option<f64>,
    ) -> Result<Self, ProtocolError> {
        // Five folds, 30 % held out, are what published work on these data sets mostly uses.
        let folds = folds.unwrap_or(5);
        let protocol = match name {
            "official" => Self::Official,
            "duplicate-grouped" => Self::DuplicateGrouped { folds },
            "leave-one-family-out" => {
                Self::LeaveOneFamilyOut { benign_holdout: test_share.unwrap_or(0.3) }
            }
            "time-ordered" => Self::TimeOrdered { test_share: test_share.unwrap_or(0.3) },
            "random" => Self::Random(match test_share {
                Some(share) => RandomParts::TestShare(share),
                None => RandomParts::Folds(folds),
            }),
            _ => {
                let known = Self::NAMES.join(", ");
                return Err(ProtocolError::Unknown { name: name.to_owned(), known });
            }
        };
        protocol.validate()?;
        Ok(protocol)
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Official => "official",
            Self::DuplicateGrouped { .. } => "duplicate-grouped",
            Self::LeaveOneFamilyOut { .. } => "leave-one-family-out",
            Self::TimeOrdered { .. } => "time-ordered",
            Self::Random(_) => "random",
        }
    }

    /// Parts the rows of a labelled data set; the same seed gives the same splits.
    pub fn splits(&self, data: &Dataset, seed: u64) -> Result<Vec<Split>, ProtocolError> {
        self.splits_with(data, seed, Rounding::Exact)
    }

    /// As [`Protocol::splits`], where rows that are equal by `rounding` count as equal: with
    /// [`Rounding::Significant`], near-duplicates are never parted either.
    pub fn splits_with(
        &self,
        data: &Dataset,
        seed: u64,
        rounding: Rounding,
    ) -> Result<Vec<Split>, ProtocolError> {
        self.validate()?;
        splits::splits(self, data, seed, rounding)
    }

    fn validate(&self) -> Result<(), ProtocolError> {
        match *self {
            Self::Official => Ok(()),
            Self::DuplicateGrouped { folds } | Self::Random(RandomParts::Folds(folds)) => {
                if folds >= 2 {
                    return Ok(());
                }
                let got = folds as f64;
                Err(ProtocolError::Range {
                    name: "the number of folds",
                    expected: "at least 2",
                    got,
                })
            }
            Self::LeaveOneFamilyOut { benign_holdout: share }
            | Self::TimeOrdered { test_share: share }
            | Self::Random(RandomParts::TestShare(share)) => check_share(share),
        }
    }
}

pub(crate) fn check_share(share: f64) -> Result<(), ProtocolError> {
    if share > 0.0 && share < 1.0 {
        return Ok(());
    }
    let name = "the share of rows held out";
    Err(ProtocolError::Range { name, expected: "between 0 and 1", got: share })
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
