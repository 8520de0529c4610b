//! What a batch tells of each record.

use std::sync::Arc;

use serde::Serialize;
use tripline_assess::explain::RowExplanation;
use tripline_core::verdict::Severity;
use tripline_engine::service::Answer;
use utoipa::ToSchema;

use super::super::prediction::{ReasonShape, reasons, word};
use crate::problem::{FieldError, Problem};

/// What is told of one record that was judged.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) attack: bool,
    pub(crate) probability: f64,
    pub(crate) score: f64,
    pub(crate) category: Option<Arc<str>>,
    pub(crate) risk: u8,
    pub(crate) severity: Severity,
    pub(crate) detection: Option<String>,
    pub(crate) model: Arc<str>,
    /// Why, if that was asked.
    pub(crate) explanation: Option<Arc<RowExplanation>>,
    /// The whole answer, of a record that was judged by itself.
    pub(crate) answer: Option<Box<Answer>>,
}

impl Judged {
    /// Of one answer.
    pub(crate) fn of(answer: Answer) -> Self {
        Self {
            attack: answer.attack,
            probability: answer.probability,
            score: answer.score,
            category: answer.category.clone(),
            risk: answer.risk,
            severity: answer.severity,
            detection: answer.detection.clone(),
            model: answer.model.id.clone(),
            explanation: answer.explanation.clone(),
            answer: Some(Box::new(answer)),
        }
    }

    /// The attack's class; none for what is no attack.
    pub(crate) fn threat(&self) -> Option<&str> {
        self.attack.then(|| self.category.as_deref().unwrap_or("attack"))
    }
}

/// One record of a batch.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Its line, from 1; of an array or a table its place, from 0.
    pub(crate) number: u64,
    pub(crate) judged: Result<Judged, Problem>,
}

/// What a batch tells of one record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchPrediction<'a> {
    /// Place in the array, from 0; of NDJSON there is `line` instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) index: Option<u64>,
    /// Line of the body, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u64>,
    /// `attack` or `normal`; there is `error` instead where the record could not be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "attack")]
    pub(crate) prediction: Option<&'static str>,
    /// Calibrated probability of an attack, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 0.985)]
    pub(crate) probability: Option<f64>,
    /// Raw score.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 3.2)]
    pub(crate) score: Option<f64>,
    /// The attack's class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) threat_type: Option<&'a str>,
    /// Probability times impact, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) risk_score: Option<u8>,
    /// From the risk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) severity: Option<&'static str>,
    /// The detection that is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detection_id: Option<&'a str>,
    /// Reasons, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasons: Option<Vec<ReasonShape<'a>>>,
    /// Why the record could not be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<BatchError<'a>>,
}

/// Why a record could not be judged.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchError<'a> {
    /// In words, with the way out.
    pub(crate) detail: &'a str,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) errors: &'a [FieldError],
}

impl Outcome {
    /// As JSON tells it.
    pub(crate) fn shape(&self, lines: bool) -> BatchPrediction<'_> {
        let judged = self.judged.as_ref().ok();
        BatchPrediction {
            index: (!lines).then_some(self.number),
            line: lines.then_some(self.number),
            prediction: judged.map(|judged| word(judged.attack)),
            probability: judged.map(|judged| judged.probability),
            score: judged.map(|judged| judged.score),
            threat_type: judged.and_then(Judged::threat),
            risk_score: judged.map(|judged| judged.risk),
            severity: judged.map(|judged| judged.severity.name()),
            detection_id: judged.and_then(|judged| judged.detection.as_deref()),
            reasons: judged.and_then(|judged| judged.explanation.as_deref()).map(reasons),
            error: self
                .judged
                .as_ref()
                .err()
                .map(|problem| BatchError { detail: &problem.detail, errors: &problem.errors }),
        }
    }
}

/// What a batch came to.
#[derive(Debug, Default, Clone, Serialize, ToSchema)]
pub(crate) struct BatchSummary {
    /// Records judged.
    #[schema(example = 1000)]
    pub(crate) rows: u64,
    /// Of these, attacks.
    #[schema(example = 12)]
    pub(crate) attacks: u64,
    /// Attacks of which no detection is stored, because there were too many at once; none with
    /// `durable=true`.
    #[schema(example = 0)]
    pub(crate) not_stored: u64,
    /// Records that could not be judged.
    #[schema(example = 0)]
    pub(crate) errors: u64,
    /// The versions that judged.
    #[schema(value_type = Vec<String>, example = json!(["unsw_nb15_detector_v1.0.0"]))]
    pub(crate) model_versions: Vec<Arc<str>>,
    /// Milliseconds of scoring, reading and writing left out.
    #[schema(example = 3.1)]
    pub(crate) inference_time_ms: f64,
    /// Why the rest of the body was not read, if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended_by: Option<String>,
}

impl BatchSummary {
    /// Counts some records.
    pub(crate) fn count(&mut self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            match &outcome.judged {
                Ok(judged) => {
                    self.rows += 1;
                    self.attacks += u64::from(judged.attack);
                    self.not_stored += u64::from(judged.attack && judged.detection.is_none());
                    if !self.model_versions.contains(&judged.model) {
                        self.model_versions.push(judged.model.clone());
                    }
                }
                Err(_) => self.errors += 1,
            }
        }
    }
}
