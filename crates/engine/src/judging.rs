//! What stands before any judgement: the protocol, the guard's leave, the rows without weights.

use tripline_assess::evaluate::EvaluateOptions;
use tripline_assess::guard::{self, GuardOptions, GuardReport, Override, Severity};
use tripline_assess::metrics::BaseRate;
use tripline_assess::protocol::Protocol;
use tripline_core::Dataset;

use crate::error::EngineError;
use crate::provenance::FindingRecord;
use crate::settings::JudgingSettings;

/// What the guard said before a judgement.
#[derive(Debug)]
pub struct Clearance {
    /// How rows are parted.
    pub protocol: Protocol,
    /// What the guard found.
    pub guard: GuardReport,
    /// Refusals that the user overrode.
    pub overrides: Vec<Override>,
}

impl JudgingSettings {
    /// The protocol asked for; else `official` with a test file, `time-ordered` with times, else
    /// `duplicate-grouped`.
    pub fn protocol_for(&self, train: &Dataset, test: Option<&Dataset>) -> Protocol {
        match self.protocol {
            Some(protocol) => protocol,
            None if test.is_some() => Protocol::Official,
            None if train.time.is_some() => Protocol::TimeOrdered { test_share: self.test_share },
            None => Protocol::DuplicateGrouped { folds: self.folds },
        }
    }

    /// Options for `assess`.
    pub fn options(&self, seed: u64) -> EvaluateOptions {
        let mut options = EvaluateOptions { seed, base_rate: self.rate(), ..Default::default() };
        options.bootstrap.replicates = self.replicates;
        options.bootstrap.seed = seed;
        options
    }

    /// What a day looks like where the model will stand.
    pub fn rate(&self) -> BaseRate {
        BaseRate { events_per_day: self.events_per_day, attack_share: self.base_rate }
    }
}

/// Runs the guard, which may refuse the protocol.
pub fn clear(
    train: &Dataset,
    test: Option<&Dataset>,
    judging: &JudgingSettings,
) -> Result<Clearance, EngineError> {
    let protocol = judging.protocol_for(train, test);
    let guard = guard::check(train, test, &GuardOptions::default());
    let overrides = guard::decide(&guard, &protocol, judging.accept_leakage)?;
    Ok(Clearance { protocol, guard, overrides })
}

/// The guard's findings in short, for a model's provenance.
pub(crate) fn records(guard: &GuardReport) -> Vec<FindingRecord> {
    guard
        .findings
        .iter()
        .map(|finding| FindingRecord {
            severity: severity(finding.severity).to_owned(),
            code: finding.code.to_owned(),
            title: finding.title.clone(),
        })
        .collect()
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Refusal => "refusal",
    }
}
