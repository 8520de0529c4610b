//! The detection that an answer is.

use tripline_store::id;
use tripline_store::records::NewDetection;

use super::answer::Answer;
use super::event::Event;
use super::record::as_json;

/// Longest event that is kept as it came; of a longer one the columns that models know are kept.
/// Thousands may wait to be written.
const MAX_EVENT: usize = 8 << 10;

/// The detection that an answer is.
pub(crate) fn detection(answer: &Answer, event: &Event<'_>) -> NewDetection {
    let event_text = match event.text {
        Some(text) if text.len() <= MAX_EVENT => text.to_owned(),
        _ => as_json(event.row, event.at),
    };
    let kind = answer.category.as_deref().unwrap_or_else(|| answer.model.kind());
    NewDetection {
        id: id::fresh("det", answer.at),
        at: answer.at,
        task: event.row.task().to_owned(),
        entity: event.entity.map(str::to_owned),
        model_id: answer.model.id.to_string(),
        arm: answer.arm.map(|arm| arm.name().to_owned()),
        kind: kind.to_owned(),
        severity: answer.severity,
        probability: answer.probability,
        score: answer.score,
        threshold: answer.threshold,
        risk: answer.risk,
        action: answer.action.to_owned(),
        techniques: answer.technique.iter().map(|technique| technique.id.to_owned()).collect(),
        reasons: match &answer.explanation {
            Some(told) => serde_json::to_string(told.as_ref()).unwrap_or_default(),
            None => "null".to_owned(),
        },
        event: event_text,
        request: event.request.map(str::to_owned),
    }
}
