//! What the kernel tells of network interfaces.

use std::io;

use super::error::LiveError;
use super::listen::LiveInterface;
use super::ring::{self, Facts};
use crate::capture::LinkType;

/// Longest name: `IFNAMSIZ` with its final zero.
const NAME_BYTES: usize = 15;

/// Every interface of this network namespace.
pub(super) fn all() -> Vec<LiveInterface> {
    // Two lines of headings, then `name: numbers`.
    let text = std::fs::read_to_string("/proc/net/dev").unwrap_or_default();
    let names = text.lines().skip(2).filter_map(|line| line.split_once(':'));
    let mut all: Vec<LiveInterface> = names
        .filter_map(|(name, _)| {
            let facts = ring::facts(name.trim()).ok()?;
            Some(LiveInterface { name: name.trim().to_owned(), up: facts.up, link: link(&facts) })
        })
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// One that is up, with frames that are decoded.
pub(super) fn ready(name: &str) -> Result<(Facts, LinkType), LiveError> {
    let interface = name.to_owned();
    let unknown = || {
        let names: Vec<String> = all().into_iter().map(|interface| interface.name).collect();
        LiveError::NoInterface { interface: interface.clone(), known: names.join(", ") }
    };
    if name.is_empty() || name.len() > NAME_BYTES || name.contains('\0') {
        return Err(unknown());
    }
    let facts = match ring::facts(name) {
        Ok(facts) => facts,
        Err(error) if is_gone(&error) => return Err(unknown()),
        Err(source) => {
            return Err(LiveError::Setup {
                interface,
                step: "ask for the interface",
                source,
                way_out: "check that this system is Linux with networking",
            });
        }
    };
    if !facts.up {
        return Err(LiveError::Down { interface });
    }
    match link(&facts) {
        Some(link) => Ok((facts, link)),
        None => Err(LiveError::Hardware { interface, hardware: facts.hardware }),
    }
}

/// Whether the kernel says that there is no such interface.
pub(super) fn is_gone(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENODEV | libc::ENXIO))
}

/// What frames of a hardware type begin with, on a raw packet socket.
fn link(facts: &Facts) -> Option<LinkType> {
    // `linux/if_arp.h`: Ethernet, loopback; then IP tunnels, whose frames are IP packets.
    match facts.hardware {
        libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK => Some(LinkType::ETHERNET),
        libc::ARPHRD_NONE
        | libc::ARPHRD_TUNNEL
        | libc::ARPHRD_TUNNEL6
        | libc::ARPHRD_SIT
        | ARPHRD_RAWIP => Some(LinkType::RAW),
        libc::ARPHRD_IEEE80211 => Some(LinkType::WIFI),
        libc::ARPHRD_IEEE80211_RADIOTAP => Some(LinkType::WIFI_RADIOTAP),
        _ => None,
    }
}

/// Missing in the `libc` crate.
const ARPHRD_RAWIP: u16 = 519;
