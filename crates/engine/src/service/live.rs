//! One snapshot of all that answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tripline_store::records::{Experiment, RollbackRule};

use super::error::ServiceError;
use super::fields::Fields;
use super::row::Row;
use super::served::Served;

/// One snapshot of all that answers: a request takes it once, so it never sees half a change.
#[derive(Debug, Default)]
pub struct Live {
    pub(crate) tasks: BTreeMap<String, Arc<TaskModels>>,
    /// Versions by id: active ones, those of experiments, those in the shadow.
    pub(crate) served: BTreeMap<String, Arc<Served>>,
    /// Those of them that score in the shadow.
    pub(crate) shadows: Vec<Arc<Served>>,
    /// Id of the active version by name.
    pub(crate) active: BTreeMap<String, String>,
    pub(crate) aliases: BTreeMap<String, String>,
    /// By the id of the version that is the control.
    pub(crate) splits: BTreeMap<String, Split>,
    pub(crate) rules: Vec<RollbackRule>,
    /// Versions that are active or in the shadow and could not be loaded: id, reason.
    pub(crate) unloaded: Vec<(String, String)>,
    /// Those of them that may be loaded another time.
    pub(crate) may_pass: BTreeSet<String>,
    /// Rises with each change.
    pub(crate) generation: u64,
}

/// An experiment with the version that is tried.
#[derive(Debug, Clone)]
pub(crate) struct Split {
    pub(crate) experiment: Experiment,
    pub(crate) treatment: Arc<Served>,
}

/// What the models of one task share.
#[derive(Debug)]
pub struct TaskModels {
    /// `flow`, …
    pub task: String,
    /// The fields that its models know.
    pub fields: Fields,
    /// Active versions, in order of precedence.
    pub active: Vec<Arc<Served>>,
    /// For each version of the task, by id, the place of each of its columns.
    pub(crate) places: BTreeMap<String, Arc<[u16]>>,
}

impl Live {
    /// Names of the tasks that an active model takes.
    pub fn tasks(&self) -> impl Iterator<Item = &str> {
        self.tasks.keys().map(String::as_str)
    }

    /// The models of a task. Errors if no active model takes it.
    pub fn task(&self, task: &str) -> Result<&Arc<TaskModels>, ServiceError> {
        self.tasks.get(task).ok_or_else(|| ServiceError::NoTask {
            task: task.to_owned(),
            known: self.tasks().map(str::to_owned).collect(),
        })
    }

    /// An empty record of a task.
    pub fn row(self: &Arc<Self>, task: &str) -> Result<Row, ServiceError> {
        Row::new(self.clone(), task)
    }

    /// Active versions, by name.
    pub fn active(&self) -> impl Iterator<Item = &Arc<Served>> {
        self.active.values().filter_map(|id| self.served.get(id))
    }

    /// All versions that are loaded to answer or to score in the shadow, by id.
    pub fn served(&self) -> impl Iterator<Item = &Arc<Served>> {
        self.served.values()
    }

    /// The version of that id, the active one of that name, or that of that alias. Errors if it neither
    /// answers nor scores.
    pub fn find(&self, model: &str) -> Result<&Arc<Served>, ServiceError> {
        let id = self.active.get(model).or_else(|| self.aliases.get(model));
        let id = id.map_or(model, String::as_str);
        self.served.get(id).ok_or_else(|| ServiceError::NotServed {
            model: model.to_owned(),
            known: self.active.values().cloned().collect(),
        })
    }

    /// Experiments under way, by name.
    pub fn experiments(&self) -> impl Iterator<Item = &Experiment> {
        self.splits.values().map(|split| &split.experiment)
    }

    pub(crate) fn split(&self, control: &str) -> Option<&Split> {
        if self.splits.is_empty() {
            return None;
        }
        self.splits.get(control)
    }

    /// The shadow versions that score what a version answered: those of its name, and those of its
    /// task whose own name has no active version.
    pub(crate) fn shadows_of(&self, answered: &Served) -> Vec<Arc<Served>> {
        let beside = |served: &&Arc<Served>| {
            served.task() == answered.task()
                && (served.name() == answered.name() || !self.active.contains_key(served.name()))
        };
        self.shadows.iter().filter(beside).cloned().collect()
    }

    /// Rules by which the service rolls back, by name.
    pub fn rules(&self) -> impl Iterator<Item = &RollbackRule> {
        self.rules.iter()
    }

    /// Versions that ought to be here and could not be loaded: id, reason.
    pub fn unloaded(&self) -> &[(String, String)] {
        &self.unloaded
    }

    /// Rises with each change.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}
