//! Every page, drawn.

mod jobs;
mod models;
mod settings;
mod watch;

use maud::Markup;
use tripline_store::records::{ModelVersion, Status};

use super::records::version;

/// A page with its name.
pub(super) type Drawn = (&'static str, Markup);

/// All pages.
pub(super) fn pages() -> Vec<Drawn> {
    [watch::pages(), models::pages(), jobs::pages(), settings::pages()]
        .into_iter()
        .flatten()
        .collect()
}

/// Versions of a name: active, candidate, archived.
fn versions() -> Vec<ModelVersion> {
    vec![version(2, Status::Active), version(3, Status::Candidate), version(1, Status::Archived)]
}
