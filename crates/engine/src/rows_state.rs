//! Rows as data for a model file.

use std::sync::Arc;

use tripline_core::{Category, Column, FieldKind, FrameError, LoadError, Rows, Schema, State};

/// Rows as a state.
pub(crate) fn save(rows: &Rows) -> State {
    let columns = rows.columns().iter().map(|column| {
        let mut state = State::new();
        match column {
            Column::Numeric(values) => state.put_f64s("values", values.as_ref().clone()),
            Column::Category(category) => state.put_u32s("codes", category.codes.as_ref().clone()),
        }
        state
    });
    let mut state = State::new();
    state.put_states("columns", columns.collect());
    state.put_state("schema", rows.schema().save());
    state
}

/// Rows from a state; lengths and codes are checked.
pub(crate) fn load(state: &State) -> Result<Rows, LoadError> {
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
    Ok(Rows::new(named)?)
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
        let back = load(&save(&rows)).unwrap();
        assert_eq!(back.schema(), rows.schema());
        assert_eq!(save(&back), save(&rows));
    }

    #[test]
    fn a_code_outside_its_dictionary_is_refused() {
        let rows = Rows::new(vec![("proto".to_owned(), Column::category(&[Some("tcp")]))]).unwrap();
        let mut state = save(&rows);
        let mut column = State::new();
        column.put_u32s("codes", vec![7]);
        state.put_states("columns", vec![column]);
        assert!(load(&state).is_err());
    }
}
