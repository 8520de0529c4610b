//! The number that a cell of text is.

/// What a cell of text is as a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    /// A finite number; `true` is 1, `false` is 0.
    Finite(f64),
    /// `Infinity`, or a number too large for 64 bits.
    Infinite,
    /// An empty cell, or one of the markers of a missing value.
    Missing,
    /// Anything else.
    Text,
}

// Powers of ten that a 64-bit float holds exactly (Clinger 1990): a quotient of two exact numbers
// is rounded once, so it is the nearest float to what is written.
const EXACT: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];
const MAX_MANTISSA: u64 = 1 << 53;

/// Reads digits with an optional sign and fraction from the start of `bytes`; gives the number
/// with how many bytes it took. `None` if there is no digit, or too many for an exact answer: the
/// caller then asks [`number`].
#[inline]
pub(crate) fn prefix(bytes: &[u8]) -> Option<(f64, usize)> {
    let mut at = 0;
    let negative = bytes.first() == Some(&b'-');
    at += usize::from(negative);
    let mut mantissa: u64 = 0;
    let whole = at;
    while let Some(&byte) = bytes.get(at) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    let mut digits = at - whole;
    let mut scale = 0;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        let fraction = at;
        while let Some(&byte) = bytes.get(at) {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            at += 1;
        }
        scale = at - fraction;
        digits += scale;
    }
    // 19 digits never overflow 64 bits.
    if digits == 0 || digits > 19 || mantissa > MAX_MANTISSA {
        return None;
    }
    let value = if scale == 0 { mantissa as f64 } else { mantissa as f64 / EXACT[scale] };
    Some((if negative { -value } else { value }, at))
}

/// The number that a whole cell is; spaces around it are ignored.
pub(crate) fn number(cell: &[u8]) -> Number {
    let cell = cell.trim_ascii();
    if let Some((value, used)) = prefix(cell)
        && used == cell.len()
    {
        return Number::Finite(value);
    }
    if is_missing(cell) {
        return Number::Missing;
    }
    // The first byte tells most text from numbers without a parse.
    let Some(first) = cell.first() else { return Number::Missing };
    match first {
        b'0'..=b'9' | b'+' | b'-' | b'.' => {}
        b't' | b'T' if cell.eq_ignore_ascii_case(b"true") => return Number::Finite(1.0),
        b'f' | b'F' if cell.eq_ignore_ascii_case(b"false") => return Number::Finite(0.0),
        b'i' | b'I' => {}
        _ => return Number::Text,
    }
    match std::str::from_utf8(cell).ok().and_then(|text| text.parse::<f64>().ok()) {
        Some(value) if value.is_nan() => Number::Missing,
        Some(value) if value.is_infinite() => Number::Infinite,
        Some(value) => Number::Finite(value),
        None => Number::Text,
    }
}

/// Whether a cell is empty or a marker of a missing value; `-` is none.
pub fn is_missing(cell: &[u8]) -> bool {
    match cell.len() {
        0 => true,
        2 => cell.eq_ignore_ascii_case(b"na"),
        3 => cell.eq_ignore_ascii_case(b"nan") || cell.eq_ignore_ascii_case(b"n/a"),
        4 => cell.eq_ignore_ascii_case(b"null") || cell.eq_ignore_ascii_case(b"none"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_become_what_they_mean() {
        assert_eq!(number(b" 12.50 "), Number::Finite(12.5));
        assert_eq!(number(b"-0.1"), Number::Finite(-0.1));
        assert_eq!(number(b"1e-3"), Number::Finite(1e-3));
        assert_eq!(number(b"TRUE"), Number::Finite(1.0));
        assert_eq!(number(b"Infinity"), Number::Infinite);
        assert_eq!(number(b"-inf"), Number::Infinite);
        assert_eq!(number(b"1e999"), Number::Infinite);
        assert_eq!(number(b"NaN"), Number::Missing);
        assert_eq!(number(b""), Number::Missing);
        for text in ["-", ".", "+", "12a", "0x1f", "1.2.3", "tcp", "1_000", "\u{663}"] {
            assert_eq!(number(text.as_bytes()), Number::Text, "{text}");
        }
    }

    proptest! {
        // The standard library's parse, which is correctly rounded.
        #[test]
        fn every_float_is_the_nearest_one(value in any::<f64>(), digits in 0usize..25) {
            prop_assume!(value.is_finite());
            for text in [format!("{value}"), format!("{value:e}"), format!("{value:.digits$}")] {
                let expected: f64 = text.parse().unwrap();
                match number(text.as_bytes()) {
                    Number::Finite(got) => prop_assert_eq!(got.to_bits(), expected.to_bits()),
                    other => prop_assert!(false, "{} is {:?}", text, other),
                }
            }
        }

        #[test]
        fn short_decimals_too(text in "-?[0-9]{1,12}(\\.[0-9]{0,10})?") {
            let expected: f64 = text.parse().unwrap();
            prop_assert_eq!(number(text.as_bytes()), Number::Finite(expected));
        }
    }
}
