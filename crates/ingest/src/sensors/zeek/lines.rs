//! Zeek's logs as JSON lines.

use super::column::Column;
use super::kind::Kind;
use super::record::{Cell, Record};
use crate::sensors::json::Json;

/// The record on a line, with the log that it belongs to; `None` for other logs.
///
/// The members of `id` may stand in an inner object. `_path` tells the log where it is written,
/// else the members that only one log has.
pub(crate) fn record(line: &str) -> Result<Option<(Kind, Record<'_>)>, String> {
    let Json::Object(members) = Json::parse(line)? else {
        return Err("the line is no JSON object".to_owned());
    };
    let mut record = Record::new();
    let mut put = |name: &str, value| {
        if let (Some(column), false) = (Column::named(name), matches!(value, Json::Null)) {
            record.set(column, Cell::Json(value));
        }
    };
    for (name, value) in members {
        match value {
            Json::Object(inner) if name == "id" => {
                for (name, value) in inner {
                    put(&format!("id.{name}"), value);
                }
            }
            value => put(&name, value),
        }
    }
    let kind = match record.text(Column::Path) {
        Some(path) => Kind::named(&path),
        None => Kind::with(|column| record.has(column)),
    };
    Ok(kind.map(|kind| (kind, record)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_may_be_nested() {
        let nested = r#"{"_path":"dns","uid":"C1","id":{"orig_h":"10.0.0.1","orig_p":53}}"#;
        let (kind, record) = record(nested).expect("valid").expect("known");
        assert_eq!(kind, Kind::Dns);
        assert_eq!(record.text(Column::OrigHost).as_deref(), Some("10.0.0.1"));
        assert_eq!(record.whole(Column::OrigPort), Some(53));
        assert!(super::record(r#"{"_path":"x509","uid":"C1"}"#).expect("valid").is_none());
        assert!(super::record("[]").is_err());
    }
}
