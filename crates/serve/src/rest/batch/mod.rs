//! Predictions of many records, streamed in as well as out.

mod arrow;
mod format;
mod judged;
mod outcome;
mod source;
mod split;
mod write;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};
use utoipa_axum::routes;

use self::format::Format;
use self::judged::{Batch, Part};
use self::outcome::{BatchPrediction, BatchSummary};
use self::source::{Chunk, Source};
use self::write::BatchWriter;
use super::ask::{AskQuery, Asked};
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Kind, Problem, ProblemDocument};
use crate::routes::{Routes, Rule};

/// Batches at once, whatever becomes of the clients that read their answers.
const AT_ONCE: usize = 32;

static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

pub(crate) fn routes() -> Routes {
    Routes::new().add(Rule::PREDICT.upload(), routes!(predict_batch))
}

/// The answer to a batch in JSON.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[allow(dead_code, reason = "it documents what `BatchWriter` writes")]
struct BatchAnswer<'a> {
    /// One for each record, in order.
    predictions: Vec<BatchPrediction<'a>>,
    /// What it came to.
    summary: BatchSummary,
}

/// Judge many flows
///
/// Takes a JSON array of records, NDJSON with a record a line, or an Arrow IPC stream with a column
/// for each field; answers while the body still arrives, in the format that `Accept` asks for, else
/// in that of the body. A record that cannot be judged is an `error` in its place. NDJSON ends with
/// a line `{"summary": …}`. An answer in Arrow has reasons as JSON text. Of a body in Arrow they are
/// told of rows over the threshold alone, of the first 1,000 of each 65,536 rows, and only by models
/// whose reasons come from the model itself.
#[utoipa::path(
    post, path = "/predict/flow/batch", tag = "predictions",
    params(AskQuery),
    request_body(
        description = "The records.",
        content(
            (Vec<serde_json::Map<String, serde_json::Value>> = "application/json", example = json!([
                {"dur": 0.121478, "proto": "tcp", "service": "-", "state": "FIN"}
            ])),
            (String = "application/x-ndjson"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"),
        )
    ),
    responses(
        (status = 200, description = "An answer for each record.", content(
            (BatchAnswer<'static> = "application/json"),
            (BatchPrediction<'static> = "application/x-ndjson"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"),
        )),
        (status = 406, description = "None of the formats is accepted.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
        (status = 422, description = "The body is no batch, or no model takes its columns.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    )
)]
async fn predict_batch(
    State(app): State<Arc<App>>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = Asked::read(&uri)?;
    let format = Format::of_body(&headers)?;
    let accepted = Format::of_answer(&headers, format)?;
    if let Some(model) = &asked.model {
        app.service().live().find(model)?;
    }
    let Ok(place) = PLACES.try_acquire() else {
        let detail = format!("{AT_ONCE} batches are being judged; try again later");
        return Err(Problem::unavailable(detail, Duration::from_secs(1)));
    };
    let limit = app.settings().limits.batch_rows;
    let mut run = Run {
        batch: Arc::new(Batch::new(app.clone(), asked, caller.request())),
        source: Source::new(body, format),
        writer: BatchWriter::new(accepted, format == Format::Lines),
        summary: BatchSummary::default(),
        seen: 0,
        limit,
        until: Instant::now() + app.settings().limits.upload_time,
        ended: false,
        _place: place,
    };
    // What is wrong from the start is a problem; after the first records it is told among them.
    let first = match run.source.next().await? {
        Some(chunk) => run.judge(chunk).await?,
        None => run.end()?,
    };
    let rest = stream::unfold(run, |mut run| async move {
        let part = run.next().await?;
        Some((part, run))
    });
    let body = stream::StreamExt::chain(
        stream::once(async move { Ok::<Bytes, std::io::Error>(first) }),
        rest,
    );
    let mut response = Response::new(Body::from_stream(body));
    let kind = HeaderValue::from_static(accepted.media_type());
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

/// A batch under way.
struct Run {
    batch: Arc<Batch>,
    source: Source,
    writer: BatchWriter,
    summary: BatchSummary,
    seen: u64,
    limit: u64,
    until: Instant,
    ended: bool,
    _place: SemaphorePermit<'static>,
}

impl Run {
    /// The next part of the answer.
    async fn next(&mut self) -> Option<Result<Bytes, std::io::Error>> {
        if self.ended {
            return None;
        }
        // The time holds for a body that arrives slowly, and for an answer that is read slowly.
        let part = match timeout_at(self.until, self.source.next()).await {
            Err(_) => Err(Problem::new(Kind::Timeout, "the batch took too long")),
            Ok(Ok(Some(chunk))) => self.judge(chunk).await,
            Ok(Ok(None)) => self.end(),
            Ok(Err(problem)) => Err(problem),
        };
        // The head of the answer is sent: the summary has to tell what ended the batch.
        let part = part.or_else(|problem| {
            self.ended = true;
            if self.writer.is_arrow() {
                // A table has no place for it, and must not look whole.
                return Err(problem);
            }
            self.summary.ended_by = Some(problem.detail);
            self.end()
        });
        Some(part.map_err(|problem| std::io::Error::other(problem.detail)))
    }

    async fn judge(&mut self, chunk: Chunk) -> Result<Bytes, Problem> {
        let first_row = self.seen;
        self.seen += chunk.rows() as u64;
        if self.seen > self.limit {
            let detail = format!("the batch has more than {} records", self.limit);
            return Err(Problem::new(Kind::TooLarge, detail));
        }
        let batch = self.batch.clone();
        let judged = tokio::task::spawn_blocking(move || batch.judge(chunk, first_row))
            .await
            .map_err(Problem::internal)??;
        match judged {
            Part::Records { outcomes, seconds } => {
                self.batch.wait(&outcomes).await?;
                self.summary.count(&outcomes);
                self.summary.inference_time_ms += seconds * 1000.0;
                self.writer.part(&outcomes).map_err(Problem::internal)
            }
            Part::Table(answer) => {
                if self.batch.asked.durable {
                    self.batch.app.service().batch_stored(&answer).await?;
                }
                self.summary.add(&answer);
                let table = judged::table(&answer, first_row).map_err(Problem::internal)?;
                if self.writer.is_arrow() {
                    return self.writer.table(&table).map_err(Problem::internal);
                }
                self.writer.part(&judged::outcomes(&answer, first_row)).map_err(Problem::internal)
            }
        }
    }

    fn end(&mut self) -> Result<Bytes, Problem> {
        self.ended = true;
        self.writer.end(&self.summary).map_err(Problem::internal)
    }
}
