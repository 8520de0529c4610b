//! Status, aliases, rules of rollback and the end of versions.

use std::sync::Arc;

use tripline_store::records::{Change, ModelVersion, RollbackRule, Status, VersionFilter};
use tripline_store::{Blobs, MetadataError};

use super::changes::to_its_end;
use super::counters::BUCKETS;
use super::error::ServiceError;
use super::registering::check_name;
use super::state::{Service, locked};

impl Service {
    /// Puts a version into the shadow, out of it, or away. Not [`Status::Active`]: that is
    /// [`Service::deploy`].
    pub async fn set_status(
        self: &Arc<Self>,
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
        let (service, id, change) = (self.clone(), id.to_owned(), change.clone());
        to_its_end(async move { service.set_status_now(&id, status, &change).await }).await
    }

    async fn set_status_now(
        &self,
        id: &str,
        status: Status,
        change: &Change,
    ) -> Result<ModelVersion, ServiceError> {
        let version = self.version(id).await?;
        let mut loaded = Vec::new();
        if status == Status::Shadow {
            let served = self.load_version(&version).await;
            let noted = self.note_refusal("model.shadow_refused", id, served, change);
            loaded.push(noted.await?);
        }
        let _order = self.in_order().await?;
        let version = self.still(&version).await?;
        let set = self.store.set_status(&version.id, status, change).await;
        self.follow(set, &loaded).await
    }

    /// Points an alias to a version, or takes it away. An alias cannot be the name of a model.
    pub async fn set_alias(
        self: &Arc<Self>,
        alias: &str,
        id: Option<&str>,
        change: &Change,
    ) -> Result<(), ServiceError> {
        check_name(alias)?;
        let (service, change) = (self.clone(), change.clone());
        let (alias, id) = (alias.to_owned(), id.map(str::to_owned));
        let work = async move {
            let _order = service.in_order().await?;
            let id = match id {
                Some(id) => {
                    service.check_alias(&alias).await?;
                    Some(service.version(&id).await?.id)
                }
                None => None,
            };
            let set = service.store.set_alias(&alias, id.as_deref(), &change).await;
            service.follow(set, &[]).await
        };
        to_its_end(work).await
    }

    async fn check_alias(&self, alias: &str) -> Result<(), ServiceError> {
        if !self.is_name(alias).await? {
            return Ok(());
        }
        Err(ServiceError::Argument {
            field: "alias",
            expected: "none of the models' names".to_owned(),
            got: alias.to_owned(),
        })
    }

    async fn is_name(&self, name: &str) -> Result<bool, ServiceError> {
        let filter = VersionFilter { name: Some(name.to_owned()), ..VersionFilter::default() };
        Ok(!self.store.versions(&filter).await?.is_empty())
    }

    /// Forgets a version with its blobs; blobs that another version has too stay.
    pub async fn delete(
        self: &Arc<Self>,
        id: &str,
        change: &Change,
    ) -> Result<ModelVersion, ServiceError> {
        let (service, id, change) = (self.clone(), id.to_owned(), change.clone());
        to_its_end(async move { service.delete_now(&id, &change).await }).await
    }

    async fn delete_now(&self, id: &str, change: &Change) -> Result<ModelVersion, ServiceError> {
        let _files = self.files.lock().await;
        let gone = {
            let _order = self.in_order().await?;
            let id = self.version(id).await?.id;
            let gone = self.store.delete_version(&id, change).await;
            if gone.is_ok() {
                locked(&self.standby).retain(|_, served| served.version.id != id);
            }
            self.follow(gone, &[]).await?
        };
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

    /// Sets the rule by which the service itself rolls a name back, or takes it away. The rule also
    /// ends an experiment of the name whose treatment breaks it.
    pub async fn set_rollback_rule(
        self: &Arc<Self>,
        name: &str,
        rule: Option<&RollbackRule>,
        change: &Change,
    ) -> Result<(), ServiceError> {
        if let Some(rule) = rule {
            check_rule(rule)?;
        }
        let (service, change) = (self.clone(), change.clone());
        let (name, rule) = (name.to_owned(), rule.cloned());
        let work = async move {
            let _order = service.in_order().await?;
            if rule.is_some() && !service.is_name(&name).await? {
                return Err(MetadataError::NotFound { what: "model", id: name }.into());
            }
            let set = service.store.set_rollback_rule(&name, rule.as_ref(), &change).await;
            service.follow(set, &[]).await
        };
        to_its_end(work).await
    }
}

/// A blob that cannot be removed costs its bytes, nothing else.
async fn forget_blob(blobs: &Blobs, key: &str) {
    if let Err(error) = blobs.delete(key).await {
        tracing::warn!(%error, "a blob could not be removed");
    }
}

fn check_rule(rule: &RollbackRule) -> Result<(), ServiceError> {
    let error =
        |field, expected: String, got: String| Err(ServiceError::Argument { field, expected, got });
    // What takes longer than the last bound is told apart no further.
    let slowest = BUCKETS[BUCKETS.len() - 1] as f64 / 1e6;
    match (rule.max_error_rate, rule.max_p99_seconds) {
        (None, None) => {
            let expected = "set, or `max_p99_seconds`".to_owned();
            error("max_error_rate", expected, "neither".to_owned())
        }
        (Some(rate), _) if !(0.0..=1.0).contains(&rate) => {
            error("max_error_rate", "from 0 to 1".to_owned(), rate.to_string())
        }
        (_, Some(seconds)) if !(seconds > 0.0 && seconds <= slowest) => {
            let expected = format!("above 0 and at most {slowest}");
            error("max_p99_seconds", expected, seconds.to_string())
        }
        _ if rule.min_requests == 0 => {
            error("min_requests", "at least 1".to_owned(), "0".to_owned())
        }
        _ if !(1..=3600).contains(&rule.window_seconds) => {
            let got = rule.window_seconds.to_string();
            error("window_seconds", "from 1 to 3600".to_owned(), got)
        }
        _ => Ok(()),
    }
}
