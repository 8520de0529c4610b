//! Lines of a label file to labels.

use std::collections::HashMap;

use super::columns::{Columns, Role};
use super::intervals::{Interval, Intervals};
use super::pattern::{Endpoint, Pattern, Shape, parse_protocol};
use super::{BENIGN, BadLines, FlowLabels, LabelOptions};
use crate::bytes::{ByteStream, Input};
use crate::error::IngestError;
use crate::text::record::{self, End, Fields};
use crate::time::{TimeFormat, instant};

/// Longest line in bytes; a flow of CICFlowMeter has some 600.
const MAX_LINE: usize = 1 << 16;
/// Most kinds of patterns, such as "any port, networks of 24 bits": each costs every flow a look.
const MAX_SHAPES: usize = 64;
/// Most classes.
const MAX_CLASSES: usize = 256;
const SECOND: i64 = 1_000_000_000;

pub(super) fn read(input: &Input, options: &LabelOptions) -> Result<FlowLabels, IngestError> {
    let name = input.name();
    let mut stream = ByteStream::open(input)?;
    let mut reader = Reader::new(&name, options);
    let mut waiting: Vec<u8> = Vec::new();
    while let Some(block) = stream.next_block()? {
        waiting.extend(block);
        let used = reader.lines(&waiting, false)?;
        waiting.drain(..used);
    }
    reader.lines(&waiting, true)?;
    reader.finish()
}

/// Intervals of one pattern by class.
type ByClass = Vec<(u32, Vec<Interval>)>;

/// Labels while they are read.
struct Reader<'a> {
    name: &'a str,
    options: &'a LabelOptions,
    columns: Option<Columns>,
    line: u64,
    fields: Fields,
    classes: Vec<String>,
    shapes: Vec<Shape>,
    rules: Vec<HashMap<Pattern, ByClass>>,
    labels: usize,
    bad: BadLines,
}

impl<'a> Reader<'a> {
    fn new(name: &'a str, options: &'a LabelOptions) -> Self {
        Self {
            name,
            options,
            columns: None,
            line: 0,
            fields: Fields::default(),
            classes: vec![BENIGN.to_owned()],
            shapes: Vec::new(),
            rules: Vec::new(),
            labels: 0,
            bad: BadLines::default(),
        }
    }

    /// Takes whole lines; gives the bytes used.
    fn lines(&mut self, bytes: &[u8], last: bool) -> Result<usize, IngestError> {
        let mut at = 0;
        while at < bytes.len() {
            let end = match record::end(bytes, at, None) {
                End::At(end) => end,
                _ if last => bytes.len(),
                _ if bytes.len() - at > MAX_LINE => return self.too_long(),
                _ => break,
            };
            self.line += 1;
            self.record(&bytes[at..end])?;
            at = end;
        }
        Ok(at)
    }

    fn record(&mut self, line: &[u8]) -> Result<(), IngestError> {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        if line.len() > MAX_LINE {
            return self.too_long().map(|_: usize| ());
        }
        let mut fields = std::mem::take(&mut self.fields);
        fields.split(line, b',');
        let result = match &self.columns {
            None => match Columns::new(fields.cells(line)) {
                Ok(columns) => {
                    self.columns = Some(columns);
                    Ok(Ok(()))
                }
                Err(missing) => Err(IngestError::LabelColumns {
                    path: self.name.to_owned(),
                    missing,
                    columns: String::from_utf8_lossy(record::chomp(line))
                        .chars()
                        .take(500)
                        .collect(),
                }),
            },
            Some(columns) => {
                let columns = columns.clone();
                let cell = |role| {
                    let place = columns.place(role).filter(|&place| place < fields.len());
                    let cell = place.map_or(&b""[..], |place| fields.cell(line, place));
                    String::from_utf8_lossy(cell.trim_ascii()).into_owned()
                };
                match Line::parse(&cell, self.options) {
                    Ok(line) => self.add(line).map(Ok),
                    Err(reason) => Ok(Err(reason)),
                }
            }
        };
        self.fields = fields;
        if let Err(reason) = result? {
            self.bad.lines += 1;
            self.bad.first.get_or_insert((self.line, reason));
        }
        Ok(())
    }

    fn add(&mut self, line: Line) -> Result<(), IngestError> {
        if self.labels >= self.options.max_labels {
            let way_out = "give the labels of this capture alone";
            return Err(self.too_many("the number of labels", self.options.max_labels, way_out));
        }
        let Line { from, to, protocol, start, end, class } = line;
        let class = match self.classes.iter().position(|known| *known == class) {
            Some(class) => class,
            None if self.classes.len() < MAX_CLASSES => {
                self.classes.push(class);
                self.classes.len() - 1
            }
            None => {
                let way_out = "name kinds of attacks in the column of categories";
                return Err(self.too_many("the number of categories", MAX_CLASSES, way_out));
            }
        };
        let shape = Shape::of(&from, &to, protocol);
        let place = match self.shapes.iter().position(|known| *known == shape) {
            Some(place) => place,
            None if self.shapes.len() < MAX_SHAPES => {
                self.shapes.push(shape);
                self.rules.push(HashMap::new());
                self.shapes.len() - 1
            }
            None => {
                let way_out = "use fewer sizes of networks";
                return Err(self.too_many("the number of kinds of patterns", MAX_SHAPES, way_out));
            }
        };
        let rules = self.rules[place].entry(shape.pattern(&from, &to, protocol)).or_default();
        let interval = Interval { start, end, label: self.labels as u32 };
        match rules.iter_mut().find(|(known, _)| *known == class as u32) {
            Some((_, intervals)) => intervals.push(interval),
            None => rules.push((class as u32, vec![interval])),
        }
        self.labels += 1;
        Ok(())
    }

    fn finish(self) -> Result<FlowLabels, IngestError> {
        if self.labels == 0 && self.bad.lines > 0 {
            let (line, reason) = self.bad.first.unwrap_or_default();
            return Err(IngestError::BadRecords {
                path: self.name.to_owned(),
                line,
                reason,
                bad_records: self.bad.lines,
                rows: 0,
            });
        }
        if self.columns.is_none() {
            return Err(IngestError::Empty { path: self.name.to_owned() });
        }
        let mut order: Vec<(Shape, _)> = self.shapes.into_iter().zip(self.rules).collect();
        order.sort_by_key(|(shape, _)| shape.openness());
        let (shapes, rules): (Vec<Shape>, Vec<_>) = order.into_iter().unzip();
        let rules = rules
            .into_iter()
            .map(|patterns| {
                let built = patterns.into_iter().map(|(pattern, classes)| {
                    let classes = classes
                        .into_iter()
                        .map(|(class, intervals)| (class, Intervals::new(intervals)))
                        .collect();
                    (pattern, classes)
                });
                built.collect()
            })
            .collect();
        Ok(FlowLabels {
            classes: self.classes,
            shapes,
            rules,
            labels: self.labels as u64,
            bad: self.bad,
            options: *self.options,
        })
    }

    fn too_long<T>(&self) -> Result<T, IngestError> {
        Err(self.too_many("a line", MAX_LINE, "give comma-separated values, a flow a line"))
    }

    fn too_many(&self, what: &'static str, bound: usize, way_out: &'static str) -> IngestError {
        IngestError::TooLarge { path: self.name.to_owned(), line: self.line, what, bound, way_out }
    }
}

/// What a line tells.
struct Line {
    from: Endpoint,
    to: Endpoint,
    protocol: Option<u8>,
    start: i64,
    end: i64,
    class: String,
}

impl Line {
    fn parse(cell: &dyn Fn(Role) -> String, options: &LabelOptions) -> Result<Self, String> {
        let protocol = parse_protocol(&cell(Role::Protocol))?;
        let mut from = Endpoint::parse(&cell(Role::Source), &cell(Role::SourcePort))?;
        let mut to = Endpoint::parse(&cell(Role::Destination), &cell(Role::DestinationPort))?;
        // Other tools write zeros for the ports of ICMP, where we have types.
        if matches!(protocol, Some(1 | 58)) && from.port == Some(0) && to.port == Some(0) {
            (from.port, to.port) = (None, None);
        }
        let (start, end) = Self::times(cell, options)?;
        let class = class(&cell(Role::Label), &cell(Role::Category))?;
        Ok(Self { from, to, protocol, start, end, class })
    }

    /// Both ends belong to the interval; a line without a time holds always.
    fn times(cell: &dyn Fn(Role) -> String, options: &LabelOptions) -> Result<(i64, i64), String> {
        let (start, step) = match (cell(Role::StartNanos), cell(Role::Start)) {
            (nanos, _) if is_told(&nanos) => (nanoseconds(&nanos)?, 1),
            (_, text) if is_told(&text) => time(&text)?,
            _ => return Ok((i64::MIN, i64::MAX)),
        };
        let end = match (cell(Role::EndNanos), cell(Role::End)) {
            (nanos, _) if is_told(&nanos) => nanoseconds(&nanos)?,
            (_, text) if is_told(&text) => {
                let (end, step) = time(&text)?;
                end.saturating_add(step - 1)
            }
            _ => {
                let length = |role, unit: f64| {
                    let text = cell(role);
                    let length = text.parse::<f64>().ok().filter(|it| it.is_finite());
                    length.map_or(0, |length| (length.max(0.0) * unit) as i64)
                };
                let length = length(Role::Duration, 1e9).max(length(Role::DurationMicros, 1e3));
                start.saturating_add(length).saturating_add(step - 1)
            }
        };
        if end < start {
            return Err("the end lies before the start".to_owned());
        }
        let shift = options.shift_s.saturating_mul(SECOND);
        Ok((start.saturating_add(shift), end.saturating_add(shift)))
    }
}

fn is_told(text: &str) -> bool {
    !matches!(text, "" | "*" | "-")
}

fn nanoseconds(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("`{text}` is no whole number of nanoseconds"))
}

/// An instant with how much time its writing leaves open, in nanoseconds.
fn time(text: &str) -> Result<(i64, i64), String> {
    let bytes = text.as_bytes();
    let found = instant(bytes, TimeFormat::Any).or_else(|| instant(bytes, TimeFormat::DayFirst));
    let Some(found) = found else { return Err(format!("`{text}` is no time")) };
    let step = if text.contains('.') {
        1
    } else if text.matches(':').count() == 1 {
        60 * SECOND
    } else if found % SECOND == 0 {
        SECOND
    } else if found % 1_000_000 == 0 {
        1_000_000
    } else {
        1
    };
    Ok((found, step))
}

/// The class of a line: its category, else its label.
fn class(label: &str, category: &str) -> Result<String, String> {
    let is_benign = |text: &str| {
        ["0", "-", "benign", "normal", "background", "false"]
            .iter()
            .any(|known| text.eq_ignore_ascii_case(known))
    };
    match (label, category) {
        ("", "") => Err("neither label nor category is told".to_owned()),
        (label, "") if is_benign(label) => Ok(BENIGN.to_owned()),
        ("1", "") => Ok("attack".to_owned()),
        (label, "") => Ok(label.to_owned()),
        (_, category) if is_benign(category) => Ok(BENIGN.to_owned()),
        (label, _) if !label.is_empty() && is_benign(label) => Ok(BENIGN.to_owned()),
        (_, category) => Ok(category.to_owned()),
    }
}
