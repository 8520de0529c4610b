//! Where the fields that filters ask for lie in frames of one link type.

use super::FilterError;
use super::condition::{Compare, Condition, Load, Width, equal, known, test};
use super::logic::Logic;
use super::primitive::ether_type;
use crate::capture::LinkType;

// Offsets from `SKF_AD_OFF`, `linux/filter.h`.
const BESIDE_PACKET_TYPE: u32 = 4;
const BESIDE_TAG: u32 = 44;
const BESIDE_TAG_PRESENT: u32 = 48;
const BESIDE_TAG_PROTOCOL: u32 = 60;

/// `PACKET_OUTGOING` of `linux/if_packet.h`.
const OUTGOING: u32 = 4;

/// Bytes of an 802.1Q tag.
const TAG: u32 = 4;

/// Where an Ethernet frame has its type, or its first tag.
const ETHERNET_TYPE: u32 = 12;

/// How frames of one link type are looked at.
#[derive(Debug, Clone)]
pub(super) struct View {
    frames: LinkType,
    link: Link,
    /// The kernel took the outer tag of this frame off, and tells it beside the frame.
    stripped: bool,
    /// Tags that the filter has asked for so far: what follows looks behind them.
    tags: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// The EtherType lies at `kind`, the network header at `network`.
    EtherType { kind: u32, network: u32 },
    /// The frame begins with an IP header.
    Ip,
    /// IPv4 or IPv6 alone.
    Only(u16),
    /// The frame begins with an address family in 4 bytes, in the byte order of whoever wrote it.
    Family,
    /// The same, big-endian.
    FamilyBigEndian,
}

impl View {
    /// Frames as they stand in a capture file.
    pub(super) fn new(frames: LinkType) -> Result<Self, FilterError> {
        let link = match frames {
            LinkType::ETHERNET => Link::EtherType { kind: ETHERNET_TYPE, network: 14 },
            LinkType::LINUX_SLL => Link::EtherType { kind: 14, network: 16 },
            LinkType::LINUX_SLL2 => Link::EtherType { kind: 0, network: 20 },
            LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD => Link::Ip,
            LinkType::IPV4 => Link::Only(ether_type::IP),
            LinkType::IPV6 => Link::Only(ether_type::IP6),
            LinkType::NULL => Link::Family,
            LinkType::LOOP => Link::FamilyBigEndian,
            _ => return Err(FilterError::Link { link: frames }),
        };
        Ok(Self { frames, link, stripped: false, tags: 0 })
    }

    /// The same, for frames whose outer tag the kernel took off. `None` where there are no tags.
    pub(super) fn stripped(&self) -> Option<Self> {
        self.is_ethernet().then(|| Self { stripped: true, ..self.clone() })
    }

    fn is_ethernet(&self) -> bool {
        self.frames == LinkType::ETHERNET
    }

    /// The kernel took a tag off the frame.
    pub(super) fn tag_is_beside() -> Condition {
        Logic::Not(Box::new(equal(Load::Beside(BESIDE_TAG_PRESENT), u32::MAX, 0)))
    }

    /// This host sent the frame.
    pub(super) fn is_outgoing() -> Condition {
        equal(Load::Beside(BESIDE_PACKET_TYPE), u32::MAX, OUTGOING)
    }

    /// The network protocol is that of an EtherType.
    pub(super) fn ether_type(&self, wanted: u16) -> Condition {
        match self.link {
            Link::EtherType { .. } if self.stripped && self.tags == 0 => match wanted {
                // The kernel takes off tags of these two types alone.
                ether_type::VLAN | ether_type::SERVICE_VLAN => {
                    equal(Load::Beside(BESIDE_TAG_PROTOCOL), u32::MAX, u32::from(wanted))
                }
                _ => known(false),
            },
            Link::EtherType { kind, .. } => {
                equal(Load::Kind(Width::Half, self.behind_tags(kind)), u32::MAX, u32::from(wanted))
            }
            Link::Ip => match wanted {
                ether_type::IP => equal(Load::Kind(Width::Byte, 0), 0xf0, 0x40),
                ether_type::IP6 => equal(Load::Kind(Width::Byte, 0), 0xf0, 0x60),
                _ => known(false),
            },
            Link::Only(only) => known(only == wanted),
            Link::Family => family(wanted, true),
            Link::FamilyBigEndian => family(wanted, false),
        }
    }

    /// Where a byte of the network header lies in the frame.
    pub(super) fn network(&self, offset: u32) -> u32 {
        let header = match self.link {
            Link::EtherType { network, .. } => self.behind_tags(network),
            Link::Ip | Link::Only(_) => 0,
            Link::Family | Link::FamilyBigEndian => 4,
        };
        header + offset
    }

    /// There is a tag with this identifier; from here on, the view is that behind it.
    pub(super) fn enter_vlan(&mut self, id: Option<u16>) -> Result<Condition, FilterError> {
        if !self.is_ethernet() {
            return Err(FilterError::Vlan { link: self.frames });
        }
        let outer = self.stripped && self.tags == 0;
        let is_tag = if outer {
            known(true)
        } else {
            let tags = [ether_type::SERVICE_VLAN, ether_type::OLD_VLAN];
            Logic::any(self.ether_type(ether_type::VLAN), tags.map(|tag| self.ether_type(tag)))
        };
        let load =
            if outer { Load::Beside(BESIDE_TAG) } else { Load::At(Width::Half, self.network(0)) };
        self.tags += 1;
        Ok(match id {
            None => is_tag,
            Some(id) => Logic::all(is_tag, [equal(load, 0x0fff, u32::from(id))]),
        })
    }

    /// The frame as it was sent is longer than this.
    pub(super) fn longer_than(&self, bytes: u32) -> Condition {
        if !self.stripped {
            return test(Load::Length, u32::MAX, Compare::Greater, bytes);
        }
        match bytes.checked_sub(TAG) {
            Some(left) => test(Load::Length, u32::MAX, Compare::Greater, left),
            None => known(true),
        }
    }

    /// An offset into the frame as the program sees it, behind the tags that were asked for.
    fn behind_tags(&self, offset: u32) -> u32 {
        let seen = if self.stripped { self.tags.saturating_sub(1) } else { self.tags };
        offset + TAG * seen
    }
}

/// The frame begins with an address family of a network protocol.
fn family(wanted: u16, either_order: bool) -> Condition {
    let families: &[u32] = match wanted {
        ether_type::IP => &[2],
        // `AF_INET6` of NetBSD and OpenBSD, FreeBSD, macOS, Linux.
        ether_type::IP6 => &[24, 28, 30, 10],
        _ => &[],
    };
    let is = |family: u32| equal(Load::Kind(Width::Word, 0), u32::MAX, family);
    let swapped = families.iter().filter(|_| either_order).map(|family| is(family.swap_bytes()));
    Logic::any(known(false), families.iter().copied().map(is).chain(swapped))
}
