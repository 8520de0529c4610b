//! One row's reasons, in words.

use serde::Serialize;
use tripline_core::{Link, Rows};

use super::fold::Folded;
use super::shown::shown_value;
use super::typical::Typical;
use crate::plot::{Part, Parts, short};

/// Why one row scores as it does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowExplanation {
    /// The row, from 0, as the caller counts it.
    pub row: usize,
    /// The score without any column, in `unit`.
    pub base: f64,
    /// The score, in `unit`.
    pub output: f64,
    /// The unit of base, output, effects.
    pub unit: &'static str,
    /// All columns, largest effect first.
    pub reasons: Vec<Reason>,
}

/// What one column adds to a row's score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// The column.
    pub feature: String,
    /// The row's value, as it is shown; empty for a derived column whose value is not at hand.
    pub value: String,
    /// What it adds to the score; negative lowers it.
    pub effect: f64,
    /// What benign rows look like, in words; empty if not known.
    pub typical: String,
    /// The whole as one sentence without full stop.
    pub text: String,
}

impl RowExplanation {
    /// For [`waterfall`](crate::plot::waterfall) or [`force`](crate::plot::force).
    pub fn parts(&self) -> Parts {
        Parts {
            base: self.base,
            output: self.output,
            unit: self.unit.to_owned(),
            parts: self
                .reasons
                .iter()
                .map(|reason| Part { name: reason.name(), value: reason.effect })
                .collect(),
        }
    }
}

impl Reason {
    /// The column with its value: `sttl = 254`.
    pub fn name(&self) -> String {
        if self.value.is_empty() {
            self.feature.clone()
        } else {
            format!("{} = {}", self.feature, self.value)
        }
    }
}

/// The name of the unit in which a link's attributions are.
pub fn unit(link: Link) -> &'static str {
    match link {
        Link::Logit => "log-odds",
        Link::Probability => "probability",
        Link::Rank => "score points",
    }
}

/// The reasons of the row at `index` of the folded attributions.
///
/// `data` are the rows as they were read, `prepared` those that the model saw: values of derived
/// columns are looked up there by name. `row` is the number under which the caller knows the row.
/// A row or column that is not there has no value to show; nothing panics.
pub fn explain_row(
    folded: &Folded,
    index: usize,
    row: usize,
    data: &Rows,
    prepared: Option<&Rows>,
    typical: Option<&Typical>,
) -> RowExplanation {
    explain_row_by(folded, index, row, data, prepared, typical, usize::MAX, |_| true)
}

/// As [`explain_row`], of the reasons whose effect `wanted` takes the `limit` largest alone: what
/// is not told is not put into words.
#[allow(clippy::too_many_arguments)]
pub fn explain_row_by(
    folded: &Folded,
    index: usize,
    row: usize,
    data: &Rows,
    prepared: Option<&Rows>,
    typical: Option<&Typical>,
    limit: usize,
    wanted: impl Fn(f64) -> bool,
) -> RowExplanation {
    let attributions = &folded.attributions;
    let unit = unit(attributions.link);
    let Some(&output) = attributions.outputs.get(index) else {
        let base = attributions.base;
        return RowExplanation { row, base, output: base, unit, reasons: Vec::new() };
    };
    let mut effects: Vec<(&String, f64)> = attributions
        .features
        .iter()
        .zip(attributions.row(index).iter().copied())
        .filter(|(_, effect)| wanted(*effect))
        .collect();
    effects.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then_with(|| a.0.cmp(b.0)));
    effects.truncate(limit);
    let reasons = effects
        .into_iter()
        .map(|(feature, effect)| {
            let value = data
                .column(feature)
                .or_else(|| prepared.and_then(|rows| rows.column(feature)))
                .filter(|column| index < column.len())
                .map(|column| shown_value(column, index))
                .unwrap_or_default();
            let typical = typical
                .and_then(|typical| typical.column(feature))
                .map(|column| column.words())
                .unwrap_or_default();
            let mut reason =
                Reason { feature: feature.clone(), value, effect, typical, text: String::new() };
            reason.text = sentence(&reason, attributions.link);
            reason
        })
        .collect();
    RowExplanation { row, base: attributions.base, output, unit, reasons }
}

fn sentence(reason: &Reason, link: Link) -> String {
    let subject = if reason.value.is_empty() {
        format!("`{}`", reason.feature)
    } else {
        format!("`{}` = {}", reason.feature, reason.value)
    };
    let size = reason.effect.abs();
    let amount = two_digits(size);
    let what = match link {
        Link::Logit => format!("the score by {amount} log-odds"),
        Link::Probability => format!("the probability by {amount}"),
        Link::Rank => format!("the score by {amount}"),
    };
    let verb = if reason.effect > 0.0 {
        format!("raises {what}")
    } else if reason.effect < 0.0 {
        format!("lowers {what}")
    } else {
        "leaves the score as it is".to_owned()
    };
    if reason.typical.is_empty() {
        format!("{subject} {verb}")
    } else {
        format!("{subject} {verb} ({})", reason.typical)
    }
}

/// Two significant digits; from 10 on, all whole ones.
fn two_digits(size: f64) -> String {
    if size >= 9.95 {
        return short(size.round());
    }
    let rounded = format!("{size:.1e}");
    short(rounded.parse().unwrap_or(size))
}

#[cfg(test)]
mod tests {
    use tripline_core::{Attributions, Column};

    use super::super::fold::Origin;
    use super::*;

    #[test]
    fn the_largest_reason_stands_first_in_words() {
        let data = Rows::new(vec![
            ("sttl".to_owned(), Column::numeric(vec![31.0, 254.0])),
            ("service".to_owned(), Column::category(&[Some("http"), None])),
        ])
        .unwrap();
        let folded = Folded {
            attributions: Attributions {
                features: vec!["sttl".to_owned(), "service".to_owned(), "rate".to_owned()],
                base: -1.0,
                values: vec![-0.5, 0.0, 0.0, 1.81, -0.02, 0.25],
                outputs: vec![-1.5, 1.03],
                link: Link::Logit,
            },
            origins: vec![
                Origin::Source(0),
                Origin::Source(1),
                Origin::Derived { prepared: 2, from: vec![0, 1] },
            ],
        };
        let typical = Typical::of(&data, Some(&[true, false]));
        let explained = explain_row(&folded, 1, 17, &data, None, Some(&typical));
        let texts: Vec<&str> = explained.reasons.iter().map(|r| r.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "`sttl` = 254 raises the score by 1.8 log-odds (most benign rows: 31)",
                "`rate` raises the score by 0.25 log-odds",
                "`service` = missing lowers the score by 0.02 log-odds (most benign rows: http)",
            ]
        );
        assert_eq!((explained.row, explained.output), (17, 1.03));
        assert_eq!(explained.parts().parts[0].name, "sttl = 254");
        assert!(explain_row(&folded, 9, 9, &data, None, None).reasons.is_empty());
    }
}
