//! Which protocol a UDP flow speaks, by a datagram of either direction.

use super::dns::{self, NETBIOS_PORT};
use super::protocol::Protocol;

/// What the payload of a datagram is, by its bytes, with the port where those say little.
///
/// DNS on its ports is left to the parser of its messages, which refuses what is none.
pub(super) fn detect(bytes: &[u8], ports: [u16; 2]) -> Option<Protocol> {
    let port = |list: &[u16]| ports.iter().any(|port| list.contains(port));
    let &[first, second, third, fourth] = bytes.first_chunk::<4>()?;
    if port(&[53, 5353, 5355, NETBIOS_PORT]) {
        return Some(Protocol::Dns);
    }
    if port(&[67, 68]) {
        // RFC 2131, section 2: operation, then the magic cookie behind 236 bytes.
        let cookie = bytes.get(236..240) == Some(&[99, 130, 83, 99]);
        return (matches!(first, 1 | 2) && cookie).then_some(Protocol::Dhcp);
    }
    if port(&[161, 162]) {
        return is_snmp(bytes).then_some(Protocol::Snmp);
    }
    if port(&[1812, 1813, 1645, 1646, 3799]) {
        // RFC 2865, section 3: the length is that of the message, at least 20.
        let length = usize::from(u16::from_be_bytes([third, fourth]));
        let code = matches!(first, 1..=5 | 11..=13 | 40..=45);
        return (code && (20..=bytes.len()).contains(&length)).then_some(Protocol::Radius);
    }
    if port(&[123]) {
        // RFC 5905, section 7.3: version 1 to 4, mode not 0.
        let sound = matches!(first >> 3 & 7, 1..=4) && first & 7 != 0;
        return (sound && bytes.len() >= 12).then_some(Protocol::Ntp);
    }
    if port(&[514]) {
        return is_syslog(bytes).then_some(Protocol::Syslog);
    }
    if port(&[88]) {
        return matches!(first, 0x6a..=0x6d | 0x7e).then_some(Protocol::Krb);
    }
    if port(&[389]) {
        return (first == 0x30).then_some(Protocol::LdapUdp);
    }
    if port(&[69]) {
        // RFC 1350, section 5: read or write request.
        return (first == 0 && matches!(second, 1 | 2)).then_some(Protocol::Tftp);
    }
    // Handshake of DTLS 1.0, 1.2, or 1.3 in its plain form, not under keys (RFC 6347, section 4.1);
    // OpenSSL had a version of its own before DTLS was published.
    let version = u16::from_be_bytes([second, third]);
    if first == 22
        && matches!(version, 0xfeff | 0xfefd | 0x0100)
        && bytes.get(3..5) == Some(&[0, 0])
        && matches!(bytes.get(13), Some(1..=3))
    {
        return Some(Protocol::Ssl);
    }
    if is_quic(bytes) {
        return Some(Protocol::Quic);
    }
    if is_sip(bytes) {
        return Some(Protocol::Sip);
    }
    dns::is_query(bytes).then_some(Protocol::Dns)
}

/// A sequence of BER that begins with version 1, 2c or 3 (RFC 3416, section 3).
fn is_snmp(bytes: &[u8]) -> bool {
    let Some((&0x30, rest)) = bytes.split_first() else { return false };
    let Some((&length, rest)) = rest.split_first() else { return false };
    let more = if length & 0x80 != 0 { usize::from(length & 0x7f) } else { 0 };
    matches!(rest.get(more..), Some([2, 1, 0 | 1 | 3, ..]))
}

/// A priority between angle brackets (RFC 3164, section 4.1.1).
fn is_syslog(bytes: &[u8]) -> bool {
    let Some((b'<', rest)) = bytes.split_first() else { return false };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    matches!(digits, 1..=3) && rest.get(digits) == Some(&b'>')
}

/// A long header of version 1 or 2 (RFC 9000, section 17.2; RFC 9369), a draft, or Google's own,
/// with connection identifiers of at most 20 bytes.
fn is_quic(bytes: &[u8]) -> bool {
    let Some([first, version @ .., length]) = bytes.first_chunk::<6>() else { return false };
    let known = matches!(version, [0, 0, 0, 1] | [0x6b, 0x33, 0x43, 0xcf] | [0xff, 0, 0, _]);
    first & 0xc0 == 0xc0 && known && *length <= 20
}

/// A request for a SIP address, or an answer (RFC 3261, section 7).
fn is_sip(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"SIP/2.0 ") {
        return true;
    }
    let method = bytes.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let rest = bytes.get(method..).unwrap_or_default();
    matches!(method, 3..=9) && (rest.starts_with(b" sip:") || rest.starts_with(b" sips:"))
}
