//! What sensors say of application protocols, gathered into the `App` of a flow.
//!
//! The rules are those of the fields of [`App`]: counts add up, texts are those of the first
//! record, lengths and entropies the largest.

use tripline_core::flow::{Alert, App, Dns, Files, Http};

/// Bytes kept of a text of HTTP, of an alert.
pub(crate) const TEXT_BYTES: usize = 256;
/// Bytes kept of a server name, of a banner.
pub(crate) const NAME_BYTES: usize = 255;
/// Alerts kept of a flow; later ones are left out.
const MAX_ALERTS: usize = 16;

/// One HTTP request with its answer, as far as it was told.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Exchange<'a> {
    pub(crate) method: Option<&'a str>,
    pub(crate) host: Option<&'a str>,
    pub(crate) uri: Option<&'a str>,
    pub(crate) user_agent: Option<&'a str>,
    pub(crate) status: Option<u16>,
    pub(crate) request_body_bytes: u64,
    pub(crate) response_body_bytes: u64,
    pub(crate) content_type: Option<&'a str>,
}

/// Adds an exchange.
pub(crate) fn add_http(http: &mut Http, told: &Exchange<'_>) {
    if http.requests == 0 {
        http.method = told.method.map(|text| cut(text, TEXT_BYTES));
        http.host = told.host.map(|text| cut(text, TEXT_BYTES));
        http.uri = told.uri.map(|text| cut(text, TEXT_BYTES));
        http.user_agent = told.user_agent.map(|text| cut(text, TEXT_BYTES));
    }
    if let Some(uri) = told.uri {
        http.uri_bytes = http.uri_bytes.max(u32::try_from(uri.len()).unwrap_or(u32::MAX));
    }
    if told.method.is_some() {
        http.requests = http.requests.saturating_add(1);
        if matches!(told.method, Some("GET" | "POST")) {
            http.get_or_post = http.get_or_post.saturating_add(1);
        }
    }
    if let Some(status) = told.status.filter(|status| *status >= 200) {
        if http.responses == 0 {
            http.status = Some(status);
            http.content_type = told.content_type.map(|text| cut(text, TEXT_BYTES));
        }
        http.responses = http.responses.saturating_add(1);
        if status >= 400 {
            http.errors = http.errors.saturating_add(1);
        }
    }
    http.request_body_bytes = http.request_body_bytes.saturating_add(told.request_body_bytes);
    http.response_body_bytes = http.response_body_bytes.saturating_add(told.response_body_bytes);
}

/// Adds a query; 0 stands for a type that was not told.
pub(crate) fn add_query(dns: &mut Dns, name: Option<&str>, kind: Option<u16>) {
    dns.queries = dns.queries.saturating_add(1);
    if kind.is_some_and(Dns::is_tunnel_type) {
        dns.tunnel_types = dns.tunnel_types.saturating_add(1);
    }
    if let Some(name) = name {
        dns.question(name.as_bytes(), kind.unwrap_or(0));
    }
}

/// Adds an answer with that many records.
pub(crate) fn add_answer(dns: &mut Dns, code: u8, records: usize) {
    if dns.responses == 0 {
        dns.response_code = Some(code);
    }
    dns.responses = dns.responses.saturating_add(1);
    if code != 0 {
        dns.errors = dns.errors.saturating_add(1);
    }
    add_records(dns, records);
}

/// Adds records to the answer told last.
pub(crate) fn add_records(dns: &mut Dns, records: usize) {
    dns.answers = dns.answers.saturating_add(u32::try_from(records).unwrap_or(u32::MAX));
}

/// Takes a time to live, in seconds.
pub(crate) fn add_ttl(dns: &mut Dns, ttl_s: f64) {
    if ttl_s.is_finite() && ttl_s >= 0.0 {
        // A cast from a float saturates.
        let ttl = ttl_s as u32;
        dns.ttl_min_s = Some(dns.ttl_min_s.map_or(ttl, |smallest| smallest.min(ttl)));
    }
}

/// Adds a file.
pub(crate) fn add_file(files: &mut Files, bytes: u64, mime: Option<&str>) {
    files.count = files.count.saturating_add(1);
    files.bytes = files.bytes.saturating_add(bytes);
    if files.mime.is_none() {
        files.mime = mime.map(|text| cut(text, TEXT_BYTES));
    }
}

/// Adds an alert, within a bound.
pub(crate) fn add_alert(app: &mut App, signature: &str, category: &str, severity: u8) {
    if app.alerts.len() < MAX_ALERTS {
        app.alerts.push(Alert {
            signature: cut(signature, TEXT_BYTES),
            category: cut(category, TEXT_BYTES),
            severity,
        });
    }
}

/// The start of a text, cut between characters.
pub(crate) fn cut(text: &str, bytes: usize) -> Box<str> {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].into()
}

/// Version of TLS or DTLS on the wire, by the names that Zeek and Suricata write.
pub(crate) fn tls_version(name: &str) -> Option<u16> {
    Some(match name {
        "SSLv2" => 0x0002,
        "SSLv3" => 0x0300,
        "TLSv10" | "TLSv1" | "TLS 1.0" => 0x0301,
        "TLSv11" | "TLS 1.1" => 0x0302,
        "TLSv12" | "TLS 1.2" => 0x0303,
        "TLSv13" | "TLS 1.3" => 0x0304,
        "DTLSv10" | "DTLS 1.0" => 0xfeff,
        "DTLSv12" | "DTLS 1.2" => 0xfefd,
        "DTLSv13" | "DTLS 1.3" => 0xfefc,
        _ => return None,
    })
}

/// About how many bytes of memory it takes.
pub(crate) fn weight(app: &App) -> usize {
    let text = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
    let http = app.http.as_ref().map_or(0, |http| {
        text(&http.method)
            + text(&http.host)
            + text(&http.uri)
            + text(&http.user_agent)
            + text(&http.content_type)
    });
    let dns = app.dns.as_ref().map_or(0, |dns| text(&dns.query));
    let tls = app
        .tls
        .as_ref()
        .map_or(0, |tls| text(&tls.sni) + text(&tls.alpn) + text(&tls.ja3) + text(&tls.ja4));
    let ssh = app.ssh.as_ref().map_or(0, |ssh| text(&ssh.client) + text(&ssh.server));
    let files = app.files.as_ref().map_or(0, |files| text(&files.mime));
    let alerts: usize = app
        .alerts
        .iter()
        .map(|alert| size_of::<Alert>() + alert.signature.len() + alert.category.len())
        .sum();
    size_of::<App>() + http + dns + tls + ssh + files + alerts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_measured() {
        let mut dns = Dns::default();
        add_query(&mut dns, Some("WWW.Example.com."), Some(1));
        add_query(&mut dns, Some("aaaa.t.example.com"), Some(16));
        assert_eq!(dns.query.as_deref(), Some("www.example.com"));
        assert_eq!((dns.queries, dns.query_type, dns.tunnel_types), (2, Some(1), 1));
        assert_eq!((dns.query_bytes, dns.query_labels), (18, 4));
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(&*cut("aé", 2), "a");
        assert_eq!(&*cut("aé", 3), "aé");
    }

    #[test]
    fn an_interim_answer_does_not_count() {
        let mut http = Http::default();
        for (method, status) in [(Some("POST"), 100), (None, 201), (Some("PUT"), 404)] {
            add_http(&mut http, &Exchange { method, status: Some(status), ..Exchange::default() });
        }
        assert_eq!((http.requests, http.get_or_post, http.responses, http.errors), (2, 1, 2, 1));
        assert_eq!((http.status, http.method.as_deref()), (Some(201), Some("POST")));
    }
}
