//! The codes of a column: which values share a bin.

use tripline_core::{Category, Column};

/// Rows of which a column's bins are made; more change the quantiles by less than a bin's width
/// (LightGBM's `bin_construct_sample_cnt`).
const SAMPLE: usize = 200_000;

/// Most bins of a category column, so that a set of them is 256 bits with that of missing values.
const MAX_CATEGORIES: usize = 255;

/// How one column's values become codes 0..`bins`.
#[derive(Debug, Clone)]
pub(crate) struct ColumnBins {
    /// The rule.
    pub(crate) kind: BinKind,
    /// Number of codes, that of missing values included.
    pub(crate) bins: usize,
    /// The code of missing values, always the last, if training has any.
    pub(crate) missing: Option<usize>,
}

/// The rule by which values become codes.
#[derive(Debug, Clone)]
pub(crate) enum BinKind {
    /// Code b holds values above bound b − 1 up to bound b; the last bound is +∞. The smallest
    /// value seen in each bin stands beside.
    Numeric { bounds: Vec<f64>, lows: Vec<f64> },
    /// The bin of each dictionary code; [`BinKind::OTHER`] shares the bin of missing values.
    Category(Vec<u16>),
}

impl BinKind {
    /// No bin of its own: not in training, or too rare to have one.
    pub(crate) const OTHER: u16 = u16::MAX;
}

/// How fine bins are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fineness {
    /// Most bins beside that of missing values.
    pub(crate) max_bin: usize,
    /// Least rows of a bin of numbers, as far as values allow.
    pub(crate) min_rows: u64,
}

impl ColumnBins {
    /// Bins of a column's values, each counted `counts` times; a row of count 0 is ignored.
    pub(crate) fn find(column: &Column, counts: &[u32], fineness: Fineness) -> Self {
        match column {
            Column::Numeric(values) => Self::numeric(values, counts, fineness),
            Column::Category(category) => {
                Self::category(category, counts, fineness.max_bin.min(MAX_CATEGORIES))
            }
        }
    }

    fn numeric(values: &[f64], counts: &[u32], fineness: Fineness) -> Self {
        // Every k-th row after a multiplicative shuffle of k keeps the sample free of periods.
        let step = values.len().div_ceil(SAMPLE).max(1);
        let mut keys = Vec::with_capacity(values.len() / step + 1);
        let mut missing = false;
        for (row, (&value, &count)) in values.iter().zip(counts).enumerate() {
            if count == 0 {
                continue;
            }
            missing |= value.is_nan();
            let drawn = step == 1 || scatter(row as u64).is_multiple_of(step as u64);
            if drawn && !value.is_nan() {
                keys.push((order_key(value), count));
            }
        }
        sort_keys(&mut keys);
        let mut distinct: Vec<(f64, u64)> = Vec::new();
        let mut last = None;
        for &(key, count) in &keys {
            if last == Some(key) {
                if let Some((_, total)) = distinct.last_mut() {
                    *total += u64::from(count);
                }
            } else {
                distinct.push((value_of_key(key), u64::from(count)));
                last = Some(key);
            }
        }
        let (bounds, lows) = greedy_bounds(&distinct, fineness);
        Self {
            missing: missing.then_some(bounds.len()),
            bins: bounds.len() + usize::from(missing),
            kind: BinKind::Numeric { bounds, lows },
        }
    }

    fn category(category: &Category, counts: &[u32], max_bin: usize) -> Self {
        let mut totals = vec![0u64; category.values.len()];
        let mut missing = false;
        for (&code, &count) in category.codes.iter().zip(counts) {
            if code == Category::MISSING {
                missing |= count > 0;
            } else {
                totals[code as usize] += u64::from(count);
            }
        }
        let mut order: Vec<u32> =
            (0..totals.len() as u32).filter(|&code| totals[code as usize] > 0).collect();
        order.sort_by_key(|&code| (std::cmp::Reverse(totals[code as usize]), code));
        missing |= order.len() > max_bin;
        order.truncate(max_bin);
        let mut table = vec![BinKind::OTHER; totals.len()];
        for (bin, &code) in order.iter().enumerate() {
            table[code as usize] = bin as u16;
        }
        Self {
            missing: missing.then_some(order.len()),
            bins: order.len() + usize::from(missing),
            kind: BinKind::Category(table),
        }
    }

    /// Whether bins have an order.
    pub(crate) fn is_numeric(&self) -> bool {
        matches!(self.kind, BinKind::Numeric { .. })
    }

    /// A value of each code: for a category column the number of a category, `NaN` if missing.
    pub(crate) fn typical(&self) -> Vec<f64> {
        let mut values = match &self.kind {
            BinKind::Numeric { lows, .. } => lows.clone(),
            BinKind::Category(table) => {
                let own = self.bins - usize::from(self.missing.is_some());
                let code = |bin| table.iter().position(|&of| usize::from(of) == bin);
                (0..own).map(|bin| code(bin).map_or(f64::NAN, |code| code as f64)).collect()
            }
        };
        values.resize(self.bins, f64::NAN);
        values
    }

    /// The codes of a column's values; a value that training has not gets the code of missing ones,
    /// or 0 where there is none.
    pub(crate) fn encode(&self, column: &Column) -> Vec<u16> {
        let absent = self.missing.unwrap_or(0) as u16;
        match (&self.kind, column) {
            (BinKind::Numeric { bounds, .. }, Column::Numeric(values)) => values
                .iter()
                .map(|&value| if value.is_nan() { absent } else { search(bounds, value) })
                .collect(),
            (BinKind::Category(table), Column::Category(category)) => category
                .codes
                .iter()
                .map(|&code| match table.get(code as usize) {
                    Some(&bin) if bin != BinKind::OTHER => bin,
                    _ => absent,
                })
                .collect(),
            _ => vec![absent; column.len()],
        }
    }
}

/// The first bound that is not below a value.
fn search(bounds: &[f64], value: f64) -> u16 {
    // Without branches: the comparison becomes a conditional move.
    let mut base = 0;
    let mut size = bounds.len();
    while size > 1 {
        let half = size / 2;
        base += if bounds[base + half - 1] < value { half } else { 0 };
        size -= half;
    }
    base as u16
}

/// Upper bounds with smallest values of at most `max_bin` bins of about equal counts, where a value
/// of many rows has a bin of its own (LightGBM's `GreedyFindBin`).
fn greedy_bounds(distinct: &[(f64, u64)], fineness: Fineness) -> (Vec<f64>, Vec<f64>) {
    let Fineness { max_bin, min_rows } = fineness;
    let mut bounds = Vec::new();
    let mut lows: Vec<f64> = distinct.first().map(|&(value, _)| value).into_iter().collect();
    let mut part = |low: f64, high: f64| {
        bounds.push(between(low, high));
        lows.push(high);
        bounds.len()
    };
    if distinct.len() <= max_bin {
        let mut rows = 0;
        for pair in distinct.windows(2) {
            rows += pair[0].1;
            if rows >= min_rows {
                part(pair[0].0, pair[1].0);
                rows = 0;
            }
        }
    } else {
        let total: u64 = distinct.iter().map(|&(_, count)| count).sum();
        let max_bin = max_bin.min((total / min_rows) as usize).max(1);
        let mean = total as f64 / max_bin as f64;
        let big = |count: u64| count as f64 >= mean;
        let mut rest_bins = max_bin as f64;
        let mut rest_rows = total as f64;
        for &(_, count) in distinct.iter().filter(|&&(_, count)| big(count)) {
            rest_bins -= 1.0;
            rest_rows -= count as f64;
        }
        let mut mean_rest = rest_rows / rest_bins;
        let mut rows = 0.0;
        for pair in distinct.windows(2) {
            let (this, next) = (pair[0], pair[1]);
            if !big(this.1) {
                rest_rows -= this.1 as f64;
            }
            rows += this.1 as f64;
            let full = rows >= mean_rest;
            let room_before_big = big(next.1) && rows >= (mean_rest * 0.5).max(1.0);
            if big(this.1) || full || room_before_big {
                if part(this.0, next.0) + 1 >= max_bin {
                    break;
                }
                rows = 0.0;
                if !big(this.1) {
                    rest_bins -= 1.0;
                    mean_rest = rest_rows / rest_bins;
                }
            }
        }
    }
    bounds.push(f64::INFINITY);
    if lows.is_empty() {
        lows.push(0.0);
    }
    (bounds, lows)
}

/// A number that is at least `low` and below `high`, halfway where there is one.
pub(crate) fn between(low: f64, high: f64) -> f64 {
    let middle = low * 0.5 + high * 0.5;
    if middle.is_finite() && middle >= low && middle < high { middle } else { low }
}

/// A number in the order of the values; −0 equals 0.
fn order_key(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn value_of_key(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

fn scatter(row: u64) -> u64 {
    row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33
}

/// Sorts by key, by its bytes from the lowest; a byte that is the same in all keys is skipped.
fn sort_keys(keys: &mut Vec<(u64, u32)>) {
    if keys.len() < 256 {
        keys.sort_unstable_by_key(|&(key, _)| key);
        return;
    }
    let mut counts = vec![[0u32; 256]; 8];
    for &(key, _) in keys.iter() {
        for (byte, counts) in key.to_le_bytes().into_iter().zip(&mut counts) {
            counts[usize::from(byte)] += 1;
        }
    }
    let mut other = vec![(0, 0); keys.len()];
    for (byte, counts) in counts.iter().enumerate() {
        if counts.iter().any(|&count| count as usize == keys.len()) {
            continue;
        }
        let mut offsets = [0u32; 256];
        let mut sum = 0;
        for (offset, &count) in offsets.iter_mut().zip(counts) {
            *offset = sum;
            sum += count;
        }
        for &entry in keys.iter() {
            let offset = &mut offsets[usize::from((entry.0 >> (8 * byte)) as u8)];
            other[*offset as usize] = entry;
            *offset += 1;
        }
        std::mem::swap(keys, &mut other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: Fineness = Fineness { max_bin: 255, min_rows: 3 };

    #[test]
    fn values_lie_at_or_below_their_bound() {
        let values: Vec<f64> = (0..2000).map(|i| f64::from(i % 700) * 0.5 - 100.0).collect();
        let column = Column::numeric(values.clone());
        let bins = ColumnBins::find(&column, &vec![1; 2000], FINE);
        let BinKind::Numeric { bounds, .. } = &bins.kind else { panic!() };
        assert!(bounds.len() <= 255 && bounds.len() > 200, "{}", bounds.len());
        for (value, code) in values.iter().zip(bins.encode(&column)) {
            let code = usize::from(code);
            assert!(*value <= bounds[code] && (code == 0 || *value > bounds[code - 1]));
        }
    }

    #[test]
    fn infinities_stand_apart() {
        let mut values = vec![f64::NEG_INFINITY; 5];
        values.extend([1.0; 5]);
        values.extend([f64::INFINITY; 5]);
        values.extend([f64::NAN; 5]);
        let column = Column::numeric(values);
        let bins = ColumnBins::find(&column, &[1; 20], FINE);
        assert_eq!(bins.missing, Some(3));
        let codes = bins.encode(&column);
        assert_eq!([codes[0], codes[5], codes[10], codes[15]], [0, 1, 2, 3]);
    }

    #[test]
    fn rare_categories_share_the_bin_of_missing_values() {
        let column = Column::category(&[Some("a"), Some("b"), Some("b"), Some("c"), Some("c")]);
        let bins = ColumnBins::find(&column, &[1; 5], Fineness { max_bin: 2, min_rows: 3 });
        assert_eq!(bins.encode(&column), [2, 0, 0, 1, 1]);
        assert_eq!(bins.bins, 3);
    }
}
