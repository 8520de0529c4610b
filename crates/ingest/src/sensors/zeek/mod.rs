//! Zeek's logs to flows: `conn` is the flow, the others are joined to it by `uid`.

mod column;
mod kind;
mod lines;
mod protocols;
mod record;
mod tsv;

use tripline_core::flow::{ConnState, Flow, History, Sensor, Side};
use tripline_core::packet::{Vlan, protocol};

pub(crate) use self::kind::Kind;
pub(crate) use self::lines::record as json_record;
pub(crate) use self::record::Record;
pub(crate) use self::tsv::Header;

use self::column::Column;
use super::counters::SensorCounters;
use super::endpoint;
use super::join::{Join, Waiting, blank};
use super::options::SensorOptions;
use super::service;

/// Longest identifier of a flow that is taken; Zeek's have 18 letters.
const MAX_UID_BYTES: usize = 64;

/// Flows while they are put together.
#[derive(Debug)]
pub(crate) struct Zeek {
    join: Join<Box<str>>,
}

impl Zeek {
    /// Nothing read yet.
    pub(crate) fn new(options: &SensorOptions) -> Self {
        Self { join: Join::new(options) }
    }

    /// Takes a record; gives a reason if it cannot be read.
    pub(crate) fn take(
        &mut self,
        kind: Kind,
        record: &Record<'_>,
        counters: &mut SensorCounters,
        out: &mut Vec<Flow>,
    ) -> Result<(), String> {
        match kind {
            Kind::Conn => {
                let mut flow = connection(record)?;
                if !record.has(Column::Ts) || record.time(Column::Ts).is_none() {
                    counters.without_time += 1;
                }
                let waiting = flow.uid.as_ref().and_then(|uid| self.join.take(uid));
                if let Some(waiting) = waiting {
                    counters.joined += 1;
                    flow.service = flow.service.or(waiting.service);
                    flow.app = Some(Box::new(waiting.app));
                }
                out.push(flow);
            }
            kind => {
                let uids = uids(record)?;
                for uid in uids {
                    let evicted = self.join.with(uid, |waiting| wait(waiting, kind, record));
                    for (uid, waiting) in evicted {
                        counters.evicted += 1;
                        alone(uid, waiting, counters, out);
                    }
                }
            }
        }
        Ok(())
    }

    /// The next flow that is left at the end; `None` after the last.
    pub(crate) fn rest(&mut self, counters: &mut SensorCounters, out: &mut Vec<Flow>) -> bool {
        match self.join.pop() {
            Some((uid, waiting)) => {
                alone(uid, waiting, counters, out);
                true
            }
            None => false,
        }
    }
}

fn alone(uid: Box<str>, waiting: Waiting, counters: &mut SensorCounters, out: &mut Vec<Flow>) {
    match waiting.into_flow(Sensor::Zeek, uid) {
        Some(flow) => {
            counters.without_record += 1;
            out.push(flow);
        }
        None => counters.without_endpoints += 1,
    }
}

/// Flows that a record of another log than `conn` belongs to: a file may have come by several.
fn uids(record: &Record<'_>) -> Result<Vec<Box<str>>, String> {
    // A file that travels by more connections than this is counted in the first of them.
    const MAX_UIDS: usize = 64;
    let mut uids: Vec<Box<str>> = record
        .texts(if record.has(Column::Uid) { Column::Uid } else { Column::ConnUids })
        .iter()
        .filter(|uid| (1..=MAX_UID_BYTES).contains(&uid.len()))
        .take(MAX_UIDS)
        .map(|uid| uid.as_ref().into())
        .collect();
    uids.dedup();
    if uids.is_empty() { Err("`uid` is not set".to_owned()) } else { Ok(uids) }
}

fn wait(waiting: &mut Waiting, kind: Kind, record: &Record<'_>) {
    let time = record.time(Column::Ts);
    waiting.at(time);
    if let (Some(time), Some(span)) = (time, record.span(Column::Duration)) {
        waiting.at(Some(time.saturating_add(span)));
    }
    let protocol = protocol_of(record).unwrap_or_else(|| {
        let datagrams =
            record.text(Column::Version).is_some_and(|version| version.starts_with("DTLS"));
        if datagrams { protocol::UDP } else { protocol::TCP }
    });
    waiting.between(record.key(protocol, Vlan::NONE).ok(), true);
    waiting.service = waiting.service.or(protocols::service(kind));
    protocols::add(&mut waiting.app, kind, record);
}

fn protocol_of(record: &Record<'_>) -> Option<u8> {
    let number = record.small(Column::IpProto);
    let named = || record.text(Column::Proto).and_then(|name| endpoint::protocol_number(&name));
    match record.text(Column::Proto).as_deref() {
        // Zeek writes ICMP of both versions by one name; the number or the address tells.
        Some("icmp") => number.or_else(|| {
            let six = record.text(Column::OrigHost).is_some_and(|text| text.contains(':'));
            Some(if six { protocol::ICMPV6 } else { protocol::ICMP })
        }),
        _ => number.or_else(named),
    }
}

fn connection(record: &Record<'_>) -> Result<Flow, String> {
    let protocol = protocol_of(record).unwrap_or(0);
    let vlan = [Column::Vlan, Column::InnerVlan]
        .into_iter()
        .filter_map(|column| record.small(column))
        .fold(Vlan::NONE, Vlan::with);
    let mut flow = blank(record.key(protocol, vlan)?, Sensor::Zeek);
    flow.start_ns = record.time(Column::Ts).unwrap_or(0);
    flow.end_ns = flow.start_ns.saturating_add(record.span(Column::Duration).unwrap_or(0));
    flow.orig = side(record, Column::OrigPackets, Column::OrigIpBytes, Column::OrigBytes);
    flow.resp = side(record, Column::RespPackets, Column::RespIpBytes, Column::RespBytes);
    let state = record.text(Column::ConnState);
    flow.state = state.and_then(|name| ConnState::parse(&name)).unwrap_or_default();
    flow.history =
        record.text(Column::History).map(|text| History::parse(&text)).unwrap_or_default();
    flow.service = record.text(Column::Service).and_then(|name| service::named(&name));
    let uid = record.text(Column::Uid).filter(|uid| uid.len() <= MAX_UID_BYTES);
    flow.uid = uid.map(|uid| uid.as_ref().into());
    Ok(flow)
}

fn side(record: &Record<'_>, packets: Column, ip_bytes: Column, payload: Column) -> Side {
    Side {
        packets: record.whole(packets).unwrap_or(0),
        link_bytes: 0,
        ip_bytes: record.whole(ip_bytes).unwrap_or(0),
        payload_bytes: record.whole(payload).unwrap_or(0),
    }
}
