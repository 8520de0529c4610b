//! Saved state: named values as plain data, with a byte form whose reading executes nothing.
//!
//! The byte form is little-endian: a count of entries, then for each a name (u16 length, UTF-8), a
//! type byte, the value; arrays have a u64 length. Entries are sorted by name, so the same state
//! gives the same bytes. A length is checked against the bytes that are left before memory is
//! taken; nesting is bounded, so is the number of states with entries.

use std::collections::BTreeMap;

/// Deepest nesting of states in bytes.
const MAX_DEPTH: usize = 16;

/// Most states with entries in bytes, all levels together. One of them takes as few as 4 bytes but
/// up to 700 in memory, so a file of 2 GiB could ask for 100 GiB; under this bound it is 3 GiB. A
/// model has a few for each column.
const MAX_ITEMS: usize = 1 << 22;

/// Named values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    entries: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Bool(bool),
    I64(i64),
    F64(f64),
    Text(String),
    Bytes(Vec<u8>),
    F64s(Vec<f64>),
    U32s(Vec<u32>),
    I64s(Vec<i64>),
    Texts(Vec<String>),
    State(State),
    States(Vec<State>),
}

impl Value {
    fn tag(&self) -> u8 {
        match self {
            Self::Bool(_) => 1,
            Self::I64(_) => 2,
            Self::F64(_) => 3,
            Self::Text(_) => 4,
            Self::Bytes(_) => 5,
            Self::F64s(_) => 6,
            Self::U32s(_) => 7,
            Self::I64s(_) => 8,
            Self::Texts(_) => 9,
            Self::State(_) => 10,
            Self::States(_) => 11,
        }
    }

    fn type_name(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a switch",
            Self::I64(_) => "a whole number",
            Self::F64(_) => "a number",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::F64s(_) => "numbers",
            Self::U32s(_) => "unsigned 32-bit numbers",
            Self::I64s(_) => "whole numbers",
            Self::Texts(_) => "texts",
            Self::State(_) => "a state",
            Self::States(_) => "states",
        }
    }
}

/// Why a state cannot be read, or lacks what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// An entry that is not there.
    #[error("entry `{name}` is missing")]
    Missing {
        /// Its name.
        name: String,
    },
    /// An entry of another type.
    #[error("entry `{name}` must be {expected}, got {got}")]
    Type {
        /// Its name.
        name: String,
        /// What is wanted.
        expected: &'static str,
        /// What is there.
        got: &'static str,
    },
    /// An entry whose value makes no sense.
    #[error("entry `{name}` must be {expected}")]
    Invalid {
        /// Its name.
        name: String,
        /// What would.
        expected: String,
    },
    /// The bytes end too early.
    #[error("the data end at byte {offset}, in the middle of a value")]
    Truncated {
        /// Where.
        offset: usize,
    },
    /// The bytes are no state.
    #[error("{reason} at byte {offset}")]
    Malformed {
        /// What is wrong.
        reason: &'static str,
        /// Where.
        offset: usize,
    },
}

impl StateError {
    /// An entry whose value makes no sense.
    pub fn invalid(name: &str, expected: &str) -> Self {
        Self::Invalid { name: name.to_owned(), expected: expected.to_owned() }
    }
}

macro_rules! entry {
    ($put:ident, $get:ident, $variant:ident, $owned:ty, $given:ty, $borrowed:ty, $what:literal,
     $store:expr, $give:expr) => {
        #[doc = concat!("Stores ", $what, ".")]
        pub fn $put(&mut self, name: &str, value: $given) {
            let store: fn($given) -> $owned = $store;
            self.entries.insert(name.to_owned(), Value::$variant(store(value)));
        }

        #[doc = concat!("Gives ", $what, "; errors if it is missing or of another type.")]
        pub fn $get(&self, name: &str) -> Result<$borrowed, StateError> {
            match self.entries.get(name) {
                Some(Value::$variant(value)) => {
                    let give: fn(&$owned) -> $borrowed = $give;
                    Ok(give(value))
                }
                Some(other) => Err(StateError::Type {
                    name: name.to_owned(),
                    expected: $what,
                    got: other.type_name(),
                }),
                None => Err(StateError::Missing { name: name.to_owned() }),
            }
        }
    };
}

impl State {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there is such an entry.
    pub fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    entry!(put_bool, bool, Bool, bool, bool, bool, "a switch", |v| v, |v| *v);
    entry!(put_i64, i64, I64, i64, i64, i64, "a whole number", |v| v, |v| *v);
    entry!(put_f64, f64, F64, f64, f64, f64, "a number", |v| v, |v| *v);
    entry!(put_text, text, Text, String, &str, &str, "text", str::to_owned, |v| v);
    entry!(put_bytes, bytes, Bytes, Vec<u8>, Vec<u8>, &[u8], "bytes", |v| v, |v| v);
    entry!(put_f64s, f64s, F64s, Vec<f64>, Vec<f64>, &[f64], "numbers", |v| v, |v| v);
    entry!(
        put_u32s,
        u32s,
        U32s,
        Vec<u32>,
        Vec<u32>,
        &[u32],
        "unsigned 32-bit numbers",
        |v| v,
        |v| v
    );
    entry!(put_i64s, i64s, I64s, Vec<i64>, Vec<i64>, &[i64], "whole numbers", |v| v, |v| v);
    entry!(put_texts, texts, Texts, Vec<String>, Vec<String>, &[String], "texts", |v| v, |v| v);
    entry!(put_state, state, State, State, State, &State, "a state", |v| v, |v| v);
    entry!(put_states, states, States, Vec<State>, Vec<State>, &[State], "states", |v| v, |v| v);

    /// A whole number that fits `usize`.
    pub fn count(&self, name: &str) -> Result<usize, StateError> {
        usize::try_from(self.i64(name)?)
            .map_err(|_| StateError::invalid(name, "a whole number that is not negative"))
    }

    /// The byte form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        write_len(out, self.entries.len());
        for (name, value) in &self.entries {
            debug_assert!(name.len() <= usize::from(u16::MAX));
            out.extend_from_slice(&(name.len() as u16).to_le_bytes());
            out.extend_from_slice(name.as_bytes());
            out.push(value.tag());
            match value {
                Value::Bool(value) => out.push(u8::from(*value)),
                Value::I64(value) => out.extend_from_slice(&value.to_le_bytes()),
                Value::F64(value) => out.extend_from_slice(&value.to_le_bytes()),
                Value::Text(value) => write_text(out, value),
                Value::Bytes(values) => {
                    write_len(out, values.len());
                    out.extend_from_slice(values);
                }
                Value::F64s(values) => {
                    write_len(out, values.len());
                    values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
                }
                Value::U32s(values) => {
                    write_len(out, values.len());
                    values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
                }
                Value::I64s(values) => {
                    write_len(out, values.len());
                    values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
                }
                Value::Texts(values) => {
                    write_len(out, values.len());
                    values.iter().for_each(|value| write_text(out, value));
                }
                Value::State(state) => state.write(out),
                Value::States(states) => {
                    write_len(out, states.len());
                    states.iter().for_each(|state| state.write(out));
                }
            }
        }
    }

    /// From the byte form; errors if there is anything more or less than one state.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let mut reader = Reader { bytes, offset: 0, items: 0 };
        let state = reader.state(0)?;
        if reader.offset != bytes.len() {
            return Err(reader.malformed("bytes after the end of the state"));
        }
        Ok(state)
    }
}

fn write_len(out: &mut Vec<u8>, len: usize) {
    out.extend_from_slice(&(len as u64).to_le_bytes());
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    write_len(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
    /// States with entries so far.
    items: usize,
}

impl<'a> Reader<'a> {
    fn malformed(&self, reason: &'static str) -> StateError {
        StateError::Malformed { reason, offset: self.offset }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], StateError> {
        let left = &self.bytes[self.offset..];
        let taken = left.get(..count).ok_or(StateError::Truncated { offset: self.bytes.len() })?;
        self.offset += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StateError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// A length whose items take at least `item` bytes each: checked against what is left.
    fn len(&mut self, item: usize) -> Result<usize, StateError> {
        let len = u64::from_le_bytes(self.array()?);
        let left = (self.bytes.len() - self.offset) / item;
        match usize::try_from(len) {
            Ok(len) if len <= left => Ok(len),
            _ => Err(StateError::Truncated { offset: self.bytes.len() }),
        }
    }

    fn utf8(&mut self, len: usize) -> Result<String, StateError> {
        let taken = self.take(len)?;
        match std::str::from_utf8(taken) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(self.malformed("text that is not UTF-8")),
        }
    }

    fn text(&mut self) -> Result<String, StateError> {
        let len = self.len(1)?;
        self.utf8(len)
    }

    fn numbers<const N: usize, T>(&mut self, from: fn([u8; N]) -> T) -> Result<Vec<T>, StateError> {
        let len = self.len(N)?;
        let taken = self.take(len * N)?;
        let mut array = [0; N];
        let numbers = taken.chunks_exact(N).map(|chunk| {
            array.copy_from_slice(chunk);
            from(array)
        });
        Ok(numbers.collect())
    }

    fn state(&mut self, depth: usize) -> Result<State, StateError> {
        if depth == MAX_DEPTH {
            return Err(self.malformed("states nested too deeply"));
        }
        // An entry takes at least 4 bytes: length of its name, type, value.
        let count = self.len(4)?;
        self.items = self.items.saturating_add(count).saturating_add(1);
        if self.items > MAX_ITEMS {
            return Err(self.malformed("too many states with entries"));
        }
        let mut state = State::new();
        let mut last: Option<String> = None;
        for _ in 0..count {
            let len = usize::from(u16::from_le_bytes(self.array()?));
            let name = self.utf8(len)?;
            if last.as_ref().is_some_and(|last| *last >= name) {
                return Err(self.malformed("entries out of order"));
            }
            let [tag] = self.array()?;
            let value = match tag {
                1 => match self.array()? {
                    [0] => Value::Bool(false),
                    [1] => Value::Bool(true),
                    _ => return Err(self.malformed("a switch that is neither 0 nor 1")),
                },
                2 => Value::I64(i64::from_le_bytes(self.array()?)),
                3 => Value::F64(f64::from_le_bytes(self.array()?)),
                4 => Value::Text(self.text()?),
                5 => {
                    let len = self.len(1)?;
                    Value::Bytes(self.take(len)?.to_vec())
                }
                6 => Value::F64s(self.numbers(f64::from_le_bytes)?),
                7 => Value::U32s(self.numbers(u32::from_le_bytes)?),
                8 => Value::I64s(self.numbers(i64::from_le_bytes)?),
                9 => {
                    let len = self.len(8)?;
                    let texts: Result<Vec<String>, StateError> =
                        (0..len).map(|_| self.text()).collect();
                    Value::Texts(texts?)
                }
                10 => Value::State(self.state(depth + 1)?),
                11 => {
                    let len = self.len(8)?;
                    let states: Result<Vec<State>, StateError> =
                        (0..len).map(|_| self.state(depth + 1)).collect();
                    Value::States(states?)
                }
                _ => return Err(self.malformed("an unknown type")),
            };
            state.entries.insert(name.clone(), value);
            last = Some(name);
        }
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> State {
        let mut inner = State::new();
        inner.put_u32s("left", vec![1, 2, u32::MAX]);
        inner.put_text("name", "ä");
        let mut state = State::new();
        state.put_bool("on", true);
        state.put_i64("rows", -5);
        state.put_f64("rate", 0.1);
        state.put_bytes("raw", vec![0, 255]);
        state.put_f64s("values", vec![1.5, f64::INFINITY]);
        state.put_i64s("times", vec![i64::MIN]);
        state.put_texts("names", vec![String::new(), "x".to_owned()]);
        state.put_states("trees", vec![inner.clone(), State::new()]);
        state.put_state("one", inner);
        state
    }

    #[test]
    fn bytes_give_the_same_state() {
        let bytes = sample().to_bytes();
        assert_eq!(State::from_bytes(&bytes).unwrap(), sample());
    }

    #[test]
    fn every_truncation_is_an_error() {
        let bytes = sample().to_bytes();
        for end in 0..bytes.len() {
            assert!(State::from_bytes(&bytes[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn a_length_beyond_the_data_takes_no_memory() {
        let mut bytes = Vec::new();
        write_len(&mut bytes, 1);
        bytes.extend_from_slice(&1u16.to_le_bytes());
        bytes.extend_from_slice(b"x\x06");
        write_len(&mut bytes, usize::MAX >> 4);
        assert!(matches!(State::from_bytes(&bytes), Err(StateError::Truncated { .. })));
    }

    #[test]
    fn small_states_do_not_ask_for_much_memory() {
        // One entry named `s` of 3,000,000 states, each with one switch without a name.
        let mut bytes = Vec::new();
        write_len(&mut bytes, 1);
        bytes.extend_from_slice(&1u16.to_le_bytes());
        bytes.extend_from_slice(b"s\x0b");
        write_len(&mut bytes, 3_000_000);
        for _ in 0..3_000_000 {
            write_len(&mut bytes, 1);
            bytes.extend_from_slice(&[0, 0, 1, 1]);
        }
        assert!(matches!(State::from_bytes(&bytes), Err(StateError::Malformed { .. })));
    }

    #[test]
    fn an_entry_of_another_type_is_named() {
        assert_eq!(
            sample().f64("rows").unwrap_err().to_string(),
            "entry `rows` must be a number, got a whole number"
        );
    }

    proptest! {
        #[test]
        fn damaged_bytes_are_an_answer_or_an_error(position in 0usize..200, byte: u8) {
            let mut bytes = sample().to_bytes();
            let position = position % bytes.len();
            bytes[position] = byte;
            if let Ok(state) = State::from_bytes(&bytes) {
                prop_assert_eq!(state.to_bytes(), bytes);
            }
        }
    }
}
