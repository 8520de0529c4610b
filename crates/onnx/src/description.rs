//! What a file says of its inputs and outputs, as the child tells it.

use tripline_core::{State, StateError};

use crate::template::template;

/// Most inputs or outputs that are told.
const MAX_VALUES: usize = 4096;

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Description {
    /// What it takes.
    pub inputs: Vec<Value>,
    /// What it gives.
    pub outputs: Vec<Value>,
    /// The settings in its metadata, under the key `tripline`.
    pub settings: Option<String>,
    /// Column names in its metadata, under the key `feature_names`: a list with commas.
    pub names: Vec<String>,
}

/// An input or output.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Its name.
    pub name: String,
    /// Its type, such as `f32`; empty if it is no tensor.
    pub kind: String,
    /// Its sizes; -1 is one that the file leaves open.
    pub dims: Vec<i64>,
}

impl Value {
    /// Columns of a tensor of rows; none if the file does not say.
    pub fn width(&self) -> Option<usize> {
        match self.dims.as_slice() {
            [_] => Some(1),
            [_, width] => usize::try_from(*width).ok(),
            _ => None,
        }
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_text("name", &self.name);
        state.put_text("kind", &self.kind);
        state.put_i64s("dims", self.dims.clone());
        state
    }

    fn load(state: &State) -> Result<Self, StateError> {
        Ok(Self {
            name: state.text("name")?.to_owned(),
            kind: state.text("kind")?.to_owned(),
            dims: state.i64s("dims")?.to_vec(),
        })
    }
}

impl Description {
    /// From the bytes of a child's answer, which a file may have made up.
    pub fn from_answer(bytes: &[u8]) -> Result<Self, StateError> {
        Self::load(&State::from_bytes(bytes)?)
    }

    /// Settings to fill in, with what the file says of itself.
    pub fn template(&self) -> String {
        template(self)
    }

    pub(crate) fn save(&self) -> State {
        let values = |values: &[Value]| values.iter().take(MAX_VALUES).map(Value::save).collect();
        let mut state = State::new();
        state.put_states("inputs", values(&self.inputs));
        state.put_states("outputs", values(&self.outputs));
        state.put_texts("names", self.names.clone());
        if let Some(settings) = &self.settings {
            state.put_text("settings", settings);
        }
        state
    }

    pub(crate) fn load(state: &State) -> Result<Self, StateError> {
        let values = |name: &str| -> Result<Vec<Value>, StateError> {
            state.states(name)?.iter().take(MAX_VALUES).map(Value::load).collect()
        };
        Ok(Self {
            inputs: values("inputs")?,
            outputs: values("outputs")?,
            names: state.texts("names")?.to_vec(),
            settings: match state.has("settings") {
                true => Some(state.text("settings")?.to_owned()),
                false => None,
            },
        })
    }
}
