//! Which byte stands between the cells of a text table.

use super::record::{self, End, Fields};

const CANDIDATES: [u8; 4] = [b',', b'\t', b';', b'|'];
/// Records that are looked at.
const RECORDS: usize = 50;

/// The delimiter by which the most of the first records fall into the same number of cells, more
/// cells being better; a comma if none divides them.
pub(crate) fn delimiter(head: &[u8]) -> u8 {
    let mut best = (0, b',');
    for candidate in CANDIDATES {
        let quality = quality(head, candidate);
        if quality > best.0 {
            best = (quality, candidate);
        }
    }
    best.1
}

fn quality(head: &[u8], delimiter: u8) -> usize {
    let mut fields = Fields::default();
    let mut widths = Vec::new();
    let mut at = 0;
    while widths.len() < RECORDS && at < head.len() {
        let end = match record::end(head, at, Some(delimiter)) {
            End::At(end) => end,
            End::Unterminated => head.len(),
            End::Open => break,
        };
        fields.split(&head[at..end], delimiter);
        widths.push(fields.len());
        at = end;
    }
    let Some(&width) = widths.first() else { return 0 };
    let same = widths.iter().filter(|&&other| other == width).count();
    if width < 2 { 0 } else { same * width }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_found_past_quotes() {
        assert_eq!(delimiter(b"a,b\n1,2\n"), b',');
        assert_eq!(delimiter(b"a;b;c\n1,5;2;3\n\"x,y,z\";2;3\n"), b';');
        assert_eq!(delimiter(b"a\tb\n1\t2\n"), b'\t');
        assert_eq!(delimiter(b"alone\n1\n"), b',');
    }
}
