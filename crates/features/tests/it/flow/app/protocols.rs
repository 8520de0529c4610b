//! DNS, SSH, FTP and services that are told by their first bytes.

use super::chat::Chat;
use super::hello::{modern, record};

pub(crate) fn query(name: &[u8], query_type: u8) -> Vec<u8> {
    let mut message = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split(|&byte| byte == b'.') {
        message.push(label.len() as u8);
        message.extend_from_slice(label);
    }
    message.extend_from_slice(&[0, 0, query_type, 0, 1]);
    message
}

pub(crate) fn answer(name: &[u8], query_type: u8, code: u8) -> Vec<u8> {
    let mut message = query(name, query_type);
    message[2] = 0x81;
    message[3] = 0x80 | code;
    message[7] = 1;
    message.extend_from_slice(&[0xc0, 12, 0, query_type, 0, 1, 0, 0, 1, 44, 0, 4, 1, 2, 3, 4]);
    message
}

fn with_length(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_be_bytes()[..], message].concat()
}

/// Two messages over TCP.
pub(crate) fn dns_over_tcp() -> Chat {
    Chat::tcp(53).client(with_length(&query(b"a.example", 16))).server(with_length(&answer(
        b"a.example",
        16,
        0,
    )))
}

#[test]
fn dns_over_udp_and_tcp_tell_the_same() {
    let udp = Chat::udp(53).client(query(b"a.example", 16)).server(answer(b"a.example", 16, 0));
    let dns = udp.app().dns.expect("DNS");
    assert_eq!((dns.queries, dns.responses, dns.answers, dns.errors), (1, 1, 1, 0));
    assert_eq!((dns.ttl_min_s, dns.response_code, dns.tunnel_types), (Some(300), Some(0), 1));
    assert_eq!(dns.query.as_deref(), Some("a.example"));
    assert_eq!(dns_over_tcp().app().dns, Some(dns));
    assert_eq!((udp.service(), dns_over_tcp().service()), (Some("dns"), Some("dns")));
}

#[test]
fn dns_away_from_its_port() {
    let chat = Chat::udp(4444).client(query(b"dnscat.example", 16));
    assert_eq!(chat.service(), Some("dns"));
    let noise = Chat::udp(4444).client([7; 60]);
    assert_eq!((noise.service(), noise.app().dns), (None, None));
}

#[test]
fn damaged_dns_is_counted_out() {
    let mut chat = Chat::udp(53).client(&query(b"a.example", 1)[..20]);
    assert_eq!(chat.service(), None);
    chat = chat.client(query(b"a.example", 1));
    assert_eq!(chat.app().dns.expect("DNS").queries, 1);
}

#[test]
fn ssh_identifies_both_sides() {
    let chat = Chat::tcp(2222)
        .server("Welcome\r\nSSH-2.0-OpenSSH_9.9\r\n")
        .client("SSH-2.0-Go\n\0\0\x01\x02");
    assert_eq!(chat.service(), Some("ssh"));
    let ssh = chat.app().ssh.expect("SSH");
    assert_eq!(ssh.client.as_deref(), Some("SSH-2.0-Go"));
    assert_eq!(ssh.server, None);
    let plain = Chat::tcp(2222).server("SSH-2.0-OpenSSH_9.9\r\n").client("SSH-2.0-Go\r\n");
    let ssh = plain.app().ssh.expect("SSH");
    assert_eq!(ssh.server.as_deref(), Some("SSH-2.0-OpenSSH_9.9"));
    assert_eq!(ssh.client.as_deref(), Some("SSH-2.0-Go"));
}

/// A login, then protection by TLS.
pub(crate) fn ftp() -> Chat {
    Chat::tcp(2121)
        .server("220-Files\r\n220 here\r\n")
        .client("USER anonymous\r\n")
        .server("331 go on\r\n")
        .client(b"\xff\xf4PASS x\r\n")
        .server("230 in\r\n")
        .client("AUTH TLS\r\n")
        .server("234 yes\r\n")
        .client(record(22, &modern()))
}

#[test]
fn ftp_counts_commands() {
    let chat = ftp();
    assert_eq!(chat.service(), Some("ftp"));
    let app = chat.app();
    let ftp = app.ftp.expect("FTP");
    assert_eq!((ftp.commands, ftp.user, ftp.password, ftp.login), (3, true, true, true));
    assert!(app.tls.is_some());
}

/// Mail that goes over to TLS.
pub(crate) fn smtp() -> Chat {
    Chat::tcp(2600)
        .server("220 mail.example\r\n")
        .client("EHLO me\r\n")
        .server("250-mail\r\n250 STARTTLS\r\n")
        .client("STARTTLS\r\n")
        .server("220 go\r\n")
        .client(record(22, &modern()))
}

#[test]
fn tls_is_found_behind_a_greeting() {
    let chat = smtp();
    assert_eq!(chat.service(), Some("smtp"));
    assert_eq!(chat.app().tls.expect("TLS").alpn.as_deref(), Some("h2"));
}

#[test]
fn services_by_their_first_bytes() {
    let dhcp = [&[1_u8, 1, 6, 0][..], &[0; 232], &[99, 130, 83, 99, 53]].concat();
    let cases: &[(Chat, Option<&str>)] = &[
        (Chat::tcp(25).server("220 x\r\n"), Some("smtp")),
        (Chat::tcp(9).server("220 x ESMTP\r\n"), Some("smtp")),
        (Chat::tcp(21).server("220 x\r\n"), Some("ftp")),
        (Chat::tcp(9).server("220 x\r\n"), None),
        (Chat::tcp(9).server("220 x\r\n").client("HELO a\r\n"), Some("smtp")),
        (Chat::tcp(9).server("220 x\r\n").client("USER a\r\n"), Some("ftp")),
        (Chat::tcp(9).server("+OK x\r\n"), Some("pop3")),
        (Chat::tcp(110).client("USER a\r\n"), Some("pop3")),
        (Chat::tcp(9).server("* OK IMAP\r\n"), Some("imap")),
        (Chat::tcp(9).client("NICK me\r\nUSER me 0 * :me\r\n"), Some("irc")),
        (Chat::tcp(9).server(":irc.example NOTICE AUTH :hi\r\n"), Some("irc")),
        (Chat::tcp(9).client("STARTTLS\r\n").server(":irc.example 670  :go\r\n"), Some("irc")),
        (Chat::tcp(9).client(b"\x30\x84\0\0\x01\x58\x02\x01\x01\x63\x84"), Some("ldap_tcp")),
        (Chat::tcp(9).server("RFB 003.008\n"), Some("rfb")),
        (Chat::tcp(9).client(b"\0\0\0\x55\xffSMBr"), Some("smb")),
        (Chat::tcp(9).client(b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0"), Some("rdp")),
        (Chat::tcp(9).client(b"\x30\x0c\x02\x01\x01\x60\x07\x02"), Some("ldap_tcp")),
        (Chat::tcp(1080).client([5, 1, 0]), Some("socks")),
        (Chat::tcp(9).client("<?xml version='1.0'?><stream:stream to='a'>"), Some("xmpp")),
        (Chat::tcp(9).client([0xde, 0xad]), None),
        (Chat::udp(67).client(&dhcp), Some("dhcp")),
        (Chat::udp(67).client(&dhcp[..200]), None),
        (Chat::udp(161).client(b"\x30\x26\x02\x01\x01\x04\x06public"), Some("snmp")),
        (Chat::udp(161).client(b"\x30\x81\x80\x02\x01\x00"), Some("snmp")),
        (Chat::udp(1812).client([&[1, 9, 0, 20][..], &[0; 16]].concat()), Some("radius")),
        (Chat::udp(1812).client([1, 9, 0, 21, 0]), None),
        (Chat::udp(123).client([&[0x23][..], &[0; 47]].concat()), Some("ntp")),
        (Chat::udp(514).client("<34>Oct 11 su: x"), Some("syslog")),
        (Chat::udp(9).client("INVITE sip:a@b SIP/2.0\r\n"), Some("sip")),
        (Chat::udp(9).client(b"\xc3\0\0\0\x01\x08abcdefgh"), Some("quic")),
    ];
    for (chat, expected) in cases {
        assert_eq!(chat.service(), *expected, "{chat:?}");
    }
}
