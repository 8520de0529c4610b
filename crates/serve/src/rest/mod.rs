//! The REST interface: one file for each resource.

mod ask;
mod audit;
mod batch;
mod capture;
mod deploys;
mod detection;
mod detections;
mod detectors;
mod docs;
mod download;
mod experiments;
mod explain;
mod feature_rows;
mod features;
pub(crate) mod feedback;
mod health;
pub(crate) mod job;
pub(crate) mod judge;
mod keys;
mod metrics;
pub(crate) mod model;
mod model_upload;
mod models;
mod openapi;
mod predict;
pub(crate) mod prediction;
mod record;
mod rollback_rules;
mod run;
mod runs;
mod shadows;
mod similar;
mod training;
mod training_events;
mod training_request;
mod uploads;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use bytes::Bytes;

use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::routes::Routes;

pub(crate) use self::capture::sweep;
pub(crate) use self::training_request::hyperparameters;

/// Resources under `/api/v1`.
fn resources() -> Routes {
    Routes::new()
        .merge(audit::routes())
        .merge(keys::routes())
        .merge(users::routes())
        .merge(openapi::routes())
        .merge(predict::routes())
        .merge(batch::routes())
        .merge(capture::routes())
        .merge(explain::routes())
        .merge(models::routes())
        .merge(model_upload::routes())
        .merge(deploys::routes())
        .merge(detectors::routes())
        .merge(experiments::routes())
        .merge(rollback_rules::routes())
        .merge(shadows::routes())
        .merge(detections::routes())
        .merge(feedback::routes())
        .merge(training::routes())
        .merge(uploads::routes())
        .merge(runs::routes())
        .merge(features::routes())
        .merge(feature_rows::routes())
}

/// All routes, and the document that describes them.
pub(crate) fn assemble() -> (Router<Arc<App>>, Bytes) {
    let all = Routes::new()
        .merge(resources().under("/api/v1"))
        .merge(health::routes())
        .merge(metrics::routes())
        .merge(docs::routes())
        .merge(predict::at_root())
        .merge(crate::graphql::routes())
        .merge(crate::inference::routes())
        .merge(crate::dashboard::routes());
    let (router, api) = all.split();
    let router = router
        // The guard of each route has its own bound.
        .layer(DefaultBodyLimit::disable())
        .fallback(|| async { Problem::new(Kind::NotFound, "there is nothing at this path") })
        .method_not_allowed_fallback(|| async {
            Problem::new(Kind::MethodNotAllowed, "this path has other methods, see `Allow`")
        });
    (router, openapi::document(api))
}
