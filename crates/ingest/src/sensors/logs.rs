//! Files of logs to batches of flows.

use std::collections::VecDeque;
use std::io::Read;
use std::path::{Path, PathBuf};

use tripline_core::flow::Flow;

use super::bounds;
use super::counters::SensorCounters;
use super::format::{HEAD_BYTES, SensorFormat, recognise_text};
use super::lines::{Line, Lines};
use super::options::SensorOptions;
use super::suricata::Suricata;
use super::zeek::{self, Header, Kind, Zeek};
use crate::bytes::{ByteStream, Input};
use crate::error::IngestError;

/// Files that a folder may hold.
const MAX_FILES: usize = 100_000;

/// Flows of the logs of Zeek or Suricata, in the order of the files.
///
/// Of Zeek's logs, those that say something of a flow besides `conn` are read first, whatever
/// their order, so that `conn` finds it; flows that no `conn` record tells of come last.
pub struct SensorLogs {
    sources: VecDeque<PathBuf>,
    open: Option<Open>,
    zeek: Zeek,
    suricata: Suricata,
    options: SensorOptions,
    counters: SensorCounters,
    told: u64,
    // Whether more may come later than one cares to wait.
    live: bool,
}

struct Open {
    name: String,
    lines: Lines,
    format: SensorFormat,
    header: Header,
}

/// What a file is, for the order of reading.
struct Look {
    path: PathBuf,
    format: SensorFormat,
    // Of its first record.
    kind: Option<Kind>,
}

impl SensorLogs {
    /// Opens files, and folders of logs.
    ///
    /// # Errors
    /// A file that does not exist, is empty, or is no log that is read here; a Zeek log without a
    /// column that its flows need. Of a folder, such files are skipped and counted, and it is an
    /// error only if nothing is left.
    pub fn open(paths: &[PathBuf], options: &SensorOptions) -> Result<Self, IngestError> {
        let mut counters = SensorCounters::default();
        let mut looks = Vec::new();
        for path in paths {
            if path.is_dir() {
                let before = looks.len();
                for file in files_of(path)? {
                    match look(&file) {
                        Ok(look) => looks.push(look),
                        Err(_) => counters.skipped_files += 1,
                    }
                }
                if looks.len() == before {
                    return Err(IngestError::NotALog { path: path.display().to_string() });
                }
            } else {
                looks.push(look(path)?);
            }
        }
        // A stable sort: files keep their order.
        looks.sort_by_key(|look| match (look.format, look.kind) {
            (SensorFormat::Eve, _) | (_, Some(Kind::Conn)) => 1,
            _ => 0,
        });
        Ok(Self {
            sources: looks.into_iter().map(|look| look.path).collect(),
            open: None,
            zeek: Zeek::new(options),
            suricata: Suricata::new(options),
            options: options.clone(),
            counters,
            told: 0,
            live: false,
        })
    }

    /// Reads one log from what is no file, such as the standard input; `name` is for messages.
    ///
    /// # Errors
    /// As [`SensorLogs::open`] of a file.
    pub fn from_reader(
        name: &str,
        reader: Box<dyn Read + Send>,
        options: &SensorOptions,
    ) -> Result<Self, IngestError> {
        let stream = ByteStream::from_reader(name, reader)?;
        let mut logs = Self::open(&[], options)?;
        logs.open = Some(Open::new(name.to_owned(), stream, options)?);
        logs.counters.files = 1;
        logs.live = true;
        Ok(logs)
    }

    /// What was counted so far.
    pub fn counters(&self) -> &SensorCounters {
        &self.counters
    }

    /// Reads one line, opens one file, or tells one flow that is left; `false` at the end.
    fn step(&mut self, flows: &mut Vec<Flow>) -> bool {
        if let Some(open) = &mut self.open {
            let line = match open.lines.next() {
                Ok(line) => line,
                Err(error) => {
                    let (name, number) = (open.name.clone(), open.lines.number());
                    self.counters.damaged(&name, number, error.to_string());
                    return true;
                }
            };
            let Some(line) = line else {
                self.open = None;
                return true;
            };
            self.counters.lines += 1;
            let (zeek, suricata, counters) =
                (&mut self.zeek, &mut self.suricata, &mut self.counters);
            let read = match line {
                Line::TooLong => {
                    Err(format!("a line over the bound of {} bytes", self.options.max_line_bytes))
                }
                Line::Bytes(line) => match open.format {
                    SensorFormat::ZeekTsv => tsv(line, &mut open.header, zeek, counters, flows),
                    SensorFormat::ZeekJson => json(line, zeek, counters, flows),
                    SensorFormat::Eve => eve(line, suricata, counters, flows),
                },
            };
            match read {
                Ok(Outcome::Flow) => counters.records += 1,
                Ok(Outcome::Other) => counters.ignored += 1,
                Ok(Outcome::Nothing) => {}
                Err(reason) => counters.bad(&open.name, open.lines.number(), reason),
            }
            return true;
        }
        if let Some(path) = self.sources.pop_front() {
            let name = path.display().to_string();
            let open = ByteStream::open(&Input::File(path))
                .and_then(|stream| Open::new(name.clone(), stream, &self.options));
            match open {
                Ok(open) => {
                    self.counters.files += 1;
                    self.open = Some(open);
                }
                // It was readable a moment ago.
                Err(error) => self.counters.damaged(&name, 0, error.to_string()),
            }
            return true;
        }
        self.zeek.rest(&mut self.counters, flows) || self.suricata.rest(&mut self.counters, flows)
    }
}

impl Iterator for SensorLogs {
    type Item = Vec<Flow>;

    /// The next flows, never none; `None` at the end.
    fn next(&mut self) -> Option<Vec<Flow>> {
        let mut flows = Vec::new();
        while flows.len() < self.options.batch_flows.max(1) && self.step(&mut flows) {
            // What came by a pipe is told before the next bytes are waited for.
            let waits = |open: &Open| !open.lines.at_hand();
            if self.live && !flows.is_empty() && self.open.as_ref().is_some_and(waits) {
                break;
            }
        }
        for flow in &mut flows {
            self.told += 1;
            flow.first_packet = self.told;
            bounds::keep(flow);
        }
        self.counters.flows = self.told;
        (!flows.is_empty()).then_some(flows)
    }
}

/// What a line held.
enum Outcome {
    Flow,
    Other,
    Nothing,
}

impl Open {
    fn new(name: String, stream: ByteStream, options: &SensorOptions) -> Result<Self, IngestError> {
        let mut lines = Lines::new(stream, options.max_line_bytes);
        let (format, _) = classify(&name, lines.peek(tells)?)?;
        Ok(Self { name, lines, format, header: Header::default() })
    }
}

fn tsv(
    line: &[u8],
    header: &mut Header,
    zeek: &mut Zeek,
    counters: &mut SensorCounters,
    flows: &mut Vec<Flow>,
) -> Result<Outcome, String> {
    if line.trim_ascii().is_empty() {
        return Ok(Outcome::Nothing);
    }
    if line.starts_with(b"#") {
        header.line(line);
        return Ok(Outcome::Nothing);
    }
    let Some(kind) = header.kind() else { return Ok(Outcome::Other) };
    if let Some(column) = header.missing() {
        return Err(format!("the header has no column `{column}`"));
    }
    zeek.take(kind, &header.record(line)?, counters, flows)?;
    Ok(Outcome::Flow)
}

fn json(
    line: &[u8],
    zeek: &mut Zeek,
    counters: &mut SensorCounters,
    flows: &mut Vec<Flow>,
) -> Result<Outcome, String> {
    let line = String::from_utf8_lossy(line);
    if line.trim().is_empty() {
        return Ok(Outcome::Nothing);
    }
    match zeek::json_record(&line)? {
        Some((kind, record)) => {
            zeek.take(kind, &record, counters, flows)?;
            Ok(Outcome::Flow)
        }
        None => Ok(Outcome::Other),
    }
}

fn eve(
    line: &[u8],
    suricata: &mut Suricata,
    counters: &mut SensorCounters,
    flows: &mut Vec<Flow>,
) -> Result<Outcome, String> {
    let line = String::from_utf8_lossy(line);
    if line.trim().is_empty() {
        return Ok(Outcome::Nothing);
    }
    Ok(if suricata.take(&line, counters, flows)? { Outcome::Flow } else { Outcome::Other })
}

/// Tells what a file is by its start.
fn look(path: &Path) -> Result<Look, IngestError> {
    let name = path.display().to_string();
    let stream = ByteStream::with_blocks(&Input::File(path.to_owned()), HEAD_BYTES)?;
    let mut lines = Lines::new(stream, HEAD_BYTES);
    let (format, kind) = classify(&name, lines.peek(tells)?)?;
    Ok(Look { path: path.to_owned(), format, kind })
}

/// Whether a start of a file says what it is: it holds a whole line that is no part of a header.
fn tells(head: &[u8]) -> bool {
    let lines = || head.split_inclusive(|&byte| byte == b'\n');
    head.len() >= HEAD_BYTES
        || lines().any(|line| {
            line.ends_with(b"\n") && !line.trim_ascii().is_empty() && !line.starts_with(b"#")
        })
}

fn classify(name: &str, head: &[u8]) -> Result<(SensorFormat, Option<Kind>), IngestError> {
    if head.trim_ascii().is_empty() {
        return Err(IngestError::EmptyLog { path: name.to_owned() });
    }
    let not_a_log = || IngestError::NotALog { path: name.to_owned() };
    let format = recognise_text(head).ok_or_else(not_a_log)?;
    let kind = match format {
        SensorFormat::Eve => None,
        SensorFormat::ZeekJson => head
            .split(|&byte| byte == b'\n')
            .find(|line| !line.trim_ascii().is_empty())
            .and_then(|line| {
                let line = String::from_utf8_lossy(line);
                zeek::json_record(&line).ok().flatten().map(|(kind, _)| kind)
            }),
        SensorFormat::ZeekTsv => {
            let mut header = Header::default();
            head.split(|&byte| byte == b'\n')
                .take_while(|line| line.trim_ascii().is_empty() || line.starts_with(b"#"))
                .for_each(|line| header.line(line.strip_suffix(b"\r").unwrap_or(line)));
            if let Some(column) = header.missing() {
                return Err(IngestError::NoSensorColumn {
                    path: name.to_owned(),
                    column,
                    columns: header.names().join(", "),
                });
            }
            if header.kind().is_none() && header.has_fields() {
                return Err(not_a_log());
            }
            header.kind()
        }
    };
    Ok((format, kind))
}

/// Files of a folder of logs and of the folders in it, by name; not what is no regular file, such
/// as a pipe, which would be waited for.
///
/// # Errors
/// A folder that cannot be read, or more files than a run could take.
pub fn files_of(folder: &Path) -> Result<Vec<PathBuf>, IngestError> {
    let mut files = Vec::new();
    let mut folders = Vec::new();
    read_folder(folder, &mut files, &mut folders)?;
    folders.sort();
    // Zeek keeps rotated logs in a folder for each day.
    for inner in folders {
        let mut deeper = Vec::new();
        read_folder(&inner, &mut files, &mut deeper)?;
    }
    files.sort();
    Ok(files)
}

fn read_folder(
    folder: &Path,
    files: &mut Vec<PathBuf>,
    folders: &mut Vec<PathBuf>,
) -> Result<(), IngestError> {
    let path = || folder.display().to_string();
    let entries =
        std::fs::read_dir(folder).map_err(|source| IngestError::Io { path: path(), source })?;
    for entry in entries {
        let entry = entry.map_err(|source| IngestError::Io { path: path(), source })?.path();
        if entry.is_dir() {
            folders.push(entry);
        } else if entry.is_file() {
            files.push(entry);
        }
        if files.len() > MAX_FILES {
            return Err(IngestError::TooLarge {
                path: path(),
                line: 0,
                what: "the number of files in the folder",
                bound: MAX_FILES,
                way_out: "name the files, or a folder of one day",
            });
        }
    }
    Ok(())
}
