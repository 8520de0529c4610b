//! A small boosting model as the judge of columns for feature selection.

use tripline_core::{
    ColumnRater, FitContext, FitError, Frame, Labels, Params, Rows, Silent, Supervision, Task,
};

use crate::register::{register, trainable};

/// Rates columns by the gain that a boosting model finds in them; categories that are still
/// native and missing values are no obstacle to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BoostingRater {
    pub(crate) seed: u64,
}

impl ColumnRater for BoostingRater {
    fn rate(&self, rows: &Rows, labels: &Labels) -> Result<Vec<f64>, FitError> {
        let none = |reason: &str| FitError::Param {
            name: "select=model".to_owned(),
            reason: reason.to_owned(),
        };
        let card = trainable()
            .iter()
            .find(|card| card.abilities.importance && card.supervision == Supervision::Supervised)
            .ok_or_else(|| none("no model rates columns"))?;
        let estimator = (card.build)(&Params::defaults(card.params), &register())
            .map_err(|e| none(&e.to_string()))?;
        let context = FitContext {
            labels: Some(labels),
            weights: None,
            validation: None,
            task: Task::Binary,
            seed: self.seed,
            progress: &Silent,
        };
        let detector = estimator.fit(&Frame::from(rows.clone()), &context)?;
        let importance = detector.importance().ok_or_else(|| none("the model rates no columns"))?;
        Ok(importance.importance())
    }
}
