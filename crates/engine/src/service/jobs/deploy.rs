//! Deploying what a training has made, where that was asked for.

use tripline_store::records::{Change, ModelVersion, Scope};

use super::attempt::{Attempt, Failure};

impl Attempt<'_> {
    /// Deploys the new version, once: what somebody has rolled back since an attempt that was killed
    /// does not come back. Whoever asked for it must still be allowed to.
    pub(super) fn deploy(&self, version: &ModelVersion) -> Result<bool, Failure> {
        if version.deployed_at.is_some() {
            return Ok(true);
        }
        let store = self.service.store();
        if !self.may_deploy()? {
            let change = Change::system(self.service.clock().now(), "the right to deploy is gone");
            let detail = serde_json::json!({ "job": self.job.id, "asked_by": self.job.actor });
            let detail = detail.to_string();
            tracing::warn!(job = self.job.id, actor = self.job.actor, "may deploy no more");
            let noted = store.record("model.deploy_refused", &version.id, &detail, &change);
            self.runtime.block_on(noted).map_err(Failure::store)?;
            return Ok(false);
        }
        let change = self.change("asked for with the training");
        let deployed = self.runtime.block_on(self.service.deploy(&version.id, &change));
        if let Err(error) = &deployed {
            // The version is registered all the same, and can be deployed by hand.
            tracing::warn!(job = self.job.id, %error, "the new version is not deployed");
        }
        Ok(deployed.is_ok())
    }

    /// Whether the key or the user that queued the job has the right to deploy now.
    fn may_deploy(&self) -> Result<bool, Failure> {
        let (store, now) = (self.service.store(), self.service.clock().now());
        match self.job.actor.split_once(':') {
            Some(("key", id)) => {
                let keys = self.runtime.block_on(store.keys()).map_err(Failure::store)?;
                Ok(keys.iter().any(|key| {
                    key.id == id
                        && key.revoked_at.is_none()
                        && key.expires_at.is_none_or(|end| end > now)
                        && key.scopes.allow(Scope::Deploy)
                }))
            }
            Some(("user", name)) => {
                let user = self.runtime.block_on(store.user(name)).map_err(Failure::store)?;
                Ok(user.is_some_and(|user| user.scopes.allow(Scope::Deploy)))
            }
            // Whoever sits at the machine, and the service itself.
            _ => Ok(true),
        }
    }
}
