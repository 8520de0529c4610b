//! The audit trail.

use std::time::Duration;

use maud::{Markup, html};
use tripline_engine::service::AuditCheck;
use tripline_store::records::{AuditEntry, AuditHead};

use super::super::fields::Fields;
use super::super::page::{Viewer, csrf};
use super::super::parts::{empty, panel, words};
use super::super::stored;
use super::super::text::{count, span, time};
use super::settings::tabs;

/// Findings that are shown.
const SHOWN: usize = 20;

/// What a check gave.
pub(crate) enum Verified {
    /// It was done.
    Checked {
        /// What it found.
        found: AuditCheck,
        /// How long it took.
        took: Duration,
    },
    /// Too long for a page: the command does it.
    TooLong(u64),
    /// Another one is under way.
    Busy,
}

/// The page.
pub(crate) fn page(
    viewer: &Viewer,
    (fields, entries, next): (&Fields, &[AuditEntry], Option<&str>),
    head: Option<&AuditHead>,
    verified: Option<&Verified>,
) -> Markup {
    html! {
        (tabs(viewer, "/ui/settings/audit"))
        @if let Some(verified) = verified { (result(verified)) }
        (panel("Entries", &html! {
            @if let Some(head) = head { span.dim { "signed head: entry " (count(head.sequence)) ", " code { (hex(&head.hash[..6])) "…" } } }
            @if let Some(object) = fields.get("object") { span { "about " b { (object) } } a href="/ui/settings/audit" { "all" } }
            form.inline method="post" action="/ui/settings/audit/verify" {
                (csrf(viewer))
                button type="submit" title="The same check as `tripline audit verify`" { "Verify now" }
            }
        }, &html! {
            @if entries.is_empty() { (empty("No entry.", &html! {})) } @else {
                (table(entries, true))
                @if let Some(next) = next { div.pages { a.button rel="next" href=(fields.with("after", next).url("/ui/settings/audit")) { "Older" } } }
            }
        }))
        p.small.dim {
            "Each entry carries the hash of the one before it; the head is signed with a key outside the database and logged in "
            code { "audit-heads.log" } ". To check against a key and a log that are kept elsewhere: "
            code { "tripline audit verify --public-key FILE --heads FILE" } "."
        }
    }
}

fn result(verified: &Verified) -> Markup {
    match verified {
        Verified::Checked { found, took } if found.is_intact() => html! {
            p.note.good role="status" {
                b { "The trail is intact." } " "
                (count(found.report.entries)) " entries, the signature of the head and "
                (count(found.report.logged)) " logged heads were checked in "
                (span(took.as_micros() as i64)) "."
            }
        },
        Verified::Checked { found, .. } => {
            let findings = &found.report.findings;
            let more = findings.len().saturating_sub(SHOWN) as u64 + found.report.further;
            html! { div.note.bad role="alert" {
                p { b { "The trail is NOT intact." } " " (count(found.report.entries)) " entries and " (count(found.report.logged)) " logged heads were checked." }
                ul {
                    @if !found.log_there { li { "the log of heads is missing" } }
                    @for finding in findings.iter().take(SHOWN) { li { (finding.to_string()) } }
                    @if more > 0 { li { "and " (count(more)) " more" } }
                }
            } }
        }
        Verified::TooLong(entries) => html! {
            p.note.warn role="status" { (count(*entries)) " entries are too many for a page: run " code { "tripline audit verify" } " beside the service." }
        },
        Verified::Busy => html! {
            p.note.warn role="status" { "A check is under way; try again in a moment." }
        },
    }
}

/// Entries.
pub(crate) fn table(entries: &[AuditEntry], objects: bool) -> Markup {
    html! { div.scroll { table.audit {
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
            td.l { div.clip.dim title=(entry.detail) { (detail(&entry.detail)) } }
            td.n.m { (time(entry.at)) }
        } } }
    } } }
}

/// What an entry says, as names with values; a digest in its first letters.
fn detail(text: &str) -> String {
    let lines = stored::lines(text);
    let one = |(name, value): &(String, String)| {
        let long = value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit());
        let value = if long { format!("{}…", &value[..12]) } else { value.clone() };
        match value.as_str() {
            "" => format!("no {}", words(name)),
            value => format!("{} {value}", words(name)),
        }
    };
    lines.iter().map(one).collect::<Vec<_>>().join(" · ")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_says_what_changed_in_words() {
        let digest = "ab".repeat(32);
        let text = format!(r#"{{"digest":"{digest}","previous":null,"max_error_rate":0.02}}"#);
        let shown = detail(&text);
        assert!(shown.contains("digest abababababab…"), "{shown}");
        assert!(shown.contains("no previous") && shown.contains("max error rate 0.02"), "{shown}");
        assert_eq!(detail("{}"), "");
    }
}
