//! A fitted recipe: what was done to training rows, done to any rows.

use std::sync::Arc;

use tripline_core::{Field, LoadError, Rows, Schema, State, StateError};

use crate::arrange::Arrangement;
use crate::error::PrepareError;
use crate::recipe::MissingColumns;
use crate::report::PrepareReport;
use crate::step::{self, Place, Transform};
use crate::table::{Described, MAX_COLUMNS, distinct_names, schema, seal};

/// A fitted recipe.
///
/// A row's prepared values depend on the row alone: rows prepared one by one equal the batch.
#[derive(Debug)]
pub struct Preparer {
    recipe: String,
    missing_columns: MissingColumns,
    arrangement: Arrangement,
    stages: Vec<Stage>,
    input: Schema,
    output: Arc<Schema>,
    sources: Vec<Vec<usize>>,
}

/// A fitted step with the columns around it.
#[derive(Debug)]
struct Stage {
    transform: Box<dyn Transform>,
    inputs: Vec<Described>,
    outputs: Vec<Described>,
    /// Whether what leaves the preparer depends on an input, on an output.
    live: Vec<bool>,
    wanted: Vec<bool>,
}

/// Prepared rows.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// With the columns of [`Preparer::output`].
    pub rows: Rows,
    /// What had to be handled.
    pub report: PrepareReport,
}

impl Preparer {
    pub(crate) fn new(
        recipe: String,
        missing_columns: MissingColumns,
        mut arrangement: Arrangement,
        stages: Vec<(Box<dyn Transform>, Vec<Described>)>,
        outputs: Vec<Described>,
    ) -> Result<Self, PrepareError> {
        arrangement.need(outputs.iter().flat_map(|output| output.sources.iter().copied()));
        let mut input: Vec<Field> = Vec::new();
        let mut position = vec![0; arrangement.needed().len()];
        for (at, field) in arrangement.schema().fields().iter().enumerate() {
            position[at] = input.len();
            if arrangement.needed()[at] {
                input.push(field.clone());
            }
        }
        let sources =
            outputs.iter().map(|o| o.sources.iter().map(|&at| position[at]).collect()).collect();
        Ok(Self {
            recipe,
            missing_columns,
            stages: arranged(stages, &outputs),
            input: Schema::new(input)?,
            output: Arc::new(schema(&outputs)?),
            sources,
            arrangement,
        })
    }

    /// The raw columns on which its output depends, with the categories of training rows.
    pub fn input(&self) -> &Schema {
        &self.input
    }

    /// The columns that it gives.
    pub fn output(&self) -> &Schema {
        &self.output
    }

    /// For each output column the positions in [`Preparer::input`] of the columns it comes from,
    /// in rising order.
    pub fn sources(&self) -> &[Vec<usize>] {
        &self.sources
    }

    /// The recipe that was fitted, as text.
    pub fn recipe(&self) -> &str {
        &self.recipe
    }

    /// What each fitted step does, in words.
    pub fn steps(&self) -> Vec<String> {
        self.stages.iter().map(|stage| stage.transform.describe()).collect()
    }

    /// What happens where a column is missing from the rows.
    pub fn missing_columns(&self) -> MissingColumns {
        self.missing_columns
    }

    /// The same preparer with this rule for missing columns.
    #[must_use]
    pub fn with_missing_columns(mut self, rule: MissingColumns) -> Self {
        self.missing_columns = rule;
        self
    }

    /// Prepares rows. Columns are found by name, further columns ignored.
    ///
    /// Errors name a column that is missing (unless they are filled) or of the other kind.
    pub fn apply(&self, rows: &Rows) -> Result<Prepared, PrepareError> {
        let mut report = PrepareReport::default();
        let mut columns = self.arrangement.apply(rows, self.missing_columns, &mut report)?;
        for stage in &self.stages {
            let place = Place {
                inputs: &stage.inputs,
                outputs: &stage.outputs,
                live: &stage.live,
                wanted: &stage.wanted,
            };
            columns = stage.transform.apply(&place, columns, rows.len(), &mut report);
        }
        seal(&mut columns);
        let rows = Rows::with_schema(self.output.clone(), columns, rows.len())?;
        Ok(Prepared { rows, report })
    }

    /// As data for a model file.
    pub fn save(&self) -> State {
        let mut state = State::new();
        state.put_text("recipe", &self.recipe);
        state.put_bool("fill_missing_columns", self.missing_columns == MissingColumns::Fill);
        state.put_state("columns", self.arrangement.schema().save());
        let stages = self.stages.iter().map(|stage| {
            let mut state = State::new();
            state.put_text("kind", stage.transform.kind());
            state.put_state("fitted", stage.transform.save());
            state
        });
        state.put_states("steps", stages.collect());
        state
    }

    /// From a model file.
    pub fn load(state: &State) -> Result<Self, LoadError> {
        let arrangement = Arrangement::load(Schema::load(state.state("columns")?)?)?;
        let mut fields = arrangement.fields();
        let mut stages = Vec::new();
        for stage in state.states("steps")? {
            let transform = step::load(stage.text("kind")?, stage.state("fitted")?)?;
            let before = Self::advance(transform.as_ref(), &mut fields)?;
            stages.push((transform, before));
        }
        let missing_columns = if state.bool("fill_missing_columns")? {
            MissingColumns::Fill
        } else {
            MissingColumns::Refuse
        };
        let recipe = state.text("recipe")?.to_owned();
        Self::new(recipe, missing_columns, arrangement, stages, fields).map_err(|_| {
            LoadError::State(StateError::invalid("steps", "steps that fit the columns"))
        })
    }

    /// Puts a step's output columns in the place of `fields`, which are given back.
    pub(crate) fn advance(
        transform: &dyn Transform,
        fields: &mut Vec<Described>,
    ) -> Result<Vec<Described>, StateError> {
        let mut outputs = transform.outputs(fields)?;
        if outputs.len() > MAX_COLUMNS {
            return Err(StateError::invalid("steps", "of at most 65536 columns"));
        }
        distinct_names(&mut outputs);
        Ok(std::mem::replace(fields, outputs))
    }
}

/// The steps with what follows from what leaves the preparer: its last outputs are all wanted.
fn arranged(
    stages: Vec<(Box<dyn Transform>, Vec<Described>)>,
    outputs: &[Described],
) -> Vec<Stage> {
    let mut outputs = outputs.to_vec();
    let mut wanted = vec![true; outputs.len()];
    let mut arranged: Vec<Stage> = Vec::with_capacity(stages.len());
    for (transform, inputs) in stages.into_iter().rev() {
        let live = transform.needs(&inputs, &wanted);
        arranged.push(Stage {
            transform,
            outputs: std::mem::replace(&mut outputs, inputs.clone()),
            inputs,
            wanted: std::mem::replace(&mut wanted, live.clone()),
            live,
        });
    }
    arranged.reverse();
    arranged
}
