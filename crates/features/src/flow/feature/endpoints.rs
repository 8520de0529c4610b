//! Ports, protocol and state of a connection.

use tripline_core::flow::{ConnState, Flow};
use tripline_core::packet::protocol;

use super::FlowFeature;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// What a connection is called, all from the flow itself.
#[derive(Debug)]
pub(crate) struct Endpoints;

/// Names of [`ConnState::ALL`].
const STATES: &[&str] =
    &["S0", "S1", "S2", "S3", "SF", "REJ", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH"];

impl FlowFeature for Endpoints {
    fn columns() -> Vec<ColumnDoc> {
        const fn share(name: &'static str, text: &'static str) -> ColumnDoc {
            ColumnDoc::number(name, "1", text)
        }
        const fn flag(name: &'static str, text: &'static str) -> ColumnDoc {
            ColumnDoc::number(name, "0 or 1", text)
        }
        vec![
            // A client's port is drawn by chance; a model that uses it learns its training data.
            ColumnDoc::number("src_port", "port", "The initiator's port; ICMP: the type.")
                .not_in_models(),
            ColumnDoc::number(
                "dst_port",
                "port",
                "The responder's port; ICMP: the type of the answer, or the code.",
            ),
            ColumnDoc::number("protocol", "number", "IANA protocol number: 6 TCP, 17 UDP, 1 ICMP."),
            flag("is_well_known_port", "dst_port is under 1024."),
            flag("is_registered_port", "dst_port is from 1024 to 49151."),
            flag("is_dynamic_port", "dst_port is from 49152."),
            ColumnDoc::number(
                "protocol_diversity",
                "protocols",
                "Transport protocols among the packets: always 1, for a flow has one.",
            )
            .not_in_models(),
            share("protocol_tcp_ratio", "Share of packets that are TCP: 0 or 1."),
            share("protocol_udp_ratio", "Share of packets that are UDP: 0 or 1."),
            share("protocol_icmp_ratio", "Share of packets that are ICMP or ICMPv6: 0 or 1."),
            ColumnDoc::number(
                "connection_state",
                "code",
                "State of TCP as the initiator's system would name it: 1 established (S1), \
                 2 SYN sent (S0), 4 FIN wait (S2, SH), 7 closed (SF, REJ and all RST states), \
                 8 close wait (S3, SHR), 0 unknown (OTH, and other protocols than TCP).",
            ),
            ColumnDoc::category("conn_state", STATES, "State at the end by the names of Zeek."),
        ]
    }

    fn on_init(_: &Step) -> Self {
        Self
    }

    #[inline]
    fn on_update(&mut self, _: &Step) {}

    fn write(_: Option<&Self>, flow: &Flow, row: &mut Row) {
        let key = &flow.key;
        row.count(u64::from(key.orig_port));
        row.count(u64::from(key.resp_port));
        row.count(u64::from(key.protocol));
        // RFC 6335, section 6.
        row.flag(key.resp_port < 1024);
        row.flag((1024..49152).contains(&key.resp_port));
        row.flag(key.resp_port >= 49152);
        row.count(1);
        row.flag(key.protocol == protocol::TCP);
        row.flag(key.protocol == protocol::UDP);
        row.flag(matches!(key.protocol, protocol::ICMP | protocol::ICMPV6));
        row.count(if key.protocol == protocol::TCP { code(flow.state) } else { 0 });
        row.category(Some(flow.state as usize));
    }
}

fn code(state: ConnState) -> u64 {
    match state {
        ConnState::S1 => 1,
        ConnState::S0 => 2,
        ConnState::S2 | ConnState::SH => 4,
        ConnState::SF
        | ConnState::Rej
        | ConnState::RstO
        | ConnState::RstR
        | ConnState::RstOS0
        | ConnState::RstRH => 7,
        ConnState::S3 | ConnState::Shr => 8,
        ConnState::Oth => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_states() {
        assert!(ConnState::ALL.iter().map(|state| state.name()).eq(STATES.iter().copied()));
    }
}
