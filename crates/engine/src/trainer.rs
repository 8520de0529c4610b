//! The engine's models as `assess` judges them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tripline_assess::evaluate::{Scored, Scores, Trained, Trainer, TrainerError};
use tripline_assess::metrics::ClassProbabilities;
use tripline_core::{Dataset, Progress};
use tripline_features::PrepareReport;

use crate::error::EngineError;
use crate::fit::{FittedModel, Plan};
use crate::model::{Model, Verdicts};

/// Trains by a plan, keeps the last model trained.
#[derive(Debug)]
pub(crate) struct PlanTrainer<'a> {
    plan: &'a Plan,
    last: Mutex<Option<Arc<FittedModel>>>,
}

impl<'a> PlanTrainer<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        Self { plan, last: Mutex::new(None) }
    }

    /// The model trained last, unless somebody still holds it.
    pub(crate) fn into_last(self) -> Option<FittedModel> {
        let last = self.last.into_inner().unwrap_or_else(PoisonError::into_inner)?;
        Arc::try_unwrap(last).ok()
    }
}

impl Trainer for PlanTrainer<'_> {
    fn id(&self) -> &str {
        self.plan.card().id
    }

    fn train(
        &self,
        train: &Dataset,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Trained>, TrainerError> {
        let fitted = Arc::new(self.plan.fit(train, seed, progress).map_err(TrainerError::new)?);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(fitted.clone());
        Ok(Box::new(PlanTrained(fitted)))
    }
}

struct PlanTrained(Arc<FittedModel>);

impl Trained for PlanTrained {
    fn score(&self, data: &Dataset) -> Result<Scores, TrainerError> {
        Ok(scores(&self.0.model, data).map_err(TrainerError::new)?.0)
    }

    fn threshold(&self) -> f64 {
        self.0.model.decision().threshold
    }

    fn validation(&self) -> Option<&Scored> {
        Some(&self.0.validation)
    }

    fn fit_seconds(&self) -> f64 {
        self.0.seconds
    }

    fn importance(&self) -> Option<Vec<(String, f64)>> {
        self.0.model.importance()
    }
}

/// Scores with the time that they took, beside what preparing had to handle.
pub(crate) fn scores(
    model: &Model,
    data: &Dataset,
) -> Result<(Scores, PrepareReport), EngineError> {
    let start = Instant::now();
    let verdicts = model.score(&data.rows)?;
    let seconds = start.elapsed().as_secs_f64();
    let classes = match model.classes() {
        Some(names) => model
            .class_probabilities(&data.rows)?
            .map(|values| ClassProbabilities { names: names.to_vec(), values }),
        None => None,
    };
    let Verdicts { raw, probability, report, .. } = verdicts;
    Ok((Scores { raw, probability, seconds, classes }, report))
}
