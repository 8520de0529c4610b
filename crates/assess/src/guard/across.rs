//! Rows of the test file whose features also stand in the training file.

use std::collections::HashMap;

use serde::Serialize;
use tripline_core::{Dataset, FieldKind, Rows};

use super::finding::{Finding, Severity, listed, percent};
use crate::protocol::{Rounding, row_hashes};

/// What the two files share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Across {
    /// Columns compared.
    pub columns: usize,
    /// Columns that only the training file has.
    pub only_train: Vec<String>,
    /// Columns that only the test file has.
    pub only_test: Vec<String>,
    /// Columns that hold numbers in one file, text in the other.
    pub other_kind: Vec<String>,
    /// Test rows whose features occur in training.
    pub repeated: usize,
    /// Share of the test rows.
    pub repeated_share: f64,
    /// Of these, those that training knows with the same verdict; 0 unless both have labels.
    pub same_verdict: usize,
    /// Of these, those that training knows with the other verdict alone; 0 unless both have labels.
    pub other_verdict: usize,
}

/// Number of test rows whose features occur in training, over the columns that both have.
pub fn repeated_across(train: &Dataset, test: &Dataset) -> usize {
    across(train, test).repeated
}

pub(super) fn across(train: &Dataset, test: &Dataset) -> Across {
    let (train_schema, test_schema) = (train.rows.schema(), test.rows.schema());
    let absent = |from: &Rows, name: &str| from.schema().position(name).is_none();
    let (mut own, mut others, mut other_kind) = (Vec::new(), Vec::new(), Vec::new());
    for (position, field) in train_schema.fields().iter().enumerate() {
        let Some(there) = test_schema.position(&field.name) else { continue };
        let numeric = |kind: &FieldKind| matches!(kind, FieldKind::Numeric);
        if numeric(&field.kind) == numeric(&test_schema.fields()[there].kind) {
            own.push(position);
            others.push(there);
        } else {
            other_kind.push(field.name.clone());
        }
    }
    let only = |rows: &Rows, other: &Rows| -> Vec<String> {
        rows.schema().names().filter(|name| absent(other, name)).map(str::to_owned).collect()
    };
    let mut result = Across {
        columns: own.len(),
        only_train: only(&train.rows, &test.rows),
        only_test: only(&test.rows, &train.rows),
        other_kind,
        repeated: 0,
        repeated_share: 0.0,
        same_verdict: 0,
        other_verdict: 0,
    };
    if own.is_empty() || test.is_empty() {
        return result;
    }
    let labelled = train.labels.is_some() && test.labels.is_some();
    let attack =
        |data: &Dataset, row: usize| data.labels.as_ref().is_some_and(|l| l.is_attack(row));
    // For each known row: whether it occurs as benign, as attack.
    let mut known: HashMap<u128, [bool; 2]> = HashMap::with_capacity(train.len());
    for (row, hash) in row_hashes(&train.rows, &own, Rounding::Exact).into_iter().enumerate() {
        known.entry(hash).or_default()[usize::from(attack(train, row))] = true;
    }
    for (row, hash) in row_hashes(&test.rows, &others, Rounding::Exact).into_iter().enumerate() {
        if let Some(verdicts) = known.get(&hash) {
            result.repeated += 1;
            if !labelled {
                continue;
            }
            if verdicts[usize::from(attack(test, row))] {
                result.same_verdict += 1;
            } else {
                result.other_verdict += 1;
            }
        }
    }
    result.repeated_share = result.repeated as f64 / test.len() as f64;
    result
}

/// Above this share the figures of a test file are mostly memory.
const MOSTLY_KNOWN: f64 = 0.5;

/// From this share on the test file is the training file in another form, and is refused.
const ALL_KNOWN: f64 = 0.9;

pub(super) fn findings(across: &Across) -> Vec<Finding> {
    let mut findings = Vec::new();
    if across.repeated > 0 {
        let severity = match across.repeated_share {
            share if share >= ALL_KNOWN => Severity::Refusal,
            share if share > super::repeats::MANY_REPEATS => Severity::Warning,
            _ => Severity::Info,
        };
        let mostly = if across.repeated_share > MOSTLY_KNOWN {
            " Figures on this test file mostly measure memory."
        } else {
            ""
        };
        findings.push(
            Finding::new(
                "test-rows-in-training",
                severity,
                format!("{} of the test rows stand in the training file", percent(across.repeated_share)),
                format!(
                    "{} test rows have the features of a training row: {} with the same verdict, {} with the other.{mostly}",
                    across.repeated, across.same_verdict, across.other_verdict
                ),
                "state the share beside the figures, or judge with --protocol duplicate-grouped",
            )
            .number("repeated", across.repeated as f64)
            .number("repeated_share", across.repeated_share)
            .number("same_verdict", across.same_verdict as f64)
            .number("other_verdict", across.other_verdict as f64),
        );
    }
    let mut missing = across.only_train.clone();
    missing.extend(across.other_kind.iter().cloned());
    if !missing.is_empty() {
        findings.push(
            Finding::new(
                "columns-differ",
                Severity::Warning,
                "The test file lacks columns of the training file",
                format!(
                    "{} {} there, or hold values of another kind; a model that reads one of them refuses the file, or takes an absent one as missing if its recipe has missing_columns=fill.",
                    listed(&missing),
                    if missing.len() == 1 { "is not" } else { "are not" }
                ),
                "train on the columns that both files have",
            )
            .columns(missing)
            .number("common", across.columns as f64),
        );
    }
    findings
}
