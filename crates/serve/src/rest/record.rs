//! A record of named values, read from JSON straight into whoever takes it.

mod value;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use self::value::{Name, One};
pub(crate) use self::value::{Scalar, TakeValues};

/// What stands beside the record of an event.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Envelope {
    /// Whom or what it is about.
    pub(crate) entity: Option<String>,
    /// When it happened, as it was told.
    pub(crate) timestamp: Option<String>,
    /// Whether the values stood in a field `record`.
    pub(crate) wrapped: bool,
    /// The first field beside `record` that is none of an envelope.
    pub(crate) unknown: Option<String>,
    /// A field that stands for another kind of detector, such as `sequences`.
    pub(crate) other_task: Option<(&'static str, &'static str)>,
    /// A field of the envelope that is no text.
    pub(crate) no_text: Option<&'static str>,
    /// A field that stands twice beside the record.
    pub(crate) twice: bool,
}

/// Fields that hold the events of other tasks, with the task.
pub(crate) const OTHER_TASKS: [(&str, &str); 4] = [
    ("sequences", "sequence"),
    ("request_data", "http"),
    ("behavioral_data", "behaviour"),
    ("event_data", "event"),
];

/// Most values of a record: the widest published layout has 84.
pub(crate) const MAX_VALUES: usize = 1024;

/// Reads a flat record, or one in an envelope, and hands its values to `to`.
///
/// # Errors
/// The body is no JSON object, or one of more than [`MAX_VALUES`] values.
pub(crate) fn read(body: &[u8], to: &mut dyn TakeValues) -> Result<Envelope, serde_json::Error> {
    let mut envelope = Envelope::default();
    let mut json = serde_json::Deserializer::from_slice(body);
    json.deserialize_map(Outer { envelope: &mut envelope, to })?;
    json.end()?;
    Ok(envelope)
}

/// The object of the body.
struct Outer<'s, 't> {
    envelope: &'s mut Envelope,
    to: &'s mut (dyn TakeValues + 't),
}

impl<'de> Visitor<'de> for Outer<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record: a JSON object of numbers and texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { envelope, to } = self;
        let mut beside: Option<String> = None;
        for count in 0.. {
            let Some(Name(name)) = map.next_key::<Name<'de>>()? else { break };
            if count == MAX_VALUES {
                return Err(A::Error::custom(format!("more than {MAX_VALUES} values")));
            }
            match name.as_ref() {
                "record" => {
                    if map.next_value_seed(Inner { to })? {
                        envelope.twice |= envelope.wrapped;
                        envelope.wrapped = true;
                    } else {
                        beside.get_or_insert_with(|| "record".to_owned());
                    }
                }
                "entity" => {
                    let mut kept = Kept { text: &mut envelope.entity, other: false, to };
                    map.next_value_seed(One { name: "entity", to: &mut kept })?;
                    if kept.other {
                        envelope.no_text = Some("entity");
                    }
                }
                "timestamp" => {
                    let mut kept = Kept { text: &mut envelope.timestamp, other: false, to };
                    map.next_value_seed(One { name: "timestamp", to: &mut kept })?;
                    if kept.other {
                        envelope.no_text = Some("timestamp");
                    }
                }
                name => {
                    if let Some(other) = OTHER_TASKS.iter().find(|(field, _)| *field == name) {
                        envelope.other_task.get_or_insert(*other);
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                    if beside.is_none() {
                        beside = Some(name.to_owned());
                    }
                    map.next_value_seed(One { name, to })?;
                }
            }
        }
        if envelope.wrapped {
            envelope.unknown = beside;
        }
        Ok(())
    }
}

/// The object in the field `record`; tells whether it is one.
struct Inner<'s, 't> {
    to: &'s mut (dyn TakeValues + 't),
}

impl<'de> DeserializeSeed<'de> for Inner<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        json.deserialize_map(self).map(|()| true)
    }
}

impl<'de> Visitor<'de> for Inner<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("in the field `record` an object of numbers and texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        for count in 0.. {
            let Some(Name(name)) = map.next_key::<Name<'de>>()? else { break };
            if count == MAX_VALUES {
                return Err(A::Error::custom(format!("more than {MAX_VALUES} values")));
            }
            map.next_value_seed(One { name: &name, to: self.to })?;
        }
        Ok(())
    }
}

/// Keeps a text of the envelope; a column of that name gets it as well.
struct Kept<'s, 't> {
    text: &'s mut Option<String>,
    other: bool,
    to: &'s mut (dyn TakeValues + 't),
}

impl TakeValues for Kept<'_, '_> {
    fn take(&mut self, name: &str, value: Scalar<'_>) {
        match value {
            Scalar::Text(text) => *self.text = Some(text.to_owned()),
            Scalar::Missing => *self.text = None,
            _ => self.other = true,
        }
        self.to.take(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Seen(Vec<String>);

    impl TakeValues for Seen {
        fn take(&mut self, name: &str, value: Scalar<'_>) {
            self.0.push(format!("{name}={value:?}"));
        }
    }

    fn seen(body: &str) -> (Vec<String>, Envelope) {
        let mut seen = Seen::default();
        let envelope = read(body.as_bytes(), &mut seen).unwrap();
        (seen.0, envelope)
    }

    #[test]
    fn a_flat_record() {
        let body = r#"{"dur": 0.5, "spkts": 2, "pr\u006fto": "u\u0064p", "x": null, "y": [1, {}], "z": true}"#;
        let (values, envelope) = seen(body);
        let expected = [
            "dur=Number(0.5)",
            "spkts=Number(2.0)",
            "proto=Text(\"udp\")",
            "x=Missing",
            "y=Nested",
            "z=Boolean(true)",
        ];
        assert_eq!(values, expected);
        assert_eq!(envelope, Envelope::default());
    }

    #[test]
    fn an_envelope() {
        let (values, envelope) =
            seen(r#"{"entity": "10.0.0.1", "record": {"dur": 1, "entity": 2}, "recrod": 1}"#);
        assert_eq!(
            values,
            [
                "entity=Text(\"10.0.0.1\")",
                "dur=Number(1.0)",
                "entity=Number(2.0)",
                "recrod=Number(1.0)"
            ]
        );
        assert_eq!(envelope.entity.as_deref(), Some("10.0.0.1"));
        assert!(envelope.wrapped);
        assert_eq!(envelope.unknown.as_deref(), Some("recrod"));
    }

    #[test]
    fn events_of_other_tasks_are_known() {
        let (_, envelope) = seen(r#"{"sequences": [[1, 2], [3]]}"#);
        assert_eq!(envelope.other_task, Some(("sequences", "sequence")));
        let (_, envelope) = seen(r#"{"timestamp": 5}"#);
        assert_eq!(envelope.no_text, Some("timestamp"));
    }

    #[test]
    fn what_is_no_record_is_refused() {
        let many: Vec<String> = (0..=MAX_VALUES).map(|at| format!("\"f{at}\": 1")).collect();
        for body in ["[]", "1", "{", "{} 1", "{\"record\": 1}", &format!("{{{}}}", many.join(","))]
        {
            assert!(read(body.as_bytes(), &mut Seen::default()).is_err(), "{body:.40}");
        }
    }
}
