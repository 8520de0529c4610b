//! Ethernet with all that stands between its addresses and IP.

use super::counters::Malformed;
use super::decode::{Around, Decoder, Outcome, Refused};
use super::link::skip;
use super::view::View;

/// Up to this, the field is a length (IEEE 802.3).
const MAX_LENGTH: u16 = 1500;

impl Decoder<'_> {
    /// From the addresses on.
    #[inline]
    pub(super) fn ethernet(&mut self, view: View, mut around: Around) -> Outcome {
        let kind = view.u16(12).ok_or(Malformed::LinkHeader)?;
        let inner = skip(view, 14)?;
        if kind == 0x0800 {
            return self.ip(inner, &around);
        }
        around.deeper()?;
        self.ether_type(kind, inner, around)
    }

    /// What an EtherType announces.
    pub(super) fn ether_type(&mut self, kind: u16, view: View, mut around: Around) -> Outcome {
        let (mut kind, mut view) = (kind, view);
        loop {
            match kind {
                // The version is told by the packet itself, as Zeek has it.
                0x0800 | 0x86dd => return self.ip(view, &around),
                // IEEE 802.1Q, 802.1ad, and what came before the latter.
                0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
                    let tag = view.u16(0).ok_or(Malformed::LinkHeader)?;
                    if around.tunnel.is_none() {
                        around.vlan = around.vlan.with(tag);
                    }
                    kind = view.u16(2).ok_or(Malformed::LinkHeader)?;
                    view = skip(view, 4)?;
                }
                // VN-Tag (IEEE 802.1BR's forerunner): a tag of four bytes.
                0x8926 => {
                    kind = view.u16(4).ok_or(Malformed::LinkHeader)?;
                    view = skip(view, 6)?;
                }
                // Cisco FabricPath: a tag, then a frame.
                0x8903 => {
                    around.deeper()?;
                    return self.ethernet(skip(view, 2)?, around);
                }
                // Provider backbone bridges (IEEE 802.1ah): a tag, then a frame.
                0x88e7 => {
                    around.deeper()?;
                    return self.ethernet(skip(view, 4)?, around);
                }
                // Bridging in GRE and GENEVE.
                0x6558 => {
                    around.deeper()?;
                    return self.ethernet(view, around);
                }
                0x8864 => return self.pppoe(view, around),
                0x880b => return self.ppp(view, around),
                0x8847 | 0x8848 => return self.mpls(view, around),
                0..=MAX_LENGTH => {
                    return self.llc(view.limit(view.wire.min(u32::from(kind))), around);
                }
                other => return Err(Refused::NotIp(other)),
            }
            around.deeper()?;
        }
    }

    /// IEEE 802.2: service access points, a control field.
    pub(super) fn llc(&mut self, view: View, mut around: Around) -> Outcome {
        const SNAP: u8 = 0xaa;
        const IP: u8 = 0x06;
        const UNNUMBERED: u8 = 0x03;
        around.deeper()?;
        match *view.data.first_chunk().ok_or(Malformed::LinkHeader)? {
            [SNAP, SNAP, UNNUMBERED] => self.snap(skip(view, 3)?, around),
            [IP, IP, UNNUMBERED] => self.ip(skip(view, 3)?, &around),
            [destination, ..] => Err(Refused::NotIp(u16::from(destination))),
        }
    }

    /// SNAP: an organisation, then an EtherType if that is Ethernet (RFC 1042), a bridge tunnel
    /// (IEEE 802.1H).
    pub(super) fn snap(&mut self, view: View, around: Around) -> Outcome {
        const SNAP: u16 = 0xaa;
        let &[a, b, c, high, low] = view.data.first_chunk().ok_or(Malformed::LinkHeader)?;
        match [a, b, c] {
            [0, 0, 0] | [0, 0, 0xf8] => {
                self.ether_type(u16::from_be_bytes([high, low]), skip(view, 5)?, around)
            }
            _ => Err(Refused::NotIp(SNAP)),
        }
    }
}
