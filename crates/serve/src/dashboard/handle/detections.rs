//! The list of detections, one detection, what an analyst says of it.

use std::collections::BTreeMap;

use axum::extract::Path;
use tripline_core::verdict::Severity;
use tripline_engine::traffic::response;
use tripline_store::records::{Detection, DetectionFilter, Judgement, PageRequest, VersionFilter};
use tripline_store::time::Timestamp;

use super::super::chart::{Series, X};
use super::super::fields::{Fields, encode};
use super::super::page::{page, page_with_charts};
use super::super::text::{DAY, HOUR, count};
use super::super::view::{detection, detections};
use super::super::visit::{Answer, Posted, Visit, show};
use super::super::{parts, stored};
use super::reading::reading;
use crate::app::App;
use crate::problem::Problem;
use crate::rest::feedback::{FeedbackBody, JudgementName, judged};

/// Rows of a page.
const ROWS: u32 = 50;
/// Hours of the longest span: a hundred years.
const MOST_HOURS: u32 = 876_000;
/// Rows of a list beside something else.
const FEW: u32 = 8;

/// The list.
pub(crate) async fn list(visit: Visit) -> Answer {
    let mut errors = Vec::new();
    let filter = filter(&visit.fields, visit.caller.at(), &mut errors);
    let store = visit.app.store();
    let after = visit.fields.get("after").map(str::to_owned);
    let found = store.detections(&filter, &PageRequest { limit: ROWS, after }).await?;
    let total = store.count_detections(&filter).await?;
    let versions = store.versions(&VersionFilter::default()).await?;
    let mut tasks: Vec<String> = versions.iter().map(|v| v.what.task.clone()).collect();
    tasks.sort();
    tasks.dedup();
    let shown = detections::List {
        fields: &visit.fields,
        errors,
        detections: &found.items,
        next: found.next.as_deref(),
        total,
        kinds: kinds(&visit.app, visit.caller.at()).await?,
        tasks,
        models: versions.into_iter().map(|version| version.id).collect(),
    };
    let body = detections::page(&visit.viewer, &shown);
    Ok(show(page(&visit.viewer, "/ui/detections", "Detections", &body)))
}

/// Types of the last 30 days.
async fn kinds(app: &App, now: Timestamp) -> Result<Vec<String>, Problem> {
    let filter = DetectionFilter { since: Some(Timestamp(now.0 - 30 * DAY)), ..Default::default() };
    let counts = app.store().detections_over_time(&filter, 30 * DAY).await?;
    let mut kinds: Vec<String> = counts.into_iter().map(|(_, kind, _, _)| kind).collect();
    kinds.sort();
    kinds.dedup();
    Ok(kinds)
}

/// The filter of an address; what is wrong with it is told, and left out.
pub(crate) fn filter(fields: &Fields, now: Timestamp, errors: &mut Vec<String>) -> DetectionFilter {
    let text = |name| fields.get(name).map(str::to_owned);
    let mut filter = DetectionFilter {
        kind: text("kind"),
        task: text("task"),
        entity: text("entity"),
        model_id: text("model"),
        ..Default::default()
    };
    if let Some(name) = fields.get("severity") {
        filter.severity = Severity::parse(name);
        if filter.severity.is_none() {
            errors.push(format!("There is no severity `{name}`."));
        }
    }
    if let Some(hours) = fields.get("hours") {
        match hours.parse::<u32>() {
            Ok(hours @ 1..=MOST_HOURS) => {
                filter.since = Some(Timestamp(now.0.saturating_sub(i64::from(hours) * HOUR)));
            }
            _ => errors.push(format!(
                "`hours` must be a whole number from 1 to {}, not `{}`.",
                count(u64::from(MOST_HOURS)),
                stored::cut(hours, 40)
            )),
        }
    }
    match fields.get("judged") {
        None => {}
        Some("yes") => filter.judged = Some(true),
        Some("no") => filter.judged = Some(false),
        Some(other) => errors.push(format!("`judged` must be yes or no, not `{other}`.")),
    }
    filter
}

/// One detection.
pub(crate) async fn one(Path(id): Path<String>, visit: Visit) -> Answer {
    let store = visit.app.store();
    let found = store.detection(&id).await?.ok_or_else(|| Problem::not_found("detection", &id))?;
    let what = &found.what;
    let few = PageRequest { limit: FEW + 1, after: None };
    let others = |items: Vec<Detection>| -> Vec<Detection> {
        items.into_iter().filter(|other| other.what.id != id).take(FEW as usize).collect()
    };
    let alike = DetectionFilter {
        kind: Some(what.kind.clone()),
        task: Some(what.task.clone()),
        ..Default::default()
    };
    let similar = others(store.detections(&alike, &few).await?.items);
    let (mut history, mut times) = (Vec::new(), None);
    if let Some(entity) = &what.entity {
        let of = DetectionFilter { entity: Some(entity.clone()), ..Default::default() };
        history = others(store.detections(&of, &few).await?.items);
        // A day for each of the 30 before the detection, and those after it.
        let end = visit.caller.at().0.max(what.at.0).div_euclid(DAY) * DAY;
        let begin = (end - 29 * DAY).min(what.at.0.div_euclid(DAY) * DAY).max(end - 89 * DAY);
        let since = DetectionFilter { since: Some(Timestamp(begin)), ..of };
        let counts = store.detections_over_time(&since, DAY).await?;
        let buckets: Vec<i64> = (0..=(end - begin) / DAY).map(|day| begin + day * DAY).collect();
        times = (!history.is_empty()).then(|| by_kind(&buckets, DAY, &counts, 6).0);
    }
    let why = stored::why(&what.reasons);
    let version = store.version(&what.model_id).await?;
    let columns = version.as_ref().map(|v| stored::names(&v.what.card, "columns"));
    let reading = reading(&visit.app, what, why.as_ref(), version.as_ref());
    let event = stored::lines(&what.event);
    let technique = response(&what.kind).map(|response| response.technique);
    let techniques: Vec<_> = what
        .techniques
        .iter()
        .map(|id| match technique.filter(|known| known.id == id) {
            Some(known) => (id.clone(), known.name.to_owned(), known.tactic.to_owned()),
            None => (id.clone(), String::new(), String::new()),
        })
        .collect();
    let feedback = store.feedback(&id).await?;
    let shown = detection::Shown {
        detection: &found,
        why: why.as_ref(),
        reading: &reading,
        columns: columns.as_deref().unwrap_or_default(),
        event: &event,
        techniques: &techniques,
        feedback: &feedback,
        similar: &similar,
        history: &history,
        times,
    };
    let title = parts::words(&what.kind);
    let body = detection::page(&visit.viewer, &shown);
    Ok(show(page_with_charts(&visit.viewer, "/ui/detections", &title, &body)))
}

/// Counts as one series for each type; those beyond `most` are one. Types with their counts stand
/// beside them, the most frequent first.
#[expect(clippy::type_complexity, reason = "a chart, and what it counts")]
pub(crate) fn by_kind(
    buckets: &[i64],
    width: i64,
    counts: &[(Timestamp, String, Severity, u64)],
    most: usize,
) -> ((X, Vec<Series>), Vec<(String, u64)>) {
    let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
    for (_, kind, _, number) in counts {
        *totals.entry(kind).or_default() += number;
    }
    let mut totals: Vec<(String, u64)> =
        totals.into_iter().map(|(kind, number)| (kind.to_owned(), number)).collect();
    totals.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let named: Vec<&str> = totals.iter().take(most).map(|(kind, _)| kind.as_str()).collect();
    let mut names: Vec<&str> = named.clone();
    if totals.len() > most {
        names.push("others");
    }
    let series = names
        .iter()
        .enumerate()
        .map(|(at, &name)| Series {
            key: name.to_owned(),
            name: parts::words(name),
            colour: format!("--k{}", [3, 1, 6, 5, 2, 7, 0, 4][at.min(7)]),
            values: fill(
                buckets,
                width,
                counts.iter().filter(|(_, kind, _, _)| {
                    if at < named.len() { kind == name } else { !named.contains(&kind.as_str()) }
                }),
            ),
        })
        .collect();
    let times = buckets.iter().map(|&at| Timestamp(at)).collect();
    ((X::Time(times), series), totals)
}

/// Counts at their buckets, 0 where there are none.
pub(crate) fn fill<'a>(
    buckets: &[i64],
    width: i64,
    counts: impl Iterator<Item = &'a (Timestamp, String, Severity, u64)>,
) -> Vec<Option<f64>> {
    let mut values = vec![0.0; buckets.len()];
    let first = buckets.first().copied().unwrap_or_default();
    for (at, _, _, number) in counts {
        let place = (at.0 - first).div_euclid(width);
        if let Some(value) = usize::try_from(place).ok().and_then(|place| values.get_mut(place)) {
            *value += *number as f64;
        }
    }
    values.into_iter().map(Some).collect()
}

/// Stores a verdict, checked as the API checks it.
pub(crate) async fn feedback(Path(id): Path<String>, posted: Posted) -> Answer {
    let text = |name: &str| posted.fields.get(name).map(str::to_owned);
    let given = text("judgement").unwrap_or_default();
    let verdict = JudgementName::parse(&given).ok_or_else(|| {
        Problem::invalid("judgement", "must be one of those there are")
            .known(Judgement::ALL.map(Judgement::name))
    })?;
    let body = FeedbackBody {
        detection_id: id.clone(),
        verdict,
        label: text("label"),
        comment: text("comment"),
    };
    let feedback = judged(body, &posted.caller)?;
    posted.app.store().add_feedback(&feedback, &posted.change()).await?;
    Ok(posted.done(&format!("/ui/detections/{}", encode(&id)), "feedback"))
}
