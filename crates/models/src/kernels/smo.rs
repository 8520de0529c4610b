//! Sequential minimal optimisation of the one-class problem.
//!
//! min ½ αᵀKα with 0 ≤ α ≤ 1, Σα = νn (Schölkopf et al. 2001, eq. 3.6, times νn), by working sets
//! from second-order information (Fan, Chen & Lin 2005, WSS 2), with shrinking as in LIBSVM (Chang
//! & Lin 2011, section 5.1): what stays at a bound is left out until the rest is nearly optimal.

use tripline_core::FitError;

use super::gram::Gram;
use super::sums::Weighted;

/// Curvature of a pair that has none or less (LIBSVM's τ).
const LEAST_CURVATURE: f64 = 1e-12;

/// Steps between two questions whether to go on.
const ASK: usize = 256;

/// The optimum.
pub(super) struct Solution {
    /// Of each row, in the order given.
    pub(super) alpha: Vec<f64>,
    /// Offset of the decision: Σ αᵢ k(xᵢ, x) − ρ.
    pub(super) rho: f64,
    /// Rows with α above 0.
    pub(super) support: Vec<usize>,
    /// Steps taken.
    pub(super) steps: usize,
}

pub(super) struct Solver {
    pub(super) gram: Gram,
    /// Where each row stood at first.
    pub(super) place: Vec<usize>,
    pub(super) alpha: Vec<f64>,
    pub(super) gradient: Vec<f64>,
    /// The part of the gradient that comes from rows at the upper bound.
    pub(super) bounded: Vec<f64>,
    /// Rows that are not left out stand first.
    pub(super) active: usize,
    pub(super) tol: f64,
    /// Whether all rows were taken in again when the optimum was near.
    pub(super) widened: bool,
}

/// Solves the problem for a kernel matrix; `go_on` is asked at times.
pub(super) fn solve(
    gram: Gram,
    nu: f64,
    tol: f64,
    go_on: &dyn Fn() -> bool,
) -> Result<Solution, FitError> {
    let mut solver = Solver::new(gram, nu, tol);
    let steps = solver.run(go_on)?;
    let rho = solver.rho();
    let mut alpha = vec![0.0; solver.alpha.len()];
    for (&place, &value) in solver.place.iter().zip(&solver.alpha) {
        alpha[place] = value;
    }
    let support = (0..alpha.len()).filter(|&row| alpha[row] > 0.0).collect();
    Ok(Solution { alpha, rho, support, steps })
}

impl Solver {
    fn new(gram: Gram, nu: f64, tol: f64) -> Self {
        let rows = gram.len();
        // The first rows share Σα, as in LIBSVM.
        let mut left = nu * rows as f64;
        let mut alpha = vec![0.0; rows];
        for alpha in &mut alpha {
            *alpha = left.clamp(0.0, 1.0);
            left -= *alpha;
        }
        let full = alpha.iter().take_while(|&&alpha| alpha >= 1.0).count();
        let mut gram = gram;
        let mut bounded = vec![0.0; rows];
        if gram.room() >= full {
            // Most of these columns will be asked for.
            gram.ensure_first(full);
            gram.add_first(full, &mut bounded);
        } else {
            let values = (0..full).flat_map(|row| gram.rows().row(row)).collect();
            let weighted = Weighted::new(values, gram.rows().width, vec![1.0; full]);
            bounded = weighted.sums(gram.kernel(), gram.rows());
        }
        let mut gradient = bounded.clone();
        if full < rows {
            gram.ensure(full, rows);
            for (to, &value) in gradient.iter_mut().zip(gram.column(full)) {
                *to += alpha[full] * f64::from(value);
            }
        }
        let place = (0..rows).collect();
        Self { gram, place, alpha, gradient, bounded, active: rows, tol, widened: false }
    }

    pub(super) fn at_upper(&self, row: usize) -> bool {
        self.alpha[row] >= 1.0
    }

    pub(super) fn at_lower(&self, row: usize) -> bool {
        self.alpha[row] <= 0.0
    }

    fn run(&mut self, go_on: &dyn Fn() -> bool) -> Result<usize, FitError> {
        let rows = self.alpha.len();
        // Convex problems take a few steps a row; others may have no end.
        let most = rows.max(1000).saturating_mul(1000);
        let period = rows.min(1000);
        let mut until_shrinking = period;
        for step in 0..most {
            if step % ASK == 0 && !go_on() {
                return Err(FitError::Cancelled);
            }
            if until_shrinking == 0 {
                until_shrinking = period;
                self.shrink();
            }
            until_shrinking -= 1;
            let pair = match self.pair() {
                Some(pair) => pair,
                None if self.active == rows => return Ok(step),
                None => {
                    self.reconstruct();
                    self.active = rows;
                    let Some(pair) = self.pair() else { return Ok(step) };
                    until_shrinking = 0;
                    pair
                }
            };
            self.step(pair);
        }
        let reason = format!("no optimum after {most} steps; another kernel or a larger `tol`");
        Err(FitError::Diverged { reason })
    }

    /// The pair that promises most, or none if the optimum is as near as `tol` asks.
    fn pair(&mut self) -> Option<(usize, usize)> {
        let (mut up, mut first) = (f64::NEG_INFINITY, None);
        for row in 0..self.active {
            if !self.at_upper(row) && -self.gradient[row] >= up {
                (up, first) = (-self.gradient[row], Some(row));
            }
        }
        let first = first?;
        self.gram.ensure(first, self.active);
        let column = &self.gram.column(first)[..self.active];
        let diagonal = self.gram.diagonal();
        let (mut low, mut least, mut second) = (f64::NEG_INFINITY, f64::INFINITY, None);
        let rows = self.alpha.iter().zip(&self.gradient).zip(column.iter().zip(diagonal));
        for (row, ((&alpha, &gradient), (&value, &own))) in rows.enumerate() {
            if alpha <= 0.0 {
                continue;
            }
            low = low.max(gradient);
            let gap = up + gradient;
            if gap > 0.0 {
                let curvature = diagonal[first] + own - 2.0 * f64::from(value);
                let curvature = if curvature > 0.0 { curvature } else { LEAST_CURVATURE };
                let fall = -(gap * gap) / curvature;
                if fall <= least {
                    (least, second) = (fall, Some(row));
                }
            }
        }
        if up + low < self.tol { None } else { second.map(|second| (first, second)) }
    }

    /// Moves a pair to the best place of its line, within bounds.
    fn step(&mut self, (i, j): (usize, usize)) {
        self.gram.ensure(i, self.active);
        self.gram.ensure(j, self.active);
        let (before_i, before_j) = (self.alpha[i], self.alpha[j]);
        let diagonal = self.gram.diagonal();
        let curvature = diagonal[i] + diagonal[j] - 2.0 * f64::from(self.gram.column(i)[j]);
        let curvature = if curvature > 0.0 { curvature } else { LEAST_CURVATURE };
        let delta = (self.gradient[i] - self.gradient[j]) / curvature;
        let sum = before_i + before_j;
        let (mut a, mut b) = (before_i - delta, before_j + delta);
        if sum > 1.0 {
            if a > 1.0 {
                (a, b) = (1.0, sum - 1.0);
            }
            if b > 1.0 {
                (a, b) = (sum - 1.0, 1.0);
            }
        } else {
            if b < 0.0 {
                (a, b) = (sum, 0.0);
            }
            if a < 0.0 {
                (a, b) = (0.0, sum);
            }
        }
        let were = [self.at_upper(i), self.at_upper(j)];
        (self.alpha[i], self.alpha[j]) = (a, b);
        let (by_i, by_j) = (a - before_i, b - before_j);
        let columns = self.gram.column(i).iter().zip(self.gram.column(j));
        for (gradient, (&p, &q)) in self.gradient[..self.active].iter_mut().zip(columns) {
            *gradient += f64::from(p) * by_i + f64::from(q) * by_j;
        }
        for (row, was) in [i, j].into_iter().zip(were) {
            if was != self.at_upper(row) {
                self.gram.ensure(row, self.alpha.len());
                let sign = if was { -1.0 } else { 1.0 };
                for (bounded, &value) in self.bounded.iter_mut().zip(self.gram.column(row)) {
                    *bounded += sign * f64::from(value);
                }
            }
        }
    }

    /// ρ: the gradient of rows between the bounds, or the middle of what the bounds allow.
    fn rho(&self) -> f64 {
        let (mut sum, mut free) = (0.0, 0.0);
        let (mut most, mut least) = (f64::INFINITY, f64::NEG_INFINITY);
        for (row, &gradient) in self.gradient.iter().enumerate() {
            if self.at_upper(row) {
                least = least.max(gradient);
            } else if self.at_lower(row) {
                most = most.min(gradient);
            } else {
                sum += gradient;
                free += 1.0;
            }
        }
        if free > 0.0 {
            return sum / free;
        }
        // With ν = 1 no row is at the lower bound.
        match (least.is_finite(), most.is_finite()) {
            (true, true) => (most + least) / 2.0,
            (true, false) => least,
            _ => most,
        }
    }
}
