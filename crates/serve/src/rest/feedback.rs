//! What analysts say of detections.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use tripline_store::records::{Feedback, Judgement};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::detection::FeedbackShape;
use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Answered, JsonOnce};
use crate::problem::{Problem, ProblemDocument};
use crate::routes::{Routes, Rule};

/// Bytes of a class.
pub(crate) const MAX_LABEL: usize = 128;
/// Bytes of a remark.
pub(crate) const MAX_COMMENT: usize = 4096;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Rule::PREDICT, routes!(add))
}

/// A judgement.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeedbackBody {
    /// The detection.
    #[schema(example = "det-01k7x3m2q8")]
    pub(crate) detection_id: String,
    /// What it is.
    pub(crate) verdict: JudgementName,
    /// The class that it should have had.
    #[serde(default)]
    #[schema(max_length = 128)]
    pub(crate) label: Option<String>,
    /// A remark.
    #[serde(default)]
    #[schema(max_length = 4096)]
    pub(crate) comment: Option<String>,
}

/// What a detection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JudgementName {
    /// An attack indeed.
    TruePositive,
    /// A false alarm.
    FalsePositive,
    /// Harmless, though what the model saw is there.
    Benign,
}

impl JudgementName {
    /// From its name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::TruePositive, Self::FalsePositive, Self::Benign]
            .into_iter()
            .find(|known| Judgement::from(*known).name() == name)
    }
}

impl From<JudgementName> for Judgement {
    fn from(name: JudgementName) -> Self {
        match name {
            JudgementName::TruePositive => Self::TruePositive,
            JudgementName::FalsePositive => Self::FalsePositive,
            JudgementName::Benign => Self::Benign,
        }
    }
}

/// Judge a detection
///
/// A later judgement of the same detection takes the place of the one before; both stay in the
/// audit trail.
#[utoipa::path(
    post, path = "/feedback", tag = "detections", request_body = FeedbackBody,
    params(("Idempotency-Key" = Option<String>, Header,
            description = "A token of the client's own, so that a repeated request creates nothing.")),
    responses(
        (status = 201, description = "It is kept.", body = FeedbackShape),
        (status = 404, description = "There is no such detection.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
        (status = 422, description = "A value that cannot be.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: JsonOnce<FeedbackBody>,
) -> Result<Response, Problem> {
    let JsonOnce { value, once } = body;
    let feedback = judged(value, &caller)?;
    let store = app.store().clone();
    once.run(&app, async move {
        store.add_feedback(&feedback, &caller.change()).await?;
        Answered::json(StatusCode::CREATED, &FeedbackShape::from(feedback))
    })
    .await
}

/// A judgement by a caller, checked.
pub(crate) fn judged(body: FeedbackBody, caller: &Caller) -> Result<Feedback, Problem> {
    if body.detection_id.is_empty() || body.detection_id.len() > 128 {
        return Err(Problem::invalid("detection_id", "must be the id of a detection"));
    }
    if body.label.as_ref().is_some_and(|label| label.is_empty() || label.len() > MAX_LABEL) {
        let message = format!("must have 1 to {MAX_LABEL} bytes");
        return Err(Problem::invalid("label", message));
    }
    if body.comment.as_ref().is_some_and(|comment| comment.len() > MAX_COMMENT) {
        let message = format!("must have at most {MAX_COMMENT} bytes");
        return Err(Problem::invalid("comment", message));
    }
    Ok(Feedback {
        id: id(),
        detection: body.detection_id,
        judgement: body.verdict.into(),
        label: body.label,
        comment: body.comment,
        actor: caller.actor().to_owned(),
        at: caller.at(),
    })
}

/// `fbk-` with 80 random bits.
fn id() -> String {
    let mut bytes = [0; 10];
    // A machine without randomness makes ids that may repeat, which the store refuses.
    let _ = getrandom::fill(&mut bytes);
    format!("fbk-{}", tripline_core::text::hexadecimal(bytes))
}
