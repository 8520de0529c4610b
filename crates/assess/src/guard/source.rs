//! Which files the rows come from.

use serde::Serialize;
use tripline_core::{Dataset, Source};

use super::finding::{Finding, Severity};

/// A file's fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceCard {
    /// `train` or `test`.
    pub part: &'static str,
    /// Path or name as given.
    pub name: String,
    /// Layout recognised.
    pub layout: String,
    /// SHA-256 of the bytes on disk.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Rows read.
    pub rows: u64,
    /// Records left out because they could not be read.
    pub bad_records: u64,
}

/// A published pair of files: layout, rows of the training part, rows of the test part.
const PUBLISHED: &[(&str, u64, u64)] =
    &[("unsw-nb15", 175_341, 82_332), ("nsl-kdd", 125_973, 22_544)];

pub(super) fn card(part: &'static str, source: &Source) -> SourceCard {
    SourceCard {
        part,
        name: source.name.clone(),
        layout: source.layout.clone(),
        sha256: source.sha256.clone(),
        bytes: source.bytes,
        rows: source.rows,
        bad_records: source.bad_records,
    }
}

pub(super) fn findings(train: &Dataset, test: Option<&Dataset>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let own = &train.source;
    if let Some(test) = test {
        let same_bytes = !own.sha256.is_empty() && own.sha256 == test.source.sha256;
        if same_bytes {
            findings.push(Finding::new(
                "same-file",
                Severity::Refusal,
                "Training file and test file are the same",
                format!(
                    "`{}` and `{}` have the same SHA-256, {}: a model would be judged on the rows it was trained on.",
                    own.name, test.source.name, own.sha256
                ),
                "give another file with --test, or leave --test out and choose --protocol duplicate-grouped",
            ));
        }
    }
    for &(layout, training_rows, test_rows) in PUBLISHED {
        if !own.layout.starts_with(layout) || own.rows != test_rows {
            continue;
        }
        let swapped = test.is_some_and(|test| test.source.rows == training_rows);
        let detail = if layout == "unsw-nb15" {
            format!(
                "The {test_rows} rows of `{}` are the official testing part; copies circulate that call them the training set. The official training part has {training_rows} rows.",
                own.name
            )
        } else {
            format!(
                "`{}` has the {test_rows} rows of the official test part; the training part has {training_rows}.",
                own.name
            )
        };
        let (severity, title, way_out) = if swapped {
            (
                Severity::Warning,
                "Training and test file are swapped",
                "exchange the two files, or state the exchange beside the figures",
            )
        } else {
            (
                Severity::Info,
                "The training file is the official test part",
                "do not compare figures with those published for the official split",
            )
        };
        findings.push(
            Finding::new("official-test-part", severity, title, detail, way_out)
                .number("rows", own.rows as f64),
        );
    }
    findings
}
