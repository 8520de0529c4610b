//! Frames on which the promises are checked: three clouds, one of them benign.

use tripline_core::{Column, Frame, Input, Labels, Rng, Rows};

/// Rows with their classes `benign`, `dos`, `scan`.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Four numeric columns; a category column `proto` too where the card takes one.
    pub rows: Rows,
    /// Two thirds benign.
    pub labels: Labels,
}

/// Names of the numeric columns.
pub(crate) const NUMBERS: [&str; 4] = ["bytes", "packets", "duration", "rate"];

/// A sample for a kind of input: benign rows are standard normal, `dos` is moved by `shift` in the
/// first two columns, `scan` in the last two.
pub fn sample(input: Input, rows: usize, shift: f64, seed: u64) -> Sample {
    let mut rng = Rng::new(seed);
    let mut numbers = NUMBERS.map(|_| Vec::with_capacity(rows));
    let mut protocols = Vec::with_capacity(rows);
    let mut codes = Vec::with_capacity(rows);
    for row in 0..rows {
        // A fixed pattern, so that small samples have every class.
        let class: u32 = [0, 1, 0, 0, 2, 0][row % 6];
        for (j, column) in numbers.iter_mut().enumerate() {
            let moved = (class == 1 && j < 2) || (class == 2 && j >= 2);
            column.push(rng.normal() + if moved { shift } else { 0.0 });
        }
        let likely = ["tcp", "udp", "icmp"][class as usize];
        protocols.push(if rng.unit() < 0.6 { likely } else { ["tcp", "udp"][rng.index(2)] });
        codes.push(class);
    }
    let classes = ["benign", "dos", "scan"].map(str::to_owned).to_vec();
    let mut columns: Vec<(String, Column)> = NUMBERS
        .iter()
        .zip(numbers)
        .map(|(name, values)| ((*name).to_owned(), Column::numeric(values)))
        .collect();
    if input == Input::Mixed {
        let values: Vec<Option<&str>> = protocols.into_iter().map(Some).collect();
        columns.push(("proto".to_owned(), Column::category(&values)));
    }
    Sample {
        rows: Rows::new(columns).expect("columns of one length with distinct names"),
        labels: Labels::new(classes, codes).expect("codes below three"),
    }
}

impl Sample {
    /// The rows as a frame.
    pub fn frame(&self) -> Frame {
        Frame::Rows(self.rows.clone())
    }

    /// The rows at `index`; a row may repeat.
    pub fn select(&self, index: &[usize]) -> Self {
        Self { rows: self.rows.select(index), labels: self.labels.select(index) }
    }

    /// The same labels over other values: `change` is given each column.
    pub(crate) fn map(&self, mut change: impl FnMut(&str, Column) -> Column) -> Self {
        let columns = self.rows.clone().into_columns();
        let columns = columns.into_iter().map(|(name, column)| {
            let changed = change(&name, column);
            (name, changed)
        });
        let rows = Rows::new(columns.collect()).expect("names and lengths as before");
        Self { rows, labels: self.labels.clone() }
    }

    /// The same sample with one numeric cell changed.
    pub(crate) fn with_cell(&self, column: &str, row: usize, value: f64) -> Self {
        self.map(|name, values| match values {
            Column::Numeric(numbers) if name == column => {
                let mut numbers = numbers.as_ref().clone();
                numbers[row] = value;
                Column::numeric(numbers)
            }
            other => other,
        })
    }
}
