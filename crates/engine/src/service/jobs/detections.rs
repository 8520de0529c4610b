//! Detections that analysts have judged, as labelled rows.

use std::sync::Arc;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tripline_core::text::hexadecimal;
use tripline_core::{Dataset, Silent, Source};
use tripline_ingest::{LAYOUTS, ReadOptions};
use tripline_store::records::{Detection, Judgement, PageRequest};

use super::attempt::{Attempt, Failure};
use super::error::JobError;
use super::gather::told;
use super::query::DetectionQuery;
use crate::append::appended;

/// Detections at most: a person judges no more.
const MOST: usize = 1_000_000;
/// Bytes of the rows of a job at most.
const MOST_BYTES: u64 = 2 << 30;
/// The column of the class, unlike any that an event has.
const LABEL: &str = "tripline_class";
/// The column of the time.
const TIME: &str = "tripline_time";
/// The class of what was no attack.
const BENIGN: &str = "benign";

/// Judged detections as rows, after those of `base`. What the first attempt found is kept, so that
/// a later one trains on the same rows whatever was judged meanwhile.
pub(super) fn labelled(
    attempt: &Attempt<'_>,
    query: &DetectionQuery,
    base: Option<Dataset>,
) -> Result<Dataset, Failure> {
    let key = format!("jobs/{}/detections.jsonl", attempt.job.id);
    let blobs = attempt.service.blobs();
    let kept = match attempt.runtime.block_on(blobs.get(&key, MOST_BYTES)) {
        Ok(kept) => kept,
        Err(error) if error.missing => {
            let lines = lines(attempt, query)?;
            let lines = bytes::Bytes::from(lines);
            attempt.runtime.block_on(blobs.put(&key, lines.clone())).map_err(Failure::blob)?;
            lines
        }
        Err(error) => return Err(Failure::blob(error)),
    };
    let name = format!("detections of {}", attempt.job.id);
    let path = blobs.path(&key).map_err(Failure::blob)?;
    let path = path.ok_or_else(|| Failure::internal("blobs are not kept as files here"))?;
    let options = ReadOptions {
        label: Some(LABEL.to_owned()),
        benign: Some(BENIGN.to_owned()),
        time: Some(TIME.to_owned()),
        expected: base.as_ref().map(|base| base.rows.schema().as_ref().clone()),
        require_labels: true,
        // One bad row is an error: these rows are our own.
        max_bad_records: Some(0),
        ..ReadOptions::default()
    };
    let read = attempt.pool.install(|| tripline_ingest::read(&path, &options, &Silent));
    let mut data = read.map_err(|error| told(error.into(), &path, &name))?;
    data.source = Arc::new(Source {
        name,
        layout: "detections".to_owned(),
        sha256: hexadecimal(Sha256::digest(&kept)),
        ..data.source.as_ref().clone()
    });
    match base {
        None => Ok(data),
        Some(base) => Ok(appended(base, data)?),
    }
}

/// One line of JSON for each detection, the oldest first.
fn lines(attempt: &Attempt<'_>, query: &DetectionQuery) -> Result<Vec<u8>, Failure> {
    let store = attempt.service.store();
    let filter = query.filter(attempt.job.submitted_at);
    let mut rows: Vec<Vec<u8>> = Vec::new();
    let mut bytes: u64 = 0;
    let mut page = PageRequest { limit: 1000, after: None };
    loop {
        let part = store.detections(&filter, &page);
        let part = attempt.runtime.block_on(part).map_err(Failure::store)?;
        for detection in &part.items {
            let class = class(attempt, detection)?;
            let Some(line) = line(detection, &class) else { continue };
            bytes += line.len() as u64;
            rows.push(line);
        }
        if rows.len() > MOST || bytes > MOST_BYTES {
            let message = format!("more than {MOST} judged detections match: narrow the query");
            return Err(Failure::job(JobError::field("training_data_source", message)));
        }
        // A part of the rows must never be kept as if it were all of them.
        if attempt.tracker.stopped().is_some() {
            return Err(Failure::internal("stopped"));
        }
        match part.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    if rows.is_empty() {
        let message = "no judged detection matches: judge some with `POST /api/v1/feedback`, or \
                       widen the query";
        return Err(Failure::job(JobError::field("training_data_source", message)));
    }
    rows.reverse();
    Ok(rows.concat())
}

/// What an analyst said it is.
fn class(attempt: &Attempt<'_>, detection: &Detection) -> Result<String, Failure> {
    match detection.judgement {
        Some(Judgement::TruePositive) => {
            let store = attempt.service.store();
            let said = attempt.runtime.block_on(store.feedback(&detection.what.id));
            let last = said.map_err(Failure::store)?.into_iter().next();
            let label = last.and_then(|feedback| feedback.label);
            let class = label.unwrap_or_else(|| detection.what.kind.clone()).to_lowercase();
            // Whoever says that an attack is `benign` has said two things: the judgement holds.
            Ok(if class == BENIGN || class.is_empty() { "attack".to_owned() } else { class })
        }
        _ => Ok(BENIGN.to_owned()),
    }
}

/// The event's values with its class and time; none if the event holds no values.
fn line(detection: &Detection, class: &str) -> Option<Vec<u8>> {
    let Ok(Value::Object(event)) = serde_json::from_str(&detection.what.event) else {
        return None;
    };
    let mut row: Map<String, Value> = event
        .into_iter()
        .filter(|(name, value)| !tells_class(name) && !value.is_object() && !value.is_array())
        .collect();
    if row.is_empty() {
        return None;
    }
    row.insert(LABEL.to_owned(), class.into());
    // Microseconds since 1970.
    row.insert(TIME.to_owned(), detection.what.at.0.into());
    let mut line = serde_json::to_vec(&row).ok()?;
    line.push(b'\n');
    Some(line)
}

/// Whether a published layout has its class there: an event may carry it, a model must not see it.
fn tells_class(name: &str) -> bool {
    LAYOUTS.iter().any(|layout| {
        layout.label.families.iter().chain(layout.label.binary).any(|label| *label == name)
    })
}
