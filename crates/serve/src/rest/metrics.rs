//! Counters for Prometheus.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use tripline_engine::service::jobs::TRAINING;
use tripline_engine::service::{BUCKETS, Counts, Live};
use tripline_store::records::JobState;
use utoipa_axum::routes;

use crate::app::App;
use crate::observe::Text;
use crate::problem::Problem;
use crate::routes::{Routes, Rule};

/// The routes of this file.
pub(crate) fn routes() -> Routes {
    Routes::new().add(Rule::READ.or_local(), routes!(metrics))
}

/// Counters in Prometheus' text format.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "health",
    responses((
        status = 200,
        description = "Prometheus text format 0.0.4",
        content_type = "text/plain; version=0.0.4",
        body = String,
        example = "shieldx_ml_predictions_total{model_name=\"flow_detector\",threat_detected=\"true\"} 7"
    ))
)]
async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let live = app.service().live();
    app.metrics().by_model().note(&live);
    let mut out = Text::default();
    if app.settings().model_metrics {
        predictions(&mut out, &app.metrics().by_model().sums());
        accuracies(&mut out, &live);
    }
    jobs(&mut out, &app).await?;
    service(&mut out, &app);
    app.metrics().write(&mut out);
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], out.finish()).into_response())
}

fn accuracies(out: &mut Text, live: &Live) {
    for name in ["shieldx_ml_model_accuracy", "netsentinel_model_accuracy"] {
        out.family(name, "gauge", "Accuracy of the active version on its held-out rows.");
        for served in live.active() {
            if let Some(accuracy) = served.version.what.metrics.get("accuracy") {
                let version = served.version.version.as_str();
                let labels = [("model_name", served.name()), ("model_version", version)];
                out.sample(name, &labels, accuracy);
            }
        }
    }
}

fn predictions(out: &mut Text, sums: &BTreeMap<String, Counts>) {
    let name = "shieldx_ml_predictions_total";
    out.family(name, "counter", "Predictions, by model and by whether a threat was found.");
    for (model, counts) in sums {
        for (threat, count) in [("true", counts.alerts), ("false", without_threat(counts))] {
            out.sample(name, &[("model_name", model), ("threat_detected", threat)], count);
        }
    }
    for name in ["shieldx_ml_inference_duration_seconds", "netsentinel_inference_duration_seconds"]
    {
        let help = "Time to score one event, by model. An observation is an event that was asked \
                    for by itself; those of batches are no observations.";
        out.family(name, "histogram", help);
        for (model, counts) in sums {
            let bounds = BUCKETS.iter().map(|&micros| micros as f64 / 1e6).chain([f64::INFINITY]);
            let buckets = bounds.zip(counts.times.iter().copied());
            out.histogram(
                name,
                &[("model_name", model)],
                buckets,
                counts.single_time.as_secs_f64(),
            );
        }
    }
    let name = "tripline_scoring_seconds_total";
    out.family(name, "counter", "Time spent scoring, that of batches included, by model.");
    for (model, counts) in sums {
        out.sample(name, &[("model_name", model)], counts.time.as_secs_f64());
    }
    let alerts = sums.values().map(|counts| counts.alerts).sum();
    out.counter("netsentinel_anomalies_detected_total", "Predictions that found a threat.", alerts);
    let name = "tripline_prediction_errors_total";
    out.family(name, "counter", "Events that could not be scored, by model.");
    for (model, counts) in sums {
        out.sample(name, &[("model_name", model)], counts.errors);
    }
}

/// Predictions that found nothing. Both numbers grow while they are read.
fn without_threat(counts: &Counts) -> u64 {
    counts.predictions.saturating_sub(counts.alerts)
}

async fn jobs(out: &mut Text, app: &App) -> Result<(), Problem> {
    let name = "shieldx_ml_training_jobs_total";
    let help = "How often training jobs reached each status since the service was started.";
    out.family(name, "counter", help);
    for (state, count) in app.service().jobs_reached() {
        out.sample(name, &[("status", state.name())], count);
    }
    let stored = app.store().count_jobs(TRAINING).await?;
    let name = "tripline_training_jobs";
    out.family(name, "gauge", "Training jobs that are kept, by where they stand now.");
    for state in JobState::ALL {
        let count = stored.iter().find(|(other, _)| *other == state).map_or(0, |(_, count)| *count);
        out.sample(name, &[("status", state.name())], count);
    }
    Ok(())
}

fn service(out: &mut Text, app: &App) {
    let counts = app.service().counts();
    for (name, help, value) in [
        ("tripline_detections_written_total", "Detections written.", counts.written),
        ("tripline_detections_dropped_total", "Detections dropped: full queue.", counts.dropped),
        ("tripline_detections_refused_total", "Predictions refused: full queue.", counts.refused),
        (
            "tripline_detections_failed_total",
            "Detections the database did not take.",
            counts.failed,
        ),
        ("tripline_commits_total", "Commits of detections.", counts.commits),
        ("tripline_cache_hits_total", "Answers from the result cache.", counts.cache_hits),
        ("tripline_cache_misses_total", "Answers not in the result cache.", counts.cache_misses),
        ("tripline_shadow_scores_total", "Shadow scores written.", counts.shadow_written),
        ("tripline_shadow_dropped_total", "Shadow scores dropped.", counts.shadow_dropped),
        ("tripline_rollbacks_total", "Rollbacks by rule.", counts.rollbacks),
    ] {
        out.counter(name, help, value);
    }
    let name = "tripline_forgotten_rows_total";
    out.family(name, "counter", "Old rows forgotten, by kind.");
    for (what, rows) in counts.forgotten.each() {
        out.sample(name, &[("what", what.name())], rows);
    }
    out.gauge("tripline_detections_waiting", "Detections about to be written.", counts.waiting);
    out.gauge("tripline_cache_bytes", "Bytes of the result cache.", counts.cache_bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_never_runs_below_zero() {
        let counts = Counts { predictions: 4, alerts: 5, ..Counts::default() };
        assert_eq!(without_threat(&counts), 0);
        assert_eq!(without_threat(&Counts { alerts: 1, ..counts }), 3);
    }
}
