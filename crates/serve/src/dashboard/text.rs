//! Numbers and times as the dashboard shows them.

use maud::{Markup, html};
use tripline_store::time::Timestamp;

/// Microseconds of a second.
pub(super) const SECOND: i64 = 1_000_000;
/// Microseconds of an hour.
pub(super) const HOUR: i64 = 3600 * SECOND;
/// Microseconds of a day.
pub(super) const DAY: i64 = 24 * HOUR;

/// A whole number in groups of three.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A size in bytes.
pub(super) fn bytes(value: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if value < 1000 {
        return format!("{value}\u{202f}B");
    }
    let (mut size, mut unit) = (value as f64 / 1000.0, 0);
    while size >= 999.95 && unit + 1 < UNITS.len() {
        size /= 1000.0;
        unit += 1;
    }
    format!("{size:.1}\u{202f}{}", UNITS[unit])
}

/// A time span, in the largest unit that leaves a number to read.
pub(super) fn span(micros: i64) -> String {
    let seconds = micros as f64 / SECOND as f64;
    match seconds.abs() {
        s if s < 1e-3 => format!("{micros}\u{202f}µs"),
        s if s < 1.0 => format!("{:.1}\u{202f}ms", seconds * 1e3),
        s if s < 60.0 && s.fract() < 0.05 => format!("{s:.0}\u{202f}s"),
        s if s < 60.0 => format!("{seconds:.1}\u{202f}s"),
        s if s < 3600.0 => two(s as u64 / 60, "min", s as u64 % 60, "s"),
        s if s < 86400.0 => two(s as u64 / 3600, "h", s as u64 / 60 % 60, "min"),
        s => two(s as u64 / 86400, "d", s as u64 / 3600 % 24, "h"),
    }
}

/// Two units of a time span, the smaller one left out if it is nothing.
fn two(large: u64, of_large: &str, small: u64, of_small: &str) -> String {
    match small {
        0 => format!("{large}\u{202f}{of_large}"),
        _ => format!("{large}\u{202f}{of_large} {small}\u{202f}{of_small}"),
    }
}

/// A probability, with as many digits as tell it from 0 or 1.
pub(super) fn probability(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{value:.3}");
    match text.as_str() {
        "1.000" if value < 1.0 => ">\u{2009}0.999".to_owned(),
        "0.000" if value > 0.0 => "<\u{2009}0.001".to_owned(),
        _ => text,
    }
}

/// A share in percent.
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let percent = part as f64 / whole as f64 * 100.0;
    match percent {
        p if part > 0 && p < 0.01 => "<\u{2009}0.01\u{202f}%".to_owned(),
        p if p < 10.0 => format!("{p:.2}\u{202f}%"),
        p => format!("{p:.1}\u{202f}%"),
    }
}

/// As RFC 3339 in UTC: `2025-10-08T14:30:00Z`.
pub(super) fn rfc3339(at: Timestamp) -> String {
    shown(at, "%Y-%m-%dT%H:%M:%SZ")
}

/// A time: UTC as it stands, in the reader's zone by script.
pub(super) fn time(at: Timestamp) -> Markup {
    html! { time datetime=(rfc3339(at)) title=(rfc3339(at)) { (shown(at, "%Y-%m-%d %H:%M:%S")) } }
}

/// A time without its year, for lists of what is recent.
pub(super) fn short_time(at: Timestamp) -> Markup {
    html! {
        time.nowrap datetime=(rfc3339(at)) title=(rfc3339(at)) data-form="short" {
            (shown(at, "%m-%d %H:%M:%S"))
        }
    }
}

/// The time of day, with seconds.
pub(super) fn clock(at: Timestamp) -> Markup {
    html! {
        time.nowrap datetime=(rfc3339(at)) title=(rfc3339(at)) data-form="clock" {
            (shown(at, "%H:%M:%S"))
        }
    }
}

/// A day.
pub(super) fn day(at: Timestamp) -> Markup {
    html! {
        time.nowrap datetime=(rfc3339(at)) title=(rfc3339(at)) data-form="day" {
            (shown(at, "%Y-%m-%d"))
        }
    }
}

/// In UTC by a pattern of `strftime`.
pub(super) fn shown(at: Timestamp, pattern: &str) -> String {
    jiff::Timestamp::from_microsecond(at.0)
        .map(|at| at.strftime(pattern).to_string())
        .unwrap_or_else(|_| "out of range".to_owned())
}

/// The first characters of a hash, for a place where the whole does not fit.
pub(super) fn short_hash(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(count(7), "7");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(bytes(999), "999\u{202f}B");
        assert_eq!(bytes(1_530_000), "1.5\u{202f}MB");
        assert_eq!(probability(0.99991), ">\u{2009}0.999");
        assert_eq!(probability(1.0), "1.000");
        assert_eq!(share(1, 8), "12.5\u{202f}%");
        assert_eq!(share(0, 0), "–");
    }

    #[test]
    fn times_say_utc() {
        let at = Timestamp(1_759_933_800 * SECOND);
        assert_eq!(rfc3339(at), "2025-10-08T14:30:00Z");
        assert!(time(at).into_string().contains(">2025-10-08 14:30:00</time>"));
        assert_eq!(span(90 * SECOND), "1\u{202f}min 30\u{202f}s");
        assert_eq!(span(12 * HOUR), "12\u{202f}h");
        assert_eq!(span(30 * SECOND), "30\u{202f}s");
        assert_eq!(span(10_840_000), "10.8\u{202f}s");
    }
}
