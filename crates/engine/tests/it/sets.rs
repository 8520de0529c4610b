//! A table of flows with the columns of a published set is read as that set.

use std::fmt::Write as _;

use tripline_core::Column;
use tripline_core::packet::{Address, Anomalies, Batch, Packet, TcpHeader, Vlan, protocol};
use tripline_features::flow::{FlowBatch, FlowSettings, set};
use tripline_ingest::{ReadOptions, read_bytes};

use crate::captures::flows;

/// Forty queries with an answer each, at half past midnight.
fn queries() -> Batch {
    let mut packets = Vec::new();
    for number in 0..80_u16 {
        let (query, host) = (number % 2 == 0, number / 2);
        let client = (Address::v4([10, 0, 0, (host % 3) as u8]), 40_000 + host);
        let server = (Address::v4([10, 0, 1, 1]), 5300);
        let (from, to) = if query { (client, server) } else { (server, client) };
        let time_ns = 1_700_008_200_000_000_000 + i64::from(number) * 10_000_000;
        let payload_bytes = 20 + u32::from(number);
        packets.push(Packet {
            number: u64::from(number) + 1,
            time_ns,
            clock_ns: time_ns,
            source: from.0,
            destination: to.0,
            source_port: from.1,
            destination_port: to.1,
            protocol: protocol::UDP,
            ip_version: 4,
            ttl: 64,
            tos: 0,
            vlan: Vlan::NONE,
            one_way: false,
            link_bytes: 42 + payload_bytes,
            ip_bytes: 28 + payload_bytes,
            ip_header_bytes: 20,
            transport_header_bytes: 8,
            payload_bytes,
            payload_start: 0,
            payload_captured: 0,
            tunnel: Packet::NO_TUNNEL,
            tcp: TcpHeader::default(),
            anomalies: Anomalies::default(),
        });
    }
    Batch { packets, ..Batch::default() }
}

/// What names each flow, its columns, a label.
fn table(id: &str, told: &FlowBatch, label: &str, benign: &str) -> String {
    let identifiers = set(id).unwrap().identifiers;
    let mut names: Vec<&str> = identifiers.iter().map(|(name, _)| *name).collect();
    names.extend(told.rows.schema().fields().iter().map(|field| &*field.name));
    let mut text = format!("{},{label}\n", names.join(","));
    for (row, flow) in told.flows.iter().enumerate() {
        for (_, identifier) in identifiers {
            identifier.write(flow, &mut text);
            text.push(',');
        }
        for column in told.rows.columns() {
            match column {
                Column::Numeric(values) if values[row].is_nan() => {}
                Column::Numeric(values) => write!(text, "{}", values[row]).unwrap(),
                Column::Category(category) => text.push_str(category.value(row).unwrap_or("")),
            }
            text.push(',');
        }
        text.push_str(benign);
        text.push('\n');
    }
    text
}

/// The rows of `id` come back under the layout, as the columns of `columns` that models use.
#[track_caller]
fn check(id: &str, layout: &str, columns: &str, (label, benign): (&str, &str)) {
    let told = flows(&[queries()], &FlowSettings::default(), id);
    assert_eq!(told.flows.len(), 40);
    let text = table(id, &told, label, benign);
    let read = read_bytes("flows.csv", text.into_bytes(), &ReadOptions::default()).unwrap();
    assert_eq!(read.source.layout, layout);
    let names: Vec<&str> = read.rows.schema().fields().iter().map(|f| &*f.name).collect();
    let expected = flows(&[queries()], &FlowSettings::default(), columns).rows;
    for name in &names {
        let (ours, theirs) = (expected.column(name), read.rows.column(name).unwrap());
        let ours = ours.unwrap_or_else(|| panic!("{id}: `{name}` is no column of {columns}"));
        for row in 0..40 {
            match (ours, theirs) {
                (Column::Numeric(ours), Column::Numeric(theirs)) => {
                    assert!(ours[row] == theirs[row], "{id} {name} {row}");
                }
                (Column::Category(ours), Column::Category(theirs)) => {
                    assert_eq!(ours.value(row), theirs.value(row), "{id} {name} {row}");
                }
                _ => panic!("{id}: `{name}` changed its kind"),
            }
        }
    }
    // Published twice in one set, under one name then; a port is no feature.
    let left_out = ["Destination Port", "Fwd Header Length.1"];
    for field in expected.schema().fields() {
        let read = names.contains(&&*field.name);
        assert!(read != left_out.contains(&&*field.name), "{id}: {}", field.name);
    }
    if let Some(time) = &read.time {
        let end = told.flows[0].end_ns;
        assert!((end - time[0]).abs() <= 1_000_000_000, "{id}: {end} {}", time[0]);
    }
}

#[test]
fn tables_of_sets_are_read_as_published() {
    check("unsw_nb15", "unsw-nb15", "unsw_nb15", ("attack_cat", "Normal"));
    check("cicflowmeter", "cic-ids2017", "cicflowmeter", ("Label", "BENIGN"));
    check("cicflowmeter_2018", "cic-ids2018", "cicflowmeter", ("Label", "BENIGN"));
}
