//! Any lines as a Zeek log: batches of any size hold the same flows.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_core::flow::Flow;
use tripline_ingest::sensors::{SensorCounters, SensorLogs, SensorOptions};

fuzz_target!(|bytes: &[u8]| {
    let whole =
        SensorOptions { max_line_bytes: 4096, max_waiting_flows: 3, ..SensorOptions::default() };
    let pieces = SensorOptions { batch_flows: 1, ..whole.clone() };
    match (read(bytes, &whole), read(bytes, &pieces)) {
        (Some((flows, counters)), Some((same, counted))) => {
            assert_eq!((&flows, &counters), (&same, &counted));
            assert_eq!(flows.len() as u64, counters.flows);
        }
        (None, None) => {}
        (a, b) => panic!("{a:?} {b:?}"),
    }
});

fn read(bytes: &[u8], options: &SensorOptions) -> Option<(Vec<Flow>, SensorCounters)> {
    let reader = Box::new(std::io::Cursor::new(bytes.to_vec()));
    let mut logs = SensorLogs::from_reader("f", reader, options).ok()?;
    let flows = logs.by_ref().flatten().collect();
    Some((flows, logs.counters().clone()))
}
