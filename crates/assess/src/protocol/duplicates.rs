//! Groups of rows with equal features.

use std::collections::HashMap;

use rayon::prelude::*;
use tripline_core::{Category, Column, Rows, math};

/// When two numbers count as equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rounding {
    /// When they are the same.
    #[default]
    Exact,
    /// When they agree in so many significant decimal digits: near-duplicates.
    Significant(u8),
}

/// The group of each row: rows share a group exactly if all their cells are equal.
///
/// `NaN` equals `NaN`, −0.0 equals 0.0, categories are compared by text. Rows are compared by a
/// 128-bit hash, so two unequal rows among a billion share a group with a chance below 1e-20.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// For each row the number of its group; groups are numbered by first row.
    pub of: Vec<u32>,
    /// Number of groups.
    pub count: usize,
}

impl Groups {
    /// Groups the rows by all their columns.
    pub fn new(rows: &Rows, rounding: Rounding) -> Self {
        let columns: Vec<usize> = (0..rows.width()).collect();
        Self::from_hashes(&row_hashes(rows, &columns, rounding))
    }

    pub(crate) fn from_hashes(hashes: &[u128]) -> Self {
        let mut seen: HashMap<u128, u32> = HashMap::with_capacity(hashes.len());
        let mut of = Vec::with_capacity(hashes.len());
        for &hash in hashes {
            let next = seen.len() as u32;
            of.push(*seen.entry(hash).or_insert(next));
        }
        Self { of, count: seen.len() }
    }

    /// Number of rows of each group.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.count];
        self.of.iter().for_each(|&group| sizes[group as usize] += 1);
        sizes
    }

    /// The rows of each group, rising.
    pub fn members(&self) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::new(); self.count];
        for (row, &group) in self.of.iter().enumerate() {
            members[group as usize].push(row);
        }
        members
    }

    /// How many of `test` share a group with a row of `train`.
    pub fn shared(&self, train: &[usize], test: &[usize]) -> usize {
        let mut known = vec![false; self.count];
        train.iter().for_each(|&row| known[self.of[row] as usize] = true);
        test.iter().filter(|&&row| known[self.of[row] as usize]).count()
    }
}

/// A hash of the cells of each row in `columns`, in that order.
pub(crate) fn row_hashes(rows: &Rows, columns: &[usize], rounding: Rounding) -> Vec<u128> {
    // By blocks of rows, so that a block's hashes stay in cache while the columns pass.
    const BLOCK: usize = 4096;
    let cells: Vec<Cells<'_>> =
        columns.iter().map(|&column| Cells::new(&rows.columns()[column])).collect();
    let mut hashes = vec![(0x243f_6a88_85a3_08d3u64, 0x1319_8a2e_0370_7344u64); rows.len()];
    hashes.par_chunks_mut(BLOCK).enumerate().for_each(|(block, hashes)| {
        let start = block * BLOCK;
        for cells in &cells {
            for (at, (low, high)) in hashes.iter_mut().enumerate() {
                let (a, b) = cells.hash(start + at, rounding);
                *low = mix(*low ^ a);
                *high = mix(high.rotate_left(23) ^ b);
            }
        }
    });
    hashes.into_iter().map(|(low, high)| (u128::from(high) << 64) | u128::from(low)).collect()
}

enum Cells<'a> {
    Numeric(&'a [f64]),
    Category(&'a [u32], Vec<(u64, u64)>),
}

const MISSING: (u64, u64) = (0x7ff8_0000_0000_0001, 0x7ff8_0000_0000_0001);

impl<'a> Cells<'a> {
    fn new(column: &'a Column) -> Self {
        match column {
            Column::Numeric(values) => Self::Numeric(values),
            Column::Category(category) => {
                let texts = category.values.iter().map(|text| text_hash(text)).collect();
                Self::Category(&category.codes, texts)
            }
        }
    }

    fn hash(&self, row: usize, rounding: Rounding) -> (u64, u64) {
        match self {
            Self::Numeric(values) => {
                let value = values[row];
                if value.is_nan() {
                    return MISSING;
                }
                match rounding {
                    Rounding::Exact => {
                        let bits = (value + 0.0).to_bits();
                        (bits, bits)
                    }
                    Rounding::Significant(digits) => {
                        let (mantissa, exponent) = rounded(value, digits);
                        (mantissa.to_bits(), mantissa.to_bits() ^ exponent.cast_unsigned())
                    }
                }
            }
            Self::Category(codes, texts) => match codes[row] {
                Category::MISSING => MISSING,
                code => texts[code as usize],
            },
        }
    }
}

/// The digits of a number as a whole number, with the power of ten that they stand at.
fn rounded(value: f64, digits: u8) -> (f64, i64) {
    // 15 digits are what an f64 holds for certain.
    let digits = i64::from(digits.clamp(1, 15));
    // Next to the smallest numbers the scale would overflow; these stay as they are.
    if value.abs() < 1e-290 || !value.is_finite() {
        return (value + 0.0, 0);
    }
    let mut exponent = math::log10(value.abs()).floor() as i64;
    let most = power_of_ten(digits);
    let mut mantissa = scaled(value, digits - 1 - exponent).round();
    // 9.9996 becomes 10.000, and a logarithm may err next to a power of ten.
    while mantissa.abs() >= most {
        exponent += 1;
        mantissa = (mantissa / 10.0).round();
    }
    (mantissa, exponent)
}

fn scaled(value: f64, exponent: i64) -> f64 {
    if exponent >= 0 { value * power_of_ten(exponent) } else { value / power_of_ten(-exponent) }
}

fn power_of_ten(exponent: i64) -> f64 {
    // Powers to 22 are exact, which serves nearly every cell.
    const EXACT: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];
    match EXACT.get(exponent as usize) {
        Some(&power) => power,
        None => math::pow(10.0, exponent as f64),
    }
}

fn text_hash(text: &str) -> (u64, u64) {
    let (mut low, mut high) = (0xa409_3822_299f_31d0u64, 0x082e_fa98_ec4e_6c89u64);
    for chunk in text.as_bytes().chunks(8) {
        let mut word = [0u8; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let word = u64::from_le_bytes(word);
        low = mix(low ^ word);
        high = mix(high.rotate_left(23) ^ word);
    }
    let length = text.len() as u64;
    (mix(low ^ length), mix(high.rotate_left(23) ^ length))
}

/// The finaliser of SplitMix64 (Steele et al. 2014).
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_cells_make_equal_rows() {
        let rows = Rows::new(vec![
            ("a".to_owned(), Column::numeric(vec![0.0, -0.0, f64::NAN, -f64::NAN, 1.0, 1.004])),
            (
                "b".to_owned(),
                Column::category(&[Some("x"), Some("x"), None, None, Some("y"), Some("y")]),
            ),
        ])
        .unwrap();
        assert_eq!(Groups::new(&rows, Rounding::Exact).of, [0, 0, 1, 1, 2, 3]);
        assert_eq!(Groups::new(&rows, Rounding::Significant(3)).of, [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn rounding_keeps_significant_digits() {
        assert_eq!(rounded(123_456.0, 2), (12.0, 5));
        assert_eq!(rounded(-0.001_234_5, 3), (-123.0, -3));
        assert_eq!(rounded(9.9996, 4), rounded(10.0, 4));
        assert_eq!(rounded(1000.0, 4), (1000.0, 3));
        assert_ne!(rounded(10.01, 4), rounded(100.1, 4));
        assert_eq!(rounded(f64::INFINITY, 4), (f64::INFINITY, 0));
        assert_eq!(rounded(5e-324, 4), (5e-324, 0));
        assert_eq!(rounded(-f64::MAX, 4), (-1798.0, 308));
    }
}
