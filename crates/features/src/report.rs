//! Counts of the cells that preparing had to handle.

/// What preparing did beyond arithmetic, by column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrepareReport {
    entries: Vec<Handled>,
}

/// Cells of one column that were handled in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// The column.
    pub column: String,
    /// In which way.
    pub what: What,
    /// Number of cells.
    pub cells: u64,
}

/// A way in which a cell is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The column was missing from the rows; its cells were taken as missing.
    FilledColumn,
    /// A category that training rows do not have.
    Unseen,
    /// A missing cell that got a value.
    Imputed,
    /// A cell set to the end of the training range.
    Clipped,
    /// An infinite cell taken as missing.
    InfiniteAsMissing,
}

impl What {
    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::FilledColumn => "filled column",
            Self::Unseen => "unseen category",
            Self::Imputed => "imputed",
            Self::Clipped => "clipped",
            Self::InfiniteAsMissing => "infinite taken as missing",
        }
    }
}

impl PrepareReport {
    /// What was handled, in the order of steps then columns; nothing with a count of 0.
    pub fn entries(&self) -> &[Handled] {
        &self.entries
    }

    /// True if nothing had to be handled.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Cells handled in that way, over all columns.
    pub fn total(&self, what: What) -> u64 {
        self.entries.iter().filter(|entry| entry.what == what).map(|entry| entry.cells).sum()
    }

    /// Cells of a column handled in that way.
    pub fn of(&self, column: &str, what: What) -> u64 {
        let mine = |entry: &&Handled| entry.what == what && entry.column == column;
        self.entries.iter().filter(mine).map(|entry| entry.cells).sum()
    }

    /// Adds the counts of a further batch.
    pub fn merge(&mut self, other: &Self) {
        for entry in &other.entries {
            self.count(&entry.column, entry.what, entry.cells);
        }
    }

    pub(crate) fn count(&mut self, column: &str, what: What, cells: u64) {
        if cells == 0 {
            return;
        }
        let known = |entry: &&mut Handled| entry.what == what && entry.column == column;
        match self.entries.iter_mut().find(known) {
            Some(entry) => entry.cells += cells,
            None => self.entries.push(Handled { column: column.to_owned(), what, cells }),
        }
    }
}
