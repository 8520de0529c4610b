//! Incremental PCA: rows that the main directions of the rows so far do not describe are
//! suspicious.
//!
//! Source: Ross, Lim, Lin & Yang 2008; [`super::running_pca`] tells how it follows further rows.
//! The score is the squared distance from the space of the directions. Columns are taken as they
//! are: one of larger scale counts more.

use tripline_core::{
    Abilities, Attributions, Card, Detector, Estimator, Explain, ExplainError, ExplainOptions,
    Family, FitContext, FitError, Frame, Input, Link, LoadError, MissingPolicy, Online, ParamSpec,
    ParamValue, Params, Range, Register, Schema, ScoreError, Shape, State, Supervision,
};

use super::prologue::columns;
use super::quadratic::Quadratic;
use super::quadratic_model::{Combine, QuadraticModel};
use super::running_pca::RunningPca;
use super::standard::Standard;
use crate::table::{Table, load_numeric_schema};

/// Incremental PCA.
pub static CARD: Card = Card {
    id: "incremental_pca",
    name: "Incremental PCA",
    family: Family::Density,
    summary: "What the main directions of the rows so far leave of a row, old rows forgotten.",
    source: "Ross, Lim, Lin & Yang 2008",
    cost: "learn O(d² + d³ / batch_size) a row, O(d · components²) one by one; score \
           O(d · components) a row; memory O(d · components)",
    shape: Shape::Rows,
    input: Input::Scaled,
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
    build: |params, _| Ok(Box::new(IncrementalPca::new(params))),
    load,
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "n_components",
        doc: "Directions kept, less than columns; 0 for half as many as columns.",
        default: ParamValue::Int(0),
        range: Range::Int { min: 0, max: 100_000, log: false },
        search: Some(Range::Int { min: 1, max: 50, log: true }),
    },
    ParamSpec {
        name: "batch_size",
        doc: "Rows that fitting learns together; 0 for five times the columns.",
        default: ParamValue::Int(0),
        range: Range::Int { min: 0, max: 1_000_000, log: false },
        search: None,
    },
    ParamSpec {
        name: "decay",
        doc: "Share of its weight that what was learnt keeps at each further row; 1 forgets nothing.",
        default: ParamValue::Float(1.0),
        range: Range::Float { min: 0.01, max: 1.0, log: false },
        search: Some(Range::Float { min: 0.99, max: 1.0, log: false }),
    },
];

struct IncrementalPca {
    components: usize,
    batch: usize,
    decay: f64,
}

/// What was learnt.
struct Fitted {
    schema: Schema,
    running: RunningPca,
    batch: usize,
}

impl IncrementalPca {
    fn new(params: &Params) -> Self {
        Self {
            components: params.count("n_components"),
            batch: params.count("batch_size"),
            decay: params.float("decay"),
        }
    }
}

/// Learns from the rows of a table in batches; the last one is longer, as scikit-learn has it, where
/// less than `least` rows would be left.
fn learn(
    running: &RunningPca,
    table: &Table<'_>,
    batch: usize,
    least: usize,
    context: &FitContext<'_>,
) -> Result<RunningPca, FitError> {
    let mut running = running.clone();
    let mut start = 0;
    while start < table.len {
        if !context.progress.go_on() {
            return Err(FitError::Cancelled);
        }
        let end = start + batch;
        let end = if end + least > table.len { table.len } else { end };
        let rows = (start..end).flat_map(|row| table.columns.iter().map(move |column| column[row]));
        let rows: Vec<f64> = rows.collect();
        running = running.learn(&rows).ok_or_else(|| FitError::Diverged {
            reason: "squares of deviations are no numbers; scale the columns".to_owned(),
        })?;
        start = end;
        context.progress.step("rows", start as u64, table.len as u64);
    }
    Ok(running)
}

impl Estimator for IncrementalPca {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let (schema, table) = columns(frame, context)?;
        let width = schema.len();
        let wanted = if self.components == 0 { width / 2 } else { self.components };
        // With all directions nothing would be left to score.
        let components = wanted.min(width - 1);
        let batch = if self.batch == 0 { 5 * width } else { self.batch };
        let start = RunningPca::new(width, components, self.decay);
        let running = learn(&start, &table, batch, components, context)?;
        Ok(Box::new(Fitted { schema, running, batch }))
    }
}

impl Fitted {
    fn residuals(&self, table: &Table<'_>) -> Vec<f64> {
        let centre = Standard::centre(self.running.means.clone());
        let width = self.schema.len();
        centre.score(table, |block, scores| {
            let count = scores.len();
            let mut left = block.to_vec();
            let mut projection = vec![0.0; count];
            for direction in self.running.directions.chunks_exact(width) {
                projection.fill(0.0);
                for (v, column) in direction.iter().zip(block.chunks_exact(count)) {
                    projection.iter_mut().zip(column).for_each(|(y, z)| *y += v * z);
                }
                for (v, column) in direction.iter().zip(left.chunks_exact_mut(count)) {
                    column.iter_mut().zip(&projection).for_each(|(r, y)| *r -= v * y);
                }
            }
            for column in left.chunks_exact(count) {
                scores.iter_mut().zip(column).for_each(|(score, r)| *score += r * r);
            }
        })
    }

    /// The same score as a quadratic form: the projection M = 1 − V'V has M'M = M.
    fn form(&self) -> QuadraticModel {
        let width = self.schema.len();
        let mut projection = vec![0.0; width * width];
        projection.iter_mut().step_by(width + 1).for_each(|entry| *entry = 1.0);
        for direction in self.running.directions.chunks_exact(width) {
            for (row, v) in projection.chunks_exact_mut(width).zip(direction) {
                row.iter_mut().zip(direction).for_each(|(entry, w)| *entry -= v * w);
            }
        }
        let form = Quadratic {
            columns: (0..width as u32).collect(),
            directions: projection,
            weights: vec![1.0; width],
        };
        QuadraticModel {
            card: &CARD,
            schema: self.schema.clone(),
            standard: Standard::centre(self.running.means.clone()),
            forms: vec![form],
            combine: Combine::Sum,
        }
    }
}

impl Online for Fitted {
    fn partial_fit(&mut self, frame: &Frame, context: &FitContext<'_>) -> Result<(), FitError> {
        let table = Table::new::<FitError>(&self.schema, frame.rows()?)?;
        self.running = learn(&self.running, &table, self.batch, 0, context)?;
        Ok(())
    }

    fn test_then_train(
        &mut self,
        frame: &Frame,
        context: &FitContext<'_>,
    ) -> Result<Vec<f64>, FitError> {
        let table = Table::new::<FitError>(&self.schema, frame.rows()?)?;
        let before = self.running.clone();
        let mut scores = Vec::with_capacity(table.len);
        for row in 0..table.len {
            let one = table.columns.iter().map(|column| &column[row..=row]).collect();
            let one = Table { columns: one, len: 1 };
            scores.extend(self.residuals(&one));
            match learn(&self.running, &one, self.batch, 0, context) {
                Ok(running) => self.running = running,
                Err(error) => {
                    self.running = before;
                    return Err(error);
                }
            }
        }
        Ok(scores)
    }
}

impl Detector for Fitted {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let table = Table::new::<ScoreError>(&self.schema, frame.rows()?)?;
        Ok(self.residuals(&table))
    }

    fn link(&self) -> Link {
        Link::Rank
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        state.put_state("running", self.running.save());
        state.put_i64("batch", self.batch as i64);
        state
    }

    fn explain(&self) -> Option<&dyn Explain> {
        Some(self)
    }

    fn online(&mut self) -> Option<&mut dyn Online> {
        Some(self)
    }
}

impl Explain for Fitted {
    fn attributions(
        &self,
        frame: &Frame,
        options: &ExplainOptions<'_>,
    ) -> Result<Attributions, ExplainError> {
        self.form().attributions(frame, options)
    }
}

fn load(state: &State, _: &Register) -> Result<Box<dyn Detector>, LoadError> {
    let schema = load_numeric_schema(state)?;
    let running = RunningPca::load(state.state("running")?, schema.len())?;
    // More would be no error, but could overflow.
    let batch = state.count("batch")?.clamp(1, 5_000_000);
    Ok(Box::new(Fitted { schema, running, batch }))
}
