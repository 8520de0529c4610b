//! Training rows as codes: equal rows once, in the layouts that growing trees reads.

use rayon::prelude::*;
use tripline_core::Rows;

use super::binning::{ColumnBins, Fineness};

/// Columns of a narrow group: a row's codes are one 64-bit word.
pub(crate) const GROUP: usize = 8;

/// Codes that a narrow column may have.
pub(crate) const NARROW: usize = 256;

/// What is told of each row beside its columns.
pub(crate) struct RowFacts<'a> {
    /// Class of each row.
    pub(crate) classes: &'a [u32],
    /// Weight of each row; a row of weight 0 is left out.
    pub(crate) weights: &'a [f64],
    /// How many rows each row stands for; 0 where its weight is 0.
    pub(crate) counts: &'a [u32],
}

/// Distinct training rows as codes.
///
/// Rows that agree in all codes and in class fall into the same leaf of every tree, so one entry
/// with their summed weight stands for them: the sums are the same, the work is less. Network
/// traffic repeats itself; a third of UNSW-NB15 is such rows.
pub(crate) struct Binned {
    /// Bins of each column in use.
    pub(crate) columns: Vec<ColumnBins>,
    /// Number in the frame of each column in use.
    pub(crate) source: Vec<u32>,
    /// Codes by groups of columns, in the order of `columns`.
    pub(crate) groups: Vec<Group>,
    /// Number of entries.
    pub(crate) len: usize,
    /// Class of each entry.
    pub(crate) class: Vec<u32>,
    /// Summed weight of each entry.
    pub(crate) weight: Vec<f64>,
    /// Rows that each entry stands for.
    pub(crate) count: Vec<u32>,
    /// The entry of each row; `u32::MAX` for a row that is left out.
    pub(crate) entry: Vec<u32>,
}

/// Neighbouring columns stored together.
pub(crate) struct Group {
    /// First column.
    pub(crate) start: usize,
    /// Number of columns, at most [`GROUP`]; 1 if wide.
    pub(crate) width: usize,
    /// Codes of each entry.
    pub(crate) codes: Codes,
}

/// Codes of a group.
pub(crate) enum Codes {
    /// One byte for each of 8 columns, an unused column has 0.
    Narrow(Vec<[u8; GROUP]>),
    /// Two bytes for one column of more than 256 codes.
    Wide(Vec<u16>),
}

/// Codes of one column.
pub(crate) enum ColumnCodes {
    /// At most 256 codes.
    Narrow(Vec<u8>),
    /// More.
    Wide(Vec<u16>),
}

impl ColumnCodes {
    /// The code of an entry.
    pub(crate) fn code(&self, entry: u32) -> usize {
        match self {
            Self::Narrow(codes) => usize::from(codes[entry as usize]),
            Self::Wide(codes) => usize::from(codes[entry as usize]),
        }
    }
}

impl Binned {
    /// Finds bins, encodes rows, merges equal rows if `merge`.
    pub(crate) fn new(rows: &Rows, facts: &RowFacts<'_>, fineness: Fineness, merge: bool) -> Self {
        let mut found: Vec<(u32, ColumnBins, Vec<u16>)> = rows
            .columns()
            .par_iter()
            .enumerate()
            .filter_map(|(number, column)| {
                let bins = ColumnBins::find(column, facts.counts, fineness);
                // A constant column cannot split.
                (bins.bins > 1).then(|| {
                    let codes = bins.encode(column);
                    (number as u32, bins, codes)
                })
            })
            .collect();
        // Narrow columns first, otherwise as they stand: the sort is stable.
        found.sort_by_key(|(_, bins, _)| bins.bins > NARROW);
        let wide = found.iter().position(|(_, bins, _)| bins.bins > NARROW).unwrap_or(found.len());
        let mut source = Vec::with_capacity(found.len());
        let mut columns = Vec::with_capacity(found.len());
        let mut codes = Vec::with_capacity(found.len());
        for (number, bins, own) in found {
            source.push(number);
            columns.push(bins);
            codes.push(own);
        }
        let groups: Vec<Group> = (0..wide.div_ceil(GROUP))
            .into_par_iter()
            .map(|group| {
                let start = group * GROUP;
                let width = GROUP.min(wide - start);
                let mut packed = vec![[0u8; GROUP]; rows.len()];
                for (k, column) in codes[start..start + width].iter().enumerate() {
                    packed.iter_mut().zip(column).for_each(|(row, &code)| row[k] = code as u8);
                }
                Group { start, width, codes: Codes::Narrow(packed) }
            })
            .collect();
        let mut binned = Self {
            columns,
            source,
            groups,
            len: 0,
            class: Vec::new(),
            weight: Vec::new(),
            count: Vec::new(),
            entry: Vec::new(),
        };
        for (start, column) in codes.into_iter().enumerate().skip(wide) {
            binned.groups.push(Group { start, width: 1, codes: Codes::Wide(column) });
        }
        binned.gather(facts, merge);
        binned
    }

    /// Makes entries of rows, in order of first appearance.
    fn gather(&mut self, facts: &RowFacts<'_>, merge: bool) {
        let rows = facts.classes.len();
        let mut first: Vec<u32> = Vec::new();
        self.entry = vec![u32::MAX; rows];
        let mut table = vec![u32::MAX; if merge { (2 * rows).next_power_of_two() } else { 0 }];
        let mask = table.len().wrapping_sub(1);
        for row in 0..rows {
            if facts.counts[row] == 0 {
                continue;
            }
            let mut found = None;
            if merge {
                let class = facts.classes[row];
                let mut slot = self.hash(row, class) as usize & mask;
                while table[slot] != u32::MAX {
                    let entry = table[slot] as usize;
                    if self.class[entry] == class && self.equal(first[entry] as usize, row) {
                        found = Some(entry);
                        break;
                    }
                    slot = (slot + 1) & mask;
                }
                if found.is_none() {
                    table[slot] = first.len() as u32;
                }
            }
            let entry = found.unwrap_or_else(|| {
                first.push(row as u32);
                self.class.push(facts.classes[row]);
                self.weight.push(0.0);
                self.count.push(0);
                first.len() - 1
            });
            self.weight[entry] += facts.weights[row];
            let count = &mut self.count[entry];
            *count = count.saturating_add(facts.counts[row]);
            self.entry[row] = entry as u32;
        }
        self.len = first.len();
        if self.len < rows {
            self.groups.par_iter_mut().for_each(|group| match &mut group.codes {
                Codes::Narrow(codes) => {
                    *codes = first.iter().map(|&row| codes[row as usize]).collect();
                }
                Codes::Wide(codes) => {
                    *codes = first.iter().map(|&row| codes[row as usize]).collect();
                }
            });
        }
    }

    fn hash(&self, row: usize, class: u32) -> u64 {
        let mut hash = u64::from(class) + 1;
        for group in &self.groups {
            let word = match &group.codes {
                Codes::Narrow(codes) => u64::from_le_bytes(codes[row]),
                Codes::Wide(codes) => u64::from(codes[row]),
            };
            hash = (hash.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        hash ^ hash >> 32
    }

    fn equal(&self, one: usize, other: usize) -> bool {
        self.groups.iter().all(|group| match &group.codes {
            Codes::Narrow(codes) => codes[one] == codes[other],
            Codes::Wide(codes) => codes[one] == codes[other],
        })
    }

    /// The codes of each column by itself, for methods that read one column at a time.
    pub(crate) fn by_column(&self) -> Vec<ColumnCodes> {
        (0..self.columns.len())
            .into_par_iter()
            .map(|column| {
                let (group, k) = self.place(column);
                match &self.groups[group].codes {
                    Codes::Narrow(codes) => {
                        ColumnCodes::Narrow(codes.iter().map(|row| row[k]).collect())
                    }
                    Codes::Wide(codes) => ColumnCodes::Wide(codes.clone()),
                }
            })
            .collect()
    }

    /// The code of an entry in a column.
    pub(crate) fn code(&self, column: usize, entry: usize) -> usize {
        let (group, k) = self.place(column);
        match &self.groups[group].codes {
            Codes::Narrow(codes) => usize::from(codes[entry][k]),
            Codes::Wide(codes) => usize::from(codes[entry]),
        }
    }

    /// The group of a column with its place there.
    pub(crate) fn place(&self, column: usize) -> (usize, usize) {
        let group = self.groups.partition_point(|group| group.start <= column) - 1;
        (group, column - self.groups[group].start)
    }
}

#[cfg(test)]
mod tests {
    use tripline_core::Column;

    use super::*;

    #[test]
    fn equal_rows_become_one_entry() {
        let value = Column::numeric([1.0, 2.0, 3.0].repeat(8));
        let kind = Column::category(&[Some("a"), Some("b"), Some("a")].repeat(8));
        let rows = Rows::new(vec![("value".to_owned(), value), ("kind".to_owned(), kind)]).unwrap();
        let mut counts = vec![1; 24];
        counts[0] = 0;
        let weights: Vec<f64> = counts.iter().map(|&count| f64::from(count)).collect();
        let mut classes = [0, 0, 1].repeat(8);
        classes[4] = 1;
        let facts = RowFacts { classes: &classes, weights: &weights, counts: &counts };
        let fine = Fineness { max_bin: 255, min_rows: 1 };
        let binned = Binned::new(&rows, &facts, fine, true);
        assert_eq!(binned.len, 4);
        assert_eq!(binned.count, [7, 8, 7, 1]);
        assert_eq!(binned.class, [0, 1, 0, 1]);
        assert_eq!(binned.entry[..6], [u32::MAX, 0, 1, 2, 3, 1]);
        let apart = Binned::new(&rows, &facts, fine, false);
        assert_eq!(apart.len, 23);
        assert_eq!(apart.code(0, 0), 1);
    }
}
