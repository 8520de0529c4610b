//! What is answered to an event.

use std::sync::Arc;
use std::time::Duration;

use tripline_assess::explain::RowExplanation;
use tripline_core::verdict::{Severity, Technique};
use tripline_features::PrepareReport;
use tripline_store::Timestamp;

use super::recorder::Tickets;
use super::served::Served;
use crate::attribution::AttributionMethod;
use crate::traffic::Judged;

/// What is answered to one event.
#[derive(Debug, Clone)]
pub struct Answer {
    /// `pred-…`.
    pub id: String,
    /// The detection that is stored, if it is one: `det-…`.
    pub detection: Option<String>,
    /// When it was judged.
    pub at: Timestamp,
    /// Over the threshold.
    pub attack: bool,
    /// The attack's class, for a model that tells classes apart.
    pub category: Option<Arc<str>>,
    /// Calibrated probability of an attack.
    pub probability: f64,
    /// Raw score.
    pub score: f64,
    /// The raw score from which on it is an attack.
    pub threshold: f64,
    /// Probability times impact, 0 to 100.
    pub risk: u8,
    /// From the risk.
    pub severity: Severity,
    /// The technique that the class stands for.
    pub technique: Option<Technique>,
    /// What is recommended.
    pub action: &'static str,
    /// Why, if asked; its reasons are as many as were asked for.
    pub explanation: Option<Arc<RowExplanation>>,
    /// How the reasons were found.
    pub method: Option<AttributionMethod>,
    /// The version that judged.
    pub model: Arc<Served>,
    /// Its arm, in an experiment.
    pub arm: Option<Arm>,
    /// Whether it comes from the cache.
    pub cached: bool,
    /// Fields of the event that the model does not know.
    pub ignored: usize,
    /// Columns of the model that were taken as missing because the event lacks them.
    pub filled: Vec<Arc<str>>,
    /// Columns whose value is of no training row.
    pub unseen: Vec<Arc<str>>,
    /// Time to score, reasons included.
    pub inference: Duration,
    /// Its place in the order in which detections are written.
    pub(crate) ticket: Option<Tickets>,
    /// It is a detection that was dropped, because too many waited.
    pub(crate) lost: bool,
}

/// What is answered to many events: vectors of one length.
#[derive(Debug, Clone)]
pub struct BatchAnswer {
    /// The version that judged; `arm` splits do not apply to batches.
    pub model: Arc<Served>,
    /// Raw scores.
    pub score: Vec<f64>,
    /// Calibrated probabilities.
    pub probability: Vec<f64>,
    /// Over the threshold.
    pub attack: Vec<bool>,
    /// Index into the names of [`Served::categories`], for a model that tells classes apart.
    pub class: Option<Vec<u32>>,
    /// Detections that are stored: row, id. The first [`BatchAnswer::MAX_DETECTIONS`] of a batch.
    pub detections: Vec<(usize, String)>,
    /// Why, if asked: row, explanation, of the same rows as `detections`; none for a model that is
    /// explained by its scores alone.
    pub explanations: Vec<(usize, RowExplanation)>,
    /// Rows over the threshold that are not stored, because there were too many of them or too many
    /// waited.
    pub not_stored: u64,
    /// What preparing had to handle.
    pub report: PrepareReport,
    /// Time to score.
    pub inference: Duration,
    pub(crate) ticket: Option<Tickets>,
}

impl BatchAnswer {
    /// Detections of one batch that are stored, unless it asks for all.
    pub const MAX_DETECTIONS: usize = 1000;

    /// What follows from the score of a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn judged(&self, row: usize) -> Judged {
        let class = self.class.as_ref().map(|class| class[row] as usize);
        self.model.categories.judged(self.attack[row], self.probability[row], class)
    }
}

/// An arm of an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arm {
    /// The active version.
    Control,
    /// The version that is tried.
    Treatment,
}

impl Arm {
    /// The name in the store and in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Treatment => "treatment",
        }
    }
}
