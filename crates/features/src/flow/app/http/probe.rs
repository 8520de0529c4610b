//! The first bytes of HTTP/1, by which it is told.

/// Methods by which a first request is recognised: RFC 9110, RFC 5789, WebDAV (RFC 4918, RFC 3253)
/// and those that scanners send.
const METHODS: &[&[u8]] = &[
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"CONNECT",
    b"TRACE",
    b"PATCH",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"UNLOCK",
    b"REPORT",
    b"SEARCH",
    b"SUBSCRIBE",
    b"UNSUBSCRIBE",
    b"NOTIFY",
    b"POLL",
    b"BMOVE",
    b"BPROPFIND",
    b"CHECKOUT",
    b"MKACTIVITY",
    b"MERGE",
    b"ACL",
    b"BIND",
    b"DEBUG",
    b"TRACK",
    b"CCM_POST",
    b"RPC_CONNECT",
    b"RPC_IN_DATA",
    b"RPC_OUT_DATA",
];

/// True if the bytes begin with a method and a space; none if too few bytes tell.
pub(in crate::flow::app) fn probe_request(bytes: &[u8]) -> Option<bool> {
    let mut open = false;
    for method in METHODS {
        let shared = bytes.len().min(method.len());
        if bytes[..shared] != method[..shared] {
            continue;
        }
        match bytes.get(method.len()) {
            Some(b' ') => return Some(true),
            Some(_) => {}
            None => open = true,
        }
    }
    if open { None } else { Some(false) }
}

/// True if the bytes begin as an answer does; none if too few bytes tell.
pub(in crate::flow::app) fn probe_answer(bytes: &[u8]) -> Option<bool> {
    crate::flow::app::detect::starts(bytes, b"HTTP/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_told_by_their_beginnings() {
        for (bytes, expected) in [
            (&b""[..], None),
            (b"GE", None),
            (b"GET", None),
            (b"GET ", Some(true)),
            (b"GETX", Some(false)),
            (b"get /", Some(false)),
            (b"PROPFIND", None),
            (b"PROPFIND / ", Some(true)),
            (b"USER a", Some(false)),
        ] {
            assert_eq!(probe_request(bytes), expected, "{bytes:?}");
        }
    }
}
