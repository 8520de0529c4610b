//! One thing that the guard found.

use std::collections::BTreeMap;

use serde::Serialize;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Figures may mislead.
    Warning,
    /// Figures would mislead; nothing is judged so.
    Refusal,
}

/// One thing that the guard found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// A stable name, such as `repeated-rows`.
    pub code: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// A few words.
    pub title: String,
    /// What was seen, in sentences with numbers.
    pub detail: String,
    /// The columns concerned.
    pub columns: Vec<String>,
    /// The numbers by name.
    pub numbers: BTreeMap<String, f64>,
    /// What to do about it.
    pub way_out: String,
}

impl Finding {
    pub(super) fn new(
        code: &'static str,
        severity: Severity,
        title: impl Into<String>,
        detail: impl Into<String>,
        way_out: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity,
            title: title.into(),
            detail: detail.into(),
            columns: Vec::new(),
            numbers: BTreeMap::new(),
            way_out: way_out.into(),
        }
    }

    pub(super) fn columns<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.columns.extend(columns.into_iter().map(Into::into));
        self
    }

    pub(super) fn number(mut self, name: &str, value: f64) -> Self {
        self.numbers.insert(name.to_owned(), value);
        self
    }
}

/// A share as a percentage with a sensible number of digits.
pub(super) fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value < 100.0 && value > 99.9 {
        // Never rounded up to all.
        format!("{:.3} %", (value * 1000.0).floor() / 1000.0)
    } else if value == 0.0 || value >= 10.0 {
        format!("{value:.1} %")
    } else if value >= 0.1 {
        format!("{value:.2} %")
    } else {
        format!("{value:.4} %")
    }
}

/// Names in backticks, the first few.
pub(super) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    const SHOWN: usize = 6;
    let mut text = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{}`", name.as_ref()))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" with {} more", names.len() - SHOWN));
    }
    text
}

/// `1 column`, `2 columns`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_never_rounded_up_to_all() {
        assert_eq!(percent(0.999_96), "99.996 %");
        assert_eq!(percent(0.999_999_9), "99.999 %");
        assert_eq!(percent(1.0), "100.0 %");
        assert_eq!(percent(0.344_77), "34.5 %");
        assert_eq!(percent(0.000_127), "0.0127 %");
    }
}
