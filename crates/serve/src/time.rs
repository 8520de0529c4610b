//! Times as the API writes them: RFC 3339 in UTC.

use serde::Serializer;
use tripline_store::Timestamp;

/// `2025-10-08T14:30:00Z`, with a fraction where there is one; the epoch for what no calendar holds.
pub fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.0).unwrap_or_default().to_string()
}

/// Reads a time with its offset.
pub fn parse(text: &str) -> Option<Timestamp> {
    // The longest that RFC 3339 needs, with nanoseconds and an offset, has 35 letters.
    if text.len() > 40 {
        return None;
    }
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(at.as_microsecond()))
}

/// For `#[serde(serialize_with = "crate::time::serialize")]`.
pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*at))
}

/// As [`serialize`], null where there is none.
pub fn serialize_optional<S: Serializer>(
    at: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serialize(at, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads() {
        let at = Timestamp(1_759_933_800_000_000);
        assert_eq!(rfc3339(at), "2025-10-08T14:30:00Z");
        assert_eq!(parse("2025-10-08T16:30:00+02:00"), Some(at));
        assert_eq!(parse("yesterday"), None);
        assert_eq!(rfc3339(Timestamp(at.0 + 5)), "2025-10-08T14:30:00.000005Z");
    }
}
