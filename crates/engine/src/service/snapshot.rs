//! The database read into a snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use tripline_ingest::LAYOUTS;
use tripline_store::Timestamp;
use tripline_store::records::{ModelVersion, Status, VersionFilter};

use super::error::ServiceError;
use super::fields::Fields;
use super::live::{Live, Split, TaskModels};
use super::loading::may_pass;
use super::served::Served;
use super::state::{Service, locked};

impl Service {
    /// Reads what is active or in the shadow, swaps the snapshot.
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
        let mut substitutes = Vec::new();
        for version in all {
            let serves = matches!(version.status, Status::Active | Status::Shadow);
            if !serves && !tried(&version.id) {
                continue;
            }
            let (id, active) = (version.id.clone(), version.status == Status::Active);
            let name = version.what.name.clone();
            match self.served(&old, loaded, version).await {
                Ok(served) => {
                    if active {
                        live.active.insert(name, id.clone());
                    }
                    live.served.insert(id, served);
                }
                Err(Unloaded { reason, may_pass }) => {
                    if active {
                        substitutes.extend(self.substitute(&id).map(|served| (name, served)));
                    }
                    if may_pass {
                        live.may_pass.insert(id.clone());
                    }
                    live.unloaded.push((id, reason));
                }
            }
        }
        for (name, served) in substitutes {
            live.active.insert(name, served.version.id.clone());
            live.served.insert(served.version.id.clone(), served);
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
        let counted = live.served.values().map(|served| (served.id.clone(), served.arms.clone()));
        locked(&self.counted).extend(counted);
        self.live.store(Arc::new(live));
        if let Some(cache) = &self.cache {
            cache.empty();
        }
        Ok(())
    }

    /// The version as it is loaded already, else loaded now. One that could not be loaded before is
    /// not tried again here, where other changes wait.
    async fn served(
        &self,
        old: &Live,
        loaded: &[Arc<Served>],
        version: ModelVersion,
    ) -> Result<Arc<Served>, Unloaded> {
        let digest = &version.what.digest;
        let known = loaded.iter().find(|served| {
            served.version.id == version.id && served.version.what.digest == *digest
        });
        if let Some(served) = known.cloned().or_else(|| self.at_hand(old, &version)) {
            return Ok(Arc::new(served.with_version(version)));
        }
        if let Some((id, reason)) = old.unloaded.iter().find(|(id, _)| *id == version.id) {
            return Err(Unloaded { reason: reason.clone(), may_pass: old.may_pass.contains(id) });
        }
        self.load_version(&version).await.map_err(|error| {
            tracing::error!(model = version.id, %error, "a version could not be loaded");
            Unloaded { reason: error.to_string(), may_pass: may_pass(&error) }
        })
    }

    /// What answers in place of an active version that could not be loaded when the service
    /// started.
    fn substitute(&self, id: &str) -> Option<Arc<Served>> {
        let substitute = locked(&self.substitutes).get(id).cloned()?;
        let version = ModelVersion { status: Status::Active, ..substitute.version.clone() };
        Some(Arc::new(substitute.with_version(version)))
    }

    /// Tries again to load what could not be loaded for a reason that may pass.
    pub(crate) async fn load_again(&self) {
        for id in self.live().may_pass.clone() {
            if let Err(error) = self.load_one_again(&id).await {
                tracing::warn!(model = id, %error, "a version still cannot be loaded");
            }
        }
    }

    async fn load_one_again(&self, id: &str) -> Result<(), ServiceError> {
        let Some(version) = self.store.version(id).await? else { return Ok(()) };
        let served = self.load_version(&version).await?;
        let _order = self.in_order().await?;
        self.still(&version).await?;
        self.refresh_surely(&[served]).await?;
        tracing::info!(model = id, "a version could be loaded");
        Ok(())
    }
}

/// Why a version is not loaded.
#[derive(Debug)]
struct Unloaded {
    reason: String,
    may_pass: bool,
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
