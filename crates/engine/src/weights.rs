//! A column of weights, taken out of the features.

use tripline_core::{Column, Dataset, Rows};

use crate::error::EngineError;

/// The data set without the column, with its values; errors name the column.
pub(crate) fn split(
    data: &Dataset,
    column: Option<&str>,
) -> Result<(Dataset, Option<Vec<f64>>), EngineError> {
    let Some(name) = column else { return Ok((data.clone(), None)) };
    let error = |reason: &'static str| EngineError::Weights {
        file: data.source.name.clone(),
        column: name.to_owned(),
        reason,
    };
    let weights = match data.rows.column(name) {
        Some(Column::Numeric(values)) => values.as_ref().clone(),
        Some(Column::Category(_)) => return Err(error("is not a column of numbers")),
        None => return Err(error("is not there")),
    };
    if weights.iter().any(|weight| !weight.is_finite() || *weight < 0.0) {
        return Err(error("has a weight that is missing, negative or infinite"));
    }
    let mut data = data.clone();
    let columns: Vec<(String, Column)> =
        data.rows.into_columns().into_iter().filter(|(known, _)| known != name).collect();
    data.rows = Rows::new(columns)
        .map_err(|source| EngineError::Frame { file: data.source.name.clone(), source })?;
    Ok((data, Some(weights)))
}

/// The data set without the column of weights, if it has it.
pub(crate) fn without(data: &Dataset, column: Option<&str>) -> Result<Dataset, EngineError> {
    match column.filter(|name| data.rows.column(name).is_some()) {
        Some(name) => Ok(split(data, Some(name))?.0),
        None => Ok(data.clone()),
    }
}
