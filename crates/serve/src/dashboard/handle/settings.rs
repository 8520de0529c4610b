//! Settings: rules, what holds now, the audit trail.

use std::sync::Arc;

use tripline_store::records::{AuditHead, PageRequest};

use super::super::page::page;
use super::super::text::{bytes, count, span};
use super::super::view::audit::{self, Verified};
use super::super::view::settings::{self, Group};
use super::super::visit::{Answer, Visit, show};
use crate::app::App;
use crate::problem::Problem;
use crate::settings::Tls;

/// Entries whose chain is checked for a page; the command checks any number, with the signature.
const CHECKED: u64 = 2_000;

/// Rules and configuration.
pub(crate) async fn get(visit: Visit) -> Answer {
    let rules = visit.app.store().rollback_rules().await?;
    let body = settings::page(&visit.viewer, &rules, &groups(&visit.app));
    Ok(show(page(&visit.viewer, "/ui/settings", "Settings", &body)))
}

/// What holds now, without secrets.
fn groups(app: &Arc<App>) -> Vec<Group> {
    let settings = app.settings();
    let limits = &settings.limits;
    let seconds = |time: std::time::Duration| span(time.as_micros() as i64);
    let number = |number: usize| count(number as u64);
    let tls = match &settings.tls {
        Tls::Off => "off: this machine alone".to_owned(),
        Tls::Files { certificate, .. } => format!("certificate {}", certificate.display()),
        Tls::Proxy(proxies) => format!("by a proxy, {} networks", proxies.len()),
    };
    let line = |name: &str, value: String| (name.to_owned(), value, String::new());
    let service = app.service().counts();
    vec![
        (
            "Server".to_owned(),
            vec![
                line("address", settings.address().to_string()),
                line("tls", tls),
                line("keys needed", if settings.keys_needed() { "yes" } else { "no" }.to_owned()),
                line("session", seconds(settings.access.session)),
                line(
                    "traces",
                    settings.otlp_endpoint.clone().unwrap_or_else(|| "nowhere".to_owned()),
                ),
            ],
        ),
        (
            "Limits".to_owned(),
            vec![
                line("connections", number(limits.connections)),
                line("requests at once", number(limits.in_flight)),
                line("requests that wait", number(limits.queued)),
                line("body", bytes(limits.body_bytes)),
                line("upload", bytes(limits.upload_bytes)),
                line("time for a request", seconds(limits.request_time)),
            ],
        ),
        (
            "Since the start".to_owned(),
            vec![
                line("detections written", count(service.written)),
                line("detections that wait", count(service.waiting)),
                line("detections dropped", count(service.dropped)),
                line("answers from the cache", count(service.cache_hits)),
                line("shadow scores written", count(service.shadow_written)),
                line("automatic rollbacks", count(service.rollbacks)),
            ],
        ),
    ]
}

/// The trail.
pub(crate) async fn audit(visit: Visit) -> Answer {
    let store = visit.app.store();
    let after = visit.fields.get("after").map(str::to_owned);
    let object = visit.fields.get("object");
    let found = store.entries(object, &PageRequest { limit: 50, after }).await?;
    let head = store.head().await?;
    let verified = verify(&visit.app, head.as_ref()).await?;
    let list = (&visit.fields, found.items.as_slice(), found.next.as_deref());
    let body = audit::page(&visit.viewer, list, head.as_ref(), &verified);
    Ok(show(page(&visit.viewer, "/ui/settings", "Audit trail", &body)))
}

/// Follows the chain, where it is short enough for a page.
async fn verify(app: &App, head: Option<&AuditHead>) -> Result<Verified, Problem> {
    let Some(head) = head else { return Ok(Verified::Whole(0)) };
    if head.sequence > CHECKED {
        return Ok(Verified::NotHere(head.sequence));
    }
    let entries = app.store().entries_from(1, CHECKED as u32 + 1).await?;
    let mut previous = [0; 32];
    for (entry, expected) in entries.iter().zip(1..) {
        if entry.sequence != expected {
            return Ok(Verified::Broken(format!("entry {expected} is missing")));
        }
        if entry.previous != previous {
            return Ok(Verified::Broken(format!(
                "entry {expected} does not follow the one before"
            )));
        }
        if entry.digest() != entry.hash {
            return Ok(Verified::Broken(format!("entry {expected} was changed")));
        }
        previous = entry.hash;
    }
    // An entry may have been added since the head was read.
    if (entries.len() as u64) < head.sequence {
        return Ok(Verified::Broken(format!("entry {} is missing", entries.len() + 1)));
    }
    if entries.get(head.sequence as usize - 1).is_some_and(|last| last.hash != head.hash) {
        return Ok(Verified::Broken("the signed head is another one".to_owned()));
    }
    Ok(Verified::Whole(entries.len() as u64))
}
