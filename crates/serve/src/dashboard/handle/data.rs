//! Data: uploads, fingerprints, findings of the guard.

use std::sync::Arc;

use axum::extract::{Multipart, Path, State};
use tripline_store::records::{PageRequest, RunFilter, Scope, VersionFilter};

use super::super::page::page;
use super::super::stored;
use super::super::view::data;
use super::super::visit::{Answer, Posted, Visit, redirect, show};
use crate::app::App;
use crate::caller::Caller;
use crate::extract::body_problem;
use crate::problem::{Kind, Problem};

/// Runs whose data are shown.
const RUNS: u32 = 20;
/// Trainings whose findings are shown.
const TRAININGS: usize = 5;

/// The page.
pub(crate) async fn get(visit: Visit) -> Answer {
    let store = visit.app.store();
    let uploads: Vec<data::Upload> = visit
        .app
        .service()
        .uploads()
        .await?
        .into_iter()
        .map(|upload| data::Upload {
            id: upload.id,
            name: upload.label,
            bytes: upload.bytes,
            digest: upload.digest,
            at: upload.created_at,
        })
        .collect();
    let few = PageRequest { limit: RUNS, after: None };
    let runs = store.runs(&RunFilter::default(), &few).await?.items;
    let mut guarded: Vec<data::Guarded> = Vec::new();
    for version in store.versions(&VersionFilter::default()).await? {
        let findings = stored::findings(&version.what.card);
        // Trainings on the same data find the same.
        let known = guarded.iter().position(|known| known.findings == findings);
        match known {
            _ if findings.is_empty() => {}
            Some(at) => guarded[at].models.push(version.id),
            None if guarded.len() < TRAININGS => {
                guarded.push(data::Guarded { models: vec![version.id], findings });
            }
            None => {}
        }
    }
    let body = data::page(&visit.viewer, &uploads, &runs, &guarded);
    Ok(show(page(&visit.viewer, "/ui/data", "Data", &body)))
}

/// Takes a file. The field `csrf` stands before it, so that nothing of another site is written.
pub(crate) async fn upload(
    State(app): State<Arc<App>>,
    caller: Caller,
    mut form: Multipart,
) -> Answer {
    let broken = |error: axum::extract::multipart::MultipartError| body_problem(&error);
    let mut checked = false;
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        match field.name() {
            Some("csrf") => {
                let mut given = Vec::new();
                while let Some(part) = field.chunk().await.map_err(broken)? {
                    given.extend_from_slice(&part);
                    if given.len() > 256 {
                        break;
                    }
                }
                app.gate().check_csrf(&caller, &String::from_utf8_lossy(&given))?;
                checked = true;
            }
            Some("file") if checked => {
                let label = field.file_name().unwrap_or("upload").to_owned();
                let mut writer = app.service().begin_upload(&label).await?;
                loop {
                    match field.chunk().await {
                        Ok(Some(part)) => writer.write(part).await?,
                        Ok(None) => break,
                        Err(error) => {
                            writer.abort().await;
                            return Err(broken(error));
                        }
                    }
                }
                writer.finish(&caller.change()).await?;
                return Ok(redirect("/ui/data?done=uploaded"));
            }
            _ => {}
        }
    }
    if checked {
        return Err(Problem::invalid("file", "is missing"));
    }
    Err(Problem::new(Kind::Forbidden, "the form does not carry its token; load the page again"))
}

/// Removes a file.
pub(crate) async fn delete(Path(id): Path<String>, mut posted: Posted) -> Answer {
    posted.unlock(Scope::Train)?;
    let removed = posted.app.service().delete_upload(&id, &posted.change()).await?;
    removed.ok_or_else(|| Problem::not_found("upload", &id))?;
    Ok(posted.done("/ui/data", "deleted"))
}
