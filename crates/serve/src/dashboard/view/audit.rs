//! The audit trail.

use maud::{Markup, html};
use tripline_store::records::{AuditEntry, AuditHead};

use super::super::fields::Fields;
use super::super::page::Viewer;
use super::super::parts::{empty, panel};
use super::super::text::{count, time};
use super::settings::tabs;

/// Whether the trail holds together.
pub(crate) enum Verified {
    /// All entries up to this number.
    Whole(u64),
    /// The chain breaks: what is wrong.
    Broken(String),
    /// Too long for a page: the command does it.
    NotHere(u64),
}

/// The page.
pub(crate) fn page(
    viewer: &Viewer,
    (fields, entries, next): (&Fields, &[AuditEntry], Option<&str>),
    head: Option<&AuditHead>,
    verified: &Verified,
) -> Markup {
    html! {
        (tabs(viewer, "/ui/settings/audit"))
        @match verified {
            Verified::Whole(0) => p.note { "The trail is empty." },
            Verified::Whole(entries) => p.note.good { "The chain of all " (count(*entries)) " entries holds: each carries the hash of the one before." },
            Verified::Broken(reason) => p.note.bad role="alert" { "The trail does not hold together: " (reason) ". " code { "tripline audit verify" } " tells more." },
            Verified::NotHere(entries) => p.note { (count(*entries)) " entries; " code { "tripline audit verify" } " checks the chain with its signature." },
        }
        (panel("Entries", &html! {
            @if let Some(head) = head { span.dim { "head " code { (hex(&head.hash[..6])) "…" } ", signed" } }
            @if let Some(object) = fields.get("object") { span { "about " b { (object) } } a href="/ui/settings/audit" { "all" } }
        }, &html! {
            @if entries.is_empty() { (empty("No entry.", &html! {})) } @else {
                (table(entries, true))
                @if let Some(next) = next { div.pages { a.button rel="next" href=(fields.with("after", next).url("/ui/settings/audit")) { "Older" } } }
            }
        }))
    }
}

/// Entries.
pub(crate) fn table(entries: &[AuditEntry], objects: bool) -> Markup {
    html! { div.scroll { table {
        thead { tr {
            th.n scope="col" { "No." } th scope="col" { "What" }
            @if objects { th scope="col" { "Of" } }
            th scope="col" { "By" } th.l scope="col" { "More" } th.n.m scope="col" { "When" }
        } }
        tbody { @for entry in entries { tr {
            td.n { (entry.sequence) }
            td { code { (entry.action) } }
            @if objects { td { div.clip title=(entry.object) { (entry.object) } } }
            td { (entry.actor) }
            td.l { div.clip.dim title=(entry.detail) { (entry.detail) } }
            td.n.m { (time(entry.at)) }
        } } }
    } } }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
