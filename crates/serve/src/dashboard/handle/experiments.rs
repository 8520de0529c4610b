//! Experiments: begin, end.

use axum::extract::Path;
use tripline_store::records::Scope;

use super::super::fields::encode;
use super::super::visit::{Answer, Posted};
use super::models::number;
use crate::problem::Problem;

/// Splits the traffic of a name.
pub(crate) async fn begin(Path(name): Path<String>, mut posted: Posted) -> Answer {
    posted.unlock(Scope::Deploy)?;
    let treatment = posted
        .fields
        .get("treatment")
        .ok_or_else(|| Problem::invalid("treatment", "must name a version"))?
        .to_owned();
    let percent: f64 = number(posted.fields.get("share"), "share")?.unwrap_or(10.0);
    let change = posted.change();
    let service = posted.app.service();
    let begun = service.start_experiment(&name, &treatment, percent / 100.0, &change).await?;
    let place = format!("/ui/models/{}", encode(&begun.control));
    Ok(posted.done(&place, "experiment"))
}

/// Ends it.
pub(crate) async fn end(Path(name): Path<String>, mut posted: Posted) -> Answer {
    posted.unlock(Scope::Deploy)?;
    posted.app.service().end_experiment(&name, &posted.change()).await?;
    Ok(posted.done("/ui/models", "experiment-ended"))
}
