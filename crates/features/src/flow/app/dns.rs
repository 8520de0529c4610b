//! DNS messages (RFC 1035), with those of multicast DNS, LLMNR and NetBIOS names.

use tripline_core::flow::{Direction, Dns};

use super::bytes::Reader;
use super::outcome::Outcome;

/// Most bytes of a message over TCP that is read; longer ones are left out.
const MESSAGE_BYTES: usize = 16 << 10;
/// Most bytes of a name with its dots (RFC 1035, section 2.3.4, gives 255 with lengths).
const NAME_BYTES: usize = 254;
/// Most questions of a message whose names are read.
const QUESTIONS: usize = 32;
/// Most compression pointers of a name that are followed.
const POINTERS: usize = 32;
/// Port of the NetBIOS name service (RFC 1002).
pub(super) const NETBIOS_PORT: u16 = 137;

/// Reads the messages of a flow.
#[derive(Debug, Default)]
pub(super) struct DnsSession {
    dns: Dns,
    netbios: bool,
    messages: u32,
}

impl DnsSession {
    /// Names are written as NetBIOS does on its port (RFC 1001, section 14.1).
    pub(super) fn new(ports: [u16; 2]) -> Self {
        Self { netbios: ports.contains(&NETBIOS_PORT), ..Self::default() }
    }

    /// What was learnt; none before the first message.
    pub(super) fn told(&self) -> Option<Dns> {
        (self.messages > 0).then(|| self.dns.clone())
    }

    /// True after the first message.
    pub(super) fn is_confirmed(&self) -> bool {
        self.messages > 0
    }

    /// Reads one message; false if it is damaged, which leaves all as it was.
    pub(super) fn message(&mut self, bytes: &[u8]) -> bool {
        let mut header = Reader(bytes);
        let Some(fields) = header.take(12) else { return false };
        let field = |index: usize| u16::from_be_bytes([fields[index * 2], fields[index * 2 + 1]]);
        let flags = field(1);
        let response = flags & 0x8000 != 0;
        let mut at = 12;
        let mut name = Vec::new();
        let mut first = true;
        // Each question takes at least five bytes, so the message bounds the loop.
        for index in 0..usize::from(field(2)) {
            // An answer repeats the question.
            let new = index < QUESTIONS && !(response && self.dns.queries > 0);
            let end = if new { read_name(bytes, at, &mut name) } else { skip_name(bytes, at) };
            let Some(end) = end else { return !first };
            let Some([a, b, _, _]) = bytes.get(end..).and_then(|rest| rest.first_chunk()) else {
                return !first;
            };
            let query_type = u16::from_be_bytes([*a, *b]);
            if first {
                first = false;
                self.count(response, flags);
            }
            if new {
                if self.netbios {
                    netbios_name(&mut name);
                }
                self.dns.question(&name, query_type);
            }
            if !response && Dns::is_tunnel_type(query_type) {
                self.dns.tunnel_types = self.dns.tunnel_types.saturating_add(1);
            }
            at = end + 4;
        }
        if first {
            self.count(response, flags);
        }
        for _ in 0..field(3) {
            let Some((ttl, end)) = record(bytes, at) else { break };
            self.dns.answers = self.dns.answers.saturating_add(1);
            self.dns.ttl_min_s = Some(self.dns.ttl_min_s.map_or(ttl, |least| least.min(ttl)));
            at = end;
        }
        true
    }

    /// Reads a stream of messages, each with its length in front (RFC 1035, section 4.2.2).
    pub(super) fn read(&mut self, _: Direction, bytes: &[u8]) -> Outcome {
        let mut used = 0;
        loop {
            let mut reader = Reader(&bytes[used..]);
            let Some(length) = reader.u16().map(usize::from) else { return Outcome::more(used) };
            if length > MESSAGE_BYTES {
                return Outcome::skip(used + 2, length as u64);
            }
            let Some(message) = reader.take(length) else { return Outcome::more(used) };
            used += 2 + length;
            if !self.message(message) {
                return Outcome::fail(used);
            }
        }
    }

    /// Bytes held outside the struct itself.
    pub(super) fn heap_bytes(&self) -> usize {
        self.dns.query.as_ref().map_or(0, |query| query.len())
    }

    fn count(&mut self, response: bool, flags: u16) {
        let dns = &mut self.dns;
        self.messages = self.messages.saturating_add(1);
        if response {
            let code = (flags & 15) as u8;
            dns.responses = dns.responses.saturating_add(1);
            dns.response_code.get_or_insert(code);
            dns.errors = dns.errors.saturating_add((code != 0).into());
        } else {
            dns.queries = dns.queries.saturating_add(1);
        }
    }
}

/// Whether bytes are a DNS query beyond doubt: one question of the Internet class, a name of
/// plain labels, no answers, nothing left over but additional records.
pub(super) fn is_query(bytes: &[u8]) -> bool {
    let Some(&[_, _, high, low, qd0, qd1, an0, an1, ns0, ns1, ar0, ar1]) = bytes.first_chunk()
    else {
        return false;
    };
    // Query, opcode 0, reserved bit 0, response code 0.
    if high & 0xf8 != 0
        || low & 0x4f != 0
        || [qd0, qd1, an0, an1, ns0, ns1, ar0] != [0, 1, 0, 0, 0, 0, 0]
        || ar1 > 1
    {
        return false;
    }
    let mut name = Vec::new();
    let Some(end) = read_name(bytes, 12, &mut name) else { return false };
    let Some([t0, t1, 0, 1]) = bytes.get(end..).and_then(|rest| rest.first_chunk()) else {
        return false;
    };
    let plain = name.iter().all(|byte| byte.is_ascii_graphic());
    let known = matches!(u16::from_be_bytes([*t0, *t1]), 1..=65 | 250..=257);
    plain && !name.is_empty() && known && (ar1 == 1 || bytes.len() == end + 4)
}

/// Reads a name with dots between its labels, without one at its end; gives where it ends.
///
/// A pointer must lead to a place in front of the label it stands at, so that reading ends.
fn read_name(message: &[u8], start: usize, name: &mut Vec<u8>) -> Option<usize> {
    name.clear();
    let mut at = start;
    let mut end = None;
    let mut before = start;
    let mut pointers = 0;
    loop {
        let length = *message.get(at)?;
        match length >> 6 {
            0 if length == 0 => return Some(end.unwrap_or(at + 1)),
            0 => {
                let label = message.get(at + 1..at + 1 + usize::from(length))?;
                if name.len() + label.len() + 1 > NAME_BYTES {
                    return None;
                }
                if !name.is_empty() {
                    name.push(b'.');
                }
                name.extend_from_slice(label);
                at += 1 + usize::from(length);
            }
            3 => {
                let target = usize::from(length & 0x3f) << 8 | usize::from(*message.get(at + 1)?);
                end = end.or(Some(at + 2));
                pointers += 1;
                if target >= before || pointers > POINTERS {
                    return None;
                }
                before = target;
                at = target;
            }
            _ => return None,
        }
    }
}

/// Where a name ends, whose contents do not matter.
fn skip_name(message: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let length = *message.get(at)?;
        match length >> 6 {
            0 if length == 0 => return Some(at + 1),
            0 => at += 1 + usize::from(length),
            3 => return Some(at + 2),
            _ => return None,
        }
    }
}

/// Time to live of a resource record, with where it ends (RFC 1035, section 4.1.3).
fn record(message: &[u8], start: usize) -> Option<(u32, usize)> {
    let at = skip_name(message, start)?;
    let mut reader = Reader(message.get(at..)?);
    reader.take(4)?;
    let ttl = reader.u32()?;
    let length = usize::from(reader.u16()?);
    reader.take(length)?;
    Some((ttl, at + 10 + length))
}

/// Replaces the first label, two letters for each byte, by the bytes, without the spaces and
/// the type of service at their end (RFC 1001, section 14.1); others are left as they are.
fn netbios_name(name: &mut Vec<u8>) {
    let label = name.split(|&byte| byte == b'.').next().unwrap_or_default();
    if label.len() != 32 || !label.iter().all(|byte| (b'A'..=b'P').contains(byte)) {
        return;
    }
    let mut decoded: Vec<u8> =
        label.chunks_exact(2).map(|pair| (pair[0] - b'A') << 4 | (pair[1] - b'A')).collect();
    decoded.truncate(15);
    while decoded.last().is_some_and(|byte| matches!(byte, b' ' | 0)) {
        decoded.pop();
    }
    *name = decoded;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &[u8], query_type: u8) -> Vec<u8> {
        let mut message = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        message.extend_from_slice(name);
        message.extend_from_slice(&[0, query_type, 0, 1]);
        message
    }

    const NAME: &[u8] = b"\x03WwW\x07example\x03com\x00";

    #[test]
    fn a_query_with_its_answer() {
        let mut session = DnsSession::new([4000, 53]);
        let message = query(NAME, 16);
        assert!(is_query(&message));
        assert!(session.message(&message));
        let mut answer = message;
        answer[2] = 0x81;
        answer[3] = 0x83;
        answer[7] = 2;
        for ttl in [300_u32, 60] {
            answer.extend_from_slice(&[0xc0, 12, 0, 16, 0, 1]);
            answer.extend_from_slice(&ttl.to_be_bytes());
            answer.extend_from_slice(&[0, 2, 1, b'x']);
        }
        assert!(session.message(&answer));
        let dns = session.told().expect("two messages");
        assert_eq!(dns.query.as_deref(), Some("www.example.com"));
        assert_eq!((dns.query_type, dns.query_bytes, dns.query_labels), (Some(16), 15, 3));
        assert_eq!((dns.queries, dns.responses, dns.answers, dns.errors), (1, 1, 2, 1));
        assert_eq!((dns.response_code, dns.ttl_min_s, dns.tunnel_types), (Some(3), Some(60), 1));
    }

    #[test]
    fn a_message_of_many_questions_is_bounded() {
        let mut message = query(NAME, 16);
        message[4..6].copy_from_slice(&4000_u16.to_be_bytes());
        for _ in 1..4000 {
            message.extend_from_slice(&[0xc0, 12, 0, 16, 0, 1]);
        }
        let mut session = DnsSession::default();
        assert!(session.message(&message));
        let dns = session.told().expect("a query");
        assert_eq!((dns.queries, dns.tunnel_types), (1, 4000));
    }

    #[test]
    fn pointers_lead_back_or_nowhere() {
        let mut name = Vec::new();
        let mut message = vec![0; 12];
        message.extend_from_slice(b"\x01a\xc0\x0c");
        // At itself, and behind itself.
        assert_eq!(read_name(&message, 12, &mut name), None);
        assert_eq!(read_name(&message, 14, &mut name), None);
        let mut message = vec![0; 12];
        message.extend_from_slice(b"\x01b\x00\x01a\xc0\x0c");
        assert_eq!(read_name(&message, 15, &mut name), Some(19));
        assert_eq!(name, b"a.b");
        assert_eq!(read_name(b"\xc0", 0, &mut name), None);
        assert_eq!(read_name(b"\x40a", 0, &mut name), None);
        let long: Vec<u8> = [&[63][..], &[b'x'; 63]].concat().repeat(5);
        assert_eq!(read_name(&long, 0, &mut name), None);
    }

    #[test]
    fn netbios_names_are_decoded() {
        let mut session = DnsSession::new([137, 137]);
        // RFC 1001, section 14.1: "The NetBIOS name" is encoded letter by letter; here WORKGROUP.
        let name = b"\x20FHEPFCELEHFCEPFFFACACACACACACABN\x00";
        assert!(session.message(&query(name, 32)));
        assert_eq!(session.told().expect("a query").query.as_deref(), Some("workgroup"));
    }

    #[test]
    fn cut_messages_say_so() {
        let whole = query(NAME, 1);
        for cut in 0..whole.len() {
            let mut session = DnsSession::default();
            assert!(!session.message(&whole[..cut]), "{cut}");
            assert!(session.told().is_none());
            assert!(!is_query(&whole[..cut]));
        }
    }

    #[test]
    fn a_stream_of_messages() {
        let message = query(NAME, 1);
        let mut stream = Vec::new();
        for _ in 0..3 {
            stream.extend_from_slice(&(message.len() as u16).to_be_bytes());
            stream.extend_from_slice(&message);
        }
        stream.push(0);
        let mut session = DnsSession::default();
        let outcome = session.read(Direction::Orig, &stream);
        assert_eq!(outcome, Outcome::more(stream.len() - 1));
        assert_eq!(session.told().expect("queries").queries, 3);
        assert_eq!(session.read(Direction::Orig, &[0xff, 0xff]), Outcome::skip(2, 0xffff));
    }
}
