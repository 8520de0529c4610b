//! A view of the feature store joined to rows, each as it was known when the row ended.

use std::sync::Arc;

use tripline_core::schema::{Field, FieldKind};
use tripline_core::{Column, Dataset, Rows, Schema};
use tripline_store::Timestamp;

use super::attempt::{Attempt, Failure};
use super::error::JobError;
use super::gather::{DataFile, read_columns};
use super::spec::FeatureJoin;
use crate::error::EngineError;
use crate::settings::ReadSettings;

/// Points that are asked for at once.
const POINTS: usize = 10_000;

/// The rows with the view's features as further columns, `VIEW.FEATURE`; what was not known of an
/// entity at a row's time is missing. The entity's name is no feature.
pub(super) fn joined(
    attempt: &Attempt<'_>,
    data: Dataset,
    join: &FeatureJoin,
    file: &DataFile,
    read: &ReadSettings,
) -> Result<Dataset, Failure> {
    attempt.tracker.phase("joining features", 0.05, 0.06, 1);
    let Some(times) = data.time.clone() else {
        let message = "the layout of the data tells no time: name the column that does";
        return Err(Failure::job(JobError::field("features.time_column", message)));
    };
    let entities = entities(attempt, &data, join, file, read)?;
    let service = attempt.service;
    let views = attempt.runtime.block_on(service.store().views()).map_err(Failure::store)?;
    let Some(view) = views.into_iter().find(|view| view.name == join.view) else {
        return Err(Failure::job(JobError::field("features.view", "the view is not there")));
    };
    let mut columns: Vec<Vec<f64>> = vec![Vec::with_capacity(data.len()); view.features.len()];
    let points: Vec<(String, Timestamp)> = entities
        .into_iter()
        .zip(times.iter())
        // Rounded down: what came within the row's last microsecond is not seen.
        .map(|(entity, &ns)| (entity, Timestamp::from_ns(ns)))
        .collect();
    for part in points.chunks(POINTS) {
        let found = service.store().features_as_of(&view.name, part);
        let found = attempt.runtime.block_on(found).map_err(Failure::store)?;
        if found.len() != part.len() {
            return Err(Failure::internal("the feature store gave another number of rows"));
        }
        for row in &found {
            for (feature, column) in view.features.iter().zip(&mut columns) {
                let value = row.as_ref().and_then(|row| row.values.get(feature)).copied();
                column.push(value.unwrap_or(f64::NAN));
            }
        }
        if attempt.tracker.stopped().is_some() {
            return Err(Failure::internal("stopped"));
        }
    }
    let mut all: Vec<(String, Column)> = data
        .rows
        .into_columns()
        .into_iter()
        .filter(|(known, _)| *known != join.entity_column)
        .collect();
    for (feature, column) in view.features.iter().zip(columns) {
        all.push((format!("{}.{feature}", view.name), Column::numeric(column)));
    }
    let rows =
        Rows::new(all).map_err(|source| EngineError::Frame { file: file.name.clone(), source })?;
    Ok(Dataset { rows, ..data })
}

/// Whom each row is about. The column is no feature, so it is read by itself.
fn entities(
    attempt: &Attempt<'_>,
    data: &Dataset,
    join: &FeatureJoin,
    file: &DataFile,
    read: &ReadSettings,
) -> Result<Vec<String>, Failure> {
    let missing = || {
        let message = format!("the data have no column `{}` of names", join.entity_column);
        Failure::job(JobError::field("features.entity_column", message))
    };
    let kind = FieldKind::Category(Arc::new(Vec::new()));
    let schema = Schema::new(vec![Field { name: join.entity_column.clone(), kind }])
        .map_err(|source| EngineError::Frame { file: file.name.clone(), source })?;
    let mut options = read.options(Some(&schema), data.labels.is_some());
    options.max_categories = usize::MAX;
    let named = read_columns(attempt, file, &options)?;
    let Some(Column::Category(column)) = named.rows.column(&join.entity_column) else {
        return Err(missing());
    };
    if named.len() != data.len() {
        return Err(missing());
    }
    // An unknown name meets no entity: an empty one is never stored.
    Ok((0..data.len()).map(|row| column.value(row).unwrap_or_default().to_owned()).collect())
}
