//! Columns, or the order of rows, that name rows instead of describing them.

use std::collections::HashSet;

use tripline_core::{Category, Column, Dataset, Labels};

use super::finding::{Finding, Severity, counted, listed};
use crate::metrics::Ranking;

/// Distinct values, missing ones.
pub(super) fn spread(column: &Column) -> (usize, usize) {
    match column {
        Column::Numeric(values) => {
            let distinct: HashSet<u64> =
                values.iter().filter(|v| !v.is_nan()).map(|v| (v + 0.0).to_bits()).collect();
            (distinct.len(), values.iter().filter(|value| value.is_nan()).count())
        }
        Column::Category(category) => {
            let mut seen = vec![false; category.values.len()];
            let mut missing = 0;
            for &code in category.codes.iter() {
                if code == Category::MISSING {
                    missing += 1;
                } else {
                    seen[code as usize] = true;
                }
            }
            (seen.iter().filter(|seen| **seen).count(), missing)
        }
    }
}

/// Below so many rows unique values are no wonder.
const LEAST_ROWS: usize = 100;

/// Whether a column has another value for each row, of a kind that counts or names rows.
pub(super) fn is_identifier(column: &Column, distinct: usize) -> bool {
    let rows = column.len();
    if rows < LEAST_ROWS || (distinct as f64) < 0.999 * rows as f64 {
        return false;
    }
    match column {
        // Measured quantities are unique too; numbers that count are whole.
        Column::Numeric(values) => values.iter().all(|v| v.is_nan() || v.fract() == 0.0),
        Column::Category(_) => true,
    }
}

/// Whether a column only rises, or only falls, from row to row.
pub(super) fn follows_rows(column: &Column, distinct: usize) -> bool {
    let Column::Numeric(values) = column else { return false };
    let rows = values.len();
    // A column of a few steps may rise by the way rows were collected; one of many counts.
    if rows < LEAST_ROWS || distinct * 10 < rows || values.iter().any(|value| value.is_nan()) {
        return false;
    }
    let rising = values.windows(2).filter(|pair| pair[0] <= pair[1]).count();
    let falling = values.windows(2).filter(|pair| pair[0] >= pair[1]).count();
    rising.max(falling) == rows - 1
}

pub(super) fn findings(
    identifiers: &[String],
    following: &[String],
    constant: &[String],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !identifiers.is_empty() {
        findings.push(
            Finding::new(
                "identifier-columns",
                Severity::Warning,
                "Columns name rows",
                format!(
                    "Another value for each row, which a model can only memorise: {}.",
                    listed(identifiers)
                ),
                "leave these columns out of the file",
            )
            .columns(identifiers.iter().cloned()),
        );
    }
    if !following.is_empty() {
        findings.push(
            Finding::new(
                "columns-follow-row-order",
                Severity::Warning,
                "Columns follow the order of rows",
                format!(
                    "Only rising, or only falling, from row to row, as a counter or a clock does: {}.",
                    listed(following)
                ),
                "leave these columns out of the file, or judge with --protocol time-ordered",
            )
            .columns(following.iter().cloned()),
        );
    }
    if !constant.is_empty() {
        findings.push(
            Finding::new(
                "constant-columns",
                Severity::Info,
                format!("{} without a second value", counted(constant.len(), "column")),
                format!("Constant: {}.", listed(constant)),
                "nothing needs to be done; a constant column costs a little time",
            )
            .columns(constant.iter().cloned()),
        );
    }
    findings
}

/// Whether labels follow the order of rows.
pub(super) fn label_order(data: &Dataset, labels: &Labels) -> Option<Finding> {
    let attacks = labels.attacks();
    if attacks.len() < LEAST_ROWS {
        return None;
    }
    let numbers: Vec<f64> = (0..attacks.len()).map(|row| row as f64).collect();
    let auc = Ranking::new(&numbers, &attacks, None).ok()?.curve().roc_auc()?;
    let share = attacks.iter().filter(|attack| **attack).count() as f64 / attacks.len() as f64;
    let changes = attacks.windows(2).filter(|pair| pair[0] != pair[1]).count() as f64;
    let expected = 2.0 * share * (1.0 - share) * (attacks.len() - 1) as f64;
    // A tenth of the changes that shuffled rows would have: labels come in blocks.
    if auc.max(1.0 - auc) < 0.9 && changes > 0.1 * expected {
        return None;
    }
    let detail = format!(
        "Labels change {changes:.0} times from row to row, shuffled rows would change {expected:.0} times; the row number alone gives a ROC AUC of {:.3}. The first rows are no sample of the file.",
        auc.max(1.0 - auc)
    );
    let way_out = if data.time.is_some() {
        "take no part of the file by position; --protocol time-ordered parts it by time"
    } else {
        "take no part of the file by position; all protocols here choose rows by seed"
    };
    Some(
        Finding::new(
            "labels-in-blocks",
            Severity::Info,
            "Rows stand in blocks of one label",
            detail,
            way_out,
        )
        .number("row_number_auc", auc)
        .number("label_changes", changes)
        .number("expected_changes", expected),
    )
}
