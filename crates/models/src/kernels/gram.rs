//! The kernel matrix of training rows: columns on demand, of which the cache keeps some.

use rayon::prelude::*;

use super::cache::Cache;
use super::kernel::Kernel;
use super::lanes::{LANES, Lane, Lanes};

/// Blocks of rows that one thread takes at a time.
const PART: usize = 128;

/// The kernel matrix of rows whose order may change.
pub(super) struct Gram {
    rows: Lanes,
    kernel: Kernel,
    cache: Cache,
    diagonal: Vec<f64>,
}

impl Gram {
    pub(super) fn new(rows: Lanes, kernel: Kernel, cache_bytes: usize) -> Self {
        let diagonal = kernel.diagonal(&rows);
        Self { cache: Cache::new(rows.len, cache_bytes), diagonal, rows, kernel }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len
    }

    pub(super) fn diagonal(&self) -> &[f64] {
        &self.diagonal
    }

    /// Makes the first `len` values of a column known.
    pub(super) fn ensure(&mut self, column: usize, len: usize) {
        let (rows, kernel) = (&self.rows, self.kernel);
        self.cache.ensure(column, len, |from, out| fill(rows, kernel, column, from, out));
    }

    /// Whole columns that the cache still has room for.
    pub(super) fn room(&self) -> usize {
        self.cache.room()
    }

    /// Makes the first columns known, before any other is: there must be room.
    pub(super) fn ensure_first(&mut self, count: usize) {
        let (rows, kernel) = (&self.rows, self.kernel);
        let pair = |first: usize| {
            // A last one without a partner stands beside itself.
            let pair = [first, (first + 1).min(count - 1)];
            let [a, b] = pair.map(|column| rows.row(column));
            let squares = pair.map(|column| rows.square_of(column));
            let mut columns = pair.map(|_| vec![0.0; rows.blocks() * LANES]);
            for block in 0..rows.blocks() {
                let mut values = rows.dots(block, [&a, &b]);
                for n in 0..2 {
                    kernel.apply(squares[n], rows.squares(block), &mut values[n]);
                    let column = &mut columns[n][block * LANES..][..LANES];
                    for i in 0..LANES {
                        column[i] = values[n][i] as f32;
                    }
                }
            }
            columns
        };
        let pairs: Vec<[Vec<f32>; 2]> =
            (0..count.div_ceil(2)).into_par_iter().map(|n| pair(2 * n)).collect();
        let mut columns: Vec<Vec<f32>> = pairs.into_iter().flatten().collect();
        columns.truncate(count);
        for column in &mut columns {
            column.truncate(rows.len);
        }
        self.cache.take_in(columns);
    }

    /// Adds the first columns, which must be known, in their order.
    pub(super) fn add_first(&self, count: usize, sums: &mut [f64]) {
        let size = PART * LANES;
        sums.par_chunks_mut(size).enumerate().for_each(|(part, sums)| {
            for column in 0..count {
                let column = &self.cache.column(column)[part * size..];
                for (sum, &value) in sums.iter_mut().zip(column) {
                    *sum += f64::from(value);
                }
            }
        });
    }

    /// What is known of a column.
    pub(super) fn column(&self, column: usize) -> &[f32] {
        self.cache.column(column)
    }

    /// Two rows are changed for each other.
    pub(super) fn swap(&mut self, a: usize, b: usize) {
        self.rows.swap(a, b);
        self.diagonal.swap(a, b);
        self.cache.swap(a, b);
    }

    pub(super) fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// The rows in their order now.
    pub(super) fn rows(&self) -> &Lanes {
        &self.rows
    }
}

/// The values of a column from row `from` on.
fn fill(rows: &Lanes, kernel: Kernel, column: usize, from: usize, out: &mut [f32]) {
    let row = rows.row(column);
    let square = rows.square_of(column);
    // The first block may be known in part.
    let (first, known) = (from / LANES, from % LANES);
    let (head, rest) = out.split_at_mut(((LANES - known) % LANES).min(out.len()));
    if !head.is_empty() {
        let values = block_values(rows, kernel, &row, square, first);
        for (to, value) in head.iter_mut().zip(&values[known..]) {
            *to = *value as f32;
        }
    }
    let next = from.div_ceil(LANES);
    let part = |part: usize, out: &mut [f32]| {
        let (whole, rest) = out.as_chunks_mut::<LANES>();
        let first = next + part * PART;
        for (block, out) in whole.iter_mut().enumerate() {
            let values = block_values(rows, kernel, &row, square, first + block);
            for i in 0..LANES {
                out[i] = values[i] as f32;
            }
        }
        if !rest.is_empty() {
            let values = block_values(rows, kernel, &row, square, first + whole.len());
            for (to, value) in rest.iter_mut().zip(&values) {
                *to = *value as f32;
            }
        }
    };
    if rest.len() <= 2 * PART * LANES {
        rest.chunks_mut(PART * LANES).enumerate().for_each(|(n, out)| part(n, out));
    } else {
        rest.par_chunks_mut(PART * LANES).enumerate().for_each(|(n, out)| part(n, out));
    }
}

/// The kernel of a row with the rows of a block.
#[inline(always)]
fn block_values(rows: &Lanes, kernel: Kernel, row: &[f64], square: f64, block: usize) -> Lane {
    let [mut values] = rows.dots(block, [row]);
    kernel.apply(square, rows.squares(block), &mut values);
    values
}
