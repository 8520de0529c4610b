//! One event judged.

use std::sync::Arc;
use std::time::Instant;

use sha2::{Digest, Sha256};
use tripline_assess::explain::{RowExplanation, explain_row_by};
use tripline_core::{Frame, Rows, ScoreError};
use tripline_features::MissingColumns;
use tripline_store::id;

use super::answer::{Answer, Arm};
use super::cache::{Key, Outcome};
use super::detected::detection;
use super::error::ServiceError;
use super::event::{Ask, Event, Reasons};
use super::record::{Record, lacking, missing_columns, record};
use super::row::Row;
use super::served::Served;
use super::shadow::ShadowEvent;
use super::state::Service;
use crate::attribution::{AttributionMethod, quick};
use crate::error::EngineError;
use crate::explain::ExplainSettings;
use crate::model::Model;

/// Longest entity.
const MAX_ENTITY: usize = 256;

/// Why a row scores as it does.
pub(crate) type Explanation = (Arc<RowExplanation>, AttributionMethod);

impl Service {
    /// Judges an event. Takes microseconds of the processor, waits for nothing.
    pub fn predict(&self, event: &Event<'_>, ask: &Ask<'_>) -> Result<Answer, ServiceError> {
        let started = Instant::now();
        if let Some(entity) = event.entity
            && entity.len() > MAX_ENTITY
        {
            return Err(ServiceError::Field {
                field: "entity".to_owned(),
                expected: "at most 256 bytes",
                got: entity.len().to_string(),
            });
        }
        let (served, arm) = chosen(event, ask)?;
        let judged = self.judge(event.row, &served, ask);
        let counters = served.arms.of(arm);
        let (outcome, cached) = match judged {
            Ok(judged) => judged,
            Err(error) => {
                if ask.record && !error.is_of_the_record() {
                    counters.failed();
                }
                return Err(error);
            }
        };
        let inference = started.elapsed();
        let model = &served.model;
        let class = outcome.class.map(|class| class as usize);
        let judged = served.categories.judged(outcome.attack, outcome.probability, class);
        let at = self.clock().now();
        let mut answer = Answer {
            id: id::fresh("pred", at),
            detection: None,
            at,
            attack: outcome.attack,
            category: judged.category,
            probability: outcome.probability,
            score: outcome.score,
            threshold: model.decision().threshold,
            risk: judged.risk,
            severity: judged.severity,
            technique: judged.technique,
            action: judged.action,
            explanation: outcome.explanation.as_ref().map(|(told, _)| told.clone()),
            method: outcome.explanation.as_ref().map(|(_, method)| *method),
            model: served.clone(),
            arm,
            cached,
            ignored: event.row.ignored(),
            filled: outcome.filled.clone(),
            unseen: outcome.unseen.clone(),
            inference,
            ticket: None,
            lost: false,
        };
        if ask.record {
            if answer.attack {
                let detection = Arc::new(detection(&answer, event));
                answer.ticket = self.recorder.push(std::slice::from_ref(&detection))?;
                answer.lost = answer.ticket.is_none();
                if answer.ticket.is_some() {
                    answer.detection = Some(detection.id.clone());
                    // Nobody may be listening.
                    let _ = self.detections.send(detection);
                }
            }
            counters.answered(answer.attack, inference);
            self.shadow(event.row, &answer);
        }
        Ok(answer)
    }

    fn judge(
        &self,
        row: &Row,
        served: &Arc<Served>,
        ask: &Ask<'_>,
    ) -> Result<(Arc<Outcome>, bool), ServiceError> {
        let Some(cache) = self.cache.as_ref().filter(|_| ask.cached) else {
            return Ok((Arc::new(outcome(row, served, ask)?), false));
        };
        let key = Key::of(row, served, ask);
        if let Some(outcome) = cache.get(&key) {
            return Ok((outcome, true));
        }
        let outcome = Arc::new(outcome(row, served, ask)?);
        cache.put(key, outcome.clone());
        Ok((outcome, false))
    }

    /// Hands the event to the shadow versions, if there are any.
    fn shadow(&self, row: &Row, answer: &Answer) {
        let shadows = row.live().shadows_of(&answer.model);
        if shadows.is_empty() {
            return;
        }
        self.shadows.push(ShadowEvent {
            row: row.clone(),
            shadows,
            at: answer.at,
            prediction: answer.id.clone(),
            active: answer.model.id.clone(),
            probability: answer.probability,
            alert: answer.attack,
        });
    }
}

/// The version that judges, with its arm.
fn chosen(event: &Event<'_>, ask: &Ask<'_>) -> Result<(Arc<Served>, Option<Arm>), ServiceError> {
    let row = event.row;
    let live = row.live();
    let served = match ask.model {
        Some(model) => {
            let served = live.find(model)?;
            if served.task() != row.task() {
                return Err(ServiceError::OtherTask {
                    model: model.to_owned(),
                    takes: served.task().to_owned(),
                    task: row.task().to_owned(),
                });
            }
            // Who asks for a version gets that one, whatever is tried on its name.
            if served.version.id == model {
                return Ok((served.clone(), None));
            }
            served
        }
        None => first_that_fits(row, ask.missing_columns)?,
    };
    let Some(split) = live.split(&served.id) else { return Ok((served.clone(), None)) };
    let treated = match event.entity {
        Some(entity) => treated(&split.experiment.salt, entity.as_bytes(), split.experiment.share),
        None => {
            let mut own = Vec::with_capacity(512);
            row.columns_key(row.models().places.get(&*served.id), &mut own);
            treated(&split.experiment.salt, &own, split.experiment.share)
        }
    };
    Ok(match treated {
        true => (split.treatment.clone(), Some(Arm::Treatment)),
        false => (served.clone(), Some(Arm::Control)),
    })
}

/// The first active version, in order of precedence, whose columns the record has. If missing ones
/// may be filled: else the one that lacks the smallest share, but not all.
fn first_that_fits(row: &Row, missing: MissingColumns) -> Result<&Arc<Served>, ServiceError> {
    let models = row.models();
    let mut nearest: Option<(usize, &Arc<Served>, &[u16])> = None;
    for served in &models.active {
        let Some(places) = models.places.get(&*served.id) else { continue };
        let lacking = lacking(row, places);
        if lacking == 0 {
            return Ok(served);
        }
        // By share: a model of few columns lacks few of them whatever the record is.
        let closer =
            |(fewest, _, of): (usize, _, &[u16])| lacking * of.len() < fewest * places.len();
        if nearest.is_none_or(closer) {
            nearest = Some((lacking, served, places));
        }
    }
    match nearest {
        Some((lacking, served, places))
            if missing == MissingColumns::Fill && lacking < places.len() =>
        {
            Ok(served)
        }
        Some((_, served, places)) => Err(missing_columns(row, served, places)),
        None => Err(ServiceError::NoTask {
            task: row.task().to_owned(),
            known: row.live().tasks().map(str::to_owned).collect(),
        }),
    }
}

/// Whether an entity is in the share that is treated: the first 64 bits of SHA-256 of the salt, a
/// zero byte and the entity, as a part of 2^64.
pub(crate) fn treated(salt: &str, entity: &[u8], share: f64) -> bool {
    let mut hash = Sha256::new();
    hash.update(salt.as_bytes());
    hash.update([0]);
    hash.update(entity);
    let digest = hash.finalize();
    let first = digest.iter().take(8).fold(0_u64, |bits, &byte| bits << 8 | u64::from(byte));
    // 2^64 as a number.
    (first as f64) < share * 18_446_744_073_709_551_616.0
}

/// What a version says of a record.
pub(crate) fn outcome(row: &Row, served: &Served, ask: &Ask<'_>) -> Result<Outcome, ServiceError> {
    let places = row.models().places.get(&*served.id).ok_or_else(|| ServiceError::Internal {
        reason: format!("`{}` is not in the snapshot of the record", served.id),
    })?;
    let Record { rows, filled, unseen } = record(row, served, places, ask.missing_columns)?;
    let model = &served.model;
    let (prepared, report) = model.prepare(&rows).map_err(of_the_record)?;
    let frame = Frame::from(prepared);
    let verdicts = model.score_prepared(&frame, report).map_err(of_the_record)?;
    let attack = verdicts.alert.first().copied().unwrap_or_default();
    let explanation = match ask.reasons {
        Reasons::None | Reasons::OverThreshold(0) | Reasons::All(0) => None,
        Reasons::OverThreshold(_) if !attack => None,
        Reasons::OverThreshold(limit) => explained(model, &rows, &frame, limit, true)?,
        Reasons::All(limit) => explained(model, &rows, &frame, limit, false)?,
    };
    Ok(Outcome {
        score: verdicts.raw.first().copied().unwrap_or_default(),
        probability: verdicts.probability.first().copied().unwrap_or_default(),
        attack,
        class: verdicts.class.and_then(|class| class.first().copied()),
        explanation,
        filled,
        unseen,
    })
}

/// The reasons of one row; none for a model that cannot be explained.
fn explained(
    model: &Model,
    rows: &Rows,
    frame: &Frame,
    limit: usize,
    raising: bool,
) -> Result<Option<Explanation>, ServiceError> {
    let how = ExplainSettings { kernel: quick(), ..ExplainSettings::default() };
    let attributed = match model.detector().explain() {
        Some(_) => model.by_parts(frame, &how),
        None if model.background().is_none() => return Ok(None),
        None => model.attributed(rows, &how),
    };
    let attributed = attributed.map_err(of_the_record)?;
    let folded = model.fold(attributed.attributions, attributed.method)?;
    let prepared = match frame {
        Frame::Rows(rows) => Some(rows),
        _ => None,
    };
    let told = explain_row_by(&folded, 0, 0, rows, prepared, model.typical(), limit, |effect| {
        !raising || effect > 0.0
    });
    Ok(Some((Arc::new(told), attributed.method)))
}

/// A value that the model does not take is the record's fault, not the model's.
fn of_the_record(error: EngineError) -> ServiceError {
    match error {
        EngineError::Score { source: ScoreError::Missing { column, .. }, .. } => {
            ServiceError::Field {
                field: column,
                expected: "a finite number: this model takes no missing value",
                got: "none".to_owned(),
            }
        }
        error => error.into(),
    }
}
