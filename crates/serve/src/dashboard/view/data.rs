//! Data: uploads, what trainings were fitted to, what the guard said of it.

use maud::{Markup, html};
use tripline_store::records::{Run, Scope};
use tripline_store::time::Timestamp;

use super::super::fields::encode;
use super::super::page::{Viewer, ask, csrf};
use super::super::parts::{empty, head, panel, words};
use super::super::text::{bytes, count, short_hash, short_time};
use super::findings::{self, Finding};
use super::welcome;

/// Versions that are named where several were trained on the same.
const NAMED: usize = 3;

/// A file that was uploaded.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    /// Its id.
    pub(crate) id: String,
    /// The name that its sender gave it: a label, never a path.
    pub(crate) name: String,
    /// Bytes.
    pub(crate) bytes: u64,
    /// SHA-256.
    pub(crate) digest: String,
    /// When it came.
    pub(crate) at: Timestamp,
}

/// The guard's findings of a training.
pub(crate) struct Guarded {
    /// The versions that came of it.
    pub(crate) models: Vec<String>,
    /// What was found.
    pub(crate) findings: Vec<Finding>,
}

/// The page.
pub(crate) fn page(
    viewer: &Viewer,
    uploads: &[Upload],
    runs: &[Run],
    guarded: &[Guarded],
) -> Markup {
    html! {
        (head(&html! { "Data" }, &html! {}))
        (panel("Uploads", &html! {}, &html! {
            @if viewer.may(Scope::Train) {
                form.filters method="post" action="/ui/data/upload" enctype="multipart/form-data" {
                    (csrf(viewer))
                    div.field { label for="file" { "CSV, Parquet, JSON lines, packed or not" }
                        input #file name="file" type="file" required; }
                    button type="submit" { "Upload" }
                }
            }
            @if uploads.is_empty() {
                (empty("Nothing is uploaded.", &html! {
                    p { "Choose a file above, or send one:" }
                    (welcome::command("upload", &format!("curl --data-binary @flows.csv -H 'Content-Type: text/csv' '{}/api/v1/uploads?name=flows.csv'", viewer.origin)))
                }))
            } @else { div.scroll { table {
                thead { tr { th scope="col" { "Name" } th.n scope="col" { "Size" } th.m scope="col" { "SHA-256" } th.n.m scope="col" { "Came" } th scope="col" { span.sr { "What to do" } } } }
                tbody { @for upload in uploads { tr {
                    th scope="row" { span.break { (upload.name) } div.small.dim.break { "upload:" (upload.id) } }
                    td.n { (bytes(upload.bytes)) }
                    td.m { code title=(upload.digest) { (short_hash(&upload.digest)) "…" } }
                    td.n.m { (short_time(upload.at)) }
                    td.n { @if viewer.may(Scope::Train) { div.buttons {
                        a.button href={ "/ui/jobs/new?upload=" (encode(&upload.id)) } { "Train on it" }
                        (ask(viewer, ("Delete…", ""), &format!("/ui/data/{}/delete", encode(&upload.id)), true, &html! { p { "The file is removed; what was trained on it stays." } }))
                    } } }
                } } }
            } } }
        }))
        (panel("Fingerprints of training data", &html! { a href="/ui/runs" { "all runs" } }, &html! {
            @if runs.is_empty() { (empty("No training has run yet.", &html! { a.button href="/ui/jobs/new" { "Train a model" } })) }
            @else { div.scroll { table {
                thead { tr { th scope="col" { "Run" } th.m scope="col" { "Part" } th.n scope="col" { "Rows" } th.n.l scope="col" { "Columns" } th.m scope="col" { "SHA-256" } th.l scope="col" { "From" } th.n.m scope="col" { "When" } } }
                tbody { @for run in runs { @for (role, text) in &run.what.data {
                    @let print = Fingerprint::of(text);
                    tr {
                        th scope="row" { a href={ "/ui/runs?id=" (encode(&run.id)) } { (words(&run.what.experiment)) } div.small.dim.break { (run.id) } }
                        td.m { (words(role)) } td.n { (print.rows) } td.n.l { (print.columns) }
                        td.m { @if print.digest.is_empty() { "–" } @else { code title=(print.digest) { (short_hash(&print.digest)) "…" } } }
                        td.l { div.clip title=(print.name) { (print.name) } }
                        td.n.m { (short_time(run.started_at)) }
                    }
                } } }
            } } }
        }))
        @for one in guarded {
            (findings::titled("Guard findings", &html! { span.dim { "in the training data of" }
                @for (at, model) in one.models.iter().enumerate() {
                    @if at < NAMED { a href={ "/ui/models/" (encode(model)) } { (model) } }
                }
                @if one.models.len() > NAMED { span.dim { "and " (one.models.len() - NAMED) " more" } }
            }, &one.findings))
        }
    }
}

/// What is shown of a fingerprint.
struct Fingerprint {
    rows: String,
    columns: String,
    digest: String,
    name: String,
}

impl Fingerprint {
    fn of(text: &str) -> Self {
        let parts: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        let number = |name: &str| {
            let value = parts.get(name).and_then(serde_json::Value::as_u64);
            value.map_or_else(|| "–".to_owned(), count)
        };
        let text = |name: &str| {
            let value = parts.get(name).and_then(serde_json::Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        Self {
            rows: number("rows"),
            columns: number("columns"),
            digest: text("sha256"),
            name: text("name"),
        }
    }
}

/// A fingerprint, stored as JSON, in one line.
pub(crate) fn fingerprint(text: &str) -> String {
    let Ok(serde_json::Value::Object(parts)) = serde_json::from_str(text) else {
        return text.to_owned();
    };
    let one = |(name, value): (&String, &serde_json::Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let shown = if name == "sha256" { format!("{}…", short_hash(&value)) } else { value };
        format!("{} {shown}", words(name))
    };
    parts.iter().map(one).collect::<Vec<_>>().join(", ")
}
