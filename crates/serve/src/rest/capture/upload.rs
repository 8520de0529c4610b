//! An uploaded file on its way to a place without a name of the client's.

use std::io::Write as _;
use std::path::PathBuf;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use axum::http::header;
use futures_util::{Stream, StreamExt as _};
use tempfile::NamedTempFile;

use crate::extract::body_problem;
use crate::problem::{Kind, Problem};

/// Where captures are while they are judged, in the data folder: its room is that of the data, which
/// an operator has planned, not that of `/tmp`, which may be memory.
pub(crate) const FOLDER: &str = "tmp";

/// Removes what a service that was killed left behind.
pub(crate) fn sweep(folder: &std::path::Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(folder.join(FOLDER)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes the body, or the first file of a form, to a file that goes when it is dropped.
pub(super) async fn received(
    mut request: Request,
    folder: PathBuf,
) -> Result<NamedTempFile, Problem> {
    let form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data"));
    if !form {
        let body = request.into_body().into_data_stream();
        let parts = body.map(|part| part.map_err(|error| body_problem(&error)));
        return written(parts, folder).await;
    }
    let damaged = |reason: String| Problem::new(Kind::Malformed, format!("the form: {reason}"));
    // The route bounds the body already.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut form =
        Multipart::from_request(request, &()).await.map_err(|error| damaged(error.body_text()))?;
    while let Some(field) = form.next_field().await.map_err(|error| damaged(error.body_text()))? {
        if field.file_name().is_some() {
            let parts = field.map(|part| part.map_err(|error| body_problem(&error)));
            return written(parts, folder).await;
        }
    }
    Err(damaged("it has no file".to_owned()))
}

async fn written(
    parts: impl Stream<Item = Result<Bytes, Problem>>,
    folder: PathBuf,
) -> Result<NamedTempFile, Problem> {
    let mut file = blocking(move || {
        std::fs::create_dir_all(&folder)?;
        NamedTempFile::new_in(folder)
    })
    .await?;
    let mut parts = std::pin::pin!(parts);
    while let Some(part) = parts.next().await {
        let part = part?;
        file = blocking(move || file.write_all(&part).map(|()| file)).await?;
    }
    Ok(file)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(Problem::internal)?.map_err(Problem::internal)
}
