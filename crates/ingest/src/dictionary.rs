//! Distinct values of text with a code for each, in the order in which they came.

use std::collections::HashMap;

/// Slots of the cache in front of the map; a column of flows rarely has more values in use.
const SLOTS: usize = 64;
const NONE: u32 = u32::MAX;

/// Distinct values with a code for each.
#[derive(Debug, Clone)]
pub(crate) struct Dictionary {
    values: Vec<Box<[u8]>>,
    codes: HashMap<Box<[u8]>, u32>,
    // The code last seen for each cheap hash. The map, whose hash is keyed, has the last word, so
    // values chosen to collide cost no more than any others.
    recent: [u32; SLOTS],
}

impl Default for Dictionary {
    fn default() -> Self {
        Self { values: Vec::new(), codes: HashMap::new(), recent: [NONE; SLOTS] }
    }
}

impl Dictionary {
    /// The code of a value that is known.
    #[inline]
    pub(crate) fn find(&mut self, value: &[u8]) -> Option<u32> {
        let slot = slot(value);
        let recent = self.recent[slot];
        if recent != NONE && *self.values[recent as usize] == *value {
            return Some(recent);
        }
        let code = *self.codes.get(value)?;
        self.recent[slot] = code;
        Some(code)
    }

    /// The code of a value, which is added if it is new.
    #[inline]
    pub(crate) fn code(&mut self, value: &[u8]) -> u32 {
        self.find(value).unwrap_or_else(|| self.add(value))
    }

    fn add(&mut self, value: &[u8]) -> u32 {
        let code = self.values.len() as u32;
        let value: Box<[u8]> = value.into();
        self.recent[slot(&value)] = code;
        self.values.push(value.clone());
        self.codes.insert(value, code);
        code
    }

    /// The values, in the order of their codes.
    pub(crate) fn values(&self) -> &[Box<[u8]>] {
        &self.values
    }

    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }
}

#[inline]
fn slot(value: &[u8]) -> usize {
    let mut hash = value.len() as u64;
    for &byte in value.iter().take(8) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    (hash >> 58) as usize
}

/// Bytes as text: UTF-8, else Windows-1252, in which older tools wrote.
pub(crate) fn text_of(bytes: &[u8]) -> (String, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), true),
        Err(_) => (bytes.iter().map(|&byte| windows_1252(byte)).collect(), false),
    }
}

fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        other => char::from(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_follow_first_appearance() {
        let mut dictionary = Dictionary::default();
        let codes: Vec<u32> = ["tcp", "udp", "tcp", "", "udp", "icmp"]
            .iter()
            .map(|value| dictionary.code(value.as_bytes()))
            .collect();
        assert_eq!(codes, [0, 1, 0, 2, 1, 3]);
        assert_eq!(dictionary.find(b"gre"), None);
        assert_eq!(dictionary.len(), 4);
    }

    #[test]
    fn an_old_dash_is_read() {
        assert_eq!(text_of(b"Web Attack \x96 XSS"), ("Web Attack – XSS".to_owned(), false));
    }
}
