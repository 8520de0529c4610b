//! Numbers, addresses, networks as they are written in a filter.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::FilterError;
use super::primitive::{IpVersion, Network};
use super::token::{Kind, Token};

/// Whether a word is a value, not a keyword.
pub(super) fn is_value(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) || word.contains(':')
}

/// A decimal number, or a hexadecimal one behind `0x`.
///
/// A leading zero is refused: it is octal in pcap-filter(7), which hardly anyone means.
pub(super) fn number(word: &str) -> Option<u32> {
    let (digits, radix) = match word.strip_prefix("0x").or(word.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if word.len() > 1 && word.starts_with('0') => return None,
        None => (word, 10),
    };
    // `from_str_radix` would take a sign.
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}

/// One address; the place moves behind it.
pub(super) fn host(
    tokens: &[Token<'_>],
    at: &mut usize,
    version: Option<IpVersion>,
) -> Result<Network, FilterError> {
    let token = token(tokens, *at);
    let network = match token.kind {
        Kind::Word(word) => word
            .parse()
            .map(|address: Ipv4Addr| v4(address.into(), 32))
            .or_else(|_| word.parse().map(|address| v6(address, 128)))
            .ok(),
        _ => None,
    };
    match network {
        Some(network) if fits(&network, version) => {
            *at += 1;
            Ok(network)
        }
        _ => Err(unexpected(token, expected(version, false))),
    }
}

/// A network by prefix or mask; the place moves behind it.
pub(super) fn net(
    tokens: &[Token<'_>],
    at: &mut usize,
    version: Option<IpVersion>,
) -> Result<Network, FilterError> {
    let first = token(tokens, *at);
    let refused = || unexpected(first, expected(version, true));
    let Kind::Word(word) = first.kind else { return Err(refused()) };
    *at += 1;
    if let Some((address, bits)) = octets(word) {
        if version == Some(IpVersion::V6) {
            return Err(refused());
        }
        let mask = match suffix(tokens, at, 32)? {
            Suffix::None => v4_mask(bits),
            Suffix::Bits(bits) => v4_mask(bits),
            Suffix::Mask(mask) => mask,
        };
        if address & !mask != 0 {
            let mended = Ipv4Addr::from(address & mask);
            let tail = match mask.leading_ones() + mask.trailing_zeros() {
                32 => format!("/{}", mask.leading_ones()),
                _ => format!(" mask {}", Ipv4Addr::from(mask)),
            };
            return Err(FilterError::HostBits {
                column: first.column,
                network: format!("{}{tail}", Ipv4Addr::from(address)),
                mended: format!("{mended}{tail}"),
            });
        }
        return Ok(Network::V4 { address, mask });
    }
    let Ok(address) = word.parse::<Ipv6Addr>() else { return Err(refused()) };
    if version == Some(IpVersion::V4) {
        return Err(refused());
    }
    let bits = match suffix(tokens, at, 128)? {
        Suffix::Bits(bits) => bits,
        _ => 128,
    };
    let whole = address.to_bits();
    let kept = whole & v6_mask(bits);
    if kept != whole {
        return Err(FilterError::HostBits {
            column: first.column,
            network: format!("{address}/{bits}"),
            mended: format!("{}/{bits}", Ipv6Addr::from_bits(kept)),
        });
    }
    Ok(v6(address, bits))
}

/// What says how large a network is.
enum Suffix {
    None,
    Bits(u32),
    Mask(u32),
}

fn suffix(tokens: &[Token<'_>], at: &mut usize, most: u32) -> Result<Suffix, FilterError> {
    let value = token(tokens, *at + 1);
    let word = match value.kind {
        Kind::Word(word) => word,
        _ => "",
    };
    let suffix = match token(tokens, *at).kind {
        Kind::Slash => {
            let bits = number(word).filter(|bits| *bits <= most);
            let expected = if most == 32 { "a length to 32" } else { "a length to 128" };
            Suffix::Bits(bits.ok_or_else(|| unexpected(value, expected))?)
        }
        Kind::Word("mask") if most == 32 => {
            let mask: Result<Ipv4Addr, _> = word.parse();
            Suffix::Mask(mask.map_err(|_| unexpected(value, "a mask such as 255.255.0.0"))?.into())
        }
        _ => return Ok(Suffix::None),
    };
    *at += 2;
    Ok(suffix)
}

/// One to four octets with dots between, and how many bits they are.
fn octets(word: &str) -> Option<(u32, u32)> {
    let (mut address, mut bits) = (0_u32, 0);
    for part in word.split('.') {
        let octet = number(part).filter(|octet| *octet <= 255 && !part.starts_with("0x"))?;
        if bits == 32 {
            return None;
        }
        bits += 8;
        address |= octet << (32 - bits);
    }
    Some((address, bits))
}

fn v4(address: u32, bits: u32) -> Network {
    Network::V4 { address, mask: v4_mask(bits) }
}

fn v4_mask(bits: u32) -> u32 {
    u32::MAX.checked_shl(32 - bits).unwrap_or(0)
}

fn v6(address: Ipv6Addr, bits: u32) -> Network {
    let words = |bits: u128| [96, 64, 32, 0].map(|shift| (bits >> shift) as u32);
    Network::V6 { address: words(address.to_bits()), mask: words(v6_mask(bits)) }
}

fn v6_mask(bits: u32) -> u128 {
    u128::MAX.checked_shl(128 - bits).unwrap_or(0)
}

fn fits(network: &Network, version: Option<IpVersion>) -> bool {
    match version {
        None => true,
        Some(IpVersion::V4) => matches!(network, Network::V4 { .. }),
        Some(IpVersion::V6) => matches!(network, Network::V6 { .. }),
    }
}

fn expected(version: Option<IpVersion>, network: bool) -> &'static str {
    match (version, network) {
        (None, false) => "an IPv4 or IPv6 address",
        (Some(IpVersion::V4), false) => "an IPv4 address",
        (Some(IpVersion::V6), false) => "an IPv6 address",
        (None, true) => "a network such as 10.0.0.0/8 or 2001:db8::/32",
        (Some(IpVersion::V4), true) => "an IPv4 network such as 10.0.0.0/8",
        (Some(IpVersion::V6), true) => "an IPv6 network such as 2001:db8::/32",
    }
}

fn token<'a>(tokens: &[Token<'a>], at: usize) -> Token<'a> {
    let end = Token { kind: Kind::End, column: 1 };
    tokens.get(at).or(tokens.last()).copied().unwrap_or(end)
}

fn unexpected(token: Token<'_>, expected: &'static str) -> FilterError {
    FilterError::Syntax { column: token.column, found: token.kind.describe(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_sign_and_no_leading_zero() {
        assert_eq!(number("0"), Some(0));
        assert_eq!(number("443"), Some(443));
        assert_eq!(number("0x86dd"), Some(0x86dd));
        for text in ["", "-1", "+1", "010", "0x", "0x+1", "4294967296", "1a"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn octets_left_out_are_not_looked_at() {
        assert_eq!(octets("10"), Some((0x0a00_0000, 8)));
        assert_eq!(octets("10.1.2"), Some((0x0a01_0200, 24)));
        assert_eq!(octets("1.2.3.4"), Some((0x0102_0304, 32)));
        for text in ["", "1.", "256", "1.2.3.4.5", "0x0a"] {
            assert_eq!(octets(text), None, "{text}");
        }
    }
}
