//! How logs of sensors are read.

/// How logs of sensors are read.
#[derive(Debug, Clone)]
pub struct SensorOptions {
    /// A longer line is a bad record.
    pub max_line_bytes: usize,
    /// Flows of each batch.
    pub batch_flows: usize,
    /// Most flows of which other records were read before their own; the oldest is told by itself
    /// when there are more.
    pub max_waiting_flows: usize,
    /// Most bytes of what those records said, about.
    pub max_waiting_bytes: usize,
}

impl Default for SensorOptions {
    fn default() -> Self {
        Self {
            max_line_bytes: 1 << 20,
            batch_flows: 8192,
            max_waiting_flows: 1 << 20,
            max_waiting_bytes: 1 << 30,
        }
    }
}
