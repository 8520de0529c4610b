//! Logistic regression, of two classes or many, fitted to its optimum.

use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input, Link,
    LoadError, MissingPolicy, ParamError, ParamSpec, ParamValue, Params, Range, Register, Shape,
    State, Supervision, Task,
};

use super::head::Head;
use super::lbfgs::{Limits, minimise};
use super::model::LinearModel;
use super::softmax_loss::SoftmaxLoss;
use super::targets::{CLASS_WEIGHT, FIT_INTERCEPT, Targets};
use crate::table::{Table, numeric_schema};

/// The card of logistic regression.
pub static CARD: Card = Card {
    id: "logistic_regression",
    name: "Logistic regression",
    family: Family::Linear,
    summary: "Log-odds as a weighted sum of the columns, at the optimum of a convex problem.",
    source: "Hastie, Tibshirani & Friedman 2009, section 4.4; Liu & Nocedal 1989",
    cost: "fit O(n · d · classes) a step, some tens of steps, memory O(d · classes) beside the \
           frame; score O(d · classes) a row",
    shape: Shape::Rows,
    input: Input::Scaled,
    supervision: Supervision::Supervised,
    missing: MissingPolicy::Reject,
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
    build: |params, _| build(params),
    load: |state, register| load(state, register),
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "C",
        doc: "Inverse strength of the penalty, relative to the sum of losses over rows.",
        default: ParamValue::Float(1.0),
        range: Range::Float { min: 1e-12, max: 1e12, log: true },
        search: Some(Range::Float { min: 1e-3, max: 1e3, log: true }),
    },
    ParamSpec {
        name: "penalty",
        doc: "`l2` holds back the sum of squared weights; `none` holds back nothing.",
        default: ParamValue::Static("l2"),
        range: Range::Choice(&["l2", "none"]),
        search: None,
    },
    ParamSpec {
        name: "tol",
        doc: "Largest component of the gradient of the mean loss at the end.",
        default: ParamValue::Float(1e-4),
        range: Range::Float { min: 1e-14, max: 1.0, log: true },
        search: None,
    },
    ParamSpec {
        name: "max_iter",
        doc: "Most steps; what is reached by then is taken.",
        default: ParamValue::Int(500),
        range: Range::Int { min: 1, max: 1_000_000, log: true },
        search: None,
    },
    FIT_INTERCEPT,
    CLASS_WEIGHT,
];

struct LogisticRegression {
    /// 1/C, or 0 without a penalty.
    strength: f64,
    limits: Limits,
    intercept: bool,
    balanced: bool,
}

fn build(params: &Params) -> Result<Box<dyn Estimator>, ParamError> {
    let penalised = params.text("penalty") == "l2";
    Ok(Box::new(LogisticRegression {
        strength: if penalised { 1.0 / params.float("C") } else { 0.0 },
        limits: Limits { max_iter: params.count("max_iter"), tol: params.float("tol") },
        intercept: params.bool("fit_intercept"),
        balanced: params.text("class_weight") == "balanced",
    }))
}

fn load(state: &State, _: &Register) -> Result<Box<dyn Detector>, LoadError> {
    Ok(Box::new(LinearModel::load(&CARD, state)?))
}

impl Estimator for LogisticRegression {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let rows = frame.rows()?;
        let schema = numeric_schema(rows)?;
        let targets = Targets::new(context, rows.len(), self.balanced)?;
        let table = Table::new::<FitError>(&schema, rows)?;
        let (means, deviations) = table.moments(&schema, &targets.weights, targets.total)?;
        let loss = SoftmaxLoss::new(&table, &targets, self.strength, self.intercept);
        let steps = self.limits.max_iter;
        let go_on = |step: usize| {
            context.progress.step("fitting", step as u64, steps as u64);
            context.progress.go_on()
        };
        let evaluate = |x: &[f64], gradient: &mut [f64]| loss.evaluate(x, gradient);
        let minimum = minimise(vec![0.0; loss.len()], evaluate, go_on, &self.limits)
            .ok_or(FitError::Cancelled)?;
        context.progress.step("fitting", steps as u64, steps as u64);
        if !minimum.value.is_finite() || minimum.x.iter().any(|weight| !weight.is_finite()) {
            let reason = "the loss is no number; scale the columns".to_owned();
            return Err(FitError::Diverged { reason });
        }
        let width = schema.len();
        let mut weights = Vec::with_capacity(loss.outputs() * width);
        let mut intercepts = Vec::with_capacity(loss.outputs());
        for line in minimum.x.chunks_exact(width + 1) {
            weights.extend_from_slice(&line[..width]);
            intercepts.push(line[width]);
        }
        let (head, weights, intercepts) = match (context.task, loss.outputs()) {
            (Task::Binary, _) => (Head::Single, weights, intercepts),
            // Two classes told apart as classes: the benign output is the reference, 0.
            (Task::Multiclass, 1) => (
                Head::Softmax,
                [vec![0.0; width], weights].concat(),
                [vec![0.0], intercepts].concat(),
            ),
            (Task::Multiclass, _) => (Head::Softmax, weights, intercepts),
        };
        Ok(Box::new(LinearModel {
            card: &CARD,
            schema,
            classes: targets.classes.clone(),
            head,
            link: Link::Logit,
            weights,
            intercepts,
            means,
            deviations,
        }))
    }
}
