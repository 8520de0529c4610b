//! Link layers: from the first byte of a frame to IP.

use super::counters::Malformed;
use super::decode::{Around, Decoder, Outcome, Refused};
use super::link_type::LinkType;
use super::view::View;

/// Key of what has no number in the counts of frames that are not IP.
pub(super) const NO_NUMBER: u16 = 0xffff;

impl Decoder<'_> {
    /// A frame of a link type.
    #[inline]
    pub(super) fn link(&mut self, link: LinkType, view: View, around: Around) -> Outcome {
        if link == LinkType::ETHERNET {
            return self.ethernet(view, around);
        }
        self.other_link(link, view, around)
    }

    fn other_link(&mut self, link: LinkType, view: View, mut around: Around) -> Outcome {
        around.deeper()?;
        match link {
            LinkType::RAW
            | LinkType::RAW_BSD
            | LinkType::RAW_OPENBSD
            | LinkType::IPV4
            | LinkType::IPV6 => self.ip(view, &around),
            LinkType::NULL | LinkType::LOOP => self.loopback(view, around),
            LinkType::PPP | LinkType::PPP_HDLC => self.ppp(view, around),
            LinkType::PPP_DIRECTION => self.ppp(skip(view, 1)?, around),
            LinkType::PPPOE => self.pppoe(view, around),
            LinkType::CISCO_HDLC => self.cisco_hdlc(view, around),
            LinkType::FRAME_RELAY => self.frame_relay(view, around),
            LinkType::LINUX_SLL => {
                let protocol = view.u16(14).ok_or(Malformed::LinkHeader)?;
                self.cooked(protocol, skip(view, 16)?, around)
            }
            LinkType::LINUX_SLL2 => {
                let protocol = view.u16(0).ok_or(Malformed::LinkHeader)?;
                self.cooked(protocol, skip(view, 20)?, around)
            }
            LinkType::MPLS => self.mpls(view, around),
            LinkType::NFLOG => self.nflog(view, around),
            LinkType::PFLOG => {
                let header = view.byte(0).ok_or(Malformed::LinkHeader)?;
                let family = view.byte(1).ok_or(Malformed::LinkHeader)?;
                let rest = skip(view, usize::from(header).next_multiple_of(4))?;
                self.family(u32::from(family), rest, around)
            }
            LinkType::WIFI => self.wifi(view, around, 0),
            LinkType::WIFI_RADIOTAP => self.radiotap(view, around),
            LinkType::WIFI_PRISM | LinkType::WIFI_AVS => self.prism(view, around),
            LinkType::PPI => self.ppi(view, around),
            other => Err(Refused::NotDecoded(other)),
        }
    }

    /// BSD loopback: an address family, mostly in the byte order of another machine.
    fn loopback(&mut self, view: View, around: Around) -> Outcome {
        let family = view.u32(0).ok_or(Malformed::LinkHeader)?;
        // No family is as large as 65,536, so the half that is used tells the byte order.
        let family = if family > 0xffff { family.swap_bytes() } else { family };
        self.family(family, skip(view, 4)?, around)
    }

    /// An address family: IPv4 is 2 everywhere, IPv6 10 on Linux, 24, 28 or 30 on BSDs.
    fn family(&mut self, family: u32, view: View, around: Around) -> Outcome {
        match family {
            2 | 10 | 24 | 28 | 30 => self.ip(view, &around),
            other => Err(Refused::NotIp(u16::try_from(other).unwrap_or(NO_NUMBER))),
        }
    }

    /// Linux "cooked" captures; small numbers are kinds of IEEE 802 frames.
    fn cooked(&mut self, protocol: u16, view: View, around: Around) -> Outcome {
        match protocol {
            // 802.3 without a header of its own, which only Novell ever sent.
            1 => Err(Refused::NotIp(protocol)),
            4 => self.llc(view, around),
            other => self.ether_type(other, view, around),
        }
    }

    /// PPP (RFC 1661), in HDLC-like framing (RFC 1662) or not, or Cisco HDLC under the same number.
    pub(super) fn ppp(&mut self, view: View, mut around: Around) -> Outcome {
        around.deeper()?;
        let view = match (view.byte(0), view.byte(1)) {
            (Some(0x0f | 0x8f), Some(0)) => return self.cisco_hdlc(view, around),
            (Some(0xff), Some(0x03)) => skip(view, 2)?,
            _ => view,
        };
        let first = view.byte(0).ok_or(Malformed::LinkHeader)?;
        // Section 6.5: a compressed protocol field is one odd byte.
        let (protocol, view) = if first & 1 == 1 {
            (u16::from(first), skip(view, 1)?)
        } else {
            (view.u16(0).ok_or(Malformed::LinkHeader)?, skip(view, 2)?)
        };
        match protocol {
            0x0021 | 0x0057 => self.ip(view, &around),
            0x0281 | 0x0283 => self.mpls(view, around),
            other => Err(Refused::NotIp(other)),
        }
    }

    /// PPPoE (RFC 2516, section 4), behind EtherType 0x8864.
    pub(super) fn pppoe(&mut self, view: View, around: Around) -> Outcome {
        let length = view.u16(4).ok_or(Malformed::LinkHeader)?;
        let inner = skip(view, 6)?;
        self.ppp(inner.limit(inner.wire.min(u32::from(length))), around)
    }

    fn cisco_hdlc(&mut self, view: View, around: Around) -> Outcome {
        let protocol = view.u16(2).ok_or(Malformed::LinkHeader)?;
        self.ether_type(protocol, skip(view, 4)?, around)
    }

    /// Frame relay: RFC 2427, section 4.1, or Cisco's encapsulation by EtherType.
    fn frame_relay(&mut self, view: View, around: Around) -> Outcome {
        const UNNUMBERED: u8 = 0x03;
        // The last byte of the address has its low bit set; there are at most four.
        let address = view.data.iter().take(4).position(|byte| byte & 1 == 1);
        let view = skip(view, address.ok_or(Malformed::LinkHeader)? + 1)?;
        if view.byte(0) != Some(UNNUMBERED) {
            let protocol = view.u16(0).ok_or(Malformed::LinkHeader)?;
            return self.ether_type(protocol, skip(view, 2)?, around);
        }
        let mut view = skip(view, 1)?;
        if view.byte(0) == Some(0) {
            view = skip(view, 1)?;
        }
        match view.byte(0).ok_or(Malformed::LinkHeader)? {
            0xcc | 0x8e => self.ip(skip(view, 1)?, &around),
            0x80 => self.snap(skip(view, 1)?, around),
            other => Err(Refused::NotIp(u16::from(other))),
        }
    }

    /// MPLS (RFC 3032): what it carries is not told, so the first bits must tell.
    pub(super) fn mpls(&mut self, mut view: View, mut around: Around) -> Outcome {
        const MPLS: u16 = 0x8847;
        loop {
            around.deeper()?;
            let label = view.u32(0).ok_or(Malformed::LinkHeader)?;
            view = skip(view, 4)?;
            if label & 0x100 != 0 {
                break;
            }
        }
        let inner = match view.byte(0).ok_or(Malformed::LinkHeader)? >> 4 {
            4 | 6 => return self.ip(view, &around),
            // The control word of a pseudowire (RFC 4385, section 3).
            0 => self.ethernet(skip(view, 4)?, around),
            _ => self.ethernet(view, around),
        };
        match inner {
            Ok(got) => Ok(got),
            Err(_) => Err(Refused::NotIp(MPLS)),
        }
    }

    /// Linux netfilter log: attributes, of which one is the packet.
    fn nflog(&mut self, view: View, around: Around) -> Outcome {
        const PAYLOAD: u16 = 9;
        let family = view.byte(0).ok_or(Malformed::LinkHeader)?;
        let mut rest = skip(view, 4)?;
        loop {
            let &[a, b, c, d] = rest.data.first_chunk().ok_or(Malformed::LinkHeader)?;
            // In the byte order of the machine that captured; a length has its small half first on
            // nearly all of them, and attributes that are longer than the frame tell the others.
            let (mut length, mut kind) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
            if u32::from(length) > rest.wire {
                (length, kind) = (length.swap_bytes(), kind.swap_bytes());
            }
            if length < 4 {
                return Err(Malformed::LinkHeader.into());
            }
            if kind & 0x7fff == PAYLOAD {
                let payload = skip(rest, 4)?;
                let payload = payload.limit(payload.wire.min(u32::from(length) - 4));
                return self.family(u32::from(family), payload, around);
            }
            rest = skip(rest, usize::from(length).next_multiple_of(4))?;
        }
    }

    /// Per-packet information: a header that names the link type of what follows.
    fn ppi(&mut self, view: View, around: Around) -> Outcome {
        let &[_, _, low, high, a, b, c, d] =
            view.data.first_chunk().ok_or(Malformed::LinkHeader)?;
        let length = usize::from(u16::from_le_bytes([low, high]));
        let link = LinkType(u32::from_le_bytes([a, b, c, d]));
        if length < 8 || link == LinkType::PPI {
            return Err(Malformed::LinkHeader.into());
        }
        self.link(link, skip(view, length)?, around)
    }
}

/// What comes behind a header of so many bytes.
#[inline]
pub(super) fn skip(view: View<'_>, bytes: usize) -> Result<View<'_>, Refused> {
    view.skip(bytes).ok_or(Refused::Malformed(Malformed::LinkHeader))
}
