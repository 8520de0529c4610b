//! The subset of rows whose scatter has the least determinant, by FastMCD.
//!
//! Source: Rousseeuw & Van Driessen 1999, with its numbers: 500 starts from d + 1 random rows, two
//! C-steps each, the ten best taken further; above 600 rows the starts are spread over up to five
//! subsets of 300 rows, whose best go over their union to all rows. Beyond 60 columns a subset has
//! five rows for each of d + 1, else its own scatter would be near singular. On all rows the ten
//! take two C-steps more, the best of them goes on until the determinant falls no further.

use rayon::prelude::*;
use tripline_core::{FitContext, FitError, Rng};

use super::quadratic::Quadratic;
use super::standard::Standard;
use crate::matrix::{Cholesky, Moments, moments};
use crate::table::Table;

/// Starts, all subsets together.
const STARTS: usize = 500;

/// Candidates that are taken further.
const BEST: usize = 10;

/// Least rows of a subset.
const SUBSET: usize = 300;

/// Most subsets.
const SUBSETS: usize = 5;

/// Most C-steps to convergence; the paper never saw twenty.
const MAX_STEPS: usize = 30;

/// Location with scatter.
#[derive(Clone)]
pub(super) struct Estimate {
    pub(super) moments: Moments,
    /// Squared Mahalanobis distance.
    form: Quadratic,
    /// Of the scatter's determinant, with the ridge that a singular one has.
    ln_determinant: f64,
}

impl Estimate {
    /// From the rows that `keep` names; none if numbers run out of range.
    pub(super) fn of(columns: &[&[f64]], keep: &[u32]) -> Option<Self> {
        let moments = moments(columns, Some(keep));
        let width = columns.len();
        let cholesky = Cholesky::with_ridge(&moments.covariance, width)?;
        let form = Quadratic::mahalanobis((0..width as u32).collect(), &moments.covariance)?;
        Some(Self { ln_determinant: cholesky.ln_determinant(), moments, form })
    }

    /// Squared distance of each row.
    pub(super) fn distances(&self, columns: &[&[f64]]) -> Vec<f64> {
        let len = columns.first().map_or(0, |column| column.len());
        let table = Table { columns: columns.to_vec(), len };
        let centre = Standard::centre(self.moments.means.clone());
        centre.score(&table, |block, out| self.form.add(block, out))
    }

    /// The C-step: the estimate of the `support` nearest rows, whose determinant is no larger
    /// (theorem 1).
    fn step(&self, columns: &[&[f64]], support: usize) -> Option<Self> {
        Self::of(columns, &nearest(&self.distances(columns), support))
    }

    /// C-steps, until the determinant falls no further.
    fn steps(self, columns: &[&[f64]], support: usize, most: usize) -> Self {
        let mut best = self;
        for _ in 0..most {
            match best.step(columns, support) {
                Some(next) if next.ln_determinant < best.ln_determinant => best = next,
                _ => break,
            }
        }
        best
    }
}

/// The `count` rows of least distance, of equal ones the first, in ascending order.
pub(super) fn nearest(distances: &[f64], count: usize) -> Vec<u32> {
    let mut sorted = distances.to_vec();
    let (below, &mut limit, _) = sorted.select_nth_unstable_by(count - 1, f64::total_cmp);
    let below = below.iter().filter(|distance| **distance < limit).count();
    let mut equal = count - below;
    let rows = distances.iter().enumerate().filter(|(_, distance)| {
        let take = **distance < limit || (**distance == limit && equal > 0);
        equal -= usize::from(take && **distance == limit);
        take
    });
    rows.map(|(row, _)| row as u32).collect()
}

/// The estimate from the `support` rows of least determinant that the search finds; columns are
/// standardised, so that a ridge means the same in all of them.
pub(super) fn fast_mcd(
    columns: &[&[f64]],
    support: usize,
    context: &FitContext<'_>,
) -> Result<Estimate, FitError> {
    let rows = columns[0].len();
    let share = support as f64 / rows as f64;
    let size = SUBSET.max(5 * (columns.len() + 1));
    let mut rng = Rng::for_part(context.seed, u64::MAX);
    let candidates = if rows <= 2 * size {
        let found = search(columns, support, STARTS, 0, context)?;
        best(converge(found, columns, support, MAX_STEPS), 1)
    } else {
        let subsets = SUBSETS.min(rows / size);
        let drawn = rng.sample(rows, subsets * size);
        let mut found = Vec::new();
        for (number, part) in drawn.chunks(size).enumerate() {
            let gathered = gather(columns, part);
            let gathered: Vec<&[f64]> = gathered.iter().map(Vec::as_slice).collect();
            let starts = STARTS / subsets;
            let part = search(&gathered, portion(size, share), starts, number as u64, context)?;
            found.extend(part);
            context.progress.step("subsets", number as u64 + 1, subsets as u64 + 1);
        }
        let merged = gather(columns, &drawn);
        let merged: Vec<&[f64]> = merged.iter().map(Vec::as_slice).collect();
        // Determinants of other subsets do not compare; after a C-step on the union they do.
        let support_merged = portion(drawn.len(), share);
        let found = found.into_par_iter().filter_map(|e| e.step(&merged, support_merged)).collect();
        best(converge(found, &merged, support_merged, 1), BEST)
    };
    if !context.progress.go_on() {
        return Err(FitError::Cancelled);
    }
    // From a part's scatter to that of as many of all rows, before determinants are compared.
    let found = candidates.into_iter().filter_map(|estimate| estimate.step(columns, support));
    let found = best(converge(found.collect(), columns, support, 1), 1);
    let one = found.into_iter().next();
    let one = one.ok_or_else(|| FitError::Diverged {
        reason: "no subset of rows has a scatter in range".to_owned(),
    })?;
    Ok(one.steps(columns, support, MAX_STEPS))
}

/// Rows of a part's support.
fn portion(rows: usize, share: f64) -> usize {
    ((rows as f64 * share).ceil() as usize).clamp(1, rows)
}

/// The best candidates of random starts, after two C-steps each.
fn search(
    columns: &[&[f64]],
    support: usize,
    starts: usize,
    part: u64,
    context: &FitContext<'_>,
) -> Result<Vec<Estimate>, FitError> {
    let rows = columns[0].len();
    let first = (columns.len() + 1).min(rows);
    let found: Option<Vec<Option<Estimate>>> = (0..starts as u64)
        .into_par_iter()
        .map(|start| {
            let mut rng = Rng::for_part(context.seed, part * STARTS as u64 + start);
            let mut drawn: Vec<u32> =
                rng.sample(rows, first).into_iter().map(|row| row as u32).collect();
            drawn.sort_unstable();
            let estimate = Estimate::of(columns, &drawn)
                // The first step takes it to `support` rows, where determinants compare.
                .and_then(|estimate| estimate.step(columns, support))
                .map(|estimate| estimate.steps(columns, support, 1));
            context.progress.go_on().then_some(estimate)
        })
        .collect();
    let found = found.ok_or(FitError::Cancelled)?;
    Ok(best(found.into_iter().flatten().collect(), BEST))
}

fn converge(
    found: Vec<Estimate>,
    columns: &[&[f64]],
    support: usize,
    most: usize,
) -> Vec<Estimate> {
    found.into_par_iter().map(|estimate| estimate.steps(columns, support, most)).collect()
}

/// The candidates of least determinant, of equal ones the first.
fn best(mut found: Vec<Estimate>, count: usize) -> Vec<Estimate> {
    found.sort_by(|a, b| a.ln_determinant.total_cmp(&b.ln_determinant));
    found.truncate(count);
    found
}

fn gather(columns: &[&[f64]], rows: &[usize]) -> Vec<Vec<f64>> {
    columns.iter().map(|column| rows.iter().map(|&row| column[row]).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_are_counted_with_ties() {
        assert_eq!(nearest(&[3.0, 1.0, 2.0, 2.0, 2.0, 0.5], 4), [1, 2, 3, 5]);
        assert_eq!(nearest(&[1.0; 3], 3), [0, 1, 2]);
    }
}
