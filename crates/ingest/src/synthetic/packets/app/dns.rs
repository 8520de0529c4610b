//! DNS messages (RFC 1035).

use std::net::IpAddr;

use tripline_core::Rng;

use super::super::message::Message;

/// Types of records.
pub(in super::super) const A: u16 = 1;
pub(in super::super) const CNAME: u16 = 5;
pub(in super::super) const NULL: u16 = 10;
pub(in super::super) const PTR: u16 = 12;
pub(in super::super) const MX: u16 = 15;
pub(in super::super) const TXT: u16 = 16;
pub(in super::super) const AAAA: u16 = 28;
pub(in super::super) const SRV: u16 = 33;
pub(in super::super) const HTTPS: u16 = 65;

/// Longest label (RFC 1035, section 2.3.4).
const LONGEST_LABEL: usize = 63;

/// What a server answers.
#[derive(Debug, Clone)]
pub(in super::super) struct Answer {
    /// 0 is none, 2 a failure, 3 no such name, 5 refused.
    pub(in super::super) code: u8,
    /// Records: type, seconds to live, data.
    pub(in super::super) records: Vec<(u16, u32, Vec<u8>)>,
}

/// A query; `extended` adds the record of RFC 6891 that resolvers send.
pub(in super::super) fn query(id: u16, name: &str, kind: u16, extended: bool) -> Message {
    let mut out = header(id, 0x0100, [1, 0, 0, u16::from(extended)]);
    push_question(&mut out, name, kind);
    if extended {
        push_extension(&mut out);
    }
    Message::new(out)
}

/// The answer to a query.
pub(in super::super) fn answer(id: u16, name: &str, kind: u16, answer: &Answer) -> Message {
    let flags = 0x8180 | u16::from(answer.code);
    let mut out = header(id, flags, [1, answer.records.len() as u16, 0, 0]);
    push_question(&mut out, name, kind);
    for (kind, seconds, data) in &answer.records {
        // A pointer to the name of the question, at the end of the header.
        out.extend([0xc0, 12]);
        out.extend(kind.to_be_bytes());
        out.extend([0, 1]);
        out.extend(seconds.to_be_bytes());
        out.extend((data.len() as u16).to_be_bytes());
        out.extend(data);
    }
    Message::new(out)
}

/// A query of multicast DNS (RFC 6762): without an identifier, to everybody.
pub(in super::super) fn multicast_query(services: &[&str]) -> Message {
    let mut out = header(0, 0, [services.len() as u16, 0, 0, 0]);
    for service in services {
        push_question(&mut out, service, PTR);
    }
    Message::new(out)
}

/// A usual answer: addresses with an alias before them now and then, or another type's data.
pub(in super::super) fn usual(rng: &mut Rng, name: &str, kind: u16, address: IpAddr) -> Answer {
    let seconds = [30, 60, 300, 3600, 86_400][rng.index(5)];
    let mut records = Vec::new();
    match (kind, address) {
        (A, IpAddr::V4(address)) => {
            if rng.index(4) == 0 {
                records.push((CNAME, seconds, labels(&format!("e{}.edge.{name}", rng.below(999)))));
            }
            records.push((A, seconds, address.octets().to_vec()));
            for _ in 0..rng.below(4) {
                let [a, b, c, d] = address.octets();
                records.push((A, seconds, vec![a, b, c, d.wrapping_add(1 + rng.below(9) as u8)]));
            }
        }
        (AAAA, IpAddr::V6(address)) => records.push((AAAA, seconds, address.octets().to_vec())),
        (TXT, _) => {
            let text = match rng.index(3) {
                0 => "v=spf1 include:_spf.example.com ip4:203.0.113.0/24 -all".to_owned(),
                1 => format!("v=DKIM1; k=rsa; p={}", super::super::names::base32(rng, 180)),
                _ => "127.0.0.2 listed".to_owned(),
            };
            records.push((TXT, seconds, text_data(text.as_bytes())));
        }
        (MX, _) => {
            let mut data = vec![0, 10];
            data.extend(labels(&format!("mx1.{name}")));
            records.push((MX, seconds, data));
        }
        (PTR, _) => records.push((PTR, seconds, labels("host.office.test"))),
        (SRV, _) => {
            let mut data = vec![0, 0, 0, 100, 0x01, 0x85];
            data.extend(labels("dc1.office.test"));
            records.push((SRV, seconds, data));
        }
        _ => {}
    }
    Answer { code: 0, records }
}

/// Character strings of a TXT record (RFC 1035, section 3.3.14).
pub(in super::super) fn text_data(text: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(text.len() + 2);
    for part in text.chunks(255) {
        data.push(part.len() as u8);
        data.extend(part);
    }
    data
}

/// A name as labels.
pub(in super::super) fn labels(name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len() + 2);
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let label = &label.as_bytes()[..label.len().min(LONGEST_LABEL)];
        out.push(label.len() as u8);
        out.extend(label);
    }
    out.push(0);
    out
}

fn header(id: u16, flags: u16, counts: [u16; 4]) -> Vec<u8> {
    [[id, flags].as_slice(), &counts].concat().iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn push_question(out: &mut Vec<u8>, name: &str, kind: u16) {
    out.extend(labels(name));
    out.extend(kind.to_be_bytes());
    out.extend([0, 1]);
}

fn push_extension(out: &mut Vec<u8>) {
    // Root name, OPT, 1232 bytes, no options.
    out.extend([0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]);
}
