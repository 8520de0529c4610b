//! Loda: rows in places where few rows lie, seen along random sparse directions.
//!
//! Source: Pevný 2016. Each direction has ⌊√d⌋ columns with normal weights and a histogram of the
//! rows learnt; the score is the mean negative logarithm of a row's bins (eq. 3). A place outside a
//! histogram is as an empty bin. Bins are counted by Birgé & Rozenholc 2006 unless `n_bins` says
//! otherwise. Directions follow the scale of columns: scale them first.

use rayon::prelude::*;
use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input, Link,
    LoadError, MissingPolicy, ParamSpec, ParamValue, Params, Range, Register, Rng, Schema,
    ScoreError, Shape, State, StateError, Supervision, math,
};

use crate::table::{Table, load_numeric_schema, numeric_schema};

/// Larger values count as this, so that projections with their ranges are numbers.
const LARGEST: f64 = 1e150;

/// Rows in an empty bin, as in PyOD.
const EMPTY: f64 = 1e-12;

/// Most rows by which the number of bins is chosen.
const CHOOSING: usize = 16_384;

/// Most bins.
const MAX_BINS: i64 = 10_000;

/// Rows that one thread scores at a time.
const PART: usize = 256;

/// The card of Loda.
pub static CARD: Card = Card {
    id: "loda",
    name: "Loda",
    family: Family::Density,
    summary: "Rows in places where few rows lie along random sparse directions.",
    source: "Pevný 2016; Birgé & Rozenholc 2006",
    cost: "fit O(k·n·√d) for k directions, score O(k·√d) a row; memory O(n + k·bins)",
    shape: Shape::Rows,
    input: Input::Scaled,
    supervision: Supervision::Benign,
    missing: MissingPolicy::Reject,
    abilities: Abilities {
        multiclass: false,
        weights: false,
        explain: false,
        importance: false,
        online: false,
        outliers: false,
        early_stopping: false,
    },
    params: PARAMS,
    exemptions: &[],
    build: |params, _| Ok(Box::new(Loda { params: params.clone() })),
    load: |state, register| load(state, register),
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "n_random_cuts",
        doc: "Number of directions.",
        default: ParamValue::Int(100),
        range: Range::Int { min: 1, max: 100_000, log: true },
        search: Some(Range::Int { min: 50, max: 500, log: true }),
    },
    ParamSpec {
        name: "n_bins",
        doc: "Bins of each histogram; 0 chooses for each direction.",
        default: ParamValue::Int(0),
        range: Range::Int { min: 0, max: MAX_BINS, log: false },
        search: Some(Range::Int { min: 5, max: 100, log: true }),
    },
];

struct Loda {
    params: Params,
}

/// A direction with its histogram.
#[derive(Debug, Clone, PartialEq)]
struct Cut {
    columns: Vec<u32>,
    weights: Vec<f64>,
    low: f64,
    high: f64,
    /// The negative logarithm of each bin's share; the last entry is that of no bin.
    surprise: Vec<f64>,
}

struct Fitted {
    schema: Schema,
    cuts: Vec<Cut>,
}

/// The bin of a place; none outside of the range.
fn bin(place: f64, low: f64, high: f64, bins: usize) -> Option<usize> {
    if !(low..=high).contains(&place) {
        return None;
    }
    let share = if high > low { (place - low) / (high - low) } else { 0.0 };
    Some(((share * bins as f64) as usize).min(bins - 1))
}

/// Rows in each bin.
fn histogram(places: impl Iterator<Item = f64>, low: f64, high: f64, bins: usize) -> Vec<u64> {
    let mut counts = vec![0; bins];
    for at in places.filter_map(|place| bin(place, low, high, bins)) {
        counts[at] += 1;
    }
    counts
}

/// The number of equal bins with the largest penalised likelihood, below √n (Birgé & Rozenholc
/// 2006, eq. 1.2).
fn best_bins(places: &[f64], low: f64, high: f64) -> usize {
    let step = places.len().div_ceil(CHOOSING);
    let count = places.len().div_ceil(step);
    let most = ((count as f64).sqrt() as usize).max(2);
    let (mut best, mut largest) = (1, f64::NEG_INFINITY);
    for bins in 1..most {
        let counts = histogram(places.iter().step_by(step).copied(), low, high, bins);
        let likelihood: f64 = counts
            .iter()
            .filter(|&&rows| rows > 0)
            .map(|&rows| rows as f64 * math::ln(bins as f64 * rows as f64 / count as f64))
            .sum();
        let penalty = (bins - 1) as f64 + math::pow(math::ln(bins as f64), 2.5);
        if likelihood - penalty > largest {
            (best, largest) = (bins, likelihood - penalty);
        }
    }
    best
}

impl Cut {
    fn draw(width: usize, rng: &mut Rng) -> Self {
        let used = ((width as f64).sqrt() as usize).max(1);
        let mut columns = rng.sample(width, used);
        columns.sort_unstable();
        let weights = columns.iter().map(|_| rng.normal()).collect();
        let columns = columns.into_iter().map(|column| column as u32).collect();
        Self { columns, weights, low: 0.0, high: 0.0, surprise: Vec::new() }
    }

    /// The places of rows from `start` on.
    fn places(&self, table: &Table<'_>, start: usize, out: &mut [f64]) {
        out.fill(0.0);
        for (&column, weight) in self.columns.iter().zip(&self.weights) {
            let values = &table.columns[column as usize][start..];
            for (place, value) in out.iter_mut().zip(values) {
                *place += weight * value.clamp(-LARGEST, LARGEST);
            }
        }
    }

    fn learn(&mut self, table: &Table<'_>, bins: usize) {
        let mut places = vec![0.0; table.len];
        self.places(table, 0, &mut places);
        self.low = places.iter().copied().fold(f64::INFINITY, f64::min);
        self.high = places.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let bins = if bins == 0 { best_bins(&places, self.low, self.high) } else { bins };
        let counts = histogram(places.into_iter(), self.low, self.high, bins);
        let total = table.len as f64 + bins as f64 * EMPTY;
        let surprise = |rows: f64| -math::ln((rows + EMPTY) / total);
        self.surprise = counts.iter().map(|&rows| surprise(rows as f64)).collect();
        self.surprise.push(surprise(0.0));
    }

    fn surprise(&self, place: f64) -> f64 {
        let bins = self.surprise.len() - 1;
        self.surprise[bin(place, self.low, self.high, bins).unwrap_or(bins)]
    }
}

impl Estimator for Loda {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let rows = frame.rows()?;
        let schema = numeric_schema(rows)?;
        if rows.is_empty() {
            return Err(FitError::TooFewRows { needed: 1, got: 0 });
        }
        let table = Table::new::<FitError>(&schema, rows)?;
        let total = self.params.count("n_random_cuts");
        let bins = self.params.count("n_bins");
        let cuts: Option<Vec<Cut>> = (0..total as u64)
            .into_par_iter()
            .map(|number| {
                let mut cut = Cut::draw(schema.len(), &mut Rng::for_part(context.seed, number));
                context.progress.go_on().then(|| {
                    cut.learn(&table, bins);
                    cut
                })
            })
            .collect();
        let cuts = cuts.ok_or(FitError::Cancelled)?;
        context.progress.step("directions", total as u64, total as u64);
        Ok(Box::new(Fitted { schema, cuts }))
    }
}

impl Detector for Fitted {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let table = Table::new::<ScoreError>(&self.schema, frame.rows()?)?;
        let mut scores = vec![0.0; table.len];
        scores.par_chunks_mut(PART).enumerate().for_each(|(part, scores)| {
            let mut places = vec![0.0; scores.len()];
            for cut in &self.cuts {
                cut.places(&table, part * PART, &mut places);
                for (score, &place) in scores.iter_mut().zip(&places) {
                    *score += cut.surprise(place);
                }
            }
            scores.iter_mut().for_each(|score| *score /= self.cuts.len() as f64);
        });
        Ok(scores)
    }

    fn link(&self) -> Link {
        Link::Rank
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        let cuts = self.cuts.iter().map(|cut| {
            let mut state = State::new();
            state.put_u32s("columns", cut.columns.clone());
            state.put_f64s("weights", cut.weights.clone());
            state.put_f64s("range", vec![cut.low, cut.high]);
            state.put_f64s("surprise", cut.surprise.clone());
            state
        });
        state.put_states("cuts", cuts.collect());
        state
    }
}

fn load(state: &State, _: &Register) -> Result<Box<dyn Detector>, LoadError> {
    let schema = load_numeric_schema(state)?;
    let bounded = |numbers: &[f64]| numbers.iter().all(|number| number.abs() <= 1e152);
    let load = |state: &State| -> Result<Cut, StateError> {
        let (columns, weights) = (state.u32s("columns")?, state.f64s("weights")?);
        let known = columns.iter().all(|&column| (column as usize) < schema.len());
        if columns.len() != weights.len() || !known || !bounded(weights) {
            return Err(StateError::invalid("columns", "columns with a weight each"));
        }
        let &[low, high] = state.f64s("range")? else {
            return Err(StateError::invalid("range", "two numbers"));
        };
        if !bounded(&[low, high]) || low > high {
            return Err(StateError::invalid("range", "rising numbers"));
        }
        let surprise = state.f64s("surprise")?;
        if surprise.len() < 2 || !surprise.iter().all(|value| value.abs() < 1e6) {
            return Err(StateError::invalid("surprise", "a number for each bin, one for none"));
        }
        let (columns, weights) = (columns.to_vec(), weights.to_vec());
        Ok(Cut { columns, weights, low, high, surprise: surprise.to_vec() })
    };
    let cuts = state.states("cuts")?.iter().map(load).collect::<Result<Vec<_>, _>>()?;
    if cuts.is_empty() {
        return Err(StateError::invalid("cuts", "at least one").into());
    }
    Ok(Box::new(Fitted { schema, cuts }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_those_of_their_edges() {
        assert_eq!(bin(0.0, 0.0, 4.0, 4), Some(0));
        assert_eq!(bin(1.0, 0.0, 4.0, 4), Some(1));
        assert_eq!(bin(4.0, 0.0, 4.0, 4), Some(3), "the last edge belongs to the last bin");
        assert_eq!([bin(-0.1, 0.0, 4.0, 4), bin(4.1, 0.0, 4.0, 4)], [None; 2]);
        assert_eq!(bin(2.0, 2.0, 2.0, 3), Some(0));
    }
}
