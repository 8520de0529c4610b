//! Why a file is not gone on with as a study.

use std::path::PathBuf;

use super::Difference;

/// Why a file is not gone on with as a study.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// Another kind of file.
    #[error(
        "{}: not a study: its first line is not what `tripline tune` writes; name a new file",
        file.display()
    )]
    NotAStudy {
        /// The file.
        file: PathBuf,
    },
    /// Of another form.
    #[error("{}: a study of version {version}; this program reads {known}", file.display())]
    Version {
        /// The file.
        file: PathBuf,
        /// Its form.
        version: u64,
        /// What is read.
        known: u64,
    },
    /// A study of other data, or asked for otherwise.
    #[error(
        "{}: this is another study: its {} is `{}`, asked for is `{}`; ask for the same, or name a \
         new file",
        file.display(), difference.name, difference.stored, difference.asked
    )]
    Another {
        /// The file.
        file: PathBuf,
        /// The first thing by which it differs.
        difference: Difference,
    },
    /// A line that belongs to no study, with others after it.
    #[error(
        "{}: line {line} is damaged: {reason}; remove it with the lines after it to go on from there",
        file.display()
    )]
    Line {
        /// The file.
        file: PathBuf,
        /// Which, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}
