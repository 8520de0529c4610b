//! Means and products of deviations that follow further rows and forget old ones.
//!
//! Source: Welford 1962, with the weights of West 1979 and the factor of Finch 2009 for forgetting:
//! what was learnt keeps the share `decay` at each further row. With a window the oldest row is
//! taken out again by the same step backwards; all is summed anew from the window once it was
//! replaced as a whole, so that rounding does not add up.

use std::collections::VecDeque;

use tripline_core::{State, StateError};

use crate::matrix::Moments;
use crate::table::finite;

/// What was learnt of rows of d columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RunningMoments {
    /// Sum of the rows' weights.
    total: f64,
    means: Vec<f64>,
    /// Weighted sums of products of deviations, d × d, of which the lower triangle is kept; of
    /// squares alone, d, without covariances.
    products: Vec<f64>,
    full: bool,
    decay: f64,
    /// Most rows that count; 0 for no bound.
    window: usize,
    /// The rows that count, oldest first, if there is a bound.
    rows: VecDeque<Vec<f64>>,
    /// Rows since all was summed from the window.
    since: usize,
}

impl RunningMoments {
    pub(super) fn new(width: usize, full: bool, decay: f64, window: usize) -> Self {
        Self {
            total: 0.0,
            means: vec![0.0; width],
            products: vec![0.0; if full { width * width } else { width }],
            full,
            decay,
            window,
            rows: VecDeque::new(),
            since: 0,
        }
    }

    /// Learns from a row.
    pub(super) fn learn(&mut self, row: &[f64]) {
        if self.window > 0 {
            self.rows.push_back(row.to_vec());
            if self.rows.len() > self.window {
                self.since += 1;
                let oldest = self.rows.pop_front();
                if self.since >= self.window {
                    self.sum_anew();
                    return;
                }
                if let Some(oldest) = oldest {
                    self.forget(&oldest);
                }
            }
        }
        self.add(row);
    }

    fn sum_anew(&mut self) {
        self.total = 0.0;
        self.since = 0;
        self.means.fill(0.0);
        self.products.fill(0.0);
        let rows = std::mem::take(&mut self.rows);
        rows.iter().for_each(|row| self.add(row));
        self.rows = rows;
    }

    fn add(&mut self, row: &[f64]) {
        let before = self.decay * self.total;
        self.total = before + 1.0;
        let step = 1.0 / self.total;
        let deviations: Vec<f64> = row.iter().zip(&self.means).map(|(x, mean)| x - mean).collect();
        if self.decay < 1.0 {
            self.products.iter_mut().for_each(|product| *product *= self.decay);
        }
        self.add_products(&deviations, before * step);
        self.means.iter_mut().zip(&deviations).for_each(|(mean, d)| *mean += step * d);
    }

    /// Takes out a row that was added last or not; without decay the order does not matter.
    fn forget(&mut self, row: &[f64]) {
        let after = self.total - 1.0;
        if after <= 0.0 {
            self.total = 0.0;
            self.means.fill(0.0);
            self.products.fill(0.0);
            return;
        }
        let deviations: Vec<f64> = row.iter().zip(&self.means).map(|(x, mean)| x - mean).collect();
        self.add_products(&deviations, -self.total / after);
        self.means.iter_mut().zip(&deviations).for_each(|(mean, d)| *mean -= d / after);
        self.total = after;
    }

    fn add_products(&mut self, deviations: &[f64], factor: f64) {
        if self.full {
            let width = deviations.len();
            for (i, products) in self.products.chunks_exact_mut(width).enumerate() {
                let own = factor * deviations[i];
                for (product, other) in products[..=i].iter_mut().zip(deviations) {
                    *product += own * other;
                }
            }
        } else {
            let squares = self.products.iter_mut().zip(deviations);
            squares.for_each(|(square, d)| *square += factor * d * d);
        }
    }

    /// Whether every number is finite.
    pub(super) fn are_finite(&self) -> bool {
        self.means.iter().chain(&self.products).all(|x| x.is_finite())
    }

    /// Means with covariances (divided by the sum of weights); of variances alone the matrix is
    /// diagonal.
    pub(super) fn moments(&self) -> Moments {
        let width = self.means.len();
        let total = self.total.max(f64::MIN_POSITIVE);
        let mut covariance = vec![0.0; width * width];
        for i in 0..width {
            for j in if self.full { 0..=i } else { i..=i } {
                let product = self.products[if self.full { i * width + j } else { i }];
                // Taking rows out may leave less than nothing.
                let entry = if i == j { product.max(0.0) / total } else { product / total };
                covariance[i * width + j] = entry;
                covariance[j * width + i] = entry;
            }
        }
        Moments { means: self.means.clone(), covariance }
    }

    pub(super) fn save(&self) -> State {
        let mut state = State::new();
        state.put_f64("total", self.total);
        state.put_f64s("means", self.means.clone());
        state.put_f64s("products", self.products.clone());
        state.put_bool("full", self.full);
        state.put_f64("decay", self.decay);
        state.put_i64("window", self.window as i64);
        state.put_f64s("rows", self.rows.iter().flatten().copied().collect());
        state.put_i64("since", self.since as i64);
        state
    }

    /// From data of `width` columns, at least one.
    pub(super) fn load(state: &State, width: usize) -> Result<Self, StateError> {
        let full = state.bool("full")?;
        let expected = if full { width.saturating_mul(width) } else { width };
        let flat = state.f64s("rows")?;
        let window = state.count("window")?;
        let rows: VecDeque<Vec<f64>> = flat.chunks_exact(width).map(<[f64]>::to_vec).collect();
        if flat.iter().any(|x| !x.is_finite())
            || !flat.len().is_multiple_of(width)
            || rows.len() > window
        {
            return Err(StateError::invalid("rows", "finite rows, as many as the window at most"));
        }
        let (total, decay) = (state.f64("total")?, state.f64("decay")?);
        if !(total >= 0.0 && total.is_finite()) {
            return Err(StateError::invalid("total", "finite and not negative"));
        }
        if !(decay > 0.0 && decay <= 1.0) {
            return Err(StateError::invalid("decay", "above 0, at most 1"));
        }
        let means = finite(state, "means", width)?;
        let products = finite(state, "products", expected)?;
        let since = state.count("since")?;
        Ok(Self { total, means, products, full, decay, window, rows, since })
    }
}

#[cfg(test)]
mod tests {
    use tripline_core::Rng;

    use super::*;

    fn rows(count: usize) -> Vec<Vec<f64>> {
        let mut rng = Rng::new(4);
        (0..count)
            .map(|_| {
                let x = rng.normal();
                vec![x + 1000.0, 2.0 * x + rng.normal()]
            })
            .collect()
    }

    /// Weighted moments by their definition, the last row weighing 1.
    fn expected(rows: &[Vec<f64>], decay: f64) -> Moments {
        let mut weights: Vec<f64> = vec![1.0; rows.len()];
        for at in (0..rows.len() - 1).rev() {
            weights[at] = weights[at + 1] * decay;
        }
        let total: f64 = weights.iter().sum();
        let columns: Vec<Vec<f64>> =
            (0..2).map(|j| rows.iter().map(|row| row[j]).collect()).collect();
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        crate::matrix::weighted_moments(&columns, &weights, total)
    }

    fn near(got: &Moments, expected: &Moments) {
        for (a, b) in got.means.iter().zip(&expected.means) {
            assert!((a - b).abs() < 1e-9, "{got:?} {expected:?}");
        }
        for (a, b) in got.covariance.iter().zip(&expected.covariance) {
            assert!((a - b).abs() < 1e-9, "{got:?} {expected:?}");
        }
    }

    #[test]
    fn running_moments_are_those_of_the_definition() {
        for (decay, window, counted) in [(1.0, 0, 500), (0.97, 0, 500), (1.0, 40, 40)] {
            let rows = rows(500);
            let mut running = RunningMoments::new(2, true, decay, window);
            for (at, row) in rows.iter().enumerate() {
                running.learn(row);
                let start = (at + 1).saturating_sub(counted);
                near(&running.moments(), &expected(&rows[start..=at], decay));
            }
            let loaded = RunningMoments::load(&running.save(), 2).unwrap();
            assert_eq!(loaded, running);
        }
    }
}
