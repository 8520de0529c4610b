//! A blob as an answer, part by part, so that no reader holds a whole one in memory.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures_util::{StreamExt as _, stream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::problem::Problem;

/// Readers at once: each holds a file open.
const AT_ONCE: usize = 32;

static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

/// Answers a blob; who asks has time for it as for an upload.
pub(super) async fn answer(app: &App, key: &str) -> Result<Response, Problem> {
    let Ok(place) = PLACES.try_acquire() else {
        let detail = format!("{AT_ONCE} files are being read; try again later");
        return Err(Problem::unavailable(detail, Duration::from_secs(5)));
    };
    let until = Instant::now() + app.settings().limits.upload_time;
    let (bytes, parts) = app.blobs().reader(key).await?;
    let parts = stream::unfold((parts, place), move |(mut parts, place)| async move {
        // An error breaks the connection: the client must not take a part for the whole.
        let part = match timeout_at(until, parts.next()).await {
            Ok(part) => part?.map_err(io::Error::other),
            Err(_) => Err(io::Error::other("the file was read too slowly")),
        };
        Some((part, (parts, place)))
    });
    let mut response = Response::new(Body::from_stream(parts));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    Ok(response)
}
