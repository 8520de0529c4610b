//! Captures by upload: packets to flows to verdicts.

mod told;
mod upload;

pub(crate) use self::upload::sweep;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use futures_util::stream;
use tempfile::NamedTempFile;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::time::timeout;
use tripline_engine::service::{self, Live, Served};
use tripline_engine::traffic::{
    Content, Traffic, TrafficInput, TrafficSettings, recognise, set_of,
};
use tripline_features::flow::{FlowBatch, SetCard};
use utoipa_axum::routes;

use self::told::{CaptureSummary, FlowVerdict};
use super::ask::{AskQuery, Asked};
use super::judge::no_detector;
use super::prediction::reasons;
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Kind, Problem, ProblemDocument};
use crate::routes::{Routes, Rule};

/// Parts of the answer that wait for a slow client.
const PARTS: usize = 4;
/// Captures at once: each has a thread, a file and its flow tables.
const AT_ONCE: usize = 4;

static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

pub(crate) fn routes() -> Routes {
    Routes::new().add(Rule::PREDICT.upload(), routes!(predict_capture))
}

/// The answer to a capture in JSON.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[allow(dead_code, reason = "it documents what is written")]
struct CaptureAnswer<'a> {
    /// One for each flow, in the order in which they ended.
    flows: Vec<FlowVerdict<'a>>,
    /// What went through.
    summary: CaptureSummary,
}

/// Judge a capture
///
/// Takes a pcap or pcapng file, as the body or as a file of a form; gzip and zstd around it are
/// undone. Answers a verdict for each flow as JSON, or as NDJSON if `Accept` asks for it, whose last
/// line is `{"summary": …}`. Flows over the threshold are stored as detections about their source.
/// Reasons are told of these alone.
#[utoipa::path(
    post, path = "/predict/capture", tag = "predictions",
    params(AskQuery),
    request_body(description = "The capture.", content(
        (Vec<u8> = "application/vnd.tcpdump.pcap"),
        (Vec<u8> = "application/octet-stream"),
        (Vec<u8> = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "A verdict for each flow.", content(
            (CaptureAnswer<'static> = "application/json"), (FlowVerdict<'static> = "application/x-ndjson"),
        )),
        (status = 422, description = "The body is no capture, or no model takes flows.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    ),
)]
async fn predict_capture(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let asked = Asked::read(request.uri())?;
    let lines = wants_lines(request.headers());
    let live = app.service().live();
    let (served, set) = model(&live, &asked)?;
    let Ok(place) = PLACES.try_acquire() else {
        let detail = format!("{AT_ONCE} captures are being judged; try again later");
        return Err(Problem::unavailable(detail, Duration::from_secs(5)));
    };
    let folder = app.service().settings().folder.join(upload::FOLDER);
    let file = upload::received(request, folder).await?;
    let known = file.path().to_owned();
    let content = tokio::task::spawn_blocking(move || recognise(&known))
        .await
        .map_err(Problem::internal)?
        .map_err(Problem::internal)?;
    if content != Content::Capture {
        return Err(Problem::new(Kind::Invalid, "the body must be a capture: pcap or pcapng"));
    }
    let (parts, mut answer) = mpsc::channel::<Result<Bytes, Problem>>(PARTS);
    let run = Run {
        limit: app.settings().limits.batch_rows,
        until: Instant::now() + app.settings().limits.upload_time,
        request: caller.request().into(),
        app,
        asked,
        served,
        set,
        lines,
        parts,
        _place: place,
    };
    tokio::task::spawn_blocking(move || run.judge(file));
    // What fails before the first part is a problem.
    let first = match answer.recv().await {
        Some(part) => part?,
        None => return Err(Problem::internal("a capture without an answer")),
    };
    let rest = stream::unfold(answer, |mut answer| async move {
        let part = answer.recv().await?;
        Some((part.map_err(|problem| std::io::Error::other(problem.detail)), answer))
    });
    let first = stream::once(async move { Ok::<Bytes, std::io::Error>(first) });
    let body = Body::from_stream(stream::StreamExt::chain(first, rest));
    let mut response = Response::new(body);
    let kind = if lines { "application/x-ndjson" } else { "application/json" };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

fn wants_lines(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("ndjson") || value.contains("jsonl"))
}

/// The version that judges, with the feature set that gives its columns.
fn model(live: &Live, asked: &Asked) -> Result<(Arc<Served>, &'static SetCard), Problem> {
    if let Some(name) = &asked.model {
        let served = live.find(name)?.clone();
        return match set_of(&served.model) {
            Ok(set) => Ok((served, set)),
            Err(error) => Err(Problem::invalid("model", error.to_string())),
        };
    }
    let active = &live.task("flow")?.active;
    active
        .iter()
        .find_map(|served| Some((served.clone(), set_of(&served.model).ok()?)))
        .ok_or_else(|| no_detector(live, "model", "flow"))
}

/// A capture under way, where blocking is allowed.
struct Run {
    app: Arc<App>,
    asked: Asked,
    served: Arc<Served>,
    set: &'static SetCard,
    request: Box<str>,
    lines: bool,
    limit: u64,
    until: Instant,
    parts: mpsc::Sender<Result<Bytes, Problem>>,
    _place: SemaphorePermit<'static>,
}

impl Run {
    fn judge(self, file: NamedTempFile) {
        if let Err(problem) = self.all(&file) {
            // A client that left, or does not read, needs no answer.
            let _ = self.parts.try_send(Err(problem));
        }
    }

    fn all(&self, file: &NamedTempFile) -> Result<(), Problem> {
        let input = TrafficInput::Files(vec![file.path().to_owned()]);
        // The path is ours; a message about the file must not tell it.
        let failed = |error: tripline_engine::EngineError| {
            let path = file.path().display().to_string();
            Problem::new(Kind::Invalid, error.to_string().replace(&path, "the capture"))
        };
        let settings = TrafficSettings::default();
        let mut traffic = Traffic::open(&input, self.set, &settings).map_err(failed)?;
        let mut summary = CaptureSummary::new(&self.served.id);
        let mut out = Vec::new();
        if !self.lines {
            out.extend_from_slice(b"{\"flows\":[");
        }
        while let Some(batch) = traffic.next_batch().map_err(failed)? {
            self.flows(&batch, &mut summary, &mut out)?;
            if summary.flows > self.limit {
                summary.ended_by = Some(format!("the capture has more than {} flows", self.limit));
                break;
            }
            if Instant::now() > self.until {
                summary.ended_by = Some("the capture took too long".to_owned());
                break;
            }
            if !out.is_empty() && !self.send(&mut out) {
                return Ok(());
            }
        }
        summary.packets = traffic.summary().packets;
        summary.bad_records = traffic.summary().bad_records();
        let (before, after): (&[u8], &[u8]) =
            if self.lines { (b"{\"summary\":", b"}\n") } else { (b"],\"summary\":", b"}") };
        out.extend_from_slice(before);
        serde_json::to_writer(&mut out, &summary).map_err(Problem::internal)?;
        out.extend_from_slice(after);
        self.send(&mut out);
        Ok(())
    }

    /// Whether the client is still there, and reads.
    fn send(&self, out: &mut Vec<u8>) -> bool {
        let pause = self.app.settings().limits.body_pause;
        let sent = self.parts.send(Ok(std::mem::take(out).into()));
        let sent = Handle::current().block_on(async { timeout(pause, sent).await });
        matches!(sent, Ok(Ok(())))
    }

    fn flows(
        &self,
        batch: &FlowBatch,
        summary: &mut CaptureSummary,
        out: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        if batch.flows.is_empty() {
            return Ok(());
        }
        let sources: Vec<Option<Arc<str>>> =
            batch.flows.iter().map(|flow| Some(flow.orig_ip().to_string().into())).collect();
        let judged = service::Batch {
            task: "flow",
            rows: &batch.rows,
            entities: Some(&sources),
            request: Some(&self.request),
        };
        let answer =
            self.app.service().predict_rows_by(&self.served, &judged, &self.asked.ask())?;
        if self.asked.durable {
            let stored = self.app.service().batch_stored(&answer);
            Handle::current().block_on(stored)?;
        }
        let mut detections = answer.detections.iter().peekable();
        let mut explained = answer.explanations.iter().peekable();
        for (row, flow) in batch.flows.iter().enumerate() {
            let (attack, probability) = (answer.attack[row], answer.probability[row]);
            let judged = answer.judged(row);
            let detection = detections.next_if(|(at, _)| *at == row).map(|(_, id)| id.clone());
            let told = explained.next_if(|(at, _)| *at == row).map(|(_, told)| told);
            let mut verdict =
                FlowVerdict::of(flow, attack, probability, answer.score[row], judged, detection);
            verdict.reasons = told.map(reasons);
            if !self.lines && summary.flows > 0 {
                out.push(b',');
            }
            serde_json::to_writer(&mut *out, &verdict).map_err(Problem::internal)?;
            if self.lines {
                out.push(b'\n');
            }
            summary.count(&verdict);
        }
        Ok(())
    }
}
