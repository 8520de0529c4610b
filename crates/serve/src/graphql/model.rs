//! Versions of models.

use std::collections::BTreeMap;

use async_graphql::{Enum, ID, Json, Object, SimpleObject};
use tripline_store::records::{self, ModelVersion, Status};

use super::scalar::DateTime;
use crate::rest::model;

/// What a version is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "ModelStatus")]
pub(super) enum StatusName {
    /// Registered, never answered yet.
    Candidate,
    /// Scores beside the active version.
    Shadow,
    /// Answers.
    Active,
    /// Put away.
    Archived,
}

impl From<Status> for StatusName {
    fn from(status: Status) -> Self {
        match status {
            Status::Candidate => Self::Candidate,
            Status::Shadow => Self::Shadow,
            Status::Active => Self::Active,
            Status::Archived => Self::Archived,
        }
    }
}

impl From<StatusName> for Status {
    fn from(name: StatusName) -> Self {
        match name {
            StatusName::Candidate => Self::Candidate,
            StatusName::Shadow => Self::Shadow,
            StatusName::Active => Self::Active,
            StatusName::Archived => Self::Archived,
        }
    }
}

/// A version of a model.
pub(super) struct Model(pub(super) ModelVersion);

#[Object]
impl Model {
    /// Its id.
    async fn id(&self) -> ID {
        ID::from(&self.0.id)
    }

    /// What the versions of one purpose share.
    async fn name(&self) -> &str {
        &self.0.what.name
    }

    /// Its number.
    async fn version(&self) -> &str {
        &self.0.version
    }

    /// What it is used for.
    async fn status(&self) -> StatusName {
        self.0.status.into()
    }

    /// The detector's card.
    async fn detector(&self) -> &str {
        &self.0.what.detector
    }

    /// What it takes, such as `flow`.
    async fn task(&self) -> &str {
        &self.0.what.task
    }

    /// Figures from held-out rows by name.
    async fn metrics(&self) -> Json<BTreeMap<String, f64>> {
        Json(model::ModelShape::from(&self.0).metrics)
    }

    /// Aliases that point to it.
    async fn aliases(&self) -> &[String] {
        &self.0.aliases
    }

    /// When it was registered.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it last became active.
    async fn deployed_at(&self) -> Option<DateTime> {
        self.0.deployed_at.map(DateTime)
    }

    /// SHA-256 of its file, in hexadecimal.
    async fn digest(&self) -> &str {
        &self.0.what.digest
    }

    /// The version that it was made from.
    async fn parent(&self) -> Option<&str> {
        self.0.what.parent.as_deref()
    }

    /// The job that made it.
    async fn job_id(&self) -> Option<&str> {
        self.0.what.job.as_deref()
    }

    /// Card, provenance, lineage, findings, as they were written when it was registered.
    #[graphql(complexity = 10)]
    async fn card(&self) -> Json<serde_json::Value> {
        Json(model::card(&self.0))
    }
}

/// What a deploy or a rollback did.
#[derive(SimpleObject)]
pub(super) struct Deployed {
    /// The name.
    name: String,
    /// The version that answers now.
    active_model_id: ID,
    /// The one that answered before.
    previous_model_id: Option<ID>,
}

impl From<records::Deployed> for Deployed {
    fn from(deployed: records::Deployed) -> Self {
        Self {
            name: deployed.name,
            active_model_id: deployed.active.into(),
            previous_model_id: deployed.previous.map(Into::into),
        }
    }
}
