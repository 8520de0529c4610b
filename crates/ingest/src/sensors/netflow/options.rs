//! Bounds and time-outs of a collector.

use std::time::Duration;

/// Bounds and time-outs of a collector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectorOptions {
    /// How long a record waits for that of the opposite direction, and how far apart the times of
    /// both may be; zero tells every record alone.
    pub pair_window: Duration,
    /// Most records that wait for another.
    pub max_pairs: usize,
    /// A template that is not repeated for this long is dropped (RFC 7011, section 8.4).
    pub template_lifetime: Duration,
    /// Most templates of all exporters together.
    pub max_templates: usize,
    /// Most fields of a template.
    pub max_fields: usize,
    /// How long data wait for their template.
    pub data_wait: Duration,
    /// Most bytes of data that wait.
    pub max_waiting_bytes: usize,
    /// Most exporters, and domains of exporters, whose numbers and samplers are kept.
    pub max_exporters: usize,
    /// Whether packets and bytes of sampled flows are multiplied by what a sample stands for.
    pub scale_samples: bool,
}

impl Default for CollectorOptions {
    fn default() -> Self {
        Self {
            pair_window: Duration::from_secs(5),
            max_pairs: 1 << 18,
            // Exporters repeat theirs every 10 to 30 minutes; RFC 7011 wants three times that.
            template_lifetime: Duration::from_secs(5400),
            max_templates: 1 << 13,
            max_fields: 1024,
            // Most exporters send templates every minute or every twenty datagrams.
            data_wait: Duration::from_secs(120),
            max_waiting_bytes: 4 << 20,
            max_exporters: 4096,
            scale_samples: true,
        }
    }
}
