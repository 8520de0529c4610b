//! Settings: thresholds, rules, what holds now and where it comes from.

use std::sync::Arc;

use super::super::page::page;
use super::super::stored;
use super::super::text::{bytes, count, span};
use super::super::view::settings::{self, Group};
use super::super::visit::{Answer, Visit, show};
use crate::app::App;
use crate::settings::{Settings, Tls};

/// Thresholds, rules and configuration.
pub(crate) async fn get(visit: Visit) -> Answer {
    let rules = visit.app.store().rollback_rules().await?;
    let live = visit.app.service().live();
    let thresholds: Vec<_> =
        live.active().filter_map(|served| stored::threshold(&served.version)).collect();
    let groups = groups(&visit.app);
    let body = settings::page(&visit.viewer, &thresholds, &rules, &groups);
    Ok(show(page(&visit.viewer, "/ui/settings", "Settings", &body)))
}

/// The configuration by its parts, as it was read; the counters last.
fn groups(app: &Arc<App>) -> Vec<Group> {
    let settings = app.settings();
    let mut groups: Vec<Group> = Vec::new();
    for told in &settings.told {
        let (part, name) = told.name.rsplit_once('.').unwrap_or(("", &told.name));
        let line = (name.to_owned(), told.value.clone(), told.source.clone());
        match groups.iter_mut().find(|group| group.0 == part) {
            Some(group) => group.1.push(line),
            None => groups.push((part.to_owned(), vec![line])),
        }
    }
    if groups.is_empty() {
        groups = held(&settings);
    } else {
        // The service's own settings first.
        groups.sort_by(|a, b| {
            let place = |group: &Group| (!group.0.starts_with("serve"), group.0.clone());
            place(a).cmp(&place(b))
        });
    }
    groups.push(("Since the start".to_owned(), counted(app)));
    groups
}

/// What holds, where nobody told what the configuration says.
fn held(settings: &Settings) -> Vec<Group> {
    let limits = &settings.limits;
    let seconds = |time: std::time::Duration| span(time.as_micros() as i64);
    let number = |number: usize| count(number as u64);
    let tls = match &settings.tls {
        Tls::Off => "off: this machine alone".to_owned(),
        Tls::Files { certificate, .. } => format!("certificate {}", certificate.display()),
        Tls::Proxy(proxies) => format!("by a proxy, {} networks", proxies.len()),
    };
    let line = |name: &str, value: String| (name.to_owned(), value, String::new());
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
    ]
}

/// What was counted since the start.
fn counted(app: &App) -> Vec<(String, String, String)> {
    let service = app.service().counts();
    let line = |name: &str, value: u64| (name.to_owned(), count(value), String::new());
    vec![
        line("detections written", service.written),
        line("detections that wait", service.waiting),
        line("detections dropped", service.dropped),
        line("answers from the cache", service.cache_hits),
        line("shadow scores written", service.shadow_written),
        line("automatic rollbacks", service.rollbacks),
    ]
}
