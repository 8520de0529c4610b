//! Lines of text protocols, cut at a bound.

/// Most bytes of a line that are looked at; the rest is read over.
pub(super) const LINE_BYTES: usize = 4096;

/// What [`Lines::next`] found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// A line without its end, cut at [`LINE_BYTES`].
    Whole(&'a [u8]),
    /// The line goes on behind the bytes.
    More,
}

/// Splits a stream into lines. The same bytes give the same lines however they are cut into pieces.
#[derive(Debug, Default)]
pub(super) struct Lines {
    discarding: bool,
}

impl Lines {
    /// The next line, with how many bytes were used. LF ends a line, a CR in front of it is left
    /// out.
    pub(super) fn next<'a>(&mut self, bytes: &'a [u8]) -> (Line<'a>, usize) {
        let mut start = 0;
        if self.discarding {
            match memchr::memchr(b'\n', bytes) {
                None => return (Line::More, bytes.len()),
                Some(end) => {
                    self.discarding = false;
                    start = end + 1;
                }
            }
        }
        let rest = &bytes[start..];
        let head = &rest[..rest.len().min(LINE_BYTES)];
        match memchr::memchr(b'\n', head) {
            Some(end) => {
                let line = &head[..end];
                (Line::Whole(line.strip_suffix(b"\r").unwrap_or(line)), start + end + 1)
            }
            None if head.len() == LINE_BYTES => {
                self.discarding = true;
                (Line::Whole(head), start + LINE_BYTES)
            }
            None => (Line::More, start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut() {
        let mut lines = Lines::default();
        let mut bytes = vec![b'a'; LINE_BYTES + 9];
        bytes.extend_from_slice(b"\r\nnext\r\nx");
        let (line, used) = lines.next(&bytes);
        assert_eq!((line, used), (Line::Whole(&bytes[..LINE_BYTES]), LINE_BYTES));
        let (line, more) = lines.next(&bytes[used..]);
        assert_eq!(line, Line::Whole(b"next"));
        assert_eq!(lines.next(&bytes[used + more..]), (Line::More, 0));
    }
}
