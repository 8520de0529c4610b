//! Detections and what is said of them.

use async_graphql::{Context, Enum, ID, InputObject, Json, Object, SimpleObject};
use tripline_core::verdict::Severity;
use tripline_store::records::{self, DetectionFilter, Judgement, Scope};

use super::error::{Result, app, error};
use super::model::Model;
use super::scalar::DateTime;

/// How much a detection asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "Severity")]
pub(super) enum SeverityName {
    /// No alert.
    Info,
    /// Risk under 40.
    Low,
    /// Risk from 40.
    Medium,
    /// Risk from 70.
    High,
    /// Risk from 90.
    Critical,
}

impl From<Severity> for SeverityName {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Info,
            Severity::Low => Self::Low,
            Severity::Medium => Self::Medium,
            Severity::High => Self::High,
            Severity::Critical => Self::Critical,
        }
    }
}

impl From<SeverityName> for Severity {
    fn from(name: SeverityName) -> Self {
        match name {
            SeverityName::Info => Self::Info,
            SeverityName::Low => Self::Low,
            SeverityName::Medium => Self::Medium,
            SeverityName::High => Self::High,
            SeverityName::Critical => Self::Critical,
        }
    }
}

/// An analyst's verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "Judgement")]
pub(super) enum JudgementName {
    /// An attack indeed.
    TruePositive,
    /// A false alarm.
    FalsePositive,
    /// Harmless, though what the model saw is there.
    Benign,
}

impl From<Judgement> for JudgementName {
    fn from(judgement: Judgement) -> Self {
        match judgement {
            Judgement::TruePositive => Self::TruePositive,
            Judgement::FalsePositive => Self::FalsePositive,
            Judgement::Benign => Self::Benign,
        }
    }
}

/// Which detections.
#[derive(Debug, Default, InputObject)]
#[graphql(name = "DetectionFilter")]
pub(super) struct DetectionFilterInput {
    /// From this time on.
    since: Option<DateTime>,
    /// Before this time.
    until: Option<DateTime>,
    /// At least this severe.
    severity: Option<SeverityName>,
    /// Of this class alone.
    threat_type: Option<String>,
    /// Of this task alone.
    task: Option<String>,
    /// About this entity alone.
    entity: Option<String>,
    /// By this version alone.
    model: Option<String>,
    /// Judged by an analyst, or not yet.
    judged: Option<bool>,
}

impl From<DetectionFilterInput> for DetectionFilter {
    fn from(input: DetectionFilterInput) -> Self {
        Self {
            since: input.since.map(|at| at.0),
            until: input.until.map(|at| at.0),
            severity: input.severity.map(Into::into),
            kind: input.threat_type,
            task: input.task,
            entity: input.entity,
            model_id: input.model,
            judged: input.judged,
        }
    }
}

/// A detection: an event whose score reached the threshold.
pub(super) struct Detection(pub(super) records::Detection);

#[Object]
impl Detection {
    /// Its id.
    async fn id(&self) -> ID {
        ID::from(&self.0.what.id)
    }

    /// When the event was judged.
    async fn timestamp(&self) -> DateTime {
        DateTime(self.0.what.at)
    }

    /// What was judged, such as `flow`.
    async fn task(&self) -> &str {
        &self.0.what.task
    }

    /// Whom or what it is about.
    async fn entity(&self) -> Option<&str> {
        self.0.what.entity.as_deref()
    }

    /// The attack's class where the model tells it, else `attack` or `anomaly`.
    async fn threat_type(&self) -> &str {
        &self.0.what.kind
    }

    /// From the risk.
    async fn severity(&self) -> SeverityName {
        self.0.what.severity.into()
    }

    /// Calibrated probability.
    async fn probability(&self) -> f64 {
        self.0.what.probability
    }

    /// Raw score.
    async fn score(&self) -> f64 {
        self.0.what.score
    }

    /// The raw score from which on it is a detection.
    async fn threshold(&self) -> f64 {
        self.0.what.threshold
    }

    /// Probability times impact, 0 to 100.
    async fn risk_score(&self) -> u8 {
        self.0.what.risk
    }

    /// What is recommended.
    async fn recommended_action(&self) -> &str {
        &self.0.what.action
    }

    /// Techniques of MITRE ATT&CK.
    async fn techniques(&self) -> &[String] {
        &self.0.what.techniques
    }

    /// Id of the version that judged.
    async fn model_version(&self) -> &str {
        &self.0.what.model_id
    }

    /// The version that judged; null once it was deleted.
    #[graphql(complexity = "5 + child_complexity")]
    async fn model(&self, context: &Context<'_>) -> Result<Option<Model>> {
        let app = app(context, Scope::Read)?;
        let found = app.store().version(&self.0.what.model_id).await.map_err(error)?;
        Ok(found.map(Model))
    }

    /// `control` or `treatment`, in an experiment.
    async fn arm(&self) -> Option<&str> {
        self.0.what.arm.as_deref()
    }

    /// Why: `base`, `output`, `unit`, `reasons`.
    async fn explanation(&self) -> Option<Json<serde_json::Value>> {
        serde_json::from_str(&self.0.what.reasons).ok().map(Json)
    }

    /// The event as it came.
    async fn event(&self) -> Option<Json<serde_json::Value>> {
        serde_json::from_str(&self.0.what.event).ok().map(Json)
    }

    /// What an analyst said last.
    async fn verdict(&self) -> Option<JudgementName> {
        self.0.judgement.map(Into::into)
    }

    /// Judgements, the newest first.
    #[graphql(complexity = "5 + 5 * child_complexity")]
    async fn feedback(&self, context: &Context<'_>) -> Result<Vec<Feedback>> {
        let app = app(context, Scope::Read)?;
        let all = app.store().feedback(&self.0.what.id).await.map_err(error)?;
        Ok(all.into_iter().map(Into::into).collect())
    }
}

/// A page of detections, the newest first.
#[derive(SimpleObject)]
pub(super) struct DetectionPage {
    /// The detections.
    pub(super) items: Vec<Detection>,
    /// `after` of the next page; null at the end.
    pub(super) next: Option<String>,
}

/// A judgement.
#[derive(SimpleObject)]
pub(super) struct Feedback {
    /// Its id.
    id: ID,
    /// The detection.
    detection_id: ID,
    /// What was said.
    verdict: JudgementName,
    /// The class that it should have had.
    label: Option<String>,
    /// A remark.
    comment: Option<String>,
    /// Who said it.
    actor: String,
    /// When.
    timestamp: DateTime,
}

impl From<records::Feedback> for Feedback {
    fn from(feedback: records::Feedback) -> Self {
        Self {
            id: feedback.id.into(),
            detection_id: feedback.detection.into(),
            verdict: feedback.judgement.into(),
            label: feedback.label,
            comment: feedback.comment,
            actor: feedback.actor,
            timestamp: DateTime(feedback.at),
        }
    }
}
