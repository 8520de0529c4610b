//! A version that is loaded.

use std::collections::HashMap;
use std::sync::Arc;

use tripline_core::{FieldKind, Schema, Supervision};
use tripline_store::records::{ModelVersion, Status};

use super::answer::Arm;
use super::canaries::Pace;
use super::counters::{Counters, Counts};
use crate::model::Model;
use crate::traffic::Categories;

/// The card of models that run in a process of their own, which may keep one waiting.
const APART: &str = "onnx_model";

/// What a version did, apart by what it did it as.
#[derive(Debug, Default)]
pub(crate) struct ArmCounters {
    pub(crate) plain: Counters,
    pub(crate) control: Counters,
    pub(crate) treatment: Counters,
    pub(crate) shadow: Counters,
}

impl ArmCounters {
    pub(crate) fn of(&self, arm: Option<Arm>) -> &Counters {
        match arm {
            None => &self.plain,
            Some(Arm::Control) => &self.control,
            Some(Arm::Treatment) => &self.treatment,
        }
    }

    fn answered(&self) -> Counts {
        let arms = [&self.plain, &self.control, &self.treatment];
        arms.iter().fold(Counts::default(), |sum, arm| sum.plus(&arm.counts()))
    }

    /// With the names that tallies have.
    pub(crate) fn each(&self) -> [(&'static str, &Counters); 4] {
        [
            ("", &self.plain),
            (Arm::Control.name(), &self.control),
            (Arm::Treatment.name(), &self.treatment),
            ("shadow", &self.shadow),
        ]
    }
}

/// What a loaded version counts, without the version.
#[derive(Debug, Clone)]
pub struct ServedTally(Arc<ArmCounters>);

impl ServedTally {
    /// As [`Served::counts`].
    pub fn counts(&self) -> Counts {
        self.0.answered()
    }

    /// Whether both are of one loaded version.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether the version is gone, so that nothing is counted any more.
    pub fn is_final(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

/// A version that is loaded, to answer or to score in the shadow.
#[derive(Debug)]
pub struct Served {
    /// Its record, as it was when the snapshot was made.
    pub version: ModelVersion,
    /// Its id, shared with every answer.
    pub id: Arc<str>,
    /// The model.
    pub model: Arc<Model>,
    /// Class names with what follows from each.
    pub categories: Categories,
    pub(crate) pace: Pace,
    /// It waits for a process of its own.
    pub(crate) waits: bool,
    pub(crate) arms: Arc<ArmCounters>,
    /// The columns that it needs, with the categories of training rows.
    pub(crate) input: Arc<Schema>,
    /// Codes of the categories of each column; empty for numbers.
    pub(crate) codes: Arc<Vec<HashMap<Box<str>, u32>>>,
}

impl Served {
    pub(crate) fn new(version: ModelVersion, model: Arc<Model>, pace: Pace) -> Self {
        let codes = model.input().fields().iter().map(|field| match &field.kind {
            FieldKind::Numeric => HashMap::new(),
            FieldKind::Category(values) => (0..)
                .zip(values.iter())
                .map(|(code, value)| (value.as_str().into(), code))
                .collect(),
        });
        Self {
            id: version.id.as_str().into(),
            version,
            categories: Categories::of(&model),
            pace,
            waits: model.card().id == APART,
            arms: Arc::default(),
            input: Arc::new(model.input().clone()),
            codes: Arc::new(codes.collect()),
            model,
        }
    }

    /// The same under another record.
    pub(crate) fn with_version(&self, version: ModelVersion) -> Self {
        Self {
            version,
            id: self.id.clone(),
            model: self.model.clone(),
            categories: self.categories.clone(),
            pace: self.pace,
            waits: self.waits,
            arms: self.arms.clone(),
            input: self.input.clone(),
            codes: self.codes.clone(),
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

    /// The columns that it needs, with the categories of training rows.
    pub fn input(&self) -> &Schema {
        &self.input
    }

    /// What it answered since it was loaded; goes on over changes of its status.
    pub fn counts(&self) -> Counts {
        self.arms.answered()
    }

    /// What it scored in the shadow since it was loaded.
    pub fn shadow_counts(&self) -> Counts {
        self.arms.shadow.counts()
    }

    /// What it counts, in a form that outlives it.
    pub fn tally(&self) -> ServedTally {
        ServedTally(self.arms.clone())
    }

    /// What an event over the threshold is called where the model tells no classes apart.
    pub(crate) fn kind(&self) -> &'static str {
        match self.model.card().supervision {
            Supervision::Benign => "anomaly",
            _ => "attack",
        }
    }
}
