//! Rows as small codes: the ranks of their values among the thresholds of a forest.
//!
//! A numeric test `value ≤ threshold` becomes `code ≤ level` on one byte, for a value's rank is
//! the number of thresholds below it. A column with more than 255 thresholds is seen through
//! several views, each of which holds the ranks of one range of thresholds. Eight category tests
//! on a column share a byte that holds their outcomes for the row's category.

use std::collections::BTreeMap;

use tripline_core::schema::AlignedColumn;
use tripline_core::{Aligned, Category};

use crate::tree::{Forest, LEAF, Split};

/// Rows of a block.
pub(crate) const BLOCK: usize = 256;

/// Rows that are not worth a block.
pub(crate) const FEW: usize = 16;

/// Thresholds that one view holds: ranks from 0 to 255.
const LEVELS: usize = 255;

/// Most bytes that the outcomes of category tests may take; a forest that needs more is walked.
const MAX_TABLES: usize = 64 << 20;

/// The rank of a missing value, until a view says where it goes.
const MISSING: u32 = u32::MAX;

/// An inner node's test on the codes of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Test {
    /// The view whose code is tested.
    pub(crate) view: u32,
    /// Numeric: a row goes right if its code is above this. Category: the bit that sends it right.
    pub(crate) level: u8,
    /// Which of the two.
    pub(crate) category: bool,
}

/// How a forest's tests see the columns.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    columns: Vec<Seen>,
    views: usize,
    single_precision: bool,
}

/// A column with what is tested of it.
#[derive(Debug, Clone)]
struct Seen {
    column: usize,
    axes: Vec<Axis>,
    outcomes: Vec<Outcomes>,
}

/// Numeric tests on a column that treat missing values alike.
#[derive(Debug, Clone)]
struct Axis {
    /// Of [`Split`]: what is missing.
    treatment: u8,
    /// Distinct thresholds, rising, filled up with +∞ to a power of two above their number.
    thresholds: Vec<f64>,
    views: Vec<View>,
}

/// One range of an axis.
#[derive(Debug, Clone)]
struct View {
    index: usize,
    /// Thresholds before the range.
    low: u32,
    missing_left: bool,
}

/// Category tests on a column that treat missing values alike.
#[derive(Debug, Clone)]
struct Outcomes {
    treatment: u8,
    /// First of `bytes` views.
    view: usize,
    bytes: usize,
    /// Codes from 0 that some set holds; then one for all others, then one for missing.
    codes: usize,
    /// For each byte, for each code: the bits of the tests that send it right.
    table: Vec<u8>,
}

/// Buffers that serve one block after another.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// A code for each view, for each row of a block.
    pub(crate) codes: Vec<u8>,
}

const TREATMENT: u8 = Split::NAN_AS_ZERO | Split::ZERO_AS_MISSING;

impl Columns {
    /// The columns of a forest, with a test for each node (that of a leaf has no meaning).
    ///
    /// None if its category sets would take too much memory.
    pub(crate) fn new(forest: &Forest) -> Option<(Self, Vec<Test>)> {
        let mut numeric: BTreeMap<(u32, u8), Vec<f64>> = BTreeMap::new();
        let mut category: BTreeMap<(u32, u8), Vec<usize>> = BTreeMap::new();
        for node in 0..forest.nodes() {
            let column = forest.feature[node];
            if column == LEAF {
                continue;
            }
            let key = (column, forest.flags[node] & TREATMENT);
            if forest.flags[node] & Split::CATEGORY == 0 {
                numeric.entry(key).or_default().push(forest.threshold[node]);
            } else {
                category.entry(key).or_default().push(node);
            }
        }
        let mut seen: BTreeMap<u32, Seen> = BTreeMap::new();
        let mut tests = vec![Test::default(); forest.nodes()];
        let mut views = 0;
        for (&(column, treatment), thresholds) in &mut numeric {
            thresholds.sort_unstable_by(f64::total_cmp);
            thresholds.dedup();
            let padded = (thresholds.len() + 1).next_power_of_two();
            let mut padding = thresholds.clone();
            padding.resize(padded, f64::INFINITY);
            let seen = seen.entry(column).or_insert_with(|| Seen::new(column));
            seen.axes.push(Axis { treatment, thresholds: padding, views: Vec::new() });
        }
        for (node, test) in tests.iter_mut().enumerate() {
            let (column, flags) = (forest.feature[node], forest.flags[node]);
            if column == LEAF || flags & Split::CATEGORY != 0 {
                continue;
            }
            let treatment = flags & TREATMENT;
            let threshold = forest.threshold[node];
            let rank = numeric[&(column, treatment)].partition_point(|&other| other < threshold);
            let low = (rank - rank % LEVELS) as u32;
            let missing_left = flags & Split::MISSING_LEFT != 0;
            let axis = seen
                .get_mut(&column)
                .and_then(|seen| seen.axes.iter_mut().find(|axis| axis.treatment == treatment))?;
            let known = axis.views.iter().find(|v| v.low == low && v.missing_left == missing_left);
            let view = match known {
                Some(view) => view.index,
                None => {
                    axis.views.push(View { index: views, low, missing_left });
                    views += 1;
                    views - 1
                }
            };
            let level = (rank % LEVELS) as u8;
            *test = Test { view: view as u32, level, category: false };
        }
        let mut size = 0;
        for (&(column, treatment), nodes) in &category {
            let outcomes = Outcomes::new(forest, treatment, nodes, views, &mut size, &mut tests)?;
            views += outcomes.bytes;
            seen.entry(column).or_insert_with(|| Seen::new(column)).outcomes.push(outcomes);
        }
        let columns = seen.into_values().collect();
        Some((Self { columns, views, single_precision: forest.single_precision }, tests))
    }

    /// Fills the codes of rows `start..start + count`, `count` at most [`BLOCK`].
    #[inline(always)]
    pub(crate) fn fill(
        &self,
        rows: &Aligned<'_>,
        start: usize,
        count: usize,
        scratch: &mut Scratch,
    ) {
        scratch.codes.resize(self.views * BLOCK, 0);
        if count <= FEW {
            self.fill_first::<FEW>(rows, start, count, scratch);
        } else {
            self.fill_first::<BLOCK>(rows, start, count, scratch);
        }
    }

    /// The codes of N rows, of which the first `count` have values.
    #[inline(always)]
    fn fill_first<const N: usize>(
        &self,
        rows: &Aligned<'_>,
        start: usize,
        count: usize,
        scratch: &mut Scratch,
    ) {
        let mut values = [0.0; N];
        let mut ranks = [0; N];
        let (codes, _) = scratch.codes.as_chunks_mut::<BLOCK>();
        for seen in &self.columns {
            for axis in &seen.axes {
                read(&rows.columns[seen.column], start, &mut values[..count]);
                treat(&mut values, axis.treatment, self.single_precision);
                rank(&axis.thresholds, &values, &mut ranks);
                for view in &axis.views {
                    view.narrow(&ranks, &mut codes[view.index]);
                }
            }
            for outcomes in &seen.outcomes {
                read(&rows.columns[seen.column], start, &mut values[..count]);
                treat(&mut values, outcomes.treatment, self.single_precision);
                outcomes.look_up(&values, &mut ranks, &mut codes[outcomes.view..]);
            }
        }
    }
}

/// [`Columns::fill`] as a function of its own.
#[inline(always)]
pub(crate) fn fill_codes(
    columns: &Columns,
    rows: &Aligned<'_>,
    start: usize,
    count: usize,
    scratch: &mut Scratch,
) {
    columns.fill(rows, start, count, scratch);
}

impl Seen {
    fn new(column: u32) -> Self {
        Self { column: column as usize, axes: Vec::new(), outcomes: Vec::new() }
    }
}

impl View {
    #[inline(always)]
    fn narrow<const N: usize>(&self, ranks: &[u32; N], codes: &mut [u8; BLOCK]) {
        let missing = if self.missing_left { 0 } else { LEVELS as u8 };
        for (code, &rank) in codes.iter_mut().zip(ranks) {
            let inside = rank.saturating_sub(self.low).min(LEVELS as u32) as u8;
            *code = if rank == MISSING { missing } else { inside };
        }
    }
}

impl Outcomes {
    fn new(
        forest: &Forest,
        treatment: u8,
        nodes: &[usize],
        view: usize,
        size: &mut usize,
        tests: &mut [Test],
    ) -> Option<Self> {
        let words = nodes
            .iter()
            .map(|&node| {
                let set = forest.threshold[node] as usize;
                (forest.category_sets[set + 1] - forest.category_sets[set]) as usize
            })
            .max()
            .unwrap_or(0);
        let codes = words * 32;
        let bytes = nodes.len().div_ceil(8);
        *size = (codes + 2).checked_mul(bytes)?.checked_add(*size)?;
        if *size > MAX_TABLES {
            return None;
        }
        let mut table = vec![0; (codes + 2) * bytes];
        for (number, &node) in nodes.iter().enumerate() {
            let (byte, bit) = (number / 8, 1u8 << (number % 8));
            let entries = &mut table[byte * (codes + 2)..][..codes + 2];
            let set = forest.threshold[node] as usize;
            for (code, entry) in entries[..codes].iter_mut().enumerate() {
                *entry |= if forest.in_set(set, code as f64) { 0 } else { bit };
            }
            entries[codes] |= bit;
            let missing_left = forest.flags[node] & Split::MISSING_LEFT != 0;
            entries[codes + 1] |= if missing_left { 0 } else { bit };
            tests[node] = Test { view: (view + byte) as u32, level: bit, category: true };
        }
        Some(Self { treatment, view, bytes, codes, table })
    }

    #[inline(always)]
    fn look_up<const N: usize>(
        &self,
        values: &[f64; N],
        entries: &mut [u32; N],
        codes: &mut [[u8; BLOCK]],
    ) {
        for (entry, &value) in entries.iter_mut().zip(values) {
            let other = if value.is_nan() { self.codes + 1 } else { self.codes };
            let known = value >= 0.0 && value < self.codes as f64;
            *entry = if known { value as u32 } else { other as u32 };
        }
        for (codes, table) in codes.iter_mut().zip(self.table.chunks_exact(self.codes + 2)) {
            for (code, &entry) in codes.iter_mut().zip(entries.iter()) {
                *code = table[entry as usize];
            }
        }
    }
}

#[inline(always)]
fn read(column: &AlignedColumn<'_>, start: usize, out: &mut [f64]) {
    match column {
        AlignedColumn::Numeric(values) => out.copy_from_slice(&values[start..][..out.len()]),
        AlignedColumn::Category(codes) => {
            for (value, &code) in out.iter_mut().zip(&codes[start..]) {
                *value = if code == Category::MISSING { f64::NAN } else { f64::from(code) };
            }
        }
    }
}

/// Values as the tests see them: rounded, with `NaN` for missing alone.
#[inline(always)]
fn treat<const N: usize>(values: &mut [f64; N], treatment: u8, single_precision: bool) {
    if single_precision {
        values.iter_mut().for_each(|value| *value = f64::from(*value as f32));
    }
    if treatment & Split::NAN_AS_ZERO != 0 {
        values.iter_mut().for_each(|value| *value = if value.is_nan() { 0.0 } else { *value });
    }
    if treatment & Split::ZERO_AS_MISSING != 0 {
        for value in values.iter_mut() {
            *value = if Split::is_zero(*value) { f64::NAN } else { *value };
        }
    }
}

/// The number of thresholds below each value; [`MISSING`] for `NaN`.
#[inline(always)]
fn rank<const N: usize>(thresholds: &[f64], values: &[f64; N], ranks: &mut [u32; N]) {
    match thresholds.len() {
        0..=16 => count(thresholds, values, ranks),
        32 => search::<32, N>(thresholds, values, ranks),
        64 => search::<64, N>(thresholds, values, ranks),
        128 => search::<128, N>(thresholds, values, ranks),
        256 => search::<256, N>(thresholds, values, ranks),
        512 => search::<512, N>(thresholds, values, ranks),
        1024 => search::<1024, N>(thresholds, values, ranks),
        _ => search_any(thresholds, values, ranks),
    }
    for (rank, value) in ranks.iter_mut().zip(values) {
        *rank = if value.is_nan() { MISSING } else { *rank };
    }
}

/// By comparison with each threshold, many values at once.
#[inline(always)]
fn count<const N: usize>(thresholds: &[f64], values: &[f64; N], ranks: &mut [u32; N]) {
    let mut below = [0u64; N];
    for &threshold in thresholds {
        for i in 0..N {
            below[i] += u64::from(threshold < values[i]);
        }
    }
    for i in 0..N {
        ranks[i] = below[i] as u32;
    }
}

/// By a binary search without branches, its length known to the compiler.
#[inline(always)]
fn search<const T: usize, const N: usize>(
    thresholds: &[f64],
    values: &[f64; N],
    ranks: &mut [u32; N],
) {
    let Ok(thresholds) = <&[f64; T]>::try_from(thresholds) else { return };
    for i in 0..N {
        let mut rank = 0;
        let mut half = T / 2;
        while half > 0 {
            // The mask changes nothing; it shows that the index is below T.
            let below = thresholds[(rank + half - 1) & (T - 1)] < values[i];
            rank += half & usize::from(below).wrapping_neg();
            half /= 2;
        }
        ranks[i] = rank as u32;
    }
}

fn search_any<const N: usize>(thresholds: &[f64], values: &[f64; N], ranks: &mut [u32; N]) {
    for (rank, value) in ranks.iter_mut().zip(values) {
        *rank = thresholds.partition_point(|threshold| threshold < value) as u32;
    }
}
