//! The masses of half-space trees: how many rows of a window reached each leaf.

use tripline_core::{State, StateError};

use super::Shape;

/// What changes as rows are learnt.
#[derive(Debug, Clone)]
pub(in crate::tree) struct Masses {
    /// Trees × leaves: rows of the window under way.
    pub(super) latest: Vec<u32>,
    pub(super) learnt: u32,
    /// Trees × leaves: rows of the window before it.
    pub(super) reference: Vec<u32>,
    pub(super) reference_rows: u32,
    /// Trees × leaves, from `reference`: the sum of mass · 2^depth on the way to the leaf.
    pub(super) sums: Vec<f64>,
    /// Trees × nodes, from `reference`: the side where most rows went.
    pub(super) missing_right: Vec<bool>,
}

impl Masses {
    pub(super) fn empty(shape: Shape) -> Self {
        let count = shape.trees << shape.height;
        Self {
            latest: vec![0; count],
            learnt: 0,
            reference: vec![0; count],
            reference_rows: 0,
            sums: vec![0.0; count],
            missing_right: vec![false; count],
        }
    }

    /// The window under way becomes the one that scores; an empty one begins.
    pub(super) fn turn(&mut self, shape: Shape) {
        std::mem::swap(&mut self.latest, &mut self.reference);
        self.latest.fill(0);
        self.reference_rows = self.learnt;
        self.learnt = 0;
        self.read(shape);
    }

    /// What leaves score, and where missing values go, by the masses of `reference`.
    pub(super) fn read(&mut self, shape: Shape) {
        let size = 1usize << shape.height;
        let limit = shape.size_limit * f64::from(self.reference_rows);
        // By node: the mass, the sum on the way to it, whether the way ended above it.
        let mut mass = vec![0u32; 2 * size];
        let mut sum = vec![0.0; 2 * size];
        let mut ended = vec![false; 2 * size];
        let trees = self.reference.chunks_exact(size).zip(self.sums.chunks_exact_mut(size));
        for ((leaves, sums), right) in trees.zip(self.missing_right.chunks_exact_mut(size)) {
            mass[size..].copy_from_slice(leaves);
            for node in (1..size).rev() {
                mass[node] = mass[2 * node] + mass[2 * node + 1];
                right[node] = mass[2 * node] < mass[2 * node + 1];
            }
            for node in 1..2 * size {
                let (above, over) =
                    if node == 1 { (0.0, false) } else { (sum[node / 2], ended[node / 2]) };
                let own = f64::from(mass[node]);
                let scale = (1u32 << node.ilog2()) as f64;
                sum[node] = if over { above } else { above + own * scale };
                ended[node] = over || own < limit;
            }
            sums.copy_from_slice(&sum[size..]);
        }
    }
}

/// Leaves of every tree, which hold the same number of rows: at most `most`.
pub(super) fn counts(
    state: &State,
    name: &str,
    shape: Shape,
    most: u32,
) -> Result<(Vec<u32>, u32), StateError> {
    let counts = state.u32s(name)?;
    let trees = counts.chunks_exact(1 << shape.height);
    let mut totals = trees.map(|leaves| leaves.iter().map(|&count| u64::from(count)).sum::<u64>());
    let rows = totals.next().unwrap_or(0);
    let equal = totals.all(|total| total == rows);
    if counts.len() != shape.trees << shape.height || !equal || rows > u64::from(most) {
        return Err(StateError::invalid(name, "the leaves of a window's rows in each tree"));
    }
    Ok((counts.to_vec(), rows as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masses_give_the_sums_of_their_ways() {
        // By hand: height 2, leaves of 1, 3, 0, 4 rows; a way ends below a mass of 0.2 · 8.
        let shape = Shape { trees: 1, height: 2, window: 8, size_limit: 0.2 };
        let mut masses =
            Masses { reference: vec![1, 3, 0, 4], reference_rows: 8, ..Masses::empty(shape) };
        masses.read(shape);
        assert_eq!(masses.sums, [20.0, 28.0, 16.0, 32.0]);
        assert_eq!(masses.missing_right[1..], [false, true, true]);
        let shape = Shape { size_limit: 0.6, ..shape };
        masses.read(shape);
        assert_eq!(masses.sums, [16.0; 4], "no way goes on below a mass of 4.8");
    }
}
