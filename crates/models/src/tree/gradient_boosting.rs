//! Gradient boosting of histogram trees.
//!
//! Source: Friedman 2001 (boosting), Chen & Guestrin 2016 (second order), Ke et al. 2017 (leaf-wise
//! growth over histograms, native categories). Parameters have LightGBM's names with their meaning.
//! Each tree splits the leaf of most gain; a missing value takes the side that gains; a category
//! column is split into two sets. Equal rows are merged when all rows are used, which changes no
//! sum. Time O(trees · distinct rows · columns · depth), memory O(rows · columns) bytes with
//! O(leaves · columns · bins) for histograms.

use tripline_core::{
    Abilities, Card, Detector, Estimator, Exemption, Family, FitContext, FitError, Frame, Input,
    Labels, LoadError, MissingPolicy, ParamError, Params, Register, Shape, State, Supervision,
    Task, WarmStart,
};

use super::binned::Binned;
use super::binning::Fineness;
use super::boosting::{Boosting, RowSampling};
use super::boosting_params::PARAMS;
use super::grow::TreeShape;
use super::model::{Reading, TreeModel};
use super::monotone;
use super::split::SplitRules;
use super::stopping::HeldOut;
use super::weights::RowWeights;

/// Gradient boosting.
pub const CARD: Card = Card {
    id: "gradient_boosting",
    name: "Gradient boosting",
    family: Family::Trees,
    summary: "Trees grown one after another, each on what the ones before it get wrong.",
    source: "Friedman 2001; Chen & Guestrin 2016; Ke et al. 2017 (LightGBM)",
    cost: "fit O(trees · distinct rows · columns · depth), score O(trees · depth) a row; memory \
           O(rows · columns) bytes",
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
        early_stopping: true,
    },
    params: PARAMS,
    exemptions: EXEMPTIONS,
    build: |params, _| Ok(Box::new(GradientBoosting::new(params)?)),
    load,
};

const EXEMPTIONS: &[Exemption] = &[];

struct GradientBoosting {
    plan: Boosting,
    max_bin: usize,
    balanced: bool,
    directions: Vec<(String, i8)>,
}

impl GradientBoosting {
    fn new(params: &Params) -> Result<Self, ParamError> {
        let count = |name: &str| params.count(name);
        let subsample = params.float("subsample");
        let sampling = if params.text("data_sample_strategy") == "goss" {
            let (top, other) = (params.float("top_rate"), params.float("other_rate"));
            if top + other > 1.0 {
                let reason = "with `top_rate` it must not be above 1".to_owned();
                return Err(ParamError::Conflict { name: "other_rate".to_owned(), reason });
            }
            if subsample < 1.0 {
                let reason = "must be 1 with `goss`, which draws rows itself".to_owned();
                return Err(ParamError::Conflict { name: "subsample".to_owned(), reason });
            }
            RowSampling::Goss { top, other }
        } else if subsample < 1.0 {
            RowSampling::Bagging { share: subsample, every: count("subsample_freq") }
        } else {
            RowSampling::All
        };
        let max_depth = usize::try_from(params.int("max_depth")).unwrap_or(usize::MAX);
        Ok(Self {
            plan: Boosting {
                n_estimators: count("n_estimators"),
                learning_rate: params.float("learning_rate"),
                shape: TreeShape {
                    num_leaves: count("num_leaves"),
                    // LightGBM takes 0 as no limit too.
                    max_depth: if max_depth == 0 { usize::MAX } else { max_depth },
                    colsample_bynode: params.float("colsample_bynode"),
                },
                rules: SplitRules {
                    reg_alpha: params.float("reg_alpha"),
                    reg_lambda: params.float("reg_lambda"),
                    min_split_gain: params.float("min_split_gain"),
                    min_child_samples: count("min_child_samples") as u64,
                    min_child_weight: params.float("min_child_weight"),
                    max_cat_to_onehot: count("max_cat_to_onehot"),
                    max_cat_threshold: count("max_cat_threshold"),
                    min_data_per_group: count("min_data_per_group") as u64,
                    cat_smooth: params.float("cat_smooth"),
                    cat_l2: params.float("cat_l2"),
                    monotone: Vec::new(),
                },
                colsample_bytree: params.float("colsample_bytree"),
                sampling,
                early_stopping_rounds: count("early_stopping_rounds"),
            },
            max_bin: count("max_bin"),
            balanced: params.text("class_weight") == "balanced",
            directions: monotone::parse(params.text(monotone::PARAM))?,
        })
    }

    fn held_out(
        &self,
        frame: &Frame,
        labels: Option<&Labels>,
        context: &FitContext<'_>,
    ) -> Result<Option<HeldOut>, FitError> {
        let (Some(validation), Some(labels)) = (&context.validation, labels) else {
            return Ok(None);
        };
        if self.plan.early_stopping_rounds == 0 {
            return Ok(None);
        }
        let class = match context.task {
            Task::Binary => {
                validation.labels.codes().iter().map(|&code| u32::from(code != 0)).collect()
            }
            Task::Multiclass => validation
                .labels
                .recoded(labels.classes())
                .map_err(|error| FitError::Param {
                    name: "early_stopping_rounds".to_owned(),
                    reason: format!("in the validation part, {error}"),
                })?
                .codes()
                .to_vec(),
        };
        HeldOut::new(validation, frame.rows()?.schema(), class).map(Some)
    }
}

impl Estimator for GradientBoosting {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn warm_start(&self) -> Option<&dyn WarmStart> {
        Some(self)
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let rows = frame.rows()?;
        if rows.width() == 0 {
            return Err(FitError::NoColumns);
        }
        if rows.len() < 2 {
            return Err(FitError::TooFewRows { needed: 2, got: rows.len() });
        }
        let weights = RowWeights::new(context, rows.len(), self.balanced)?;
        let held_out = self.held_out(frame, context.labels, context)?;
        // LightGBM's `min_data_in_bin`.
        let fineness = Fineness { max_bin: self.max_bin, min_rows: 3 };
        let merge = self.plan.sampling == RowSampling::All;
        let binned = Binned::new(rows, &weights.facts(), fineness, merge);
        let mut plan = self.plan.clone();
        plan.rules.monotone = monotone::resolve(&self.directions, rows.schema(), &binned.source)?;
        let multiclass = context.task == Task::Multiclass;
        let classes = weights.names.len();
        let forest = plan.fit(&binned, rows.width(), classes, multiclass, held_out, context)?;
        let schema = rows.schema().as_ref().clone();
        let reading = if multiclass { Reading::Softmax } else { Reading::Logit };
        let classes = if multiclass { weights.names } else { Vec::new() };
        Ok(Box::new(TreeModel::new(&CARD, schema, forest, reading, classes)))
    }
}

impl WarmStart for GradientBoosting {
    /// Further trees on the slopes that the forest's own outputs leave; nothing stops early. Rows
    /// are not merged, since rows of equal codes may have other outputs of the forest before.
    fn fit_from(
        &self,
        fitted: &State,
        frame: &Frame,
        context: &FitContext<'_>,
    ) -> Result<Box<dyn Detector>, FitError> {
        let refused = |reason: &str| FitError::WarmStart { reason: reason.to_owned() };
        let model = TreeModel::load(&CARD, fitted).map_err(|error| refused(&error.to_string()))?;
        let names: Vec<&str> = model.schema.names().collect();
        let rows = frame.rows()?.project(&names)?;
        if rows.schema().as_ref() != &model.schema {
            return Err(refused("columns or categories are not those that it was fitted to"));
        }
        let multiclass = context.task == Task::Multiclass;
        if multiclass == model.classes.is_empty() {
            return Err(refused("it was fitted to another task"));
        }
        let labels = context.labels.ok_or(FitError::NoLabels)?;
        let labels = match multiclass {
            true => labels.recoded(&std::sync::Arc::new(model.classes.clone()))?,
            false => labels.clone(),
        };
        let context = FitContext { labels: Some(&labels), ..*context };
        let weights = RowWeights::new(&context, rows.len(), self.balanced)?;
        let fineness = Fineness { max_bin: self.max_bin, min_rows: 3 };
        let binned = Binned::new(&rows, &weights.facts(), fineness, false);
        let mut plan = self.plan.clone();
        plan.rules.monotone = monotone::resolve(&self.directions, rows.schema(), &binned.source)?;
        let outputs = model.forest.outputs;
        let known =
            model.outputs(&Frame::from(rows)).map_err(|error| refused(&error.to_string()))?;
        let mut margins = vec![0.0; binned.len * outputs];
        for (row, &entry) in binned.entry.iter().enumerate() {
            if entry != u32::MAX {
                let at = entry as usize * outputs;
                margins[at..at + outputs]
                    .copy_from_slice(&known[row * outputs..(row + 1) * outputs]);
            }
        }
        let classes = weights.names.len();
        let forest = plan.fit_from(&model.forest, margins, &binned, classes, &context)?;
        Ok(Box::new(TreeModel::new(&CARD, model.schema, forest, model.reading, model.classes)))
    }
}

fn load(state: &State, _register: &Register) -> Result<Box<dyn Detector>, LoadError> {
    Ok(Box::new(TreeModel::load(&CARD, state)?))
}
