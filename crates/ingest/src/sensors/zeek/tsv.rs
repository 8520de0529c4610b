//! Zeek's own form of log: what its header says, and the records under it.

use memchr::memmem;

use super::column::Column;
use super::kind::Kind;
use super::record::{Cell, Record, unescape_bytes};

/// Columns that a header may have.
const MAX_COLUMNS: usize = 4096;

/// What the header says; a later one in the same file replaces it.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    separator: Vec<u8>,
    set_separator: Vec<u8>,
    empty: Vec<u8>,
    unset: Vec<u8>,
    path: Option<String>,
    names: Vec<String>,
    columns: Vec<(Option<Column>, Form)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Single,
    List,
}

impl Default for Header {
    /// Zeek's defaults.
    fn default() -> Self {
        Self {
            separator: b"\t".to_vec(),
            set_separator: b",".to_vec(),
            empty: b"(empty)".to_vec(),
            unset: b"-".to_vec(),
            path: None,
            names: Vec::new(),
            columns: Vec::new(),
        }
    }
}

impl Header {
    /// Takes a line that begins with `#`.
    pub(crate) fn line(&mut self, line: &[u8]) {
        // This one alone has a space behind its name.
        if let Some(separator) = line.strip_prefix(b"#separator ") {
            let separator = unescape_bytes(separator);
            if !separator.is_empty() {
                *self = Self { separator, ..Self::default() };
            }
            return;
        }
        let separator = self.separator.clone();
        let mut parts = split(line, &separator);
        let name = parts.next().unwrap_or_default();
        match name {
            b"#set_separator" => set(&mut self.set_separator, parts.next()),
            b"#empty_field" => self.empty = unescape_bytes(parts.next().unwrap_or_default()),
            b"#unset_field" => set(&mut self.unset, parts.next()),
            b"#path" => {
                self.path = parts.next().map(|path| String::from_utf8_lossy(path).into_owned());
            }
            b"#fields" => {
                self.names = parts
                    .take(MAX_COLUMNS)
                    .map(|name| String::from_utf8_lossy(name).into_owned())
                    .collect();
                self.columns = self
                    .names
                    .iter()
                    .map(|name| {
                        let column = Column::named(name);
                        (column, column.map_or(Form::Single, usual_form))
                    })
                    .collect();
            }
            b"#types" => {
                for ((_, form), kind) in self.columns.iter_mut().zip(parts) {
                    let list = kind.starts_with(b"set[") || kind.starts_with(b"vector[");
                    *form = if list { Form::List } else { Form::Single };
                }
            }
            // `#open`, `#close`, remarks.
            _ => {}
        }
    }

    /// Which log it is: by `#path`, else by its columns.
    pub(crate) fn kind(&self) -> Option<Kind> {
        match &self.path {
            Some(path) => Kind::named(path),
            None => Kind::with(|column| self.has(column)),
        }
    }

    /// Whether `#fields` was seen.
    pub(crate) fn has_fields(&self) -> bool {
        !self.names.is_empty()
    }

    /// Names of its columns.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The first column that a log of its kind needs and does not have.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        let ends = [
            ("id.orig_h", Column::OrigHost),
            ("id.orig_p", Column::OrigPort),
            ("id.resp_h", Column::RespHost),
            ("id.resp_p", Column::RespPort),
        ];
        let missing = ends.iter().find(|(_, column)| !self.has(*column)).map(|(name, _)| *name);
        match self.kind()? {
            Kind::Conn => missing,
            // The others are joined by it, and need ends only without.
            _ if self.has(Column::Uid) || self.has(Column::ConnUids) => None,
            _ => missing.map(|_| "uid"),
        }
    }

    /// The record on a line.
    pub(crate) fn record<'a>(&self, line: &'a [u8]) -> Result<Record<'a>, String> {
        let mut record = Record::new();
        let mut cells = 0;
        for value in split(line, &self.separator) {
            let Some((column, form)) = self.columns.get(cells) else {
                return Err(format!("more cells than the {} of `#fields`", self.columns.len()));
            };
            cells += 1;
            let Some(column) = column else { continue };
            if value == self.unset {
                continue;
            }
            record.set(
                *column,
                match form {
                    Form::List if value == self.empty => Cell::RawList(Vec::new()),
                    Form::List => Cell::RawList(split(value, &self.set_separator).collect()),
                    Form::Single if value == self.empty => Cell::Raw(b""),
                    Form::Single => Cell::Raw(value),
                },
            );
        }
        if cells < self.columns.len() {
            return Err(format!("{cells} cells where `#fields` has {}", self.columns.len()));
        }
        Ok(record)
    }

    fn has(&self, column: Column) -> bool {
        self.columns.iter().any(|(known, _)| *known == Some(column))
    }
}

/// Whether a column holds a list, where no `#types` tells.
fn usual_form(column: Column) -> Form {
    match column {
        Column::Answers | Column::Ttls | Column::ConnUids | Column::RespMimeTypes => Form::List,
        _ => Form::Single,
    }
}

fn set(into: &mut Vec<u8>, value: Option<&[u8]>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        *into = unescape_bytes(value);
    }
}

/// The parts of a line between separators of one byte or more.
fn split<'a>(line: &'a [u8], separator: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    let finder = (separator.len() > 1).then(|| memmem::Finder::new(separator).into_owned());
    let byte = separator.first().copied().unwrap_or(b'\t');
    let length = separator.len().max(1);
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let at = match &finder {
            Some(finder) => finder.find(line),
            None => memchr::memchr(byte, line),
        };
        match at {
            Some(at) => {
                rest = Some(&line[at + length..]);
                Some(&line[..at])
            }
            None => {
                rest = None;
                Some(line)
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(lines: &[&str]) -> Header {
        let mut header = Header::default();
        lines.iter().for_each(|line| header.line(line.as_bytes()));
        header
    }

    #[test]
    fn separators_are_what_the_header_says() {
        for (given, between) in [("\\x09", "\t"), ("\\x2c", ","), ("||", "||"), (";", ";")] {
            let header = header(&[
                &format!("#separator {given}"),
                &format!("#set_separator{between}\\x7e"),
                &format!("#empty_field{between}EMPTY"),
                &format!("#unset_field{between}NONE"),
                &format!("#fields{between}uid{between}other{between}answers{between}TTLs"),
                &format!("#types{between}string{between}string{between}vector[string]{between}x"),
            ]);
            let line = ["C1", "x", "a~b", "NONE"].join(between);
            let record = header.record(line.as_bytes()).expect("four cells");
            assert_eq!(record.text(Column::Uid).as_deref(), Some("C1"));
            assert_eq!(record.texts(Column::Answers), ["a", "b"]);
            assert!(!record.has(Column::Ttls));
            let line = ["C1", "x", "EMPTY", "5"].join(between);
            let record = header.record(line.as_bytes()).expect("four cells");
            assert_eq!((record.has(Column::Answers), record.count(Column::Answers)), (true, 0));
            assert_eq!(record.numbers(Column::Ttls), [5.0]);
            assert!(header.record(b"C1").is_err());
        }
    }

    #[test]
    fn a_header_says_which_log_it_is() {
        assert_eq!(header(&["#path\tconn", "#fields\tts"]).kind(), Some(Kind::Conn));
        assert_eq!(header(&["#path\tx509", "#fields\tconn_state"]).kind(), None);
        assert_eq!(header(&["#fields\tuid\ttrans_depth\tmethod"]).kind(), Some(Kind::Http));
        assert_eq!(header(&["#path\tconn", "#fields\tts\tsrc"]).missing(), Some("id.orig_h"));
        assert_eq!(header(&["#path\tdns", "#fields\tts\tuid"]).missing(), None);
        assert_eq!(header(&["#path\tdns", "#fields\tts"]).missing(), Some("uid"));
    }
}
