//! Every `conn_state` with its history, against what Zeek documents for `conn.log`.

use tripline_core::flow::EndReason;
use tripline_core::packet::protocol;
use tripline_features::flow::FlowSettings;

use super::packets::{SECOND, Talk, capture, flows};

/// State, history, packets of the initiator and of the responder of each flow.
fn told(talk: Talk) -> Vec<(&'static str, String, u64, u64)> {
    let batch = flows(&capture([talk]), &FlowSettings::default(), 1000);
    batch
        .flows
        .iter()
        .map(|flow| {
            let history = flow.history.as_str().to_owned();
            (flow.state.name(), history, flow.orig.packets, flow.resp.packets)
        })
        .collect()
}

const OPENED: &str = "> S 100; < SA 500 101; > A 101 501";

#[track_caller]
fn check(text: &str, state: &str, history: &str) {
    let flows = told(Talk::tcp().say(text));
    assert_eq!(flows.len(), 1, "{text}: {flows:?}");
    assert_eq!((flows[0].0, flows[0].1.as_str()), (state, history), "{text}");
}

#[test]
fn every_state_of_tcp() {
    check("> S 100", "S0", "S");
    check("> S 100; > S 100", "S0", "S");
    check(OPENED, "S1", "ShA");
    check(&format!("{OPENED}; > PA 101 501 20; < A 501 121 30"), "S1", "ShADd");
    check(&format!("{OPENED}; > FA 101 501; < A 501 102"), "S2", "ShAFa");
    check(&format!("{OPENED}; < FA 501 101; > A 101 502"), "S3", "ShAf");
    check(&format!("{OPENED}; > FA 101 501; < FA 501 102; > A 102 502"), "SF", "ShAFf");
    check("> S 100; < RA 0 101", "REJ", "Sr");
    check(&format!("{OPENED}; > R 101"), "RSTO", "ShAR");
    check(&format!("{OPENED}; < R 501"), "RSTR", "ShAr");
    check("> S 100; > R 101", "RSTOS0", "SR");
    check("> S 100; > FA 101 0", "SH", "SF");
    check("> A 100 500 10; < A 500 110 10", "OTH", "Dd");
}

#[test]
fn a_syn_ack_without_its_syn_comes_from_the_responder() {
    // The first packet is the server's, which `Talk` calls the client here.
    check("> SA 500 101; > R 501", "RSTRH", "^hr");
    check("> SA 500 101; > FA 501 101", "SHR", "^hf");
    check("> SA 500 101; < A 101 501; > A 501 101 9", "S1", "^hAd");
}

#[test]
fn repeats_gaps_and_windows_have_letters() {
    let repeated = "> PA 101 501 20; > PA 101 501 20; > PA 101 501 20";
    check(&format!("{OPENED}; {repeated}"), "S1", "ShADT");
    check(
        &format!("{OPENED}; < A 501 101 0 w; < A 501 101 0 w"),
        "S1",
        "ShAwa".replace("wa", "aw").as_str(),
    );
    // The gap of 20 bytes was acknowledged, so it will not be filled.
    check(&format!("{OPENED}; > PA 121 501 20; < A 501 141"), "S1", "ShADaG");
    // It was acknowledged before what lies behind it was seen: one gap, not two.
    let early = "< A 501 141; > PA 141 501 20; < A 501 161";
    check(&format!("{OPENED}; > PA 101 501 20; {early}"), "S1", "ShADaG");
    check("> SF 100", "SH", "Q");
    check(&format!("{OPENED}; > RF 101 501"), "RSTO", "ShAI");
}

#[test]
fn datagrams_have_states_too() {
    let talk = |text: &str| told(Talk::new(protocol::UDP).say(text));
    assert_eq!(talk("> -; < -"), [("SF", "Dd".to_owned(), 1, 1)]);
    assert_eq!(talk("> -; > -"), [("S0", "D".to_owned(), 2, 0)]);
    // From the port of a name server: an answer whose question was not seen.
    let answer = Talk::new(protocol::UDP).between((1, 53), (2, 40000)).say("> -");
    assert_eq!(told(answer), [("SHR", "^d".to_owned(), 0, 1)]);
    // Zeek's script knows states of TCP and UDP alone.
    assert_eq!(told(Talk::new(protocol::ICMP).say("> -; < -")), [("OTH", String::new(), 1, 1)]);
}

#[test]
fn one_way_messages_are_flows_of_their_own() {
    let mut talk = Talk::new(protocol::ICMP).between((1, 3), (2, 3)).say("> -; < -; > -");
    talk.packets.iter_mut().for_each(|packet| packet.one_way = true);
    let flows = told(talk);
    assert_eq!(flows.iter().map(|flow| (flow.2, flow.3)).collect::<Vec<_>>(), [(1, 0), (2, 0)]);
}

#[test]
fn flows_end_for_a_reason() {
    let reasons = |talk: Talk, settings: &FlowSettings| -> Vec<(EndReason, u64)> {
        let batch = flows(&capture([talk]), settings, 1);
        batch.flows.iter().map(|f| (f.ended, f.orig.packets + f.resp.packets)).collect()
    };
    let settings = FlowSettings::default();
    let closed = format!("{OPENED}; > FA 101 501; < FA 501 102; > A 102 502");

    // Late packets belong to the closed flow for five seconds; then they are another flow.
    let mut talk = Talk::tcp().say(&closed);
    talk.time_ns += 4 * SECOND;
    talk = talk.say("> A 102 502");
    talk.time_ns += 2 * SECOND;
    talk = talk.say("> A 102 502");
    assert_eq!(reasons(talk, &settings), [(EndReason::Closed, 7), (EndReason::InputEnd, 1)]);

    // A SYN begins a new one at once.
    let again = Talk::tcp().say(&format!("{closed}; > S 9000; < SA 8000 9001"));
    assert_eq!(
        reasons(again.clone(), &settings),
        [(EndReason::Closed, 6), (EndReason::InputEnd, 2)]
    );
    let never = FlowSettings { tcp_linger: None, ..FlowSettings::default() };
    assert_eq!(reasons(again, &never), [(EndReason::InputEnd, 8)]);

    let mut talk = Talk::tcp().say("> S 100");
    talk.time_ns = talk.packets[0].time_ns + 120 * SECOND - 1;
    talk = talk.say("> S 100");
    talk.time_ns = talk.packets[1].time_ns + 120 * SECOND;
    talk = talk.say("> S 100");
    assert_eq!(reasons(talk, &settings), [(EndReason::Idle, 2), (EndReason::InputEnd, 1)]);

    // An attempt may have a time-out of its own, which its repetitions do not put off.
    let attempts = FlowSettings {
        tcp_attempt: Some(std::time::Duration::from_secs(5)),
        ..FlowSettings::default()
    };
    let mut talk = Talk::tcp().say("> S 100");
    talk.time_ns += 4 * SECOND;
    talk = talk.say("> S 100");
    talk.time_ns += 2 * SECOND;
    talk = talk.say("> FA 101 0");
    assert_eq!(reasons(talk.clone(), &attempts), [(EndReason::Idle, 2), (EndReason::Closed, 1)]);
    assert_eq!(reasons(talk, &settings), [(EndReason::Closed, 3)]);

    // What follows the active time-out keeps the initiator, though the server speaks first.
    let mut talk = Talk::tcp().say(OPENED);
    for _ in 0..30 {
        talk.time_ns += 60 * SECOND;
        talk = talk.say("< A 501 101");
    }
    let batch = flows(&capture([talk]), &settings, 7);
    let told: Vec<_> =
        batch.flows.iter().map(|f| (f.ended, f.orig.packets, f.resp.packets)).collect();
    assert_eq!(told, [(EndReason::Active, 2, 30), (EndReason::InputEnd, 0, 1)]);
}
