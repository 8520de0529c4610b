//! The sources of flows: one file each, behind one trait.

mod captures;
mod live;
mod logs;
mod netflow;

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tripline_core::Schema;
use tripline_features::flow::{FlowBatch, SetCard};
use tripline_ingest::IngestError;

use super::input::{Content, HEAD_BYTES, TrafficInput, content, is_pipe, recognise};
use super::pipeline::TrafficSettings;
use super::summary::TrafficSummary;
use crate::error::EngineError;

/// How long an endless source is waited for before it returns to its caller.
const TICK: Duration = Duration::from_millis(200);

/// Something that flows come from.
pub(super) trait Source {
    /// Names with kinds of the columns.
    fn schema(&self) -> &Arc<Schema>;

    /// Some flows, possibly none; `None` at the end. Once `stopped`, the next call gives what is
    /// open.
    fn next(&mut self, stopped: bool) -> Result<Option<FlowBatch>, EngineError>;

    /// Writes what was counted so far.
    fn count(&self, summary: &mut TrafficSummary);
}

/// Opens a source. Errors name the file, the interface or the address, with the way out.
pub(super) fn open(
    input: &TrafficInput,
    set: &'static SetCard,
    settings: &TrafficSettings,
) -> Result<Box<dyn Source>, EngineError> {
    match input {
        TrafficInput::Files(paths) => {
            match (paths.as_slice(), paths.iter().find(|path| is_pipe(path))) {
                (_, None) => {}
                ([pipe], Some(_)) => {
                    let input = File::open(pipe)
                        .map_err(|source| EngineError::Read { file: pipe.clone(), source })?;
                    return stream(pipe, Box::new(input), set, settings);
                }
                (_, Some(pipe)) => {
                    return Err(EngineError::PipeAmongFiles { file: pipe.clone() });
                }
            }
            let mut contents = Vec::with_capacity(paths.len());
            for path in paths {
                match recognise(path)? {
                    Content::Other => {
                        return Err(EngineError::NotTraffic { file: path.clone() });
                    }
                    content => contents.push(content),
                }
            }
            if contents.iter().all(|content| *content == Content::Capture) {
                Ok(Box::new(captures::CaptureSource::open(paths.clone(), set, settings)?))
            } else if contents.iter().all(|content| *content == Content::Logs) {
                unfiltered(settings)?;
                Ok(Box::new(logs::LogSource::open(paths, set)?))
            } else {
                Err(EngineError::MixedTraffic)
            }
        }
        TrafficInput::Stdin => {
            stream(Path::new("standard input"), Box::new(std::io::stdin()), set, settings)
        }
        TrafficInput::Interface(name) => Ok(Box::new(live::LiveSource::open(name, set, settings)?)),
        TrafficInput::NetFlow(address) => {
            unfiltered(settings)?;
            Ok(Box::new(netflow::NetFlowSource::bind(*address, set)?))
        }
    }
}

/// Opens what can be read only once; errors bear its name.
fn stream(
    name: &Path,
    mut input: Box<dyn Read + Send>,
    set: &'static SetCard,
    settings: &TrafficSettings,
) -> Result<Box<dyn Source>, EngineError> {
    let mut head = Vec::new();
    // A live `tcpdump -w -` gives its header at once, yet not much more for a while: only the bytes
    // that the first read brings are looked at.
    first_read(&mut input, &mut head)
        .map_err(|source| EngineError::Read { file: name.to_owned(), source })?;
    let content = content(&head);
    let whole: Box<dyn Read + Send> = Box::new(Cursor::new(head).chain(input));
    if content == Content::Logs {
        unfiltered(settings)?;
        Ok(Box::new(logs::LogSource::reader(&name.display().to_string(), whole, set)?))
    } else {
        let source = captures::CaptureSource::reader(whole, set, settings)
            .map_err(|error| named(error, name))?;
        Ok(Box::new(source))
    }
}

/// An error of a capture that is no file, under the name that the user knows it by.
fn named(mut error: EngineError, name: &Path) -> EngineError {
    if let EngineError::Ingest(
        IngestError::Io { path, .. }
        | IngestError::Damaged { path, .. }
        | IngestError::EmptyCapture { path }
        | IngestError::NotACapture { path, .. },
    ) = &mut error
    {
        *path = name.display().to_string();
    }
    error
}

/// What one read brings, but at least a magic number.
fn first_read(input: &mut impl Read, head: &mut Vec<u8>) -> std::io::Result<()> {
    const LEAST: usize = 64;
    let mut buffer = vec![0; HEAD_BYTES as usize];
    while head.len() < LEAST {
        let read = input.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        head.extend_from_slice(&buffer[..read]);
    }
    Ok(())
}

/// A sensor has filtered already.
fn unfiltered(settings: &TrafficSettings) -> Result<(), EngineError> {
    match &settings.filter {
        None => Ok(()),
        Some(filter) => Err(EngineError::Setting {
            name: "filter",
            expected: "left out for logs and NetFlow, since it takes packets",
            got: filter.text().to_owned(),
        }),
    }
}

fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
