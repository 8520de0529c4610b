//! Captures, decoded in parallel.

use std::collections::VecDeque;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rayon::prelude::*;
use tripline_core::Schema;
use tripline_core::packet::Batch;
use tripline_features::flow::{FlowBatch, FlowEngine, SetCard};
use tripline_ingest::capture::{Block, Capture, CaptureCounters, CaptureOptions, Reassembler};
use tripline_ingest::filter::Selection;

use super::Source;
use crate::error::EngineError;
use crate::traffic::pipeline::TrafficSettings;
use crate::traffic::summary::TrafficSummary;

/// Blocks decoded together for each thread: enough that threads rarely wait for each other.
const BLOCKS_PER_THREAD: usize = 2;

pub(super) struct CaptureSource {
    captures: Captures,
    engine: Box<dyn FlowEngine>,
    ended: bool,
}

impl CaptureSource {
    pub(super) fn open(
        paths: Vec<PathBuf>,
        set: &'static SetCard,
        settings: &TrafficSettings,
    ) -> Result<Self, EngineError> {
        let captures = Captures::open(paths, settings)?;
        Ok(Self { captures, engine: (set.open)(&settings.flow), ended: false })
    }

    pub(super) fn reader(
        input: Box<dyn Read + Send>,
        set: &'static SetCard,
        settings: &TrafficSettings,
    ) -> Result<Self, EngineError> {
        let captures = Captures::reader(input, settings)?;
        Ok(Self { captures, engine: (set.open)(&settings.flow), ended: false })
    }
}

impl Source for CaptureSource {
    fn schema(&self) -> &Arc<Schema> {
        self.engine.schema()
    }

    fn next(&mut self, stopped: bool) -> Result<Option<FlowBatch>, EngineError> {
        if self.ended {
            return Ok(None);
        }
        match self.captures.next_round()? {
            Some(batches) if !stopped => self.engine.process(&batches),
            _ => {
                self.engine.finish();
                self.ended = true;
            }
        }
        Ok(Some(self.engine.take()))
    }

    fn count(&self, summary: &mut TrafficSummary) {
        summary.capture = self.captures.counters();
        summary.table = self.engine.counters();
    }
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
}

/// A capture that a thread of its own reads, so that reading goes on while packets are decoded; on
/// one thread it is read in between.
enum Reading {
    Here(Box<Capture>),
    Thread { blocks: Receiver<Message>, counters: Box<CaptureCounters> },
}

enum Message {
    Block(Block),
    End(CaptureCounters),
}

impl Captures {
    /// Opens the first file; the others are opened when they come, but looked for now.
    fn open(paths: Vec<PathBuf>, settings: &TrafficSettings) -> Result<Self, EngineError> {
        let mut captures = Self::new(settings)?;
        captures.queue = paths.into();
        captures.advance()?;
        Ok(captures)
    }

    /// Reads what standard input gives.
    fn reader(
        input: Box<dyn Read + Send>,
        settings: &TrafficSettings,
    ) -> Result<Self, EngineError> {
        let mut captures = Self::new(settings)?;
        let capture = Capture::from_reader("standard input", input, &settings.capture)?;
        captures.current = Some(reading(capture));
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
        })
    }

    /// Some batches in order, or `None` at the end of the last file.
    fn next_round(&mut self) -> Result<Option<Vec<Batch>>, EngineError> {
        loop {
            let Some(current) = &mut self.current else { return Ok(None) };
            let mut blocks = Vec::new();
            let wanted = rayon::current_num_threads() * BLOCKS_PER_THREAD;
            while blocks.len() < wanted
                && let Some(block) = current.next_block()
            {
                blocks.push(block);
            }
            if blocks.is_empty() {
                self.read.merge(&current.counters());
                self.current = None;
                self.first_file = false;
                self.first_number = self.numbered;
                self.advance()?;
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

    fn advance(&mut self) -> Result<(), EngineError> {
        if let Some(path) = self.queue.pop_front() {
            self.current = Some(reading(Capture::open(&path, &self.options)?));
        }
        Ok(())
    }
}

fn reading(mut capture: Capture) -> Reading {
    if rayon::current_num_threads() == 1 {
        return Reading::Here(Box::new(capture));
    }
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
    Reading::Thread { blocks, counters: Box::default() }
}

impl Reading {
    fn next_block(&mut self) -> Option<Block> {
        match self {
            Self::Here(capture) => capture.next_block(),
            Self::Thread { blocks, counters } => match blocks.recv() {
                Ok(Message::Block(block)) => Some(block),
                Ok(Message::End(read)) => {
                    **counters = read;
                    None
                }
                Err(_) => None,
            },
        }
    }

    fn counters(&self) -> CaptureCounters {
        match self {
            Self::Here(capture) => capture.counters(),
            Self::Thread { counters, .. } => counters.as_ref().clone(),
        }
    }
}
