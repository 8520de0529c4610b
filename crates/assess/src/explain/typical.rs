//! What the columns of benign rows look like.

use serde::Serialize;
use tripline_core::{Category, Column, Rows, State, StateError};

use super::shown::shown_text;
use crate::plot::{percent, short};

/// Share from which one value stands for most rows.
const MOST: f64 = 0.5;
/// Categories remembered of each column, most frequent first.
const CATEGORIES: usize = 16;

/// What the columns of benign rows look like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Typical {
    columns: Vec<(String, TypicalColumn)>,
}

/// What one column of benign rows looks like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum TypicalColumn {
    /// No benign row has a value here.
    Missing,
    /// Numbers: quartiles with the most frequent value.
    Numeric {
        /// A quarter of the values lies below.
        lower: f64,
        /// Half of the values lies below.
        median: f64,
        /// Three quarters of the values lie below.
        upper: f64,
        /// The most frequent value; the smaller of two.
        mode: f64,
        /// Its share of the rows.
        mode_share: f64,
    },
    /// The most frequent categories with their shares of the rows, most frequent first.
    Category(Vec<(String, f64)>),
}

impl Typical {
    /// From the rows where `benign` says so; `None` takes all rows.
    pub fn of(rows: &Rows, benign: Option<&[bool]>) -> Self {
        let kept: Vec<usize> = (0..rows.len())
            .filter(|&row| benign.is_none_or(|benign| benign.get(row).copied().unwrap_or(false)))
            .collect();
        let columns = rows
            .schema()
            .names()
            .zip(rows.columns())
            .map(|(name, column)| (name.to_owned(), TypicalColumn::of(column, &kept)))
            .collect();
        Self { columns }
    }

    /// What that column looks like.
    pub fn column(&self, name: &str) -> Option<&TypicalColumn> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, column)| column)
    }

    /// As data for a model file.
    pub fn save(&self) -> State {
        let columns = self.columns.iter().map(|(name, column)| column.save(name)).collect();
        let mut state = State::new();
        state.put_states("columns", columns);
        state
    }

    /// From a model file.
    pub fn load(state: &State) -> Result<Self, StateError> {
        let columns: Result<Vec<_>, StateError> =
            state.states("columns")?.iter().map(TypicalColumn::load).collect();
        Ok(Self { columns: columns? })
    }
}

impl TypicalColumn {
    fn of(column: &Column, kept: &[usize]) -> Self {
        match column {
            Column::Numeric(values) => {
                let mut sorted: Vec<f64> = kept
                    .iter()
                    .map(|&row| values[row])
                    .filter(|value| !value.is_nan())
                    // −0 with 0 are one value.
                    .map(|value| value + 0.0)
                    .collect();
                sorted.sort_by(f64::total_cmp);
                Self::of_sorted(&sorted, kept.len())
            }
            Column::Category(category) => Self::of_categories(category, kept),
        }
    }

    fn of_sorted(sorted: &[f64], rows: usize) -> Self {
        if sorted.is_empty() {
            return Self::Missing;
        }
        let (mut mode, mut longest, mut start) = (sorted[0], 0, 0);
        for i in 1..=sorted.len() {
            if i == sorted.len() || sorted[i] != sorted[start] {
                if i - start > longest {
                    (mode, longest) = (sorted[start], i - start);
                }
                start = i;
            }
        }
        let quantile = |quarter: usize| sorted[(sorted.len() - 1) * quarter / 4];
        Self::Numeric {
            lower: quantile(1),
            median: quantile(2),
            upper: quantile(3),
            mode,
            mode_share: longest as f64 / rows as f64,
        }
    }

    fn of_categories(category: &Category, kept: &[usize]) -> Self {
        let mut counts = vec![0_usize; category.values.len()];
        for &row in kept {
            if let Some(count) = counts.get_mut(category.codes[row] as usize) {
                *count += 1;
            }
        }
        let mut order: Vec<usize> = (0..counts.len()).filter(|&code| counts[code] > 0).collect();
        if order.is_empty() {
            return Self::Missing;
        }
        order.sort_by(|&a, &b| {
            counts[b].cmp(&counts[a]).then_with(|| category.values[a].cmp(&category.values[b]))
        });
        order.truncate(CATEGORIES);
        let shares = order
            .into_iter()
            .map(|code| (category.values[code].clone(), counts[code] as f64 / kept.len() as f64))
            .collect();
        Self::Category(shares)
    }

    /// In words, beside a row's own value: `most benign rows: 31`.
    pub fn words(&self) -> String {
        match self {
            Self::Missing => "no benign row has a value".to_owned(),
            Self::Numeric { mode, mode_share, .. } if *mode_share > MOST => {
                format!("most benign rows: {}", short(*mode))
            }
            Self::Numeric { lower, median, upper, .. } => format!(
                "benign rows: {}, half of them between {} and {}",
                short(*median),
                short(*lower),
                short(*upper)
            ),
            Self::Category(shares) => match shares.as_slice() {
                [] => "no benign row has a value".to_owned(),
                [(value, share), ..] if *share > MOST => {
                    format!("most benign rows: {}", shown_text(value))
                }
                shares => {
                    let named: Vec<String> = shares
                        .iter()
                        .take(2)
                        .map(|(value, share)| format!("{} {}", shown_text(value), percent(*share)))
                        .collect();
                    format!("benign rows: {}", named.join(", "))
                }
            },
        }
    }

    fn save(&self, name: &str) -> State {
        let mut state = State::new();
        state.put_text("name", name);
        match self {
            Self::Missing => {}
            Self::Numeric { lower, median, upper, mode, mode_share } => {
                state.put_f64s("numbers", vec![*lower, *median, *upper, *mode, *mode_share]);
            }
            Self::Category(shares) => {
                state.put_texts("values", shares.iter().map(|(value, _)| value.clone()).collect());
                state.put_f64s("shares", shares.iter().map(|(_, share)| *share).collect());
            }
        }
        state
    }

    fn load(state: &State) -> Result<(String, Self), StateError> {
        let name = state.text("name")?.to_owned();
        let column = if state.has("numbers") {
            match state.f64s("numbers")? {
                &[lower, median, upper, mode, mode_share] => {
                    Self::Numeric { lower, median, upper, mode, mode_share }
                }
                _ => return Err(StateError::invalid("numbers", "five numbers")),
            }
        } else if state.has("values") {
            let (values, shares) = (state.texts("values")?, state.f64s("shares")?);
            if values.len() != shares.len() {
                return Err(StateError::invalid("shares", "as many as there are values"));
            }
            Self::Category(values.iter().cloned().zip(shares.iter().copied()).collect())
        } else {
            Self::Missing
        };
        Ok((name, column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        Rows::new(vec![
            ("sttl".to_owned(), Column::numeric(vec![31.0, 31.0, 31.0, 62.0, 254.0])),
            ("dur".to_owned(), Column::numeric(vec![4.0, f64::NAN, 2.0, 3.0, 9.0])),
            (
                "service".to_owned(),
                Column::category(&[Some("http"), Some("dns"), Some("http"), None, Some("ftp")]),
            ),
            ("none".to_owned(), Column::numeric(vec![f64::NAN; 5])),
        ])
        .unwrap()
    }

    #[test]
    fn benign_rows_are_told_in_words() {
        let typical = Typical::of(&rows(), Some(&[true, true, true, true, false]));
        let words = |name| typical.column(name).unwrap().words();
        assert_eq!(words("sttl"), "most benign rows: 31");
        assert_eq!(words("dur"), "benign rows: 3, half of them between 2 and 3");
        assert_eq!(words("service"), "benign rows: http 50.0\u{a0}%, dns 25.0\u{a0}%");
        assert_eq!(words("none"), "no benign row has a value");
        assert!(typical.column("other").is_none());
    }

    #[test]
    fn a_model_file_keeps_it() {
        let typical = Typical::of(&rows(), None);
        assert_eq!(Typical::load(&typical.save()).unwrap(), typical);
        let none = Typical::of(&rows(), Some(&[false; 5]));
        assert_eq!(Typical::load(&none.save()).unwrap(), none);
    }
}
