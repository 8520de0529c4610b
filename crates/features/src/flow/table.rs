//! The flow table: packets in, flows with rows out, the same on any number of threads.

use std::sync::Arc;

use rayon::prelude::*;
use tripline_core::Schema;
use tripline_core::packet::Batch;

use super::columns::Columns;
use super::dispatch::Dispatch;
use super::engine::{FlowBatch, FlowCounters, FlowEngine};
use super::feature::FlowFeature;
use super::key::PARTITIONS;
use super::merge::Merge;
use super::partition::{Partition, Shared};
use super::settings::FlowSettings;
use super::window::Window;

/// Packet numbers of an epoch, as a shift: flows are let go when one is over, so that what comes
/// out does not depend on how packets were batched.
const EPOCH: u32 = 16;

/// Open flows that end together at the end of the input.
const PART: usize = 1 << EPOCH;

/// Flows held back may take this part of the bytes that open flows may.
const HELD_SHARE: usize = 4;

/// An engine of the features of `S`, with the columns that `window` fills.
pub fn open<S: FlowFeature>(
    settings: &FlowSettings,
    window: Option<Box<dyn Window>>,
) -> Box<dyn FlowEngine> {
    let columns = Columns::new(&S::columns());
    let shared = Shared::new(settings, columns.len());
    Box::new(Table::<S> {
        ordered: settings.ordered || window.is_some(),
        merge: Merge::new(columns.len(), settings.max_held, settings.max_bytes / HELD_SHARE),
        window,
        columns,
        shared,
        partitions: (0..PARTITIONS).map(|_| Partition::new()).collect(),
        epoch: 0,
        clock_ns: i64::MIN,
        endings: None,
        open_peak: 0,
        bytes_peak: 0,
    })
}

struct Table<S> {
    columns: Columns,
    shared: Shared,
    partitions: Vec<Partition<S>>,
    merge: Merge,
    window: Option<Box<dyn Window>>,
    ordered: bool,
    epoch: u64,
    clock_ns: i64,
    /// Times up to which flows end, part by part; the last is first.
    endings: Option<Vec<i64>>,
    open_peak: u64,
    bytes_peak: u64,
}

impl<S: FlowFeature> Table<S> {
    /// Takes the packets of one epoch.
    fn run(&mut self, batches: &[Batch], ranges: &[(usize, usize, usize)]) {
        let dispatch = Dispatch::sort(batches, ranges, &self.shared.seeds);
        if let Some(&(batch, _, to)) = ranges.last()
            && let Some(packet) = to.checked_sub(1).and_then(|i| batches[batch].packets.get(i))
        {
            self.clock_ns = self.clock_ns.max(packet.clock_ns);
        }
        let (shared, clock_ns) = (&self.shared, self.clock_ns);
        each(&mut self.partitions, |number, partition| {
            for places in dispatch.of(number) {
                partition.process(shared, batches, places);
            }
            // Time goes on for a partition without packets, too.
            partition.advance(shared, clock_ns);
        });
    }

    /// Lets go of flows that no later one can precede; of all, where order does not matter.
    fn release(&mut self) {
        self.absorb();
        if !self.ordered {
            self.merge.release(None, &mut self.window);
            return;
        }
        let open = self.partitions.iter().filter_map(Partition::oldest_ns).min();
        let oldest_ns = open.unwrap_or(i64::MAX).min(self.clock_ns);
        self.merge.release(Some(oldest_ns), &mut self.window);
    }

    fn absorb(&mut self) {
        for partition in &mut self.partitions {
            if partition.has_told() {
                let told = partition.take_told(self.merge.spare());
                self.merge.absorb(told);
            }
        }
        self.merge.sort();
    }

    fn note_peaks(&mut self) {
        let now = self.counters();
        self.open_peak = now.open_peak;
        self.bytes_peak = now.bytes_peak;
    }
}

impl<S: FlowFeature> FlowEngine for Table<S> {
    fn schema(&self) -> &Arc<Schema> {
        self.columns.schema()
    }

    fn process(&mut self, batches: &[Batch]) {
        let mut ranges = Vec::new();
        for (number, batch) in batches.iter().enumerate() {
            let mut from = 0;
            while let Some(first) = batch.packets.get(from) {
                let epoch = first.number >> EPOCH;
                if epoch > self.epoch {
                    self.run(batches, &ranges);
                    ranges.clear();
                    self.release();
                    self.epoch = epoch;
                }
                let rest = &batch.packets[from..];
                let count = rest.partition_point(|packet| packet.number >> EPOCH <= self.epoch);
                ranges.push((number, from, from + count));
                from += count;
            }
        }
        self.run(batches, &ranges);
        self.note_peaks();
    }

    fn advance(&mut self, clock_ns: i64) {
        let shared = &self.shared;
        each(&mut self.partitions, |_, partition| partition.advance(shared, clock_ns));
        self.clock_ns = self.clock_ns.max(clock_ns);
        self.release();
        self.note_peaks();
    }

    fn flush(&mut self) {
        self.release();
    }

    fn finish_part(&mut self) -> bool {
        let partitions = &self.partitions;
        let endings = self.endings.get_or_insert_with(|| {
            let mut clocks: Vec<i64> = partitions.iter().flat_map(Partition::clocks).collect();
            clocks.sort_unstable();
            clocks.into_iter().step_by(PART).skip(1).rev().collect()
        });
        let until_ns = endings.pop();
        let shared = &self.shared;
        each(&mut self.partitions, |_, partition| {
            partition.finish(shared, until_ns.unwrap_or(i64::MAX));
        });
        if until_ns.is_some() {
            self.release();
        } else {
            self.endings = None;
            self.absorb();
            self.merge.release(None, &mut self.window);
        }
        self.note_peaks();
        until_ns.is_some()
    }

    fn take(&mut self) -> FlowBatch {
        let rows = self.columns.rows(&self.merge.rows());
        FlowBatch { flows: self.merge.take(), rows }
    }

    fn counters(&self) -> FlowCounters {
        let mut counters = FlowCounters {
            released_early: if self.ordered { self.merge.disordered } else { 0 },
            held: self.merge.held() as u64,
            held_peak: self.merge.held_peak as u64,
            ..FlowCounters::default()
        };
        for partition in &self.partitions {
            let counted = partition.counted;
            counters.packets += counted.packets;
            counters.opened += counted.opened;
            counters.ended += counted.ended;
            counters.evicted_for_count += counted.evicted_for_count;
            counters.evicted_for_bytes += counted.evicted_for_bytes;
            counters.open += partition.open() as u64;
            counters.bytes += partition.bytes() as u64;
        }
        counters.open_peak = self.open_peak.max(counters.open);
        counters.bytes_peak = self.bytes_peak.max(counters.bytes);
        counters
    }
}

/// Does some work in each partition; the partitions share nothing.
fn each<S: FlowFeature>(
    partitions: &mut [Partition<S>],
    work: impl Fn(usize, &mut Partition<S>) + Sync,
) {
    if rayon::current_num_threads() > 1 {
        partitions
            .par_iter_mut()
            .enumerate()
            .for_each(|(number, partition)| work(number, partition));
    } else {
        for (number, partition) in partitions.iter_mut().enumerate() {
            work(number, partition);
        }
    }
}
