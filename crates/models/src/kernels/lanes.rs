//! Rows in blocks whose products with one row are taken side by side.

use crate::table::Table;

/// Rows of a block.
pub(super) const LANES: usize = 8;

/// Larger values count as this, so that squares with their sums are numbers.
pub(super) const LARGEST: f64 = 1e100;

/// One number for each row of a block.
pub(super) type Lane = [f64; LANES];

/// Rows block by block; in a block column by column.
#[derive(Debug, Clone)]
pub(super) struct Lanes {
    pub(super) width: usize,
    pub(super) len: usize,
    values: Vec<Lane>,
    /// Σ x² of each row; a block for each block.
    squares: Vec<Lane>,
}

impl Lanes {
    /// The rows of a table at these places.
    pub(super) fn select(table: &Table<'_>, rows: impl ExactSizeIterator<Item = usize>) -> Self {
        let (width, len) = (table.columns.len(), rows.len());
        let blocks = len.div_ceil(LANES);
        let mut values = vec![[0.0; LANES]; blocks * width];
        for (to, from) in rows.enumerate() {
            for (j, column) in table.columns.iter().enumerate() {
                values[to / LANES * width + j][to % LANES] = column[from].clamp(-LARGEST, LARGEST);
            }
        }
        let mut lanes = Self { width, len, values, squares: vec![[0.0; LANES]; blocks] };
        lanes.square();
        lanes
    }

    fn square(&mut self) {
        for (squares, block) in self.squares.iter_mut().zip(self.values.chunks_exact(self.width)) {
            for lane in block {
                for (square, value) in squares.iter_mut().zip(lane) {
                    *square += value * value;
                }
            }
        }
    }

    pub(super) fn blocks(&self) -> usize {
        self.squares.len()
    }

    /// A row's values.
    pub(super) fn row(&self, row: usize) -> Vec<f64> {
        let block = &self.values[row / LANES * self.width..][..self.width];
        block.iter().map(|lane| lane[row % LANES]).collect()
    }

    /// Σ x² of a row.
    pub(super) fn square_of(&self, row: usize) -> f64 {
        self.squares[row / LANES][row % LANES]
    }

    /// Σ x² of each row of a block.
    pub(super) fn squares(&self, block: usize) -> &Lane {
        &self.squares[block]
    }

    /// Products of the rows of a block with some rows.
    #[inline(always)]
    pub(super) fn dots<const N: usize>(&self, block: usize, rows: [&[f64]; N]) -> [Lane; N] {
        // By index, for iterators within are not always compiled into straight code.
        let mut sums = [[0.0; LANES]; N];
        let values = &self.values[block * self.width..][..self.width];
        for (j, lane) in values.iter().enumerate() {
            for n in 0..N {
                let value = rows[n][j];
                for i in 0..LANES {
                    sums[n][i] += value * lane[i];
                }
            }
        }
        sums
    }

    /// Changes two rows for each other.
    pub(super) fn swap(&mut self, a: usize, b: usize) {
        for j in 0..self.width {
            let (at, to) = (a / LANES * self.width + j, b / LANES * self.width + j);
            let value = self.values[at][a % LANES];
            self.values[at][a % LANES] = self.values[to][b % LANES];
            self.values[to][b % LANES] = value;
        }
        let square = self.square_of(a);
        self.squares[a / LANES][a % LANES] = self.square_of(b);
        self.squares[b / LANES][b % LANES] = square;
    }
}
