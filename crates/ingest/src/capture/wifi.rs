//! Data frames of IEEE 802.11 that are not encrypted.

use super::counters::Malformed;
use super::decode::{Around, Decoder, Outcome, Refused};
use super::link::{NO_NUMBER, skip};
use super::view::View;

impl Decoder<'_> {
    /// From the frame control field on (IEEE 802.11-2020, section 9.3.2.1). What follows the header
    /// begins at a multiple of `pad` bytes, if that is not 0.
    pub(super) fn wifi(&mut self, view: View, around: Around, pad: usize) -> Outcome {
        let control = *view.data.first_chunk().ok_or(Malformed::LinkHeader)?;
        self.wifi_with(control, view, around, pad)
    }

    /// The same with its frame control field.
    pub(super) fn wifi_with(
        &mut self,
        [kind, flags]: [u8; 2],
        view: View,
        around: Around,
        pad: usize,
    ) -> Outcome {
        let (data, no_payload, quality) = (kind & 0x0c == 0x08, kind & 0x40 != 0, kind & 0x80 != 0);
        let (two_systems, encrypted, high_throughput) =
            (flags & 0x03 == 0x03, flags & 0x40 != 0, flags & 0x80 != 0);
        if !data || no_payload || encrypted {
            return Err(Refused::NotIp(NO_NUMBER));
        }
        let mut header = 24;
        if two_systems {
            header += 6;
        }
        let mut aggregated = false;
        if quality {
            aggregated = view.byte(header).ok_or(Malformed::LinkHeader)? & 0x80 != 0;
            header += 2;
            if high_throughput {
                header += 4;
            }
        }
        if pad > 0 {
            header = header.next_multiple_of(pad);
        }
        let body = skip(view, header)?;
        if aggregated { self.aggregate(body, around) } else { self.llc(body, around) }
    }

    /// An aggregate of service data units (section 9.3.2.2): Ethernet-like headers with a length,
    /// each padded to four bytes. All that hold IP are taken.
    fn aggregate(&mut self, view: View, mut around: Around) -> Outcome {
        let mut outcome = Err(Refused::NotIp(NO_NUMBER));
        let mut rest = Some(view);
        while let Some(unit) = rest
            && let Some(length) = unit.u16(12)
            && let Some(body) = unit.skip(14)
        {
            let inner = self.llc(body.limit(body.wire.min(u32::from(length))), around);
            if inner.is_ok() {
                outcome = inner;
                // The frame's bytes count once.
                around.link_bytes = 0;
            }
            rest = unit.skip((14 + usize::from(length)).next_multiple_of(4));
        }
        outcome
    }

    /// A radiotap header (<https://www.radiotap.org>), which tells of padding behind the header.
    pub(super) fn radiotap(&mut self, view: View, around: Around) -> Outcome {
        let little = |at: usize| -> Option<u32> {
            view.data.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
        };
        let header = usize::from(view.u16(2).ok_or(Malformed::LinkHeader)?.swap_bytes());
        let present = little(4).ok_or(Malformed::LinkHeader)?;
        if header < 8 {
            return Err(Malformed::LinkHeader.into());
        }
        let mut at = 4;
        // Bit 31 announces another word of bits.
        while at + 4 <= header && little(at).is_some_and(|word| word >> 31 == 1) {
            at += 4;
        }
        at += 4;
        if present & 1 != 0 {
            at = at.next_multiple_of(8) + 8;
        }
        let flags = if present & 2 != 0 && at < header { view.byte(at).unwrap_or(0) } else { 0 };
        let pad = if flags & 0x20 != 0 { 4 } else { 0 };
        self.wifi(skip(view, header)?, around, pad)
    }

    /// A Prism header, its length in either byte order, or an AVS header.
    pub(super) fn prism(&mut self, view: View, around: Around) -> Outcome {
        let length = view.u32(4).ok_or(Malformed::LinkHeader)?;
        let length = if length > 0xffff { length.swap_bytes() } else { length };
        self.wifi(skip(view, length.max(8) as usize)?, around, 0)
    }
}
