//! The columns by which a person knows a flow; none of them is a feature.

use tripline_core::flow::{App, Flow};
use tripline_core::packet::protocol;
use tripline_features::flow::community_id;

/// A value of an identity column.
#[derive(Debug, Clone, PartialEq)]
pub enum IdentityValue {
    /// Not known.
    None,
    /// Nanoseconds since 1970-01-01 UTC.
    Time(i64),
    /// A whole number.
    Count(u64),
    /// Text.
    Text(String),
}

/// The type of an identity column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityKind {
    /// [`IdentityValue::Time`].
    Time,
    /// [`IdentityValue::Count`].
    Count,
    /// [`IdentityValue::Text`].
    Text,
}

/// A column by which a person knows a flow.
#[derive(Debug, Clone, Copy)]
pub struct IdentityColumn {
    /// Name.
    pub name: &'static str,
    /// Type of its values.
    pub kind: IdentityKind,
    /// Definition.
    pub definition: &'static str,
    /// Value of a flow.
    pub get: fn(&Flow) -> IdentityValue,
}

const fn column(
    name: &'static str,
    kind: IdentityKind,
    definition: &'static str,
    get: fn(&Flow) -> IdentityValue,
) -> IdentityColumn {
    IdentityColumn { name, kind, definition, get }
}

/// The columns in front of every output of flows. All begin with `flow_`, so that no name is one of
/// a feature set.
pub const IDENTITY: &[IdentityColumn] = &[
    column("flow_start", IdentityKind::Time, "time of the first packet", |flow| {
        IdentityValue::Time(flow.start_ns)
    }),
    column("flow_end", IdentityKind::Time, "time of the last packet", |flow| {
        IdentityValue::Time(flow.end_ns)
    }),
    column("flow_src", IdentityKind::Text, "address of the initiator", |flow| {
        IdentityValue::Text(flow.orig_ip().to_string())
    }),
    column("flow_src_port", IdentityKind::Count, "port of the initiator; ICMP: type", |flow| {
        IdentityValue::Count(flow.key.orig_port.into())
    }),
    column("flow_dst", IdentityKind::Text, "address of the responder", |flow| {
        IdentityValue::Text(flow.resp_ip().to_string())
    }),
    column(
        "flow_dst_port",
        IdentityKind::Count,
        "port of the responder; ICMP: type of the answer, or code",
        |flow| IdentityValue::Count(flow.key.resp_port.into()),
    ),
    column("flow_protocol", IdentityKind::Text, "transport protocol", |flow| {
        IdentityValue::Text(protocol_name(flow.key.protocol))
    }),
    column("flow_vlan", IdentityKind::Text, "VLAN identifiers, the outer first", |flow| {
        match (flow.key.vlan.outer(), flow.key.vlan.inner()) {
            (None, _) => IdentityValue::None,
            (Some(outer), None) => IdentityValue::Text(outer.to_string()),
            (Some(outer), Some(inner)) => IdentityValue::Text(format!("{outer}.{inner}")),
        }
    }),
    column("flow_community_id", IdentityKind::Text, "Community ID version 1, seed 0", |flow| {
        IdentityValue::Text(community_id(&flow.key, 0))
    }),
    column("flow_uid", IdentityKind::Text, "the sensor's identifier", |flow| text(&flow.uid)),
    column("flow_sensor", IdentityKind::Text, "who told of the flow", |flow| {
        IdentityValue::Text(flow.sensor.name().to_owned())
    }),
    column("flow_ended", IdentityKind::Text, "why it was told", |flow| {
        IdentityValue::Text(flow.ended.name().to_owned())
    }),
    column("flow_state", IdentityKind::Text, "Zeek's conn_state", |flow| {
        IdentityValue::Text(flow.state.name().to_owned())
    }),
    column("flow_history", IdentityKind::Text, "Zeek's history", |flow| {
        match flow.history.as_str() {
            "" => IdentityValue::None,
            history => IdentityValue::Text(history.to_owned()),
        }
    }),
    column("flow_service", IdentityKind::Text, "application protocol", |flow| {
        flow.service.map_or(IdentityValue::None, |name| IdentityValue::Text(name.to_owned()))
    }),
    column(
        "flow_tunnel",
        IdentityKind::Text,
        "innermost tunnel: kind, outer source, outer destination, identifier",
        |flow| match &flow.tunnel {
            None => IdentityValue::None,
            Some(tunnel) => {
                let id = tunnel.id.map_or(String::new(), |id| format!(" {id}"));
                IdentityValue::Text(format!(
                    "{} {} {}{id}",
                    tunnel.kind.name(),
                    tunnel.source.to_ip(tunnel.ip_version),
                    tunnel.destination.to_ip(tunnel.ip_version)
                ))
            }
        },
    ),
    column("flow_tls_sni", IdentityKind::Text, "TLS server name", |flow| {
        app(flow, |app| app.tls.as_ref().map_or(IdentityValue::None, |tls| text(&tls.sni)))
    }),
    column("flow_ja3", IdentityKind::Text, "JA3 of the TLS client", |flow| {
        app(flow, |app| app.tls.as_ref().map_or(IdentityValue::None, |tls| text(&tls.ja3)))
    }),
    column("flow_ja4", IdentityKind::Text, "JA4 of the TLS client", |flow| {
        app(flow, |app| app.tls.as_ref().map_or(IdentityValue::None, |tls| text(&tls.ja4)))
    }),
    column("flow_dns_query", IdentityKind::Text, "first DNS query name", |flow| {
        app(flow, |app| app.dns.as_ref().map_or(IdentityValue::None, |dns| text(&dns.query)))
    }),
    column("flow_http_method", IdentityKind::Text, "method of the first request", |flow| {
        app(flow, |app| app.http.as_ref().map_or(IdentityValue::None, |http| text(&http.method)))
    }),
    column("flow_http_host", IdentityKind::Text, "HTTP host", |flow| {
        app(flow, |app| app.http.as_ref().map_or(IdentityValue::None, |http| text(&http.host)))
    }),
    column("flow_http_uri", IdentityKind::Text, "target of the first request", |flow| {
        app(flow, |app| app.http.as_ref().map_or(IdentityValue::None, |http| text(&http.uri)))
    }),
    column("flow_http_user_agent", IdentityKind::Text, "HTTP user agent", |flow| {
        app(flow, |app| {
            app.http.as_ref().map_or(IdentityValue::None, |http| text(&http.user_agent))
        })
    }),
    column("flow_ssh_client", IdentityKind::Text, "SSH banner of the client", |flow| {
        app(flow, |app| app.ssh.as_ref().map_or(IdentityValue::None, |ssh| text(&ssh.client)))
    }),
    column("flow_ssh_server", IdentityKind::Text, "SSH banner of the server", |flow| {
        app(flow, |app| app.ssh.as_ref().map_or(IdentityValue::None, |ssh| text(&ssh.server)))
    }),
    column("flow_alerts", IdentityKind::Text, "alerts that a sensor raised", |flow| {
        app(flow, |app| {
            if app.alerts.is_empty() {
                return IdentityValue::None;
            }
            let named: Vec<&str> = app.alerts.iter().map(|alert| &*alert.signature).collect();
            IdentityValue::Text(named.join("; "))
        })
    }),
];

/// Lower-case name of a protocol, or its number.
pub fn protocol_name(number: u8) -> String {
    match number {
        protocol::ICMP => "icmp".to_owned(),
        protocol::TCP => "tcp".to_owned(),
        protocol::UDP => "udp".to_owned(),
        protocol::ICMPV6 => "icmp6".to_owned(),
        protocol::SCTP => "sctp".to_owned(),
        other => other.to_string(),
    }
}

fn app(flow: &Flow, get: impl Fn(&App) -> IdentityValue) -> IdentityValue {
    flow.app.as_deref().map_or(IdentityValue::None, get)
}

fn text(value: &Option<Box<str>>) -> IdentityValue {
    value.as_ref().map_or(IdentityValue::None, |value| IdentityValue::Text(value.to_string()))
}
