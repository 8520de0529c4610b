//! The best split of a node on one column by class weights, from a histogram over codes.

use tripline_core::math;

use super::binned::ColumnCodes;
use super::binning::{BinKind, ColumnBins};
use super::split::Rule;

/// How mixed a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Criterion {
    /// Gini impurity (Breiman et al. 1984).
    Gini,
    /// Entropy (Quinlan 1986), in nats.
    Entropy,
}

/// A training row in a tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    /// Its entry.
    pub(crate) entry: u32,
    /// Its class.
    pub(crate) class: u16,
    /// Rows that it stands for, at most 65,535.
    pub(crate) count: u16,
    /// Its weight.
    pub(crate) weight: f64,
}

/// A split by classes that may be made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ClassSplit {
    /// Purity of both children: more is better.
    pub(crate) purity: f64,
    /// Column in use.
    pub(crate) column: usize,
    /// Codes that go left.
    pub(crate) rule: Rule,
    /// For a numeric column, the largest value that goes left.
    pub(crate) threshold: f64,
    /// Where a missing value goes.
    pub(crate) missing_left: bool,
}

impl Criterion {
    /// The weight times the purity of a node with these class weights, up to a constant that both
    /// sides of a split share: Σ w² / W, or Σ w ln w − W ln W.
    pub(crate) fn purity<const K: usize>(self, weights: &[f64; K]) -> f64 {
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return 0.0;
        }
        match self {
            Self::Gini => weights.iter().map(|w| w * w).sum::<f64>() / total,
            Self::Entropy => {
                let own = |w: f64| if w > 0.0 { w * math::ln(w) } else { 0.0 };
                weights.iter().map(|&w| own(w)).sum::<f64>() - own(total)
            }
        }
    }
}

/// Class weights by code, with the codes that have rows.
pub(crate) struct ClassHistogram<const K: usize> {
    weights: Vec<[f64; K]>,
    counts: Vec<u32>,
    /// One bit for each code that has rows.
    occupied: [u64; 4],
    criterion: Criterion,
    min_samples_leaf: u32,
    order: Vec<(f64, usize)>,
}

impl<const K: usize> ClassHistogram<K> {
    pub(crate) fn new(criterion: Criterion, min_samples_leaf: u32) -> Self {
        Self {
            weights: vec![[0.0; K]; 256],
            counts: vec![0; 256],
            occupied: [0; 4],
            criterion,
            min_samples_leaf,
            order: Vec::new(),
        }
    }

    /// The best split of these rows on a column; `None` if the column is constant here.
    pub(crate) fn best(
        &mut self,
        column: usize,
        bins: &ColumnBins,
        codes: &ColumnCodes,
        items: &[Item],
        total: &[f64; K],
    ) -> Option<ClassSplit> {
        let ColumnCodes::Narrow(codes) = codes else { return None };
        self.fill(codes, items);
        let single = self.occupied.iter().map(|word| word.count_ones()).sum::<u32>() < 2;
        let found = if single {
            None
        } else if bins.is_numeric() {
            self.thresholds(column, bins, total)
        } else {
            self.sets(column, bins, total)
        };
        self.clear();
        found
    }

    fn fill(&mut self, codes: &[u8], items: &[Item]) {
        let weights: &mut [[f64; K]] = &mut self.weights[..256];
        for item in items {
            let code = usize::from(codes[item.entry as usize]);
            weights[code][usize::from(item.class) % K] += item.weight;
            self.occupied[code / 64] |= 1 << (code % 64);
        }
        if self.min_samples_leaf > 1 {
            for item in items {
                self.counts[usize::from(codes[item.entry as usize])] += u32::from(item.count);
            }
        }
    }

    fn clear(&mut self) {
        for code in codes_of(self.occupied) {
            self.weights[code] = [0.0; K];
            self.counts[code] = 0;
        }
        self.occupied = [0; 4];
    }

    fn thresholds(&self, column: usize, bins: &ColumnBins, total: &[f64; K]) -> Option<ClassSplit> {
        let mut values = self.occupied;
        let missing = bins.missing.filter(|&bin| self.occupied[bin / 64] >> (bin % 64) & 1 == 1);
        if let Some(bin) = missing {
            values[bin / 64] &= !(1 << (bin % 64));
        }
        let mut best: Option<(f64, usize, usize, bool)> = None;
        for with_missing in [false, true] {
            let mut left = Side::default();
            match (missing, with_missing) {
                (None, true) => break,
                (Some(bin), true) => left.add(&self.weights[bin], self.counts[bin]),
                _ => {}
            }
            let all = self.all_counts();
            let mut next = codes_of(values).peekable();
            while let Some(code) = next.next() {
                left.add(&self.weights[code], self.counts[code]);
                // After the last value, only missing ones can be on the right.
                let following = match next.peek() {
                    Some(&following) => following,
                    None if missing.is_some() && !with_missing => usize::MAX,
                    None => break,
                };
                if !self.allows(left.count, all) {
                    continue;
                }
                let purity = self.purity_of_split(&left.weights, total);
                if best.is_none_or(|(most, ..)| purity > most) {
                    best = Some((purity, code, following, with_missing));
                }
            }
        }
        let (purity, code, following, with_missing) = best?;
        let BinKind::Numeric { bounds, .. } = &bins.kind else { return None };
        // Where no row of the node lies, the threshold stands halfway.
        let last = if following == usize::MAX {
            bounds.len() - 1
        } else {
            code + (following - 1 - code) / 2
        };
        let missing_left = if missing.is_some() {
            with_missing
        } else {
            let left: f64 =
                codes_of(values).take_while(|&c| c <= last).map(|c| sum(&self.weights[c])).sum();
            left * 2.0 >= sum(total)
        };
        let rule = Rule::AtMost(last);
        Some(ClassSplit { purity, column, rule, threshold: bounds[last], missing_left })
    }

    /// Categories in the order of their share of one class: for two classes the best set of all is
    /// a beginning of it (Breiman et al. 1984, theorem 4.5); for more the class is that of most
    /// weight in the node.
    fn sets(&mut self, column: usize, bins: &ColumnBins, total: &[f64; K]) -> Option<ClassSplit> {
        let main =
            (0..K).fold(0, |main, class| if total[class] > total[main] { class } else { main });
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        order.extend(
            codes_of(self.occupied)
                .map(|code| (self.weights[code][main] / sum(&self.weights[code]), code)),
        );
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut best: Option<(f64, [u64; 4])> = None;
        let mut left = Side::default();
        let mut set = [0; 4];
        let all = self.all_counts();
        for &(_, code) in &order[..order.len() - 1] {
            left.add(&self.weights[code], self.counts[code]);
            set[code / 64] |= 1 << (code % 64);
            if !self.allows(left.count, all) {
                continue;
            }
            let purity = self.purity_of_split(&left.weights, total);
            if best.is_none_or(|(most, _)| purity > most) {
                best = Some((purity, set));
            }
        }
        self.order = order;
        let (purity, mut set) = best?;
        // A category that did not come here goes with most rows.
        let in_set: f64 = codes_of(set).map(|code| sum(&self.weights[code])).sum();
        let rest_left = in_set * 2.0 >= sum(total);
        if rest_left {
            set.iter_mut().zip(self.occupied).for_each(|(word, seen)| *word |= !seen);
        }
        let rule = Rule::OneOf(set);
        let missing_left = bins.missing.map_or(rest_left, |bin| rule.takes(bin));
        Some(ClassSplit { purity, column, rule, threshold: 0.0, missing_left })
    }

    fn all_counts(&self) -> u32 {
        if self.min_samples_leaf > 1 {
            codes_of(self.occupied).map(|c| self.counts[c]).sum()
        } else {
            0
        }
    }

    fn allows(&self, left: u32, all: u32) -> bool {
        let least = self.min_samples_leaf;
        least <= 1 || (left >= least && all - left >= least)
    }

    fn purity_of_split(&self, left: &[f64; K], total: &[f64; K]) -> f64 {
        let right: [f64; K] = std::array::from_fn(|k| total[k] - left[k]);
        self.criterion.purity(left) + self.criterion.purity(&right)
    }
}

struct Side<const K: usize> {
    weights: [f64; K],
    count: u32,
}

impl<const K: usize> Default for Side<K> {
    fn default() -> Self {
        Self { weights: [0.0; K], count: 0 }
    }
}

impl<const K: usize> Side<K> {
    fn add(&mut self, weights: &[f64; K], count: u32) {
        self.weights.iter_mut().zip(weights).for_each(|(sum, w)| *sum += w);
        self.count += count;
    }
}

fn sum<const K: usize>(weights: &[f64; K]) -> f64 {
    weights.iter().sum()
}

/// The codes of a set, rising.
pub(crate) fn codes_of(set: [u64; 4]) -> impl Iterator<Item = usize> {
    set.into_iter().enumerate().flat_map(|(word, mut bits)| {
        std::iter::from_fn(move || {
            if bits == 0 {
                return None;
            }
            let bit = bits.trailing_zeros() as usize;
            bits &= bits - 1;
            Some(word * 64 + bit)
        })
    })
}
