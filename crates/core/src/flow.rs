//! A flow: the packets between two endpoints, as any sensor tells of them.

use std::fmt;

use crate::math;
use crate::packet::{Address, Tunnel, Vlan};

/// What makes packets one flow. `orig` is the initiator, `resp` the responder, as Zeek names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowKey {
    /// Initiator's address.
    pub orig: Address,
    /// Responder's address.
    pub resp: Address,
    /// Initiator's port; ICMP: type.
    pub orig_port: u16,
    /// Responder's port; ICMP: type of the answer, or code.
    pub resp_port: u16,
    /// IANA protocol number.
    pub protocol: u8,
    /// 4 or 6.
    pub ip_version: u8,
    /// Tags in front of the outermost IP packet.
    pub vlan: Vlan,
}

/// Which endpoint sent a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// The initiator: forward.
    Orig,
    /// The responder: backward.
    Resp,
}

/// What one endpoint sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Side {
    /// Packets.
    pub packets: u64,
    /// Bytes of frames with link headers; 0 where the sensor does not tell.
    pub link_bytes: u64,
    /// Bytes of IP packets with their headers, by the length in the header: Zeek's `orig_ip_bytes`.
    pub ip_bytes: u64,
    /// Bytes of transport payload, retransmissions included.
    pub payload_bytes: u64,
}

/// State of a connection at its end, by the names of Zeek's `conn_state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum ConnState {
    /// Attempt without an answer.
    S0,
    /// Established, not ended.
    S1,
    /// Established; the initiator's attempt to close has no answer.
    S2,
    /// Established; the responder's attempt to close has no answer.
    S3,
    /// Established and ended.
    SF,
    /// Attempt rejected.
    Rej,
    /// Established; the initiator reset it.
    RstO,
    /// Established; the responder reset it.
    RstR,
    /// SYN then RST of the initiator, no SYN-ACK seen.
    RstOS0,
    /// SYN-ACK then RST of the responder, no SYN seen.
    RstRH,
    /// SYN then FIN of the initiator, no SYN-ACK seen.
    SH,
    /// SYN-ACK then FIN of the responder, no SYN seen.
    Shr,
    /// No SYN seen: midstream traffic.
    #[default]
    Oth,
}

impl ConnState {
    /// All, in the order of their codes.
    pub const ALL: [Self; 13] = [
        Self::S0,
        Self::S1,
        Self::S2,
        Self::S3,
        Self::SF,
        Self::Rej,
        Self::RstO,
        Self::RstR,
        Self::RstOS0,
        Self::RstRH,
        Self::SH,
        Self::Shr,
        Self::Oth,
    ];

    /// As Zeek writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::S0 => "S0",
            Self::S1 => "S1",
            Self::S2 => "S2",
            Self::S3 => "S3",
            Self::SF => "SF",
            Self::Rej => "REJ",
            Self::RstO => "RSTO",
            Self::RstR => "RSTR",
            Self::RstOS0 => "RSTOS0",
            Self::RstRH => "RSTRH",
            Self::SH => "SH",
            Self::Shr => "SHR",
            Self::Oth => "OTH",
        }
    }

    /// The state of a name as Zeek writes it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == text)
    }
}

/// Zeek's `history`: a letter for each kind of packet, upper case for the initiator.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct History {
    letters: [u8; Self::LETTERS],
    length: u8,
}

impl History {
    /// Letters kept; later ones are left out.
    pub const LETTERS: usize = 31;

    /// Adds an ASCII letter.
    #[inline]
    pub fn push(&mut self, letter: u8) {
        if letter.is_ascii()
            && let Some(slot) = self.letters.get_mut(self.length as usize)
        {
            *slot = letter;
            self.length += 1;
        }
    }

    /// The letters of a text; others than ASCII are left out.
    pub fn parse(text: &str) -> Self {
        let mut history = Self::default();
        text.bytes().for_each(|letter| history.push(letter));
        history
    }

    /// The letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.letters[..self.length as usize]).unwrap_or_default()
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Why a flow was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EndReason {
    /// TCP closed or reset it.
    Closed,
    /// No packet for the idle time-out.
    Idle,
    /// It lasted as long as the active time-out; what follows is told as a flow of its own.
    Active,
    /// The table was full.
    Evicted,
    /// The input ended.
    InputEnd,
    /// It is still open: an early look.
    Open,
    /// A sensor told it.
    Sensor,
}

impl EndReason {
    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Idle => "idle",
            Self::Active => "active",
            Self::Evicted => "evicted",
            Self::InputEnd => "input-end",
            Self::Open => "open",
            Self::Sensor => "sensor",
        }
    }
}

/// Who told of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Sensor {
    /// Our own flow table, from packets.
    Packets,
    /// Zeek's logs.
    Zeek,
    /// Suricata's `eve.json`.
    Suricata,
    /// NetFlow version 5 or 9.
    NetFlow,
    /// IPFIX (RFC 7011).
    Ipfix,
}

impl Sensor {
    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Packets => "packets",
            Self::Zeek => "zeek",
            Self::Suricata => "suricata",
            Self::NetFlow => "netflow",
            Self::Ipfix => "ipfix",
        }
    }
}

/// A bidirectional flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// Endpoints, initiator first.
    pub key: FlowKey,
    /// Time of the first packet, in nanoseconds since 1970-01-01 UTC.
    pub start_ns: i64,
    /// Time of the last packet.
    pub end_ns: i64,
    /// Number of its first packet in the capture, or of its record in the log, from 1.
    pub first_packet: u64,
    /// What the initiator sent.
    pub orig: Side,
    /// What the responder sent.
    pub resp: Side,
    /// State at the end.
    pub state: ConnState,
    /// Kinds of packets in the order seen.
    pub history: History,
    /// Application protocol in lower case, such as `http`, where known.
    pub service: Option<&'static str>,
    /// Why it was told.
    pub ended: EndReason,
    /// Who told.
    pub sensor: Sensor,
    /// Identifier given by the sensor.
    pub uid: Option<Box<str>>,
    /// The tunnel around its first packet.
    pub tunnel: Option<Box<Tunnel>>,
    /// What its application protocols said.
    pub app: Option<Box<App>>,
}

impl Flow {
    /// End less start, in seconds; never negative.
    pub fn duration_s(&self) -> f64 {
        self.end_ns.saturating_sub(self.start_ns).max(0) as f64 / 1e9
    }

    /// The initiator's address.
    pub fn orig_ip(&self) -> std::net::IpAddr {
        self.key.orig.to_ip(self.key.ip_version)
    }

    /// The responder's address.
    pub fn resp_ip(&self) -> std::net::IpAddr {
        self.key.resp.to_ip(self.key.ip_version)
    }
}

/// What application protocols told in a flow.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct App {
    /// HTTP/1.
    pub http: Option<Http>,
    /// DNS.
    pub dns: Option<Dns>,
    /// TLS, also inside QUIC where a sensor tells it.
    pub tls: Option<Tls>,
    /// SSH.
    pub ssh: Option<Ssh>,
    /// FTP control connection.
    pub ftp: Option<Ftp>,
    /// Files seen in it.
    pub files: Option<Files>,
    /// Alerts that a sensor raised on it.
    pub alerts: Vec<Alert>,
}

/// HTTP/1 requests and answers of a flow. Texts are those of the first request, cut at 256 bytes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Http {
    /// Method.
    pub method: Option<Box<str>>,
    /// `Host` header.
    pub host: Option<Box<str>>,
    /// Request target.
    pub uri: Option<Box<str>>,
    /// Bytes of the longest request target.
    pub uri_bytes: u32,
    /// `User-Agent` header.
    pub user_agent: Option<Box<str>>,
    /// Status of the first final answer (100 to 199 do not count).
    pub status: Option<u16>,
    /// Requests.
    pub requests: u32,
    /// Requests with method GET or POST.
    pub get_or_post: u32,
    /// Final answers.
    pub responses: u32,
    /// Answers with a status of 400 or more.
    pub errors: u32,
    /// Bytes of request bodies.
    pub request_body_bytes: u64,
    /// Bytes of answer bodies.
    pub response_body_bytes: u64,
    /// `Content-Type` of the first answer.
    pub content_type: Option<Box<str>>,
}

/// DNS messages of a flow (RFC 1035).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dns {
    /// First query name without the final dot, in lower case, cut at 255 bytes.
    pub query: Option<Box<str>>,
    /// Type of the first query.
    pub query_type: Option<u16>,
    /// Bytes of the longest query name.
    pub query_bytes: u32,
    /// Largest Shannon entropy of a query name's bytes, in bits.
    pub query_entropy: f64,
    /// Most labels of a query name.
    pub query_labels: u32,
    /// Queries.
    pub queries: u32,
    /// Answers.
    pub responses: u32,
    /// Response code of the first answer.
    pub response_code: Option<u8>,
    /// Answers with a response code other than 0.
    pub errors: u32,
    /// Resource records in answer sections.
    pub answers: u32,
    /// Smallest time to live of those, in seconds.
    pub ttl_min_s: Option<u32>,
    /// Query types seen: TXT, NULL, CNAME, MX or KEY, which tunnels favour.
    pub tunnel_types: u32,
}

impl Dns {
    /// Takes the name and type of a question, of a query or of an answer whose query was not seen;
    /// counts no message.
    ///
    /// Length, entropy and labels are those of the bytes of the name without its final dot, ASCII
    /// letters in lower case; in the text, bytes that cannot be printed stand as `\x` with two
    /// hexadecimal digits.
    pub fn question(&mut self, name: &[u8], query_type: u16) {
        let name = name.strip_suffix(b".").unwrap_or(name).to_ascii_lowercase();
        self.query_bytes = self.query_bytes.max(name.len() as u32);
        self.query_entropy = self.query_entropy.max(math::byte_entropy(&name));
        let labels = name.split(|&byte| byte == b'.').filter(|label| !label.is_empty()).count();
        self.query_labels = self.query_labels.max(labels as u32);
        if self.query.is_none() {
            self.query = Some(printable(&name, 255));
            self.query_type = Some(query_type);
        }
    }

    /// True for the query types that tunnels favour: NULL, CNAME, MX, TXT, KEY.
    pub fn is_tunnel_type(query_type: u16) -> bool {
        matches!(query_type, 5 | 10 | 15 | 16 | 25)
    }
}

/// Bytes as text of at most so many bytes: what is not printable ASCII, with the backslash, stands
/// as `\x` with two hexadecimal digits.
pub fn printable(bytes: &[u8], max_bytes: usize) -> Box<str> {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'\\';
    // Nearly all texts are plain, and then a copy.
    let short = &bytes[..bytes.len().min(max_bytes)];
    if short.iter().fold(true, |all, &byte| all & is_plain(byte))
        && let Ok(text) = std::str::from_utf8(short)
    {
        return text.into();
    }
    let mut text = String::with_capacity(bytes.len().min(max_bytes));
    for &byte in bytes {
        let plain = is_plain(byte);
        if text.len() + if plain { 1 } else { 4 } > max_bytes {
            break;
        }
        if plain {
            text.push(char::from(byte));
        } else {
            text.push_str("\\x");
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
            }
        }
    }
    text.into_boxed_str()
}

/// TLS handshake of a flow.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tls {
    /// Highest version that the client offers, as on the wire (0x0303 is TLS 1.2).
    pub offered: Option<u16>,
    /// Version that the server chose.
    pub version: Option<u16>,
    /// Server name (RFC 6066, section 3).
    pub sni: Option<Box<str>>,
    /// First application protocol offered (RFC 7301).
    pub alpn: Option<Box<str>>,
    /// MD5 of the JA3 string, in lower-case hexadecimal.
    pub ja3: Option<Box<str>>,
    /// JA4 of the client.
    pub ja4: Option<Box<str>>,
    /// Cipher suites offered, without GREASE (RFC 8701).
    pub ciphers: u16,
    /// Extensions offered, without GREASE.
    pub extensions: u16,
    /// Cipher suite chosen.
    pub cipher: Option<u16>,
    /// The handshake was completed: both sides sent application data, or a handshake message behind
    /// their ChangeCipherSpec; or the sensor says so.
    pub established: bool,
}

/// SSH identification strings (RFC 4253, section 4.2), cut at 255 bytes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ssh {
    /// Client's.
    pub client: Option<Box<str>>,
    /// Server's.
    pub server: Option<Box<str>>,
    /// Whether somebody logged in, where a sensor tells.
    pub login: Option<bool>,
    /// Attempts to log in, where a sensor tells.
    pub attempts: Option<u32>,
}

/// FTP commands of a control connection (RFC 959).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ftp {
    /// Commands.
    pub commands: u32,
    /// A user name was sent.
    pub user: bool,
    /// A password was sent.
    pub password: bool,
    /// The server accepted the login (230).
    pub login: bool,
}

/// Files carried in a flow.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Files {
    /// How many.
    pub count: u32,
    /// Their bytes.
    pub bytes: u64,
    /// Media type of the first.
    pub mime: Option<Box<str>>,
}

/// An alert of a sensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Text of the signature.
    pub signature: Box<str>,
    /// Its category.
    pub category: Box<str>,
    /// As the sensor counts: 1 is the most severe for Suricata.
    pub severity: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_names() {
        for state in ConnState::ALL {
            assert_eq!(ConnState::parse(state.name()), Some(state));
            assert_eq!(ConnState::ALL[state as usize], state);
        }
        assert_eq!(ConnState::parse("-"), None);
    }

    #[test]
    fn a_question_is_measured_by_its_bytes() {
        let mut dns = Dns::default();
        dns.question(b"Ab\xff.example.", 16);
        dns.question(b"x", 1);
        assert_eq!(dns.query.as_deref(), Some("ab\\xff.example"));
        assert_eq!((dns.query_type, dns.query_bytes, dns.query_labels), (Some(16), 11, 2));
        assert_eq!(&*printable(b"ab\n", 5), "ab");
    }

    #[test]
    fn a_history_is_bounded() {
        assert_eq!(History::parse("ShADadFf").as_str(), "ShADadFf");
        assert_eq!(History::parse(&"D".repeat(99)).as_str().len(), History::LETTERS);
    }
}
