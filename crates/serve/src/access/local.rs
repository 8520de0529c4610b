//! What tells a caller of this machine from a page of another site that asks through his browser.

use axum::http::{HeaderMap, Uri, header};
use std::net::IpAddr;

use super::forwarded::by_proxy;
use crate::problem::{Kind, Problem, shown};

/// The host, without its port, for which a request came: the authority of HTTP/2, else `Host`.
fn host_of<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let with_port = match uri.authority() {
        Some(authority) => authority.as_str(),
        None => {
            let mut hosts = headers.get_all(header::HOST).iter();
            let host = hosts.next()?.to_str().ok()?;
            // Two of them are a way to tell a proxy one thing and a server another.
            if hosts.next().is_some() {
                return None;
            }
            host
        }
    };
    bare(with_port)
}

/// Without a port; none for what is no host.
fn bare(host: &str) -> Option<&str> {
    let (name, rest) = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => match host.find(':') {
            Some(at) => host.split_at(at),
            None => (host, ""),
        },
    };
    let port = match rest.strip_prefix(':') {
        Some(port) => port,
        None if rest.is_empty() => "0",
        None => return None,
    };
    (port.parse::<u16>().is_ok() && !name.is_empty()).then_some(name)
}

/// Whether a host is this machine, named in a way that no name server decides.
fn is_loopback(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// Refuses a host that is neither this machine nor one of those listed, so that a page whose name
/// was bound to this address cannot ask.
pub(crate) fn right_host(
    uri: &Uri,
    headers: &HeaderMap,
    listed: &[String],
    local: bool,
) -> Result<(), Problem> {
    if !local && listed.is_empty() {
        return Ok(());
    }
    let host = host_of(uri, headers);
    let known = |host: &str| {
        (local && is_loopback(host)) || listed.iter().any(|name| name.eq_ignore_ascii_case(host))
    };
    if host.is_some_and(known) {
        return Ok(());
    }
    Err(Problem::new(
        Kind::Misdirected,
        format!(
            "the host `{}` is not this service; ask for `localhost`, a loopback address, or a name \
             listed in `serve.access.hosts`",
            shown(host.unwrap_or_default())
        ),
    ))
}

/// Refuses what a proxy or a tunnel on this machine hands on, where being on it is enough: everyone
/// behind it would be taken for its owner.
pub(crate) fn no_proxy(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(header) = by_proxy(headers) else { return Ok(()) };
    Err(Problem::new(
        Kind::Forbidden,
        format!(
            "the request came through a proxy, as its header `{header}` tells, and without keys \
             everyone behind it could do everything: set `serve.tls: proxy` with the proxy's \
             address in `serve.proxies`"
        ),
    ))
}

/// Refuses a request that a page of another origin made.
pub(crate) fn right_origin(uri: &Uri, headers: &HeaderMap, tls: bool) -> Result<(), Problem> {
    let cross = || {
        let mut detail =
            "the request came from a page of another origin, which may not use this service"
                .to_owned();
        if tls {
            detail.push_str(
                "; behind a proxy, the proxy has to hand on the `Host` that the browser asked for, \
                 as nginx does with `proxy_set_header Host $host`",
            );
        }
        Problem::new(Kind::Forbidden, detail)
    };
    // Fetch Metadata, W3C: the browser's own word on where a request began.
    let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
    if matches!(site, Some(b"cross-site" | b"same-site")) {
        // A link that a user follows only reads a page.
        let navigates = headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
            && headers.get("sec-fetch-dest").is_some_and(|dest| dest == "document")
            && !headers.contains_key(header::ORIGIN);
        if !navigates {
            return Err(cross());
        }
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().map_err(|_| cross())?;
    let (scheme, authority) = origin.split_once("://").ok_or_else(cross)?;
    let own = match uri.authority() {
        Some(authority) => authority.as_str(),
        None => headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default(),
    };
    let right_scheme = scheme == if tls { "https" } else { "http" };
    if right_scheme && !own.is_empty() && authority.eq_ignore_ascii_case(own) {
        Ok(())
    } else {
        Err(cross())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().expect("a header"));
        }
        headers
    }

    #[test]
    fn hosts() {
        let uri: Uri = "/".parse().expect("a path");
        let passes = |host: &str| right_host(&uri, &headers(&[("host", host)]), &[], true).is_ok();
        for host in ["localhost", "LOCALHOST:5003", "127.0.0.1:1", "127.9.9.9", "[::1]:5003"] {
            assert!(passes(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "localhost:80:90",
            "localhost:x",
            "",
            "[::1]x",
            "2130706433",
            "10.0.0.1",
        ] {
            assert!(!passes(host), "{host}");
        }
        let two = headers(&[("host", "localhost"), ("host", "evil.example")]);
        assert!(right_host(&uri, &two, &[], true).is_err());
        let listed = ["sensor.example".to_owned()];
        let one = headers(&[("host", "sensor.example:443")]);
        assert!(right_host(&uri, &one, &listed, false).is_ok());
        assert!(right_host(&uri, &headers(&[("host", "localhost")]), &listed, false).is_err());
    }

    #[test]
    fn origins() {
        let uri: Uri = "/".parse().expect("a path");
        let passes = |pairs: &[(&'static str, &str)]| {
            let mut all = vec![("host", "localhost:5003")];
            all.extend_from_slice(pairs);
            right_origin(&uri, &headers(&all), false).is_ok()
        };
        assert!(passes(&[]));
        assert!(passes(&[("origin", "http://localhost:5003")]));
        assert!(passes(&[("sec-fetch-site", "same-origin")]));
        assert!(passes(&[
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document")
        ]));
        for origin in [
            "null",
            "http://localhost:8080",
            "https://localhost:5003",
            "http://evil.example",
            "http://127.0.0.1:5003",
        ] {
            assert!(!passes(&[("origin", origin)]), "{origin}");
        }
        assert!(!passes(&[("sec-fetch-site", "cross-site")]));
    }
}
