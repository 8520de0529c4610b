//! What the SGD classifier has learnt, with what it needs to go on.

use rayon::prelude::*;
use tripline_core::{
    Card, Classes, Detector, Explain, FitContext, FitError, Frame, Importance, Link, LoadError,
    Online, Params, Register, Rng, Schema, ScoreError, State, StateError, Task,
};

use super::descent::{Descent, Lesson, Line, Stop};
use super::head::Head;
use super::model::LinearModel;
use super::sgd::CARD;
use super::sgd_params::{PARAMS, descent};
use super::targets::coded;
use crate::prequential::{one_by_one, unscored};
use crate::table::{Table, finite};

/// A linear model with what it needs to go on learning.
pub(super) struct SgdModel {
    pub(super) model: LinearModel,
    pub(super) params: Params,
    pub(super) descent: Descent,
    /// One for each output.
    pub(super) lines: Vec<Line>,
    /// Weight of each class.
    pub(super) class_weights: Vec<f64>,
}

/// What the outputs are to learn.
pub(super) struct Course<'a> {
    /// n × d.
    pub(super) matrix: &'a [f64],
    pub(super) codes: &'a [u32],
    pub(super) weights: &'a [f64],
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
pub(super) fn teach(
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

impl SgdModel {
    /// Makes what was learnt the weights that score.
    pub(super) fn publish(&mut self) {
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

pub(super) fn load(state: &State, _: &Register) -> Result<Box<dyn Detector>, LoadError> {
    let model = LinearModel::load(&CARD, state)?;
    let params = Params::load(PARAMS, state.state("params")?)?;
    let descent = descent(&params)
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
