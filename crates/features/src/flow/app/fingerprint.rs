//! JA3 and JA4, fingerprints of what a TLS client offers.
//!
//! JA3 is that of Salesforce (2017). JA4 is the TLS client part of FoxIO's family, which is open;
//! the other members are not, and are not here.

use std::fmt::Write;

use md5::{Digest, Md5};
use sha2::Sha256;

use super::hello::{ClientHello, is_grease};

/// What carries the handshake: the first letter of JA4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    /// TCP.
    Tls,
    /// UDP.
    Dtls,
}

/// MD5 of version, cipher suites, extensions, groups, point formats, in hexadecimal; none for a
/// hello in the form of SSL 2.0, for which JA3 is not defined.
pub(super) fn ja3(hello: &ClientHello) -> Option<String> {
    (!hello.ssl2).then(|| hex(&Md5::digest(ja3_text(hello).as_bytes()), 32))
}

/// The text that JA3 is the digest of.
fn ja3_text(hello: &ClientHello) -> String {
    let mut text = hello.version.to_string();
    for list in [&hello.ciphers, &hello.extensions, &hello.groups] {
        text.push(',');
        join(&mut text, list.iter().copied().filter(|&value| !is_grease(value)));
    }
    text.push(',');
    join(&mut text, hello.formats.iter().map(|&format| format.into()));
    text
}

/// JA4 in the form `t13d1516h2_8daaf6152771_e5627efa2ab1`.
pub(super) fn ja4(hello: &ClientHello, carrier: Carrier) -> String {
    let mut ciphers = without_grease(&hello.ciphers);
    let extensions = without_grease(&hello.extensions);
    let mut text = String::with_capacity(36);
    let first = match carrier {
        Carrier::Tls => 't',
        Carrier::Dtls => 'd',
    };
    let version = match hello.offered() {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    };
    let name = if extensions.contains(&0) { 'd' } else { 'i' };
    let [from, to] = application(hello.application.as_deref().unwrap_or_default());
    let counts = [ciphers.len().min(99), extensions.len().min(99)];
    // Writing to a string does not fail.
    let _ = write!(text, "{first}{version}{name}{:02}{:02}{from}{to}_", counts[0], counts[1]);

    ciphers.sort_unstable();
    text.push_str(&digest(&listed(&ciphers)));
    text.push('_');
    let mut sorted: Vec<u16> =
        extensions.iter().copied().filter(|kind| !matches!(kind, 0 | 16)).collect();
    sorted.sort_unstable();
    let mut body = listed(&sorted);
    let signatures = without_grease(&hello.signatures);
    if !signatures.is_empty() {
        body.push('_');
        body.push_str(&listed(&signatures));
    }
    text.push_str(&if extensions.is_empty() { NOTHING.into() } else { digest(&body) });
    text
}

/// What stands for the digest of an empty list.
const NOTHING: &str = "000000000000";

/// First and last character of an application protocol, or of its hexadecimal digits where one of
/// them is neither letter nor digit.
fn application(name: &[u8]) -> [char; 2] {
    let (Some(&first), Some(&last)) = (name.first(), name.last()) else { return ['0', '0'] };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [first.into(), last.into()];
    }
    [digit(first >> 4), digit(last & 15)]
}

fn without_grease(values: &[u16]) -> Vec<u16> {
    values.iter().copied().filter(|&value| !is_grease(value)).collect()
}

fn join(text: &mut String, values: impl Iterator<Item = u16>) {
    for (index, value) in values.enumerate() {
        let _ = write!(text, "{}{value}", if index > 0 { "-" } else { "" });
    }
}

fn listed(values: &[u16]) -> String {
    let mut text = String::with_capacity(values.len() * 5);
    for (index, value) in values.iter().enumerate() {
        let _ = write!(text, "{}{value:04x}", if index > 0 { "," } else { "" });
    }
    text
}

fn digest(text: &str) -> String {
    if text.is_empty() { NOTHING.into() } else { hex(&Sha256::digest(text.as_bytes()), 12) }
}

fn hex(bytes: &[u8], digits: usize) -> String {
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).take(digits).collect()
}

fn digit(value: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of FoxIO's technical description of JA4.
    fn example() -> ClientHello {
        ClientHello {
            version: 0x0303,
            ciphers: vec![
                0x3a3a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8,
                0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
            ],
            extensions: vec![
                0x2a2a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005,
                0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015,
            ],
            signatures: vec![0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
            versions: vec![0x5a5a, 0x0304, 0x0303],
            application: Some(b"h2".to_vec()),
            ..ClientHello::default()
        }
    }

    #[test]
    fn ja4_of_the_published_example() {
        assert_eq!(ja4(&example(), Carrier::Tls), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn ja4_without_signatures_ends_with_the_extensions() {
        let mut hello = example();
        hello.signatures.clear();
        // FoxIO's technical description of JA4: the same without signature algorithms.
        assert_eq!(ja4(&hello, Carrier::Tls), "t13d1516h2_8daaf6152771_6d807ffa2a79");
    }

    #[test]
    fn ja4_of_an_empty_hello() {
        let hello = ClientHello { version: 0xfefd, ..ClientHello::default() };
        assert_eq!(ja4(&hello, Carrier::Dtls), "dd2i000000_000000000000_000000000000");
    }

    #[test]
    fn application_protocols_that_are_no_text_give_digits() {
        let pairs: [(&[u8], &str); 6] = [
            (b"", "00"),
            (b"h2", "h2"),
            (b"\xab", "ab"),
            (b"\xab\xcd", "ad"),
            (b"\x30\xab", "3b"),
            (b"\x30\x31\xab\xcd", "3d"),
        ];
        for (name, expected) in pairs {
            assert_eq!(application(name).iter().collect::<String>(), expected);
        }
    }

    #[test]
    fn ja3_of_the_published_example() {
        // README of github.com/salesforce/ja3.
        let hello = ClientHello {
            version: 769,
            ciphers: vec![47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4],
            extensions: vec![0, 10, 11],
            groups: vec![23, 24, 25],
            formats: vec![0],
            ..ClientHello::default()
        };
        assert_eq!(
            ja3_text(&hello),
            "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0"
        );
        assert_eq!(ja3(&hello).as_deref(), Some("ada70206e40642a3e4461f35503241d5"));
        let bare = ClientHello {
            version: 769,
            ciphers: vec![4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99],
            ..ClientHello::default()
        };
        assert_eq!(ja3(&bare).as_deref(), Some("de350869b8c85de67a350c8d186f11e6"));
    }
}
