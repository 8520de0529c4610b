//! How the test file differs from the training file.

use super::columns::ColumnReport;
use super::finding::{Finding, Severity, listed};
use crate::drift::{ColumnDrift, MAJOR_PSI, MINOR_PSI};

pub(super) fn findings(columns: &[ColumnReport]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut drifting: Vec<(&ColumnReport, &ColumnDrift)> =
        columns.iter().filter_map(|column| Some((column, column.drift.as_ref()?))).collect();
    if drifting.is_empty() {
        return findings;
    }
    let compared = drifting.len();
    let moderate = drifting.iter().filter(|(_, drift)| drift.psi >= MINOR_PSI).count();
    drifting.retain(|(_, drift)| drift.psi >= MAJOR_PSI);
    drifting.sort_by(|a, b| b.1.psi.total_cmp(&a.1.psi));
    let severity = if drifting.is_empty() { Severity::Info } else { Severity::Warning };
    let names: Vec<&str> = drifting.iter().map(|(column, _)| column.name.as_str()).collect();
    let title = format!("{} of {compared} columns drift between the files", names.len());
    let mut detail = format!(
        "{moderate} have a population stability index of at least {MINOR_PSI}, {} of at least {MAJOR_PSI}",
        names.len()
    );
    if let Some((column, drift)) = drifting.first() {
        detail.push_str(&format!(
            ": {}. `{}` differs most, with an index of {:.2}",
            listed(&names),
            column.name,
            drift.psi
        ));
        if let Some(ks) = drift.ks {
            detail.push_str(&format!(
                " (Kolmogorov-Smirnov distance {:.3}, p {:.1e})",
                ks.statistic, ks.p_value
            ));
        }
    }
    detail.push('.');
    let benign: Vec<&ColumnReport> = columns
        .iter()
        .filter(|column| column.benign_drift.as_ref().is_some_and(|drift| drift.psi >= MAJOR_PSI))
        .collect();
    let any_benign = columns.iter().any(|column| column.benign_drift.is_some());
    if any_benign {
        detail.push_str(&format!(
            " Among benign rows alone, where false alarms come from, {} so.",
            match benign.len() {
                0 => "none does".to_owned(),
                1 => "1 does".to_owned(),
                count => format!("{count} do"),
            }
        ));
    }
    findings.push(
        Finding::new(
            "train-test-drift",
            severity,
            title,
            detail,
            "read the realised false-positive rate beside the one asked for; a threshold set on training rows will not hold",
        )
        .columns(names.iter().copied())
        .number("compared", compared as f64)
        .number("psi_at_least_0.1", moderate as f64)
        .number("psi_at_least_0.25", names.len() as f64)
        .number("benign_psi_at_least_0.25", benign.len() as f64),
    );
    findings
}
