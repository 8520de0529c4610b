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

impl Detector for PcaDistance {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let table = Table::new::<ScoreError>(&self.schema, frame.rows()?)?;
        let width = self.schema.len();
        Ok(self.standard.score(&table, |block, scores| {
            let columns: Vec<&[f64]> = block.chunks_exact(scores.len()).collect();
            let (lanes, rest) = scores.as_chunks_mut::<LANES>();
            for (at, scores) in lanes.iter_mut().enumerate() {
                // Sums over the columns stay in registers.
                for (vector, weight) in self.vectors.chunks_exact(width).zip(&self.weights) {
                    let mut squares = [0.0; LANES];
                    for (v, column) in vector.iter().zip(&columns) {
                        let z = &column.as_chunks::<LANES>().0[at];
                        for lane in 0..LANES {
                            // Differences are taken before they are squared: nothing cancels.
                            squares[lane] += (z[lane] - v) * (z[lane] - v);
                        }
                    }
                    for lane in 0..LANES {
                        scores[lane] += squares[lane].sqrt() / weight;
                    }
                }
            }
            let start = lanes.len() * LANES;
            for (row, score) in rest.iter_mut().enumerate() {
                for (vector, weight) in self.vectors.chunks_exact(width).zip(&self.weights) {
                    let squares = vector.iter().zip(&columns).map(|(v, column)| {
                        let z = column[start + row];
                        (z - v) * (z - v)
                    });
                    *score += squares.sum::<f64>().sqrt() / weight;
                }
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
