//! Application protocols by the names that Zeek gives them.

macro_rules! protocols {
    ($($(#[$about:meta])* $variant:ident = $name:literal,)+) => {
        /// An application protocol that is told by its first bytes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Protocol { $($(#[$about])* $variant,)+ }

        impl Protocol {
            /// All, in the order of their codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// As Zeek's `service` has it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        /// Values of the column `service`: none, each protocol, any other that a sensor names.
        pub const SERVICES: &[&str] = &["-", $($name,)+ "other"];
    };
}

protocols! {
    /// HTTP/1: RFC 9112.
    Http = "http",
    /// RFC 1035; also multicast DNS, LLMNR, NetBIOS names.
    Dns = "dns",
    /// TLS and SSL; over UDP DTLS.
    Ssl = "ssl",
    /// RFC 4253.
    Ssh = "ssh",
    /// RFC 959, control connection.
    Ftp = "ftp",
    /// RFC 959, data connection that the server opened.
    FtpData = "ftp-data",
    /// RFC 5321.
    Smtp = "smtp",
    /// RFC 1939.
    Pop3 = "pop3",
    /// RFC 9051.
    Imap = "imap",
    /// RFC 1459.
    Irc = "irc",
    /// RFC 6120.
    Xmpp = "xmpp",
    /// RFC 2131.
    Dhcp = "dhcp",
    /// RFC 3416.
    Snmp = "snmp",
    /// RFC 2865.
    Radius = "radius",
    /// RFC 5905.
    Ntp = "ntp",
    /// RFC 3164.
    Syslog = "syslog",
    /// RFC 3261.
    Sip = "sip",
    /// RFC 9000.
    Quic = "quic",
    /// RFC 1350.
    Tftp = "tftp",
    /// SMB 1 to 3.
    Smb = "smb",
    /// DCE 1.1: Remote Procedure Call.
    DceRpc = "dce_rpc",
    /// RFC 4511 over TCP.
    LdapTcp = "ldap_tcp",
    /// RFC 4511 over UDP.
    LdapUdp = "ldap_udp",
    /// RFC 4120 over TCP.
    KrbTcp = "krb_tcp",
    /// RFC 4120 over UDP.
    Krb = "krb",
    /// Remote Desktop Protocol.
    Rdp = "rdp",
    /// Remote framebuffer: RFC 6143.
    Rfb = "rfb",
    /// RFC 1928, and version 4.
    Socks = "socks",
    /// MySQL.
    Mysql = "mysql",
    /// PostgreSQL.
    Postgresql = "postgresql",
    /// Redis.
    Redis = "redis",
    /// MQTT.
    Mqtt = "mqtt",
    /// Modbus over TCP.
    Modbus = "modbus",
    /// DNP3 over TCP.
    Dnp3 = "dnp3_tcp",
    /// BitTorrent peers.
    Bittorrent = "bittorrent",
}

/// Index of a service in [`SERVICES`].
pub fn service_index(service: Option<&str>) -> usize {
    let Some(service) = service else { return 0 };
    SERVICES.iter().position(|&name| name == service).unwrap_or(SERVICES.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_have_an_index() {
        for (code, protocol) in Protocol::ALL.iter().enumerate() {
            assert_eq!(service_index(Some(protocol.name())), code + 1);
            assert_eq!(*protocol as usize, code);
        }
        assert_eq!(SERVICES[service_index(None)], "-");
        assert_eq!(SERVICES[service_index(Some("nonsense"))], "other");
    }
}
