//! Columns of the published sets, computed by hand from packets made by hand.

use std::collections::VecDeque;

use proptest::prelude::*;
use tripline_core::flow::{EndReason, Flow};
use tripline_core::packet::{Batch, protocol};
use tripline_core::{Column, Rows};
use tripline_features::flow::{Early, FlowBatch, FlowSettings, SETS, set};

use super::app::chat::Chat;
use super::packets::{SECOND, Talk, capture};

fn run(id: &str, capture: &Batch, batch: usize) -> FlowBatch {
    run_with(id, capture, batch, &FlowSettings::default())
}

fn run_with(id: &str, capture: &Batch, batch: usize, settings: &FlowSettings) -> FlowBatch {
    let mut engine = (set(id).expect("a set").open)(settings);
    for packets in capture.packets.chunks(batch) {
        engine.process(&[Batch { packets: packets.to_vec(), ..Batch::default() }]);
    }
    engine.finish();
    engine.take()
}

/// What stands in a row, categories by their names.
fn cell(rows: &Rows, row: usize, name: &str) -> String {
    match rows.column(name).unwrap_or_else(|| panic!("no column {name}")) {
        Column::Numeric(values) => format!("{}", (values[row] * 1e6).round() / 1e6),
        Column::Category(category) => category.value(row).unwrap_or("missing").to_owned(),
    }
}

#[track_caller]
fn check(id: &str, talk: Talk, expected: &[(&str, &str)]) {
    let batch = run(id, &capture([talk]), 1000);
    assert_eq!(batch.flows.len(), 1);
    for (name, value) in expected {
        assert_eq!(cell(&batch.rows, 0, name), *value, "{name}");
    }
}

/// A connection of ten packets, the first four 10 ms apart.
fn connection() -> Talk {
    let mut talk = Talk::tcp().say(
        "> S 100; < SA 500 101; > A 101 501; > PA 101 501 60; < A 501 161; > PA 101 501 60; \
         < PA 501 161 1000; > A 161 1501; > FA 161 1501; < FA 1501 162",
    );
    let at = [0, 10, 25, 30, 40, 50, 80, 90, 100, 120];
    for (packet, at) in talk.packets.iter_mut().zip(at) {
        packet.time_ns = SECOND + at * SECOND / 1000;
        packet.clock_ns = packet.time_ns;
    }
    talk.packets[1].ttl = 60;
    talk.packets[1].tcp.window = 200;
    talk
}

#[test]
fn unsw_columns_by_hand() {
    // 6 packets of 40 bytes with 120 of payload; 4 with 1000.
    let expected = [
        ("dur", "0.12"),
        ("proto", "tcp"),
        ("service", "-"),
        ("state", "FIN"),
        ("spkts", "6"),
        ("dpkts", "4"),
        ("sbytes", "360"),
        ("dbytes", "1160"),
        ("rate", "75"),
        ("sttl", "64"),
        ("dttl", "60"),
        ("sload", "20000"),
        ("dload", "58000"),
        ("sloss", "1"),
        ("dloss", "0"),
        // From 0 to 100 ms in 5 gaps: 25, 5, 20, 40, 10.
        ("sinpkt", "20"),
        ("sjit", "12.247449"),
        // From 10 to 120 ms in 3 gaps: 30, 40, 40.
        ("dinpkt", "36.666667"),
        ("djit", "4.714045"),
        ("swin", "255"),
        ("dwin", "255"),
        ("stcpb", "100"),
        ("dtcpb", "500"),
        ("tcprtt", "0.025"),
        ("synack", "0.01"),
        ("ackdat", "0.015"),
        ("smean", "60"),
        ("dmean", "290"),
        ("trans_depth", "0"),
        ("response_body_len", "0"),
        ("ct_state_ttl", "0"),
        ("ct_srv_src", "1"),
        ("ct_dst_src_ltm", "1"),
        ("is_ftp_login", "0"),
        ("is_sm_ips_ports", "0"),
    ];
    check("unsw_nb15", connection(), &expected);
}

#[test]
fn unsw_columns_of_copies() {
    let expected = [
        ("dur", "0.12"),
        ("spkts", "12"),
        ("dpkts", "8"),
        ("sbytes", "720"),
        ("dbytes", "2320"),
        ("rate", "158.333333"),
        ("sload", "44000"),
        ("dload", "135333.333333"),
        // The one that is repeated; copies of the SYN with both segments with payload.
        ("sloss", "4"),
        ("dloss", "2"),
        ("sinpkt", "9.090909"),
        ("smean", "60"),
        ("synack", "0.01"),
    ];
    check("unsw_nb15_csv", connection(), &expected);
    // What a capture with every packet twice gives in the set without copies.
    let mut twice = connection();
    twice.packets = twice.packets.iter().flat_map(|packet| [*packet; 2]).collect();
    let twice = run("unsw_nb15", &capture([twice]), 7);
    let copied = run("unsw_nb15_csv", &capture([connection()]), 7);
    for name in
        ["spkts", "dbytes", "rate", "sload", "dload", "sinpkt", "dinpkt", "sjit", "djit", "smean"]
    {
        assert_eq!(cell(&twice.rows, 0, name), cell(&copied.rows, 0, name), "{name}");
    }
}

#[test]
fn unsw_states_of_all_protocols() {
    let tcp = |text: &str, state| check("unsw_nb15", Talk::tcp().say(text), &[("state", state)]);
    tcp("> S 100", "REQ");
    tcp("> S 100; < SA 500 101", "ACC");
    tcp("> S 100; < SA 500 101; > A 101 501", "CON");
    tcp("> S 100; < RA 0 101", "RST");
    tcp("> A 100 500 10; < A 500 110 10", "CON");
    tcp("> A 100 500 10", "INT");
    let other = |number, ports: (u16, u16), text: &str, proto, state| {
        let talk = Talk::new(number).between((1, ports.0), (2, ports.1)).say(text);
        check("unsw_nb15", talk, &[("proto", proto), ("state", state)]);
    };
    other(protocol::UDP, (4000, 5000), "> -", "udp", "INT");
    other(protocol::UDP, (4000, 5000), "> -; < -", "udp", "CON");
    other(protocol::ICMP, (8, 0), "> -; < -", "icmp", "ECO");
    other(protocol::ICMP, (3, 1), "> -", "icmp", "URH");
    other(protocol::ICMP, (3, 3), "> -", "icmp", "missing");
    other(89, (0, 0), "> -", "ospf", "INT");
    other(200, (0, 0), "> -", "unas", "INT");
}

#[test]
fn unsw_columns_of_applications() {
    let check = |chat: Chat, expected: &[(&str, &str)]| {
        let rows = (set("unsw_nb15").expect("a set").sensor)().rows(&[chat.flow()]);
        for (name, value) in expected {
            assert_eq!(cell(&rows, 0, name), *value, "{name}");
        }
    };
    let web = Chat::tcp(80)
        .client("GET /a HTTP/1.1\r\n\r\nHEAD /b HTTP/1.1\r\n\r\nPOST /c HTTP/1.1\r\n\r\n")
        .server("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n1234567");
    let web_columns = [
        ("service", "http"),
        ("trans_depth", "3"),
        ("response_body_len", "7"),
        ("ct_flw_http_mthd", "2"),
        ("is_ftp_login", "0"),
    ];
    check(web, &web_columns);
    let files = Chat::tcp(21).server("220 ready\r\n").client("USER guest\r\n").server("331 ok\r\n");
    check(files.clone(), &[("service", "ftp"), ("is_ftp_login", "0"), ("ct_ftp_cmd", "1")]);
    check(files.client("PASS guest\r\n"), &[("is_ftp_login", "1"), ("trans_depth", "0")]);
}

#[test]
fn a_land_packet_has_one_endpoint() {
    let talk = Talk::new(protocol::UDP).between((1, 9), (1, 9)).say("> -");
    check("unsw_nb15", talk, &[("is_sm_ips_ports", "1")]);
}

/// The counts over windows, from all flows before each.
fn naive(flows: &[Flow]) -> Vec<[usize; 7]> {
    let mut window: VecDeque<&Flow> = VecDeque::new();
    let mut counts = Vec::new();
    for flow in flows {
        window.push_back(flow);
        if window.len() > 100 {
            window.pop_front();
        }
        let key = &flow.key;
        let count = |same: &dyn Fn(&Flow) -> bool| window.iter().filter(|f| same(f)).count();
        counts.push([
            count(&|f| f.service == flow.service && f.key.orig == key.orig),
            count(&|f| f.key.resp == key.resp),
            count(&|f| f.key.orig == key.orig && f.key.resp_port == key.resp_port),
            count(&|f| f.key.resp == key.resp && f.key.orig_port == key.orig_port),
            count(&|f| f.key.orig == key.orig && f.key.resp == key.resp),
            count(&|f| f.key.orig == key.orig),
            count(&|f| f.service == flow.service && f.key.resp == key.resp),
        ]);
        if flow.ended == EndReason::Open {
            window.pop_back();
        }
    }
    counts
}

const WINDOWS: [&str; 7] = [
    "ct_srv_src",
    "ct_dst_ltm",
    "ct_src_dport_ltm",
    "ct_dst_sport_ltm",
    "ct_dst_src_ltm",
    "ct_src_ltm",
    "ct_srv_dst",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn windows_are_those_of_the_last_hundred_flows(
        seeds in prop::collection::vec((0_u32..6, 0_u32..6, 0_u16..4, 0_i64..2000), 1..400),
        batch in 1_usize..500,
        early in 0_u32..3,
    ) {
        let capture = capture(seeds.iter().enumerate().map(|(i, &(from, to, port, at))| {
            let ports = (1000 + (i % 7) as u16 * 100 + (i / 7) as u16, 80 + port);
            let talk = Talk::new(protocol::UDP).between((from, ports.0), (100 + to, ports.1));
            talk.at(SECOND + at * SECOND / 1000).say("> - 0 0 9; < - 0 0 9")
        }));
        // At the first packet, the second, or never.
        let early = Some(Early { packets: early, after: None });
        let settings = FlowSettings { early, ..FlowSettings::default() };
        let told = run_with("unsw_nb15", &capture, batch, &settings);
        for (row, counts) in naive(&told.flows).iter().enumerate() {
            for (name, count) in WINDOWS.iter().zip(counts) {
                prop_assert_eq!(cell(&told.rows, row, name), count.to_string(), "{}", name);
            }
        }
    }
}

#[test]
fn cicflowmeter_columns_by_hand() {
    let expected = [
        ("Destination Port", "9"),
        ("Protocol", "6"),
        ("Flow Duration", "120000"),
        ("Total Fwd Packets", "6"),
        ("Total Backward Packets", "4"),
        ("Total Length of Fwd Packets", "120"),
        ("Total Length of Bwd Packets", "1000"),
        ("Fwd Packet Length Max", "60"),
        ("Fwd Packet Length Min", "0"),
        ("Fwd Packet Length Mean", "20"),
        // numpy: np.std([0, 0, 60, 60, 0, 0], ddof=1).
        ("Fwd Packet Length Std", "30.983867"),
        ("Bwd Packet Length Std", "500"),
        ("Flow Bytes/s", "9333.333333"),
        ("Flow Packets/s", "83.333333"),
        // 10, 15, 5, 10, 10, 30, 10, 10, 20 ms.
        ("Flow IAT Mean", "13333.333333"),
        ("Flow IAT Std", "7500"),
        ("Flow IAT Max", "30000"),
        ("Flow IAT Min", "5000"),
        ("Fwd IAT Total", "100000"),
        ("Fwd IAT Std", "13693.063938"),
        ("Bwd IAT Min", "30000"),
        ("Fwd PSH Flags", "2"),
        ("Bwd PSH Flags", "1"),
        ("Fwd Header Length", "120"),
        ("Fwd Header Length.1", "120"),
        ("Bwd Header Length", "80"),
        ("Bwd Packets/s", "33.333333"),
        ("Max Packet Length", "1000"),
        ("Packet Length Mean", "112"),
        // numpy: np.var([0, 0, 0, 60, 0, 60, 1000, 0, 0, 0], ddof=1).
        ("Packet Length Variance", "97973.333333"),
        ("FIN Flag Count", "2"),
        ("SYN Flag Count", "2"),
        ("ACK Flag Count", "9"),
        ("CWE Flag Count", "0"),
        ("Down/Up Ratio", "0.666667"),
        ("Average Packet Size", "112"),
        ("Avg Bwd Segment Size", "250"),
        ("Fwd Avg Bytes/Bulk", "0"),
        ("Subflow Fwd Packets", "6"),
        ("Subflow Bwd Bytes", "1000"),
        ("Init_Win_bytes_forward", "1000"),
        ("Init_Win_bytes_backward", "200"),
        ("act_data_pkt_fwd", "2"),
        ("min_seg_size_forward", "20"),
        ("Active Mean", "0"),
        ("Idle Max", "0"),
    ];
    check("cicflowmeter", connection(), &expected);
    let later = [("Protocol", "6"), ("Tot Bwd Pkts", "4"), ("Bwd Seg Size Avg", "250")];
    check("cicflowmeter_2018", connection(), &later);
}

#[test]
fn cicflowmeter_pauses_divide_a_flow() {
    // Stretches of 30 ms, of one packet, of 10 ms; pauses of 6 s, 10 s, 2 s.
    let mut talk = Talk::new(protocol::UDP).say("> - 0 0 5; > - 0 0 5; > - 0 0 5; > - 0 0 5");
    talk.time_ns = talk.packets[3].time_ns + 6 * SECOND;
    talk = talk.say("< - 0 0 7");
    talk.time_ns = talk.packets[4].time_ns + 10 * SECOND;
    talk = talk.say("< - 0 0 7; > - 0 0 5");
    talk.time_ns = talk.packets[6].time_ns + 2 * SECOND;
    let expected = [
        ("Active Mean", "30000"),
        ("Active Std", "0"),
        ("Idle Mean", "8000000"),
        ("Idle Std", "2828427.124746"),
        ("Idle Min", "6000000"),
        // Four subflows, though only two pauses are idle.
        ("Subflow Fwd Packets", "1.5"),
        ("Subflow Bwd Bytes", "3.5"),
        ("Fwd Avg Bytes/Bulk", "20"),
        ("Fwd Avg Packets/Bulk", "4"),
        ("Fwd Avg Bulk Rate", "666.666667"),
        ("Bwd Avg Bulk Rate", "0"),
        ("Init_Win_bytes_forward", "-1"),
    ];
    check("cicflowmeter", talk.say("> - 0 0 5"), &expected);
}

#[test]
fn one_packet_has_no_rate() {
    let expected = [
        ("Flow Duration", "0"),
        ("Flow Bytes/s", "NaN"),
        ("Fwd Packets/s", "0"),
        ("Flow IAT Std", "0"),
        ("Bwd Packet Length Max", "0"),
        ("Init_Win_bytes_backward", "-1"),
    ];
    check("cicflowmeter", Talk::tcp().say("> S 1"), &expected);
    let expected = [("rate", "0"), ("sload", "0"), ("sinpkt", "0"), ("dttl", "0"), ("dmean", "0")];
    check("unsw_nb15", Talk::tcp().say("> S 1"), &expected);
}

#[test]
fn a_sensor_gives_what_it_knows() {
    for card in SETS {
        let told = run(card.id, &capture([connection()]), 1000);
        let rows = (card.sensor)().rows(&told.flows);
        assert_eq!(rows.schema().fields(), told.rows.schema().fields(), "{}", card.id);
        for (column, doc) in (card.columns)().iter().zip(rows.columns()) {
            let known = cell(&rows, 0, column.name);
            if known != "NaN" && known != "missing" {
                assert_eq!(known, cell(&told.rows, 0, column.name), "{}", column.name);
            }
            assert_eq!(doc.len(), 1);
        }
    }
}

#[test]
fn columns_have_names_of_their_own() {
    for card in SETS {
        let mut names: Vec<&str> = (card.columns)().iter().map(|column| column.name).collect();
        names.extend(card.identifiers.iter().map(|(name, _)| *name));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "{}", card.id);
    }
    for (id, columns) in
        [("unsw_nb15", 42), ("unsw_nb15_csv", 42), ("cicflowmeter", 79), ("cicflowmeter_2018", 78)]
    {
        assert_eq!((set(id).expect("a set").columns)().len(), columns, "{id}");
    }
}
