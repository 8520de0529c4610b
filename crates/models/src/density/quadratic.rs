//! Weighted sums of squared projections: z' P z with P = Σ w v v'.

use tripline_core::{State, StateError};

use crate::matrix::{Cholesky, dot};
use crate::table::finite;

/// A positive semidefinite quadratic form of some columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Quadratic {
    /// Places of its c columns among all.
    pub(super) columns: Vec<u32>,
    /// k directions of c numbers, row-major.
    pub(super) directions: Vec<f64>,
    /// k weights, not negative.
    pub(super) weights: Vec<f64>,
}

impl Quadratic {
    /// Squared Mahalanobis distance: z' C⁻¹ z as the sum of squares of L⁻¹ z for C = L L'. A
    /// singular C gets the ridge that [`Cholesky::with_ridge`] tells. None if C is no covariance.
    pub(super) fn mahalanobis(columns: Vec<u32>, covariance: &[f64]) -> Option<Self> {
        let size = columns.len();
        let directions = Cholesky::with_ridge(covariance, size)?.inverse_factor();
        let finite = directions.iter().all(|x| x.is_finite());
        finite.then(|| Self { columns, directions, weights: vec![1.0; size] })
    }

    /// Adds the form's value for each row of a block that stands by column.
    pub(super) fn add(&self, block: &[f64], scores: &mut [f64]) {
        let count = scores.len();
        let mut projections = vec![0.0; count];
        self.project(block, count, &mut projections, |k, projections| {
            let weight = self.weights[k];
            for (score, y) in scores.iter_mut().zip(projections) {
                *score += weight * y * y;
            }
        });
    }

    /// Gives the projections of all rows on each direction in turn.
    fn project(
        &self,
        block: &[f64],
        count: usize,
        projections: &mut [f64],
        mut give: impl FnMut(usize, &[f64]),
    ) {
        let column = |at: u32| &block[at as usize * count..(at as usize + 1) * count];
        for (k, direction) in self.directions.chunks_exact(self.columns.len()).enumerate() {
            // A triangle's zeros are passed over.
            let used = direction.iter().rposition(|x| *x != 0.0).map_or(0, |last| last + 1);
            projections.fill(0.0);
            let (fours, columns) = direction[..used].as_chunks::<4>();
            let (places, rest) = self.columns[..used].as_chunks::<4>();
            for (v, at) in fours.iter().zip(places) {
                let [a, b, c, d] = at.map(column);
                for (row, y) in projections.iter_mut().enumerate() {
                    *y += (v[0] * a[row] + v[1] * b[row]) + (v[2] * c[row] + v[3] * d[row]);
                }
            }
            for (v, at) in columns.iter().zip(rest) {
                projections.iter_mut().zip(column(*at)).for_each(|(y, z)| *y += v * z);
            }
            give(k, projections);
        }
    }

    /// P z of the form's columns, from a row of all columns.
    pub(super) fn gradient(&self, row: &[f64]) -> Vec<f64> {
        let own: Vec<f64> = self.columns.iter().map(|&at| row[at as usize]).collect();
        let mut gradient = vec![0.0; own.len()];
        for (direction, weight) in self.directions.chunks_exact(own.len()).zip(&self.weights) {
            let y = weight * dot(direction, &own);
            gradient.iter_mut().zip(direction).for_each(|(sum, v)| *sum += y * v);
        }
        gradient
    }

    pub(super) fn save(&self) -> State {
        let mut state = State::new();
        state.put_u32s("columns", self.columns.clone());
        state.put_f64s("directions", self.directions.clone());
        state.put_f64s("weights", self.weights.clone());
        state
    }

    /// From data; columns lie below `width`.
    pub(super) fn load(state: &State, width: usize) -> Result<Self, StateError> {
        let columns = state.u32s("columns")?;
        if columns.is_empty()
            || columns.len() > width
            || columns.iter().any(|&column| column as usize >= width)
        {
            return Err(StateError::invalid("columns", "places of columns"));
        }
        let weights = finite(state, "weights", state.f64s("weights")?.len())?;
        if weights.iter().any(|weight| *weight < 0.0) {
            return Err(StateError::invalid("weights", "not negative"));
        }
        let expected = columns.len().saturating_mul(weights.len());
        let directions = finite(state, "directions", expected)?;
        Ok(Self { columns: columns.to_vec(), directions, weights })
    }
}
