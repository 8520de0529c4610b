//! The detections among the rows of a batch.

use std::sync::Arc;

use serde_json::{Map, Value};
use tripline_assess::explain::{RowExplanation, explain_row_by};
use tripline_core::{Column, Rows};
use tripline_store::id;
use tripline_store::records::NewDetection;

use super::answer::BatchAnswer;
use super::error::ServiceError;
use super::event::{Ask, Batch, Reasons};
use super::record::{LONGEST, cut};
use super::served::Served;
use super::state::Service;
use crate::attribution::quick;
use crate::explain::ExplainSettings;

impl Service {
    /// Queues the detections among the rows: the first ones, or all of them part by part.
    pub(crate) fn record(
        &self,
        batch: &Batch<'_>,
        rows: &Rows,
        answer: &mut BatchAnswer,
        ask: &Ask<'_>,
    ) -> Result<(), ServiceError> {
        let most = self.recorder.capacity().min(BatchAnswer::MAX_DETECTIONS);
        let attacks: Vec<usize> =
            (0..answer.attack.len()).filter(|&row| answer.attack[row]).collect();
        let parts = if ask.durable { attacks.len().div_ceil(most) } else { 1 };
        for part in attacks.chunks(most).take(parts) {
            let explained = reasons(&answer.model, &rows.select(part), ask.reasons)?;
            let found = self.detections_of(batch, part, answer, &explained);
            answer.explanations.extend(part.iter().copied().zip(explained));
            let tickets = match ask.durable {
                true => self.recorder.push_patiently(&found)?,
                false => self.recorder.push(&found)?,
            };
            let Some(tickets) = tickets else { continue };
            answer.ticket = Some(answer.ticket.map_or(tickets, |first| first.until(tickets)));
            let ids = found.iter().map(|one| one.id.clone());
            answer.detections.extend(part.iter().copied().zip(ids));
            for one in found {
                // Nobody may be listening.
                let _ = self.detections.send(one);
            }
        }
        self.recorder.lost(attacks.len().saturating_sub(parts * most) as u64);
        Ok(())
    }

    /// The detections that these rows are.
    fn detections_of(
        &self,
        batch: &Batch<'_>,
        index: &[usize],
        answer: &BatchAnswer,
        explained: &[RowExplanation],
    ) -> Vec<Arc<NewDetection>> {
        let served = &answer.model;
        let at = self.clock().now();
        let found = index.iter().enumerate().map(|(number, &row)| {
            let judged = answer.judged(row);
            let entity = batch.entities.and_then(|entities| entities.get(row)?.as_deref());
            Arc::new(NewDetection {
                id: id::fresh("det", at),
                at,
                task: batch.task.to_owned(),
                entity: entity.map(str::to_owned),
                model_id: served.id.to_string(),
                arm: None,
                kind: judged.category.as_deref().unwrap_or_else(|| served.kind()).to_owned(),
                severity: judged.severity,
                probability: answer.probability[row],
                score: answer.score[row],
                threshold: served.model.decision().threshold,
                risk: judged.risk,
                action: judged.action.to_owned(),
                techniques: judged.technique.iter().map(|one| one.id.to_owned()).collect(),
                reasons: match explained.get(number) {
                    Some(told) => serde_json::to_string(told).unwrap_or_default(),
                    None => "null".to_owned(),
                },
                event: as_json(batch.rows, row),
                request: batch.request.map(str::to_owned),
            })
        });
        found.collect()
    }
}

/// The reasons of each row; none at all where they are not asked for.
fn reasons(
    served: &Served,
    rows: &Rows,
    asked: Reasons,
) -> Result<Vec<RowExplanation>, ServiceError> {
    let (limit, raising) = match asked {
        Reasons::None => return Ok(Vec::new()),
        Reasons::OverThreshold(limit) => (limit, true),
        Reasons::All(limit) => (limit, false),
    };
    let model = &served.model;
    // A model that is explained by its scores alone takes a thousandth of a second for each row.
    if limit == 0 || rows.is_empty() || model.detector().explain().is_none() {
        return Ok(Vec::new());
    }
    let explained = model.explain(rows, &ExplainSettings { kernel: quick(), ..<_>::default() })?;
    let told = (0..rows.len()).map(|row| {
        explain_row_by(
            &explained.folded,
            row,
            row,
            rows,
            Some(&explained.prepared),
            model.typical(),
            limit,
            |effect| !raising || effect > 0.0,
        )
    });
    Ok(told.collect())
}

/// A row of the batch as it came, as a flat JSON object.
fn as_json(rows: &Rows, row: usize) -> String {
    let mut object = Map::new();
    for (name, column) in rows.schema().names().zip(rows.columns()) {
        let value = match column {
            Column::Numeric(values) => Value::from(values[row]),
            Column::Category(category) => {
                category.value(row).map_or(Value::Null, |text| cut(text, LONGEST).into())
            }
        };
        object.insert(name.to_owned(), value);
    }
    Value::Object(object).to_string()
}
