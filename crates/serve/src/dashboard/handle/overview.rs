//! The first page.

use std::collections::BTreeMap;

use tripline_core::verdict::Severity;
use tripline_store::records::{
    DetectionFilter, Job, JobFilter, JobState, PageRequest, TallyFilter,
};
use tripline_store::time::Timestamp;

use super::super::chart::{Series, X};
use super::super::fields::{Fields, encode};
use super::super::page::page_with_charts;
use super::super::text::{DAY, HOUR};
use super::super::view::overview::{self, Counts, Look, Overview, SPANS, Serving};
use super::super::visit::{Answer, Visit, show};
use super::super::{parts, stored};
use super::detections::{by_kind, fill};
use crate::app::App;
use crate::problem::Problem;

/// Detections that are shown.
const LATEST: u32 = 12;

/// What the versions did in an hour or a day.
#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    predictions: u64,
    alerts: u64,
    errors: u64,
    seconds: f64,
}

/// The page.
pub(crate) async fn get(visit: Visit) -> Answer {
    let draw = |shown: &Overview<'_>| overview::page(&visit.viewer, shown);
    let body = with(&visit.app, &visit.fields, visit.caller.at(), draw).await?;
    Ok(show(page_with_charts(&visit.viewer, "/ui/", "Overview", &body)))
}

/// Reads what the page shows, and draws it.
pub(super) async fn with<R>(
    app: &App,
    fields: &Fields,
    now: Timestamp,
    draw: impl FnOnce(&Overview<'_>) -> R,
) -> Result<R, Problem> {
    let store = app.store();
    let day_ago = Timestamp(now.0 - DAY);
    let two_days_ago = Timestamp(now.0 - 2 * DAY);

    let asked = fields.get("span").unwrap_or_default();
    let &(_, _, width, number) = SPANS.iter().find(|span| span.0 == asked).unwrap_or(&SPANS[0]);
    let last = now.0.div_euclid(width) * width;
    let buckets: Vec<i64> = (0..number).map(|at| last - (number - 1 - at) * width).collect();
    let since =
        DetectionFilter { since: buckets.first().map(|&at| Timestamp(at)), ..Default::default() };
    let counts = store.detections_over_time(&since, width).await?;
    let (by_type, kinds) = by_kind(&buckets, width, &counts, 7);
    let chart = if fields.get("by") == Some("kind") {
        by_type
    } else {
        let series = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical]
            .into_iter()
            .zip(["--k3", "--k2", "--k1", "--k0"])
            .map(|(severity, colour)| Series {
                key: severity.name().to_owned(),
                name: severity.name().to_owned(),
                colour: colour.to_owned(),
                values: fill(&buckets, width, counts.iter().filter(|count| count.2 == severity)),
            });
        (X::Time(buckets.iter().map(|&at| Timestamp(at)).collect()), series.collect())
    };

    let tallies = store
        .tallies(&TallyFilter { since: Some(Timestamp(two_days_ago.0 - HOUR)), model_id: None })
        .await?;
    let mut today: BTreeMap<&str, Sum> = BTreeMap::new();
    let (mut answered, mut answered_before) = (0, 0);
    for tally in tallies.iter().filter(|tally| tally.arm != "shadow") {
        // An hour belongs to the day that holds its larger part.
        let middle = tally.hour.0 + HOUR / 2;
        if middle >= day_ago.0 {
            answered += tally.predictions;
            let sum = today.entry(&tally.model_id).or_default();
            sum.predictions += tally.predictions;
            sum.alerts += tally.alerts;
            sum.errors += tally.errors;
            sum.seconds += tally.seconds;
        } else if middle >= two_days_ago.0 {
            answered_before += tally.predictions;
        }
    }
    let count = |since: Option<Timestamp>, until: Option<Timestamp>, urgent: bool, judged| {
        let severity = urgent.then_some(Severity::High);
        let filter = DetectionFilter { since, until, severity, judged, ..Default::default() };
        async move { store.count_detections(&filter).await }
    };
    let now_counts = Counts {
        detections: count(Some(day_ago), None, false, None).await?,
        urgent: count(Some(day_ago), None, true, None).await?,
        predictions: answered,
    };
    let before = Counts {
        detections: count(Some(two_days_ago), Some(day_ago), false, None).await?,
        urgent: count(Some(two_days_ago), Some(day_ago), true, None).await?,
        predictions: answered_before,
    };
    let unjudged = count(None, None, true, Some(false)).await?;

    let live = app.service().live();
    let experiments: Vec<_> = live.experiments().collect();
    let serving: Vec<Serving<'_>> = live
        .active()
        .map(|served| {
            let sum = today.get(served.version.id.as_str()).copied().unwrap_or_default();
            let trial = experiments.iter().find(|e| e.control == served.version.id);
            Serving {
                version: &served.version,
                predictions: sum.predictions,
                alerts: sum.alerts,
                errors: sum.errors,
                mean_seconds: (sum.predictions > 0).then(|| sum.seconds / sum.predictions as f64),
                trial: trial.map(|e| (e.treatment.as_str(), e.share)),
            }
        })
        .collect();
    let jobs = under_way(app).await?;
    let latest = store
        .detections(&DetectionFilter::default(), &PageRequest { limit: LATEST, after: None })
        .await?;
    let looks = looks(app, now, unjudged).await?;
    let shown = Overview {
        fields,
        now: now_counts,
        before,
        unjudged,
        chart,
        kinds: kinds.get(..kinds.len().min(8)).unwrap_or_default(),
        serving: &serving,
        jobs: &jobs,
        latest: &latest.items,
        looks: &looks,
        keys: app.settings().keys_needed(),
    };
    Ok(draw(&shown))
}

/// Jobs that run or wait.
async fn under_way(app: &App) -> Result<Vec<Job>, Problem> {
    let mut jobs = Vec::new();
    for state in [JobState::Running, JobState::Queued] {
        let filter = JobFilter { state: Some(state), kind: None };
        let page = PageRequest { limit: 5, after: None };
        jobs.extend(app.store().jobs(&filter, &page).await?.items);
    }
    Ok(jobs)
}

/// What needs a look.
async fn looks(app: &App, now: Timestamp, unjudged: u64) -> Result<Vec<Look>, Problem> {
    let mut looks = Vec::new();
    let service = app.service();
    let live = service.live();
    for (id, reason) in live.unloaded() {
        looks.push(Look {
            tone: "bad",
            word: "not loaded",
            text: format!("{id}: {reason}"),
            href: format!("/ui/models/{}", encode(id)),
        });
    }
    let urgent = DetectionFilter {
        severity: Some(Severity::Critical),
        judged: Some(false),
        since: Some(Timestamp(now.0 - 7 * DAY)),
        ..Default::default()
    };
    let page = PageRequest { limit: 3, after: None };
    for found in app.store().detections(&urgent, &page).await?.items {
        let about = found.what.entity.map(|entity| format!(" by {entity}")).unwrap_or_default();
        looks.push(Look {
            tone: "critical",
            word: "critical",
            text: format!("{}{about}, not judged", parts::words(&found.what.kind)),
            href: format!("/ui/detections/{}", encode(&found.what.id)),
        });
    }
    if unjudged > 3 {
        let fields = Fields::default().with("judged", "no").with("severity", "high");
        looks.push(Look {
            tone: "high",
            word: "high",
            text: format!(
                "{} critical and high are not judged",
                super::super::text::count(unjudged)
            ),
            href: fields.url("/ui/detections"),
        });
    }
    let failed = JobFilter { state: Some(JobState::Failed), kind: None };
    for job in app.store().jobs(&failed, &page).await?.items {
        if job.finished_at.is_some_and(|at| at.0 > now.0 - 2 * DAY) {
            let reason = stored::cut(job.error.as_deref().unwrap_or_default(), 120);
            looks.push(Look {
                tone: "bad",
                word: "failed",
                text: format!("{} {}: {reason}", parts::words(&job.what.kind), job.id),
                href: format!("/ui/jobs/{}", encode(&job.id)),
            });
        }
    }
    let counts = service.counts();
    for (number, word, text) in [
        (counts.failed, "lost", "detections that the database did not take since the start"),
        (counts.dropped, "dropped", "detections dropped because the queue was full"),
        (counts.refused, "refused", "predictions refused because the queue was full"),
        (counts.rollbacks, "rolled back", "times a rule went back to the version before"),
    ] {
        if number > 0 {
            looks.push(Look {
                tone: "warn",
                word,
                text: format!("{} {text}", super::super::text::count(number)),
                href: "/ui/settings".to_owned(),
            });
        }
    }
    Ok(looks)
}
