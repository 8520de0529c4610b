//! Linear classification by stochastic gradient descent, which goes on learning from further rows.

use rayon::prelude::*;
use tripline_core::{
    Abilities, Card, Classes, Detector, Estimator, Explain, Family, FitContext, FitError, Frame,
    Importance, Input, Link, LoadError, MissingPolicy, Online, ParamError, ParamSpec, ParamValue,
    Params, Range, Register, Rng, Schema, ScoreError, Shape, State, StateError, Supervision, Task,
};

use super::descent::{Descent, Lesson, Line, Schedule, Stop};
use super::head::Head;
use super::loss::Loss;
use super::model::LinearModel;
use super::targets::{CLASS_WEIGHT, FIT_INTERCEPT, Targets, coded};
use crate::prequential::{one_by_one, unscored};
use crate::table::{Table, finite, numeric_schema};

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

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "loss",
        doc: "`log_loss` is logistic regression, `hinge` a support vector machine, \
              `modified_huber` a smooth one that outliers move little.",
        default: ParamValue::Static("log_loss"),
        range: Range::Choice(Loss::NAMES),
        search: Some(Range::Choice(Loss::NAMES)),
    },
    ParamSpec {
        name: "penalty",
        doc: "What holds weights back: squares, absolute values (which make many of them 0), both.",
        default: ParamValue::Static("l2"),
        range: Range::Choice(&["l2", "l1", "elasticnet", "none"]),
        search: Some(Range::Choice(&["l2", "l1", "elasticnet"])),
    },
    ParamSpec {
        name: "alpha",
        doc: "Strength of the penalty; the `optimal` schedule takes its steps from it too.",
        default: ParamValue::Float(1e-4),
        range: Range::Float { min: 1e-12, max: 1e6, log: true },
        search: Some(Range::Float { min: 1e-7, max: 1e-1, log: true }),
    },
    ParamSpec {
        name: "l1_ratio",
        doc: "Share of absolute values in the `elasticnet` penalty.",
        default: ParamValue::Float(0.15),
        range: Range::Float { min: 0.0, max: 1.0, log: false },
        search: Some(Range::Float { min: 0.0, max: 1.0, log: false }),
    },
    ParamSpec {
        name: "learning_rate",
        doc: "How steps shorten: not at all, as 1/(alpha (t₀ + t)), as eta0/t^power_t, or by 5 \
              whenever the loss no longer falls.",
        default: ParamValue::Static("optimal"),
        range: Range::Choice(&["constant", "optimal", "invscaling", "adaptive"]),
        search: None,
    },
    ParamSpec {
        name: "eta0",
        doc: "First step of every schedule but `optimal`.",
        default: ParamValue::Float(0.01),
        range: Range::Float { min: 1e-12, max: 1e6, log: true },
        search: Some(Range::Float { min: 1e-4, max: 1.0, log: true }),
    },
    ParamSpec {
        name: "power_t",
        doc: "Exponent of `invscaling`.",
        default: ParamValue::Float(0.5),
        range: Range::Float { min: 0.0, max: 10.0, log: false },
        search: None,
    },
    ParamSpec {
        name: "average",
        doc: "Use the mean of the weights over all steps, which is steadier than the last ones.",
        default: ParamValue::Bool(true),
        range: Range::Bool,
        search: Some(Range::Bool),
    },
    ParamSpec {
        name: "shuffle",
        doc: "Put the rows into another order in each epoch.",
        default: ParamValue::Bool(true),
        range: Range::Bool,
        search: None,
    },
    ParamSpec {
        name: "max_iter",
        doc: "Most epochs.",
        default: ParamValue::Int(1000),
        range: Range::Int { min: 1, max: 1_000_000, log: true },
        search: None,
    },
    ParamSpec {
        name: "tol",
        doc: "Least fall of the mean loss that counts as a gain; 0 or less runs on as long as \
              there is any, −1 to `max_iter`.",
        default: ParamValue::Float(1e-3),
        range: Range::Float { min: -1.0, max: 1e6, log: false },
        search: None,
    },
    ParamSpec {
        name: "n_iter_no_change",
        doc: "Epochs without gain before the end.",
        default: ParamValue::Int(5),
        range: Range::Int { min: 1, max: 1_000_000, log: true },
        search: None,
    },
    ParamSpec {
        name: "early_stopping",
        doc: "Watch the loss of the validation part where there is one, keep the best epoch.",
        default: ParamValue::Bool(true),
        range: Range::Bool,
        search: None,
    },
    FIT_INTERCEPT,
    CLASS_WEIGHT,
];

struct Sgd {
    params: Params,
    descent: Descent,
}

impl Sgd {
    fn new(params: &Params) -> Result<Self, ParamError> {
        let schedule = match params.text("learning_rate") {
            "constant" => Schedule::Constant,
            "invscaling" => Schedule::InverseScaling,
            "adaptive" => Schedule::Adaptive,
            _ => Schedule::Optimal,
        };
        let l1_ratio = match params.text("penalty") {
            "none" => None,
            "l1" => Some(1.0),
            "elasticnet" => Some(params.float("l1_ratio")),
            _ => Some(0.0),
        };
        let tol = Some(params.float("tol")).filter(|&tol| tol > -1.0);
        if schedule == Schedule::Adaptive && tol.is_none() {
            let reason = "`adaptive` shortens its steps by `tol`, which -1 switches off".to_owned();
            return Err(ParamError::Conflict { name: "learning_rate".to_owned(), reason });
        }
        let descent = Descent {
            loss: Loss::from_name(params.text("loss")),
            alpha: params.float("alpha"),
            l1_ratio,
            schedule,
            eta0: params.float("eta0"),
            power_t: params.float("power_t"),
            average: params.bool("average"),
            intercept: params.bool("fit_intercept"),
            shuffle: params.bool("shuffle"),
            max_iter: params.count("max_iter"),
            tol,
            patience: params.count("n_iter_no_change"),
        };
        Ok(Self { params: params.clone(), descent })
    }
}

/// A linear model with what it needs to go on learning.
struct SgdModel {
    model: LinearModel,
    params: Params,
    descent: Descent,
    /// One for each output.
    lines: Vec<Line>,
    /// Weight of each class.
    class_weights: Vec<f64>,
}

/// What the outputs are to learn.
struct Course<'a> {
    /// n × d.
    matrix: &'a [f64],
    codes: &'a [u32],
    weights: &'a [f64],
}

impl Course<'_> {
    /// What one output learns: its own class from all others, rows weighed.
    fn signs_with_weights(
        &self,
        output: usize,
        outputs: usize,
        class_weights: &[f64],
    ) -> (Vec<f64>, Vec<f64>) {
        // A single output tells the second class from the first.
        let own = if outputs == 1 { 1 } else { output };
        let rest = if outputs == 1 { class_weights[0] } else { 1.0 };
        self.codes
            .iter()
            .zip(self.weights)
            .map(|(&code, weight)| {
                if code as usize == own {
                    (1.0, weight * class_weights[own])
                } else {
                    (-1.0, weight * rest)
                }
            })
            .unzip()
    }
}

/// Each output learns from the course by itself, in parallel.
fn teach(
    descent: &Descent,
    course: &Course<'_>,
    validation: Option<&Course<'_>>,
    lines: Vec<Line>,
    class_weights: &[f64],
    context: &FitContext<'_>,
) -> Result<Vec<Line>, FitError> {
    let outputs = lines.len();
    let total = (outputs * descent.max_iter) as u64;
    let taught: Result<Vec<Line>, Stop> = lines
        .into_par_iter()
        .enumerate()
        .map(|(output, line)| {
            let (signs, weights) = course.signs_with_weights(output, outputs, class_weights);
            let lesson = Lesson { matrix: course.matrix, signs: &signs, weights: &weights };
            let held = validation
                .map(|part| (part, part.signs_with_weights(output, outputs, class_weights)));
            let held = held.as_ref().map(|(part, (signs, weights))| Lesson {
                matrix: part.matrix,
                signs,
                weights,
            });
            let mut rng = Rng::for_part(context.seed ^ line.steps, output as u64);
            let go_on = |epoch: usize| {
                let done = (output * descent.max_iter + epoch) as u64;
                context.progress.step("fitting", done, total);
                context.progress.go_on()
            };
            descent.run(&lesson, held.as_ref(), line, &mut rng, &go_on)
        })
        .collect();
    taught.map_err(|stop| match stop {
        Stop::Cancelled => FitError::Cancelled,
        Stop::Diverged(epoch) => FitError::Diverged {
            reason: format!("weights are no numbers after epoch {epoch}; scale the columns"),
        },
    })
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

impl SgdModel {
    /// Makes what was learnt the weights that score.
    fn publish(&mut self) {
        self.model.weights.clear();
        self.model.intercepts.clear();
        for line in &self.lines {
            let (weights, intercept) = line.used(self.descent.average);
            self.model.weights.extend_from_slice(weights);
            self.model.intercepts.push(intercept);
        }
    }
}

impl Online for SgdModel {
    /// Goes over the rows once, from where the last step ended; class weights stay those of
    /// fitting, the schedule goes on. Explanations keep the means of the rows fitted.
    fn partial_fit(&mut self, frame: &Frame, context: &FitContext<'_>) -> Result<(), FitError> {
        let rows = frame.rows()?;
        let labels = context.labels.ok_or(FitError::NoLabels)?;
        if labels.len() != rows.len() {
            let (what, got) = ("labels", labels.len());
            return Err(FitError::Length { what, expected: rows.len(), got });
        }
        context.check_weights(rows.len())?;
        if rows.is_empty() {
            return Ok(());
        }
        let table = Table::new::<FitError>(&self.model.schema, rows)?;
        let codes = if self.model.head == Head::Single {
            coded(labels, Task::Binary).1
        } else {
            labels.recoded(&self.model.classes)?.codes().to_vec()
        };
        let weights = context.weights.map_or_else(|| vec![1.0; rows.len()], <[f64]>::to_vec);
        let matrix = table.by_row();
        let course = Course { matrix: &matrix, codes: &codes, weights: &weights };
        let once = Descent { max_iter: 1, tol: None, ..self.descent.clone() };
        // Rows that throw the weights off leave the model as it was.
        self.lines = teach(&once, &course, None, self.lines.clone(), &self.class_weights, context)?;
        self.publish();
        Ok(())
    }

    fn test_then_train(
        &mut self,
        frame: &Frame,
        context: &FitContext<'_>,
    ) -> Result<Vec<f64>, FitError> {
        // What can be wrong with a row is found before any is learnt; divergence is undone.
        self.score(frame).map_err(unscored)?;
        let before = self.lines.clone();
        let scores = one_by_one(self, frame, context);
        if scores.is_err() {
            self.lines = before;
            self.publish();
        }
        scores
    }
}

impl Detector for SgdModel {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn schema(&self) -> &Schema {
        self.model.schema()
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        self.model.score(frame)
    }

    fn link(&self) -> Link {
        self.model.link()
    }

    fn save(&self) -> State {
        let mut state = self.model.save();
        state.put_state("params", self.params.save());
        state.put_f64s("class_weights", self.class_weights.clone());
        let lines = self.lines.iter().map(|line| {
            let mut entry = State::new();
            entry.put_f64s("weights", line.weights.clone());
            entry.put_f64("intercept", line.intercept);
            entry.put_f64s("average_weights", line.average_weights.clone());
            entry.put_f64("average_intercept", line.average_intercept);
            entry.put_i64("steps", i64::try_from(line.steps).unwrap_or(i64::MAX));
            entry
        });
        state.put_states("lines", lines.collect());
        state
    }

    fn classes(&self) -> Option<&dyn Classes> {
        self.model.classes()
    }

    fn explain(&self) -> Option<&dyn Explain> {
        self.model.explain()
    }

    fn importance(&self) -> Option<&dyn Importance> {
        Detector::importance(&self.model)
    }

    fn online(&mut self) -> Option<&mut dyn Online> {
        Some(self)
    }
}

fn load(state: &State, _: &Register) -> Result<Box<dyn Detector>, LoadError> {
    let model = LinearModel::load(&CARD, state)?;
    let params = Params::load(PARAMS, state.state("params")?)?;
    let Sgd { params, descent } = Sgd::new(&params)
        .map_err(|_| StateError::invalid("params", "parameters that go together"))?;
    let class_weights = finite(state, "class_weights", model.classes.len())?;
    let entries = state.states("lines")?;
    if entries.len() != model.outputs() {
        return Err(StateError::invalid("lines", "one entry for each output").into());
    }
    let width = model.schema.len();
    let mut lines = Vec::with_capacity(entries.len());
    for entry in entries {
        let number = |name: &str| -> Result<f64, StateError> {
            let value = entry.f64(name)?;
            if value.is_finite() { Ok(value) } else { Err(StateError::invalid(name, "finite")) }
        };
        lines.push(Line {
            weights: finite(entry, "weights", width)?,
            intercept: number("intercept")?,
            average_weights: finite(entry, "average_weights", width)?,
            average_intercept: number("average_intercept")?,
            steps: entry.count("steps")? as u64,
        });
    }
    Ok(Box::new(SgdModel { model, params, descent, lines, class_weights }))
}
