//! Records of NetFlow version 5.

use tripline_core::packet::Address;

use super::clock::Clock;
use super::record::{Half, Record};
use super::wire::Wire;
use crate::sensors::endpoint;

/// Bytes of a record (Cisco, "NetFlow Export Datagram Format", table B-4).
pub(super) const RECORD_BYTES: usize = 48;

/// Reads a record of [`RECORD_BYTES`].
pub(super) fn record(bytes: &[u8], clock: &Clock) -> Option<Record> {
    let mut wire = Wire(bytes);
    let source: [u8; 4] = wire.take(4)?.try_into().ok()?;
    let destination: [u8; 4] = wire.take(4)?.try_into().ok()?;
    // Next hop, interfaces.
    wire.take(8)?;
    let packets = u64::from(wire.u32()?);
    let octets = u64::from(wire.u32()?);
    let start_ns = clock.uptime(wire.u32()?, None)?;
    let end_ns = clock.uptime(wire.u32()?, None)?;
    let source_port = wire.u16()?;
    let destination_port = wire.u16()?;
    wire.take(1)?;
    let flags = wire.u8()?;
    let protocol = wire.u8()?;
    let mut record = Record {
        source: Address::v4(source),
        destination: Address::v4(destination),
        source_port,
        destination_port,
        protocol,
        ip_version: 4,
        start_ns,
        end_ns: end_ns.max(start_ns),
        forward: Half { packets, octets, flags },
        ..Record::default()
    };
    if endpoint::is_icmp(protocol) {
        record.icmp((destination_port >> 8) as u8, destination_port as u8);
    }
    Some(record)
}
