//! What a collector counted.

/// What a collector counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CollectorCounters {
    /// Datagrams taken.
    pub datagrams: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Datagrams of another protocol, or of a version that is not read.
    pub other_version: u64,
    /// Datagrams or sets whose lengths do not hold together; what came before them was read.
    pub malformed: u64,
    /// Flow records read.
    pub records: u64,
    /// Records without addresses: of layer 2, of counters.
    pub without_addresses: u64,
    /// Records that tell both directions.
    pub biflows: u64,
    /// Pairs of records put together.
    pub paired: u64,
    /// Records told alone early, since too many waited for their pair.
    pub evicted_pairs: u64,
    /// Flows told.
    pub flows: u64,
    /// Records whose counts were scaled, since packets were sampled.
    pub sampled: u64,
    /// Templates learned, with each repetition.
    pub templates: u64,
    /// Withdrawals: of one template, or of all.
    pub withdrawn: u64,
    /// Templates dropped when they were asked for, since they were not repeated in time or all
    /// were withdrawn.
    pub expired_templates: u64,
    /// Templates dropped since there were too many.
    pub evicted_templates: u64,
    /// Options records read.
    pub options: u64,
    /// Data sets that came before their template and were kept.
    pub waited: u64,
    /// Of those, sets that were read once the template came.
    pub waited_read: u64,
    /// Data sets dropped, since their template did not come in time or too much waited.
    pub without_template: u64,
    /// Flows that version 5 counted and did not arrive.
    pub missing_flows: u64,
    /// Datagrams that version 9 counted and did not arrive.
    pub missing_datagrams: u64,
    /// Records that IPFIX counted and did not arrive.
    pub missing_records: u64,
    /// Datagrams that were overtaken; what they hold was counted as missing before.
    pub late: u64,
    /// Exporters that started to count anew.
    pub restarts: u64,
}
