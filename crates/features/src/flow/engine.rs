//! What the engine of one feature set offers, whatever the set.

use std::sync::Arc;

use tripline_core::flow::Flow;
use tripline_core::packet::Batch;
use tripline_core::{Rows, Schema};

/// Flows with the row of each.
#[derive(Debug, Clone)]
pub struct FlowBatch {
    /// In the order told.
    pub flows: Vec<Flow>,
    /// A row for each, with the columns of the set.
    pub rows: Rows,
}

/// Turns packets into flows with the columns of one set.
pub trait FlowEngine: Send {
    /// Names with kinds of the set's columns.
    fn schema(&self) -> &Arc<Schema>;

    /// Takes packets in capture order. Partitions run in parallel on the current rayon pool.
    fn process(&mut self, batches: &[Batch]);

    /// Tells the time when no packet comes, in nanoseconds since 1970.
    fn advance(&mut self, clock_ns: i64);

    /// Tells what has ended, without waiting for more packets: for a source that may be quiet.
    /// Where flows are not told in the order of their ends, this alone makes their order depend on
    /// how packets were batched.
    fn flush(&mut self);

    /// The input is at its end: ends some of the open flows, those that were quiet longest. False
    /// once none is left. Taking flows between calls bounds what is held at once.
    fn finish_part(&mut self) -> bool;

    /// Ends every flow: the input is at its end.
    fn finish(&mut self) {
        while self.finish_part() {}
    }

    /// The flows told since the last call.
    fn take(&mut self) -> FlowBatch;

    /// What was counted so far.
    fn counters(&self) -> FlowCounters;
}

/// Turns flows that a sensor told into rows of a set, in the order given.
pub trait SensorRows: Send {
    /// Names with kinds of the set's columns.
    fn schema(&self) -> &Arc<Schema>;

    /// A row for each flow. Windows over flows go on from call to call.
    fn rows(&mut self, flows: &[Flow]) -> Rows;
}

/// What a flow engine counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlowCounters {
    /// Packets taken.
    pub packets: u64,
    /// Flows opened.
    pub opened: u64,
    /// Flows ended, for whatever reason.
    pub ended: u64,
    /// Flows evicted since the table was full by count.
    pub evicted_for_count: u64,
    /// Flows evicted since the table was full by bytes.
    pub evicted_for_bytes: u64,
    /// Flows told out of order since too many were held back.
    pub released_early: u64,
    /// Flows that have ended and wait to be told in order.
    pub held: u64,
    /// Most of those at once, as seen at the end of each epoch.
    pub held_peak: u64,
    /// Flows open now.
    pub open: u64,
    /// Most flows open at once, as seen after each call.
    pub open_peak: u64,
    /// Bytes that open flows hold now, with their share of the index.
    pub bytes: u64,
    /// Most bytes held, as seen after each call.
    pub bytes_peak: u64,
}
