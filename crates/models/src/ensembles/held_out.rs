//! Scores of training rows by members that were not fitted to them (Wolpert 1992, section 2).

use tripline_core::{FitError, Rng, ScoreError};

use super::folds::others;
use super::member::{FittedMember, Member};
use super::part::{Fits, Part};

/// A member fitted to all rows, with what it says of rows that it was not fitted to.
pub(crate) struct HeldOut {
    pub(crate) member: FittedMember,
    /// One raw score for each row.
    pub(crate) scores: Vec<f64>,
    /// Class probabilities, row-major, if it tells classes apart.
    pub(crate) probabilities: Option<Vec<f64>>,
}

/// The seed of the member of that number.
pub(crate) fn seed_of(seed: u64, number: usize) -> u64 {
    Rng::for_part(seed, number as u64).next_u64()
}

/// Fits a member once for each fold to the other rows, then to all rows. Rows in no fold are scored by
/// the member that was fitted to all.
pub(crate) fn held_out(
    member: &Member,
    part: &Part,
    folds: &[Vec<usize>],
    seed: u64,
    fits: &mut Fits<'_>,
) -> Result<HeldOut, FitError> {
    let count = part.rows.len();
    let mut scores = vec![0.0; count];
    let mut probabilities: Option<Vec<f64>> = None;
    let quiet = fits.quiet();
    let mut take = |fitted: &FittedMember, fold: &[usize]| -> Result<(), FitError> {
        let rows = part.rows.select(fold);
        let told = fitted.score(&rows).map_err(unfit)?;
        for (&row, score) in fold.iter().zip(told) {
            scores[row] = score;
        }
        if let Some(told) = fitted.probabilities(&rows).map_err(unfit)? {
            let width = told.len() / fold.len().max(1);
            let whole = probabilities.get_or_insert_with(|| vec![0.0; count * width]);
            for (&row, values) in fold.iter().zip(told.chunks_exact(width)) {
                whole[row * width..(row + 1) * width].copy_from_slice(values);
            }
        }
        Ok(())
    };
    for fold in folds {
        fits.go_on()?;
        take(&member.fit(&part.select(&others(count, fold)), seed, &quiet)?, fold)?;
        fits.step();
    }
    fits.go_on()?;
    let fitted = member.fit(part, seed, &quiet)?;
    let kept = others(count, &folds.concat());
    if !kept.is_empty() {
        take(&fitted, &kept)?;
    }
    fits.step();
    Ok(HeldOut { member: fitted, scores, probabilities })
}

/// What keeps a held-out row from being scored.
pub(crate) fn unfit(error: ScoreError) -> FitError {
    match error {
        ScoreError::Frame(source) => FitError::Frame(source),
        ScoreError::Missing { column, row } => FitError::Missing { column, row },
        ScoreError::Preparation(source) => FitError::Preparation(source),
        ScoreError::Member { member, source } => {
            FitError::Member { member, source: Box::new(unfit(*source)) }
        }
        other => FitError::Diverged { reason: other.to_string() },
    }
}
