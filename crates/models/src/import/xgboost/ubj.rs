//! Universal Binary JSON as XGBoost writes it (Draft 12), read into JSON values.

use serde_json::{Map, Value};

/// Deepest nesting; XGBoost needs 8.
const MAX_DEPTH: usize = 32;

/// Reads one value; the error says what is wrong at which byte.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, String> {
    let mut reader = Reader { bytes, offset: 0 };
    let tag = reader.tag()?;
    let value = reader.value(tag, 0)?;
    if reader.offset != bytes.len() {
        return Err(reader.wrong("bytes after the end"));
    }
    Ok(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    fn wrong(&self, what: &str) -> String {
        format!("{what} at byte {}", self.offset)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let taken = self.bytes[self.offset..]
            .get(..count)
            .ok_or_else(|| format!("the data end at byte {}, inside a value", self.bytes.len()))?;
        self.offset += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn tag(&mut self) -> Result<u8, String> {
        Ok(self.array::<1>()?[0])
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.offset).copied()
    }

    fn integer(&mut self, tag: u8) -> Result<i64, String> {
        Ok(match tag {
            b'i' => i64::from(i8::from_be_bytes(self.array()?)),
            b'U' => i64::from(u8::from_be_bytes(self.array()?)),
            b'I' => i64::from(i16::from_be_bytes(self.array()?)),
            b'l' => i64::from(i32::from_be_bytes(self.array()?)),
            b'L' => i64::from_be_bytes(self.array()?),
            _ => return Err(self.wrong("no whole number")),
        })
    }

    fn length(&mut self) -> Result<usize, String> {
        let tag = self.tag()?;
        let length = self.integer(tag)?;
        // A shorter rest is found when it is read; this keeps lengths sane.
        match usize::try_from(length) {
            Ok(length) if length <= self.bytes.len() => Ok(length),
            _ => Err(self.wrong("a length beyond the data")),
        }
    }

    fn text(&mut self) -> Result<String, String> {
        let length = self.length()?;
        let taken = self.take(length)?;
        std::str::from_utf8(taken).map(str::to_owned).map_err(|_| self.wrong("no UTF-8"))
    }

    fn value(&mut self, tag: u8, depth: usize) -> Result<Value, String> {
        if depth == MAX_DEPTH {
            return Err(self.wrong("values nested too deeply"));
        }
        Ok(match tag {
            b'Z' | b'N' => Value::Null,
            b'T' => Value::Bool(true),
            b'F' => Value::Bool(false),
            b'd' => number(f64::from(f32::from_be_bytes(self.array()?))),
            b'D' => number(f64::from_be_bytes(self.array()?)),
            b'S' => Value::String(self.text()?),
            b'C' => Value::String(char::from(self.tag()?).to_string()),
            b'[' => self.list(depth)?,
            b'{' => self.object(depth)?,
            _ => Value::from(self.integer(tag)?),
        })
    }

    fn list(&mut self, depth: usize) -> Result<Value, String> {
        let mut kind = None;
        if self.peek() == Some(b'$') {
            self.offset += 1;
            let tag = self.tag()?;
            // Each item takes a byte at least, so that a count is bounded by the data.
            if !b"iUIlLdDSC".contains(&tag) {
                return Err(self.wrong("a list of an unknown type"));
            }
            kind = Some(tag);
        }
        let mut items = Vec::new();
        if self.peek() == Some(b'#') {
            self.offset += 1;
            for _ in 0..self.length()? {
                let tag = match kind {
                    Some(tag) => tag,
                    None => self.tag()?,
                };
                items.push(self.value(tag, depth + 1)?);
            }
        } else if kind.is_some() {
            return Err(self.wrong("a typed list without a count"));
        } else {
            loop {
                let tag = self.tag()?;
                if tag == b']' {
                    break;
                }
                items.push(self.value(tag, depth + 1)?);
            }
        }
        Ok(Value::Array(items))
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        let mut fields = Map::new();
        if matches!(self.peek(), Some(b'$' | b'#')) {
            return Err(self.wrong("an object with a count"));
        }
        while self.peek() != Some(b'}') {
            let name = self.text()?;
            let tag = self.tag()?;
            let value = self.value(tag, depth + 1)?;
            fields.insert(name, value);
        }
        self.offset += 1;
        Ok(Value::Object(fields))
    }
}

/// JSON knows no infinity; it becomes null, which no field of a model may be.
fn number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
}
