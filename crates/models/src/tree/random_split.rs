//! A random split of a node on one column, as extra trees draw it.

use tripline_core::Rng;

use super::binned::ColumnCodes;
use super::binning::{BinKind, ColumnBins};
use super::class_split::{ClassSplit, Criterion, Item, codes_of};
use super::split::Rule;

/// Draws splits (Geurts et al. 2006, table 1).
pub(crate) struct RandomSplitter {
    criterion: Criterion,
    min_samples_leaf: u32,
    /// Codes of a node's rows, kept from looking for the ends to counting sides.
    codes: Vec<u32>,
}

impl RandomSplitter {
    pub(crate) fn new(criterion: Criterion, min_samples_leaf: u32) -> Self {
        Self { criterion, min_samples_leaf, codes: Vec::new() }
    }

    /// A random split of these rows on a column; `None` if the column is constant here or the
    /// split leaves a side with too few rows.
    ///
    /// A threshold is uniform between the least and the largest value. Of the categories that came
    /// here each goes left or right with equal chance. Missing values take the better side.
    pub(crate) fn draw<const K: usize>(
        &mut self,
        column: usize,
        bins: &ColumnBins,
        codes: &ColumnCodes,
        items: &[Item],
        total: &[f64; K],
        rng: &mut Rng,
    ) -> Option<ClassSplit> {
        match codes {
            ColumnCodes::Narrow(codes) => {
                let code = |entry: u32| usize::from(codes[entry as usize]);
                self.draw_by(column, bins, code, items, total, rng)
            }
            ColumnCodes::Wide(codes) => {
                let code = |entry: u32| usize::from(codes[entry as usize]);
                self.draw_by(column, bins, code, items, total, rng)
            }
        }
    }

    fn draw_by<const K: usize>(
        &mut self,
        column: usize,
        bins: &ColumnBins,
        code: impl Fn(u32) -> usize,
        items: &[Item],
        total: &[f64; K],
        rng: &mut Rng,
    ) -> Option<ClassSplit> {
        let BinKind::Numeric { bounds, lows } = &bins.kind else {
            return self.draw_set(column, bins, code, items, total, rng);
        };
        let values = bounds.len();
        let (mut least, mut most, mut missing) = (usize::MAX, 0, false);
        self.codes.clear();
        self.codes.extend(items.iter().map(|item| code(item.entry) as u32));
        for &code in &self.codes {
            let code = code as usize;
            // The code of missing values is above all others.
            missing |= code >= values;
            least = least.min(code);
            most = if code < values { most.max(code) } else { most };
        }
        if least >= values || (least == most && !missing) {
            return None;
        }
        let (last, threshold) = if least == most {
            (most, bounds[most])
        } else {
            let (low, high) = (lows[least], lows[most]);
            let drawn = low + rng.unit() * (high - low);
            if drawn.is_finite() && drawn < high {
                let above = lows[least + 1..=most].partition_point(|&low| low <= drawn);
                (least + above, drawn.max(low))
            } else {
                let last = least + rng.index(most - least);
                (last, bounds[last])
            }
        };
        let mut left = [0.0; K];
        let mut absent = [0.0; K];
        let mut counts = [0u32; 3];
        for (item, &code) in items.iter().zip(&self.codes) {
            let code = code as usize;
            let place = if code <= last { 0 } else { 1 + usize::from(code >= values) };
            let class = usize::from(item.class) % K;
            left[class] += if place == 0 { item.weight } else { 0.0 };
            absent[class] += if place == 2 { item.weight } else { 0.0 };
            counts[place] += u32::from(item.count);
        }
        let with_absent: [f64; K] = std::array::from_fn(|k| left[k] + absent[k]);
        let enough = |left: u32, right: u32| {
            let least = self.min_samples_leaf.max(1);
            left >= least && right >= least
        };
        let right_side = enough(counts[0], counts[1] + counts[2])
            .then(|| (self.purity_of_split(&left, total), false));
        let left_side = (missing && enough(counts[0] + counts[2], counts[1]))
            .then(|| (self.purity_of_split(&with_absent, total), true));
        let (purity, with_missing) = match (right_side, left_side) {
            (Some(right), Some(left)) => {
                if left.0 > right.0 {
                    left
                } else {
                    right
                }
            }
            (one, other) => one.or(other)?,
        };
        let heavier: f64 = left.iter().sum();
        let missing_left = if missing { with_missing } else { heavier * 2.0 >= total.iter().sum() };
        Some(ClassSplit { purity, column, rule: Rule::AtMost(last), threshold, missing_left })
    }

    fn draw_set<const K: usize>(
        &mut self,
        column: usize,
        bins: &ColumnBins,
        code: impl Fn(u32) -> usize,
        items: &[Item],
        total: &[f64; K],
        rng: &mut Rng,
    ) -> Option<ClassSplit> {
        let mut seen = [0u64; 4];
        for item in items {
            let code = code(item.entry);
            seen[code / 64 % 4] |= 1 << (code % 64);
        }
        let present: u32 = seen.iter().map(|word| word.count_ones()).sum();
        if present < 2 {
            return None;
        }
        // A bit for each category, also for those that did not come here.
        let mut set: [u64; 4] = std::array::from_fn(|_| rng.next_u64());
        let chosen: u32 = set.iter().zip(seen).map(|(set, seen)| (set & seen).count_ones()).sum();
        if chosen == 0 || chosen == present {
            let other = rng.index(present as usize);
            if let Some(code) = codes_of(seen).nth(other) {
                set[code / 64] ^= 1 << (code % 64);
            }
        }
        let rule = Rule::OneOf(set);
        let mut left = [0.0; K];
        let mut counts = [0u32; 2];
        for item in items {
            let side = usize::from(!rule.takes(code(item.entry)));
            left[usize::from(item.class) % K] += if side == 0 { item.weight } else { 0.0 };
            counts[side] += u32::from(item.count);
        }
        if counts.iter().any(|&count| count < self.min_samples_leaf.max(1)) {
            return None;
        }
        let purity = self.purity_of_split(&left, total);
        let missing_left = bins.missing.map_or(set[3] >> 63 == 1, |bin| rule.takes(bin));
        Some(ClassSplit { purity, column, rule, threshold: 0.0, missing_left })
    }

    fn purity_of_split<const K: usize>(&self, left: &[f64; K], total: &[f64; K]) -> f64 {
        let right: [f64; K] = std::array::from_fn(|k| total[k] - left[k]);
        self.criterion.purity(left) + self.criterion.purity(&right)
    }
}
