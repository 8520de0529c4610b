//! Published layouts of labelled flows, recognised by what a file holds.

mod cic_ids2017;
mod cic_ids2018;
mod kdd99;
mod nsl_kdd;
mod tripline_flows;
mod tripline_synthetic;
mod unsw_nb15;
mod unsw_nb15_raw;

use std::borrow::Cow;

/// All layouts, in the order in which they are tried.
pub const LAYOUTS: &[&Layout] = &[
    // First: with the columns of another layout's set, it still says who each flow is.
    &tripline_flows::LAYOUT,
    &unsw_nb15::LAYOUT,
    &unsw_nb15_raw::LAYOUT,
    &kdd99::LAYOUT,
    &nsl_kdd::LAYOUT,
    &cic_ids2017::LAYOUT,
    &cic_ids2018::LAYOUT,
    &tripline_synthetic::LAYOUT,
];

/// How a published data set is laid out.
#[derive(Debug)]
pub struct Layout {
    /// Stable name: lower case with hyphens.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// Where it was published.
    pub citation: &'static str,
    /// Columns in their published order, by the names that this project uses for them; where a
    /// file has no header, its columns are these.
    pub columns: &'static [&'static str],
    /// A file whose header has all these columns is of this layout.
    pub signature: &'static [&'static str],
    /// Whether the first records of a file without header are of this layout.
    pub headless: Option<Headless>,
    /// Which column tells the class.
    pub label: LayoutLabel,
    /// Columns that never become features, with the reason.
    pub never: &'static [(&'static str, &'static str)],
    /// Names as published that stand for one of `columns`.
    pub renames: &'static [(&'static str, &'static str)],
    /// Columns that hold values of a finite set; all others hold numbers.
    pub categories: &'static [&'static str],
    /// Counts that the publisher leaves blank where they are 0.
    pub absent_is_zero: &'static [&'static str],
    /// When a flow ended.
    pub time: Option<LayoutTime>,
    /// A column computed from others where the file lacks it.
    pub derived: Option<Derived>,
    /// What a user should know of every file of this layout: a stable code with a sentence, told
    /// if the column is there.
    pub remarks: &'static [Remark],
}

/// Whether records, as cells, are of a layout.
pub type Headless = fn(&[Vec<&[u8]>]) -> bool;

/// Which column tells the class.
#[derive(Debug)]
pub struct LayoutLabel {
    /// The kind of attack, by any of these names.
    pub families: &'static [&'static str],
    /// 0 or 1, by any of these names.
    pub binary: &'static [&'static str],
    /// The benign class.
    pub benign: &'static str,
    /// The class that a cell of the family column means.
    pub tidy: fn(&str) -> Cow<'_, str>,
    /// Whether an empty cell of the family column means benign.
    pub blank_is_benign: bool,
}

/// When a flow ended.
#[derive(Debug)]
pub struct LayoutTime {
    /// The column.
    pub column: &'static str,
    /// Whether the day comes before the month, with a clock of twelve hours.
    pub day_first: bool,
    /// Where the column tells the start: the column of the duration, with its unit in nanoseconds.
    pub duration: Option<(&'static str, f64)>,
}

/// A column computed from others.
#[derive(Debug)]
pub struct Derived {
    /// Its name.
    pub column: &'static str,
    /// The columns it is computed from.
    pub from: &'static [&'static str],
    /// The value from theirs.
    pub compute: fn(&[f64]) -> f64,
    /// How it is computed, with how far that is true.
    pub doc: &'static str,
}

/// What a user should know.
#[derive(Debug)]
pub struct Remark {
    /// The column that it is about.
    pub column: &'static str,
    /// A stable code.
    pub code: &'static str,
    /// One sentence.
    pub text: &'static str,
}

impl Layout {
    /// The layout of that id.
    pub fn get(id: &str) -> Option<&'static Self> {
        LAYOUTS.iter().copied().find(|layout| layout.id == id)
    }

    /// The name that this project uses for a published column name; `None` for a further column.
    pub(crate) fn canonical(&self, name: &str) -> Option<&'static str> {
        let wanted = key(name);
        let renamed = self.renames.iter().find(|(published, _)| key(published) == wanted);
        if let Some((_, canonical)) = renamed {
            return Some(canonical);
        }
        let never = self.never.iter().map(|(column, _)| column);
        self.columns.iter().chain(never).find(|column| key(column) == wanted).copied()
    }

    /// Whether a header is of this layout.
    pub(crate) fn has_header(&self, keys: &[String]) -> bool {
        !self.signature.is_empty()
            && self.signature.iter().all(|column| keys.contains(&key(column)))
    }
}

/// A column name as it is compared: without case, spaces or punctuation, by which copies of the
/// same file differ.
pub(crate) fn key(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A cell as it stands, without spaces around it.
fn trimmed(cell: &str) -> Cow<'_, str> {
    Cow::Borrowed(cell.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_keeps_to_its_own_columns() {
        for layout in LAYOUTS {
            let known = |column: &str| {
                layout.columns.contains(&column)
                    || layout.never.iter().any(|(never, _)| *never == column)
            };
            for (_, canonical) in layout.renames {
                assert!(known(canonical), "{}: {canonical}", layout.id);
            }
            for column in layout.categories.iter().chain(layout.absent_is_zero) {
                assert!(known(column), "{}: {column}", layout.id);
            }
            let mut names: Vec<String> = layout.columns.iter().map(|name| key(name)).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), layout.columns.len(), "{}", layout.id);
            assert!(std::ptr::eq(Layout::get(layout.id).unwrap(), *layout));
        }
    }
}
