//! What Suricata's `dns` events say, in the three forms that its versions write.

use tripline_core::flow::Dns;

use crate::sensors::app::{add_answer, add_query, add_records, add_ttl};
use crate::sensors::join::Waiting;
use crate::sensors::json::Json;

/// Adds an event.
///
/// Version 1 has an event for each query and for each record of an answer, told together by `id`;
/// version 2 has one event an answer, with `answers`; version 3 has `request` and `response`, with
/// `queries` in place of `rrname`.
pub(super) fn add(waiting: &mut Waiting, event: &Json<'_>) {
    let dns = waiting.app.dns.get_or_insert_default();
    match event.get("type").and_then(Json::text) {
        Some("query" | "request") => add_queries(dns, event),
        Some("answer" | "response") => {
            let id = event.get("id").and_then(Json::whole);
            let whole = event.get("version").is_some()
                || event.get("answers").is_some()
                || event.get("rdata").is_none();
            if whole || waiting.answered.is_none() || waiting.answered != id {
                let code = event.get("rcode").and_then(Json::text).and_then(response_code);
                add_answer(dns, code.unwrap_or(0), 0);
                waiting.answered = id;
            }
            match event.get("answers") {
                Some(answers) => {
                    add_records(dns, answers.list().len());
                    answers.list().iter().for_each(|record| ttl(dns, record));
                }
                None if event.get("rdata").is_some() => {
                    add_records(dns, 1);
                    ttl(dns, event);
                }
                None => {}
            }
        }
        _ => {}
    }
}

/// True if the event was sent by the one who asks.
pub(super) fn asks(event: &Json<'_>) -> bool {
    matches!(event.get("type").and_then(Json::text), Some("query" | "request"))
}

fn add_queries(dns: &mut Dns, event: &Json<'_>) {
    let mut add = |query: &Json<'_>| {
        let kind = query.get("rrtype").and_then(Json::text).and_then(record_type);
        add_query(dns, query.get("rrname").and_then(Json::text), kind);
    };
    match event.get("queries") {
        Some(queries) => queries.list().iter().for_each(add),
        None => add(event),
    }
}

fn ttl(dns: &mut Dns, record: &Json<'_>) {
    if let Some(ttl) = record.get("ttl").and_then(Json::number) {
        add_ttl(dns, ttl);
    }
}

/// Number of a type of record by its name (IANA "DNS Parameters"); also `TYPE65` (RFC 3597).
fn record_type(name: &str) -> Option<u16> {
    const NAMES: &[(&str, u16)] = &[
        ("A", 1),
        ("NS", 2),
        ("CNAME", 5),
        ("SOA", 6),
        ("NULL", 10),
        ("PTR", 12),
        ("HINFO", 13),
        ("MX", 15),
        ("TXT", 16),
        ("RP", 17),
        ("SIG", 24),
        ("KEY", 25),
        ("AAAA", 28),
        ("LOC", 29),
        ("SRV", 33),
        ("NAPTR", 35),
        ("CERT", 37),
        ("DNAME", 39),
        ("OPT", 41),
        ("DS", 43),
        ("SSHFP", 44),
        ("RRSIG", 46),
        ("NSEC", 47),
        ("DNSKEY", 48),
        ("NSEC3", 50),
        ("TLSA", 52),
        ("SVCB", 64),
        ("HTTPS", 65),
        ("SPF", 99),
        ("TKEY", 249),
        ("TSIG", 250),
        ("IXFR", 251),
        ("AXFR", 252),
        ("ANY", 255),
        ("URI", 256),
        ("CAA", 257),
    ];
    match NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)) {
        Some((_, number)) => Some(*number),
        None => name.strip_prefix("TYPE").unwrap_or(name).parse().ok(),
    }
}

/// Number of a response code by its name (RFC 6895, section 2.3).
fn response_code(name: &str) -> Option<u8> {
    const NAMES: [&str; 11] = [
        "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
        "NXRRSET", "NOTAUTH", "NOTZONE",
    ];
    match NAMES.iter().position(|known| name.eq_ignore_ascii_case(known)) {
        Some(number) => u8::try_from(number).ok(),
        None => name.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_versions_say_the_same() {
        let one: &[&str] = &[
            r#"{"type":"query","id":7,"rrname":"a.example","rrtype":"A"}"#,
            r#"{"type":"answer","id":7,"rcode":"NOERROR","rrname":"a.example","rrtype":"CNAME","ttl":9,"rdata":"b.example"}"#,
            r#"{"type":"answer","id":7,"rcode":"NOERROR","rrname":"b.example","rrtype":"A","ttl":5,"rdata":"10.0.0.1"}"#,
        ];
        let two: &[&str] = &[
            r#"{"type":"query","id":7,"rrname":"a.example","rrtype":"A"}"#,
            r#"{"version":2,"type":"answer","id":7,"rcode":"NOERROR","rrname":"a.example","answers":[{"ttl":9},{"ttl":5}]}"#,
        ];
        let three: &[&str] = &[
            r#"{"version":3,"type":"request","id":7,"queries":[{"rrname":"a.example","rrtype":"A"}]}"#,
            r#"{"version":3,"type":"response","id":7,"rcode":"NOERROR","queries":[{"rrname":"a.example"}],"answers":[{"ttl":9},{"ttl":5}]}"#,
        ];
        let told = |events: &[&str]| {
            let mut waiting = Waiting::default();
            for event in events {
                add(&mut waiting, &Json::parse(event).expect("valid"));
            }
            waiting.app.dns.expect("dns")
        };
        let dns = told(one);
        assert_eq!((dns.queries, dns.responses, dns.answers, dns.ttl_min_s), (1, 1, 2, Some(5)));
        assert_eq!((dns.query.as_deref(), dns.query_type), (Some("a.example"), Some(1)));
        assert_eq!(dns, told(two));
        assert_eq!(dns, told(three));
    }
}
