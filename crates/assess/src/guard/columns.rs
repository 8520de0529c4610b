//! What the guard knows of each column.

use serde::Serialize;

use super::finding::{Finding, Severity, listed};
use super::power::ColumnPower;
use super::sets::ColumnSet;
use crate::drift::ColumnDrift;

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnReport {
    /// Its name.
    pub name: String,
    /// `numeric` or `category`.
    pub kind: &'static str,
    /// Distinct values, missing ones aside.
    pub distinct: usize,
    /// Rows without a value.
    pub missing: usize,
    /// What it says alone about the class; none without labels of both sides.
    pub power: Option<ColumnPower>,
    /// How it differs in the test file.
    pub drift: Option<ColumnDrift>,
    /// The same among benign rows alone.
    pub benign_drift: Option<ColumnDrift>,
}

impl ColumnReport {
    /// The larger AUC of its bins, of its values as they are.
    pub fn auc(&self) -> Option<f64> {
        self.power.map(|power| power.monotone_auc.map_or(power.auc, |auc| auc.max(power.auc)))
    }
}

/// Below the AUC that decides by so much is near.
const NEAR: f64 = 0.03;

pub(super) fn findings(columns: &[ColumnReport], sets: &[ColumnSet], decides: f64) -> Vec<Finding> {
    let mut findings = Vec::new();
    let with_auc = |from: f64, below: f64| {
        let mut found: Vec<(&str, f64)> = columns
            .iter()
            .filter_map(|column| Some((column.name.as_str(), column.auc()?)))
            .filter(|(_, auc)| *auc >= from && *auc < below)
            .collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        found
    };
    let alone = with_auc(decides, f64::INFINITY);
    for (code, severity, found, title) in [
        ("column-decides", Severity::Warning, &alone, "One column alone decides"),
        (
            "column-nearly-decides",
            Severity::Info,
            &with_auc(decides - NEAR, decides),
            "One column alone nearly decides",
        ),
    ] {
        if let Some((name, auc)) = found.first() {
            let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
            findings.push(
                Finding::new(
                    code,
                    severity,
                    title,
                    format!("{}: `{name}` alone gives a ROC AUC of {auc:.4}, on rows that it was not fitted to.", listed(&names)),
                    "check that the column does not hold the label, and that it is known when a flow is judged; otherwise leave it out",
                )
                .columns(names)
                .number("auc", *auc),
            );
        }
    }
    // A set that holds a column which decides alone tells nothing new.
    let new = |set: &&ColumnSet| {
        set.auc >= decides - NEAR
            && !alone.iter().any(|(name, _)| set.columns.iter().any(|c| c == name))
    };
    if let Some(set) = sets.iter().find(new) {
        let severity = if set.auc >= decides { Severity::Warning } else { Severity::Info };
        findings.push(
            Finding::new(
                "columns-together-decide",
                severity,
                format!("{} columns give a ROC AUC of {:.4}", set.columns.len(), set.auc),
                format!(
                    "{}, numbers cut into at most 16 bins, with no model at all. What a model adds is to be measured against this.",
                    listed(&set.columns)
                ),
                "ask why so little decides: a test bed's mark, or duplicates; then compare with a model without these columns",
            )
            .columns(set.columns.iter().cloned())
            .number("auc", set.auc),
        );
    }
    findings
}
