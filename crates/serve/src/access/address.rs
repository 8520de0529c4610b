//! A network address with the length of its prefix.

use std::fmt;
use std::net::IpAddr;

/// An address, or a network such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// From `ADDRESS` or `ADDRESS/PREFIX`; bits beyond the prefix must be zero.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().ok()?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.trim().parse().ok().filter(|prefix| *prefix <= whole)?,
            None => whole,
        };
        let network = Self { address, prefix };
        (bits(address) & !network.mask() == 0).then_some(network)
    }

    /// Whether an address is in it. IPv4 addresses mapped into IPv6 count as what they are.
    pub fn holds(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4()
            && bits(address) & self.mask() == bits(self.address)
    }

    fn mask(&self) -> u128 {
        let whole = if self.address.is_ipv4() { 32 } else { 128 };
        let low = u32::from(whole - self.prefix);
        let all = if whole == 32 { u128::from(u32::MAX) } else { u128::MAX };
        if low == 128 { 0 } else { all >> low << low }
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_its_addresses_alone() {
        let network = Network::parse("10.1.0.0/16").expect("a network");
        for (address, held) in
            [("10.1.2.3", true), ("10.2.0.1", false), ("::ffff:10.1.0.9", true), ("::1", false)]
        {
            assert_eq!(network.holds(address.parse().expect("an address")), held, "{address}");
        }
        assert!(Network::parse("::/0").expect("all").holds("fe80::1".parse().expect("v6")));
        assert!(Network::parse("0.0.0.0/0").expect("all").holds("9.9.9.9".parse().expect("v4")));
        assert!(!Network::parse("::1").expect("one").holds("::2".parse().expect("v6")));
        for bad in ["10.1.2.3/16", "10.0.0.0/33", "ten", "10.0.0.0/-1", ""] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }
}
