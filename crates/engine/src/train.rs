//! Train: one model into one file, judged on the way if asked.

use tripline_assess::evaluate::{self, Evaluation, PartMetrics, Parts, metrics_of};
use tripline_assess::guard::{self, GuardOptions, GuardReport, Override};
use tripline_assess::protocol::{Protocol, ProtocolError, RandomParts};
use tripline_core::{Dataset, Labels, Progress};

use crate::error::EngineError;
use crate::fit::Plan;
use crate::judging::{self, Clearance};
use crate::model::Model;
use crate::provenance::MetricRecord;
use crate::settings::{JudgingSettings, TrainingSettings};
use crate::trainer::PlanTrainer;
use crate::weights;

/// A model trained, with all that was learnt of it.
#[derive(Debug)]
pub struct Training {
    /// The model, fitted to all training rows.
    pub model: Model,
    /// Figures by part; `test` only if a test part was scored.
    pub parts: Parts,
    /// The judgement by a protocol, if one was asked for.
    pub evaluation: Option<Evaluation>,
    /// How rows were parted for it.
    pub protocol: Option<Protocol>,
    /// What the guard found.
    pub guard: Option<GuardReport>,
    /// Refusals that the user overrode.
    pub overrides: Vec<Override>,
    /// Seconds of the last fit.
    pub seconds: f64,
}

/// Trains on all rows of `train`. With a test file, or a protocol in `judging`, the same plan is
/// judged first: the guard may refuse.
pub fn train(
    id: &str,
    train: &Dataset,
    test: Option<&Dataset>,
    settings: &TrainingSettings,
    judging: &JudgingSettings,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Training, EngineError> {
    let plan = Plan::new(id, settings)?;
    let features = weights::without(train, settings.weights.as_deref())?;
    let judged = test.is_some() || judging.protocol.is_some();
    let clearance = match (&features.labels, judged) {
        // Without labels there is nothing to guard, and nothing to judge by.
        (None, false) => None,
        (_, false) => {
            // A validation part alone is never parted from its duplicates: nothing to refuse.
            let guard = guard::check(&features, None, &GuardOptions::default());
            Some((guard, Vec::new(), None))
        }
        (_, true) => {
            let Clearance { protocol, guard, overrides } =
                judging::clear(&features, test, judging)?;
            Some((guard, overrides, Some(protocol)))
        }
    };
    let (guard, overrides, protocol) = match clearance {
        Some((guard, overrides, protocol)) => (Some(guard), overrides, protocol),
        None => (None, Vec::new(), None),
    };
    let options = judging.options(seed);
    let trainer = PlanTrainer::new(&plan);
    let (evaluation, fitted) = match protocol {
        None => (None, plan.fit(train, seed, progress)?),
        Some(Protocol::Official) => {
            let test = test.ok_or(ProtocolError::NeedsTestFile)?;
            let evaluation =
                evaluate::evaluate_official(&trainer, train, test, &options, progress)?;
            let fitted = match trainer.into_last() {
                Some(fitted) => fitted,
                None => plan.fit(train, seed, progress)?,
            };
            (Some(evaluation), fitted)
        }
        Some(protocol) => {
            let splits = protocol.splits(&features, seed)?;
            let evaluation = evaluate::evaluate(&trainer, train, &splits, &options, progress)?;
            (Some(evaluation), plan.fit(train, seed, progress)?)
        }
    };
    let validation = if two_kinds(&fitted.validation.labels) {
        Some(metrics_of(&fitted.validation, fitted.model.decision.threshold, &options)?)
    } else {
        None
    };
    let parts = Parts {
        train: evaluation.as_ref().and_then(|evaluation| evaluation.parts.train.clone()),
        validation,
        test: evaluation.as_ref().and_then(|evaluation| evaluation.parts.test.clone()),
    };
    let mut model = fitted.model;
    let provenance = &mut model.provenance;
    if let Some(test) = test {
        provenance.sources.push(("test".to_owned(), test.source.as_ref().clone()));
    }
    provenance.protocol = protocol.as_ref().map(describe).unwrap_or_default();
    provenance.findings = guard.as_ref().map(judging::records).unwrap_or_default();
    provenance.accepted_leakage = overrides.iter().map(|o| o.reason.clone()).collect();
    provenance.metrics = records(&parts);
    Ok(Training { model, parts, evaluation, protocol, guard, overrides, seconds: fitted.seconds })
}

/// A protocol with its numbers, as provenance tells it.
pub fn describe(protocol: &Protocol) -> String {
    match protocol {
        Protocol::Official => "official".to_owned(),
        Protocol::DuplicateGrouped { folds } => format!("duplicate-grouped, {folds} folds"),
        Protocol::LeaveOneFamilyOut { benign_holdout } => {
            format!("leave-one-family-out, {benign_holdout} of the benign rows held out")
        }
        Protocol::TimeOrdered { test_share } => {
            format!("time-ordered, last {test_share} of the rows held out")
        }
        Protocol::Random(RandomParts::Folds(folds)) => format!("random, {folds} folds"),
        Protocol::Random(RandomParts::TestShare(share)) => {
            format!("random, {share} of the rows held out")
        }
    }
}

/// Whether there are benign rows as well as attacks: metrics need both.
pub(crate) fn two_kinds(labels: &Labels) -> bool {
    let attacks = labels.codes().iter().filter(|&&code| code != 0).count();
    attacks > 0 && attacks < labels.len()
}

/// What was measured, for a model's provenance.
pub(crate) fn records(parts: &Parts) -> Vec<MetricRecord> {
    let named: [(&str, &Option<PartMetrics>); 3] =
        [("train", &parts.train), ("validation", &parts.validation), ("test", &parts.test)];
    named
        .into_iter()
        .filter_map(|(part, metrics)| Some((part, metrics.as_ref()?)))
        .flat_map(|(part, metrics)| {
            metrics
                .metrics
                .0
                .iter()
                // A time would make the same training give other bytes.
                .filter(|metric| metric.id != "detection_time_ms")
                .filter_map(move |metric| {
                    Some(MetricRecord {
                        part: part.to_owned(),
                        name: metric.id.to_owned(),
                        value: metric.value?,
                    })
                })
        })
        .collect()
}
