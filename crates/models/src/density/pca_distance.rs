//! The sum of distances from eigenvectors, by which PyOD scores.

use tripline_core::{
    Card, Detector, Frame, Link, LoadError, Schema, ScoreError, State, StateError,
};

use super::pca::CARD;
use super::standard::Standard;
use crate::table::{Table, finite, load_numeric_schema};

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
            let count = scores.len();
            let mut squares = vec![0.0; count];
            for (vector, weight) in self.vectors.chunks_exact(width).zip(&self.weights) {
                // Differences are taken before they are squared: nothing cancels.
                squares.fill(0.0);
                for (v, column) in vector.iter().zip(block.chunks_exact(count)) {
                    for (square, z) in squares.iter_mut().zip(column) {
                        *square += (z - v) * (z - v);
                    }
                }
                for (score, square) in scores.iter_mut().zip(&squares) {
                    *score += square.sqrt() / weight;
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
