//! A histogram of one column with bins of one width.

use tripline_core::math;
use tripline_core::{State, StateError};

use super::additive::ColumnScore;
use super::bins::{BLOCK, Places};
use super::edges::{best_bins, edges};
use crate::table::{finite, not_finite};

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
    /// their number. None if a value is not finite, or the values' range is no finite number.
    pub(super) fn fit(column: &[f64], bins: usize, alpha: f64, tol: f64) -> Option<(Self, f64)> {
        let (least, largest) = range(column)?;
        let edges = if bins == 0 {
            let mut sorted = column.to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            edges(least, largest, best_bins(&sorted)?)?
        } else {
            edges(least, largest, bins)?
        };
        let (counts, on_edge) = counts(column, &edges);
        let rows = column.len() as f64;
        let score = |(&count, width): (&u32, f64)| {
            let density = (f64::from(count) / width / rows).min(f64::MAX);
            -math::log2(density + alpha)
        };
        let widths = edges.windows(2).map(|pair| pair[1] - pair[0]);
        let scores: Vec<f64> = counts.iter().zip(widths).map(score).collect();
        // A value on an edge is counted for the bin above, scored by that below.
        let mean = scores.iter().enumerate().map(|(bin, score)| {
            let scored = counts[bin] - on_edge[bin] + on_edge[bin + 1];
            f64::from(scored) / rows * score
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

    /// Adds the scores of values one by one; false if one is not finite.
    fn add_each(&self, values: &[f64], scores: &mut [f64]) -> bool {
        let bins = self.scores.len();
        let (first, last) = (self.edges[0], self.edges[bins]);
        let rate = bins as f64 / (last - first);
        let mut finite = true;
        for (score, &value) in scores.iter_mut().zip(values) {
            finite &= value.is_finite();
            *score += if value <= first || value > last {
                self.outside(value)
            } else {
                let near = (((value - first) * rate) as usize).min(bins - 1);
                self.scores[self.bin_with_upper_edge(value, near)]
            };
        }
        finite
    }

    /// The bin of a value within, which has its upper edge, not its lower one.
    fn bin_with_upper_edge(&self, value: f64, near: usize) -> usize {
        let mut bin = near;
        while bin > 0 && value <= self.edges[bin] {
            bin -= 1;
        }
        while bin + 1 < self.scores.len() && value > self.edges[bin + 1] {
            bin += 1;
        }
        bin
    }
}

impl ColumnScore for Histogram {
    const LEAST_BLOCK: usize = 4096;
    const MOST_BLOCK: usize = 4096;

    fn add(&self, values: &[f64], scores: &mut [f64]) -> bool {
        let Some(places) = &self.places else { return self.add_each(values, scores) };
        let (blocks, rest) = values.as_chunks::<BLOCK>();
        let (score_blocks, score_rest) = scores.as_chunks_mut::<BLOCK>();
        let mut finite = true;
        let mut bins = [0; BLOCK];
        for (values, scores) in blocks.iter().zip(score_blocks) {
            if !places.within(values) {
                finite &= self.add_each(values, scores);
                continue;
            }
            if !places.find(values, &mut bins) {
                for (bin, &value) in bins.iter_mut().zip(values) {
                    *bin = self.bin_with_upper_edge(value, *bin as usize) as u32;
                }
            }
            for at in 0..BLOCK {
                scores[at] += self.scores[bins[at] as usize];
            }
        }
        finite & self.add_each(rest, score_rest)
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

/// Values of each bin, which has its lower edge, the last one both; values on the lower edge of each
/// bin but the first, with a 0 after the last.
fn counts(column: &[f64], edges: &[f64]) -> (Vec<u32>, Vec<u32>) {
    /// Counts beside each other: values of one bin that follow each other do not wait for its count.
    const APART: usize = 4;
    let bins = edges.len() - 1;
    let mut counts = vec![[0; APART]; bins];
    let mut on_edge = vec![0; bins + 1];
    let mut count_near = |value: f64, near: usize, counts: &mut [[u32; APART]]| {
        let mut bin = near.min(bins - 1);
        while bin > 0 && value < edges[bin] {
            bin -= 1;
        }
        while bin + 1 < bins && value >= edges[bin + 1] {
            bin += 1;
        }
        counts[bin][0] += 1;
        on_edge[bin] += u32::from(value == edges[bin]);
    };
    let mut rest = column;
    if let Some(places) = Places::new(edges) {
        let blocks;
        (blocks, rest) = column.as_chunks::<BLOCK>();
        let mut found = [0; BLOCK];
        for values in blocks {
            if places.find(values, &mut found) {
                for at in 0..BLOCK {
                    counts[found[at] as usize][at % APART] += 1;
                }
            } else {
                for (&value, &bin) in values.iter().zip(&found) {
                    count_near(value, bin as usize, &mut counts);
                }
            }
        }
    }
    let rate = bins as f64 / (edges[bins] - edges[0]);
    for &value in rest {
        count_near(value, ((value - edges[0]) * rate) as usize, &mut counts);
    }
    on_edge[0] = 0;
    (counts.iter().map(|apart| apart.iter().sum()).collect(), on_edge)
}

/// The least with the largest value, if all are finite; lanes beside each other do not wait for each
/// comparison.
fn range(column: &[f64]) -> Option<(f64, f64)> {
    const LANES: usize = 8;
    let (mut least, mut largest) = ([column[0]; LANES], [column[0]; LANES]);
    let mut no_number = [0; LANES];
    let (lanes, rest) = column.as_chunks::<LANES>();
    for values in lanes {
        for lane in 0..LANES {
            let x = values[lane];
            least[lane] = if x < least[lane] { x } else { least[lane] };
            largest[lane] = if x > largest[lane] { x } else { largest[lane] };
            no_number[lane] |= not_finite(x);
        }
    }
    if no_number != [0; LANES] || rest.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let least = least.iter().chain(rest).fold(f64::INFINITY, |a, &b| a.min(b));
    let largest = largest.iter().chain(rest).fold(f64::NEG_INFINITY, |a, &b| a.max(b));
    Some((least, largest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn blocks_count_and_score_as_values_one_by_one_do(
            (first, width) in prop_oneof![
                Just((0.0, 1.0)), Just((0.0, 0.1)), Just((-3.0, 0.7)), Just((1e9, 1e-6)),
            ],
            bins in 1_usize..80,
            steps in proptest::collection::vec((0_u8..160, any::<bool>()), 1..100),
        ) {
            // Many lie on an edge.
            let value = |&(step, amid): &(u8, bool)| {
                first + (f64::from(step) / 2.0 + if amid { 0.1 } else { 0.0 }) * width
            };
            let column: Vec<f64> = steps.iter().map(value).collect();
            let (histogram, mean) = Histogram::fit(&column, bins, 0.1, 0.5).unwrap();
            let edges = &histogram.edges;
            let (counts, on_edge) = counts(&column, edges);
            for bin in 0..bins {
                let last = bin + 1 == bins;
                let inside = |x: &f64| *x >= edges[bin] && (last || *x < edges[bin + 1]);
                prop_assert_eq!(counts[bin] as usize, column.iter().filter(|x| inside(x)).count());
                let there = if bin == 0 { 0 } else { column.iter().filter(|x| **x == edges[bin]).count() };
                prop_assert_eq!(on_edge[bin] as usize, there);
            }
            let mut probe = column.clone();
            probe.extend(edges.iter().flat_map(|x| [*x, x.next_up(), x.next_down(), x + width]));
            let (mut together, mut single) = (vec![0.25; probe.len()], vec![0.25; probe.len()]);
            prop_assert!(histogram.add(&probe, &mut together));
            prop_assert!(histogram.add_each(&probe, &mut single));
            prop_assert_eq!(&together, &single);
            let own: f64 = single[..column.len()].iter().map(|score| score - 0.25).sum();
            prop_assert!((own / column.len() as f64 - mean).abs() < 1e-12);
        }
    }

    #[test]
    fn a_value_that_is_not_finite_is_told_wherever_it_stands() {
        let column: Vec<f64> = (0..40).map(f64::from).collect();
        let (histogram, _) = Histogram::fit(&column, 10, 0.1, 0.5).unwrap();
        for hole in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for at in 0..column.len() {
                let mut column = column.clone();
                column[at] = hole;
                assert!(Histogram::fit(&column, 10, 0.1, 0.5).is_none());
                assert!(!histogram.add(&column, &mut [0.0; 40]));
            }
        }
    }
}
