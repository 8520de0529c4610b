//! Rows as data for a model file.

use std::sync::Arc;

use crate::frame::{Category, Column, FrameError, Rows};
use crate::register::LoadError;
use crate::schema::{FieldKind, Schema};
use crate::state::State;

impl Rows {
    /// As data for a model file.
    pub fn save(&self) -> State {
        let columns = self.columns().iter().map(|column| {
            let mut state = State::new();
            match column {
                Column::Numeric(values) => state.put_f64s("values", values.as_ref().clone()),
                Column::Category(category) => {
                    state.put_u32s("codes", category.codes.as_ref().clone());
                }
            }
            state
        });
        let mut state = State::new();
        state.put_states("columns", columns.collect());
        state.put_state("schema", self.schema().save());
        state
    }

    /// From a model file; lengths and codes are checked.
    pub fn load(state: &State) -> Result<Self, LoadError> {
        let schema = Schema::load(state.state("schema")?)?;
        let columns = state.states("columns")?;
        if columns.len() != schema.len() {
            let expected = schema.len();
            return Err(FrameError::Length {
                column: "columns".to_owned(),
                expected,
                got: columns.len(),
            }
            .into());
        }
        let mut named = Vec::with_capacity(columns.len());
        for (field, state) in schema.fields().iter().zip(columns) {
            let column = match &field.kind {
                FieldKind::Numeric => Column::numeric(state.f64s("values")?.to_vec()),
                FieldKind::Category(values) => Column::Category(Category {
                    codes: Arc::new(state.u32s("codes")?.to_vec()),
                    values: values.clone(),
                }),
            };
            named.push((field.name.clone(), column));
        }
        Ok(Self::new(named)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_survive_saving() {
        let rows = Rows::new(vec![
            ("bytes".to_owned(), Column::numeric(vec![1.0, 2.5])),
            ("proto".to_owned(), Column::category(&[Some("tcp"), None])),
        ])
        .unwrap();
        let back = Rows::load(&rows.save()).unwrap();
        assert_eq!(back.schema(), rows.schema());
        assert_eq!(back.save(), rows.save());
    }

    #[test]
    fn a_code_outside_its_dictionary_is_refused() {
        let rows = Rows::new(vec![("proto".to_owned(), Column::category(&[Some("tcp")]))]).unwrap();
        let mut state = rows.save();
        let mut column = State::new();
        column.put_u32s("codes", vec![7]);
        state.put_states("columns", vec![column]);
        assert!(Rows::load(&state).is_err());
    }
}
