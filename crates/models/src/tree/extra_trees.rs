//! Extra trees: trees on all rows, with thresholds drawn at random.
//!
//! Source: Geurts, Ernst & Wehenkel 2006; parameters have scikit-learn's names with their meaning.
//! A node draws one threshold for each of a few columns, uniform between the least and the largest
//! value there, taking the best of these splits; of the categories that came there each goes left
//! or right with equal chance; missing values take the side that gains. Time O(trees · rows ·
//! √columns · depth), memory O(rows · columns) bytes beside the trees.

use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input, LoadError,
    MissingPolicy, ParamError, ParamSpec, ParamValue, Params, Range, Register, Shape, State,
    Supervision,
};

use super::binning::Fineness;
use super::class_forest::ClassForestPlan;
use super::forest_fit::{ForestRecipe, fit};
use super::forest_params::{self as shared, MaxFeatures};
use super::model::TreeModel;

/// Values of a column that are told apart: as many as two bytes hold beside the missing one.
const MAX_VALUES: usize = 65_534;

/// Extra trees.
pub const CARD: Card = Card {
    id: "extra_trees",
    name: "Extra trees",
    family: Family::Trees,
    summary: "Deep trees with thresholds drawn at random, averaged.",
    source: "Geurts, Ernst & Wehenkel 2006",
    cost: "fit O(trees · rows · √columns · depth), score O(trees · depth) a row; memory O(trees · \
           rows)",
    shape: Shape::Rows,
    input: Input::Mixed,
    supervision: Supervision::Supervised,
    missing: MissingPolicy::Native,
    abilities: Abilities {
        multiclass: true,
        weights: true,
        explain: true,
        importance: true,
        online: false,
        outliers: false,
        early_stopping: false,
    },
    params: PARAMS,
    exemptions: &[],
    build: |params, _| Ok(Box::new(ExtraTrees::new(params)?)),
    load,
};

const PARAMS: &[ParamSpec] = &[
    shared::N_ESTIMATORS,
    shared::CRITERION,
    shared::MAX_FEATURES,
    shared::MAX_DEPTH,
    shared::MIN_SAMPLES_SPLIT,
    shared::MIN_SAMPLES_LEAF,
    ParamSpec {
        name: "bootstrap",
        doc: shared::BOOTSTRAP_DOC,
        default: ParamValue::Bool(false),
        range: Range::Bool,
        search: None,
    },
    shared::MAX_SAMPLES,
    shared::OOB_SCORE,
    shared::CLASS_WEIGHT,
];

struct ExtraTrees {
    recipe: ForestRecipe,
}

impl ExtraTrees {
    fn new(params: &Params) -> Result<Self, ParamError> {
        let bootstrap = params.bool("bootstrap");
        let oob_score = params.bool("oob_score");
        if oob_score && !bootstrap {
            let reason = "needs `bootstrap`: without it every tree sees every row".to_owned();
            return Err(ParamError::Conflict { name: "oob_score".to_owned(), reason });
        }
        Ok(Self {
            recipe: ForestRecipe {
                plan: ClassForestPlan {
                    n_estimators: params.count("n_estimators"),
                    tree: shared::tree_plan(params, true),
                    bootstrap: bootstrap.then(|| params.float("max_samples")),
                    oob_score,
                },
                max_features: MaxFeatures::parse(params.text("max_features"))?,
                fineness: Fineness { max_bin: MAX_VALUES, min_rows: 1 },
                balanced: params.text("class_weight") == "balanced",
            },
        })
    }
}

impl Estimator for ExtraTrees {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        Ok(Box::new(fit(&CARD, &self.recipe, frame, context)?))
    }
}

fn load(state: &State, _register: &Register) -> Result<Box<dyn Detector>, LoadError> {
    Ok(Box::new(TreeModel::load(&CARD, state)?))
}
