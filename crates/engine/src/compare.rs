//! Compare: several models on the same splits.

use tripline_assess::evaluate::{self, Evaluation};
use tripline_assess::protocol::{Protocol, ProtocolError};
use tripline_core::{Dataset, Progress};

use crate::error::EngineError;
use crate::fit::{FittedModel, Plan};
use crate::judging::{self, Clearance};
use crate::settings::{JudgingSettings, TrainingSettings};
use crate::train::{describe, records};
use crate::trainer::PlanTrainer;
use crate::weights;

/// Several models, judged alike.
#[derive(Debug)]
pub struct Comparison {
    /// What the guard said, with the protocol.
    pub clearance: Clearance,
    /// Figures of each model, in the order asked for.
    pub evaluations: Vec<Evaluation>,
    /// For each evaluation the model of the last split.
    pub models: Vec<FittedModel>,
    /// Models that could not be trained on these data, with the reason.
    pub failures: Vec<(String, EngineError)>,
    /// For each evaluation how its columns were prepared.
    pub recipes: Vec<String>,
}

/// Judges each model of `ids` on the same splits. A model that fails is told, and stops no other;
/// if all fail the first error is given.
pub fn compare(
    ids: &[String],
    train: &Dataset,
    test: Option<&Dataset>,
    settings: &TrainingSettings,
    judging: &JudgingSettings,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Comparison, EngineError> {
    // A wrong name or parameter is told before anything is trained.
    let plans: Vec<Plan> =
        ids.iter().map(|id| Plan::new(id, settings)).collect::<Result<_, _>>()?;
    let features = weights::without(train, settings.weights.as_deref())?;
    let clearance = judging::clear(&features, test, judging)?;
    let options = judging.options(seed);
    let splits = match clearance.protocol {
        Protocol::Official => Vec::new(),
        protocol => protocol.splits(&features, seed)?,
    };
    let mut comparison = Comparison {
        clearance,
        evaluations: Vec::new(),
        models: Vec::new(),
        failures: Vec::new(),
        recipes: Vec::new(),
    };
    for plan in &plans {
        let trainer = PlanTrainer::new(plan);
        let evaluation = match comparison.clearance.protocol {
            Protocol::Official => {
                let test = test.ok_or(ProtocolError::NeedsTestFile)?;
                evaluate::evaluate_official(&trainer, train, test, &options, progress)
            }
            _ => evaluate::evaluate(&trainer, train, &splits, &options, progress),
        };
        match (evaluation, trainer.into_last()) {
            (Ok(evaluation), Some(mut model)) => {
                let Clearance { protocol, guard, overrides } = &comparison.clearance;
                let provenance = &mut model.model.provenance;
                provenance.protocol = describe(protocol);
                provenance.findings = judging::records(guard);
                provenance.accepted_leakage = overrides.iter().map(|o| o.reason.clone()).collect();
                // Means over several splits are no figures of the last split's model.
                if evaluation.splits.len() == 1 {
                    provenance.metrics = records(&evaluation.parts);
                }
                comparison.evaluations.push(evaluation);
                comparison.models.push(model);
                comparison.recipes.push(plan.recipe().to_string());
            }
            (Ok(_), None) => {}
            (Err(error), _) => {
                comparison.failures.push((plan.card().id.to_owned(), error.into()));
            }
        }
    }
    if comparison.evaluations.is_empty() && !comparison.failures.is_empty() {
        return Err(comparison.failures.swap_remove(0).1);
    }
    Ok(comparison)
}
