//! What a TLS handshake tells.

use tripline_core::flow::{Flow, Tls as Told};
use tripline_core::math;

use super::FlowFeature;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// Columns of TLS; the state is that of [`super::service::Service`].
#[derive(Debug)]
pub struct Tls;

impl FlowFeature for Tls {
    fn columns() -> Vec<ColumnDoc> {
        vec![
            ColumnDoc::number("tls_seen", "1", "1 if a TLS, DTLS or SSL hello was read, else 0."),
            ColumnDoc::number(
                "tls_version",
                "1",
                "Version that the server chose: 2 for SSL 2.0, 3.0 for SSL 3.0, 3.1 to 3.4 for TLS \
                 1.0 to 1.3; DTLS 1.0, 1.2, 1.3 count as TLS 1.1, 1.2, 1.3.",
            ),
            ColumnDoc::number(
                "tls_version_offered",
                "1",
                "Highest version that the client offers, in the numbers of `tls_version`.",
            ),
            ColumnDoc::number(
                "tls_sni_length",
                "bytes",
                "Length of the server name that the client asks for; 0 if it names none.",
            ),
            ColumnDoc::number(
                "tls_sni_entropy",
                "bits",
                "Shannon entropy of the bytes of the server name; missing if there is none.",
            ),
            ColumnDoc::number(
                "tls_sni_is_ip",
                "1",
                "1 if the server name is an IP address, else 0; missing if there is none.",
            ),
            ColumnDoc::number(
                "tls_cipher_count",
                "1",
                "Cipher suites offered, without GREASE (RFC 8701); missing where a sensor does not \
                 tell.",
            ),
            ColumnDoc::number(
                "tls_extension_count",
                "1",
                "Extensions of the client's hello, without GREASE; missing where a sensor does not \
                 tell.",
            ),
            ColumnDoc::number(
                "tls_alpn_seen",
                "1",
                "1 if an application protocol was offered (RFC 7301), else 0.",
            ),
            ColumnDoc::number(
                "tls_established",
                "1",
                "1 if the handshake was completed (both sides sent application data, or a handshake \
                 message behind their ChangeCipherSpec; or the sensor says so), else 0.",
            ),
        ]
    }

    fn on_init(_: &Step) -> Self {
        Self
    }

    #[inline]
    fn on_update(&mut self, _: &Step) {}

    fn write(_: Option<&Self>, flow: &Flow, row: &mut Row) {
        let told = flow.app.as_ref().and_then(|app| app.tls.as_ref());
        row.flag(told.is_some());
        let Some(Told { offered, version, sni, alpn, ciphers, extensions, established, .. }) = told
        else {
            row.missing(9);
            return;
        };
        row.maybe(version.map(number));
        row.maybe(offered.map(number));
        row.count(sni.as_ref().map_or(0, |sni| sni.len() as u64));
        row.maybe(sni.as_ref().map(|sni| math::byte_entropy(sni.as_bytes())));
        row.maybe(sni.as_ref().map(|sni| f64::from(u8::from(is_ip(sni)))));
        // A hello offers at least one cipher suite: none are unknown.
        let known = *ciphers > 0;
        row.maybe(known.then_some((*ciphers).into()));
        row.maybe(known.then_some((*extensions).into()));
        row.flag(alpn.is_some());
        row.flag(*established);
    }
}

/// A version as a number that grows with it.
fn number(version: u16) -> f64 {
    match version {
        0x0002 => 2.0,
        // Drafts of TLS 1.3, and DTLS.
        0x7f00..=0x7fff | 0xfefc => 3.4,
        0xfefd => 3.3,
        0xfeff => 3.2,
        0x0300..=0x0309 => f64::from(30 + (version & 0xff)) / 10.0,
        _ => f64::NAN,
    }
}

fn is_ip(name: &str) -> bool {
    name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_grow() {
        let versions = [0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304];
        assert_eq!(versions.map(number), [2.0, 3.0, 3.1, 3.2, 3.3, 3.4]);
        assert_eq!([0xfeff, 0xfefd, 0x7f1c].map(number), [3.2, 3.3, 3.4]);
        assert!(is_ip("10.0.0.1") && is_ip("[::1]") && !is_ip("a.example"));
    }
}
