//! KernelSHAP: Shapley values of any detector's output, from its scores alone.
//!
//! Source: Lundberg & Lee 2017, section 4.1. Columns that are absent take the values of background
//! rows. Few players are enumerated, which is exact (Shapley 1953); of many so many coalitions are
//! taken as the budget has room for, and the values solve a weighted least squares problem whose sum
//! is fixed. The same background, seed and row give the same values, whatever rows stand beside it.

use rayon::prelude::*;
use tripline_core::{Attributions, ExplainError, Link, Rows, ScoreError};

use super::coalitions::{every, weighted};
use super::compose::Composer;
use super::values::{shapley, solve};

/// How much work is put into an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelOptions {
    /// Background rows that stand for absent columns: the first of those given.
    pub background_rows: usize,
    /// Rows scored for one row explained by draws: coalitions times background rows. A detector
    /// that scores a row in 4 µs explains one in 80 ms.
    pub evaluations: usize,
    /// Up to so many varying players every coalition is taken: 2^players; at most 16.
    pub exact_players: usize,
    /// The only source of randomness.
    pub seed: u64,
}

impl Default for KernelOptions {
    fn default() -> Self {
        Self { background_rows: 25, evaluations: 20_000, exact_players: 11, seed: 0 }
    }
}

/// What effects are told of: groups of columns that are present or absent together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Players {
    columns: Vec<String>,
    names: Vec<String>,
    /// For each column its player.
    of: Vec<usize>,
}

impl Players {
    /// Each column by itself.
    pub fn each<'a>(columns: impl IntoIterator<Item = &'a str>) -> Self {
        let columns: Vec<String> = columns.into_iter().map(str::to_owned).collect();
        Self { names: columns.clone(), of: (0..columns.len()).collect(), columns }
    }

    /// Groups of columns with their names.
    pub fn groups(groups: Vec<(String, Vec<String>)>) -> Self {
        let mut players = Self { columns: Vec::new(), names: Vec::new(), of: Vec::new() };
        for (number, (name, columns)) in groups.into_iter().enumerate() {
            players.of.extend(std::iter::repeat_n(number, columns.len()));
            players.columns.extend(columns);
            players.names.push(name);
        }
        players
    }
}

/// Attributions with how they were found.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelExplanation {
    /// One value for each player.
    pub attributions: Attributions,
    /// The standard error of each value by half of the difference between the two halves of the
    /// draws, n × players; 0 where every coalition was taken.
    pub standard_errors: Vec<f64>,
    /// The most coalitions that a row took.
    pub coalitions: usize,
    /// Background rows used.
    pub background_rows: usize,
    /// Whether every coalition was taken for every row.
    pub exact: bool,
}

impl KernelExplanation {
    /// The largest standard error of any value; 0 where every coalition was taken.
    pub fn largest_error(&self) -> f64 {
        self.standard_errors.iter().fold(0.0_f64, |largest, error| largest.max(*error))
    }
}

/// What one row's values are.
struct RowValues {
    values: Vec<f64>,
    errors: Vec<f64>,
    output: f64,
    coalitions: usize,
    exact: bool,
}

/// Explains the outputs that `score` gives to rows with the columns of `players`, in the unit
/// `link`. `score` is told many rows at once and must score each by itself.
pub fn kernel_shap(
    score: &(dyn Fn(&Rows) -> Result<Vec<f64>, ScoreError> + Sync),
    link: Link,
    rows: &Rows,
    background: &Rows,
    players: &Players,
    options: &KernelOptions,
) -> Result<KernelExplanation, ExplainError> {
    if background.is_empty() {
        return Err(ExplainError::EmptyBackground);
    }
    let depth = background.len().min(options.background_rows.max(1));
    let background = background.select(&(0..depth).collect::<Vec<_>>());
    let composer = Composer::new(&players.columns, rows, &background)?;
    let game = Game { score, composer, players, options, base: mean(&score(&background)?) };
    let found: Vec<RowValues> =
        (0..rows.len()).into_par_iter().map(|row| game.row(row)).collect::<Result<_, _>>()?;
    let width = players.names.len();
    let mut explanation = KernelExplanation {
        attributions: Attributions {
            features: players.names.clone(),
            base: game.base,
            values: Vec::with_capacity(rows.len() * width),
            outputs: Vec::with_capacity(rows.len()),
            link,
        },
        standard_errors: Vec::with_capacity(rows.len() * width),
        coalitions: 0,
        background_rows: depth,
        exact: true,
    };
    for (row, found) in found.into_iter().enumerate() {
        if !found.values.iter().all(|value| value.is_finite()) {
            return Err(ExplainError::NotAdditive { row });
        }
        explanation.attributions.values.extend(found.values);
        explanation.attributions.outputs.push(found.output);
        explanation.standard_errors.extend(found.errors);
        explanation.coalitions = explanation.coalitions.max(found.coalitions);
        explanation.exact &= found.exact;
    }
    Ok(explanation)
}

/// The game that players play for a row's output.
struct Game<'a> {
    score: &'a (dyn Fn(&Rows) -> Result<Vec<f64>, ScoreError> + Sync),
    composer: Composer,
    players: &'a Players,
    options: &'a KernelOptions,
    base: f64,
}

impl Game<'_> {
    fn row(&self, row: usize) -> Result<RowValues, ExplainError> {
        let width = self.players.names.len();
        // Players whose cells equal those of every background row change nothing.
        let mut varies = vec![false; width];
        for (column, &player) in self.players.of.iter().enumerate() {
            varies[player] |= self.composer.varies(row, column);
        }
        let varying: Vec<usize> = (0..width).filter(|&player| varies[player]).collect();
        let all = self.composer.compose(row, 1, |_, _| true)?;
        let output = (self.score)(&all.select(&[0]))?.first().copied().unwrap_or(self.base);
        let gain = output - self.base;
        let mut found = RowValues {
            values: vec![0.0; width],
            errors: vec![0.0; width],
            output,
            coalitions: 0,
            exact: true,
        };
        match varying[..] {
            [] => {}
            [only] => found.values[only] = gain,
            _ if varying.len() <= self.options.exact_players.min(16) => {
                let gains = self.gains(row, &varying, &every(varying.len()))?;
                found.coalitions = gains.len();
                for (player, value) in varying.iter().zip(shapley(&gains, gain, varying.len())) {
                    found.values[*player] = value;
                }
            }
            _ => {
                let count =
                    (self.options.evaluations / self.composer.depth).max(2 * varying.len() + 64);
                let coalitions = weighted(varying.len(), count, self.options.seed);
                let gains = self.gains(row, &varying, &coalitions.present)?;
                found.coalitions = gains.len();
                found.exact = !coalitions.are_drawn();
                let values = solve(&coalitions, &coalitions.weights, &gains, gain, varying.len());
                for (player, value) in varying.iter().zip(values) {
                    found.values[*player] = value;
                }
                if coalitions.are_drawn() {
                    let half = |half: u8| {
                        let weights = coalitions.half_weights(half);
                        solve(&coalitions, &weights, &gains, gain, varying.len())
                    };
                    for ((player, a), b) in varying.iter().zip(half(0)).zip(half(1)) {
                        found.errors[*player] = (a - b).abs() / 2.0;
                    }
                }
            }
        }
        Ok(found)
    }

    /// What each coalition of varying players gains above the base.
    fn gains(
        &self,
        row: usize,
        varying: &[usize],
        present: &[bool],
    ) -> Result<Vec<f64>, ExplainError> {
        let width = varying.len();
        let count = present.len() / width;
        let mut place = vec![None; self.players.names.len()];
        varying.iter().enumerate().for_each(|(at, &player)| place[player] = Some(at));
        let present = |coalition: usize, column: usize| {
            place[self.players.of[column]].is_some_and(|at| present[coalition * width + at])
        };
        let rows = self.composer.compose(row, count, present)?;
        let scores = (self.score)(&rows)?;
        Ok(scores.chunks_exact(self.composer.depth).map(|part| mean(part) - self.base).collect())
    }
}

/// Divided first, so that a mean of huge scores stays finite.
fn mean(scores: &[f64]) -> f64 {
    let count = scores.len() as f64;
    scores.iter().map(|score| score / count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// f = 2a + b c − d over columns a to d, with a fifth that does nothing.
    fn product(rows: &Rows) -> Result<Vec<f64>, ScoreError> {
        let column = |name: &str| match rows.column(name) {
            Some(tripline_core::Column::Numeric(values)) => values.clone(),
            _ => panic!("no column {name}"),
        };
        let [a, b, c, d] = ["a", "b", "c", "d"].map(column);
        Ok((0..rows.len()).map(|i| 2.0 * a[i] + b[i] * c[i] - d[i]).collect())
    }

    const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

    fn explained(options: &KernelOptions) -> KernelExplanation {
        let rows = Rows::from_matrix(&NAMES, &[vec![1.0, 2.0, 3.0, 4.0, 5.0]]).unwrap();
        let background = Rows::from_matrix(&NAMES, &[vec![0.0; 5], vec![0.0; 5]]).unwrap();
        let players = Players::each(NAMES);
        kernel_shap(&product, Link::Rank, &rows, &background, &players, options).unwrap()
    }

    #[test]
    fn few_players_get_their_shapley_values() {
        // By hand: a product over a background of zeros is shared evenly by its two factors.
        let found = explained(&KernelOptions::default());
        for (value, by_hand) in found.attributions.values.iter().zip([2.0, 3.0, 3.0, -4.0, 0.0]) {
            assert!((value - by_hand).abs() < 1e-12, "{:?}", found.attributions.values);
        }
        assert!(found.exact && found.largest_error() == 0.0);
        assert_eq!(found.coalitions, 30);
    }

    #[test]
    fn the_regression_over_all_coalitions_is_exact_too() {
        let options = KernelOptions { exact_players: 1, ..KernelOptions::default() };
        let found = explained(&options);
        assert!(found.exact);
        for (value, by_hand) in found.attributions.values.iter().zip([2.0, 3.0, 3.0, -4.0, 0.0]) {
            assert!((value - by_hand).abs() < 1e-9, "{:?}", found.attributions.values);
        }
    }

    #[test]
    fn a_group_is_present_as_a_whole() {
        let rows = Rows::from_matrix(&NAMES, &[vec![1.0, 2.0, 3.0, 4.0, 5.0]]).unwrap();
        let background = Rows::from_matrix(&NAMES, &[vec![0.0; 5]]).unwrap();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let players = Players::groups(vec![
            ("product".to_owned(), names(&["b", "c"])),
            ("rest".to_owned(), names(&["a", "d", "e"])),
        ]);
        let options = KernelOptions::default();
        let found =
            kernel_shap(&product, Link::Rank, &rows, &background, &players, &options).unwrap();
        assert_eq!(found.attributions.values, [6.0, -2.0]);
    }
}
