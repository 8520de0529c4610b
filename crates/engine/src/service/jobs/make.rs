//! From an accepted training to a model with its report, both on disk.

use std::collections::BTreeMap;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tripline_core::Dataset;
use tripline_core::text::{date, hexadecimal};
use tripline_store::Timestamp;
use tripline_store::records::NewRun;

use super::attempt::{Attempt, Failure, Made};
use super::figures;
use super::gather::{Gathered, gather};
use super::plan::{self, Settings};
use super::spec::Accepted;
use crate::error::EngineError;
use crate::fit::Plan;
use crate::report::{self, PageInput};
use crate::train::{Training, describe, train, two_kinds};

/// Trains, writes model and report to the blobs, notes how to go on from there.
pub(super) fn make(attempt: &Attempt<'_>, accepted: &Accepted) -> Result<Made, Failure> {
    let mut settings = plan::settings(accepted).map_err(Failure::job)?;
    let data = gather(attempt, accepted, &settings)?;
    let judged = data.train.labels.as_ref().is_some_and(two_kinds);
    if judged && !settings.unjudged && settings.judging.protocol.is_none() {
        let judging = &mut settings.judging;
        judging.protocol = Some(judging.protocol_for(&data.train, data.test.as_ref()));
    }
    let run = begin_run(attempt, accepted, &settings, &data)?;
    // The run of an attempt that fails ends with its job.
    trained(attempt, accepted, &settings, &data, &run)
}

fn begin_run(
    attempt: &Attempt<'_>,
    accepted: &Accepted,
    settings: &Settings,
    data: &Gathered,
) -> Result<String, Failure> {
    let plan = Plan::new(&accepted.detector, &settings.training)?;
    let mut params: BTreeMap<String, String> =
        plan.params().iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect();
    let training = &settings.training;
    let mut put = |name: &str, value: String| drop(params.insert(name.to_owned(), value));
    put("seed", accepted.asked.seed.to_string());
    put("prepare", plan.recipe().to_string());
    put("validation", training.validation.to_string());
    put("threshold", training.threshold.to_string());
    put("program", concat!("tripline ", env!("CARGO_PKG_VERSION")).to_owned());
    if let Some(protocol) = &settings.judging.protocol {
        put("protocol", describe(protocol));
    }
    if settings.judging.accept_leakage {
        put("accept_leakage", "true".to_owned());
    }
    let mut sources = BTreeMap::from([("training".to_owned(), about(&data.train))]);
    sources.extend(data.test.as_ref().map(|test| ("test".to_owned(), about(test))));
    let run = NewRun {
        experiment: accepted.name.clone(),
        job: Some(attempt.job.id.clone()),
        detector: accepted.detector.clone(),
        params,
        data: sources,
    };
    let at = attempt.service.clock().now();
    let run = attempt.runtime.block_on(attempt.service.store().begin_run(&run, at));
    Ok(run.map_err(Failure::store)?.id)
}

/// A data set's fingerprint as JSON.
fn about(data: &Dataset) -> String {
    let source = &data.source;
    serde_json::json!({
        "name": source.name,
        "layout": source.layout,
        "sha256": source.sha256,
        "bytes": source.bytes,
        "rows": source.rows,
        "bad_records": source.bad_records,
        "columns": data.rows.width(),
    })
    .to_string()
}

fn trained(
    attempt: &Attempt<'_>,
    accepted: &Accepted,
    settings: &Settings,
    data: &Gathered,
    run: &str,
) -> Result<Made, Failure> {
    let tracker = attempt.tracker;
    tracker.figure("rows", data.train.len() as f64);
    tracker.phase("training", 0.06, 0.92, 1);
    let (detector, seed) = (&accepted.detector, accepted.asked.seed);
    let Settings { training, judging, .. } = settings;
    let result = attempt.pool.install(|| {
        train(detector, &data.train, data.test.as_ref(), training, judging, seed, tracker)
    });
    let result = result.map_err(refusal)?;
    tracker.phase("writing model and report", 0.92, 0.97, 1);
    let file = attempt.pool.install(|| result.model.to_file(None).map(|file| file.to_bytes()))?;
    let page = attempt.pool.install(|| page(attempt, accepted, settings, data, &result));
    let model = format!("jobs/{}/model.trip", attempt.job.id);
    put(attempt, &model, file.into())?;
    let report = match page {
        None => None,
        Some(page) => {
            let key = format!("runs/{run}/report.html");
            let (digest, bytes) = (hexadecimal(Sha256::digest(&page)), page.len() as u64);
            put(attempt, &key, page.into())?;
            Some((key, digest, bytes))
        }
    };
    let metrics = figures::held_out(&result);
    log(attempt, run, &result, &metrics)?;
    let mut card = Vec::new();
    if let Some(guard) = &result.guard {
        card.extend(figures::findings(guard).map(|text| ("findings".to_owned(), text)));
    }
    if let Some(evaluation) = &result.evaluation {
        card.extend(figures::curves(evaluation).map(|text| ("curves".to_owned(), text)));
    }
    let made = Made { run: run.to_owned(), model, report, metrics, card };
    let text = serde_json::to_string(&made)
        .map_err(|error| Failure::internal(&format!("the checkpoint: {error}")))?;
    let noted = attempt.service.store().checkpoint(&attempt.job.id, &text);
    attempt.runtime.block_on(noted).map_err(Failure::store)?;
    Ok(made)
}

/// The guard names options of the command line; a job has fields.
fn refusal(error: EngineError) -> Failure {
    let text = error.to_string();
    let text = text
        .replace("repeat with --accept-leakage", "set `accept_leakage` to true")
        .replace("choose --protocol ", "choose as `protocol` ")
        .replace("--label COLUMN --benign VALUE", "`label` and `benign`")
        .replace("--benign VALUE", "`benign`");
    Failure { error: text, retry: false }
}

fn put(attempt: &Attempt<'_>, key: &str, bytes: Bytes) -> Result<(), Failure> {
    attempt.runtime.block_on(attempt.service.blobs().put(key, bytes)).map_err(Failure::blob)
}

/// The report, where rows judged that had not trained.
fn page(
    attempt: &Attempt<'_>,
    accepted: &Accepted,
    settings: &Settings,
    data: &Gathered,
    result: &Training,
) -> Option<String> {
    let (Some(evaluation), Some(guard)) = (&result.evaluation, &result.guard) else { return None };
    Some(report::page(PageInput {
        title: format!("{} on {}", accepted.name, data.train.source.name),
        when: minute(attempt.service.clock().now()),
        command: format!("training job {}", attempt.job.id),
        seed: accepted.asked.seed,
        train: &data.train,
        test: data.test.as_ref(),
        protocol: result.protocol.as_ref(),
        threshold: settings.training.threshold,
        guard,
        overrides: &result.overrides,
        evaluations: std::slice::from_ref(evaluation),
        parameters: vec![result.model.provenance().params.clone()],
        alert: None,
        notes: Vec::new(),
    }))
}

/// Figures of the run: those of each split by its number, then those of the whole.
fn log(
    attempt: &Attempt<'_>,
    run: &str,
    result: &Training,
    metrics: &BTreeMap<String, f64>,
) -> Result<(), Failure> {
    let store = attempt.service.store();
    for (number, split) in result.evaluation.iter().flat_map(|e| e.splits.iter()).enumerate() {
        let values = split.test.metrics.0.iter();
        let mut figures: Vec<(String, f64)> = values
            .filter_map(|metric| Some((format!("split_{}", metric.id), metric.value?)))
            .filter(|(_, value)| value.is_finite())
            .collect();
        figures.push(("split_fit_seconds".to_owned(), split.fit_seconds));
        let logged = store.log_metrics(run, number as u64 + 1, &figures);
        attempt.runtime.block_on(logged).map_err(Failure::store)?;
    }
    let mut whole: Vec<(String, f64)> =
        metrics.iter().map(|(name, &value)| (name.clone(), value)).collect();
    whole.extend(figures::fitted(result));
    whole.push(("fit_seconds".to_owned(), result.seconds));
    attempt.runtime.block_on(store.log_metrics(run, 0, &whole)).map_err(Failure::store)
}

/// A time as a page shows it.
fn minute(at: Timestamp) -> String {
    let seconds = at.0.div_euclid(1_000_000);
    let (year, month, day) = date(seconds.div_euclid(86_400));
    let time = seconds.rem_euclid(86_400);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", time / 3600, time % 3600 / 60)
}
