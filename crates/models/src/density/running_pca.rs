//! Principal directions that follow further rows and forget old ones.
//!
//! Source: Ross, Lim, Lin & Yang 2008, as scikit-learn's `IncrementalPCA`: the directions of old
//! rows, as long as their singular values, stand above the centred new rows with one row for the
//! move of the mean; the directions of all that are the new ones. With `decay` a row counts
//! decay^age: singular values shrink by the root of it, since they are roots of sums. (The paper
//! shrinks them by the factor itself, so its covariance forgets twice as fast as its mean.)

use tripline_core::{State, StateError, math};

use crate::matrix::{dot, symmetric_eigen};
use crate::table::finite;

/// Singular values below this share of the largest are rounding of the eigenvalues, their squares.
const ROUNDING: f64 = 1e-7;

/// What was learnt of rows of d columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RunningPca {
    /// Most directions.
    components: usize,
    decay: f64,
    /// Sum of the rows' weights.
    total: f64,
    pub(super) means: Vec<f64>,
    /// Of each direction, falling.
    singular: Vec<f64>,
    /// Unit vectors of d numbers.
    pub(super) directions: Vec<f64>,
}

impl RunningPca {
    pub(super) fn new(width: usize, components: usize, decay: f64) -> Self {
        let (singular, directions) = (Vec::new(), Vec::new());
        Self { components, decay, total: 0.0, means: vec![0.0; width], singular, directions }
    }

    /// Learns from rows together, row-major, at least one; none if numbers run out of range, and
    /// then nothing is learnt.
    pub(super) fn learn(&self, rows: &[f64]) -> Option<Self> {
        let width = self.means.len();
        let count = (rows.len() / width) as f64;
        // Rows of one batch are of one age.
        let kept = math::pow(self.decay, count);
        let before = kept * self.total;
        let total = before + count;
        let mut batch = vec![0.0; width];
        for row in rows.chunks_exact(width) {
            batch.iter_mut().zip(row).for_each(|(mean, x)| *mean += x / count);
        }
        let shrink = kept.sqrt();
        let mut stacked = Vec::with_capacity(self.directions.len() + rows.len() + width);
        for (direction, singular) in self.directions.chunks_exact(width).zip(&self.singular) {
            stacked.extend(direction.iter().map(|v| shrink * singular * v));
        }
        for row in rows.chunks_exact(width) {
            stacked.extend(row.iter().zip(&batch).map(|(x, mean)| x - mean));
        }
        let share = before / total;
        if before > 0.0 {
            let factor = (share * count).sqrt();
            stacked.extend(self.means.iter().zip(&batch).map(|(old, new)| factor * (old - new)));
        }
        let means: Vec<f64> =
            self.means.iter().zip(&batch).map(|(old, new)| new + share * (old - new)).collect();
        let (singular, directions) = principal(&stacked, width, self.components)?;
        let finite = means.iter().chain(&singular).chain(&directions).all(|x| x.is_finite());
        let Self { components, decay, .. } = *self;
        finite.then_some(Self { components, decay, total, means, singular, directions })
    }

    pub(super) fn save(&self) -> State {
        let mut state = State::new();
        state.put_i64("components", self.components as i64);
        state.put_f64("decay", self.decay);
        state.put_f64("total", self.total);
        state.put_f64s("means", self.means.clone());
        state.put_f64s("singular", self.singular.clone());
        state.put_f64s("directions", self.directions.clone());
        state
    }

    /// From data of `width` columns.
    pub(super) fn load(state: &State, width: usize) -> Result<Self, StateError> {
        let (total, decay) = (state.f64("total")?, state.f64("decay")?);
        if !(total >= 0.0 && total.is_finite()) {
            return Err(StateError::invalid("total", "finite and not negative"));
        }
        if !(decay > 0.0 && decay <= 1.0) {
            return Err(StateError::invalid("decay", "above 0, at most 1"));
        }
        let components = state.count("components")?;
        let singular = state.f64s("singular")?;
        if components > width || singular.len() > components {
            return Err(StateError::invalid("components", "as many as columns at most"));
        }
        let singular = finite(state, "singular", singular.len())?;
        let directions = finite(state, "directions", singular.len() * width)?;
        // Longer ones would add to a row instead of taking from it.
        if directions.iter().any(|v| v.abs() > 1.0 + 1e-6) {
            return Err(StateError::invalid("directions", "unit vectors"));
        }
        let means = finite(state, "means", width)?;
        Ok(Self { components, decay, total, means, singular, directions })
    }
}

/// The largest singular values of a matrix of rows with their right vectors, `most` at most, by
/// the eigenvectors of the smaller of both products with its transpose.
fn principal(matrix: &[f64], width: usize, most: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let height = matrix.len() / width;
    let by_column: Vec<f64>;
    let (lines, size, length) = if height <= width {
        (matrix, height, width)
    } else {
        let cells = (0..width).flat_map(|j| (0..height).map(move |i| (i, j)));
        by_column = cells.map(|(i, j)| matrix[i * width + j]).collect();
        (by_column.as_slice(), width, height)
    };
    let mut products = vec![0.0; size * size];
    for (i, left) in lines.chunks_exact(length).enumerate() {
        for (j, right) in lines.chunks_exact(length).take(i + 1).enumerate() {
            products[i * size + j] = dot(left, right);
        }
    }
    let eigen = symmetric_eigen(&products, size)?;
    let values = eigen.values.iter().map(|value| value.max(0.0).sqrt());
    let largest = eigen.values.first().copied().unwrap_or(0.0).max(0.0).sqrt();
    let counts = |value: &f64| *value > ROUNDING * largest;
    let singular: Vec<f64> = values.take_while(counts).take(most).collect();
    let mut directions = Vec::with_capacity(singular.len() * width);
    for (value, vector) in singular.iter().zip(eigen.vectors.chunks_exact(size)) {
        if height > width {
            directions.extend_from_slice(vector);
            continue;
        }
        let mut direction = vec![0.0; width];
        for (part, row) in vector.iter().zip(matrix.chunks_exact(width)) {
            direction.iter_mut().zip(row).for_each(|(v, x)| *v += part / value * x);
        }
        directions.extend(direction);
    }
    Some((singular, directions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_products_give_the_same_directions() {
        // Rank 2: [3, 0, 0], [0, 0, 2] turned; more rows than columns, then fewer.
        let tall = [3.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        for matrix in [&tall[..], &tall[..6]] {
            let (singular, directions) = principal(matrix, 3, 3).unwrap();
            assert_eq!(singular, [3.0, 2.0]);
            assert_eq!(directions, [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        }
    }
}
