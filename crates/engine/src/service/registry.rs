//! Changes of the registry: one after the other, each checked first, then in the database, then in
//! the snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use tripline_store::records::{
    Change, Deployed, ModelVersion, NewVersion, RollbackRule, Status, VersionFilter,
};
use tripline_store::{Blobs, MetadataError};

use super::error::ServiceError;
use super::live::Live;
use super::loading::{digest, fits};
use super::registration::Registration;
use super::served::Served;
use super::state::{Service, locked};
use crate::model::Model;

/// Attempts to read the database again after a change that it has taken.
const REFRESHES: usize = 3;

impl Service {
    /// Registers a model's file as a candidate: it is loaded, its signature and columns are
    /// checked, canary rows are scored and stored with it.
    ///
    /// A file that is refused is noted in the audit trail.
    pub async fn register(
        &self,
        file: Bytes,
        what: Registration,
        change: &Change,
    ) -> Result<ModelVersion, ServiceError> {
        let _order = self.changes.lock().await;
        let registered = self.register_in_order(file, &what, change).await;
        self.note_refusal("model.register_refused", &what.name, registered, change).await
    }

    async fn register_in_order(
        &self,
        file: Bytes,
        what: &Registration,
        change: &Change,
    ) -> Result<ModelVersion, ServiceError> {
        check_name(&what.name)?;
        let filter = VersionFilter { name: Some(what.name.clone()), ..VersionFilter::default() };
        let versions = self.store.versions(&filter).await?;
        if let Some(job) = &what.job
            && let Some(known) = versions.iter().find(|known| known.what.job.as_ref() == Some(job))
        {
            return Ok(known.clone());
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
        let sum = digest(&file);
        let (model, canaries) = self.examine(&what.name, file.clone()).await?;
        let blob = format!("models/{sum}.trip");
        let canary_blob = format!("canaries/{}.state", digest(&canaries));
        let new = NewVersion {
            name: what.name.clone(),
            version: what.version.clone(),
            detector: model.card().id.to_owned(),
            task,
            metrics: metrics(&model, &what.metrics),
            card: super::card::card(&model, &what.card),
            digest: sum,
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
        // named by its hash, so that the next attempt writes the same.
        self.blobs.put(&blob, file).await?;
        self.blobs.put(&canary_blob, canaries).await?;
        Ok(self.store.add_version(&new, change).await?)
    }

    /// Makes a version (by id or alias) the active one of its name, after all checks: digest,
    /// signature, columns, canary rows bit for bit. If any fails, nothing changes, and the audit
    /// trail tells of it.
    pub async fn deploy(&self, id: &str, change: &Change) -> Result<Deployed, ServiceError> {
        let _order = self.changes.lock().await;
        let deployed = self.deploy_in_order(id, change).await;
        self.note_refusal("model.deploy_refused", id, deployed, change).await
    }

    async fn deploy_in_order(&self, id: &str, change: &Change) -> Result<Deployed, ServiceError> {
        let version = self.version(id).await?;
        let live = self.live();
        let active = active_of(&live, &version.what.name);
        if version.status == Status::Active && live.served.contains_key(&version.id) {
            return Ok(self.store.deploy(&version.id, change).await?);
        }
        // Always from the blob: what is deployed is what was registered.
        let served = self.load_version(&version).await?;
        if let Some(active) = active.filter(|active| active.id != served.id) {
            fits(&served.model, &active.model)
                .map_err(|reason| ServiceError::refused(&version.id, reason))?;
        }
        let deployed = self.store.deploy(&version.id, change).await?;
        self.refresh_surely(&[served]).await?;
        Ok(deployed)
    }

    /// Makes the version that was active before the active one again. `id` is a version's id, an
    /// alias or a name; the name's active version is left.
    pub async fn roll_back(&self, id: &str, change: &Change) -> Result<Deployed, ServiceError> {
        let _order = self.changes.lock().await;
        let rolled = self.roll_back_in_order(id, change).await;
        self.note_refusal("model.rollback_refused", id, rolled, change).await
    }

    async fn roll_back_in_order(
        &self,
        id: &str,
        change: &Change,
    ) -> Result<Deployed, ServiceError> {
        let name = match self.live().active.contains_key(id) {
            true => id.to_owned(),
            false => self.version(id).await?.what.name,
        };
        let live = self.live();
        let before = self.store.roll_back_target(&name).await?;
        let mut loaded = Vec::new();
        if let Some(before) = &before
            && let Some(version) = self.store.version(before).await?
        {
            let ready = live.served.get(before).cloned().or_else(|| self.standing_by(before));
            loaded.push(match ready {
                Some(served) if served.version.what.digest == version.what.digest => served,
                _ => self.load_version(&version).await?,
            });
        }
        let rolled = self.store.roll_back(&name, change).await?;
        self.refresh_surely(&loaded).await?;
        Ok(rolled)
    }

    /// Puts a version into the shadow, out of it, or away. Not [`Status::Active`]: that is
    /// [`Service::deploy`].
    pub async fn set_status(
        &self,
        id: &str,
        status: Status,
        change: &Change,
    ) -> Result<ModelVersion, ServiceError> {
        if status == Status::Active {
            return Err(ServiceError::Argument {
                field: "status",
                expected: "candidate, shadow or archived; deploy the version to make it active"
                    .to_owned(),
                got: status.name().to_owned(),
            });
        }
        let _order = self.changes.lock().await;
        let version = self.version(id).await?;
        let mut loaded = Vec::new();
        if status == Status::Shadow {
            let served = self.load_version(&version).await;
            let noted = self.note_refusal("model.shadow_refused", id, served, change);
            loaded.push(noted.await?);
        }
        let version = self.store.set_status(&version.id, status, change).await?;
        self.refresh_surely(&loaded).await?;
        Ok(version)
    }

    /// Points an alias to a version, or takes it away.
    pub async fn set_alias(
        &self,
        alias: &str,
        id: Option<&str>,
        change: &Change,
    ) -> Result<(), ServiceError> {
        check_name(alias)?;
        let _order = self.changes.lock().await;
        let id = match id {
            Some(id) => Some(self.version(id).await?.id),
            None => None,
        };
        self.store.set_alias(alias, id.as_deref(), change).await?;
        self.refresh_surely(&[]).await
    }

    /// Forgets a version with its blobs; blobs that another version has too stay.
    pub async fn delete(&self, id: &str, change: &Change) -> Result<ModelVersion, ServiceError> {
        let _order = self.changes.lock().await;
        let id = self.version(id).await?.id;
        let gone = self.store.delete_version(&id, change).await?;
        locked(&self.standby).retain(|_, served| served.version.id != id);
        self.refresh_surely(&[]).await?;
        let left = self.store.versions(&VersionFilter::default()).await?;
        let own = [Some(&gone.what.blob), gone.what.canaries.as_ref(), gone.what.report.as_ref()];
        for key in own.into_iter().flatten() {
            let shared = left.iter().any(|other| {
                let what = &other.what;
                what.blob == *key
                    || what.canaries.as_ref() == Some(key)
                    || what.report.as_ref() == Some(key)
            });
            if !shared {
                forget_blob(&self.blobs, key).await;
            }
        }
        Ok(gone)
    }

    /// Sets the rule by which the service itself rolls a name back, or takes it away.
    pub async fn set_rollback_rule(
        &self,
        name: &str,
        rule: Option<&RollbackRule>,
        change: &Change,
    ) -> Result<(), ServiceError> {
        if let Some(rule) = rule {
            check_rule(rule)?;
        }
        let _order = self.changes.lock().await;
        self.store.set_rollback_rule(name, rule, change).await?;
        self.refresh_surely(&[]).await
    }

    /// The version of that id or alias.
    pub(crate) async fn version(&self, id: &str) -> Result<ModelVersion, ServiceError> {
        let found = self.store.version(id).await?;
        found.ok_or_else(|| MetadataError::NotFound { what: "model", id: id.to_owned() }.into())
    }

    /// The database has taken the change, so the snapshot must follow.
    pub(crate) async fn refresh_surely(&self, loaded: &[Arc<Served>]) -> Result<(), ServiceError> {
        let mut left = REFRESHES;
        loop {
            left -= 1;
            match self.refresh(loaded).await {
                Err(error) if left > 0 => {
                    tracing::warn!(%error, "reading the registry again");
                }
                done => return done,
            }
        }
    }

    /// The version that was active before, if it is that one.
    pub(crate) fn standing_by(&self, id: &str) -> Option<Arc<Served>> {
        locked(&self.standby).values().find(|served| served.version.id == id).cloned()
    }

    /// Keeps what was active until now loaded, for a rollback.
    pub(crate) fn keep(&self, old: &Live, new: &Live) {
        let mut standby = locked(&self.standby);
        for (name, id) in &old.active {
            if new.active.get(name) != Some(id)
                && let Some(served) = old.served.get(id)
            {
                standby.insert(name.clone(), served.clone());
            }
        }
    }

    async fn note_refusal<T>(
        &self,
        action: &str,
        object: &str,
        done: Result<T, ServiceError>,
        change: &Change,
    ) -> Result<T, ServiceError> {
        if let Err(error @ (ServiceError::Refused { .. } | ServiceError::Blob(_))) = &done {
            let detail = serde_json::json!({ "reason": error.to_string() }).to_string();
            tracing::warn!(model = object, %error, action, "refused");
            self.store.record(action, object, &detail, change).await?;
        }
        done
    }
}

fn active_of(live: &Live, name: &str) -> Option<Arc<Served>> {
    live.active.get(name).and_then(|id| live.served.get(id)).cloned()
}

/// A blob that cannot be removed costs its bytes, nothing else.
async fn forget_blob(blobs: &Blobs, key: &str) {
    if let Err(error) = blobs.delete(key).await {
        tracing::warn!(%error, "a blob could not be removed");
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

fn check_rule(rule: &RollbackRule) -> Result<(), ServiceError> {
    let error = |field, expected: &str, got: String| {
        Err(ServiceError::Argument { field, expected: expected.to_owned(), got })
    };
    match (rule.max_error_rate, rule.max_p99_seconds) {
        (None, None) => error("max_error_rate", "set, or `max_p99_seconds`", "neither".to_owned()),
        (Some(rate), _) if !(0.0..=1.0).contains(&rate) => {
            error("max_error_rate", "from 0 to 1", rate.to_string())
        }
        (_, Some(seconds)) if !(seconds > 0.0 && seconds.is_finite()) => {
            error("max_p99_seconds", "above 0", seconds.to_string())
        }
        _ if rule.min_requests == 0 => error("min_requests", "at least 1", "0".to_owned()),
        _ if !(1..=3600).contains(&rule.window_seconds) => {
            error("window_seconds", "from 1 to 3600", rule.window_seconds.to_string())
        }
        _ => Ok(()),
    }
}
