//! Runs a program of the classic packet filter over one frame.

use super::program::{Instruction, MEMORY, Program};

/// A frame as a program sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FrameView<'a> {
    /// Captured bytes, from the link header on.
    pub bytes: &'a [u8],
    /// Length on the wire.
    pub wire_bytes: u32,
    /// The outer tag as type with control information, where the kernel took it off.
    pub stripped_tag: Option<(u16, u16)>,
    /// This host sent it.
    pub outgoing: bool,
}

impl<'a> FrameView<'a> {
    /// A frame that stands whole in a file.
    pub fn whole(bytes: &'a [u8]) -> Self {
        Self { bytes, wire_bytes: bytes.len() as u32, ..Self::default() }
    }
}

impl Program {
    /// Whether a frame passes.
    #[inline]
    pub fn passes(&self, frame: &FrameView<'_>) -> bool {
        self.run(frame) != 0
    }

    /// Bytes of the frame to keep: 0 rejects it, as does a load from outside the captured bytes.
    pub fn run(&self, frame: &FrameView<'_>) -> u32 {
        self.try_run(frame).unwrap_or(0)
    }

    /// `None` where a load fails, or a division by zero.
    fn try_run(&self, frame: &FrameView<'_>) -> Option<u32> {
        let (mut a, mut x) = (0_u32, 0_u32);
        let mut memory = [0_u32; MEMORY];
        let mut rest = self.instructions().iter();
        while let Some(&Instruction { code, jt, jf, k }) = rest.next() {
            let skip = |holds: bool| usize::from(if holds { jt } else { jf });
            let mut skipped = 0;
            match code {
                0x00 => a = k,
                0x80 => a = frame.wire_bytes,
                0x20 => a = frame.word(k)?,
                0x28 => a = frame.half(k)?,
                0x30 => a = frame.byte(k)?,
                0x40 => a = frame.word(x.checked_add(k)?)?,
                0x48 => a = frame.half(x.checked_add(k)?)?,
                0x50 => a = frame.byte(x.checked_add(k)?)?,
                0x01 => x = k,
                0x81 => x = frame.wire_bytes,
                0xb1 => x = (frame.byte(k)? & 0x0f) << 2,
                0x60 => a = *memory.get(k as usize)?,
                0x61 => x = *memory.get(k as usize)?,
                0x02 => *memory.get_mut(k as usize)? = a,
                0x03 => *memory.get_mut(k as usize)? = x,
                0x04 => a = a.wrapping_add(k),
                0x0c => a = a.wrapping_add(x),
                0x14 => a = a.wrapping_sub(k),
                0x1c => a = a.wrapping_sub(x),
                0x24 => a = a.wrapping_mul(k),
                0x2c => a = a.wrapping_mul(x),
                0x34 => a = a.checked_div(k)?,
                0x3c => a = a.checked_div(x)?,
                0x94 => a = a.checked_rem(k)?,
                0x9c => a = a.checked_rem(x)?,
                0x44 => a |= k,
                0x4c => a |= x,
                0x54 => a &= k,
                0x5c => a &= x,
                0xa4 => a ^= k,
                0xac => a ^= x,
                0x64 => a = a.checked_shl(k).unwrap_or(0),
                0x6c => a = a.checked_shl(x).unwrap_or(0),
                0x74 => a = a.checked_shr(k).unwrap_or(0),
                0x7c => a = a.checked_shr(x).unwrap_or(0),
                0x84 => a = a.wrapping_neg(),
                0x05 => skipped = k as usize,
                0x15 => skipped = skip(a == k),
                0x1d => skipped = skip(a == x),
                0x25 => skipped = skip(a > k),
                0x2d => skipped = skip(a > x),
                0x35 => skipped = skip(a >= k),
                0x3d => skipped = skip(a >= x),
                0x45 => skipped = skip(a & k != 0),
                0x4d => skipped = skip(a & x != 0),
                0x06 => return Some(k),
                0x16 => return Some(a),
                0x07 => x = a,
                0x87 => a = x,
                // No checked program holds another.
                _ => return None,
            }
            if skipped > 0 {
                rest.nth(skipped - 1)?;
            }
        }
        None
    }
}

impl FrameView<'_> {
    #[inline]
    fn byte(&self, at: u32) -> Option<u32> {
        match self.bytes.get(at as usize) {
            Some(&byte) => Some(u32::from(byte)),
            None => self.beside(at),
        }
    }

    #[inline]
    fn half(&self, at: u32) -> Option<u32> {
        match self.bytes.get(at as usize..).and_then(<[u8]>::first_chunk) {
            Some(&bytes) => Some(u32::from(u16::from_be_bytes(bytes))),
            None => self.beside(at),
        }
    }

    #[inline]
    fn word(&self, at: u32) -> Option<u32> {
        match self.bytes.get(at as usize..).and_then(<[u8]>::first_chunk) {
            Some(&bytes) => Some(u32::from_be_bytes(bytes)),
            None => self.beside(at),
        }
    }

    /// What the kernel tells beside a frame, by `linux/filter.h`.
    #[cold]
    fn beside(&self, at: u32) -> Option<u32> {
        match at.checked_sub(0xffff_f000)? {
            4 => Some(if self.outgoing { 4 } else { 0 }),
            44 => Some(self.stripped_tag.map_or(0, |(_, control)| u32::from(control))),
            48 => Some(u32::from(self.stripped_tag.is_some())),
            60 => Some(self.stripped_tag.map_or(0, |(kind, _)| u32::from(kind))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(instructions: &[(u16, u8, u8, u32)], bytes: &[u8]) -> u32 {
        let all = instructions.iter().map(|&(code, jt, jf, k)| Instruction { code, jt, jf, k });
        Program::new(all.collect()).expect("a program").run(&FrameView::whole(bytes))
    }

    #[test]
    fn loads_outside_the_frame_reject_it() {
        let load = |code, k| result(&[(code, 0, 0, k), (0x16, 0, 0, 0)], &[1, 2, 3, 4, 5]);
        assert_eq!(load(0x20, 1), 0x0203_0405);
        assert_eq!(load(0x20, 2), 0);
        assert_eq!(load(0x28, 3), 0x0405);
        assert_eq!(load(0x28, 4), 0);
        assert_eq!(load(0x30, 4), 5);
        assert_eq!(load(0x30, 5), 0);
        assert_eq!(load(0x20, u32::MAX), 0);
        assert_eq!(load(0x80, 0), 5);
    }

    #[test]
    fn arithmetic_is_that_of_32_bits() {
        let x = |code, k, x| {
            result(&[(0x01, 0, 0, x), (0x00, 0, 0, k), (code, 0, 0, 0), (0x16, 0, 0, 0)], &[])
        };
        assert_eq!(x(0x0c, u32::MAX, 3), 2);
        assert_eq!(x(0x3c, 7, 0), 0);
        assert_eq!(x(0x3c, 7, 2), 3);
        assert_eq!(x(0x9c, 7, 4), 3);
        assert_eq!(x(0x6c, 1, 40), 0);
        assert_eq!(x(0x84, 1, 0), u32::MAX);
    }

    #[test]
    fn jumps_skip() {
        let program = [(0x30, 0, 0, 0), (0x15, 1, 0, 7), (0x06, 0, 0, 1), (0x06, 0, 0, 2)];
        assert_eq!((result(&program, &[7]), result(&program, &[8])), (2, 1));
        let long = [(0x05, 0, 0, 1), (0x06, 0, 0, 1), (0x06, 0, 0, 2)];
        assert_eq!(result(&long, &[]), 2);
    }
}
