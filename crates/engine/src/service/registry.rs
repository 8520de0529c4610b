//! Which version of a name answers: deploys and rollbacks, each checked first, then in the
//! database, then in the snapshot.

use std::sync::Arc;

use tripline_store::MetadataError;
use tripline_store::records::{Change, Deployed, Status, VersionFilter};

use super::changes::to_its_end;
use super::error::ServiceError;
use super::live::Live;
use super::loading::fits;
use super::served::Served;
use super::state::{Service, locked};

impl Service {
    /// Makes a version (by id or alias) the active one of its name, after all checks: digest,
    /// signature, columns, canary rows bit for bit. If any fails, nothing changes, and the audit
    /// trail tells of it.
    pub async fn deploy(
        self: &Arc<Self>,
        id: &str,
        change: &Change,
    ) -> Result<Deployed, ServiceError> {
        let (service, id, change) = (self.clone(), id.to_owned(), change.clone());
        let work = async move {
            let deployed = service.deploy_now(&id, &change).await;
            service.note_refusal("model.deploy_refused", &id, deployed, &change).await
        };
        to_its_end(work).await
    }

    async fn deploy_now(&self, id: &str, change: &Change) -> Result<Deployed, ServiceError> {
        let version = self.version(id).await?;
        let answers = |version: &str| self.live().active().any(|served| *served.id == *version);
        // Always from the blob: what is deployed is what was registered.
        let mut served = match answers(&version.id) {
            true => None,
            false => Some(self.load_version(&version).await?),
        };
        let _order = self.in_order().await?;
        let version = self.still(&version).await?;
        let live = self.live();
        if version.status != Status::Active && served.is_none() {
            // It was left in this very moment, so it is still there.
            served = Some(self.loaded(&live, &version).await?);
        }
        if let (Some(served), Some(active)) = (&served, active_of(&live, &version.what.name))
            && active.id != served.id
        {
            fits(&served.model, &active.model)
                .map_err(|reason| ServiceError::refused(&version.id, reason))?;
        }
        let deployed = self.store.deploy(&version.id, change).await;
        match served {
            Some(served) => self.follow(deployed, &[served]).await,
            None => Ok(deployed?),
        }
    }

    /// Makes the version that was active before the active one again. `id` is a name, or the id or
    /// the alias of the version that is left: if that one is not active (any more), nothing changes.
    pub async fn roll_back(
        self: &Arc<Self>,
        id: &str,
        change: &Change,
    ) -> Result<Deployed, ServiceError> {
        let (service, id, change) = (self.clone(), id.to_owned(), change.clone());
        let work = async move {
            let rolled = service.roll_back_now(&id, &change).await;
            service.note_refusal("model.rollback_refused", &id, rolled, &change).await
        };
        to_its_end(work).await
    }

    async fn roll_back_now(&self, id: &str, change: &Change) -> Result<Deployed, ServiceError> {
        let (name, left) = self.left(id).await?;
        let target = self.target(&name).await?;
        let _order = self.in_order().await?;
        if let Some(left) = left {
            let filter = VersionFilter {
                status: Some(Status::Active),
                name: Some(name.clone()),
                task: None,
            };
            let active = self.store.versions(&filter).await?;
            if active.first().is_none_or(|active| active.id != left) {
                let reason = format!(
                    "it is not the active version of `{name}`, so there is nothing to leave; roll \
                     back `{name}` itself to leave the one that is"
                );
                return Err(MetadataError::Conflict { what: "model", id: left, reason }.into());
            }
        }
        // Nearly always what was found before.
        let before = self.store.roll_back_target(&name).await?;
        let target = match target {
            Some(target) if before.as_deref() == Some(&*target.id) => Some(target),
            _ => self.target(&name).await?,
        };
        let loaded: Vec<Arc<Served>> = target.into_iter().collect();
        let rolled = self.store.roll_back(&name, change).await;
        self.follow(rolled, &loaded).await
    }

    /// The name whose active version is left, with the id that this must have if one was told.
    async fn left(&self, id: &str) -> Result<(String, Option<String>), ServiceError> {
        let filter = VersionFilter { name: Some(id.to_owned()), ..VersionFilter::default() };
        if !self.store.versions(&filter).await?.is_empty() {
            return Ok((id.to_owned(), None));
        }
        let version = self.version(id).await?;
        Ok((version.what.name, Some(version.id)))
    }

    /// What a rollback of a name goes back to; none if the database is to say why there is none.
    async fn target(&self, name: &str) -> Result<Option<Arc<Served>>, ServiceError> {
        let Some(before) = self.store.roll_back_target(name).await? else { return Ok(None) };
        let Some(version) = self.store.version(&before).await? else { return Ok(None) };
        self.loaded(&self.live(), &version).await.map(Some)
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
}

fn active_of(live: &Live, name: &str) -> Option<Arc<Served>> {
    live.active.get(name).and_then(|id| live.served.get(id)).cloned()
}
