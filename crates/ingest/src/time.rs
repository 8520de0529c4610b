//! The instant that a cell tells, in nanoseconds since 1970-01-01 UTC.

/// How a time column is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    /// Seconds, milli-, micro- or nanoseconds since 1970, told apart by size; or RFC 3339.
    Any,
    /// Day, month, year, then a clock of twelve hours without its half: CICFlowMeter's, of captures
    /// that ran in working hours, so an hour before 8 is an afternoon's.
    DayFirst,
}

const SECOND: i64 = 1_000_000_000;

/// The instant that a cell tells; `None` if it tells none.
pub(crate) fn instant(cell: &[u8], format: TimeFormat) -> Option<i64> {
    let text = std::str::from_utf8(cell.trim_ascii()).ok()?;
    match format {
        TimeFormat::Any => match text.parse::<f64>() {
            Ok(number) => epoch(text, number),
            Err(_) => rfc3339(text),
        },
        TimeFormat::DayFirst => day_first(text),
    }
}

/// The instant of a number since 1970, whose size tells its unit: as seconds, 10^11 is the year
/// 5138; as milliseconds it is 1973, before any traffic was captured.
pub(crate) fn epoch_number(number: f64) -> Option<i64> {
    let unit = unit_of(number)?;
    let instant = number * unit as f64;
    (instant.abs() < 9.2e18).then_some(instant as i64)
}

fn unit_of(number: f64) -> Option<i64> {
    if !number.is_finite() {
        return None;
    }
    Some(match number.abs() {
        size if size < 1e11 => SECOND,
        size if size < 1e14 => 1_000_000,
        size if size < 1e17 => 1_000,
        _ => 1,
    })
}

/// Keeps all digits, where a float would lose the last of a nanosecond.
fn epoch(text: &str, number: f64) -> Option<i64> {
    let unit = unit_of(number)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let Ok(whole_number) = whole.parse::<i64>() else { return epoch_number(number) };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return epoch_number(number);
    }
    let mut part = 0;
    let mut place = unit / 10;
    for digit in fraction.bytes() {
        part += i64::from(digit - b'0') * place;
        place /= 10;
    }
    let part = if whole.starts_with('-') { -part } else { part };
    whole_number.checked_mul(unit)?.checked_add(part)
}

/// `2015-01-22T12:34:56.789Z`; a space may stand for the `T`, without a zone it is UTC.
fn rfc3339(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return None;
    }
    let date = days(digits(bytes, 0, 4)?, digits(bytes, 5, 2)?, digits(bytes, 8, 2)?)?;
    if bytes.len() == 10 {
        return date.checked_mul(86_400 * SECOND);
    }
    if !matches!(bytes.get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let (clock, used) = clock(bytes.get(11..)?)?;
    let zone = match bytes.get(11 + used..)? {
        [] | [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let hours = digits(rest, 0, 2)?;
            let minutes = match rest.len() {
                2 => 0,
                4 => digits(rest, 2, 2)?,
                5 if rest[2] == b':' => digits(rest, 3, 2)?,
                _ => return None,
            };
            let offset = (hours * 60 + minutes) * 60;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    date.checked_mul(86_400)?.checked_sub(zone)?.checked_mul(SECOND)?.checked_add(clock)
}

fn day_first(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(' ')?;
    let mut parts = date.split('/').map(|part| part.parse::<i64>().ok());
    let (day, month, year) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() {
        return None;
    }
    let (time, half) = match time.trim().split_once(' ') {
        Some((time, half)) => (time, Some(half)),
        None => (time.trim(), None),
    };
    let padded = if time.find(':') == Some(1) { format!("0{time}") } else { time.to_owned() };
    let (mut clock, used) = clock(padded.as_bytes())?;
    if used != padded.len() {
        return None;
    }
    let hour = clock / (3600 * SECOND);
    let afternoon = match half {
        None => hour < 8,
        Some(half) if half.eq_ignore_ascii_case("pm") => hour < 12,
        Some(half) if half.eq_ignore_ascii_case("am") => {
            // Twelve in the morning is midnight.
            if hour == 12 {
                clock -= 12 * 3600 * SECOND;
            }
            false
        }
        Some(_) => return None,
    };
    if afternoon {
        clock += 12 * 3600 * SECOND;
    }
    days(year, month, day)?.checked_mul(86_400 * SECOND)?.checked_add(clock)
}

/// `hh:mm`, `hh:mm:ss`, `hh:mm:ss.fraction` in nanoseconds, with the bytes used.
fn clock(bytes: &[u8]) -> Option<(i64, usize)> {
    let (hour, minute) = (digits(bytes, 0, 2)?, digits(bytes, 3, 2)?);
    if bytes.get(2) != Some(&b':') || hour > 23 || minute > 59 {
        return None;
    }
    let mut used = 5;
    let mut nanoseconds = (hour * 60 + minute) * 60 * SECOND;
    if bytes.get(5) == Some(&b':') {
        let second = digits(bytes, 6, 2)?;
        // 60 is a leap second.
        if second > 60 {
            return None;
        }
        nanoseconds += second * SECOND;
        used = 8;
        if bytes.get(8) == Some(&b'.') {
            used = 9;
            let mut place = SECOND / 10;
            while let Some(digit) = bytes.get(used).filter(|byte| byte.is_ascii_digit()) {
                nanoseconds += i64::from(digit - b'0') * place;
                place /= 10;
                used += 1;
            }
        }
    }
    Some((nanoseconds, used))
}

fn digits(bytes: &[u8], from: usize, count: usize) -> Option<i64> {
    bytes.get(from..from + count)?.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'))
    })
}

/// Days since 1970-01-01 of the proleptic Gregorian calendar (Hinnant, `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_writing_of_an_instant_is_the_same_instant() {
        // date -u -d 2015-01-22T12:34:56Z +%s
        let expected = Some(1_421_930_096 * SECOND);
        for text in [
            "1421930096",
            "1421930096000",
            "1421930096000000",
            "1421930096000000000",
            "1421930096.0",
            "2015-01-22T12:34:56Z",
            "2015-01-22 12:34:56",
            "2015-01-22T13:34:56.000+01:00",
            "2015-01-22T07:04:56-0530",
        ] {
            assert_eq!(instant(text.as_bytes(), TimeFormat::Any), expected, "{text}");
        }
        for text in ["22/01/2015 12:34:56", "22/1/2015 12:34:56 PM"] {
            assert_eq!(instant(text.as_bytes(), TimeFormat::DayFirst), expected, "{text}");
        }
        for (text, second) in [("1/1/1970 12:05:00 AM", 300), ("01/01/1970 01:05:00 AM", 3900)] {
            let instant = instant(text.as_bytes(), TimeFormat::DayFirst);
            assert_eq!(instant, Some(second * SECOND), "{text}");
        }
        assert_eq!(
            instant(b"1421930096.123456789", TimeFormat::Any),
            Some(1_421_930_096_123_456_789)
        );
        // date -u -d '2017-07-07 15:30' +%s
        assert_eq!(instant(b"7/7/2017 3:30", TimeFormat::DayFirst), Some(1_499_441_400 * SECOND));
        for text in ["", "tcp", "2015-13-01", "2015-01-22T25:00:00Z", "inf", "1e300", "\u{2014}"] {
            assert_eq!(instant(text.as_bytes(), TimeFormat::Any), None, "{text}");
        }
    }
}
