//! LightGBM's text form taken apart into sections of named fields.

use std::collections::HashMap;

use crate::import::ImportError;

/// The fields of the header, or those of one tree.
#[derive(Debug, Default)]
pub(super) struct Section<'a> {
    /// The line of its first field, from 1.
    first_line: usize,
    fields: HashMap<&'a str, (usize, &'a str)>,
}

/// The whole text.
#[derive(Debug, Default)]
pub(super) struct Text<'a> {
    /// What stands before the first tree.
    pub(super) header: Section<'a>,
    /// One section for each tree.
    pub(super) trees: Vec<Section<'a>>,
    /// JSON text of the dictionaries of category columns, with its line.
    pub(super) dictionaries: Option<(usize, &'a str)>,
}

impl<'a> Text<'a> {
    /// Takes the text apart; errors if its trees do not end.
    pub(super) fn split(text: &'a str) -> Result<Self, ImportError> {
        let mut parts = Self::default();
        let mut ended = false;
        let mut last = 0;
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            last = number;
            let line = line.trim_end();
            if ended {
                if let Some(json) = line.strip_prefix("pandas_categorical:") {
                    parts.dictionaries = Some((number, json));
                }
                continue;
            }
            if line == "end of trees" {
                ended = true;
                continue;
            }
            if line.is_empty() || index == 0 {
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            if key == "Tree" {
                if value.parse() != Ok(parts.trees.len()) {
                    let expected = format!("{}, the number of trees before it", parts.trees.len());
                    return Err(ImportError::field(at(number), "Tree", expected));
                }
                parts.trees.push(Section { first_line: number, fields: HashMap::new() });
                continue;
            }
            let section = parts.trees.last_mut().unwrap_or(&mut parts.header);
            if section.fields.insert(key, (number, value)).is_some() {
                return Err(ImportError::field(at(number), key, "given once"));
            }
        }
        if !ended {
            return Err(ImportError::missing(at(last), "end of trees"));
        }
        Ok(parts)
    }
}

impl<'a> Section<'a> {
    /// Whether the field is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// The text of a field.
    pub(super) fn text(&self, name: &str) -> Result<&'a str, ImportError> {
        self.fields
            .get(name)
            .map(|&(_, value)| value)
            .ok_or_else(|| ImportError::missing(at(self.first_line.max(1)), name))
    }

    /// An error that names a field's line.
    pub(super) fn error(&self, name: &str, expected: impl ToString) -> ImportError {
        let line = self.fields.get(name).map_or(self.first_line, |&(line, _)| line);
        ImportError::field(at(line), name, expected)
    }

    /// One number.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T, ImportError> {
        self.text(name)?.trim().parse().map_err(|_| self.error(name, "a number in range"))
    }

    /// Exactly `len` numbers.
    pub(super) fn numbers<T: std::str::FromStr>(
        &self,
        name: &str,
        len: usize,
    ) -> Result<Vec<T>, ImportError> {
        let numbers: Result<Vec<T>, _> =
            self.text(name)?.split_ascii_whitespace().map(str::parse).collect();
        match numbers {
            Ok(numbers) if numbers.len() == len => Ok(numbers),
            Ok(numbers) => {
                Err(self.error(name, format!("{len} numbers, there are {}", numbers.len())))
            }
            Err(_) => Err(self.error(name, "numbers in range")),
        }
    }
}

/// The name of a place in the text.
pub(super) fn at(line: usize) -> String {
    format!("line {line}")
}
