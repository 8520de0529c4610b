//! Captured bytes from some header to the end of what encloses it.

/// Captured bytes from some header on, with how many there were on the wire.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    /// What was captured.
    pub(super) data: &'a [u8],
    /// Where that begins in the bytes of the batch.
    pub(super) at: u32,
    /// Bytes by the header that encloses these; those captured are never more.
    pub(super) wire: u32,
}

impl<'a> View<'a> {
    /// What comes behind so many bytes; `None` if they were not captured.
    #[inline]
    pub(super) fn skip(self, bytes: usize) -> Option<Self> {
        let data = self.data.get(bytes..)?;
        let bytes = bytes as u32;
        Some(Self { data, at: self.at + bytes, wire: self.wire.saturating_sub(bytes) })
    }

    /// The same, so long on the wire.
    #[inline]
    pub(super) fn limit(self, wire: u32) -> Self {
        let data = &self.data[..self.data.len().min(wire as usize)];
        Self { data, wire, ..self }
    }

    #[inline]
    pub(super) fn byte(self, at: usize) -> Option<u8> {
        self.data.get(at).copied()
    }

    /// A number of two bytes in network byte order.
    #[inline]
    pub(super) fn u16(self, at: usize) -> Option<u16> {
        self.data.get(at..)?.first_chunk().copied().map(u16::from_be_bytes)
    }

    /// A number of four bytes in network byte order.
    #[inline]
    pub(super) fn u32(self, at: usize) -> Option<u32> {
        self.data.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
    }

    /// True if all of it was captured.
    #[inline]
    pub(super) fn whole(self) -> bool {
        self.data.len() >= self.wire as usize
    }
}
