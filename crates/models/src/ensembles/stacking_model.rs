//! Members that were fitted, with the final detector over what they say.

use tripline_core::{
    Card, Classes, Column, Detector, Field, FieldKind, Frame, FrameError, Link, LoadError,
    Register, Rows, Schema, ScoreError, State,
};

use super::member::{FittedMember, check_columns};
use super::scale::Standard;
use super::stacking::CARD;

/// A member with the scale of its column.
pub(crate) struct Layer {
    pub(crate) member: FittedMember,
    pub(crate) standard: Standard,
}

/// Stacking that was fitted.
pub(crate) struct StackingModel {
    pub(crate) schema: Schema,
    pub(crate) layers: Vec<Layer>,
    pub(crate) last: FittedMember,
    pub(crate) passthrough: bool,
}

impl Layer {
    /// The names of the columns that this member becomes.
    pub(crate) fn names(&self) -> Vec<String> {
        let label = &self.member.label;
        match self.member.detector.classes() {
            Some(classes) => {
                classes.names().iter().map(|class| format!("score({label}:{class})")).collect()
            }
            None => vec![format!("score({label})")],
        }
    }

    /// The columns that this member becomes: its probability of each class, or its scores.
    pub(crate) fn columns(
        &self,
        mut scores: Vec<f64>,
        probabilities: Option<Vec<f64>>,
    ) -> Vec<(String, Column)> {
        let names = self.names();
        let Some(values) = probabilities else {
            scores.iter_mut().for_each(|score| *score = self.standard.apply(*score));
            return names.into_iter().map(|name| (name, Column::numeric(scores.clone()))).collect();
        };
        let width = names.len();
        let column = |at: usize| values.chunks_exact(width).map(|row| row[at]).collect();
        let columns = (0..width).map(|at| Column::numeric(column(at)));
        names.into_iter().zip(columns).collect()
    }
}

/// The columns that members become, before those of the rows themselves if these are passed
/// through.
pub(crate) fn join(
    mut columns: Vec<(String, Column)>,
    passed: Option<(&Schema, &Rows)>,
) -> Result<Rows, FrameError> {
    if let Some((schema, rows)) = passed {
        let names: Vec<&str> = schema.names().collect();
        columns.extend(rows.project(&names)?.into_columns());
    }
    Rows::new(columns)
}

impl StackingModel {
    /// What the final detector gets.
    pub(crate) fn stacked(&self, frame: &Frame) -> Result<Rows, ScoreError> {
        let rows = frame.rows()?;
        check_columns(&self.schema, rows)?;
        let mut columns = Vec::new();
        for layer in &self.layers {
            let (scores, probabilities) = match layer.member.probabilities(rows)? {
                Some(probabilities) => (Vec::new(), Some(probabilities)),
                None => (layer.member.score(rows)?, None),
            };
            columns.extend(layer.columns(scores, probabilities));
        }
        Ok(join(columns, self.passthrough.then_some((&self.schema, rows)))?)
    }

    pub(crate) fn load(state: &State, register: &Register) -> Result<Self, LoadError> {
        let schema = Schema::load(state.state("schema")?)?;
        let passthrough = state.bool("passthrough")?;
        let mut layers = Vec::new();
        let mut fields = Vec::new();
        for entry in state.states("layers")? {
            let member = FittedMember::load(entry.state("member")?, &schema, register)?;
            let standard = Standard::load(entry.state("standard")?)?;
            let layer = Layer { member, standard };
            let names = layer.names().into_iter();
            fields.extend(names.map(|name| Field { name, kind: FieldKind::Numeric }));
            layers.push(layer);
        }
        if passthrough {
            fields.extend(schema.fields().iter().cloned());
        }
        let stacked = Schema::new(fields)?;
        let last = FittedMember::load(state.state("final")?, &stacked, register)?;
        Ok(Self { schema, layers, last, passthrough })
    }
}

impl Detector for StackingModel {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        self.last.score(&self.stacked(frame)?)
    }

    fn link(&self) -> Link {
        self.last.detector.link()
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        state.put_bool("passthrough", self.passthrough);
        let layers = self.layers.iter().map(|layer| {
            let mut entry = State::new();
            entry.put_state("member", layer.member.save());
            entry.put_state("standard", layer.standard.save());
            entry
        });
        state.put_states("layers", layers.collect());
        state.put_state("final", self.last.save());
        state
    }

    fn classes(&self) -> Option<&dyn Classes> {
        self.last.detector.classes().map(|_| self as &dyn Classes)
    }
}

impl Classes for StackingModel {
    fn names(&self) -> &[String] {
        self.last.detector.classes().map_or(&[], |classes| classes.names())
    }

    fn probabilities(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        Ok(self.last.probabilities(&self.stacked(frame)?)?.unwrap_or_default())
    }
}
