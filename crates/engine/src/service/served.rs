//! A version that is loaded.

use std::sync::Arc;

use tripline_store::records::{ModelVersion, Status};

use super::counters::Counters;
use crate::model::Model;

/// A version that is loaded, to answer or to score in the shadow.
#[derive(Debug)]
pub struct Served {
    /// Its record, as it was when the snapshot was made.
    pub version: ModelVersion,
    /// Its id, shared with every answer.
    pub id: Arc<str>,
    /// The model.
    pub model: Arc<Model>,
    /// Class names, the first benign; empty for a model that tells attack from benign alone.
    pub categories: Arc<[Arc<str>]>,
    /// What was counted since it was loaded; goes on over changes of its status.
    pub counters: Arc<Counters>,
}

impl Served {
    pub(crate) fn new(version: ModelVersion, model: Arc<Model>) -> Self {
        let classes = model.classes().unwrap_or_default();
        let categories = classes.iter().map(|class| class.as_str().into()).collect();
        Self {
            id: version.id.as_str().into(),
            version,
            model,
            categories,
            counters: Arc::new(Counters::default()),
        }
    }

    /// The same under another record.
    pub(crate) fn with_version(&self, version: ModelVersion) -> Self {
        Self {
            version,
            id: self.id.clone(),
            model: self.model.clone(),
            categories: self.categories.clone(),
            counters: self.counters.clone(),
        }
    }

    /// The model name.
    pub fn name(&self) -> &str {
        &self.version.what.name
    }

    /// What it takes.
    pub fn task(&self) -> &str {
        &self.version.what.task
    }

    /// What it is used for.
    pub fn status(&self) -> Status {
        self.version.status
    }
}
