//! Text that is safe to write into a page, cut to the room it has.

/// Text with everything escaped that means something in HTML, in XML, or inside a quoted
/// attribute.
///
/// Control characters, which XML forbids, become `�`; so do the marks that turn the direction of
/// text, with which a column's name could rewrite how the line around it reads.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => out.push('\u{fffd}'),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                out.push('\u{fffd}');
            }
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

/// The width of text in the unit of `size`, for a sans-serif font.
///
/// By the advance widths of Helvetica with a fifth added: DejaVu Sans, which many systems without
/// better fonts fall back to, runs so much wider.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    let units: u32 = text.chars().map(advance).sum();
    f64::from(units) / 1000.0 * size * 1.2
}

/// Text cut at its end, with `…`, to what fits `room`.
pub(crate) fn fit(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        if width(&kept, size) + width("…", size) > room {
            kept.pop();
            break;
        }
    }
    kept.push('…');
    kept
}

/// Advance widths of Helvetica in thousandths of the size (Adobe font metrics); one em for what
/// lies beyond Latin, which holds for ideographs.
fn advance(character: char) -> u32 {
    match character {
        'i' | 'j' | 'l' | '\'' => 222,
        ' ' | '!' | ',' | '.' | '/' | ':' | ';' | 'I' | '[' | ']' | '\\' | 'f' | 't' | '|' => 278,
        '(' | ')' | '-' | 'r' | '`' | '{' | '}' | '·' => 333,
        'c' | 'k' | 's' | 'v' | 'x' | 'y' | 'z' | 'J' => 500,
        'F' | 'T' | 'Z' => 611,
        'A' | 'B' | 'E' | 'K' | 'P' | 'S' | 'V' | 'X' | 'Y' | '&' => 667,
        'C' | 'D' | 'H' | 'N' | 'R' | 'U' | 'w' => 722,
        'G' | 'O' | 'Q' => 778,
        'm' | 'M' => 833,
        '%' => 889,
        'W' => 944,
        '@' | '…' => 1015,
        '\u{2212}' | '+' | '=' | '<' | '>' | '~' => 584,
        character if character < '\u{250}' => 556,
        '\u{2000}'..='\u{206f}' => 556,
        _ => 1000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_text_is_markup() {
        assert_eq!(
            escape("<script>alert('x' & \"y\")</script>\u{1}\u{202e}"),
            "&lt;script&gt;alert(&#39;x&#39; &amp; &quot;y&quot;)&lt;/script&gt;\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn cut_text_fits() {
        let long = "a_very_long_column_name_that_no_axis_holds";
        let cut = fit(long, 12.0, 100.0);
        assert!(cut.ends_with('…') && width(&cut, 12.0) <= 100.0, "{cut}");
        assert_eq!(fit("sttl", 12.0, 100.0), "sttl");
        assert_eq!(fit("sttl", 12.0, 0.0), "…");
    }
}
