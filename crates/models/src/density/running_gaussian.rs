//! Running Gaussian: rows far from the mean of the rows so far, in their covariance, are
//! suspicious.
//!
//! Source: Welford 1962; Chan, Golub & LeVeque 1983. The score is the squared Mahalanobis distance,
//! with `covariance=diag` the sum of squared z-scores. Old rows may count ever less (`decay`) or
//! only as long as they are among the last `window`. A covariance that is singular has a ridge of
//! 1e-6 of the mean variance of the standardised columns, so a row beside the plane of the others is
//! far away, not infinitely.

use tripline_core::{
    Abilities, Card, Detector, Estimator, Explain, Family, FitContext, FitError, Frame, Input,
    Link, LoadError, MissingPolicy, Online, ParamError, ParamSpec, ParamValue, Params, Range,
    Register, Schema, ScoreError, Shape, State, StateError, Supervision,
};

use super::prologue::columns;
use super::quadratic::Quadratic;
use super::quadratic_model::{Combine, QuadraticModel};
use super::running_moments::RunningMoments;
use super::standard::Standard;
use crate::matrix::Moments;
use crate::table::{Table, load_numeric_schema};

/// Running Gaussian.
pub static CARD: Card = Card {
    id: "running_gaussian",
    name: "Running Gaussian",
    family: Family::Density,
    summary: "Squared Mahalanobis distance from the mean of the rows so far, old ones forgotten.",
    source: "Welford 1962; Chan, Golub & LeVeque 1983",
    cost: "learn O(d²) a row (d³ where each is scored next), score O(d²) a row; memory O(d²) and \
           window · d",
    shape: Shape::Rows,
    input: Input::Numeric,
    supervision: Supervision::Benign,
    missing: MissingPolicy::Reject,
    abilities: Abilities {
        multiclass: false,
        weights: false,
        explain: true,
        importance: false,
        online: true,
        outliers: false,
        early_stopping: false,
    },
    params: PARAMS,
    exemptions: &[],
    build: |params, _| Ok(Box::new(RunningGaussian::new(params)?)),
    load,
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "covariance",
        doc: "`full` or `diag`.",
        default: ParamValue::Static("full"),
        range: Range::Choice(&["full", "diag"]),
        search: Some(Range::Choice(&["full", "diag"])),
    },
    ParamSpec {
        name: "decay",
        doc: "Share of its weight that what was learnt keeps at each further row; 1 forgets nothing.",
        default: ParamValue::Float(1.0),
        range: Range::Float { min: 0.01, max: 1.0, log: false },
        search: Some(Range::Float { min: 0.99, max: 1.0, log: false }),
    },
    ParamSpec {
        name: "window",
        doc: "Rows that count, the last ones; 0 for all.",
        default: ParamValue::Int(0),
        range: Range::Int { min: 0, max: 10_000_000, log: false },
        search: None,
    },
];

struct RunningGaussian {
    full: bool,
    decay: f64,
    window: usize,
}

/// What was learnt.
struct Fitted {
    running: RunningMoments,
    /// What it is when scoring.
    model: QuadraticModel,
}

impl RunningGaussian {
    fn new(params: &Params) -> Result<Self, ParamError> {
        let (decay, window) = (params.float("decay"), params.count("window"));
        if decay < 1.0 && window > 0 {
            return Err(ParamError::Conflict {
                name: "window".to_owned(),
                reason: "rows are forgotten by `decay` or by a window, not by both".to_owned(),
            });
        }
        Ok(Self { full: params.text("covariance") == "full", decay, window })
    }
}

/// The model of what was learnt.
fn publish(moments: &Moments, schema: &Schema) -> Result<QuadraticModel, FitError> {
    let width = schema.len();
    // Rounding of one row: for all rows so far a far-off column would come to count as constant.
    let standard = Standard::of(moments, 1);
    let covariance = standard.covariance(moments);
    let all = (0..width as u32).collect();
    let form = Quadratic::mahalanobis(all, &covariance).ok_or_else(out_of_range)?;
    let (schema, forms, combine) = (schema.clone(), vec![form], Combine::Sum);
    Ok(QuadraticModel { card: &CARD, schema, standard, forms, combine })
}

fn out_of_range() -> FitError {
    FitError::Diverged {
        reason: "squares of deviations are no numbers; scale the columns".to_owned(),
    }
}

/// Asked to go on once for so many rows.
const PATIENCE: usize = 1024;

/// Learns from the rows of a table, one after the other.
fn learn(
    running: &mut RunningMoments,
    table: &Table<'_>,
    context: &FitContext<'_>,
) -> Result<(), FitError> {
    let mut row = vec![0.0; table.columns.len()];
    for at in 0..table.len {
        if at.is_multiple_of(PATIENCE) && !context.progress.go_on() {
            return Err(FitError::Cancelled);
        }
        for (cell, column) in row.iter_mut().zip(&table.columns) {
            *cell = column[at];
        }
        running.learn(&row);
    }
    context.progress.step("rows", table.len as u64, table.len as u64);
    if running.are_finite() { Ok(()) } else { Err(out_of_range()) }
}

impl Estimator for RunningGaussian {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let (schema, table) = columns(frame, context)?;
        let mut running = RunningMoments::new(schema.len(), self.full, self.decay, self.window);
        learn(&mut running, &table, context)?;
        let model = publish(&running.moments(), &schema)?;
        Ok(Box::new(Fitted { running, model }))
    }
}

impl Online for Fitted {
    fn partial_fit(&mut self, frame: &Frame, context: &FitContext<'_>) -> Result<(), FitError> {
        let rows = frame.rows()?;
        let table = Table::new::<FitError>(&self.model.schema, rows)?;
        if table.len == 0 {
            return Ok(());
        }
        let mut running = self.running.clone();
        learn(&mut running, &table, context)?;
        self.model = publish(&running.moments(), &self.model.schema)?;
        self.running = running;
        Ok(())
    }

    fn test_then_train(
        &mut self,
        frame: &Frame,
        context: &FitContext<'_>,
    ) -> Result<Vec<f64>, FitError> {
        let rows = frame.rows()?;
        let table = Table::new::<FitError>(&self.model.schema, rows)?;
        let (mut running, mut model) = (self.running.clone(), self.model.clone());
        let mut scores = Vec::with_capacity(table.len);
        for at in 0..table.len {
            let row = table.columns.iter().map(|column| &column[at..=at]).collect();
            let row = Table { columns: row, len: 1 };
            let form = &model.forms[0];
            scores.extend(model.standard.score(&row, |block, out| form.add(block, out)));
            learn(&mut running, &row, context)?;
            model = publish(&running.moments(), &model.schema)?;
        }
        (self.running, self.model) = (running, model);
        Ok(scores)
    }
}

impl Detector for Fitted {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn schema(&self) -> &Schema {
        &self.model.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        self.model.score(frame)
    }

    fn link(&self) -> Link {
        Link::Rank
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.model.schema.save());
        state.put_state("running", self.running.save());
        state
    }

    fn explain(&self) -> Option<&dyn Explain> {
        self.model.explain()
    }

    fn online(&mut self) -> Option<&mut dyn Online> {
        Some(self)
    }
}

fn load(state: &State, _: &Register) -> Result<Box<dyn Detector>, LoadError> {
    let schema = load_numeric_schema(state)?;
    let running = RunningMoments::load(state.state("running")?, schema.len())?;
    let model = publish(&running.moments(), &schema)
        .map_err(|_| StateError::invalid("running", "moments of a covariance in range"))?;
    Ok(Box::new(Fitted { running, model }))
}
