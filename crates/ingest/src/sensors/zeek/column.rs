//! Columns of Zeek's logs that are read.

macro_rules! columns {
    ($($variant:ident $name:literal,)*) => {
        /// A column of one of the logs; those of equal names are one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Column {
            $($variant,)*
        }

        impl Column {
            /// How many there are.
            pub(super) const COUNT: usize = [$($name),*].len();

            /// The column of a name in `#fields` or of a JSON member.
            pub(super) fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

columns! {
    Path "_path",
    Ts "ts",
    Uid "uid",
    OrigHost "id.orig_h",
    OrigPort "id.orig_p",
    RespHost "id.resp_h",
    RespPort "id.resp_p",
    // conn
    Proto "proto",
    IpProto "ip_proto",
    Service "service",
    Duration "duration",
    OrigBytes "orig_bytes",
    RespBytes "resp_bytes",
    ConnState "conn_state",
    History "history",
    OrigPackets "orig_pkts",
    OrigIpBytes "orig_ip_bytes",
    RespPackets "resp_pkts",
    RespIpBytes "resp_ip_bytes",
    Vlan "vlan",
    InnerVlan "inner_vlan",
    // http
    TransDepth "trans_depth",
    Method "method",
    Host "host",
    Uri "uri",
    UserAgent "user_agent",
    RequestBody "request_body_len",
    ResponseBody "response_body_len",
    StatusCode "status_code",
    RespMimeTypes "resp_mime_types",
    // dns
    TransId "trans_id",
    Query "query",
    QueryType "qtype",
    ResponseCode "rcode",
    Answers "answers",
    Ttls "TTLs",
    // ssl
    Version "version",
    Cipher "cipher",
    ServerName "server_name",
    NextProtocol "next_protocol",
    Established "established",
    Ja3 "ja3",
    Ja4 "ja4",
    SslHistory "ssl_history",
    // ssh
    AuthSuccess "auth_success",
    AuthAttempts "auth_attempts",
    Client "client",
    Server "server",
    HostKeyAlgorithm "host_key_alg",
    KeyExchange "kex_alg",
    // files
    FileId "fuid",
    ConnUids "conn_uids",
    Source "source",
    MimeType "mime_type",
    SeenBytes "seen_bytes",
}
