//! Checks a training before it is acknowledged.

use std::path::Path;

use tripline_store::records::{Status, VersionFilter};

use super::error::JobError;
use super::plan;
use super::source::{DataSource, resolve};
use super::spec::{Accepted, TrainingSpec};
use super::uploads;
use crate::model::Model;
use crate::register::{trainable, trainable_card};
use crate::service::{Service, ServiceError};

/// All that can be known to be wrong at little cost: names, parameters, whether the data are there.
pub(super) async fn accept(
    service: &Service,
    asked: TrainingSpec,
) -> Result<Accepted, ServiceError> {
    if !service.settings().trusted_keys.is_empty() {
        let message = "this service takes signed models alone, and a training signs none: train \
                       with `tripline train --sign`, then upload the model";
        return Err(JobError::field("model_type", message).into());
    }
    let mut accepted = resolved(service, asked).await?;
    let asked = &accepted.asked;
    if !plan::is_name(&accepted.name) {
        let message = "it must have 1 to 64 lower-case letters, digits or `_`";
        return Err(JobError::field("name", message).into());
    }
    if let Some(prepare) = &asked.prepare {
        accepted.recipe = Some(prepare.clone());
    }
    let given = asked.hyperparameters.iter().map(|(name, value)| (name.clone(), value.clone()));
    let given: Vec<(String, String)> = given.collect();
    accepted.params.retain(|(name, _)| given.iter().all(|(other, _)| other != name));
    accepted.params.extend(given);
    plan::settings(&accepted)?;
    let asked = &accepted.asked;
    let source = DataSource::parse("training_data_source", &asked.source)?;
    present(service, "training_data_source", &source).await?;
    if let Some(test) = &asked.test_source {
        let test = DataSource::parse("test_data_source", test)?;
        if matches!(test, DataSource::Detections(_)) {
            let message = "it must be `upload:ID` or `file:PATH`";
            return Err(JobError::field("test_data_source", message).into());
        }
        present(service, "test_data_source", &test).await?;
    }
    if let Some(join) = &asked.features {
        let views = service.store().views().await?;
        if views.iter().all(|view| view.name != join.view) {
            let known = views.into_iter().map(|view| view.name).collect();
            return Err(JobError::unknown("features.view", "view", &join.view, known).into());
        }
        if join.entity_column.is_empty() {
            return Err(JobError::field("features.entity_column", "it is empty").into());
        }
        if matches!(source, DataSource::Detections(_)) {
            let message = "rows of `detections:` have no such column; join to a file or an upload";
            return Err(JobError::field("features", message).into());
        }
    }
    Ok(accepted)
}

/// The detector, with what comes from the model that `model_type` may name.
async fn resolved(service: &Service, asked: TrainingSpec) -> Result<Accepted, ServiceError> {
    let model_type = asked.model_type.clone();
    if let Ok(card) = trainable_card(&model_type) {
        let name = asked.name.clone().unwrap_or_else(|| card.id.to_owned());
        let detector = card.id.to_owned();
        return Ok(Accepted { asked, detector, name, ..Accepted::default() });
    }
    let mut versions = Vec::new();
    if plan::is_name(&model_type) {
        let filter = VersionFilter { name: Some(model_type.clone()), ..VersionFilter::default() };
        versions = service.store().versions(&filter).await?;
    }
    let active = versions.iter().position(|version| version.status == Status::Active);
    let Some(version) = (!versions.is_empty()).then(|| versions.swap_remove(active.unwrap_or(0)))
    else {
        let mut known: Vec<String> = trainable().iter().map(|card| card.id.to_owned()).collect();
        for version in service.store().versions(&VersionFilter::default()).await? {
            if !known.contains(&version.what.name) {
                known.push(version.what.name);
            }
        }
        return Err(JobError::unknown("model_type", "detector or model", &model_type, known).into());
    };
    let Ok(card) = trainable_card(&version.what.detector) else {
        let message = format!(
            "the models of that name are `{}`, which is made by another program: give a detector",
            version.what.detector
        );
        return Err(JobError::field("model_type", message).into());
    };
    let limits = service.settings().limits;
    let bytes = service.blobs().get(&version.what.blob, limits.max_file_bytes).await?;
    let provenance = tokio::task::spawn_blocking(move || {
        Model::from_bytes(Path::new("the version before"), &bytes, &limits)
            .map(|model| model.provenance().clone())
    })
    .await
    .map_err(|error| ServiceError::Internal { reason: error.to_string() })??;
    let name = asked.name.clone().unwrap_or(model_type);
    Ok(Accepted {
        asked,
        detector: card.id.to_owned(),
        name,
        parent: Some(version.id),
        params: provenance.params,
        recipe: (!provenance.recipe.is_empty()).then_some(provenance.recipe),
    })
}

async fn present(service: &Service, field: &str, source: &DataSource) -> Result<(), ServiceError> {
    match source {
        DataSource::Upload(id) => uploads::find(service, field, id).await.map(drop),
        DataSource::File(path) => Ok(resolve(field, path, &service.settings().jobs).map(drop)?),
        DataSource::Detections(query) => match &query.base {
            Some(base) => Box::pin(present(service, field, base)).await,
            None => Ok(()),
        },
    }
}
