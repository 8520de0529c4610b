//! Fitting a forest of classification trees to a frame.

use tripline_core::{Card, FitContext, FitError, Frame, Task};

use super::binned::Binned;
use super::binning::Fineness;
use super::class_forest::{ClassForestPlan, DrawnRows};
use super::forest_params::MaxFeatures;
use super::model::{Reading, TreeModel};
use super::weights::RowWeights;

/// All that a forest is fitted by.
pub(super) struct ForestRecipe {
    pub(super) plan: ClassForestPlan,
    pub(super) max_features: MaxFeatures,
    pub(super) fineness: Fineness,
    pub(super) balanced: bool,
}

/// Fits a forest, which becomes the model of a card.
pub(super) fn fit(
    card: &'static Card,
    recipe: &ForestRecipe,
    frame: &Frame,
    context: &FitContext<'_>,
) -> Result<TreeModel, FitError> {
    let rows = frame.rows()?;
    if rows.width() == 0 {
        return Err(FitError::NoColumns);
    }
    if rows.len() < 2 {
        return Err(FitError::TooFewRows { needed: 2, got: rows.len() });
    }
    let weights = RowWeights::new(context, rows.len(), recipe.balanced)?;
    let binned = Binned::new(rows, &weights.facts(), recipe.fineness, true);
    let mut plan = recipe.plan.clone();
    plan.tree.max_features = recipe.max_features.of(binned.columns.len());
    let drawn = DrawnRows { binned: &binned, weight: &weights.weight, class: &weights.class };
    let multiclass = context.task == Task::Multiclass;
    let fitted = plan.fit(&drawn, rows.width(), weights.names.len(), multiclass, context)?;
    let classes = if multiclass { weights.names } else { Vec::new() };
    let schema = rows.schema().as_ref().clone();
    let mut model = TreeModel::new(card, schema, fitted.forest, Reading::Probability, classes);
    model.out_of_bag = fitted.out_of_bag;
    Ok(model)
}
