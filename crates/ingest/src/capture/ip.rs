//! IPv4 (RFC 791) and IPv6 (RFC 8200) headers.

use tripline_core::packet::{Address, Anomalies};

use super::counters::Malformed;
use super::decode::{Around, Decoder, Got, Outcome};
use super::fragment::{Fragment, Place};
use super::view::View;

/// Extension headers of a packet. RFC 8200, section 4.1, has each at most once, but one twice.
const MAX_EXTENSIONS: usize = 16;

/// The fields of an IP header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ip {
    pub(super) source: Address,
    pub(super) destination: Address,
    pub(super) version: u8,
    pub(super) ttl: u8,
    pub(super) tos: u8,
    /// With options or extension headers.
    pub(super) header_bytes: u32,
    /// With the header.
    pub(super) total_bytes: u32,
    pub(super) anomalies: Anomalies,
}

impl Decoder<'_> {
    /// A packet of the version that it says.
    #[inline]
    pub(super) fn ip(&mut self, view: View, around: &Around) -> Outcome {
        match view.byte(0).map(|byte| byte >> 4) {
            Some(4) => self.ipv4(view, around),
            Some(6) => self.ipv6(view, around),
            Some(_) => Err(Malformed::IpVersion.into()),
            None => Err(Malformed::IpHeader.into()),
        }
    }

    #[inline]
    fn ipv4(&mut self, view: View, around: &Around) -> Outcome {
        let header: &[u8; 20] = view.data.first_chunk().ok_or(Malformed::IpHeader)?;
        let two = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let header_bytes = u32::from(header[0] & 0x0f) * 4;
        if header_bytes < 20 {
            return Err(Malformed::IpHeader.into());
        }
        // Left to the network card by segmentation offload: then all there is belongs to it.
        let total_bytes = if two(2) == 0 { view.wire } else { u32::from(two(2)) };
        if total_bytes < header_bytes {
            return Err(Malformed::IpLength.into());
        }
        let full = view.data.get(..header_bytes as usize).ok_or(Malformed::IpHeader)?;
        let mut ip = Ip {
            source: Address::v4([header[12], header[13], header[14], header[15]]),
            destination: Address::v4([header[16], header[17], header[18], header[19]]),
            version: 4,
            ttl: header[8],
            tos: header[1],
            header_bytes,
            total_bytes,
            anomalies: Anomalies::default(),
        };
        ip.notice(checksum(full) != 0, Anomalies::IP_CHECKSUM);
        ip.notice(total_bytes > view.wire, Anomalies::IP_LENGTH);
        ip.notice(header[8] <= 1, Anomalies::LOW_TTL);
        if header_bytes > 20 {
            ip.notice(steers(&full[20..]), Anomalies::SOURCE_ROUTE);
        }
        let part = two(6);
        ip.notice(part & 0x8000 != 0, Anomalies::IP_RESERVED);
        let body = view.skip(header_bytes as usize).ok_or(Malformed::IpHeader)?;
        let body = body.limit(total_bytes - header_bytes);
        if part & 0x3fff != 0 {
            let place = Place {
                id: u32::from(two(4)),
                protocol: header[9],
                offset: u32::from(part & 0x1fff) * 8,
                more: part & 0x2000 != 0,
            };
            return self.fragment(ip, body, place, around);
        }
        self.behind_ip(ip, header[9], body, around)
    }

    fn ipv6(&mut self, view: View, around: &Around) -> Outcome {
        const HOP_BY_HOP: u8 = 0;
        let header: &[u8; 40] = view.data.first_chunk().ok_or(Malformed::IpHeader)?;
        let address = |at: usize| {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&header[at..at + 16]);
            Address(bytes)
        };
        let length = u32::from(u16::from_be_bytes([header[4], header[5]]));
        let next = header[6];
        let body = view.skip(40).ok_or(Malformed::IpHeader)?;
        let total_bytes = match (length, next) {
            // RFC 2675: the length stands in an option.
            (0, HOP_BY_HOP) => jumbo_length(body.data).unwrap_or(0).saturating_add(40),
            // As for IPv4; less than a transport header is the padding of a link.
            (0, 6 | 17) if body.wire >= 8 => view.wire,
            _ => length + 40,
        };
        let mut ip = Ip {
            source: address(8),
            destination: address(24),
            version: 6,
            ttl: header[7],
            tos: (header[0] << 4) | (header[1] >> 4),
            header_bytes: 40,
            total_bytes,
            anomalies: Anomalies::default(),
        };
        ip.notice(total_bytes > view.wire, Anomalies::IP_LENGTH);
        ip.notice(header[7] <= 1, Anomalies::LOW_TTL);
        self.behind_ip(ip, next, body.limit(total_bytes - 40), around)
    }

    /// Extension headers of IPv6, the authentication header of both, then the transport.
    #[inline]
    pub(super) fn behind_ip(
        &mut self,
        mut ip: Ip,
        next: u8,
        body: View,
        around: &Around,
    ) -> Outcome {
        if next == 6 || next == 17 {
            return self.transport(&ip, next, body, around);
        }
        let (mut next, mut body) = (next, body);
        for _ in 0..MAX_EXTENSIONS {
            let bytes = match (next, ip.version) {
                // Authentication, RFC 4302, section 2.2.
                (51, _) => (usize::from(body.byte(1).ok_or(Malformed::Extension)?) + 2) * 4,
                // Fragment.
                (44, 6) => {
                    let part = body.u16(2).ok_or(Malformed::Extension)?;
                    let id = body.u32(4).ok_or(Malformed::Extension)?;
                    if part & 0xfff9 != 0 {
                        let protocol = body.byte(0).ok_or(Malformed::Extension)?;
                        let (offset, more) = (u32::from(part & 0xfff8), part & 1 != 0);
                        ip.header_bytes += 8;
                        let body = body.skip(8).ok_or(Malformed::Extension)?;
                        let place = Place { id, protocol, offset, more };
                        return self.fragment(ip, body, place, around);
                    }
                    // All in one fragment (RFC 6946).
                    8
                }
                // Hop-by-hop, routing, destination options, mobility, HIP, shim6.
                (0 | 43 | 60 | 135 | 139 | 140, 6) => {
                    let bytes = (usize::from(body.byte(1).ok_or(Malformed::Extension)?) + 1) * 8;
                    // RFC 5095: a routing header of type 0.
                    ip.notice(next == 43 && body.byte(2) == Some(0), Anomalies::SOURCE_ROUTE);
                    bytes
                }
                _ => return self.transport(&ip, next, body, around),
            };
            next = body.byte(0).ok_or(Malformed::Extension)?;
            body = body.skip(bytes).ok_or(Malformed::Extension)?;
            ip.header_bytes += bytes as u32;
        }
        Err(Malformed::Extension.into())
    }

    /// Lays a fragment aside. The first one of a datagram that was not captured whole, and so never
    /// can be put together, still tells its flow, as Zeek has it.
    fn fragment(&mut self, mut ip: Ip, body: View, place: Place, around: &Around) -> Outcome {
        ip.notice(true, Anomalies::FRAGMENTED);
        if !body.whole() && place.offset == 0 {
            ip.notice(true, Anomalies::CUT);
            return self.behind_ip(ip, place.protocol, body, around);
        }
        if body.wire == 0 || (place.more && body.wire < 8) {
            return Err(Malformed::Fragment.into());
        }
        self.fragments.push(Fragment {
            before: self.packets.len(),
            around: *around,
            ip,
            place,
            start: body.at,
            captured: body.data.len() as u32,
            whole: body.whole(),
        });
        Ok(Got::Fragment)
    }
}

impl Ip {
    #[inline]
    pub(super) fn notice(&mut self, is: bool, anomaly: Anomalies) {
        if is {
            self.anomalies = self.anomalies.with(anomaly);
        }
    }
}

/// The Internet checksum (RFC 1071) over a header with its checksum: 0 if that is right.
#[inline]
fn checksum(header: &[u8]) -> u16 {
    let words =
        header.chunks_exact(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
    let sum: u32 = words.sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    !(((sum & 0xffff) + (sum >> 16)) as u16)
}

/// True if loose or strict source routing is among the options (RFC 791, section 3.1).
fn steers(options: &[u8]) -> bool {
    let mut rest = options;
    while let [kind, behind @ ..] = rest {
        match kind {
            0 => return false,
            1 => rest = behind,
            131 | 137 => return true,
            _ => match behind.first() {
                Some(&length) if length >= 2 => {
                    rest = rest.get(usize::from(length)..).unwrap_or_default();
                }
                _ => return false,
            },
        }
    }
    false
}

/// Length in the jumbo payload option of a hop-by-hop header (RFC 2675, section 2).
fn jumbo_length(header: &[u8]) -> Option<u32> {
    let end = (usize::from(*header.get(1)?) + 1) * 8;
    let mut rest = header.get(2..end)?;
    while let [kind, behind @ ..] = rest {
        if *kind == 0 {
            rest = behind;
            continue;
        }
        let length = usize::from(*behind.first()?);
        let value = behind.get(1..1 + length)?;
        if *kind == 0xc2 {
            return value.first_chunk().copied().map(u32::from_be_bytes);
        }
        rest = behind.get(1 + length..)?;
    }
    None
}
