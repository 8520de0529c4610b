//! Eigenvalues of a symmetric matrix by Householder reflections with implicit QL steps.
//!
//! The procedures `tred2` and `tql2` of Bowdler, Martin, Reinsch & Wilkinson 1968 (Handbook for
//! Automatic Computation II), as EISPACK has them.

use super::hypotenuse;

/// Most QL steps for one eigenvalue; EISPACK gives up after 30, few matrices need more than 4.
const MAX_STEPS: usize = 60;

/// Eigenvalues with their eigenvectors.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Eigen {
    /// From the largest down.
    pub(crate) values: Vec<f64>,
    /// One unit vector a row, in the order of the values. The entry of largest magnitude is
    /// positive, the first of them if several are, as scikit-learn's `svd_flip` has it.
    pub(crate) vectors: Vec<f64>,
}

/// Eigenvalues of a symmetric matrix of `size` rows; none if an entry is not finite, or QL does not
/// converge. The upper triangle is ignored. Time O(size³).
pub(crate) fn symmetric_eigen(matrix: &[f64], size: usize) -> Option<Eigen> {
    let largest = matrix.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    if !matrix.iter().all(|x| x.is_finite()) {
        return None;
    }
    // Squares of scaled entries neither overflow nor vanish.
    let scale = if largest > 0.0 { largest } else { 1.0 };
    let mut reduction = Reduction::new(matrix, size, scale);
    reduction.tridiagonal();
    reduction.accumulate();
    reduction.diagonal()?;
    let Reduction { vectors, diagonal, .. } = reduction;
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&a, &b| diagonal[b].total_cmp(&diagonal[a]));
    let mut sorted = Vec::with_capacity(size * size);
    for &k in &order {
        let vector = &vectors[k * size..(k + 1) * size];
        let mut peak = 0.0_f64;
        for &x in vector {
            if x.abs() > peak.abs() {
                peak = x;
            }
        }
        let sign = if peak < 0.0 { -1.0 } else { 1.0 };
        sorted.extend(vector.iter().map(|x| sign * x));
    }
    let values = order.iter().map(|&k| diagonal[k] * scale).collect();
    Some(Eigen { values, vectors: sorted })
}

struct Reduction {
    size: usize,
    /// The transpose of the transformation: what the procedures do to columns is done to rows here,
    /// which stand together in memory.
    vectors: Vec<f64>,
    diagonal: Vec<f64>,
    beside: Vec<f64>,
}

impl Reduction {
    fn new(matrix: &[f64], size: usize, scale: f64) -> Self {
        let mut vectors = vec![0.0; size * size];
        for i in 0..size {
            for j in 0..=i {
                vectors[j * size + i] = matrix[i * size + j] / scale;
            }
        }
        // The last row of the lower triangle.
        let diagonal = (0..size).map(|j| vectors[j * size + size - 1]).collect();
        Self { size, vectors, diagonal, beside: vec![0.0; size] }
    }

    /// To tridiagonal form.
    fn tridiagonal(&mut self) {
        let n = self.size;
        let (v, d, e) = (&mut self.vectors, &mut self.diagonal, &mut self.beside);
        for i in (1..n).rev() {
            let scale: f64 = d[..i].iter().map(|x| x.abs()).sum();
            if scale == 0.0 {
                e[i] = d[i - 1];
                for j in 0..i {
                    d[j] = v[j * n + i - 1];
                    v[j * n + i] = 0.0;
                    v[i * n + j] = 0.0;
                }
                d[i] = 0.0;
                continue;
            }
            let mut h = 0.0;
            for x in &mut d[..i] {
                *x /= scale;
                h += *x * *x;
            }
            let f = d[i - 1];
            let g = if f > 0.0 { -h.sqrt() } else { h.sqrt() };
            e[i] = scale * g;
            h -= f * g;
            d[i - 1] = f - g;
            e[..i].fill(0.0);
            for j in 0..i {
                let f = d[j];
                v[i * n + j] = f;
                let column = &v[j * n..j * n + i];
                let mut g = e[j] + column[j] * f;
                for k in j + 1..i {
                    g += column[k] * d[k];
                    e[k] += column[k] * f;
                }
                e[j] = g;
            }
            let mut f = 0.0;
            for j in 0..i {
                e[j] /= h;
                f += e[j] * d[j];
            }
            let shift = f / (h + h);
            for j in 0..i {
                e[j] -= shift * d[j];
            }
            for j in 0..i {
                let (f, g) = (d[j], e[j]);
                for k in j..i {
                    v[j * n + k] -= f * e[k] + g * d[k];
                }
                d[j] = v[j * n + i - 1];
                v[j * n + i] = 0.0;
            }
            d[i] = h;
        }
    }

    /// Multiplies the reflections together.
    fn accumulate(&mut self) {
        let n = self.size;
        let (v, d, e) = (&mut self.vectors, &mut self.diagonal, &mut self.beside);
        for i in 0..n.saturating_sub(1) {
            v[i * n + n - 1] = v[i * n + i];
            v[i * n + i] = 1.0;
            let h = d[i + 1];
            if h != 0.0 {
                let (done, next) = v.split_at_mut((i + 1) * n);
                let reflector = &next[..=i];
                for (x, r) in d.iter_mut().zip(reflector) {
                    *x = r / h;
                }
                for column in done.chunks_exact_mut(n) {
                    let mut g = 0.0;
                    for (r, x) in reflector.iter().zip(column.iter()) {
                        g += r * x;
                    }
                    for (x, r) in column[..=i].iter_mut().zip(d.iter()) {
                        *x -= g * r;
                    }
                }
            }
            v[(i + 1) * n..(i + 1) * n + i + 1].fill(0.0);
        }
        for j in 0..n {
            d[j] = v[j * n + n - 1];
            v[j * n + n - 1] = 0.0;
        }
        if n > 0 {
            v[n * n - 1] = 1.0;
            e[0] = 0.0;
        }
    }

    /// From tridiagonal form to the diagonal; none without convergence.
    fn diagonal(&mut self) -> Option<()> {
        let n = self.size;
        let (v, d, e) = (&mut self.vectors, &mut self.diagonal, &mut self.beside);
        if n > 0 {
            e.rotate_left(1);
            e[n - 1] = 0.0;
        }
        let (mut f, mut scale) = (0.0, 0.0_f64);
        for l in 0..n {
            scale = scale.max(d[l].abs() + e[l].abs());
            let m = (l..n).find(|&m| e[m].abs() <= f64::EPSILON * scale).unwrap_or(n - 1);
            let mut steps = 0;
            while m > l && e[l].abs() > f64::EPSILON * scale {
                steps += 1;
                if steps > MAX_STEPS {
                    return None;
                }
                let g = d[l];
                let p = (d[l + 1] - g) / (2.0 * e[l]);
                let r = if p < 0.0 { -hypotenuse(p, 1.0) } else { hypotenuse(p, 1.0) };
                d[l] = e[l] / (p + r);
                d[l + 1] = e[l] * (p + r);
                let next = d[l + 1];
                let h = g - d[l];
                d[l + 2..].iter_mut().for_each(|x| *x -= h);
                f += h;
                let mut p = d[m];
                let (mut c, mut c2, mut c3) = (1.0, 1.0, 1.0);
                let beyond = e[l + 1];
                let (mut s, mut s2) = (0.0, 0.0);
                for i in (l..m).rev() {
                    c3 = c2;
                    c2 = c;
                    s2 = s;
                    let g = c * e[i];
                    let h = c * p;
                    let r = hypotenuse(p, e[i]);
                    e[i + 1] = s * r;
                    s = e[i] / r;
                    c = p / r;
                    p = c * d[i] - s * g;
                    d[i + 1] = h + s * (c * g + s * d[i]);
                    let (low, high) = v[i * n..(i + 2) * n].split_at_mut(n);
                    for (x, y) in low.iter_mut().zip(high) {
                        let h = *y;
                        *y = s * *x + c * h;
                        *x = c * *x - s * h;
                    }
                }
                p = -s * s2 * c3 * beyond * e[l] / next;
                e[l] = s * p;
                d[l] = c * p;
            }
            d[l] += f;
            e[l] = 0.0;
        }
        d.iter().chain(v.iter()).all(|x| x.is_finite()).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use tripline_core::Rng;

    use super::*;

    /// The largest entry of A v − λ v, and of V V' − 1.
    fn errors(matrix: &[f64], eigen: &Eigen) -> (f64, f64) {
        let n = eigen.values.len();
        let (mut residual, mut skew) = (0.0_f64, 0.0_f64);
        for (k, vector) in eigen.vectors.chunks_exact(n).enumerate() {
            for i in 0..n {
                let product: f64 = (0..n).map(|j| matrix[i * n + j] * vector[j]).sum();
                residual = residual.max((product - eigen.values[k] * vector[i]).abs());
            }
            for (l, other) in eigen.vectors.chunks_exact(n).enumerate() {
                let product: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                skew = skew.max((product - f64::from(u8::from(k == l))).abs());
            }
        }
        (residual, skew)
    }

    #[test]
    fn second_differences_have_the_known_eigenvalues() {
        // λ_k = 2 − 2 cos(kπ / (n + 1)).
        let n = 30;
        let mut matrix = vec![0.0; n * n];
        for i in 0..n {
            matrix[i * n + i] = 2.0;
            if i > 0 {
                matrix[i * n + i - 1] = -1.0;
                matrix[(i - 1) * n + i] = -1.0;
            }
        }
        let eigen = symmetric_eigen(&matrix, n).unwrap();
        for (k, value) in eigen.values.iter().rev().enumerate() {
            let angle = (k + 1) as f64 * std::f64::consts::PI / (n + 1) as f64;
            assert!((value - (2.0 - 2.0 * tripline_core::math::cos(angle))).abs() < 1e-13);
        }
        let (residual, skew) = errors(&matrix, &eigen);
        assert!(residual < 1e-13 && skew < 1e-13, "{residual} {skew}");
    }

    #[test]
    fn vectors_belong_to_their_values() {
        let mut rng = Rng::new(3);
        for (size, scale) in [(1, 1.0), (2, 1e-200), (5, 1e150), (17, 1.0), (64, 1.0)] {
            let half: Vec<f64> = (0..size * size).map(|_| rng.normal()).collect();
            let matrix: Vec<f64> = (0..size * size)
                .map(|at| scale * (half[at] + half[at % size * size + at / size]))
                .collect();
            let eigen = symmetric_eigen(&matrix, size).unwrap();
            let (residual, skew) = errors(&matrix, &eigen);
            assert!(residual <= 1e-12 * scale * size as f64 && skew < 1e-13, "{size}");
            assert!(eigen.values.is_sorted_by(|a, b| a >= b));
        }
    }

    #[test]
    fn special_matrices_have_an_answer() {
        let zeros = symmetric_eigen(&[0.0; 9], 3).unwrap();
        assert_eq!(zeros.values, [0.0; 3]);
        assert_eq!(errors(&[0.0; 9], &zeros), (0.0, 0.0));
        let ones = symmetric_eigen(&[1.0; 16], 4).unwrap();
        assert!((ones.values[0] - 4.0).abs() < 1e-14 && ones.values[1].abs() < 1e-14);
        assert_eq!(symmetric_eigen(&[f64::NAN], 1), None);
        assert!(symmetric_eigen(&[], 0).unwrap().values.is_empty());
    }
}
