//! A histogram of one column with bins of one width.

use tripline_core::math;
use tripline_core::{State, StateError};

use super::additive::ColumnScore;
use super::bins::{BLOCK, Places};
use crate::table::finite;

/// Bins of one column with their scores.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    /// One more than bins, ascending.
    edges: Vec<f64>,
    /// −log2(density + alpha) of each bin.
    scores: Vec<f64>,
    /// The highest score, for values far outside.
    sparsest: f64,
    /// Distance outside, in bin widths, that still counts for the outermost bin.
    tol: f64,
    places: Option<Places>,
}

impl Histogram {
    /// From the values of a column, at least one, with the mean score of the rows; 0 bins choose
    /// their number. None if the values' range is no finite number.
    pub(super) fn fit(column: &[f64], bins: usize, alpha: f64, tol: f64) -> Option<(Self, f64)> {
        let (least, largest) = range(column);
        let edges = if bins == 0 {
            let mut sorted = column.to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            edges(least, largest, best_bins(&sorted)?)?
        } else {
            edges(least, largest, bins)?
        };
        let (counts, on_edge) = counts(column, &edges);
        let rows = column.len() as f64;
        let score = |(&count, width): (&u64, f64)| {
            let density = (count as f64 / width / rows).min(f64::MAX);
            -math::log2(density + alpha)
        };
        let widths = edges.windows(2).map(|pair| pair[1] - pair[0]);
        let scores: Vec<f64> = counts.iter().zip(widths).map(score).collect();
        // A value on an edge is counted for the bin above, scored by that below.
        let mean = scores.iter().enumerate().map(|(bin, score)| {
            let scored = counts[bin] - on_edge[bin] + on_edge[bin + 1];
            scored as f64 / rows * score
        });
        let mean = mean.sum();
        let histogram = Self::new(edges, scores, tol);
        Some((histogram, mean))
    }

    fn new(edges: Vec<f64>, scores: Vec<f64>, tol: f64) -> Self {
        let sparsest = scores.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        Self { places: Places::new(&edges), edges, scores, sparsest, tol }
    }
}

impl Histogram {
    /// What a value adds that lies outside: at most the first edge or above the last.
    fn outside(&self, value: f64) -> f64 {
        let bins = self.scores.len();
        let (first, last) = (self.edges[0], self.edges[bins]);
        let (distance, width, score) = if value <= first {
            (first - value, self.edges[1] - first, self.scores[0])
        } else {
            (value - last, last - self.edges[bins - 1], self.scores[bins - 1])
        };
        if distance <= width * self.tol { score } else { self.sparsest }
    }

    /// Adds the scores of values one by one.
    fn add_each(&self, values: &[f64], scores: &mut [f64]) {
        let bins = self.scores.len();
        let (first, last) = (self.edges[0], self.edges[bins]);
        let rate = bins as f64 / (last - first);
        for (score, &value) in scores.iter_mut().zip(values) {
            *score += if value <= first || value > last {
                self.outside(value)
            } else {
                // A bin has its upper edge, not its lower one.
                let mut bin = (((value - first) * rate) as usize).min(bins - 1);
                while bin > 0 && value <= self.edges[bin] {
                    bin -= 1;
                }
                while bin + 1 < bins && value > self.edges[bin + 1] {
                    bin += 1;
                }
                self.scores[bin]
            };
        }
    }
}

impl ColumnScore for Histogram {
    fn add(&self, values: &[f64], scores: &mut [f64]) {
        let Some(places) = &self.places else { return self.add_each(values, scores) };
        let (blocks, rest) = values.as_chunks::<BLOCK>();
        let (score_blocks, score_rest) = scores.as_chunks_mut::<BLOCK>();
        for (values, scores) in blocks.iter().zip(score_blocks) {
            match places.bins(values) {
                Some(bins) => {
                    scores.iter_mut().zip(bins).for_each(|(score, bin)| *score += self.scores[bin]);
                }
                None => self.add_each(values, scores),
            }
        }
        self.add_each(rest, score_rest);
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_f64s("edges", self.edges.clone());
        state.put_f64s("scores", self.scores.clone());
        state.put_f64("tol", self.tol);
        state
    }

    fn load(state: &State) -> Result<Self, StateError> {
        let edges = state.f64s("edges")?;
        if edges.len() < 2
            || !edges.iter().all(|x| x.is_finite())
            || !edges.is_sorted_by(|a, b| a < b)
            || !(edges[edges.len() - 1] - edges[0]).is_finite()
        {
            return Err(StateError::invalid("edges", "two finite numbers at least, ascending"));
        }
        let scores = finite(state, "scores", edges.len() - 1)?;
        // Logarithms of densities; sums of larger ones would not stay finite.
        if scores.iter().any(|score| score.abs() > 1e6) {
            return Err(StateError::invalid("scores", "at most a million"));
        }
        let tol = state.f64("tol")?;
        if !(0.0..=1.0).contains(&tol) {
            return Err(StateError::invalid("tol", "in the card's range"));
        }
        Ok(Self::new(edges.to_vec(), scores, tol))
    }
}

/// Edges of bins of one width, as numpy has them; a range too narrow for that many is widened.
fn edges(least: f64, largest: f64, bins: usize) -> Option<Vec<f64>> {
    let spread = |least: f64, largest: f64| -> Option<Vec<f64>> {
        let step = (largest - least) / bins as f64;
        let mut edges: Vec<f64> = (0..=bins).map(|k| k as f64 * step + least).collect();
        edges[bins] = largest;
        let ascend = edges.is_sorted_by(|a, b| a < b);
        (ascend && (largest - least).is_finite()).then_some(edges)
    };
    if least < largest {
        if !(largest - least).is_finite() {
            return None;
        }
        if let Some(edges) = spread(least, largest) {
            return Some(edges);
        }
    }
    // One value: numpy goes half a unit to both sides; far from 0 that must be more to be seen.
    let half = 0.5_f64.max(1e-9 * least.abs().max(largest.abs()));
    spread(least - half, largest + half)
}

/// Values of each bin, which has its lower edge, the last one both; values on the lower edge of each
/// bin but the first, with a 0 after the last.
fn counts(column: &[f64], edges: &[f64]) -> (Vec<u64>, Vec<u64>) {
    /// Counts beside each other: values of one bin that follow each other do not wait for its count.
    const APART: usize = 4;
    let bins = edges.len() - 1;
    let mut counts = vec![[0; APART]; bins];
    let mut on_edge = vec![0; bins + 1];
    let rate = bins as f64 / (edges[bins] - edges[0]);
    let mut count_each = |values: &[f64], counts: &mut [[u64; APART]]| {
        for &value in values {
            let mut bin = (((value - edges[0]) * rate) as usize).min(bins - 1);
            while bin > 0 && value < edges[bin] {
                bin -= 1;
            }
            while bin + 1 < bins && value >= edges[bin + 1] {
                bin += 1;
            }
            counts[bin][0] += 1;
            on_edge[bin] += u64::from(value == edges[bin]);
        }
    };
    let places = Places::new(edges);
    let (blocks, rest) = column.as_chunks::<BLOCK>();
    for values in blocks {
        match places.as_ref().and_then(|places| places.bins(values)) {
            Some(found) => {
                for (at, bin) in found.into_iter().enumerate() {
                    counts[bin][at % APART] += 1;
                }
            }
            None => count_each(values, &mut counts),
        }
    }
    count_each(rest, &mut counts);
    on_edge[0] = 0;
    (counts.iter().map(|apart| apart.iter().sum()).collect(), on_edge)
}

/// The least with the largest value; lanes beside each other do not wait for each comparison.
fn range(column: &[f64]) -> (f64, f64) {
    const LANES: usize = 8;
    let (mut least, mut largest) = ([column[0]; LANES], [column[0]; LANES]);
    let (lanes, rest) = column.as_chunks::<LANES>();
    for values in lanes {
        for lane in 0..LANES {
            let x = values[lane];
            least[lane] = if x < least[lane] { x } else { least[lane] };
            largest[lane] = if x > largest[lane] { x } else { largest[lane] };
        }
    }
    let least = least.iter().chain(rest).fold(f64::INFINITY, |a, &b| a.min(b));
    let largest = largest.iter().chain(rest).fold(f64::NEG_INFINITY, |a, &b| a.max(b));
    (least, largest)
}

/// The number of bins of largest penalised likelihood (Birgé & Rozenholc 2006), as PyOD computes
/// it: below √n, and the penalty counts once for each bin. The values are sorted.
fn best_bins(sorted: &[f64]) -> Option<usize> {
    let rows = sorted.len() as f64;
    let bound = (rows.sqrt() as usize).max(2);
    let (mut best, mut highest) = (1, f64::NEG_INFINITY);
    for bins in 1..bound {
        let edges = edges(sorted[0], sorted[sorted.len() - 1], bins)?;
        let penalty = bins as f64 - 1.0 + math::pow(math::ln(bins as f64), 2.5);
        let mut likelihood = 0.0;
        let mut start = 0;
        for upper in &edges[1..] {
            let rest = &sorted[start..];
            let count = if *upper == edges[bins] {
                rest.len()
            } else {
                rest.partition_point(|value| value < upper)
            };
            start += count;
            let count = count as f64;
            likelihood += count * math::ln(bins as f64 * count / rows + 1.0) - penalty;
        }
        if likelihood > highest {
            (best, highest) = (bins, likelihood);
        }
    }
    Some(best)
}
