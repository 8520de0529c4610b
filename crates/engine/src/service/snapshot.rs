//! The database read into a snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use tripline_ingest::LAYOUTS;
use tripline_store::Timestamp;
use tripline_store::records::{ModelVersion, Status, VersionFilter};

use super::error::ServiceError;
use super::fields::Fields;
use super::live::{Live, Split, TaskModels};
use super::served::Served;
use super::state::Service;

impl Service {
    /// Reads what is active or in the shadow, loads what is not loaded yet, swaps the snapshot.
    ///
    /// `loaded` are versions that were loaded for the change at hand. A version that cannot be
    /// loaded is told in [`Live::unloaded`]; the others serve.
    pub(crate) async fn refresh(&self, loaded: &[Arc<Served>]) -> Result<(), ServiceError> {
        let old = self.live();
        let mut live = Live { generation: old.generation + 1, ..Live::default() };
        let all = self.store.versions(&VersionFilter::default()).await?;
        let mut first: BTreeMap<String, Timestamp> = BTreeMap::new();
        for version in &all {
            let at = first.entry(version.what.name.clone()).or_insert(version.created_at);
            *at = version.created_at.min(*at);
            for alias in &version.aliases {
                live.aliases.insert(alias.clone(), version.id.clone());
            }
        }
        let experiments = self.store.experiments().await?;
        live.rules = self.store.rollback_rules().await?;
        let tried = |id: &str| experiments.iter().any(|experiment| experiment.treatment == id);
        for version in all {
            let serves = matches!(version.status, Status::Active | Status::Shadow);
            if !serves && !tried(&version.id) {
                continue;
            }
            let id = version.id.clone();
            match self.served(&old, loaded, version).await {
                Ok(served) => {
                    if served.status() == Status::Active {
                        live.active.insert(served.name().to_owned(), id.clone());
                    }
                    live.served.insert(id, served);
                }
                Err(error) => {
                    tracing::error!(model = %id, %error, "a version could not be loaded");
                    live.unloaded.push((id, error.to_string()));
                }
            }
        }
        let shadows = live.served.values().filter(|served| served.status() == Status::Shadow);
        live.shadows = shadows.cloned().collect();
        for experiment in experiments {
            if let Some(treatment) = live.served.get(&experiment.treatment).cloned() {
                live.splits.insert(experiment.control.clone(), Split { experiment, treatment });
            }
        }
        live.tasks = tasks(&live, &self.settings.precedence, &first);
        self.keep(&old, &live);
        self.live.store(Arc::new(live));
        if let Some(cache) = &self.cache {
            cache.empty();
        }
        Ok(())
    }

    /// The version as it is loaded already, else loaded now.
    async fn served(
        &self,
        old: &Live,
        loaded: &[Arc<Served>],
        version: ModelVersion,
    ) -> Result<Arc<Served>, ServiceError> {
        let known = loaded.iter().find(|served| served.version.id == version.id).cloned();
        let known = known.or_else(|| old.served.get(&version.id).cloned());
        match known.or_else(|| self.standing_by(&version.id)) {
            // An id that was deleted may have come again with another file.
            Some(served) if served.version.what.digest == version.what.digest => {
                Ok(Arc::new(served.with_version(version)))
            }
            _ => self.load_version(&version).await,
        }
    }
}

/// The versions by task, with the places of their columns.
fn tasks(
    live: &Live,
    precedence: &[String],
    first: &BTreeMap<String, Timestamp>,
) -> BTreeMap<String, Arc<TaskModels>> {
    let mut tasks: BTreeMap<String, Vec<&Arc<Served>>> = BTreeMap::new();
    for served in live.served.values() {
        tasks.entry(served.task().to_owned()).or_default().push(served);
    }
    let mut made = BTreeMap::new();
    for (task, mut served) in tasks {
        // Names that are listed, then the others in the order in which they were first registered.
        let place = |served: &Served| {
            let listed = precedence.iter().position(|name| name == served.name());
            listed.unwrap_or(precedence.len())
        };
        served.sort_by_cached_key(|served| {
            (place(served), first.get(served.name()).copied(), served.version.id.clone())
        });
        let mut fields = Fields::default();
        let mut places = BTreeMap::new();
        for served in &served {
            let own: Option<Vec<u16>> =
                served.input.names().map(|name| fields.place(name)).collect();
            if let Some(own) = own {
                places.insert(served.version.id.clone(), own.into());
            }
        }
        for layout in LAYOUTS {
            fields.also(layout.renames);
            let label = &layout.label;
            fields.quiet(layout.never.iter().map(|(column, _)| *column));
            fields.quiet(label.families.iter().chain(label.binary).copied());
        }
        let active: Vec<Arc<Served>> = served
            .into_iter()
            .filter(|served| served.status() == Status::Active)
            .filter(|served| places.contains_key(&served.version.id))
            .cloned()
            .collect();
        if !active.is_empty() {
            let models = TaskModels { task: task.clone(), fields, active, places };
            made.insert(task, Arc::new(models));
        }
    }
    made
}
