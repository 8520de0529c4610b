//! Rows of one file that repeat each other.

use serde::Serialize;
use tripline_core::Labels;

use super::finding::{Finding, Severity, percent};
use crate::protocol::Groups;

/// How many rows repeat another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Duplicates {
    /// Rows.
    pub rows: usize,
    /// Distinct rows.
    pub distinct: usize,
    /// Share of rows that repeat an earlier one.
    pub repeating_share: f64,
    /// Share of rows that have a twin, the first of each included.
    pub twin_share: f64,
    /// Rows of the largest group.
    pub largest: usize,
    /// Share of rows that repeat an earlier one when numbers are rounded to four digits.
    pub near_share: f64,
}

/// How many rows have equal features with different labels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Conflicts {
    /// Rows in groups that hold benign rows beside attacks.
    pub verdict_rows: usize,
    /// Rows in groups that hold more than one class.
    pub class_rows: usize,
    /// The largest accuracy, attack against benign, that features can give on these rows.
    pub accuracy_ceiling: f64,
}

pub(super) fn duplicates(groups: &Groups, near: &Groups) -> Duplicates {
    let rows = groups.of.len();
    let sizes = groups.sizes();
    let of_rows = |count: usize| count as f64 / rows.max(1) as f64;
    Duplicates {
        rows,
        distinct: groups.count,
        repeating_share: of_rows(rows - groups.count),
        twin_share: of_rows(sizes.iter().filter(|&&size| size > 1).sum()),
        largest: sizes.iter().copied().max().unwrap_or(0),
        near_share: of_rows(rows - near.count),
    }
}

pub(super) fn conflicts(groups: &Groups, labels: &Labels) -> Conflicts {
    let mut attacks = vec![0usize; groups.count];
    let mut first: Vec<Option<u32>> = vec![None; groups.count];
    let mut mixed = vec![false; groups.count];
    for (row, &group) in groups.of.iter().enumerate() {
        let (group, code) = (group as usize, labels.codes()[row]);
        attacks[group] += usize::from(code != 0);
        mixed[group] |= first[group].is_some_and(|first| first != code);
        first[group] = Some(code);
    }
    let (mut verdict_rows, mut class_rows, mut wrong) = (0, 0, 0);
    for (group, size) in groups.sizes().into_iter().enumerate() {
        let benign = size - attacks[group];
        if benign > 0 && attacks[group] > 0 {
            verdict_rows += size;
            wrong += benign.min(attacks[group]);
        }
        if mixed[group] {
            class_rows += size;
        }
    }
    let rows = groups.of.len().max(1) as f64;
    Conflicts { verdict_rows, class_rows, accuracy_ceiling: 1.0 - wrong as f64 / rows }
}

/// Above this share of repeating rows a random split is refused: about each twentieth test row is
/// then known from training, as much as the errors of a good model.
pub(super) const MANY_REPEATS: f64 = 0.05;

pub(super) fn findings(duplicates: &Duplicates, conflicts: Option<&Conflicts>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if duplicates.repeating_share > 0.0 {
        let many = duplicates.repeating_share > MANY_REPEATS;
        let severity = if many { Severity::Warning } else { Severity::Info };
        findings.push(
            Finding::new(
                "repeated-rows",
                severity,
                format!("{} of the rows repeat another", percent(duplicates.repeating_share)),
                format!(
                    "{} rows hold {} distinct ones; the largest group has {} equal rows. A random split puts the same row into training and test.",
                    duplicates.rows, duplicates.distinct, duplicates.largest
                ),
                "judge with --protocol duplicate-grouped or --protocol leave-one-family-out",
            )
            .number("repeating_share", duplicates.repeating_share)
            .number("twin_share", duplicates.twin_share)
            .number("distinct", duplicates.distinct as f64)
            .number("largest_group", duplicates.largest as f64),
        );
    }
    let nearly = duplicates.near_share - duplicates.repeating_share;
    if nearly > MANY_REPEATS {
        findings.push(
            Finding::new(
                "nearly-repeated-rows",
                Severity::Info,
                format!("{} more rows nearly repeat another", percent(nearly)),
                "Rows are equal once numbers are rounded to four significant digits. Grouping exact duplicates does not keep these apart.",
                "read figures as an upper bound; --protocol leave-one-family-out is not affected by them among attacks",
            )
            .number("near_share", duplicates.near_share),
        );
    }
    if let Some(conflicts) = conflicts.filter(|conflicts| conflicts.class_rows > 0) {
        let severity =
            if conflicts.accuracy_ceiling < 0.999 { Severity::Warning } else { Severity::Info };
        findings.push(
            Finding::new(
                "conflicting-labels",
                severity,
                "Equal rows have different labels",
                format!(
                    "{} rows share all features with a row of another class, {} of them with benign rows on one side and attacks on the other. No model on these columns can exceed an accuracy of {:.4} here.",
                    conflicts.class_rows, conflicts.verdict_rows, conflicts.accuracy_ceiling
                ),
                "look for columns that were left out, or correct the labels",
            )
            .number("class_rows", conflicts.class_rows as f64)
            .number("verdict_rows", conflicts.verdict_rows as f64)
            .number("accuracy_ceiling", conflicts.accuracy_ceiling),
        );
    }
    findings
}
