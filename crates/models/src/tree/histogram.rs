//! Histograms: sums of gradients by bin, in whole numbers whose order of addition does not matter.

use super::binned::{Codes, GROUP, Group, NARROW};

/// Two sums in fixed point: the gradient, then the hessian above the number of rows.
///
/// One addition of two 64-bit lanes updates a bin. Whole numbers add up to the same sum in any
/// order, so histograms do not depend on threads, and the difference of two of them is exact.
pub(crate) type Cell = [i64; 2];

/// The fixed point of a tree's gradients and hessians.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    /// Units of 1 of gradient, a power of 2.
    pub(crate) gradient: f64,
    /// Units of 1 of hessian, a power of 2.
    pub(crate) hessian: f64,
    /// Bits of the number of rows.
    pub(crate) count_bits: u32,
    gradient_unit: f64,
    hessian_unit: f64,
}

/// Sums of a bin or a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sums {
    /// Of gradients.
    pub(crate) gradient: f64,
    /// Of hessians.
    pub(crate) hessian: f64,
    /// Of rows.
    pub(crate) count: u64,
}

impl Scale {
    /// The finest scale under which sums up to these do not overflow.
    pub(crate) fn new(gradient: f64, hessian: f64, count: u64) -> Self {
        let count_bits = 64 - count.leading_zeros();
        let units = |bound: f64, bits: i32| power_of_2(bits - exponent_above(bound));
        // Rounding adds up to half a unit for each row: one bit more.
        let (gradient, hessian) = (units(gradient, 61), units(hessian, 61 - count_bits as i32));
        Self {
            gradient,
            hessian,
            count_bits,
            gradient_unit: 1.0 / gradient,
            hessian_unit: 1.0 / hessian,
        }
    }

    /// A row in fixed point.
    pub(crate) fn cell(&self, gradient: f64, hessian: f64, count: u32) -> Cell {
        let hessian = (hessian * self.hessian + 0.5) as i64;
        [(gradient * self.gradient) as i64, hessian << self.count_bits | i64::from(count)]
    }

    /// A cell as numbers.
    pub(crate) fn sums(&self, cell: Cell) -> Sums {
        Sums {
            gradient: cell[0] as f64 * self.gradient_unit,
            hessian: (cell[1] >> self.count_bits) as f64 * self.hessian_unit,
            count: self.count(cell),
        }
    }

    /// Rows of a cell.
    pub(crate) fn count(&self, cell: Cell) -> u64 {
        cell[1] as u64 & ((1 << self.count_bits) - 1)
    }
}

/// Smallest e with 2^e > x, for x above 0.
fn exponent_above(x: f64) -> i32 {
    let x = x.max(f64::MIN_POSITIVE);
    (x.to_bits() >> 52) as i32 - 1022
}

fn power_of_2(exponent: i32) -> f64 {
    f64::from_bits(((exponent.clamp(-1022, 1023) + 1023) as u64) << 52)
}

/// The sum of two cells.
pub(crate) fn plus(a: Cell, b: Cell) -> Cell {
    [a[0] + b[0], a[1] + b[1]]
}

/// The difference of two cells.
pub(crate) fn minus(a: Cell, b: Cell) -> Cell {
    [a[0] - b[0], a[1] - b[1]]
}

/// Cells that a group's histogram has, given the bins of its columns.
pub(crate) fn cells_of(group: &Group, bins: usize) -> usize {
    match group.codes {
        Codes::Narrow(_) => GROUP * NARROW,
        Codes::Wide(_) => bins,
    }
}

/// Adds the entries in `index` to a group's histogram, which must be cleared.
pub(crate) fn fill(group: &Group, index: &[u32], cells: &[Cell], histogram: &mut [Cell]) {
    match &group.codes {
        Codes::Narrow(codes) => {
            let Ok(histogram) = <&mut [Cell; GROUP * NARROW]>::try_from(histogram) else { return };
            match group.width {
                1 => fill_narrow::<1>(codes, index, cells, histogram),
                2 => fill_narrow::<2>(codes, index, cells, histogram),
                3 => fill_narrow::<3>(codes, index, cells, histogram),
                4 => fill_narrow::<4>(codes, index, cells, histogram),
                5 => fill_narrow::<5>(codes, index, cells, histogram),
                6 => fill_narrow::<6>(codes, index, cells, histogram),
                7 => fill_narrow::<7>(codes, index, cells, histogram),
                _ => fill_narrow::<8>(codes, index, cells, histogram),
            }
        }
        Codes::Wide(codes) => {
            for &entry in index {
                let code = usize::from(codes[entry as usize]);
                histogram[code] = plus(histogram[code], cells[entry as usize]);
            }
        }
    }
}

fn fill_narrow<const WIDTH: usize>(
    codes: &[[u8; GROUP]],
    index: &[u32],
    cells: &[Cell],
    histogram: &mut [Cell; GROUP * NARROW],
) {
    for &entry in index {
        let cell = cells[entry as usize];
        let row = codes[entry as usize];
        for (k, &code) in row.iter().enumerate().take(WIDTH) {
            let bin = &mut histogram[k * NARROW + usize::from(code)];
            *bin = plus(*bin, cell);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_point_keeps_sums_without_overflow() {
        let rows = 1_000_000_u64;
        let scale = Scale::new(rows as f64, rows as f64 * 0.25, rows);
        let mut sum = [0, 0];
        let mut exact = 0.0;
        for i in 0..rows {
            let gradient = ((i % 1000) as f64 - 499.0) / 500.0;
            exact += gradient;
            sum = plus(sum, scale.cell(gradient, 0.25, 1));
        }
        let sums = scale.sums(sum);
        assert_eq!(sums.count, rows);
        assert!((sums.hessian - 250_000.0).abs() < 1e-6);
        assert!((sums.gradient - exact).abs() < 1e-5, "{} {exact}", sums.gradient);
        let extreme = scale.cell(-1.0, 0.25, 1);
        let all = [extreme[0] * rows as i64, extreme[1] * rows as i64];
        assert_eq!(scale.sums(all).gradient, -(rows as f64));
    }
}
