//! The best split of a node on one column, from its histogram.

use super::binning::ColumnBins;
use super::histogram::{Cell, Scale, Sums, minus, plus};

/// Gain relative to the node's own below which it is rounding, not gain.
const NOISE: f64 = 1e-12;

/// What a split must keep to; names as LightGBM has them.
#[derive(Debug, Clone)]
pub(crate) struct SplitRules {
    pub(crate) reg_alpha: f64,
    pub(crate) reg_lambda: f64,
    pub(crate) min_split_gain: f64,
    pub(crate) min_child_samples: u64,
    pub(crate) min_child_weight: f64,
    pub(crate) max_cat_to_onehot: usize,
    pub(crate) max_cat_threshold: usize,
    pub(crate) min_data_per_group: u64,
    pub(crate) cat_smooth: f64,
    pub(crate) cat_l2: f64,
    /// Direction of each column in use: 1 rising, −1 falling, 0 free; empty if all are free.
    pub(crate) monotone: Vec<i8>,
}

/// The range that leaf values below a node must keep to, for monotone columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limits {
    pub(crate) lower: f64,
    pub(crate) upper: f64,
}

impl Limits {
    /// No limit.
    pub(crate) const FREE: Self = Self { lower: f64::NEG_INFINITY, upper: f64::INFINITY };
}

/// Which codes go left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rule {
    /// Codes up to this one.
    AtMost(usize),
    /// The codes of this set.
    OneOf([u64; 4]),
}

/// A split that may be made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Candidate {
    /// Loss that the split takes away, doubled, as LightGBM counts it.
    pub(crate) gain: f64,
    /// Column in use.
    pub(crate) column: usize,
    /// Which codes go left.
    pub(crate) rule: Rule,
    /// Where a missing value goes.
    pub(crate) missing_left: bool,
    /// Sums of the left child.
    pub(crate) left: Cell,
    /// Values of the left child with the right child, before the learning rate.
    pub(crate) values: [f64; 2],
}

/// A node whose split is looked for.
pub(crate) struct Node<'a> {
    pub(crate) total: Cell,
    pub(crate) limits: Limits,
    pub(crate) scale: &'a Scale,
    pub(crate) rules: &'a SplitRules,
}

impl Rule {
    /// Whether a code goes left.
    pub(crate) fn takes(&self, code: usize) -> bool {
        match self {
            Self::AtMost(last) => code <= *last,
            Self::OneOf(set) => set.get(code / 64).is_some_and(|word| word >> (code % 64) & 1 == 1),
        }
    }
}

impl Candidate {
    /// Whether a row goes left, by its code; `missing` is the code of missing values.
    pub(crate) fn takes(&self, code: usize, missing: Option<usize>) -> bool {
        if Some(code) == missing { self.missing_left } else { self.rule.takes(code) }
    }

    /// Whether this is to be taken instead of another: more gain, then the earlier column.
    pub(crate) fn beats(&self, other: &Self) -> bool {
        self.gain > other.gain || (self.gain == other.gain && self.column < other.column)
    }
}

impl Node<'_> {
    /// The best split on a column; `cells` is its histogram.
    pub(crate) fn best(
        &self,
        column: usize,
        bins: &ColumnBins,
        cells: &[Cell],
    ) -> Option<Candidate> {
        let cells = &cells[..bins.bins];
        let mut search = Search::new(self, column);
        if !bins.is_numeric() {
            search.categories(bins, cells);
        } else {
            search.thresholds(bins, cells);
        }
        search.finish(bins, cells)
    }

    /// The value of a leaf with these sums (eq. 5 of Chen & Guestrin 2016, with L1).
    pub(crate) fn value(&self, sums: Sums, l2: f64) -> f64 {
        let value = -shrink(sums.gradient, self.rules.reg_alpha) / (sums.hessian + l2);
        // Without any hessian there is no best value.
        let value = if value.is_finite() { value } else { 0.0 };
        value.clamp(self.limits.lower, self.limits.upper)
    }

    /// The gain of a leaf that takes its own best value.
    fn free_gain(&self, sums: Sums, l2: f64) -> f64 {
        let gradient = shrink(sums.gradient, self.rules.reg_alpha);
        gradient * gradient / (sums.hessian + l2)
    }

    /// The gain of a leaf that takes this value.
    fn gain_of(&self, sums: Sums, l2: f64, value: f64) -> f64 {
        let gradient = shrink(sums.gradient, self.rules.reg_alpha);
        -(2.0 * gradient * value + (sums.hessian + l2) * value * value)
    }
}

/// Soft threshold: the gradient that is left after the L1 penalty.
fn shrink(gradient: f64, l1: f64) -> f64 {
    if l1 == 0.0 {
        return gradient;
    }
    let rest = (gradient.abs() - l1).max(0.0);
    if gradient < 0.0 { -rest } else { rest }
}

struct Search<'a> {
    node: &'a Node<'a>,
    column: usize,
    direction: i8,
    total: Sums,
    /// Gain of the node as a leaf.
    own: f64,
    /// Gain to beat: that of the best split yet, or the least that is wanted.
    best_gain: f64,
    best: Option<Found>,
}

struct Found {
    rule: Rule,
    left: Cell,
    with_missing: bool,
    l2: f64,
}

impl<'a> Search<'a> {
    fn new(node: &'a Node<'a>, column: usize) -> Self {
        let total = node.scale.sums(node.total);
        let l2 = node.rules.reg_lambda;
        let own = if node.rules.monotone.is_empty() {
            node.free_gain(total, l2)
        } else {
            node.gain_of(total, l2, node.value(total, l2))
        };
        Self {
            node,
            column,
            direction: node.rules.monotone.get(column).copied().unwrap_or(0),
            total,
            own,
            // A node without gradient or hessian gives no number: then nothing is gained.
            best_gain: if own.is_nan() {
                f64::INFINITY
            } else {
                own + node.rules.min_split_gain.max(own.abs() * NOISE)
            },
            best: None,
        }
    }

    fn finish(self, bins: &ColumnBins, cells: &[Cell]) -> Option<Candidate> {
        let found = self.best?;
        let node = self.node;
        let left = node.scale.sums(found.left);
        let right = node.scale.sums(minus(node.total, found.left));
        let seen_missing = bins.missing.is_some_and(|bin| !is_empty(cells[bin]));
        let (rule, missing_left) = match found.rule {
            Rule::OneOf(_) => (found.rule, bins.missing.is_some_and(|bin| found.rule.takes(bin))),
            // Where no missing value came, it would go with most rows.
            Rule::AtMost(last) => (
                Rule::AtMost(middle_of_gap(last, bins, cells)),
                if seen_missing { found.with_missing } else { left.count >= right.count },
            ),
        };
        Some(Candidate {
            gain: self.best_gain - self.own,
            column: self.column,
            rule,
            missing_left,
            left: found.left,
            values: [node.value(left, found.l2), node.value(right, found.l2)],
        })
    }

    /// All thresholds, with missing values right, then left.
    fn thresholds(&mut self, bins: &ColumnBins, cells: &[Cell]) {
        let values = bins.missing.unwrap_or(bins.bins);
        let missing = bins.missing.map_or([0, 0], |bin| cells[bin]);
        if is_empty(missing) {
            self.scan(&cells[..values - 1], [0, 0], false);
        } else {
            // The last threshold here parts missing values from all others.
            self.scan(&cells[..values], [0, 0], false);
            self.scan(&cells[..values - 1], missing, true);
        }
    }

    fn scan(&mut self, cells: &[Cell], start: Cell, with_missing: bool) {
        let l2 = self.node.rules.reg_lambda;
        let mut left = start;
        for (bin, &cell) in cells.iter().enumerate() {
            if is_empty(cell) {
                continue;
            }
            left = plus(left, cell);
            let sums = self.node.scale.sums(left);
            match self.enough(sums) {
                Enough::Yes => {}
                Enough::NotLeft => continue,
                Enough::NotRight => break,
            }
            if self.improves(sums, left, l2) {
                self.best = Some(Found { rule: Rule::AtMost(bin), left, with_missing, l2 });
            }
        }
    }

    /// Sets of categories: each against the rest if there are few, else the first of an order by
    /// gradient over hessian, where the best set of all lies (Fisher 1958), from either end.
    fn categories(&mut self, bins: &ColumnBins, cells: &[Cell]) {
        let rules = self.node.rules;
        if bins.bins <= rules.max_cat_to_onehot {
            for (bin, &left) in cells.iter().enumerate().filter(|(_, cell)| !is_empty(**cell)) {
                let sums = self.node.scale.sums(left);
                let l2 = rules.reg_lambda;
                if self.enough(sums) == Enough::Yes && self.improves(sums, left, l2) {
                    let mut set = [0; 4];
                    set[bin / 64] |= 1 << (bin % 64);
                    self.best =
                        Some(Found { rule: Rule::OneOf(set), left, with_missing: false, l2 });
                }
            }
            return;
        }
        let mut order: Vec<(f64, usize)> = Vec::with_capacity(cells.len());
        for (bin, &cell) in cells.iter().enumerate() {
            let sums = self.node.scale.sums(cell);
            if sums.count > 0 && sums.count as f64 >= rules.cat_smooth {
                order.push((sums.gradient / (sums.hessian + rules.cat_smooth), bin));
            }
        }
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let most = rules.max_cat_threshold.min(order.len().div_ceil(2));
        self.sets(order.iter().take(most), cells);
        self.sets(order.iter().rev().take(most), cells);
    }

    fn sets<'b>(&mut self, order: impl Iterator<Item = &'b (f64, usize)>, cells: &[Cell]) {
        let rules = self.node.rules;
        let l2 = rules.reg_lambda + rules.cat_l2;
        let mut set = [0; 4];
        let mut left = [0, 0];
        let mut group = 0;
        for &(_, bin) in order {
            set[bin / 64] |= 1 << (bin % 64);
            left = plus(left, cells[bin]);
            group += self.node.scale.count(cells[bin]);
            let sums = self.node.scale.sums(left);
            match self.enough(sums) {
                Enough::Yes => {}
                Enough::NotLeft => continue,
                Enough::NotRight => break,
            }
            if self.total.count - sums.count < rules.min_data_per_group {
                break;
            }
            if group < rules.min_data_per_group {
                continue;
            }
            group = 0;
            if self.improves(sums, left, l2) {
                self.best = Some(Found { rule: Rule::OneOf(set), left, with_missing: false, l2 });
            }
        }
    }

    /// Whether both children have enough.
    fn enough(&self, left: Sums) -> Enough {
        let rules = self.node.rules;
        if left.count < rules.min_child_samples || left.hessian < rules.min_child_weight {
            Enough::NotLeft
        } else if self.total.count - left.count < rules.min_child_samples
            || self.total.hessian - left.hessian < rules.min_child_weight
        {
            Enough::NotRight
        } else {
            Enough::Yes
        }
    }

    /// Whether a left child gains more than any before; if so its gain is the one to beat.
    fn improves(&mut self, left: Sums, cell: Cell, l2: f64) -> bool {
        let node = self.node;
        let gain = if node.rules.monotone.is_empty() {
            let right = Sums {
                gradient: self.total.gradient - left.gradient,
                hessian: self.total.hessian - left.hessian,
                count: self.total.count - left.count,
            };
            node.free_gain(left, l2) + node.free_gain(right, l2)
        } else {
            let right = node.scale.sums(minus(node.total, cell));
            let values = [node.value(left, l2), node.value(right, l2)];
            let wrong = match self.direction {
                0 => false,
                1.. => values[0] > values[1],
                _ => values[0] < values[1],
            };
            if wrong {
                return false;
            }
            node.gain_of(left, l2, values[0]) + node.gain_of(right, l2, values[1])
        };
        let better = gain > self.best_gain;
        if better {
            self.best_gain = gain;
        }
        better
    }
}

#[derive(Debug, PartialEq)]
enum Enough {
    Yes,
    NotLeft,
    /// Nor will it for any larger left child.
    NotRight,
}

fn is_empty(cell: Cell) -> bool {
    cell[1] == 0
}

/// The code in the middle of those that part a node's rows as this one does: where no row of the
/// node lies, the threshold stands halfway.
fn middle_of_gap(last: usize, bins: &ColumnBins, cells: &[Cell]) -> usize {
    let values = bins.missing.unwrap_or(bins.bins);
    let empty = cells[last + 1..values].iter().take_while(|cell| is_empty(**cell)).count();
    // After the last row's bin there is no other side to be halfway to.
    if last + 1 + empty == values { last + empty } else { last + empty / 2 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::binning::BinKind;

    fn rules() -> SplitRules {
        SplitRules {
            reg_alpha: 0.0,
            reg_lambda: 0.0,
            min_split_gain: 0.0,
            min_child_samples: 1,
            min_child_weight: 0.0,
            max_cat_to_onehot: 4,
            max_cat_threshold: 32,
            min_data_per_group: 1,
            cat_smooth: 0.0,
            cat_l2: 0.0,
            monotone: Vec::new(),
        }
    }

    fn best(
        gradients: &[f64],
        missing: bool,
        numeric: bool,
        rules: &SplitRules,
    ) -> Option<Candidate> {
        let scale = Scale::new(100.0, 100.0, 1000);
        let cells: Vec<Cell> = gradients.iter().map(|&g| scale.cell(g, 1.0, 10)).collect();
        let total = cells.iter().fold([0, 0], |sum, &cell| plus(sum, cell));
        let bins = ColumnBins {
            kind: if numeric {
                BinKind::Numeric { bounds: vec![], lows: vec![] }
            } else {
                BinKind::Category(vec![])
            },
            bins: cells.len(),
            missing: missing.then_some(cells.len() - 1),
        };
        let node = Node { total, limits: Limits::FREE, scale: &scale, rules };
        node.best(0, &bins, &cells)
    }

    #[test]
    fn a_missing_value_goes_where_it_gains() {
        let left = best(&[1.0, 1.0, -1.0, -1.0, 1.0], true, true, &rules()).unwrap();
        assert_eq!((left.rule, left.missing_left), (Rule::AtMost(1), true));
        let right = best(&[1.0, 1.0, -1.0, -1.0, -1.0], true, true, &rules()).unwrap();
        assert_eq!((right.rule, right.missing_left), (Rule::AtMost(1), false));
        // 3²/3 + 2²/2 − 1²/5
        assert!((right.gain - 4.8).abs() < 1e-9, "{}", right.gain);
        assert_eq!(right.values, [-1.0, 1.0]);
        let apart = best(&[1.0, 1.0, -9.0], true, true, &rules()).unwrap();
        assert_eq!((apart.rule, apart.missing_left), (Rule::AtMost(1), false));
    }

    #[test]
    fn many_categories_are_parted_by_gradient() {
        let found = best(&[1.0, -1.0, 1.0, -1.0, 1.0, -1.0], false, false, &rules()).unwrap();
        let Rule::OneOf(set) = found.rule else { panic!() };
        assert!(set[0] == 0b101010 || set[0] == 0b010101, "{set:?}");
    }

    #[test]
    fn a_direction_forbids_the_other_one() {
        let rising = SplitRules { monotone: vec![1], ..rules() };
        // A positive gradient pulls values down: left must not be above right.
        assert!(best(&[-1.0, 1.0], false, true, &rising).is_none());
        assert!(best(&[1.0, -1.0], false, true, &rising).is_some());
    }

    #[test]
    fn nothing_is_gained_from_equal_bins() {
        assert!(best(&[1.0, 1.0, 1.0], false, true, &rules()).is_none());
    }
}
