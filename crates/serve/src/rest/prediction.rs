//! The JSON of an answer to one event.

use serde::Serialize;
use tripline_assess::explain::{Reason, RowExplanation};
use tripline_engine::service::Answer;
use utoipa::ToSchema;

/// The answer to one event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Prediction<'a> {
    /// Names this answer.
    #[schema(example = "pred-01k7x3m2q8")]
    pub(crate) prediction_id: &'a str,
    /// `attack` where the score reaches the model's threshold, else `normal`.
    #[schema(example = "attack")]
    pub(crate) prediction: &'static str,
    /// Calibrated probability of an attack, 0 to 1.
    #[schema(example = 0.985)]
    pub(crate) probability: f64,
    /// Whether it is an attack.
    pub(crate) threat_detected: bool,
    /// The attack's class, `attack` where the model tells none; null if it is no attack.
    #[schema(example = "reconnaissance")]
    pub(crate) threat_type: Option<&'a str>,
    /// The same as `probability`.
    #[schema(example = 0.985)]
    pub(crate) confidence: f64,
    /// Probability times the impact of the class, 0 to 100.
    #[schema(example = 59)]
    pub(crate) risk_score: u8,
    /// `info`, `low`, `medium`, `high`, `critical`: from the risk.
    #[schema(example = "medium")]
    pub(crate) severity: &'static str,
    /// The technique of MITRE ATT&CK that the class stands for.
    pub(crate) technique: Option<TechniqueShape>,
    /// What to do first.
    #[schema(
        example = "block the initiator at the edge; check which of the probed services answered"
    )]
    pub(crate) recommended_action: &'static str,
    /// Columns of the reasons, the one that says most first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) features_used: Vec<&'a str>,
    /// What speaks for or against an attack, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasons: Option<Vec<ReasonShape<'a>>>,
    /// What the score would be if no column were known; with reasons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) base_value: Option<f64>,
    /// The raw score.
    #[schema(example = 3.2)]
    pub(crate) score: f64,
    /// The raw score from which on it is an attack.
    #[schema(example = 0.4)]
    pub(crate) threshold: f64,
    /// The version that judged.
    #[schema(example = "unsw_nb15_detector_v1.0.0")]
    pub(crate) model_version: &'a str,
    /// Its name.
    #[schema(example = "unsw_nb15_detector")]
    pub(crate) model_name: &'a str,
    /// `control` or `treatment`, in an experiment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) arm: Option<&'static str>,
    /// The detection that is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "det-01k7x3m2q8")]
    pub(crate) detection_id: Option<&'a str>,
    /// Milliseconds to score, reasons included.
    #[schema(example = 0.012)]
    pub(crate) inference_time_ms: f64,
    /// Whether the answer is that of an equal record before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) cached: bool,
    /// Fields that no model knows; they had no effect.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) ignored_fields: usize,
    /// Columns that the record lacks, taken as missing because that was asked for.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub(crate) missing_columns: &'a [std::sync::Arc<str>],
    /// Columns with a category that no training row had.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub(crate) unseen_categories: &'a [std::sync::Arc<str>],
}

/// A technique of MITRE ATT&CK.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Technique)]
pub(crate) struct TechniqueShape {
    /// Its number.
    #[schema(example = "T1595")]
    pub(crate) id: &'static str,
    /// Its name.
    #[schema(example = "Active Scanning")]
    pub(crate) name: &'static str,
    /// The tactic that it serves.
    #[schema(example = "Reconnaissance")]
    pub(crate) tactic: &'static str,
}

/// What one column says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reason)]
pub(crate) struct ReasonShape<'a> {
    /// The column.
    #[schema(example = "sttl")]
    pub(crate) feature: &'a str,
    /// Its value, as a person reads it.
    #[schema(example = "254")]
    pub(crate) value: &'a str,
    /// What it adds to the score (SHAP value).
    #[schema(example = 1.8)]
    pub(crate) contribution: f64,
    /// One sentence.
    #[schema(example = "sttl is 254, benign rows have 31")]
    pub(crate) text: &'a str,
}

impl<'a> Prediction<'a> {
    /// Of an answer.
    pub(crate) fn of(answer: &'a Answer) -> Self {
        let explanation = answer.explanation.as_deref();
        let reasons = explanation.map(reasons);
        Self {
            prediction_id: &answer.id,
            prediction: word(answer.attack),
            probability: answer.probability,
            threat_detected: answer.attack,
            threat_type: answer.attack.then(|| answer.category.as_deref().unwrap_or("attack")),
            confidence: answer.probability,
            risk_score: answer.risk,
            severity: answer.severity.name(),
            technique: answer.technique.map(|technique| TechniqueShape {
                id: technique.id,
                name: technique.name,
                tactic: technique.tactic,
            }),
            recommended_action: answer.action,
            features_used: explanation
                .map(|all| all.reasons.iter().map(|reason| reason.feature.as_str()).collect())
                .unwrap_or_default(),
            reasons,
            base_value: explanation.map(|explanation| explanation.base),
            score: answer.score,
            threshold: answer.threshold,
            model_version: &answer.model.id,
            model_name: answer.model.name(),
            arm: answer.arm.map(|arm| arm.name()),
            detection_id: answer.detection.as_deref(),
            inference_time_ms: milliseconds(answer.inference),
            cached: answer.cached,
            ignored_fields: answer.ignored,
            missing_columns: &answer.filled,
            unseen_categories: &answer.unseen,
        }
    }
}

/// The reasons of an explanation.
pub(crate) fn reasons(explanation: &RowExplanation) -> Vec<ReasonShape<'_>> {
    explanation.reasons.iter().map(reason).collect()
}

fn reason(reason: &Reason) -> ReasonShape<'_> {
    ReasonShape {
        feature: &reason.feature,
        value: &reason.value,
        contribution: reason.effect,
        text: &reason.text,
    }
}

/// `attack` or `normal`.
pub(crate) fn word(attack: bool) -> &'static str {
    if attack { "attack" } else { "normal" }
}

/// Milliseconds, to the microsecond.
pub(crate) fn milliseconds(time: std::time::Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}
