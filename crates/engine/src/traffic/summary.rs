//! What went through: packets, flows, drops, errors.

use tripline_features::flow::FlowCounters;
use tripline_ingest::capture::CaptureCounters;
use tripline_ingest::live::LiveCounters;
use tripline_ingest::sensors::SensorCounters;
use tripline_ingest::sensors::netflow::CollectorCounters;

/// What went through.
#[derive(Debug, Clone, Default)]
pub struct TrafficSummary {
    /// Packets taken into flows.
    pub packets: u64,
    /// Flows told.
    pub flows: u64,
    /// Flows open now.
    pub open: u64,
    /// Seconds since the source was opened.
    pub seconds: f64,
    /// Reading and decoding of captures.
    pub capture: CaptureCounters,
    /// The flow table.
    pub table: FlowCounters,
    /// The kernel's ring.
    pub live: Option<LiveCounters>,
    /// Logs of a sensor.
    pub sensor: Option<SensorCounters>,
    /// NetFlow and IPFIX.
    pub netflow: Option<CollectorCounters>,
    /// Datagrams that the kernel dropped since nobody took them in time.
    pub netflow_dropped: u64,
    /// Frames that the filter did not let pass.
    pub filter_rejected: u64,
    /// Frames of a link type that filters do not know; they do not pass either.
    pub filter_not_known: u64,
    /// Why the first of those could not be judged.
    pub filter_refusal: Option<String>,
    /// Files behind the first that could not be opened, with the reason.
    pub not_opened: Vec<String>,
    /// Early looks at flows still open; they are not among `flows`.
    pub early: u64,
    /// Why an endless source ended by itself.
    pub ended: Option<String>,
}

impl TrafficSummary {
    /// All counts by name; names of losses hold `dropped`.
    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        let capture = &self.capture;
        let mut counts = vec![
            ("frames", capture.frames),
            ("packets", self.packets),
            ("not_ip", capture.not_ip_frames()),
            ("not_decoded", capture.not_decoded_frames()),
            ("malformed", capture.malformed_frames()),
            ("cut", capture.cut),
            ("fragments", capture.fragments),
            ("fragments_dropped", capture.fragments_dropped),
            ("reassembled", capture.reassembled),
            ("damaged_records", capture.damaged_records()),
            ("dropped_while_captured", capture.lost()),
            ("evicted_for_count", self.table.evicted_for_count),
            ("evicted_for_bytes", self.table.evicted_for_bytes),
            ("told_out_of_order", self.table.released_early),
            ("filter_rejected", self.filter_rejected),
            ("filter_not_known", self.filter_not_known),
            ("files_not_opened", self.not_opened.len() as u64),
            ("early_looks", self.early),
        ];
        if let Some(live) = &self.live {
            counts.push(("received", live.received));
            counts.push(("dropped_by_kernel", live.dropped));
            counts.push(("ring_damaged", live.damaged));
        }
        if let Some(sensor) = &self.sensor {
            counts.extend([
                ("records", sensor.records),
                ("records_ignored", sensor.ignored),
                ("records_bad", sensor.bad),
                ("records_joined", sensor.joined),
                ("flows_without_record", sensor.without_record),
                ("records_evicted", sensor.evicted),
                ("records_without_endpoints", sensor.without_endpoints),
                ("flows_without_time", sensor.without_time),
                ("files", sensor.files),
                ("files_skipped", sensor.skipped_files),
                ("files_damaged", sensor.damaged_files),
            ]);
        }
        if let Some(netflow) = &self.netflow {
            counts.extend([
                ("datagrams", netflow.datagrams),
                ("datagrams_malformed", netflow.malformed + netflow.other_version),
                ("datagrams_missing", netflow.missing_datagrams),
                ("datagrams_dropped_by_kernel", self.netflow_dropped),
                ("records", netflow.records),
                ("records_missing", netflow.missing_flows + netflow.missing_records),
                ("records_without_addresses", netflow.without_addresses),
                ("records_paired", netflow.paired),
                ("pairs_evicted", netflow.evicted_pairs),
                ("records_sampled", netflow.sampled),
                ("templates", netflow.templates),
                ("templates_expired", netflow.expired_templates),
                ("templates_evicted", netflow.evicted_templates),
                ("data_without_template", netflow.without_template),
            ]);
        }
        counts
    }

    /// Records that could not be read: damaged, malformed, or bad lines of a log.
    pub fn bad_records(&self) -> u64 {
        self.capture.damaged_records()
            + self.capture.malformed_frames()
            + self.sensor.as_ref().map_or(0, |sensor| sensor.bad)
    }

    /// What was damaged or malformed, with the offsets of the first places.
    pub fn errors(&self) -> Vec<String> {
        let damaged = self.capture.damaged.iter().map(|(what, tally)| (what.text(), tally));
        let malformed = self.capture.malformed.iter().map(|(what, tally)| (what.text(), tally));
        let mut errors: Vec<String> = damaged
            .chain(malformed)
            .map(|(text, tally)| {
                let offsets: Vec<String> = tally.offsets.iter().map(u64::to_string).collect();
                let more = if tally.count > tally.offsets.len() as u64 { ", …" } else { "" };
                format!("{text}: {} (at byte {}{more})", tally.count, offsets.join(", "))
            })
            .collect();
        if let Some(sensor) = &self.sensor {
            errors.extend(
                sensor
                    .first_bad
                    .iter()
                    .map(|bad| format!("{}:{}: {}", bad.path, bad.line, bad.reason)),
            );
        }
        errors.extend(self.not_opened.iter().cloned());
        errors.extend(self.filter_refusal.clone());
        errors.extend(self.ended.clone());
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_loss_has_its_count() {
        let summary = TrafficSummary {
            live: Some(LiveCounters { damaged: 2, ..LiveCounters::default() }),
            sensor: Some(SensorCounters {
                evicted: 3,
                without_endpoints: 4,
                bad: 5,
                ..SensorCounters::default()
            }),
            netflow: Some(CollectorCounters {
                without_addresses: 6,
                evicted_pairs: 7,
                expired_templates: 8,
                evicted_templates: 9,
                ..CollectorCounters::default()
            }),
            ..TrafficSummary::default()
        };
        let counts: Vec<_> = summary.counts().into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(
            counts,
            [
                ("ring_damaged", 2),
                ("records_bad", 5),
                ("records_evicted", 3),
                ("records_without_endpoints", 4),
                ("records_without_addresses", 6),
                ("pairs_evicted", 7),
                ("templates_expired", 8),
                ("templates_evicted", 9),
            ]
        );
        assert_eq!(summary.bad_records(), 5);
    }
}
