//! Whose request a proxy hands on.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};

use super::address::Network;

/// The client behind a listed proxy: the last address of `X-Forwarded-For` that is no proxy of
/// ours, since a client writes what it likes at the front.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    let listed = |address: IpAddr| proxies.iter().any(|network| network.holds(address));
    if !listed(peer) {
        return peer;
    }
    let mut client = peer;
    let values: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    for text in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        // What cannot be read ends what can be believed.
        let Ok(address) = text.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
        if !listed(client) {
            break;
        }
    }
    client
}

/// The header by which a request tells that a proxy or a tunnel handed it on, if it has one.
pub(crate) fn by_proxy(headers: &HeaderMap) -> Option<&str> {
    let tells = |name: &&HeaderName| {
        let name = name.as_str();
        name.starts_with("x-forwarded-")
            || matches!(name, "forwarded" | "x-real-ip" | "via" | "cf-connecting-ip")
    };
    headers.keys().find(tells).map(HeaderName::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_cannot_choose_its_address() {
        let proxies = [Network::parse("10.0.0.0/24").expect("a network")];
        let of = |peer: &str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", value.parse().expect("a header"));
            client(peer.parse().expect("an address"), &headers, &proxies).to_string()
        };
        assert_eq!(of("10.0.0.1", "192.0.2.7"), "192.0.2.7");
        assert_eq!(of("10.0.0.1", "127.0.0.1, 192.0.2.7, 10.0.0.2"), "192.0.2.7");
        assert_eq!(of("192.0.2.1", "127.0.0.1"), "192.0.2.1");
        assert_eq!(of("10.0.0.1", "nonsense"), "10.0.0.1");
    }
}
