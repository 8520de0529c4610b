//! What one event of `eve.json` says of its flow.

use std::net::IpAddr;

use tripline_core::flow::{ConnState, FlowKey, Side, Tls};
use tripline_core::packet::{Vlan, protocol};

use super::dns;
use crate::sensors::app::{Exchange, NAME_BYTES, add_alert, add_file, add_http, cut, tls_version};
use crate::sensors::endpoint;
use crate::sensors::join::Waiting;
use crate::sensors::json::Json;
use crate::sensors::service;
use crate::sensors::state::{self, Seen};
use crate::time::{TimeFormat, instant};

/// Events that are read; others are ignored.
pub(super) const KINDS: [&str; 7] = ["flow", "alert", "http", "dns", "tls", "ssh", "fileinfo"];

/// Bytes in front of an IP packet in the frames that Suricata counts: Ethernet's header.
const LINK_BYTES: u64 = 14;
/// Bytes of each IEEE 802.1Q tag.
const TAG_BYTES: u64 = 4;

/// Adds what an event says, but a `flow` event's own counts.
pub(super) fn add(waiting: &mut Waiting, kind: &str, event: &Json<'_>) {
    waiting.at(time(event, "timestamp"));
    let inner = event.get(kind);
    let client_sends = match (kind, inner) {
        ("http" | "tls" | "ssh", _) => true,
        ("dns", Some(inner)) => dns::asks(inner),
        _ => false,
    };
    // The `flow` inside of an alert knows the initiator in later versions.
    let flow = event.get("flow").filter(|flow| flow.get("src_ip").is_some());
    match flow {
        Some(flow) => waiting.between(key(event, flow).ok(), true),
        None => waiting.between(key(event, event).ok(), client_sends),
    }
    waiting.service = waiting.service.or_else(|| app_protocol(event));
    let Some(inner) = inner else { return };
    match kind {
        "alert" => {
            let text = |name| inner.get(name).and_then(Json::text).unwrap_or_default();
            let severity = inner.get("severity").and_then(Json::whole).unwrap_or(0);
            let severity = u8::try_from(severity).unwrap_or(u8::MAX);
            add_alert(&mut waiting.app, text("signature"), text("category"), severity);
            if let Some(flow) = event.get("flow") {
                waiting.at(time(flow, "start"));
                let vlans = event.get("vlan").map_or(0, |tags| tags.list().len());
                let (orig, resp) = sides(flow, vlans);
                let total = |sides: &(Side, Side)| sides.0.packets.saturating_add(sides.1.packets);
                if total(&(orig, resp)) >= total(&waiting.sides) {
                    waiting.sides = (orig, resp);
                }
            }
        }
        "http" => {
            waiting.service = waiting.service.or(Some("http"));
            exchange(waiting, inner);
        }
        "dns" => {
            waiting.service = waiting.service.or(Some("dns"));
            dns::add(waiting, inner);
        }
        "tls" => {
            waiting.service = waiting.service.or(Some("ssl"));
            if waiting.app.tls.is_none() {
                waiting.app.tls = Some(handshake(inner));
            }
        }
        "ssh" => {
            waiting.service = waiting.service.or(Some("ssh"));
            let ssh = waiting.app.ssh.get_or_insert_default();
            ssh.client = ssh.client.take().or_else(|| banner(inner.get("client")));
            ssh.server = ssh.server.take().or_else(|| banner(inner.get("server")));
        }
        "fileinfo" => {
            let bytes = inner.get("size").and_then(Json::whole).unwrap_or(0);
            let mime = event.get("http").and_then(|http| http.get("http_content_type"));
            let files = waiting.app.files.get_or_insert_default();
            add_file(files, bytes, mime.and_then(Json::text));
        }
        _ => {}
    }
}

/// What a `flow` event says.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) key: FlowKey,
    pub(super) start_ns: Option<i64>,
    pub(super) end_ns: Option<i64>,
    pub(super) orig: Side,
    pub(super) resp: Side,
    pub(super) state: ConnState,
    pub(super) service: Option<&'static str>,
}

/// Reads a `flow` event.
pub(super) fn ended(event: &Json<'_>) -> Result<Ended, String> {
    let key = key(event, event)?;
    let flow = event.get("flow").ok_or("there is no `flow` in the event")?;
    let vlans = event.get("vlan").map_or(0, |tags| tags.list().len());
    let (orig, resp) = sides(flow, vlans);
    let flags = |name: &str| {
        let text = event.get("tcp").and_then(|tcp| tcp.get(name)).and_then(Json::text)?;
        u8::from_str_radix(text, 16).ok()
    };
    let seen = |side: &Side, name| Seen { packets: side.packets, flags: flags(name).unwrap_or(0) };
    let state = state::of(&key, seen(&orig, "tcp_flags_ts"), seen(&resp, "tcp_flags_tc"));
    Ok(Ended {
        key,
        start_ns: time(flow, "start").or_else(|| time(event, "timestamp")),
        end_ns: time(flow, "end"),
        orig,
        resp,
        state: without_flags(state, event, flow),
        service: app_protocol(event),
    })
}

/// Suricata's own state, where flags tell nothing: a flow picked up midstream, or logged without
/// `tcp`. `established` is S1; `closed` in both directions is SF.
fn without_flags(state: ConnState, event: &Json<'_>, flow: &Json<'_>) -> ConnState {
    let tcp = event.get("proto").and_then(Json::text) == Some("TCP");
    if !tcp || event.get("tcp").is_some_and(|tcp| tcp.get("tcp_flags_ts").is_some()) {
        return state;
    }
    let answered = flow.get("pkts_toclient").and_then(Json::whole).is_some_and(|count| count > 0);
    match (flow.get("state").and_then(Json::text), answered) {
        (Some("established" | "bypassed"), _) => ConnState::S1,
        (Some("closed"), true) => ConnState::SF,
        (Some("new"), false) => ConnState::S0,
        _ => state,
    }
}

/// Ends by the fields of the event, or of the `flow` inside of it.
fn key(event: &Json<'_>, ends: &Json<'_>) -> Result<FlowKey, String> {
    let address = |name: &str| -> Result<IpAddr, String> {
        let text = ends.get(name).and_then(Json::text).ok_or_else(|| format!("no `{name}`"))?;
        text.parse().map_err(|_| format!("`{name}` is no address: {:.40?}", text))
    };
    let number = |from: &Json<'_>, name: &str| from.get(name).and_then(Json::whole);
    let port = |name: &str| number(ends, name).and_then(|port| u16::try_from(port).ok());
    let proto = event.get("proto").and_then(Json::text).ok_or("no `proto`")?;
    let protocol = endpoint::protocol_number(proto).unwrap_or(0);
    let (source, destination) = (address("src_ip")?, address("dest_ip")?);
    let ports = if endpoint::is_icmp(protocol) {
        let part = |name| number(event, name).and_then(|value| u8::try_from(value).ok());
        endpoint::icmp_ports(
            protocol,
            part("icmp_type").unwrap_or(0),
            part("icmp_code").unwrap_or(0),
        )
    } else {
        let ported = matches!(protocol, protocol::TCP | protocol::UDP | protocol::SCTP);
        match (port("src_port"), port("dest_port")) {
            (Some(source), Some(destination)) => (source, destination),
            _ if ported => return Err("no `src_port` or `dest_port`".to_owned()),
            _ => (0, 0),
        }
    };
    let vlan = event
        .get("vlan")
        .map_or(&[][..], Json::list)
        .iter()
        .filter_map(|tag| tag.whole().and_then(|tag| u16::try_from(tag).ok()))
        .fold(Vlan::NONE, Vlan::with);
    endpoint::key((source, ports.0), (destination, ports.1), protocol, vlan)
        .ok_or_else(|| "one address is IPv4, the other IPv6".to_owned())
}

/// Counts of both sides. Suricata counts whole frames: bytes of IP packets are those less Ethernet's
/// header with its tags, so a padded frame counts too much.
fn sides(flow: &Json<'_>, vlans: usize) -> (Side, Side) {
    let count = |name: &str| flow.get(name).and_then(Json::whole).unwrap_or(0);
    let side = |packets: u64, bytes: u64| Side {
        packets,
        link_bytes: bytes,
        ip_bytes: bytes
            .saturating_sub(packets.saturating_mul(LINK_BYTES + TAG_BYTES * vlans as u64)),
        payload_bytes: 0,
    };
    (
        side(count("pkts_toserver"), count("bytes_toserver")),
        side(count("pkts_toclient"), count("bytes_toclient")),
    )
}

fn time(from: &Json<'_>, name: &str) -> Option<i64> {
    instant(from.get(name)?.text()?.as_bytes(), TimeFormat::Any)
}

fn app_protocol(event: &Json<'_>) -> Option<&'static str> {
    service::named(event.get("app_proto")?.text()?)
}

fn exchange(waiting: &mut Waiting, http: &Json<'_>) {
    let text = |name: &str| http.get(name).and_then(Json::text);
    let status = http.get("status").and_then(Json::whole);
    add_http(
        waiting.app.http.get_or_insert_default(),
        &Exchange {
            method: text("http_method"),
            host: text("hostname"),
            uri: text("url"),
            user_agent: text("http_user_agent"),
            status: status.and_then(|status| u16::try_from(status).ok()),
            // Suricata does not tell the length of a request's body.
            request_body_bytes: 0,
            response_body_bytes: http.get("length").and_then(Json::whole).unwrap_or(0),
            content_type: text("http_content_type"),
        },
    );
}

fn handshake(tls: &Json<'_>) -> Tls {
    let text = |name: &str, bytes| tls.get(name)?.text().map(|text| cut(text, bytes));
    let offered = tls.get("client_alpns").and_then(|list| list.list().first());
    Tls {
        version: tls.get("version").and_then(Json::text).and_then(tls_version),
        sni: text("sni", NAME_BYTES),
        alpn: offered.and_then(Json::text).map(|text| cut(text, NAME_BYTES)),
        ja3: tls
            .get("ja3")
            .and_then(|ja3| ja3.get("hash"))
            .and_then(Json::text)
            .map(|text| cut(text, 32)),
        ja4: text("ja4", 64),
        // The event is written once the handshake is done.
        established: true,
        ..Tls::default()
    }
}

/// Suricata tells the two parts of an identification string (RFC 4253, section 4.2).
fn banner(side: Option<&Json<'_>>) -> Option<Box<str>> {
    let side = side?;
    let version = side.get("proto_version")?.text()?;
    let software = side.get("software_version").and_then(Json::text).unwrap_or_default();
    Some(cut(&format!("SSH-{version}-{software}"), NAME_BYTES))
}
