//! Logs of Zeek and Suricata.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use tripline_core::Schema;
use tripline_features::flow::{FlowBatch, SensorRows, SetCard};
use tripline_ingest::sensors::{SensorLogs, SensorOptions};

use super::Source;
use crate::error::EngineError;
use crate::traffic::summary::TrafficSummary;

pub(super) struct LogSource {
    logs: SensorLogs,
    rows: Box<dyn SensorRows>,
}

impl LogSource {
    pub(super) fn open(paths: &[PathBuf], set: &'static SetCard) -> Result<Self, EngineError> {
        let logs = SensorLogs::open(paths, &SensorOptions::default())?;
        Ok(Self { logs, rows: (set.sensor)() })
    }

    /// Reads what is no file; `name` is for messages.
    pub(super) fn reader(
        name: &str,
        input: Box<dyn Read + Send>,
        set: &'static SetCard,
    ) -> Result<Self, EngineError> {
        let options = SensorOptions::default();
        let logs = SensorLogs::from_reader(name, input, &options)?;
        Ok(Self { logs, rows: (set.sensor)() })
    }
}

impl Source for LogSource {
    fn schema(&self) -> &Arc<Schema> {
        self.rows.schema()
    }

    fn next(&mut self, stopped: bool) -> Result<Option<FlowBatch>, EngineError> {
        if stopped {
            return Ok(None);
        }
        let Some(flows) = self.logs.next() else { return Ok(None) };
        Ok(Some(FlowBatch { rows: self.rows.rows(&flows), flows }))
    }

    fn count(&self, summary: &mut TrafficSummary) {
        summary.sensor = Some(self.logs.counters().clone());
    }
}
