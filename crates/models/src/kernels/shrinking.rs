//! Shrinking: rows that will likely stay at their bounds are left out for a time (Chang & Lin 2011,
//! section 5.1).

use super::smo::Solver;

impl Solver {
    /// Leaves out rows that will likely stay at their bounds.
    pub(super) fn shrink(&mut self) {
        let (mut up, mut low) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for row in 0..self.active {
            if !self.at_upper(row) {
                up = up.max(-self.gradient[row]);
            }
            if !self.at_lower(row) {
                low = low.max(self.gradient[row]);
            }
        }
        if !self.widened && up + low <= self.tol * 10.0 {
            self.widened = true;
            self.reconstruct();
            self.active = self.alpha.len();
        }
        let stays = |solver: &Self, row: usize| {
            if solver.at_upper(row) {
                -solver.gradient[row] > up
            } else {
                solver.at_lower(row) && solver.gradient[row] > low
            }
        };
        let mut row = 0;
        while row < self.active {
            if stays(self, row) {
                self.active -= 1;
                while self.active > row {
                    if !stays(self, self.active) {
                        self.swap(row, self.active);
                        break;
                    }
                    self.active -= 1;
                }
            }
            row += 1;
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.gram.swap(a, b);
        self.place.swap(a, b);
        self.alpha.swap(a, b);
        self.gradient.swap(a, b);
        self.bounded.swap(a, b);
    }

    /// The gradient of rows left out, from what they have of rows between the bounds.
    pub(super) fn reconstruct(&mut self) {
        let rows = self.alpha.len();
        if self.active == rows {
            return;
        }
        self.gradient[self.active..].copy_from_slice(&self.bounded[self.active..]);
        let free: Vec<usize> =
            (0..self.active).filter(|&row| !self.at_upper(row) && !self.at_lower(row)).collect();
        // Whichever needs fewer values of the matrix.
        if free.len() * rows > 2 * self.active * (rows - self.active) {
            for left_out in self.active..rows {
                self.gram.ensure(left_out, self.active);
                let column = self.gram.column(left_out);
                let sum: f64 =
                    free.iter().map(|&row| self.alpha[row] * f64::from(column[row])).sum();
                self.gradient[left_out] += sum;
            }
        } else {
            for row in free {
                self.gram.ensure(row, rows);
                let column = &self.gram.column(row)[self.active..];
                for (gradient, &value) in self.gradient[self.active..].iter_mut().zip(column) {
                    *gradient += self.alpha[row] * f64::from(value);
                }
            }
        }
    }
}
