//! Many events judged at once, by column.

use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;
use tripline_core::{Category, Column, FieldKind, Rows};
use tripline_features::{MissingColumns, PrepareReport};

use super::answer::BatchAnswer;
use super::error::ServiceError;
use super::event::{Ask, Batch};
use super::nearest::nearest;
use super::served::Served;
use super::state::Service;
use crate::error::EngineError;
use crate::model::Verdicts;

impl Service {
    /// Judges many rows of a task on all cores; to be called where blocking is allowed.
    ///
    /// The version is that of [`Service::predict`] without an experiment: the rows of a batch go to
    /// one version. Rows over the threshold are stored as detections, as many as
    /// [`BatchAnswer::MAX_DETECTIONS`] and as may wait to be written, or all of them if
    /// [`Ask::durable`]; reasons are told of these alone.
    pub fn predict_rows(
        &self,
        batch: &Batch<'_>,
        ask: &Ask<'_>,
    ) -> Result<BatchAnswer, ServiceError> {
        let live = self.live();
        let served = match ask.model {
            Some(model) => {
                let served = live.find(model)?;
                if served.task() != batch.task {
                    return Err(ServiceError::OtherTask {
                        model: model.to_owned(),
                        takes: served.task().to_owned(),
                        task: batch.task.to_owned(),
                    });
                }
                served
            }
            None => first_that_fits(&live.task(batch.task)?.active, batch.rows, ask)?,
        };
        self.predict_rows_by(served, batch, ask)
    }

    /// As [`Service::predict_rows`], by a version of a snapshot that the caller holds: parts of one
    /// batch are then judged by one version, whatever is deployed meanwhile.
    pub fn predict_rows_by(
        &self,
        served: &Arc<Served>,
        batch: &Batch<'_>,
        ask: &Ask<'_>,
    ) -> Result<BatchAnswer, ServiceError> {
        let started = Instant::now();
        let rows = own_columns(served, batch.rows, ask.missing_columns)?;
        let verdicts = self.score_parts(served, &rows).inspect_err(|error| {
            if ask.record && !error.is_of_the_record() {
                served.arms.plain.failed_batch(rows.len() as u64);
            }
        })?;
        let inference = started.elapsed();
        let alerts = verdicts.alert.iter().filter(|alert| **alert).count() as u64;
        let mut answer = BatchAnswer {
            model: served.clone(),
            score: verdicts.raw,
            probability: verdicts.probability,
            attack: verdicts.alert,
            class: verdicts.class,
            detections: Vec::new(),
            explanations: Vec::new(),
            not_stored: 0,
            report: verdicts.report,
            inference,
            ticket: None,
        };
        if ask.record {
            self.record(batch, &rows, &mut answer, ask)?;
            answer.not_stored = alerts - answer.detections.len() as u64;
            served.arms.plain.answered_batch(rows.len() as u64, alerts, inference);
        }
        Ok(answer)
    }

    /// Parts of the rows side by side, put together in order.
    fn score_parts(&self, served: &Served, rows: &Rows) -> Result<Verdicts, ServiceError> {
        let size = self.settings.batch_rows.max(1);
        let starts: Vec<usize> = (0..rows.len()).step_by(size).collect();
        let parts: Vec<Verdicts> = starts
            .into_par_iter()
            .map(|start| served.model.score(&slice(rows, start, rows.len().min(start + size))))
            .collect::<Result<_, EngineError>>()?;
        let classes = served.model.classes().is_some();
        let mut all = Verdicts {
            raw: Vec::with_capacity(rows.len()),
            probability: Vec::with_capacity(rows.len()),
            alert: Vec::with_capacity(rows.len()),
            class: classes.then(|| Vec::with_capacity(rows.len())),
            report: PrepareReport::default(),
        };
        for part in parts {
            all.raw.extend(part.raw);
            all.probability.extend(part.probability);
            all.alert.extend(part.alert);
            all.report.merge(&part.report);
            if let (Some(all), Some(part)) = (&mut all.class, part.class) {
                all.extend(part);
            }
        }
        Ok(all)
    }
}

fn first_that_fits<'a>(
    active: &'a [Arc<Served>],
    rows: &Rows,
    ask: &Ask<'_>,
) -> Result<&'a Arc<Served>, ServiceError> {
    let mut nearest: Option<(usize, &Arc<Served>)> = None;
    for served in active {
        let lacking = served.input().names().filter(|name| rows.column(name).is_none()).count();
        if lacking == 0 {
            return Ok(served);
        }
        let closer = |(fewest, of): (usize, &Arc<Served>)| {
            lacking * of.input().len() < fewest * served.input().len()
        };
        if nearest.is_none_or(closer) {
            nearest = Some((lacking, served));
        }
    }
    match nearest {
        Some((lacking, served))
            if ask.missing_columns == MissingColumns::Fill && lacking < served.input().len() =>
        {
            Ok(served)
        }
        Some((_, served)) => Err(missing_columns(served, rows)),
        None => Err(ServiceError::Internal { reason: "a task without a model".to_owned() }),
    }
}

fn missing_columns(served: &Served, rows: &Rows) -> ServiceError {
    let lacking = served.input().names().filter(|name| rows.column(name).is_none());
    let columns: Vec<String> = lacking.map(str::to_owned).collect();
    let known = |name: &&str| served.input().position(name).is_none();
    let mut similar = Vec::new();
    for column in &columns {
        if let Some(field) = nearest(column, rows.schema().names().filter(known)) {
            similar.push((column.clone(), field.to_owned()));
        }
    }
    ServiceError::MissingColumns { model: served.id.to_string(), columns, similar }
}

/// The columns of the model; errors name those that are missing or of the other kind.
fn own_columns(
    served: &Served,
    rows: &Rows,
    missing: MissingColumns,
) -> Result<Rows, ServiceError> {
    let mut columns = Vec::with_capacity(served.input().len());
    for field in served.input().fields() {
        let column = match (&field.kind, rows.column(&field.name)) {
            (FieldKind::Numeric, None) if missing == MissingColumns::Fill => {
                Column::numeric(vec![f64::NAN; rows.len()])
            }
            (FieldKind::Category(values), None) if missing == MissingColumns::Fill => {
                absent(values, rows.len())
            }
            (_, None) => return Err(missing_columns(served, rows)),
            (FieldKind::Numeric, Some(Column::Category(category))) => {
                let got = (0..rows.len()).find_map(|row| category.value(row));
                match got {
                    // A column without any value is of no kind.
                    None => Column::numeric(vec![f64::NAN; rows.len()]),
                    Some(got) => {
                        return Err(ServiceError::Field {
                            field: field.name.clone(),
                            expected: "a column of numbers",
                            got: format!("the text {:?}", got.chars().take(40).collect::<String>()),
                        });
                    }
                }
            }
            (FieldKind::Category(values), Some(Column::Numeric(numbers))) => {
                if numbers.iter().any(|number| !number.is_nan()) {
                    return Err(ServiceError::Field {
                        field: field.name.clone(),
                        expected: "a column of text",
                        got: "numbers".to_owned(),
                    });
                }
                absent(values, rows.len())
            }
            (_, Some(column)) => column.clone(),
        };
        columns.push((field.name.clone(), column));
    }
    Rows::new(columns).map_err(|source| ServiceError::Internal { reason: source.to_string() })
}

fn absent(values: &Arc<Vec<String>>, len: usize) -> Column {
    let codes = Arc::new(vec![Category::MISSING; len]);
    Column::Category(Category { codes, values: values.clone() })
}

fn slice(rows: &Rows, start: usize, end: usize) -> Rows {
    if start == 0 && end == rows.len() {
        return rows.clone();
    }
    rows.select(&(start..end).collect::<Vec<usize>>())
}
