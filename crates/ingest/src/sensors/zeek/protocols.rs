//! What Zeek's `http`, `dns`, `ssl`, `ssh` and `files` logs say of a flow.

use tripline_core::flow::{App, Tls};

use super::column::Column;
use super::kind::Kind;
use super::record::Record;
use crate::sensors::app::{
    Exchange, NAME_BYTES, add_answer, add_file, add_http, add_query, add_ttl, cut, tls_version,
};
use crate::sensors::cipher;

/// Adds what a record says.
pub(super) fn add(app: &mut App, kind: Kind, record: &Record<'_>) {
    match kind {
        Kind::Conn => {}
        Kind::Http => add_exchange(app, record),
        Kind::Dns => add_lookup(app, record),
        Kind::Ssl => {
            // A second handshake in a flow is an odd thing: the first one counts.
            if app.tls.is_none() {
                app.tls = Some(handshake(record));
            }
        }
        Kind::Ssh => {
            let ssh = app.ssh.get_or_insert_default();
            let banner = |column| record.text(column).map(|text| cut(&text, NAME_BYTES));
            ssh.client = ssh.client.take().or_else(|| banner(Column::Client));
            ssh.server = ssh.server.take().or_else(|| banner(Column::Server));
            ssh.login = record.truth(Column::AuthSuccess).or(ssh.login);
            ssh.attempts = record.small(Column::AuthAttempts).or(ssh.attempts);
        }
        Kind::Files => {
            let bytes = record.whole(Column::SeenBytes).unwrap_or(0);
            let mime = record.text(Column::MimeType);
            add_file(app.files.get_or_insert_default(), bytes, mime.as_deref());
        }
    }
}

/// The `service` that a log stands for.
pub(super) fn service(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Http => Some("http"),
        Kind::Dns => Some("dns"),
        Kind::Ssl => Some("ssl"),
        Kind::Ssh => Some("ssh"),
        Kind::Conn | Kind::Files => None,
    }
}

/// The media type that Zeek found in the first answer stands for its `Content-Type`, which the log
/// does not hold.
fn add_exchange(app: &mut App, record: &Record<'_>) {
    let method = record.text(Column::Method);
    let host = record.text(Column::Host);
    let uri = record.text(Column::Uri);
    let user_agent = record.text(Column::UserAgent);
    let mime_types = record.texts(Column::RespMimeTypes);
    add_http(
        app.http.get_or_insert_default(),
        &Exchange {
            method: method.as_deref(),
            host: host.as_deref(),
            uri: uri.as_deref(),
            user_agent: user_agent.as_deref(),
            status: record.small(Column::StatusCode),
            request_body_bytes: record.whole(Column::RequestBody).unwrap_or(0),
            response_body_bytes: record.whole(Column::ResponseBody).unwrap_or(0),
            content_type: mime_types.first().map(AsRef::as_ref),
        },
    );
}

/// A record of the log is a query with its answer; one without `rcode` had none.
fn add_lookup(app: &mut App, record: &Record<'_>) {
    let dns = app.dns.get_or_insert_default();
    let name = record.text(Column::Query);
    let kind = record.small(Column::QueryType);
    if name.is_some() || kind.is_some() {
        add_query(dns, name.as_deref(), kind);
    }
    if let Some(code) = record.small(Column::ResponseCode) {
        add_answer(dns, code, record.count(Column::Answers));
        for ttl in record.numbers(Column::Ttls) {
            add_ttl(dns, ttl);
        }
    }
}

/// The protocol that the server took stands for the first one offered, which the log does not hold.
fn handshake(record: &Record<'_>) -> Tls {
    let text = |column, bytes| record.text(column).map(|text| cut(&text, bytes));
    Tls {
        version: record.text(Column::Version).and_then(|name| tls_version(&name)),
        sni: text(Column::ServerName, NAME_BYTES),
        alpn: text(Column::NextProtocol, NAME_BYTES),
        ja3: text(Column::Ja3, 32),
        ja4: text(Column::Ja4, 64),
        cipher: record.text(Column::Cipher).and_then(|name| cipher::code(&name)),
        established: record.truth(Column::Established).unwrap_or(false),
        ..Tls::default()
    }
}
