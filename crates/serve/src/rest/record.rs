//! A record of named values, read from JSON straight into whoever takes it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess,
    Visitor,
};

/// A value of a record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scalar<'a> {
    /// A number.
    Number(f64),
    /// A text.
    Text(&'a str),
    /// Yes or no.
    Boolean(bool),
    /// `null`.
    Missing,
    /// An array or an object, which no column takes.
    Nested,
}

/// Takes the values of a record.
pub(crate) trait TakeValues {
    /// Takes a value.
    fn take(&mut self, name: &str, value: Scalar<'_>);
}

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

/// A name, without a copy where the body has it without escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        json.deserialize_str(Names)
    }
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

/// One value.
struct One<'s, 't> {
    name: &'s str,
    to: &'s mut (dyn TakeValues + 't),
}

impl<'de> DeserializeSeed<'de> for One<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for One<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a text, a boolean or null")
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.to.take(self.name, Scalar::Number(value));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.to.take(self.name, Scalar::Number(value as f64));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.to.take(self.name, Scalar::Number(value as f64));
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.to.take(self.name, Scalar::Boolean(value));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.to.take(self.name, Scalar::Text(value));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.to.take(self.name, Scalar::Missing);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        self.to.take(self.name, Scalar::Nested);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.to.take(self.name, Scalar::Nested);
        Ok(())
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
