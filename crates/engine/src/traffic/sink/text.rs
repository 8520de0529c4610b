//! Values as text: times, numbers.

use tripline_core::text::date;

use super::super::table::Cells;

/// Nanoseconds since 1970 as RFC 3339 in UTC, with nine digits of a second.
pub fn timestamp(time_ns: i64) -> String {
    const SECOND: i64 = 1_000_000_000;
    let (seconds, nanos) = (time_ns.div_euclid(SECOND), time_ns.rem_euclid(SECOND));
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{nanos:09}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

/// Appends a finite number in the shortest form that reads back equal; others as nothing.
pub(super) fn push_number(out: &mut String, value: f64) {
    use std::fmt::Write as _;
    // Most columns are counts: whole numbers below 2^53 take the quick way.
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        let _ = write!(out, "{}", value as i64);
    } else if value.is_finite() {
        let _ = write!(out, "{value}");
    }
}

/// The text of a cell, or `None` where it is missing; numbers are left to the caller.
pub(super) fn is_missing(cells: &Cells, row: usize) -> bool {
    match cells {
        Cells::Number(values) => !values[row].is_finite(),
        Cells::Text(values) => values[row].is_none(),
        Cells::Time(_) | Cells::Count(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        // date -u -d @951782400 +%FT%T
        assert_eq!(timestamp(951_782_400_000_000_000), "2000-02-29T00:00:00.000000000Z");
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(timestamp(-1), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(timestamp(1_763_622_888_123_456_789), "2025-11-20T07:14:48.123456789Z");
        assert!(timestamp(i64::MAX).starts_with("2262-04-11T"));
    }

    #[test]
    fn numbers_read_back() {
        for value in [0.0, -0.0, 1.5, 1e300, 9_007_199_254_740_993.0, 0.1 + 0.2] {
            let mut text = String::new();
            push_number(&mut text, value);
            assert_eq!(text.parse::<f64>().expect("a number"), value);
        }
        let mut text = String::new();
        push_number(&mut text, f64::NAN);
        assert_eq!(text, "");
    }
}
