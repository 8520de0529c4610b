//! Whether figures may be made so.

use serde::Serialize;

use super::check::GuardReport;
use super::finding::{Severity, percent};
use super::repeats::MANY_REPEATS;
use crate::protocol::Protocol;

/// A refusal that the user set aside; written into the model's card, into every report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Override {
    /// What would have been refused.
    pub code: &'static str,
    /// Why.
    pub reason: String,
}

/// Figures would mislead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("refused: {reason}; ways out: {}", ways_out.join("; or "))]
pub struct Refusal {
    /// A stable name, such as `random-split-over-duplicates`.
    pub code: &'static str,
    /// Why.
    pub reason: String,
    /// What can be done instead.
    pub ways_out: Vec<String>,
}

/// Refuses what would mislead; what the user accepts is given back to be recorded.
pub fn decide(
    report: &GuardReport,
    protocol: &Protocol,
    accept_leakage: bool,
) -> Result<Vec<Override>, Refusal> {
    let mut refusals = Vec::new();
    let share = report.duplicates.repeating_share;
    if matches!(protocol, Protocol::Random(_)) && share > MANY_REPEATS {
        refusals.push(Refusal {
            code: "random-split-over-duplicates",
            reason: format!(
                "{} of the rows repeat another (limit {}), so a random split puts the same rows into training and test",
                percent(share),
                percent(MANY_REPEATS)
            ),
            ways_out: vec![
                "choose --protocol duplicate-grouped, leave-one-family-out or time-ordered".to_owned(),
                "repeat with --accept-leakage, which is recorded in the model and in every report made from it".to_owned(),
            ],
        });
    }
    for finding in report.findings.iter().filter(|finding| finding.severity == Severity::Refusal) {
        refusals.push(Refusal {
            code: finding.code,
            reason: finding.detail.trim_end_matches('.').to_owned(),
            ways_out: vec![
                finding.way_out.clone(),
                "repeat with --accept-leakage, which is recorded in the model and in every report made from it".to_owned(),
            ],
        });
    }
    if accept_leakage {
        return Ok(refusals
            .into_iter()
            .map(|refusal| Override { code: refusal.code, reason: refusal.reason })
            .collect());
    }
    match refusals.into_iter().next() {
        Some(refusal) => Err(refusal),
        None => Ok(Vec::new()),
    }
}
