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

/// Bytes of the longest method.
const LONGEST: usize = 12;

/// True if the bytes begin with a method and a space; none if too few bytes tell.
pub(in crate::flow::app) fn probe_request(bytes: &[u8]) -> Option<bool> {
    if !bytes.first().is_none_or(u8::is_ascii_uppercase) {
        return Some(false);
    }
    let head = &bytes[..bytes.len().min(LONGEST + 1)];
    match head.iter().position(|&byte| byte == b' ') {
        Some(end) => Some(METHODS.contains(&&head[..end])),
        None if METHODS.iter().any(|method| method.starts_with(head)) => None,
        None => Some(false),
    }
}

/// True if the bytes begin as an answer does; none if too few bytes tell.
pub(in crate::flow::app) fn probe_answer(bytes: &[u8]) -> Option<bool> {
    crate::flow::app::detect::starts(bytes, b"HTTP/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_longer() {
        assert_eq!(METHODS.iter().map(|method| method.len()).max(), Some(LONGEST));
    }

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
