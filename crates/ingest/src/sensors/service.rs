//! Names of application protocols, as Zeek writes them in `service`.

/// Those that a flow may carry; others are left out, since a name is kept for the whole program.
const NAMES: &[&str] = &[
    "ayiya",
    "bacnet",
    "bittorrent",
    "dce_rpc",
    "dhcp",
    "dnp3_tcp",
    "dnp3_udp",
    "dns",
    "enip",
    "finger",
    "ftp",
    "ftp-data",
    "geneve",
    "gssapi",
    "gtpv1",
    "http",
    "ident",
    "ike",
    "imap",
    "irc",
    "irc-dcc-data",
    "krb",
    "krb_tcp",
    "ldap_tcp",
    "ldap_udp",
    "modbus",
    "mqtt",
    "mysql",
    "nfs",
    "ntlm",
    "ntp",
    "pgsql",
    "pop3",
    "postgresql",
    "quic",
    "radius",
    "rdp",
    "rdpeudp",
    "redis",
    "rfb",
    "sip",
    "smb",
    "smtp",
    "snmp",
    "socks",
    "ssh",
    "ssl",
    "stun",
    "syslog",
    "telnet",
    "teredo",
    "tftp",
    "tls",
    "vxlan",
    "websocket",
    "wireguard",
    "xmpp",
];

/// Names that mean one of [`NAMES`]: older ones of Zeek, those of Suricata's `app_proto`.
const OTHER: &[(&str, &str)] = &[
    ("bittorrent-dht", "bittorrent"),
    ("dcerpc", "dce_rpc"),
    ("dnp3", "dnp3_tcp"),
    ("doh2", "http"),
    ("http2", "http"),
    ("ikev2", "ike"),
    ("krb5", "krb"),
    ("ldap", "ldap_tcp"),
    ("pgsql", "postgresql"),
    ("tls", "ssl"),
];

/// The name of a service for good; `None` if it is none that is known.
///
/// Of several with commas between, as Zeek writes them in the order of detection, the first that
/// is known counts. Zeek marks those that it gave up on by a `-` in front: they do not count.
pub(crate) fn named(text: &str) -> Option<&'static str> {
    text.split(',').find_map(|name| {
        if let Some((_, meant)) = OTHER.iter().find(|(other, _)| name.eq_ignore_ascii_case(other)) {
            return Some(*meant);
        }
        NAMES.iter().copied().find(|known| name.eq_ignore_ascii_case(known))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_name_counts() {
        assert_eq!(named("http"), Some("http"));
        assert_eq!(named("gridftp,-ssl,FTP"), Some("ftp"));
        assert_eq!(named("tls"), Some("ssl"));
        for none in ["", "-", "failed", "-http"] {
            assert_eq!(named(none), None, "{none}");
        }
        assert!(OTHER.iter().all(|(_, meant)| NAMES.contains(meant)));
        assert!(NAMES.is_sorted());
    }
}
