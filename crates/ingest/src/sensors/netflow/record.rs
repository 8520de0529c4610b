//! One flow record, whichever version of the protocol it came by.

use tripline_core::packet::{Address, Vlan, protocol};

use super::clock::{Clock, of_ntp, since_1970};
use super::element::Element;
use super::template::Template;
use super::wire::{Wire, whole};
use crate::sensors::endpoint;

/// What one direction sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Half {
    pub(super) packets: u64,
    pub(super) octets: u64,
    /// TCP flags of all packets together.
    pub(super) flags: u8,
}

/// One flow record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Record {
    pub(super) source: Address,
    pub(super) destination: Address,
    pub(super) source_port: u16,
    pub(super) destination_port: u16,
    pub(super) protocol: u8,
    /// 4 or 6; 0 if no address was told.
    pub(super) ip_version: u8,
    pub(super) vlan: Vlan,
    pub(super) start_ns: i64,
    pub(super) end_ns: i64,
    pub(super) forward: Half,
    /// What came back, in a biflow record.
    pub(super) reverse: Option<Half>,
    /// Whether the record says that its source is the responder (RFC 5103, section 6.3).
    pub(super) turned: bool,
    /// Whether the record says who the initiator is.
    pub(super) directed: bool,
    pub(super) sampler: Option<u64>,
    /// Packets that stand for one, where the record itself tells.
    pub(super) sampling: Option<u64>,
}

/// What is gathered of a record before it can be put together.
#[derive(Debug, Default)]
struct Gathered {
    record: Record,
    start: Option<i64>,
    end: Option<i64>,
    start_uptime: Option<u32>,
    end_uptime: Option<u32>,
    system_init: Option<i64>,
    duration_ns: Option<i64>,
    reverse: Half,
    biflow: bool,
    has_octets: bool,
    has_packets: bool,
    icmp: Option<(u8, u8)>,
}

impl Record {
    /// The next record of a data set; `None` if the rest holds no whole one.
    #[inline]
    pub(super) fn next(
        template: &Template,
        rest: &mut Wire<'_>,
        clock: &Clock,
        system_init_ns: Option<i64>,
    ) -> Option<Self> {
        let mut gathered = Gathered::default();
        template.values(rest, |element, value| gathered.take(element, value, clock))?;
        Some(gathered.finish(clock, system_init_ns))
    }

    /// Ports of an ICMP record are its type and code, as in captures.
    pub(super) fn icmp(&mut self, kind: u8, code: u8) {
        (self.source_port, self.destination_port) = endpoint::icmp_ports(self.protocol, kind, code);
    }
}

impl Gathered {
    #[inline]
    fn take(&mut self, element: Element, value: &[u8], clock: &Clock) {
        let record = &mut self.record;
        match element {
            Element::SourceV4 | Element::DestinationV4 => {
                let Ok(octets) = <[u8; 4]>::try_from(value) else { return };
                // Some exporters fill both families, and leave the one in vain zero.
                if octets == [0; 4] && record.ip_version == 6 {
                    return;
                }
                let of = if element == Element::SourceV4 {
                    &mut record.source
                } else {
                    &mut record.destination
                };
                *of = Address::v4(octets);
                record.ip_version = 4;
            }
            Element::SourceV6 | Element::DestinationV6 => {
                let Ok(octets) = <[u8; 16]>::try_from(value) else { return };
                if octets == [0; 16] && record.ip_version == 4 {
                    return;
                }
                let of = if element == Element::SourceV6 {
                    &mut record.source
                } else {
                    &mut record.destination
                };
                *of = Address(octets);
                record.ip_version = 6;
            }
            Element::SourcePort => take_port(&mut record.source_port, value),
            Element::DestinationPort => take_port(&mut record.destination_port, value),
            Element::Protocol => record.protocol = whole(value) as u8,
            // Two bytes hold the header's octets 13 and 14: the low one has the flags.
            Element::TcpFlags => record.forward.flags = whole(value) as u8,
            Element::ReverseTcpFlags => self.reverse.flags = whole(value) as u8,
            Element::Octets => {
                record.forward.octets = whole(value);
                self.has_octets = true;
            }
            Element::Packets => {
                record.forward.packets = whole(value);
                self.has_packets = true;
            }
            // Running totals, or counts behind a middlebox, where nothing better is told.
            Element::OctetTotal | Element::PostOctets if !self.has_octets => {
                record.forward.octets = whole(value);
            }
            Element::PacketTotal | Element::PostPackets if !self.has_packets => {
                record.forward.packets = whole(value);
            }
            Element::ReverseOctets => {
                self.reverse.octets = whole(value);
                self.biflow = true;
            }
            Element::ReversePackets => {
                self.reverse.packets = whole(value);
                self.biflow = true;
            }
            Element::StartUptime => self.start_uptime = Some(whole(value) as u32),
            Element::EndUptime => self.end_uptime = Some(whole(value) as u32),
            Element::StartSeconds => self.start = since_1970(whole(value), 1_000_000_000),
            Element::EndSeconds => self.end = since_1970(whole(value), 1_000_000_000),
            Element::StartMillis => self.start = since_1970(whole(value), 1_000_000),
            Element::EndMillis => self.end = since_1970(whole(value), 1_000_000),
            Element::StartMicros | Element::StartNanos => self.start = Some(of_ntp(whole(value))),
            Element::EndMicros | Element::EndNanos => self.end = Some(of_ntp(whole(value))),
            Element::StartDelta => self.start = Some(clock.before(whole(value))),
            Element::EndDelta => self.end = Some(clock.before(whole(value))),
            Element::SystemInit => self.system_init = since_1970(whole(value), 1_000_000),
            Element::DurationMillis => self.duration_ns = since_1970(whole(value), 1_000_000),
            Element::DurationMicros => self.duration_ns = since_1970(whole(value), 1_000),
            Element::IcmpTypeCode => {
                let value = whole(value) as u16;
                self.icmp = Some(((value >> 8) as u8, value as u8));
            }
            Element::IcmpType => {
                self.icmp = Some((whole(value) as u8, self.icmp.map_or(0, |(_, code)| code)));
            }
            Element::IcmpCode => {
                self.icmp = Some((self.icmp.map_or(0, |(kind, _)| kind), whole(value) as u8));
            }
            Element::Vlan => take_vlan(&mut record.vlan, value),
            Element::CustomerVlan => take_vlan(&mut record.vlan, value),
            Element::BiflowDirection => {
                let direction = whole(value);
                record.directed |= matches!(direction, 1 | 2);
                record.turned = direction == 2;
            }
            Element::SamplerId => record.sampler = Some(whole(value)),
            Element::SamplingInterval | Element::SamplerInterval => {
                record.sampling = Some(whole(value));
            }
            _ => {}
        }
    }

    #[inline]
    fn finish(self, clock: &Clock, system_init_ns: Option<i64>) -> Record {
        let init = self.system_init.or(system_init_ns);
        let of_uptime = |uptime: Option<u32>| clock.uptime(uptime?, init);
        let start = self.start.or_else(|| of_uptime(self.start_uptime));
        let end = self.end.or_else(|| of_uptime(self.end_uptime));
        let span = self.duration_ns.unwrap_or(0);
        let mut record = self.record;
        (record.start_ns, record.end_ns) = match (start, end) {
            (Some(start), Some(end)) => (start, end.max(start)),
            (Some(start), None) => (start, start.saturating_add(span)),
            (None, Some(end)) => (end.saturating_sub(span), end),
            (None, None) => (clock.sent_ns.saturating_sub(span), clock.sent_ns),
        };
        if self.biflow {
            record.reverse = Some(self.reverse);
        }
        if endpoint::is_icmp(record.protocol) {
            let port = record.destination_port;
            let (kind, code) = self.icmp.unwrap_or(((port >> 8) as u8, port as u8));
            record.icmp(kind, code);
        } else if !matches!(record.protocol, protocol::TCP | protocol::UDP | protocol::SCTP) {
            (record.source_port, record.destination_port) = (0, 0);
        }
        record
    }
}

#[inline]
fn take_port(port: &mut u16, value: &[u8]) {
    // The elements that only TCP or only UDP has are 0 for the other protocol.
    let value = whole(value) as u16;
    if value != 0 {
        *port = value;
    }
}

fn take_vlan(vlan: &mut Vlan, value: &[u8]) {
    // 0 stands for no tag.
    let id = whole(value) as u16;
    if id != 0 {
        *vlan = vlan.with(id);
    }
}
