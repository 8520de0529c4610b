//! The dashboard: pages drawn on the server, under `/ui/`.
//!
//! A page is a function from what is known to markup (`view`); what is known is read by the
//! handlers (`handle`). Pages work without scripts except for what is live. Nothing stands inline:
//! the content security policy allows our own files alone.

mod assets;
mod chart;
mod fields;
mod handle;
mod notes;
mod page;
mod parts;
mod refusal;
mod stored;
mod text;
mod view;
mod visit;

#[cfg(test)]
mod tests;

use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodRouter, get, post};
use std::sync::Arc;

use handle::{
    audit, data, detections, experiments, jobs, keys, live, models, overview, runs, sample,
    session, settings,
};

use crate::app::App;
use crate::problem::Problem;
use crate::routes::{Routes, Rule};

/// The pages with what they post.
pub(crate) fn routes() -> Routes {
    let page =
        |rule: Rule, path: &'static str, methods: MethodRouter<Arc<App>>| (rule, path, methods);
    let read = Rule::READ;
    let predict = Rule::PREDICT.form();
    let train = Rule::TRAIN.form();
    let deploy = Rule::DEPLOY.form();
    let admin = Rule::ADMIN.form();
    let seen_by_admin = Rule::ADMIN.visible();
    let all = [
        page(Rule::OPEN, "/ui/assets/{hash}/{name}", get(assets::serve)),
        page(Rule::OPEN, "/ui/login", get(session::form)),
        page(Rule::OPEN.form(), "/ui/login", post(session::log_in)),
        page(Rule::OPEN.form(), "/ui/logout", post(session::log_out)),
        page(Rule::OPEN, "/ui/theme", get(session::theme)),
        page(Rule::OPEN, "/", get(async || visit::redirect("/ui/"))),
        page(Rule::OPEN, "/ui", get(async || visit::redirect("/ui/"))),
        page(read, "/ui/", get(overview::get)),
        page(read, "/ui/live", get(live::stream)),
        page(predict, "/ui/sample", post(sample::send)),
        page(Rule::OPEN, "/ui/samples/{task}", get(sample::get)),
        page(read, "/ui/detections", get(detections::list)),
        page(read, "/ui/detections/{id}", get(detections::one)),
        page(predict, "/ui/detections/{id}/feedback", post(detections::feedback)),
        page(read, "/ui/models", get(models::list)),
        page(read, "/ui/models/compare", get(models::compare)),
        page(read, "/ui/models/{id}", get(models::one)),
        page(deploy, "/ui/models/{id}/deploy", post(models::deploy)),
        page(deploy, "/ui/models/{id}/rollback", post(models::roll_back)),
        page(deploy, "/ui/models/{id}/shadow", post(models::shadow)),
        page(deploy, "/ui/models/{id}/archive", post(models::archive)),
        page(deploy, "/ui/models/{id}/delete", post(models::delete)),
        page(deploy, "/ui/models/{id}/rule", post(models::rule)),
        page(deploy, "/ui/experiments/{name}/begin", post(experiments::begin)),
        page(deploy, "/ui/experiments/{name}/end", post(experiments::end)),
        page(read, "/ui/jobs", get(jobs::list)),
        page(read, "/ui/jobs/new", get(jobs::form)),
        page(train, "/ui/jobs/new", post(jobs::start)),
        page(read, "/ui/jobs/{id}", get(jobs::one)),
        page(train, "/ui/jobs/{id}/cancel", post(jobs::cancel)),
        page(train, "/ui/jobs/{id}/retry", post(jobs::retry)),
        page(read, "/ui/runs", get(runs::get)),
        page(read, "/ui/data", get(data::get)),
        page(
            train.upload(),
            "/ui/data/upload",
            // The guard of the route bounds the body.
            post(data::upload).layer(DefaultBodyLimit::disable()),
        ),
        page(train, "/ui/data/{id}/delete", post(data::delete)),
        page(read, "/ui/settings", get(settings::get)),
        page(seen_by_admin, "/ui/settings/audit", get(audit::get)),
        page(seen_by_admin.form(), "/ui/settings/audit/verify", post(audit::verify)),
        page(seen_by_admin, "/ui/settings/keys", get(keys::list)),
        page(admin, "/ui/settings/keys", post(keys::create)),
        page(admin, "/ui/settings/keys/{id}/revoke", post(keys::revoke)),
        page(seen_by_admin, "/ui/settings/users", get(keys::users)),
        page(admin, "/ui/settings/users", post(keys::put_user)),
        page(admin, "/ui/settings/users/{name}/remove", post(keys::remove_user)),
    ];
    all.into_iter()
        .fold(Routes::new(), |routes, (rule, path, methods)| routes.add_hidden(rule, path, methods))
        .drawn(refusal::draw)
}

/// An id that nobody else gives.
fn random_id(prefix: &str) -> Result<String, Problem> {
    let mut bytes = [0; 10];
    getrandom::fill(&mut bytes).map_err(Problem::internal)?;
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    Ok(std::iter::once(prefix.to_owned()).chain(digits).collect())
}
