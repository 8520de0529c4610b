//! Linear classification by stochastic gradient descent, which goes on learning from further rows.

use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input,
    MissingPolicy, ParamError, Params, Schema, Shape, Supervision, Task,
};

use super::descent::{Descent, Line};
use super::head::Head;
use super::loss::Loss;
use super::model::LinearModel;
use super::sgd_model::{Course, SgdModel, load, teach};
use super::sgd_params::{PARAMS, descent};
use super::targets::{Targets, coded};
use crate::table::{Table, numeric_schema};

/// The card of the SGD classifier.
pub static CARD: Card = Card {
    id: "sgd",
    name: "SGD classifier",
    family: Family::Linear,
    summary: "A linear model fitted one row at a time: logistic regression or a support vector \
              machine.",
    source: "Bottou 2012, Stochastic gradient descent tricks; Xu 2011, arXiv:1107.2490; \
             Tsuruoka, Tsujii & Ananiadou 2009",
    cost: "fit O(n · d · classes) an epoch, memory O(n · d); score O(d · classes) a row",
    shape: Shape::Rows,
    input: Input::Scaled,
    supervision: Supervision::Supervised,
    missing: MissingPolicy::Reject,
    abilities: Abilities {
        multiclass: true,
        weights: true,
        explain: true,
        importance: true,
        online: true,
        outliers: false,
        early_stopping: true,
    },
    params: PARAMS,
    exemptions: &[],
    build: |params, _| Ok(Box::new(Sgd::new(params)?)),
    load: |state, register| load(state, register),
};

struct Sgd {
    params: Params,
    descent: Descent,
}

impl Sgd {
    fn new(params: &Params) -> Result<Self, ParamError> {
        Ok(Self { params: params.clone(), descent: descent(params)? })
    }
}

impl Estimator for Sgd {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let rows = frame.rows()?;
        let schema = numeric_schema(rows)?;
        let balanced = self.params.text("class_weight") == "balanced";
        let targets = Targets::new(context, rows.len(), balanced)?;
        let table = Table::new::<FitError>(&schema, rows)?;
        let (means, deviations) = table.moments(&schema, &targets.weights, targets.total)?;
        let matrix = table.by_row();
        let course = Course { matrix: &matrix, codes: &targets.codes, weights: &targets.weights };
        let (head, outputs) = match context.task {
            Task::Binary => (Head::Single, 1),
            Task::Multiclass if self.descent.loss == Loss::Log => {
                (Head::OneVsRest, targets.classes.len())
            }
            // These outputs are no log-odds; their softmax has an order, and sums to 1.
            Task::Multiclass => (Head::Softmax, targets.classes.len()),
        };
        let held = self.validation(context, &schema, &targets)?;
        let held = held.as_ref().map(|(matrix, codes, weights)| Course { matrix, codes, weights });
        let lines = teach(
            &self.descent,
            &course,
            held.as_ref(),
            vec![Line::new(schema.len()); outputs],
            &targets.class_weights,
            context,
        )?;
        let steps = (outputs * self.descent.max_iter) as u64;
        context.progress.step("fitting", steps, steps);
        let model = LinearModel {
            card: &CARD,
            schema,
            classes: targets.classes.clone(),
            head,
            link: self.descent.loss.link(),
            weights: Vec::new(),
            intercepts: Vec::new(),
            means,
            deviations,
        };
        let class_weights = targets.class_weights;
        let (params, descent) = (self.params.clone(), self.descent.clone());
        let mut fitted = SgdModel { model, params, descent, lines, class_weights };
        fitted.publish();
        Ok(Box::new(fitted))
    }
}

/// Matrix by row, codes, weights of a validation part.
type Held = (Vec<f64>, Vec<u32>, Vec<f64>);

impl Sgd {
    /// The validation part, if there is one with rows that is to be watched.
    fn validation(
        &self,
        context: &FitContext<'_>,
        schema: &Schema,
        targets: &Targets,
    ) -> Result<Option<Held>, FitError> {
        let Some(part) = context.validation.filter(|_| self.params.bool("early_stopping")) else {
            return Ok(None);
        };
        let rows = part.frame.rows()?;
        let table = Table::new::<FitError>(schema, rows)?;
        let expected = rows.len();
        if part.labels.len() != expected {
            let (what, got) = ("validation labels", part.labels.len());
            return Err(FitError::Length { what, expected, got });
        }
        let weights = part.weights.map_or_else(|| vec![1.0; expected], <[f64]>::to_vec);
        if weights.len() != expected {
            let (what, got) = ("validation weights", weights.len());
            return Err(FitError::Length { what, expected, got });
        }
        if weights.iter().any(|weight| !(weight.is_finite() && *weight >= 0.0)) {
            return Err(FitError::Weights);
        }
        if weights.iter().all(|&weight| weight == 0.0) {
            return Ok(None);
        }
        let codes = match context.task {
            Task::Binary => coded(part.labels, Task::Binary).1,
            Task::Multiclass => part.labels.recoded(&targets.classes)?.codes().to_vec(),
        };
        Ok(Some((table.by_row(), codes, weights)))
    }
}
