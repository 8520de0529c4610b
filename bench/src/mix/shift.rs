//! Other addresses for a frame: the same ones for all frames of a repetition.

/// Changes the addresses of all IP headers of a frame, those inside tunnels too, by the number of
/// the repetition. 0 changes nothing; what is cut short is left as it is from there on.
pub(super) fn ethernet(frame: &mut [u8], by: u32) {
    if by == 0 || frame.len() < 14 {
        return;
    }
    let (mut at, mut kind) = (14, short(frame, 12));
    loop {
        match kind {
            // Tags of 802.1Q.
            0x8100 | 0x88a8 | 0x9100 if frame.len() >= at + 4 => {
                kind = short(frame, at + 2);
                at += 4;
            }
            // PPPoE: its header, then the protocol of PPP.
            0x8864 if frame.len() >= at + 8 => {
                kind = match short(frame, at + 6) {
                    0x0021 => 0x0800,
                    0x0057 => 0x86dd,
                    _ => return,
                };
                at += 8;
            }
            // MPLS, down to the label at the bottom.
            0x8847 if frame.len() > at + 4 => {
                if frame[at + 2] & 1 == 1 {
                    kind = if frame[at + 4] >> 4 == 6 { 0x86dd } else { 0x0800 };
                }
                at += 4;
            }
            0x0800 | 0x86dd => return ip(frame.get_mut(at..).unwrap_or_default(), by, 0),
            _ => return,
        }
    }
}

fn ip(packet: &mut [u8], by: u32, depth: u32) {
    let (header, protocol) = match packet.first().map(|byte| byte >> 4) {
        Some(4) if packet.len() >= 20 => {
            let header = usize::from(packet[0] & 15) * 4;
            let mut sum = u32::from(!short(packet, 10));
            for at in (12..20).step_by(2) {
                sum += u32::from(!short(packet, at));
            }
            address_v4(&mut packet[12..16], by);
            address_v4(&mut packet[16..20], by);
            for at in (12..20).step_by(2) {
                sum += u32::from(short(packet, at));
            }
            // RFC 1624, equation 3.
            while sum >> 16 != 0 {
                sum = (sum & 0xffff) + (sum >> 16);
            }
            packet[10..12].copy_from_slice(&(!(sum as u16)).to_be_bytes());
            // What follows a later fragment's header is no header.
            let fragment = short(packet, 6) & 0x1fff != 0;
            (header, if fragment { 255 } else { packet[9] })
        }
        Some(6) if packet.len() >= 40 => {
            address_v6(&mut packet[8..24], by);
            address_v6(&mut packet[24..40], by);
            (40, packet[6])
        }
        _ => return,
    };
    let Some(rest) = packet.get_mut(header..).filter(|_| depth < 4) else { return };
    match protocol {
        4 | 41 => ip(rest, by, depth + 1),
        47 if rest.len() >= 4 && rest[1] & 7 == 0 => {
            let flags = rest[0];
            let options = [0x80, 0x20, 0x10].iter().filter(|&bit| flags & bit != 0).count();
            let inner = short(rest, 2);
            if let Some(rest) = rest.get_mut(4 + 4 * options..) {
                match inner {
                    0x0800 | 0x86dd => ip(rest, by, depth + 1),
                    0x6558 => ethernet(rest, by),
                    _ => {}
                }
            }
        }
        // VXLAN.
        17 if rest.len() > 16 && short(rest, 2) == 4789 => ethernet(&mut rest[16..], by),
        _ => {}
    }
}

/// Exclusive or with a number keeps what is one to one; groups stay groups.
fn address_v4(address: &mut [u8], by: u32) {
    if address[0] < 224 {
        let [_, _, high, low] = by.to_be_bytes();
        address[1] ^= low;
        address[2] ^= high;
    }
}

fn address_v6(address: &mut [u8], by: u32) {
    if address[0] != 0xff {
        for (byte, other) in address[4..8].iter_mut().zip(by.to_be_bytes()) {
            *byte ^= other;
        }
    }
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_checksums_stay_right() {
        // The header that is worked through in many texts: checksum b1e6.
        let header = [
            0x45, 0x00, 0x00, 0x3c, 0x1c, 0x46, 0x40, 0x00, 0x40, 0x06, 0xb1, 0xe6, 0xac, 0x10,
            0x0a, 0x63, 0xac, 0x10, 0x0a, 0x0c,
        ];
        let mut frame = vec![0; 12];
        frame.extend([0x08, 0x00]);
        frame.extend(header);
        ethernet(&mut frame, 0x0105);
        let mut sum: u32 = (14..34).step_by(2).map(|at| u32::from(short(&frame, at))).sum();
        sum = (sum & 0xffff) + (sum >> 16);
        assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff);
        assert_eq!(frame[26..30], [0xac, 0x15, 0x0b, 0x63]);
        assert_eq!(frame[30..34], [0xac, 0x15, 0x0b, 0x0c]);
        for length in 0..frame.len() {
            ethernet(&mut frame.clone()[..length], 3);
        }
    }
}
