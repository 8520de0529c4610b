//! From which model another was made.

use tripline_core::{State, StateError};

/// One step from a model to the next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ancestor {
    /// SHA-256 of the earlier model's file without a signature, in hexadecimal.
    pub digest: String,
    /// Program that made the earlier model.
    pub program: String,
    /// Name of the data that changed it.
    pub data: String,
    /// SHA-256 of those data.
    pub data_sha256: String,
    /// Rows of those data.
    pub rows: u64,
    /// What changed.
    pub changed: Vec<String>,
}

impl Ancestor {
    pub(crate) fn save(&self) -> State {
        let mut state = State::new();
        state.put_text("digest", &self.digest);
        state.put_text("program", &self.program);
        state.put_text("data", &self.data);
        state.put_text("data_sha256", &self.data_sha256);
        state.put_i64("rows", self.rows as i64);
        state.put_texts("changed", self.changed.clone());
        state
    }

    pub(crate) fn load(state: &State) -> Result<Self, StateError> {
        Ok(Self {
            digest: state.text("digest")?.to_owned(),
            program: state.text("program")?.to_owned(),
            data: state.text("data")?.to_owned(),
            data_sha256: state.text("data_sha256")?.to_owned(),
            rows: state.count("rows")? as u64,
            changed: state.texts("changed")?.to_vec(),
        })
    }
}
