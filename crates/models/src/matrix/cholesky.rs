//! Cholesky factors of positive definite matrices.

use tripline_core::math;

/// A pivot below this share of its diagonal entry is rounding: the column depends on those before.
const LEAST_PIVOT: f64 = 1e-11;

/// First ridge put on a singular matrix, as a share of the mean diagonal entry.
const FIRST_RIDGE: f64 = 1e-6;

/// The lower triangle L of a matrix L L'.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cholesky {
    /// Row-major, zeros above the diagonal.
    factor: Vec<f64>,
    size: usize,
}

impl Cholesky {
    /// The factor of a symmetric matrix of `size` rows, of which the lower triangle is read; none
    /// if it is not positive definite by more than rounding.
    pub(crate) fn new(matrix: &[f64], size: usize) -> Option<Self> {
        let mut factor = vec![0.0; size * size];
        for i in 0..size {
            let (done, rest) = factor.split_at_mut(i * size);
            let row = &mut rest[..size];
            for j in 0..i {
                let other = &done[j * size..j * size + size];
                row[j] = (matrix[i * size + j] - sum(&row[..j], &other[..j])) / other[j];
            }
            let diagonal = matrix[i * size + i];
            let pivot = diagonal - sum(&row[..i], &row[..i]);
            // A pivot that is NaN fails too.
            if !(pivot > LEAST_PIVOT * diagonal && pivot.is_finite()) {
                return None;
            }
            row[i] = pivot.sqrt();
        }
        Some(Self { factor, size })
    }

    /// The factor of a covariance matrix that may be singular: as it is if it can be, else with a
    /// ridge on the diagonal, 1e-6 of the mean entry, ten times that, and so on; with the unit
    /// matrix for zeros. What never varied then counts as varying by the root of the ridge. None if
    /// an entry is not finite or the matrix is no covariance.
    pub(crate) fn with_ridge(matrix: &[f64], size: usize) -> Option<Self> {
        if let Some(factor) = Self::new(matrix, size) {
            return Some(factor);
        }
        let diagonal = (0..size).map(|i| matrix[i * size + i]);
        let mean = diagonal.sum::<f64>() / size as f64;
        let mut ridge = if mean > 0.0 { FIRST_RIDGE * mean } else { 1.0 };
        for _ in 0..8 {
            let mut ridged = matrix.to_vec();
            ridged.iter_mut().step_by(size + 1).for_each(|entry| *entry += ridge);
            if let Some(factor) = Self::new(&ridged, size) {
                return Some(factor);
            }
            ridge *= 10.0;
        }
        None
    }

    /// The factor, row-major with zeros above the diagonal.
    #[cfg(test)]
    fn factor(&self) -> &[f64] {
        &self.factor
    }

    /// L⁻¹ x, in place.
    pub(crate) fn solve_lower(&self, x: &mut [f64]) {
        for i in 0..self.size {
            let row = &self.factor[i * self.size..(i + 1) * self.size];
            x[i] = (x[i] - sum(&row[..i], &x[..i])) / row[i];
        }
    }

    /// (L L')⁻¹ x, in place.
    pub(crate) fn solve(&self, x: &mut [f64]) {
        self.solve_lower(x);
        for i in (0..self.size).rev() {
            x[i] /= self.factor[i * self.size + i];
            let value = x[i];
            let row = &self.factor[i * self.size..i * self.size + i];
            for (x, factor) in x.iter_mut().zip(row) {
                *x -= value * factor;
            }
        }
    }

    /// L⁻¹, row-major with zeros above the diagonal.
    pub(crate) fn inverse_factor(&self) -> Vec<f64> {
        let n = self.size;
        let mut inverse = vec![0.0; n * n];
        for i in 0..n {
            let row = &self.factor[i * n..i * n + i + 1];
            let (done, rest) = inverse.split_at_mut(i * n);
            let out = &mut rest[..=i];
            for (k, factor) in row[..i].iter().enumerate() {
                for (x, above) in out[..=k].iter_mut().zip(&done[k * n..]) {
                    *x -= factor * above;
                }
            }
            out[i] = 1.0;
            out.iter_mut().for_each(|x| *x /= row[i]);
        }
        inverse
    }

    /// Natural logarithm of the determinant of L L'.
    pub(crate) fn ln_determinant(&self) -> f64 {
        let diagonal = self.factor.iter().step_by(self.size + 1);
        2.0 * diagonal.map(|&entry| math::ln(entry)).sum::<f64>()
    }
}

fn sum(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use tripline_core::Rng;

    use super::*;

    fn positive(size: usize) -> Vec<f64> {
        let mut rng = Rng::new(5);
        let half: Vec<f64> = (0..size * size).map(|_| rng.normal()).collect();
        let mut matrix = vec![0.0; size * size];
        for i in 0..size {
            for j in 0..size {
                matrix[i * size + j] =
                    (0..size).map(|k| half[i * size + k] * half[j * size + k]).sum();
            }
            matrix[i * size + i] += 1.0;
        }
        matrix
    }

    #[test]
    fn solutions_solve() {
        let (n, matrix) = (12, positive(12));
        let cholesky = Cholesky::new(&matrix, n).unwrap();
        let mut x = vec![1.0; n];
        cholesky.solve(&mut x);
        for row in matrix.chunks_exact(n) {
            assert!((sum(row, &x) - 1.0).abs() < 1e-12);
        }
        let inverse = cholesky.inverse_factor();
        let mut lower = vec![1.0; n];
        cholesky.solve_lower(&mut lower);
        for (row, x) in inverse.chunks_exact(n).zip(&lower) {
            assert!((row.iter().sum::<f64>() - x).abs() < 1e-12);
        }
    }

    #[test]
    fn the_determinant_is_that_of_a_known_matrix() {
        // [[4, 2], [2, 3]]: L = [[2, 0], [1, √2]], determinant 8.
        let cholesky = Cholesky::new(&[4.0, 9.0, 2.0, 3.0], 2).unwrap();
        assert_eq!(cholesky.factor(), [2.0, 0.0, 1.0, 2.0_f64.sqrt()]);
        assert!((cholesky.ln_determinant() - math::ln(8.0)).abs() < 1e-15);
    }

    #[test]
    fn a_singular_matrix_gets_a_ridge() {
        let ones = [1.0; 9];
        assert_eq!(Cholesky::new(&ones, 3), None);
        let ridged = Cholesky::with_ridge(&ones, 3).unwrap();
        // (1, 1, 1) varies by 3, what is across it by the ridge alone.
        let mut across = [1.0, -1.0, 0.0];
        ridged.solve(&mut across);
        assert!((across[0] - 1e6).abs() < 1.0, "{across:?}");
        assert_eq!(Cholesky::with_ridge(&[0.0; 4], 2).unwrap().factor(), [1.0, 0.0, 0.0, 1.0]);
        assert_eq!(Cholesky::with_ridge(&[f64::NAN], 1), None);
        assert_eq!(Cholesky::with_ridge(&[f64::INFINITY], 1), None);
    }
}
