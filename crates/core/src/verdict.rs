//! What a detector says of a flow.

use std::sync::Arc;

/// How much a verdict asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// No alert.
    Info,
    /// Risk under 40.
    Low,
    /// Risk from 40.
    Medium,
    /// Risk from 70.
    High,
    /// Risk from 90.
    Critical,
}

impl Severity {
    /// All, the least first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// From its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == name)
    }
}

/// A technique of MITRE ATT&CK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Technique {
    /// Such as `T1110`.
    pub id: &'static str,
    /// Such as `Brute Force`.
    pub name: &'static str,
    /// The tactic that it serves here, such as `Credential Access`.
    pub tactic: &'static str,
}

/// One reason of a verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// Raw column.
    pub feature: Arc<str>,
    /// Its value, as a person reads it.
    pub value: String,
    /// What it adds to the model's raw output (SHAP value).
    pub contribution: f64,
    /// One sentence.
    pub text: String,
}

/// What a detector says of one flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The raw score reaches the model's threshold.
    pub attack: bool,
    /// Kind of attack, where the model tells kinds apart; `normal` for the benign class.
    pub category: Option<Arc<str>>,
    /// Calibrated probability of an attack, in [0, 1].
    pub probability: f64,
    /// Risk from 0 to 100.
    pub risk: u8,
    /// From risk, and whether it is an attack.
    pub severity: Severity,
    /// Technique that the category stands for.
    pub technique: Option<Technique>,
    /// What to do.
    pub action: &'static str,
    /// What speaks most for the verdict, largest first.
    pub reasons: Vec<Reason>,
    /// Identifier of the model with its version.
    pub model: Arc<str>,
}
