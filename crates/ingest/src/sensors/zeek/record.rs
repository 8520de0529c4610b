//! One record of a Zeek log, whichever form it was written in.

use std::borrow::Cow;
use std::net::IpAddr;

use tripline_core::flow::FlowKey;
use tripline_core::packet::Vlan;

use super::column::Column;
use crate::sensors::endpoint;
use crate::sensors::json::Json;
use crate::time::{TimeFormat, epoch_number, instant};

/// One value.
#[derive(Debug, Clone, Default)]
pub(super) enum Cell<'a> {
    /// Not there, or unset.
    #[default]
    Unset,
    /// As it stands in a TSV log, with escapes.
    Raw(&'a [u8]),
    /// A list in a TSV log: its elements as they stand there.
    RawList(Vec<&'a [u8]>),
    /// From a JSON log.
    Json(Json<'a>),
}

/// One record.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    cells: [Cell<'a>; Column::COUNT],
}

impl<'a> Record<'a> {
    pub(super) fn new() -> Self {
        Self { cells: std::array::from_fn(|_| Cell::Unset) }
    }

    pub(super) fn set(&mut self, column: Column, cell: Cell<'a>) {
        self.cells[column as usize] = cell;
    }

    pub(super) fn has(&self, column: Column) -> bool {
        !matches!(self.cells[column as usize], Cell::Unset)
    }

    /// A text without escapes.
    pub(super) fn text(&self, column: Column) -> Option<Cow<'_, str>> {
        match &self.cells[column as usize] {
            Cell::Raw(bytes) => Some(unescape(bytes)),
            Cell::Json(Json::Text(text)) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    /// A whole number.
    pub(super) fn whole(&self, column: Column) -> Option<u64> {
        match &self.cells[column as usize] {
            Cell::Raw(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
            Cell::Json(value) => value.whole(),
            _ => None,
        }
    }

    /// A whole number that fits.
    pub(super) fn small<T: TryFrom<u64>>(&self, column: Column) -> Option<T> {
        T::try_from(self.whole(column)?).ok()
    }

    /// A truth.
    pub(super) fn truth(&self, column: Column) -> Option<bool> {
        match &self.cells[column as usize] {
            Cell::Raw(b"T") => Some(true),
            Cell::Raw(b"F") => Some(false),
            Cell::Json(value) => value.truth(),
            _ => None,
        }
    }

    /// An instant in nanoseconds since 1970: seconds with a fraction, or ISO 8601.
    pub(super) fn time(&self, column: Column) -> Option<i64> {
        match &self.cells[column as usize] {
            Cell::Raw(bytes) => instant(bytes, TimeFormat::Any),
            Cell::Json(Json::Text(text)) => instant(text.as_bytes(), TimeFormat::Any),
            // A float tells seconds of our time to a quarter of a microsecond; Zeek wrote whole
            // microseconds.
            Cell::Json(Json::Number(seconds)) if seconds.abs() < 1e11 => {
                // A cast from a float saturates.
                Some(((seconds * 1e6).round() as i64).saturating_mul(1_000))
            }
            Cell::Json(value) => epoch_number(value.number()?),
            _ => None,
        }
    }

    /// A time span in nanoseconds, never negative; it is written in seconds.
    pub(super) fn span(&self, column: Column) -> Option<i64> {
        let seconds = match &self.cells[column as usize] {
            Cell::Raw(bytes) => std::str::from_utf8(bytes).ok()?.parse::<f64>().ok()?,
            Cell::Json(value) => value.number()?,
            _ => return None,
        };
        // A cast from a float saturates.
        seconds.is_finite().then(|| (seconds * 1e9).round().max(0.0) as i64)
    }

    /// Elements of a list; a single text is a list of one.
    pub(super) fn texts(&self, column: Column) -> Vec<Cow<'_, str>> {
        match &self.cells[column as usize] {
            Cell::RawList(list) => list.iter().map(|bytes| unescape(bytes)).collect(),
            Cell::Json(Json::List(list)) => {
                list.iter().filter_map(|value| value.text()).map(Cow::Borrowed).collect()
            }
            _ => self.text(column).into_iter().collect(),
        }
    }

    /// Numbers of a list.
    pub(super) fn numbers(&self, column: Column) -> Vec<f64> {
        match &self.cells[column as usize] {
            Cell::Json(Json::List(list)) => list.iter().filter_map(Json::number).collect(),
            Cell::Json(value) => value.number().into_iter().collect(),
            _ => self.texts(column).iter().filter_map(|text| text.parse().ok()).collect(),
        }
    }

    /// How many elements a list has, of whatever kind.
    pub(super) fn count(&self, column: Column) -> usize {
        match &self.cells[column as usize] {
            Cell::Unset => 0,
            Cell::RawList(list) => list.len(),
            Cell::Json(Json::List(list)) => list.len(),
            Cell::Raw(_) | Cell::Json(_) => 1,
        }
    }

    /// The ends of the flow; of ICMP, the ports are type and code as Zeek writes them, of which
    /// the code becomes the type of the answer where there is one.
    pub(super) fn key(&self, protocol: u8, vlan: Vlan) -> Result<FlowKey, String> {
        let address = |column, name: &str| -> Result<IpAddr, String> {
            let text = self.text(column).ok_or_else(|| format!("`{name}` is not set"))?;
            text.parse().map_err(|_| format!("`{name}` is no address: {:?}", short(&text)))
        };
        let port = |column, name: &str| -> Result<u16, String> {
            self.small(column).ok_or_else(|| format!("`{name}` is no port"))
        };
        let orig = (address(Column::OrigHost, "id.orig_h")?, port(Column::OrigPort, "id.orig_p")?);
        let resp = (address(Column::RespHost, "id.resp_h")?, port(Column::RespPort, "id.resp_p")?);
        endpoint::key(orig, resp, protocol, vlan)
            .ok_or_else(|| "one address is IPv4, the other IPv6".to_owned())
    }
}

/// Text of a TSV log: `\xHH` is the byte of that number; what is no UTF-8 is replaced.
pub(super) fn unescape(bytes: &[u8]) -> Cow<'_, str> {
    if !bytes.contains(&b'\\') {
        return String::from_utf8_lossy(bytes);
    }
    Cow::Owned(String::from_utf8_lossy(&unescape_bytes(bytes)).into_owned())
}

/// The same as bytes.
pub(super) fn unescape_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == b'\\' {
            match after {
                [b'x', high, low, after @ ..] => {
                    if let (Some(high), Some(low)) = (hex(*high), hex(*low)) {
                        plain.push(high << 4 | low);
                        rest = after;
                        continue;
                    }
                }
                [b'\\', after @ ..] => {
                    plain.push(b'\\');
                    rest = after;
                    continue;
                }
                _ => {}
            }
        }
        plain.push(*first);
    }
    plain
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}

/// The start of a text, for a message.
pub(super) fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        assert_eq!(unescape(br"a\x09b\\c\xzz\x4"), "a\tb\\c\\xzz\\x4");
        assert_eq!(unescape(b"plain"), "plain");
        assert_eq!(unescape(br"\xc3\xa9\xff"), "é\u{fffd}");
    }

    #[test]
    fn times_keep_their_microseconds() {
        let mut record = Record::new();
        record.set(Column::Ts, Cell::Json(Json::Number(1_600_000_000.123_456)));
        assert_eq!(record.time(Column::Ts), Some(1_600_000_000_123_456_000));
        record.set(Column::Ts, Cell::Json(Json::Text("2020-09-13T12:26:40.123456Z".into())));
        assert_eq!(record.time(Column::Ts), Some(1_600_000_000_123_456_000));
        record.set(Column::Ts, Cell::Raw(b"1600000000.123456"));
        assert_eq!(record.time(Column::Ts), Some(1_600_000_000_123_456_000));
        record.set(Column::Ts, Cell::Raw(b"XXXXXXXXXX.XXXXXX"));
        assert_eq!(record.time(Column::Ts), None);
        record.set(Column::Duration, Cell::Raw(b"0.294743"));
        assert_eq!(record.span(Column::Duration), Some(294_743_000));
    }
}
