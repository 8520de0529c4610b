//! Numbers as a person reads them.

/// A whole number with its thousands set apart: `82,332`.
pub fn count(value: usize) -> String {
    group(&value.to_string())
}

/// Up to four significant digits; whole numbers below 10⁹ in full. The minus is a real one.
pub fn short(value: f64) -> String {
    if value.is_nan() {
        return "missing".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞".to_owned() } else { "\u{2212}∞".to_owned() };
    }
    let size = value.abs();
    let text = if size == 0.0 {
        "0".to_owned()
    } else if size == size.trunc() && size < 1e9 {
        group(&format!("{size:.0}"))
    } else if (1e-3..1e6).contains(&size) {
        let decimals = (0..=6).find(|&d| size * power(d) >= 1000.0).unwrap_or(6);
        let fixed = format!("{size:.decimals$}");
        let (whole, rest) = fixed.split_once('.').unwrap_or((&fixed, ""));
        let rest = rest.trim_end_matches('0');
        if rest.is_empty() { group(whole) } else { format!("{}.{rest}", group(whole)) }
    } else {
        let scientific = format!("{size:.2e}");
        let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        format!("{digits}e{exponent}").replace('-', "\u{2212}")
    };
    if value < 0.0 { format!("\u{2212}{text}") } else { text }
}

/// As [`short`] with three decimals at most, always with its sign: `+1.8`.
pub fn signed(value: f64) -> String {
    let rounded = (value * 1000.0).round() / 1000.0;
    let shown = if rounded == 0.0 && value != 0.0 { value } else { rounded };
    if shown > 0.0 { format!("+{}", short(shown)) } else { short(shown) }
}

/// A figure of merit: four decimals.
pub fn metric(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{:.4}", value.abs());
    if value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        format!("\u{2212}{text}")
    } else {
        text
    }
}

/// A share as a percentage with as many digits as tell it from 0 % or 100 %, four at most.
pub fn percent(share: f64) -> String {
    if !(share * 100.0).is_finite() {
        return "–".to_owned();
    }
    let sign = if share < 0.0 { "\u{2212}" } else { "" };
    let value = share.abs() * 100.0;
    let distance = value.min((100.0 - value).abs());
    if distance > 0.0 && distance < 5e-5 {
        let bound = if value < 50.0 { "<\u{a0}0.0001" } else { ">\u{a0}99.9999" };
        return format!("{sign}{bound}\u{a0}%");
    }
    // The bounds lie a rounding error below the round number.
    let decimals = match distance {
        0.0 => 0,
        1.0.. => 1,
        // Two significant digits of a small share.
        _ if value < 50.0 => (2..=4).find(|&d| distance * power(d) >= 9.999_999).unwrap_or(4),
        // One of the distance from the whole.
        _ => (2..=4).find(|&d| distance * power(d) >= 0.999_999).unwrap_or(4),
    };
    let mut text = format!("{value:.decimals$}");
    if decimals > 1 && text.ends_with('0') {
        text.truncate(text.len() - 1);
    }
    format!("{sign}{text}\u{a0}%")
}

/// 10 to a small whole power, exact.
fn power(exponent: usize) -> f64 {
    (0..exponent).fold(1.0, |product, _| product * 10.0)
}

fn group(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let shown: Vec<String> =
            [0.0, -0.0, 254.0, 1234567.0, 0.12345, 12.3456, 1e-5, -2.5e12, 99_999.96, 0.1 + 0.2]
                .map(short)
                .into();
        assert_eq!(
            shown,
            [
                "0",
                "0",
                "254",
                "1,234,567",
                "0.1235",
                "12.35",
                "1e\u{2212}5",
                "\u{2212}2.5e12",
                "100,000",
                "0.3"
            ]
        );
        assert_eq!(count(82_332), "82,332");
        assert_eq!(count(7), "7");
        assert_eq!([1.8123, -0.00004, 0.0].map(signed), ["+1.812", "\u{2212}4e\u{2212}5", "0"]);
        assert_eq!(metric(-0.000_001), "0.0000");
        assert_eq!(metric(f64::NAN), "–");
    }

    #[test]
    fn a_share_keeps_its_distance_from_the_ends() {
        let shown: Vec<String> =
            [0.0, 1.0, 0.5, 0.001, 0.00076, 0.99931, 0.99999, 0.0421, 1e-9, 0.999_999_9]
                .map(percent)
                .into();
        let expected = [
            "0 %",
            "100 %",
            "50.0 %",
            "0.1 %",
            "0.076 %",
            "99.93 %",
            "99.999 %",
            "4.2 %",
            "< 0.0001 %",
            "> 99.9999 %",
        ];
        assert_eq!(shown, expected.map(|text| text.replace(' ', "\u{a0}")));
    }
}
