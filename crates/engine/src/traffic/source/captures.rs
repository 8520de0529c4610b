//! Captures, decoded in parallel.

use std::collections::VecDeque;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use rayon::prelude::*;
use tripline_core::Schema;
use tripline_core::packet::Batch;
use tripline_features::flow::{FlowBatch, FlowEngine, SetCard};
use tripline_ingest::capture::{Block, Capture, CaptureCounters, CaptureOptions, Reassembler};
use tripline_ingest::filter::Selection;

use super::{Source, TICK};
use crate::error::EngineError;
use crate::traffic::pipeline::TrafficSettings;
use crate::traffic::summary::TrafficSummary;

/// Blocks decoded together for each thread: enough that threads rarely wait for each other.
const BLOCKS_PER_THREAD: usize = 2;
/// Frames after which no further block is taken: of a flood of small ones, each may be a flow with
/// its row.
const FRAMES_PER_ROUND: usize = 1 << 16;

pub(super) struct CaptureSource {
    captures: Captures,
    engine: Box<dyn FlowEngine>,
    /// Whether flows are told before an epoch is full: packets come slowly.
    flush: bool,
    stage: Stage,
}

/// How far a source of packets is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Packets come.
    Reading,
    /// Open flows end, some in each call.
    Ending,
    /// All was told.
    Ended,
}

impl CaptureSource {
    pub(super) fn open(
        paths: Vec<PathBuf>,
        set: &'static SetCard,
        settings: &TrafficSettings,
    ) -> Result<Self, EngineError> {
        let captures = Captures::open(paths, settings)?;
        Ok(Self::new(captures, set, settings))
    }

    pub(super) fn reader(
        input: Box<dyn Read + Send>,
        set: &'static SetCard,
        settings: &TrafficSettings,
    ) -> Result<Self, EngineError> {
        let captures = Captures::reader(input, settings)?;
        Ok(Self::new(captures, set, settings))
    }

    fn new(captures: Captures, set: &'static SetCard, settings: &TrafficSettings) -> Self {
        let flush = captures.slow && !settings.flow.ordered;
        let engine = (set.open)(&settings.flow);
        Self { captures, engine, flush, stage: Stage::Reading }
    }
}

impl Source for CaptureSource {
    fn schema(&self) -> &Arc<Schema> {
        self.engine.schema()
    }

    fn next(&mut self, stopped: bool) -> Result<Option<FlowBatch>, EngineError> {
        if self.stage == Stage::Reading {
            let round = if stopped { None } else { self.captures.next_round()? };
            match round {
                Some(batches) => {
                    self.engine.process(&batches);
                    if self.flush {
                        self.engine.flush();
                    }
                    return Ok(Some(self.engine.take()));
                }
                None => self.stage = Stage::Ending,
            }
        }
        Ok(end(&mut self.stage, self.engine.as_mut()))
    }

    fn count(&self, summary: &mut TrafficSummary) {
        summary.capture = self.captures.counters();
        summary.table = self.engine.counters();
        summary.not_opened.clone_from(&self.captures.not_opened);
        if let Some(selection) = &self.captures.selection {
            summary.filter_rejected = selection.rejected();
            summary.filter_not_known = selection.not_known();
            summary.filter_refusal = selection.refusal().map(ToString::to_string);
        }
    }
}

/// Ends some of the open flows.
pub(super) fn end(stage: &mut Stage, engine: &mut dyn FlowEngine) -> Option<FlowBatch> {
    if *stage == Stage::Ended {
        return None;
    }
    if !engine.finish_part() {
        *stage = Stage::Ended;
    }
    Some(engine.take())
}

/// Captures one after the other, as one: packets are numbered on, time does not go back.
struct Captures {
    queue: VecDeque<PathBuf>,
    current: Option<Reading>,
    options: CaptureOptions,
    selection: Option<Selection>,
    reassembler: Reassembler,
    read: CaptureCounters,
    numbered: u64,
    first_number: u64,
    clock_ns: i64,
    first_file: bool,
    /// Whether blocks come as they are written by somebody, not as fast as they are read.
    slow: bool,
    /// Files behind the first that could not be opened, with the reason.
    not_opened: Vec<String>,
}

/// A capture that a thread of its own reads, so that reading goes on while packets are decoded; on
/// one thread it is read in between.
enum Reading {
    Here(Box<Capture>),
    Thread { blocks: Receiver<Message>, counters: Box<CaptureCounters>, ended: bool },
}

enum Message {
    Block(Block),
    End(CaptureCounters),
}

/// What a capture gives now.
enum Next {
    Block(Block),
    /// Nothing yet.
    Nothing,
    End,
}

impl Captures {
    /// Opens the first file; the others are opened when they come, but looked for now.
    fn open(paths: Vec<PathBuf>, settings: &TrafficSettings) -> Result<Self, EngineError> {
        let mut captures = Self::new(settings)?;
        captures.queue = paths.into();
        if let Some(first) = captures.queue.pop_front() {
            captures.current = Some(captures.reading(Capture::open(&first, &captures.options)?));
        }
        Ok(captures)
    }

    /// Reads what standard input gives.
    fn reader(
        input: Box<dyn Read + Send>,
        settings: &TrafficSettings,
    ) -> Result<Self, EngineError> {
        let mut captures = Self::new(settings)?;
        captures.slow = true;
        let capture = Capture::from_reader("standard input", input, &settings.capture)?;
        captures.current = Some(captures.reading(capture));
        Ok(captures)
    }

    fn new(settings: &TrafficSettings) -> Result<Self, EngineError> {
        let selection = match &settings.filter {
            Some(filter) => Some(Selection::new(filter.clone())?),
            None => None,
        };
        Ok(Self {
            queue: VecDeque::new(),
            current: None,
            options: settings.capture,
            selection,
            reassembler: Reassembler::new(&settings.capture),
            read: CaptureCounters::default(),
            numbered: 0,
            first_number: 0,
            clock_ns: i64::MIN,
            first_file: true,
            slow: false,
            not_opened: Vec::new(),
        })
    }

    /// Some batches in order, or `None` at the end of the last file.
    fn next_round(&mut self) -> Result<Option<Vec<Batch>>, EngineError> {
        loop {
            let Some(current) = &mut self.current else { return Ok(None) };
            let mut blocks = Vec::new();
            let (mut frames, mut ended) = (0, false);
            let wanted = rayon::current_num_threads() * BLOCKS_PER_THREAD;
            while blocks.len() < wanted && frames < FRAMES_PER_ROUND {
                // What waits already is taken; nobody waits for more than one block of a pipe.
                match current.next_block(self.slow, blocks.is_empty())? {
                    Next::Block(block) => {
                        frames += block.records().len();
                        blocks.push(block);
                    }
                    Next::Nothing => break,
                    Next::End => {
                        ended = true;
                        break;
                    }
                }
            }
            if ended && blocks.is_empty() {
                self.read.merge(&current.counters());
                self.current = None;
                self.first_file = false;
                self.first_number = self.numbered;
                self.advance();
                continue;
            }
            if let Some(selection) = &mut self.selection {
                blocks.iter_mut().for_each(|block| selection.keep(block));
            }
            let decoded: Vec<_> = blocks.into_par_iter().map(Block::decode).collect();
            let mut batches: Vec<Batch> =
                decoded.into_iter().map(|decoded| self.reassembler.finish(decoded)).collect();
            for batch in &mut batches {
                if !self.first_file {
                    for packet in &mut batch.packets {
                        packet.number += self.first_number;
                        packet.clock_ns = packet.clock_ns.max(self.clock_ns);
                    }
                }
                if let Some(last) = batch.packets.last() {
                    self.numbered = self.numbered.max(last.number);
                    self.clock_ns = self.clock_ns.max(last.clock_ns);
                }
            }
            return Ok(Some(batches));
        }
    }

    /// What was counted so far.
    fn counters(&self) -> CaptureCounters {
        let mut counters = self.read.clone();
        if let Some(current) = &self.current {
            counters.merge(&current.counters());
        }
        counters.merge(&self.reassembler.counters());
        counters
    }

    /// Opens the next file that can be opened: what earlier ones gave is not lost for one that
    /// cannot.
    fn advance(&mut self) {
        while self.current.is_none()
            && let Some(path) = self.queue.pop_front()
        {
            match Capture::open(&path, &self.options) {
                Ok(capture) => self.current = Some(self.reading(capture)),
                Err(error) => self.not_opened.push(error.to_string()),
            }
        }
    }

    fn reading(&self, capture: Capture) -> Reading {
        if rayon::current_num_threads() == 1 && !self.slow {
            Reading::Here(Box::new(capture))
        } else {
            in_thread(capture)
        }
    }
}

fn in_thread(mut capture: Capture) -> Reading {
    let waiting = rayon::current_num_threads() * BLOCKS_PER_THREAD;
    let (sender, blocks): (SyncSender<Message>, _) = sync_channel(waiting);
    std::thread::spawn(move || {
        while let Some(block) = capture.next_block() {
            // Nobody listens any more: the user has stopped.
            if sender.send(Message::Block(block)).is_err() {
                return;
            }
        }
        let _ = sender.send(Message::End(capture.counters()));
    });
    Reading::Thread { blocks, counters: Box::default(), ended: false }
}

impl Reading {
    /// The next block; of a slow source only what comes soon, if `wait`, or waits already.
    fn next_block(&mut self, slow: bool, wait: bool) -> Result<Next, EngineError> {
        let (blocks, counters, ended) = match self {
            Self::Here(capture) => {
                return Ok(capture.next_block().map_or(Next::End, Next::Block));
            }
            Self::Thread { ended: true, .. } => return Ok(Next::End),
            Self::Thread { blocks, counters, ended } => (blocks, counters, ended),
        };
        let received = match (slow, wait) {
            (false, _) => blocks.recv().map_err(|_| RecvTimeoutError::Disconnected),
            (true, true) => blocks.recv_timeout(TICK),
            (true, false) => blocks.recv_timeout(Duration::ZERO),
        };
        match received {
            Ok(Message::Block(block)) => Ok(Next::Block(block)),
            Ok(Message::End(read)) => {
                **counters = read;
                *ended = true;
                Ok(Next::End)
            }
            Err(RecvTimeoutError::Timeout) => Ok(Next::Nothing),
            // The thread says when it ends; it has panicked.
            Err(RecvTimeoutError::Disconnected) => Err(EngineError::ReaderFailed),
        }
    }

    fn counters(&self) -> CaptureCounters {
        match self {
            Self::Here(capture) => capture.counters(),
            Self::Thread { counters, .. } => counters.as_ref().clone(),
        }
    }
}
