//! A part of the training rows held out for thresholds, calibration, early stopping.

use tripline_core::{Dataset, Labels};

use super::duplicates::{Groups, Rounding};
use super::folds::deal;
use super::{ProtocolError, Split, check_share};

/// Rows that are fitted with rows that are held out of fitting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holdout {
    /// Row numbers, rising.
    pub fit: Vec<usize>,
    /// Row numbers, rising; none has the features of a row of `fit`.
    pub validation: Vec<usize>,
}

/// Holds out about `share` of the rows of each class, never parting rows with equal features.
pub fn holdout(data: &Dataset, share: f64, seed: u64) -> Result<Holdout, ProtocolError> {
    check_share(share)?;
    let labels = labels_of(data)?;
    let groups = Groups::new(&data.rows, Rounding::Exact);
    require(data, &groups, 2)?;
    let fold_of = deal(&groups, labels.codes(), &[1.0 - share, share], seed);
    Ok(Holdout {
        fit: rows_of(&fold_of, |fold| fold == 0),
        validation: rows_of(&fold_of, |fold| fold == 1),
    })
}

/// Folds of training rows, so that each row is scored by a model that has not seen its features.
pub fn out_of_fold(data: &Dataset, folds: usize, seed: u64) -> Result<Vec<Holdout>, ProtocolError> {
    let splits = super::Protocol::DuplicateGrouped { folds }.splits(data, seed)?;
    let part = |split: Split| Holdout { fit: split.train, validation: split.test };
    Ok(splits.into_iter().map(part).collect())
}

pub(super) fn labels_of(data: &Dataset) -> Result<&Labels, ProtocolError> {
    data.labels
        .as_ref()
        .ok_or_else(|| ProtocolError::NoLabels { source_name: data.source.name.clone() })
}

pub(super) fn require(data: &Dataset, groups: &Groups, parts: usize) -> Result<(), ProtocolError> {
    if groups.count >= parts {
        return Ok(());
    }
    let source_name = data.source.name.clone();
    Err(ProtocolError::TooFew { source_name, parts, distinct: groups.count })
}

pub(super) fn rows_of(fold_of: &[u32], wanted: impl Fn(u32) -> bool) -> Vec<usize> {
    (0..fold_of.len()).filter(|&row| wanted(fold_of[row])).collect()
}
