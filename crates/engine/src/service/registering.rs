//! Registering a model's file.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use tripline_store::records::{Change, ModelVersion, NewVersion, VersionFilter};

use super::changes::to_its_end;
use super::error::ServiceError;
use super::loading::Examined;
use super::registration::Registration;
use super::state::Service;
use crate::model::Model;

/// What stands in the registry where a model is to be registered.
enum Place {
    /// The job has registered this one already.
    Taken(Box<ModelVersion>),
    /// Nothing yet; the model is to take this.
    Free { task: String },
}

impl Service {
    /// Registers a model's file as a candidate: it is loaded, its signature and columns are
    /// checked, canary rows are scored and stored with it.
    ///
    /// A file that is refused is noted in the audit trail.
    pub async fn register(
        self: &Arc<Self>,
        file: Bytes,
        what: Registration,
        change: &Change,
    ) -> Result<ModelVersion, ServiceError> {
        let (service, change) = (self.clone(), change.clone());
        let work = async move {
            let registered = service.register_now(file, &what, &change).await;
            service.note_refusal("model.register_refused", &what.name, registered, &change).await
        };
        to_its_end(work).await
    }

    async fn register_now(
        &self,
        file: Bytes,
        what: &Registration,
        change: &Change,
    ) -> Result<ModelVersion, ServiceError> {
        check_name(&what.name)?;
        if let Place::Taken(version) = self.place(what).await? {
            return Ok(*version);
        }
        let Examined { model, canaries, digest } = self.examine(&what.name, file.clone()).await?;
        let blob = format!("models/{digest}.trip");
        let canary_blob = format!("canaries/{}.state", super::loading::digest(&canaries));
        let mut new = NewVersion {
            name: what.name.clone(),
            version: what.version.clone(),
            detector: model.card().id.to_owned(),
            task: String::new(),
            metrics: metrics(&model, &what.metrics),
            card: super::card::card(&model, &what.card),
            digest,
            blob: blob.clone(),
            bytes: file.len() as u64,
            report: what.report.clone(),
            signer: model.signer().map(|key| key.to_hex()),
            canaries: Some(canary_blob.clone()),
            parent: what.parent.clone(),
            job: what.job.clone(),
            run: what.run.clone(),
        };
        // Blobs first: a version in the database has its files. What a crash in between leaves is
        // named by its hash, so that the next attempt writes the same. A version of the same file
        // that is deleted meanwhile waits, so it does not take these along.
        let _files = self.files.lock().await;
        self.blobs.put(&blob, file).await?;
        self.blobs.put(&canary_blob, canaries).await?;
        let _order = self.in_order().await?;
        match self.place(what).await? {
            Place::Taken(version) => return Ok(*version),
            Place::Free { task } => new.task = task,
        }
        Ok(self.store.add_version(&new, change).await?)
    }

    async fn place(&self, what: &Registration) -> Result<Place, ServiceError> {
        let name = Some(what.name.clone());
        let versions =
            self.store.versions(&VersionFilter { name, ..VersionFilter::default() }).await?;
        if let Some(job) = &what.job
            && let Some(known) = versions.iter().find(|known| known.what.job.as_ref() == Some(job))
        {
            return Ok(Place::Taken(Box::new(known.clone())));
        }
        if versions.is_empty()
            && let Some(other) = self.store.version(&what.name).await?
        {
            return Err(ServiceError::Argument {
                field: "name",
                expected: format!("no alias; it points to `{}`", other.id),
                got: what.name.clone(),
            });
        }
        let task = match (what.task.as_str(), versions.first()) {
            ("", Some(last)) => last.what.task.clone(),
            ("", None) => "flow".to_owned(),
            (task, Some(last)) if task != last.what.task => {
                return Err(ServiceError::Argument {
                    field: "task",
                    expected: format!("`{}` as of the versions of that name", last.what.task),
                    got: task.to_owned(),
                });
            }
            (task, _) => task.to_owned(),
        };
        Ok(Place::Free { task })
    }
}

/// Figures of the file's own provenance under those that were given.
fn metrics(model: &Model, given: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    let mut metrics: BTreeMap<String, f64> = BTreeMap::new();
    for part in ["validation", "test"] {
        let own = model.provenance().metrics.iter().filter(|metric| metric.part == part);
        metrics.extend(own.map(|metric| (metric.name.clone(), metric.value)));
    }
    metrics.extend(given.iter().map(|(name, value)| (name.clone(), *value)));
    metrics.retain(|_, value| value.is_finite());
    metrics
}

pub(crate) fn check_name(name: &str) -> Result<(), ServiceError> {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.is_empty() && name.len() <= 64 && name.chars().all(letter) {
        return Ok(());
    }
    Err(ServiceError::Argument {
        field: "name",
        expected: "from 1 to 64 lower-case letters, digits or `_`".to_owned(),
        got: name.chars().take(80).collect(),
    })
}
