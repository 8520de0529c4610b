//! Random forest: trees on rows drawn with replacement, each node looking at a few columns.
//!
//! Source: Breiman 2001; parameters have scikit-learn's names with their meaning. Trees grow to pure
//! leaves by default; the score is the mean over trees of the attacks' share in the leaf. Columns
//! have at most 255 bins; categories are ordered by their share of one class, of which two classes
//! need no more (Breiman et al. 1984, theorem 4.5); missing values take the side that gains. Time
//! O(trees · rows · √columns · depth), memory O(rows · columns) bytes beside the trees.

use tripline_core::{
    Abilities, Card, Detector, Estimator, Exemption, Family, FitContext, FitError, Frame, Input,
    LoadError, MissingPolicy, ParamError, ParamSpec, ParamValue, Params, Promise, Range, Register,
    Shape, State, Supervision,
};

use super::binning::Fineness;
use super::class_forest::ClassForestPlan;
use super::forest_fit::{ForestRecipe, fit};
use super::forest_params::{self as shared, MaxFeatures};
use super::model::TreeModel;

/// Random forest.
pub const CARD: Card = Card {
    id: "random_forest",
    name: "Random forest",
    family: Family::Trees,
    summary: "Deep trees on rows drawn anew, averaged.",
    source: "Breiman 2001",
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
    exemptions: &[Exemption {
        promise: Promise::WeightsRepeatRows,
        reason: "each tree draws rows at random, so a row twice is drawn otherwise than one row of \
                 weight 2; the means agree",
    }],
    build: |params, _| Ok(Box::new(RandomForest::new(params)?)),
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
        default: ParamValue::Bool(true),
        range: Range::Bool,
        search: None,
    },
    shared::MAX_SAMPLES,
    shared::OOB_SCORE,
    shared::CLASS_WEIGHT,
    ParamSpec {
        name: "max_bin",
        doc: "Most bins of a column.",
        default: ParamValue::Int(255),
        range: Range::Int { min: 2, max: 255, log: true },
        search: None,
    },
];

struct RandomForest {
    recipe: ForestRecipe,
}

impl RandomForest {
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
                    tree: shared::tree_plan(params, false),
                    bootstrap: bootstrap.then(|| params.float("max_samples")),
                    oob_score,
                },
                max_features: MaxFeatures::parse(params.text("max_features"))?,
                fineness: Fineness { max_bin: params.count("max_bin"), min_rows: 1 },
                balanced: params.text("class_weight") == "balanced",
            },
        })
    }
}

impl Estimator for RandomForest {
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
