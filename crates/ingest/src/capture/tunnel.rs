//! Tunnels: what they carry, if that is IP.

use tripline_core::packet::{Tunnel, TunnelKind};

use super::decode::{Around, Decoder, Got};
use super::ip::Ip;
use super::view::View;

/// Ports of tunnels over UDP: those of Zeek, CAPWAP, VXLAN-GPE.
mod port {
    pub(super) const GTP: u16 = 2152;
    pub(super) const TEREDO: u16 = 3544;
    pub(super) const GRE: u16 = 4754;
    pub(super) const VXLAN: u16 = 4789;
    pub(super) const VXLAN_GPE: u16 = 4790;
    pub(super) const AYIYA: u16 = 5072;
    pub(super) const CAPWAP: u16 = 5247;
    pub(super) const GENEVE: u16 = 6081;
}

/// The network of Teredo, 2001:0::/32 (RFC 4380, section 2.6).
const TEREDO: u32 = 0x2001_0000;

/// Each gives `None`, with nothing told, if what is inside is no IP packet that can be decoded;
/// the packet around it then counts by itself.
impl Decoder<'_> {
    /// A tunnel that is a protocol of IP.
    #[inline]
    pub(super) fn ip_tunnel(
        &mut self,
        ip: &Ip,
        protocol: u8,
        body: View,
        around: &Around,
    ) -> Option<Got> {
        match protocol {
            4 | 41 => {
                let inner = self.inside(ip, TunnelKind::IpInIp, None, around)?;
                self.ip(body, &inner).ok()
            }
            47 => self.gre(ip, body, around),
            _ => None,
        }
    }

    /// A tunnel over UDP; `body` begins at its header.
    #[inline]
    pub(super) fn udp_tunnel(
        &mut self,
        ip: &Ip,
        source: u16,
        destination: u16,
        body: View,
        around: &Around,
    ) -> Option<Got> {
        match (source, destination) {
            (_, port::VXLAN) => self.vxlan(ip, body.skip(8)?, around),
            (_, port::VXLAN_GPE) => self.vxlan_gpe(ip, body.skip(8)?, around),
            (_, port::GENEVE) => self.geneve(ip, body.skip(8)?, around),
            (_, port::GRE) => self.gre(ip, body.skip(8)?, around),
            (port::GTP, _) | (_, port::GTP) => self.gtp(ip, body.skip(8)?, around),
            (port::TEREDO, _) | (_, port::TEREDO) => self.teredo(ip, body.skip(8)?, around, false),
            (port::CAPWAP, _) | (_, port::CAPWAP) => self.capwap(ip, body.skip(8)?, around),
            (port::AYIYA, _) | (_, port::AYIYA) => self.ayiya(ip, body.skip(8)?, around),
            // Between peers, Teredo has any ports.
            _ => match (body.byte(8)?, body.byte(9)?) {
                (0x60..=0x6f, _) | (0, 0 | 1) => self.teredo(ip, body.skip(8)?, around, true),
                _ => None,
            },
        }
    }

    /// GRE (RFC 2784, RFC 2890), that of PPTP (RFC 2637, section 4.1), ERSPAN in it.
    fn gre(&mut self, ip: &Ip, body: View, around: &Around) -> Option<Got> {
        let flags = body.u16(0)?;
        let kind = body.u16(2)?;
        let has = |bit: u16| usize::from(flags & bit != 0);
        let version = flags & 7;
        // Routing (RFC 1701) is not understood.
        if version > 1 || flags & 0x4000 != 0 {
            return None;
        }
        let with_checksum = 4 * has(0x8000);
        let key = if flags & 0x2000 != 0 { Some(body.u32(4 + with_checksum)?) } else { None };
        let sequenced = has(0x1000) == 1;
        let acknowledged = if version == 1 { 4 * has(0x0080) } else { 0 };
        let header = 4 + with_checksum + 4 * has(0x2000) + 4 * has(0x1000) + acknowledged;
        let inner = body.skip(header)?;
        // Only of version 1, the upper half is the length; the call is the lower.
        let id = key.map(|key| if version == 1 { key & 0xffff } else { key });
        let around = self.inside(ip, TunnelKind::Gre, id, around)?;
        match kind {
            // ERSPAN types I and II share a number; I has neither sequence nor header.
            0x88be => self.ethernet(inner.skip(if sequenced { 8 } else { 0 })?, around).ok(),
            // ERSPAN III; its last bit announces eight more bytes.
            0x22eb => {
                let more = usize::from(inner.byte(11)? & 1);
                self.ethernet(inner.skip(12 + 8 * more)?, around).ok()
            }
            // Aruba's access points send frames of IEEE 802.11.
            0x8200..=0x83ff | 0x9000 => self.wifi(inner, around, 0).ok(),
            // WCCP may put four bytes in front, which no IP packet begins with.
            0x883e if inner.byte(0)? >> 4 != 4 => self.ip(inner.skip(4)?, &around).ok(),
            0x883e => self.ip(inner, &around).ok(),
            other => self.ether_type(other, inner, around).ok(),
        }
    }

    /// RFC 7348, section 5.
    fn vxlan(&mut self, ip: &Ip, body: View, around: &Around) -> Option<Got> {
        const HAS_NETWORK: u8 = 0x08;
        if body.byte(0)? & HAS_NETWORK == 0 {
            return None;
        }
        let network = body.u32(4)? >> 8;
        let around = self.inside(ip, TunnelKind::Vxlan, Some(network), around)?;
        self.ethernet(body.skip(8)?, around).ok()
    }

    /// draft-ietf-nvo3-vxlan-gpe-12, section 3: the header names what follows.
    fn vxlan_gpe(&mut self, ip: &Ip, body: View, around: &Around) -> Option<Got> {
        const HAS_NETWORK_AND_NEXT: u8 = 0x0c;
        if body.byte(0)? & HAS_NETWORK_AND_NEXT != HAS_NETWORK_AND_NEXT {
            return None;
        }
        let network = body.u32(4)? >> 8;
        let around = self.inside(ip, TunnelKind::Vxlan, Some(network), around)?;
        let inner = body.skip(8)?;
        match body.byte(3)? {
            1 | 2 => self.ip(inner, &around).ok(),
            3 => self.ethernet(inner, around).ok(),
            _ => None,
        }
    }

    /// RFC 8926, section 3.4.
    fn geneve(&mut self, ip: &Ip, body: View, around: &Around) -> Option<Got> {
        let first = body.byte(0)?;
        if first >> 6 != 0 {
            return None;
        }
        let options = usize::from(first & 0x3f) * 4;
        let network = body.u32(4)? >> 8;
        let around = self.inside(ip, TunnelKind::Geneve, Some(network), around)?;
        let inner = body.skip(8 + options)?;
        self.ether_type(body.u16(2)?, inner, around).ok()
    }

    /// 3GPP TS 29.281, section 5.1: user data of version 1.
    fn gtp(&mut self, ip: &Ip, body: View, around: &Around) -> Option<Got> {
        const USER_DATA: u8 = 255;
        let flags = body.byte(0)?;
        // Version 1, protocol type GTP.
        if flags >> 4 != 3 || body.byte(1)? != USER_DATA {
            return None;
        }
        let id = body.u32(4)?;
        let mut header = 8;
        if flags & 0x07 != 0 {
            let mut next = body.byte(11)?;
            header = 12;
            if flags & 0x04 != 0 {
                while next != 0 {
                    let length = usize::from(body.byte(header)?) * 4;
                    if length == 0 {
                        return None;
                    }
                    header += length;
                    next = body.byte(header - 1)?;
                }
            }
        }
        let around = self.inside(ip, TunnelKind::Gtp, Some(id), around)?;
        self.ip(body.skip(header)?, &around).ok()
    }

    /// RFC 4380, section 5.1.1: authentication, origin, then IPv6. A strict look wants the length to
    /// fit exactly, with one of those headers or an address of Teredo's network.
    fn teredo(&mut self, ip: &Ip, body: View, around: &Around, strict: bool) -> Option<Got> {
        let mut view = body;
        if view.u16(0)? == 1 {
            let (identifier, secret) = (usize::from(view.byte(2)?), usize::from(view.byte(3)?));
            view = view.skip(4 + identifier + secret + 9)?;
        }
        if view.u16(0)? == 0 {
            view = view.skip(8)?;
        }
        let length = u32::from(view.u16(4)?) + 40;
        if view.byte(0)? >> 4 != 6 || length > view.wire {
            return None;
        }
        let known = view.at != body.at || view.u32(8)? == TEREDO || view.u32(24)? == TEREDO;
        if strict && !(known && length == view.wire) {
            return None;
        }
        let around = self.inside(ip, TunnelKind::Teredo, None, around)?;
        self.ip(view, &around).ok()
    }

    /// RFC 5415, section 4.3: a frame of IEEE 802.3 or 802.11 that is neither encrypted nor a
    /// fragment.
    fn capwap(&mut self, ip: &Ip, body: View, around: &Around) -> Option<Got> {
        let &[preamble, length, kind, flags] = body.data.first_chunk()?;
        // Fragments (F) and keep-alives (K) hold no whole frame.
        if preamble != 0 || flags & 0x88 != 0 {
            return None;
        }
        let frame = body.skip(usize::from(length >> 3) * 4)?;
        let around = self.inside(ip, TunnelKind::Capwap, None, around)?;
        // Type (T): a native frame of the wireless binding.
        if kind & 0x01 == 0 {
            return self.ethernet(frame, around).ok();
        }
        // Cisco's access points send the two bytes of the frame control in the wrong order.
        let data = |byte: u8| byte & 0x0f == 0x08;
        let (first, second) = (frame.byte(0)?, frame.byte(1)?);
        let control = if data(first) { [first, second] } else { [second, first] };
        self.wifi_with(control, frame, around, 0).ok()
    }

    /// draft-massar-v6ops-ayiya-02, section 3: forwarded IP.
    fn ayiya(&mut self, ip: &Ip, body: View, around: &Around) -> Option<Got> {
        const FORWARD: u8 = 1;
        let identity = 1_usize << (body.byte(0)? >> 4);
        let signature = usize::from(body.byte(1)? >> 4) * 4;
        if body.byte(2)? & 0x0f != FORWARD || !matches!(body.byte(3)?, 4 | 41) {
            return None;
        }
        let around = self.inside(ip, TunnelKind::Ayiya, None, around)?;
        self.ip(body.skip(8 + identity + signature)?, &around).ok()
    }

    /// One more tunnel around; `None` if there are as many as may be.
    fn inside(
        &self,
        ip: &Ip,
        kind: TunnelKind,
        id: Option<u32>,
        around: &Around,
    ) -> Option<Around> {
        let depth = around.tunnels() + 1;
        if depth > self.max_tunnels {
            return None;
        }
        let tunnel = Tunnel {
            kind,
            source: ip.source,
            destination: ip.destination,
            ip_version: ip.version,
            id,
            depth,
        };
        Some(Around { tunnel: Some(tunnel), ..*around })
    }
}
