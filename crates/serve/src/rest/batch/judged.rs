//! Chunks of a batch to answers, on all cores.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::builder::{StringBuilder, StringDictionaryBuilder, UInt8Builder};
use arrow_array::types::Int8Type;
use arrow_array::{ArrayRef, Float64Array, RecordBatch, UInt64Array, new_null_array};
use arrow_schema::{ArrowError, DataType};
use rayon::prelude::*;
use tripline_engine::service::{self, BatchAnswer, Live, Served};
use tripline_features::MissingColumns;

use super::super::ask::Asked;
use super::super::judge;
use super::super::prediction::word;
use super::arrow::{self, ColumnError};
use super::outcome::{BatchSummary, Judged, Outcome};
use super::source::Chunk;
use super::split::{Item, TooLong};
use super::write;
use crate::app::App;
use crate::problem::{Kind, Problem};

/// What all chunks of a batch share. The snapshot is taken once: one model judges the whole batch.
pub(crate) struct Batch {
    pub(crate) app: Arc<App>,
    pub(crate) asked: Asked,
    live: Arc<Live>,
    request: Box<str>,
}

/// A chunk that was judged.
pub(crate) enum Part {
    /// Record by record.
    Records {
        outcomes: Vec<Outcome>,
        /// Seconds of scoring, over all cores.
        seconds: f64,
    },
    /// By columns.
    Table(BatchAnswer),
}

impl Batch {
    pub(crate) fn new(app: Arc<App>, asked: Asked, request: &str) -> Self {
        let live = app.service().live();
        Self { app, asked, live, request: request.into() }
    }

    /// Judges a chunk; to be called where blocking is allowed.
    pub(crate) fn judge(&self, chunk: Chunk, first_row: u64) -> Result<Part, Problem> {
        match chunk {
            Chunk::Records(items) => {
                let judged: Vec<_> = items.into_par_iter().map(|item| self.record(item)).collect();
                let seconds = judged.iter().map(|(_, time)| time.as_secs_f64()).sum();
                let outcomes = judged.into_iter().map(|(outcome, _)| outcome).collect();
                Ok(Part::Records { outcomes, seconds })
            }
            Chunk::Table(batch) => self.table(&batch, first_row).map(Part::Table),
        }
    }

    /// Waits until the detections of these records are on disk, if that was asked for.
    pub(crate) async fn wait(&self, outcomes: &[Outcome]) -> Result<(), Problem> {
        if !self.asked.durable {
            return Ok(());
        }
        for outcome in outcomes {
            if let Ok(Judged { answer: Some(answer), .. }) = &outcome.judged {
                self.app.service().stored(answer).await?;
            }
        }
        Ok(())
    }

    fn record(&self, item: Item) -> (Outcome, Duration) {
        let number = item.number;
        let judged = match item.bytes {
            Ok(bytes) => judge::judge(
                self.app.service(),
                &self.live,
                "flow",
                &bytes,
                &self.asked.ask(),
                &self.request,
            ),
            Err(TooLong) => Err(Problem::new(Kind::TooLarge, "the record is too long")),
        };
        let time = judged.as_ref().map_or(Duration::ZERO, |answer| answer.inference);
        (Outcome { number, judged: judged.map(Judged::of) }, time)
    }

    fn table(&self, batch: &RecordBatch, first_row: u64) -> Result<BatchAnswer, Problem> {
        let served = self.model(batch)?;
        let fill = self.asked.missing_columns == MissingColumns::Fill;
        let rows = arrow::rows(batch, served.model.input(), fill)
            .map_err(|error| column_problem(&error, &served, first_row))?;
        let entity = judge::ENTITIES.into_iter().find(|name| {
            served.model.input().position(name).is_none() && batch.column_by_name(name).is_some()
        });
        let entities = entity.and_then(|name| arrow::entities(name, batch.column_by_name(name)?));
        let batch = service::Batch {
            task: "flow",
            rows: &rows,
            entities: entities.as_deref(),
            request: Some(&self.request),
        };
        Ok(self.app.service().predict_rows_by(&served, &batch, &self.asked.ask())?)
    }

    /// The version that was asked for, else the first active one whose columns are there.
    fn model(&self, batch: &RecordBatch) -> Result<Arc<Served>, Problem> {
        if let Some(model) = &self.asked.model {
            return Ok(self.live.find(model)?.clone());
        }
        let active = &self.live.task("flow")?.active;
        let lacking = |served: &&Arc<Served>| {
            served.model.input().names().filter(|name| batch.column_by_name(name).is_none()).count()
        };
        // The first of those that lack the fewest: its columns are what a message should name.
        active
            .iter()
            .min_by_key(lacking)
            .cloned()
            .ok_or_else(|| judge::no_detector(&self.live, "model", "flow"))
    }
}

fn column_problem(error: &ColumnError, served: &Served, first_row: u64) -> Problem {
    match error {
        ColumnError::Missing { columns } => {
            let place = format!("the record batch at row {first_row}");
            Problem::missing_columns(&place, &served.id, columns, &[])
        }
        ColumnError::Kind { column, .. } => Problem::invalid(column.clone(), error.to_string()),
    }
}

/// A batch answer row by row.
pub(crate) fn outcomes(answer: &BatchAnswer, first_row: u64) -> Vec<Outcome> {
    let mut detections = answer.detections.iter().peekable();
    let mut explained = answer.explanations.iter().peekable();
    (0..answer.score.len())
        .map(|row| {
            let verdict = answer.judged(row);
            let detection = detections.next_if(|(at, _)| *at == row).map(|(_, id)| id.clone());
            let told = explained.next_if(|(at, _)| *at == row).map(|(_, told)| told.clone());
            Outcome {
                number: first_row + row as u64,
                judged: Ok(Judged {
                    attack: answer.attack[row],
                    probability: answer.probability[row],
                    score: answer.score[row],
                    category: verdict.category,
                    risk: verdict.risk,
                    severity: verdict.severity,
                    detection,
                    model: answer.model.id.clone(),
                    explanation: told.map(Arc::new),
                    answer: None,
                }),
            }
        })
        .collect()
}

/// A batch answer as the columns of [`write::schema`].
pub(crate) fn table(answer: &BatchAnswer, first_row: u64) -> Result<RecordBatch, ArrowError> {
    let rows = answer.score.len();
    let mut prediction = StringDictionaryBuilder::<Int8Type>::new();
    let mut threat = StringBuilder::new();
    let mut risk = UInt8Builder::with_capacity(rows);
    let mut severity = StringDictionaryBuilder::<Int8Type>::new();
    let mut detection = StringBuilder::new();
    let mut reasons = StringBuilder::new();
    let mut detections = answer.detections.iter().peekable();
    let mut explained = answer.explanations.iter().peekable();
    for row in 0..rows {
        let attack = answer.attack[row];
        let verdict = answer.judged(row);
        prediction.append_value(word(attack));
        threat.append_option(attack.then(|| verdict.category.as_deref().unwrap_or("attack")));
        risk.append_value(verdict.risk);
        severity.append_value(verdict.severity.name());
        detection.append_option(detections.next_if(|(at, _)| *at == row).map(|(_, id)| id));
        let told = explained.next_if(|(at, _)| *at == row);
        reasons.append_option(told.map(|(_, told)| write::reasons(told)));
    }
    let numbers = first_row..first_row + rows as u64;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(UInt64Array::from_iter_values(numbers)),
        Arc::new(prediction.finish()),
        Arc::new(Float64Array::from(answer.probability.clone())),
        Arc::new(Float64Array::from(answer.score.clone())),
        Arc::new(threat.finish()),
        Arc::new(risk.finish()),
        Arc::new(severity.finish()),
        Arc::new(detection.finish()),
        Arc::new(reasons.finish()),
        new_null_array(&DataType::Utf8, rows),
    ];
    RecordBatch::try_new(write::schema(), columns)
}

impl BatchSummary {
    /// Counts a batch of columns.
    pub(crate) fn add(&mut self, answer: &BatchAnswer) {
        self.rows += answer.score.len() as u64;
        self.attacks += answer.attack.iter().filter(|&&attack| attack).count() as u64;
        self.not_stored += answer.not_stored;
        self.inference_time_ms += answer.inference.as_secs_f64() * 1000.0;
        if !self.model_versions.contains(&answer.model.id) {
            self.model_versions.push(answer.model.id.clone());
        }
    }
}
