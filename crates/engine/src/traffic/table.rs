//! Flows, rows, verdicts as one table of named columns, on their way out.

use tripline_core::flow::Flow;
use tripline_core::verdict::Verdict;
use tripline_core::{Column, Rows};
use tripline_features::flow::SetCard;

use super::identity::{IDENTITY, IdentityKind, IdentityValue};

/// The values of one column; all columns of a table have one length.
#[derive(Debug)]
pub(super) enum Cells {
    /// Nanoseconds since 1970-01-01 UTC.
    Time(Vec<i64>),
    /// Whole numbers.
    Count(Vec<u64>),
    /// Numbers; `NaN` is missing.
    Number(Vec<f64>),
    /// Text.
    Text(Vec<Option<String>>),
}

/// Named columns of one length.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<(String, Cells)>,
    pub(super) rows: usize,
}

impl Table {
    pub(super) fn new(rows: usize) -> Self {
        Self { columns: Vec::new(), rows }
    }

    /// Adds numbers of rows.
    pub(super) fn numbers(&mut self, first: u64) {
        let numbers = (first..).take(self.rows).collect();
        self.columns.push(("row".to_owned(), Cells::Count(numbers)));
    }

    /// Adds who the flows are.
    pub(super) fn identity(&mut self, flows: &[Flow]) {
        for column in IDENTITY {
            let values = flows.iter().map(column.get);
            let cells = match column.kind {
                IdentityKind::Time => Cells::Time(
                    values
                        .map(|value| match value {
                            IdentityValue::Time(time) => time,
                            _ => 0,
                        })
                        .collect(),
                ),
                IdentityKind::Count => Cells::Count(
                    values
                        .map(|value| match value {
                            IdentityValue::Count(count) => count,
                            _ => 0,
                        })
                        .collect(),
                ),
                IdentityKind::Text => Cells::Text(
                    values
                        .map(|value| match value {
                            IdentityValue::Text(text) => Some(text),
                            _ => None,
                        })
                        .collect(),
                ),
            };
            self.columns.push((column.name.to_owned(), cells));
        }
    }

    /// Adds who the flows are, as the tool of a set writes it.
    pub(super) fn identifiers(&mut self, flows: &[Flow], set: &SetCard) {
        for (name, identifier) in set.identifiers {
            let values = flows.iter().map(|flow| {
                let mut text = String::new();
                identifier.write(flow, &mut text);
                Some(text)
            });
            self.columns.push(((*name).to_owned(), Cells::Text(values.collect())));
        }
    }

    /// Adds the columns of a feature set.
    pub(super) fn features(&mut self, rows: &Rows) {
        for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
            let cells = match column {
                Column::Numeric(values) => Cells::Number(values.to_vec()),
                Column::Category(category) => Cells::Text(
                    (0..rows.len()).map(|row| category.value(row).map(str::to_owned)).collect(),
                ),
            };
            self.columns.push((field.name.clone(), cells));
        }
    }

    /// Adds what a detector says, with the notice of its model unless that is empty.
    pub(super) fn verdicts(&mut self, verdicts: &[Verdict], notice: &str) {
        let text = |get: &dyn Fn(&Verdict) -> Option<String>| {
            Cells::Text(verdicts.iter().map(get).collect())
        };
        let columns = [
            ("verdict", text(&|v| Some(if v.attack { "attack" } else { "normal" }.to_owned()))),
            ("category", text(&|v| v.category.as_deref().map(str::to_owned))),
            (
                "probability",
                Cells::Number(verdicts.iter().map(|verdict| verdict.probability).collect()),
            ),
            (
                "risk_score",
                Cells::Count(verdicts.iter().map(|verdict| verdict.risk.into()).collect()),
            ),
            ("severity", text(&|v| Some(v.severity.name().to_owned()))),
            ("technique", text(&|v| v.technique.map(|technique| technique.id.to_owned()))),
            ("recommended_action", text(&|v| v.attack.then(|| v.action.to_owned()))),
            (
                "reasons",
                text(&|v| {
                    let named: Vec<String> = v
                        .reasons
                        .iter()
                        .map(|r| format!("{} (+{:.2})", r.text, r.contribution))
                        .collect();
                    (!named.is_empty()).then(|| named.join("; "))
                }),
            ),
            ("model_version", text(&|v| Some(v.model.to_string()))),
        ];
        self.columns.extend(columns.map(|(name, cells)| (name.to_owned(), cells)));
        if !notice.is_empty() {
            self.text("notice", vec![Some(notice.to_owned()); verdicts.len()]);
        }
    }

    /// Adds a column of text.
    pub(super) fn text(&mut self, name: &str, values: Vec<Option<String>>) {
        self.columns.push((name.to_owned(), Cells::Text(values)));
    }
}
