//! The sum of distances from eigenvectors, by which PyOD scores.

use tripline_core::{
    Card, Detector, Frame, Link, LoadError, Schema, ScoreError, State, StateError,
};

use super::pca::CARD;
use super::standard::Standard;
use crate::table::{Table, finite, load_numeric_schema};

/// Rows whose distances are summed at a time.
const LANES: usize = 8;

/// A fitted sum of distances.
pub(super) struct PcaDistance {
    schema: Schema,
    standard: Standard,
    /// k unit vectors of d numbers.
    vectors: Vec<f64>,
    /// k divisors, above 0.
    weights: Vec<f64>,
}

impl PcaDistance {
    pub(super) fn new(
        schema: Schema,
        standard: Standard,
        vectors: Vec<f64>,
        weights: Vec<f64>,
    ) -> Self {
        Self { schema, standard, vectors, weights }
    }

    /// From a model file.
    pub(super) fn load(state: &State) -> Result<Self, LoadError> {
        let schema = load_numeric_schema(state)?;
        let standard = Standard::load(state, schema.len())?;
        let weights = finite(state, "weights", state.f64s("weights")?.len())?;
        if weights.iter().any(|weight| *weight <= 0.0) {
            return Err(StateError::invalid("weights", "above 0").into());
        }
        let expected = weights.len().saturating_mul(schema.len());
        let vectors = finite(state, "vectors", expected)?;
        Ok(Self { schema, standard, vectors, weights })
    }
}

impl PcaDistance {
    /// Adds the distances of the standardised rows from `first` on to their scores.
    #[inline(always)]
    fn add<const N: usize>(&self, columns: &[&[f64]], first: usize, scores: &mut [f64; N]) {
        for (vector, weight) in self.vectors.chunks_exact(columns.len()).zip(&self.weights) {
            // Sums over the columns stay in registers.
            let mut squares = [0.0; N];
            for (v, column) in vector.iter().zip(columns) {
                let z = &column[first..first + N];
                for lane in 0..N {
                    // Differences are taken before they are squared: nothing cancels.
                    squares[lane] += (z[lane] - v) * (z[lane] - v);
                }
            }
            for lane in 0..N {
                scores[lane] += squares[lane].sqrt() / weight;
            }
        }
    }
}

impl Detector for PcaDistance {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let table = Table::new::<ScoreError>(&self.schema, frame.rows()?)?;
        Ok(self.standard.score(&table, |block, scores| {
            let columns: Vec<&[f64]> = block.chunks_exact(scores.len()).collect();
            let (lanes, rest) = scores.as_chunks_mut::<LANES>();
            let start = lanes.len() * LANES;
            for (at, scores) in lanes.iter_mut().enumerate() {
                self.add(&columns, at * LANES, scores);
            }
            for (at, score) in rest.iter_mut().enumerate() {
                self.add(&columns, start + at, std::array::from_mut(score));
            }
        }))
    }

    fn link(&self) -> Link {
        Link::Rank
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        self.standard.save(&mut state);
        state.put_f64s("vectors", self.vectors.clone());
        state.put_f64s("weights", self.weights.clone());
        state
    }
}
