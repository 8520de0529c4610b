//! How many verdicts of each severity there were.

use tripline_core::verdict::{Severity, Verdict};

/// Verdicts counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VerdictTally {
    /// Flows judged; a flow looked at early counts once more.
    pub flows: u64,
    /// Alerts among them.
    pub alerts: u64,
    by_severity: [u64; Severity::ALL.len()],
}

impl VerdictTally {
    /// Counts verdicts.
    pub fn add(&mut self, verdicts: &[Verdict]) {
        self.flows += verdicts.len() as u64;
        for verdict in verdicts {
            self.alerts += u64::from(verdict.attack);
            self.by_severity[verdict.severity as usize] += 1;
        }
    }

    /// Verdicts of each severity, the least first.
    pub fn by_severity(&self) -> impl Iterator<Item = (Severity, u64)> {
        Severity::ALL.into_iter().zip(self.by_severity)
    }
}
