//! A reader over captured bytes that never reads past their end.

/// What is left to read; every method gives `None` where too little is left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next so many bytes.
    #[inline]
    pub(super) fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    /// One byte.
    #[inline]
    pub(super) fn u8(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    /// Two bytes, the most significant first.
    #[inline]
    pub(super) fn u16(&mut self) -> Option<u16> {
        let (taken, rest) = self.0.split_first_chunk::<2>()?;
        self.0 = rest;
        Some(u16::from_be_bytes(*taken))
    }

    /// Three bytes, the most significant first.
    #[inline]
    pub(super) fn u24(&mut self) -> Option<u32> {
        let (taken, rest) = self.0.split_first_chunk::<3>()?;
        self.0 = rest;
        Some(u32::from_be_bytes([0, taken[0], taken[1], taken[2]]))
    }

    /// Four bytes, the most significant first.
    #[inline]
    pub(super) fn u32(&mut self) -> Option<u32> {
        let (taken, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*taken))
    }

    /// A vector with its length in one byte in front.
    #[inline]
    pub(super) fn vector8(&mut self) -> Option<Reader<'a>> {
        let length = self.u8()?;
        self.take(length.into()).map(Reader)
    }

    /// A vector with its length in two bytes in front.
    #[inline]
    pub(super) fn vector16(&mut self) -> Option<Reader<'a>> {
        let length = self.u16()?;
        self.take(length.into()).map(Reader)
    }

    /// All the numbers of two bytes that are left; an odd byte at the end is left out.
    pub(super) fn all_u16(mut self) -> impl Iterator<Item = u16> + 'a {
        std::iter::from_fn(move || self.u16())
    }
}
