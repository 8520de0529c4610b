//! JSON lines parsed into columns: one object a line, members of inner objects named `outer.inner`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::record::{self, End, chomp};
use crate::chunk::{BadReason, Chunk, Role};

/// Objects inside of objects beyond this depth are left out.
const MAX_DEPTH: usize = 8;

/// One member's value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Missing,
    Number(f64),
    Text(Cow<'a, str>),
}

impl Value<'_> {
    /// As a cell of text.
    pub(crate) fn cell(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Missing => Cow::Borrowed(b""),
            Self::Number(value) => Cow::Owned(format!("{value}").into_bytes()),
            Self::Text(text) => Cow::Borrowed(text.as_bytes()),
        }
    }
}

/// Members of an object in the order in which they stand.
pub(crate) type Members<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// The members of one line; lists are left out.
pub(crate) fn members(line: &[u8]) -> Result<Members<'_>, BadReason> {
    // `from_slice` checks UTF-8 in strings alone, lazily; here the whole line has to be text.
    let text = std::str::from_utf8(line)
        .map_err(|_| BadReason::Json("the line is no UTF-8 text".to_owned()))?;
    let mut members = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(text);
    Object { prefix: "", depth: 0, members: &mut members }
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|error| BadReason::Json(told(&error)))?;
    Ok(members)
}

/// Without the parser's own line number, which is always 1.
fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line 1 column ") {
        Some((reason, column)) => format!("{reason} at column {column}"),
        None => text,
    }
}

/// What the parser of one file knows.
#[derive(Debug)]
pub(crate) struct JsonLines {
    pub(crate) roles: Vec<Role>,
    /// Where a member's column stands.
    pub(crate) positions: HashMap<String, usize>,
    pub(crate) max_record_bytes: usize,
}

impl JsonLines {
    /// Parses whole lines.
    pub(crate) fn parse(&self, bytes: &[u8]) -> Chunk {
        let mut chunk = Chunk::new(&self.roles, bytes.len() / 512 + 1);
        let mut row: Vec<Value<'_>> = vec![Value::Missing; self.roles.len()];
        let mut at = 0;
        while at < bytes.len() {
            let end = match record::end(bytes, at, None) {
                End::At(end) => end,
                _ => bytes.len(),
            };
            let line = chomp(&bytes[at..end]);
            if end - at > self.max_record_bytes {
                chunk.bad(BadReason::TooLong);
            } else if !line.trim_ascii().is_empty() {
                match members(line) {
                    Ok(members) => self.row(members, &mut row, &mut chunk),
                    Err(reason) => chunk.bad(reason),
                }
            }
            chunk.lines += 1;
            at = end;
        }
        chunk
    }

    fn row<'a>(&self, members: Members<'a>, row: &mut [Value<'a>], chunk: &mut Chunk) {
        row.fill(Value::Missing);
        let mut unknown = 0;
        for (name, value) in members {
            match self.positions.get(name.as_ref()) {
                Some(&column) => row[column] = value,
                None => unknown += 1,
            }
        }
        let bad = self
            .roles
            .iter()
            .zip(row.iter())
            .find_map(|(&role, value)| Chunk::check(role, &value.cell()));
        if let Some(reason) = bad {
            chunk.bad(reason);
            return;
        }
        chunk.unknown_members += unknown;
        for (column, (&role, value)) in self.roles.iter().zip(row.iter()).enumerate() {
            match value {
                Value::Number(value) => chunk.push_number(column, role, *value),
                other => chunk.push_text(column, role, &other.cell()),
            }
        }
        chunk.rows += 1;
    }
}

/// Takes an object apart.
struct Object<'m, 'p, 'de> {
    prefix: &'p str,
    depth: usize,
    members: &'m mut Members<'de>,
}

impl<'de> DeserializeSeed<'de> for Object<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object on the line")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            let name = if self.prefix.is_empty() {
                key
            } else {
                Cow::Owned(format!("{}.{key}", self.prefix))
            };
            map.next_value_seed(Member { name, depth: self.depth, members: self.members })?;
        }
        Ok(())
    }
}

/// A name, borrowed where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl<'de> Visitor<'de> for Name {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(name))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(name.to_owned()))
            }
        }
        deserializer.deserialize_str(Name).map(Key)
    }
}

/// Takes the value of a member.
struct Member<'m, 'de> {
    name: Cow<'de, str>,
    depth: usize,
    members: &'m mut Members<'de>,
}

impl<'de> DeserializeSeed<'de> for Member<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Member<'_, '_> {
    fn number(self, value: f64) {
        self.members.push((self.name, Value::Number(value)));
    }
}

impl<'de> Visitor<'de> for Member<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.members.push((self.name, Value::Missing));
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.number(f64::from(u8::from(value)));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.number(value as f64);
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.number(value as f64);
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.number(value);
        Ok(())
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<(), E> {
        self.members.push((self.name, Value::Text(Cow::Borrowed(value))));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.members.push((self.name, Value::Text(Cow::Owned(value.to_owned()))));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.depth >= MAX_DEPTH {
            while map.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        Object { prefix: &self.name, depth: self.depth + 1, members: self.members }.visit_map(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_in_their_order() {
        let line = br#"{"b":1,"a":{"x":"q\"z","y":[1,2],"z":null},"c":true}"#;
        let names: Vec<_> = members(line)
            .unwrap()
            .into_iter()
            .map(|(name, value)| (name.into_owned(), value))
            .collect();
        assert_eq!(
            names,
            [
                ("b".to_owned(), Value::Number(1.0)),
                ("a.x".to_owned(), Value::Text("q\"z".into())),
                ("a.z".to_owned(), Value::Missing),
                ("c".to_owned(), Value::Number(1.0)),
            ]
        );
        assert_eq!(
            members(b"[1]").unwrap_err().to_string(),
            "invalid type: sequence, expected an object on the line at column 0"
        );
        assert!(members(b"{\"a\":1} x").is_err());
    }
}
