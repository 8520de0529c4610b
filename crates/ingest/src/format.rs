//! What a file is: its format, its header, its layout.

use std::collections::HashMap;

use memchr::memchr;
use tripline_core::Note;

use crate::bytes::{ByteStream, Input};
use crate::chunk::{BadReason, Chunk, Role};
use crate::error::IngestError;
use crate::layout::{LAYOUTS, Layout, key};
use crate::notes::{self, listed, note};
use crate::number::{Number, number};
use crate::options::ReadOptions;
use crate::parquet::ParquetFile;
use crate::plan::Plan;
use crate::sample::{SAMPLE_BYTES, SAMPLE_ROWS, Sample};
use crate::text::delimited::Delimited;
use crate::text::dialect;
use crate::text::json::{self, JsonLines};
use crate::text::record::{self, End, Fields};
use crate::text::window::Windows;

/// Columns that a table may have.
const MAX_COLUMNS: usize = 16_384;
/// Records by which a layout without header is recognised.
const HEADLESS_RECORDS: usize = 20;

/// A file whose format is known.
pub(crate) enum Opened {
    Text { windows: Windows, parser: Parser },
    Parquet(ParquetFile),
}

/// The parser of a text format.
pub(crate) enum Parser {
    Delimited(Delimited),
    JsonLines(JsonLines),
}

impl Parser {
    /// Parses whole records.
    pub(crate) fn parse(&self, bytes: &[u8]) -> Chunk {
        match self {
            Self::Delimited(parser) => parser.parse(bytes),
            Self::JsonLines(parser) => parser.parse(bytes),
        }
    }

    /// What a record over the bound leaves.
    pub(crate) fn too_long(&self) -> Chunk {
        let mut chunk = Chunk::new(self.roles(), 0);
        chunk.bad(BadReason::TooLong);
        chunk.lines = 1;
        chunk
    }

    /// The delimiter, where quotes may hold newlines.
    pub(crate) fn delimiter(&self) -> Option<u8> {
        match self {
            Self::Delimited(parser) => Some(parser.delimiter),
            Self::JsonLines(_) => None,
        }
    }

    fn roles(&self) -> &[Role] {
        match self {
            Self::Delimited(parser) => &parser.roles,
            Self::JsonLines(parser) => &parser.roles,
        }
    }
}

/// Opens a file as what it is; gives its plan with the number of lines before the first row.
pub(crate) fn open_input(
    input: &Input,
    options: &ReadOptions,
) -> Result<(Opened, Plan, u64), IngestError> {
    let path = input.name();
    let mut windows = Windows::new(ByteStream::open(input)?);
    let head = windows.peek(SAMPLE_BYTES)?;
    if head.starts_with(b"PAR1") {
        let (head, mut stream) = windows.into_stream();
        let file = ParquetFile::open(input, &head, &mut stream)?;
        let sample = file.sample()?;
        let keys: Vec<String> = sample.names.iter().map(|name| key(name)).collect();
        let layout = LAYOUTS.iter().copied().find(|layout| layout.has_header(&keys));
        let mut plan = Plan::new(&path, layout, &sample, options)?;
        if !file.nested.is_empty() {
            let text = format!("lists and structures are left out: {}", listed(&file.nested));
            plan.notes.push(note(notes::FREE_TEXT, text));
        }
        return Ok((Opened::Parquet(file), plan, 0));
    }
    let mut told = Vec::new();
    if head.starts_with(b"\xef\xbb\xbf") {
        windows.skip(3);
        told.push(note(notes::BYTE_ORDER_MARK, "the file starts with a byte-order mark"));
    }
    windows.peek(SAMPLE_BYTES)?;
    let ended = windows.ended();
    let head = windows.peek(SAMPLE_BYTES)?;
    refuse_no_text(head, &path)?;
    let start = head.iter().position(|byte| !byte.is_ascii_whitespace());
    match start.map(|at| head[at]) {
        None if ended => Err(IngestError::Empty { path }),
        Some(b'{') => open_json(path, windows, options, told),
        Some(b'[') if json_list(head) => Err(IngestError::NotATable {
            path,
            what: "a JSON list",
            way_out: "write one object a line (JSON lines)",
        }),
        _ => open_delimited(path, windows, options, told),
    }
}

fn json_list(head: &[u8]) -> bool {
    let mut bytes = head.iter().filter(|byte| !byte.is_ascii_whitespace());
    bytes.next() == Some(&b'[') && bytes.next() == Some(&b'{')
}

fn refuse_no_text(head: &[u8], path: &str) -> Result<(), IngestError> {
    const OTHERS: &[(&[u8], &str, &str)] = &[
        (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
        (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
        (b"\xd4\xc3\xb2\xa1", "a packet capture", "make a table of its flows first"),
        (b"\xa1\xb2\xc3\xd4", "a packet capture", "make a table of its flows first"),
        (b"\x0a\x0d\x0d\x0a", "a packet capture", "make a table of its flows first"),
        (b"ARROW1", "an Arrow file", "write it as Parquet or CSV"),
        (b"TRIPLINE", "a model file", "name a table here, and the model where one is asked for"),
    ];
    let refuse =
        |what, way_out| Err(IngestError::NotATable { path: path.to_owned(), what, way_out });
    if let Some((_, what, way_out)) = OTHERS.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return refuse(what, way_out);
    }
    let head = &head[..head.len().min(1 << 16)];
    let control = head.iter().filter(|&&byte| byte < 9 || (14..32).contains(&byte)).count();
    // Text has none; one in fifty is more than a damaged cell or two.
    if memchr(0, head).is_some() || control * 50 > head.len() {
        return refuse("binary data", "give CSV, TSV, JSON lines or Parquet");
    }
    Ok(())
}

fn open_json(
    path: String,
    mut windows: Windows,
    options: &ReadOptions,
    told: Vec<Note>,
) -> Result<(Opened, Plan, u64), IngestError> {
    let ended = windows.ended();
    let head = windows.peek(SAMPLE_BYTES)?;
    let mut names: Vec<String> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    let mut objects = Vec::new();
    for line in lines(head, ended).take(SAMPLE_ROWS) {
        // A bad line is counted when it is parsed for good.
        let Ok(members) = json::members(line) else { continue };
        for (name, _) in &members {
            if !positions.contains_key(name.as_ref()) {
                positions.insert(name.clone().into_owned(), names.len());
                names.push(name.clone().into_owned());
            }
        }
        check_width(&path, 1, names.len())?;
        objects.push(members);
    }
    if objects.is_empty() {
        let records = lines(head, ended).count() as u64;
        return Err(IngestError::NoRows { path, line: 1, bad_records: records });
    }
    let mut sample = Sample::new(names);
    // Bounds the memory of many objects with many different members.
    let bound = (8 << 20) / sample.names.len().max(1) + 1;
    let mut row = vec![json::Value::Missing; sample.names.len()];
    for members in objects.into_iter().take(bound) {
        row.fill(json::Value::Missing);
        for (name, value) in members {
            if let Some(&column) = positions.get(name.as_ref()) {
                row[column] = value;
            }
        }
        let cells: Vec<_> = row.iter().map(json::Value::cell).collect();
        sample.push(cells.iter().map(AsRef::as_ref));
    }
    let keys: Vec<String> = sample.names.iter().map(|name| key(name)).collect();
    let layout = LAYOUTS.iter().copied().find(|layout| layout.has_header(&keys));
    let plan = Plan::new(&path, layout, &sample, options)?.told(told);
    let parser = Parser::JsonLines(JsonLines {
        roles: plan.roles.clone(),
        positions,
        max_record_bytes: options.max_record_bytes,
    });
    Ok((Opened::Text { windows, parser }, plan, 0))
}

fn open_delimited(
    path: String,
    mut windows: Windows,
    options: &ReadOptions,
    mut told: Vec<Note>,
) -> Result<(Opened, Plan, u64), IngestError> {
    let ended = windows.ended();
    let mut head = windows.peek(SAMPLE_BYTES)?;
    // Blank lines before the header.
    let mut before = 0;
    let mut blank = 0;
    while let Some(newline) = memchr(b'\n', head)
        && head[..newline].trim_ascii().is_empty()
    {
        head = &head[newline + 1..];
        before += newline + 1;
        blank += 1;
    }
    let delimiter = options.delimiter.unwrap_or_else(|| dialect::delimiter(head));
    let (first, rest) = first_record(&path, head, ended, delimiter, options)?;
    let mut fields = Fields::default();
    fields.split(first, delimiter);
    check_width(&path, blank + 1, fields.len())?;
    if first.ends_with(b"\r\n") {
        told.push(note(notes::CRLF, "lines end in CR LF"));
    }
    let width = fields.len();
    let cells: Vec<&[u8]> = fields.cells(first).collect();
    let (layout, header) = recognise(&cells, head, ended, delimiter);
    let header: Option<Vec<Vec<u8>>> =
        header.then(|| cells.iter().map(|cell| cell.trim_ascii().to_vec()).collect());
    let names = match (&header, layout) {
        (Some(header), _) => {
            let spaced = cells.iter().filter(|cell| cell.trim_ascii().len() < cell.len()).count();
            if spaced > 0 {
                let text = format!("spaces around {spaced} column names are left out");
                told.push(note(notes::SPACES_IN_NAMES, text));
            }
            header.iter().map(|name| crate::dictionary::text_of(name).0).collect()
        }
        (None, Some(layout)) => {
            told.push(note(notes::NO_HEADER, "the file has no header; columns by their place"));
            (0..width)
                .map(|at| {
                    layout.columns.get(at).map_or(format!("column_{}", at + 1), |&c| c.into())
                })
                .collect()
        }
        (None, None) => {
            let text = "the first line holds numbers, so it is read as a row; columns are named \
                        `column_1` and so on";
            told.push(note(notes::NO_HEADER, text));
            (1..=width).map(|at| format!("column_{at}")).collect()
        }
    };
    let skipped = if header.is_some() { before + rest } else { before };
    let mut lines_before = blank;
    if header.is_some() {
        lines_before += memchr::memchr_iter(b'\n', record::chomp(first)).count() as u64 + 1;
    }
    let rows = if header.is_some() { &head[rest..] } else { head };
    let sample = sample(names, rows, ended, delimiter, header.as_deref(), options);
    if sample.rows() == 0 {
        let records = records(rows, ended, delimiter).count() as u64;
        return Err(IngestError::NoRows { path, line: lines_before, bad_records: records });
    }
    let plan = Plan::new(&path, layout, &sample, options)?.told(told);
    windows.skip(skipped);
    let parser = Parser::Delimited(Delimited {
        delimiter,
        roles: plan.roles.clone(),
        header,
        max_record_bytes: options.max_record_bytes,
    });
    Ok((Opened::Text { windows, parser }, plan, lines_before))
}

/// The first record, with where the next one starts.
fn first_record<'a>(
    path: &str,
    head: &'a [u8],
    ended: bool,
    delimiter: u8,
    options: &ReadOptions,
) -> Result<(&'a [u8], usize), IngestError> {
    let end = match record::end(head, 0, Some(delimiter)) {
        End::At(end) => end,
        End::Unterminated if ended => head.len(),
        // A quote in the header that is never closed: its first line then.
        _ => memchr(b'\n', head).map_or(head.len(), |at| at + 1),
    };
    if end > options.max_record_bytes {
        return Err(IngestError::TooLarge {
            path: path.to_owned(),
            line: 1,
            what: "the number of bytes of the first record",
            bound: options.max_record_bytes,
            way_out: "give a table with a header and a record on each line",
        });
    }
    Ok((&head[..end], end))
}

/// The layout, and whether the first record is a header.
fn recognise(
    first: &[&[u8]],
    head: &[u8],
    ended: bool,
    delimiter: u8,
) -> (Option<&'static Layout>, bool) {
    let keys: Vec<String> =
        first.iter().map(|cell| key(&crate::dictionary::text_of(cell).0)).collect();
    if let Some(layout) = LAYOUTS.iter().copied().find(|layout| layout.has_header(&keys)) {
        return (Some(layout), true);
    }
    let mut splits = Vec::new();
    for (record, _) in records(head, ended, delimiter).take(HEADLESS_RECORDS) {
        let mut fields = Fields::default();
        fields.split(record, delimiter);
        splits.push((fields, record));
    }
    let rows: Vec<Vec<&[u8]>> = splits
        .iter()
        .filter(|(fields, _)| fields.len() == first.len())
        .map(|(fields, record)| fields.cells(record).collect())
        .collect();
    let headless = LAYOUTS
        .iter()
        .copied()
        .find(|layout| layout.headless.is_some_and(|headless| headless(&rows)));
    if headless.is_some() {
        return (headless, false);
    }
    // Column names are words.
    let numbers = first.iter().filter(|cell| matches!(number(cell), Number::Finite(_))).count();
    (None, numbers * 2 < first.len() || numbers == 0)
}

/// The first records of the right width.
fn sample(
    names: Vec<String>,
    rows: &[u8],
    ended: bool,
    delimiter: u8,
    header: Option<&[Vec<u8>]>,
    options: &ReadOptions,
) -> Sample {
    let mut sample = Sample::new(names);
    let mut fields = Fields::default();
    for (record, whole) in records(rows, ended, delimiter) {
        if sample.rows() >= SAMPLE_ROWS {
            break;
        }
        if !whole || record.len() > options.max_record_bytes {
            continue;
        }
        fields.split(record, delimiter);
        let is_header = header.is_some_and(|header| {
            header.iter().zip(fields.cells(record)).all(|(name, cell)| name == cell.trim_ascii())
        });
        if fields.len() == sample.names.len() && !is_header {
            sample.push(fields.cells(record));
        }
    }
    sample
}

/// Records that are not blank; where quotes stay open, their first line, with `false`.
fn records(bytes: &[u8], ended: bool, delimiter: u8) -> impl Iterator<Item = (&[u8], bool)> {
    // Only what the first window surely holds, so that block sizes do not matter.
    let bytes = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    let ended = ended && bytes.len() < SAMPLE_BYTES;
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            if at >= bytes.len() {
                return None;
            }
            let start = at;
            let whole = match record::end(bytes, start, Some(delimiter)) {
                End::At(end) => {
                    at = end;
                    true
                }
                End::Unterminated if ended => {
                    at = bytes.len();
                    true
                }
                End::Unterminated => return None,
                End::Open => {
                    at = memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |nl| start + nl + 1);
                    false
                }
            };
            if !record::chomp(&bytes[start..at]).is_empty() {
                return Some((&bytes[start..at], whole));
            }
        }
    })
}

fn lines(bytes: &[u8], ended: bool) -> impl Iterator<Item = &[u8]> {
    let bytes = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    let whole = if ended && bytes.len() < SAMPLE_BYTES {
        bytes.len()
    } else {
        memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1)
    };
    bytes[..whole]
        .split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.trim_ascii().is_empty())
}

fn check_width(path: &str, line: u64, columns: usize) -> Result<(), IngestError> {
    if columns <= MAX_COLUMNS {
        return Ok(());
    }
    Err(IngestError::TooLarge {
        path: path.to_owned(),
        line,
        what: "the number of columns",
        bound: MAX_COLUMNS,
        way_out: "give a table with a row for each flow",
    })
}
