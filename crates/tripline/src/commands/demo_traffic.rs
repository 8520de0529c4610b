//! The end of `tripline demo`: a capture made on the spot, watched.

use std::io::BufWriter;
use std::path::Path;

use serde::Serialize;
use tripline_core::flow::Flow;
use tripline_core::verdict::Verdict;
use tripline_engine::EngineError;
use tripline_engine::traffic::{
    FlowDetector, JudgeSettings, Traffic, TrafficInput, TrafficSettings, VerdictTally,
};
use tripline_ingest::flow_labels::{FlowLabels, LabelOptions};
use tripline_ingest::synthetic::packets::{PacketOptions, packets};
use tripline_store::AtomicFile;

use crate::live_table;
use crate::table::Table;
use crate::traffic::{TallyWire, verdicts_text};

/// Conversations of the capture.
const FLOWS: usize = 2_000;
/// Added to the seed of the demo: other offices than those that trained the shipped model.
const SEED_OFFSET: u64 = 1_000_000;

/// What watching the capture told.
#[derive(Serialize)]
pub(super) struct Watched {
    packets: u64,
    flows: u64,
    verdicts: TallyWire,
    attacks_found: u64,
    attacks_missed: u64,
    false_alarms: u64,
    notice: String,
    #[serde(skip)]
    text: String,
}

impl Watched {
    /// For people.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// Writes a capture with its truth, judges it with the shipped model.
pub(super) fn watch(capture: &Path, truth: &Path, seed: u64) -> anyhow::Result<Watched> {
    write(capture, truth, seed)?;
    let detector = FlowDetector::new(crate::shipped::model()?)?;
    let labels = FlowLabels::read(truth, &LabelOptions::default()).map_err(EngineError::from)?;
    let input = TrafficInput::of(&[capture.to_owned()]);
    let mut traffic = Traffic::open(&input, detector.set(), &TrafficSettings::default())?;
    let mut joiner = labels.joiner();
    let mut tally = VerdictTally::default();
    let (mut found, mut missed, mut false_alarms) = (0, 0, 0);
    let mut alerts: Vec<(Flow, Verdict)> = Vec::new();
    while let Some(batch) = traffic.next_batch()? {
        let verdicts = detector.judge(&batch, &JudgeSettings::default())?;
        tally.add(&verdicts);
        let classes = joiner.join(&batch.flows);
        for ((flow, verdict), class) in batch.flows.into_iter().zip(verdicts).zip(classes) {
            match (class.is_some_and(|class| class > 0), verdict.attack) {
                (true, true) => found += 1,
                (true, false) => missed += 1,
                (false, true) => false_alarms += 1,
                (false, false) => {}
            }
            if verdict.attack {
                alerts.push((flow, verdict));
            }
        }
    }
    let summary = traffic.summary();
    let mut text = format!("{} packets became {} flows.\n", summary.packets, summary.flows);
    text.push_str(&verdicts_text(&tally, &detector));
    text.push_str(&format!(
        "By the labels of the capture: {found} attacks found, {missed} missed, {false_alarms} false \
         alarms.\nThe alert of the highest risk of each kind:\n"
    ));
    for line in table(alerts).lines(2) {
        text.push_str(&line);
        text.push('\n');
    }
    Ok(Watched {
        packets: summary.packets,
        flows: summary.flows,
        verdicts: TallyWire::of(&tally),
        attacks_found: found,
        attacks_missed: missed,
        false_alarms,
        notice: detector.model().provenance().notice.clone(),
        text,
    })
}

fn write(capture: &Path, truth: &Path, seed: u64) -> Result<(), EngineError> {
    let mut capture_file = AtomicFile::create(capture)?;
    let mut truth_file = AtomicFile::create(truth)?;
    let options = PacketOptions::flows(FLOWS, seed.wrapping_add(SEED_OFFSET));
    let failed = |source| EngineError::Write { file: capture.to_owned(), source };
    {
        use std::io::Write as _;
        let mut out = BufWriter::new(&mut capture_file);
        let mut labels = BufWriter::new(&mut truth_file);
        packets(&options, &mut out, &mut labels).map_err(failed)?;
        out.flush().and_then(|()| labels.flush()).map_err(failed)?;
    }
    capture_file.commit()?;
    truth_file.commit()?;
    Ok(())
}

/// The alert of the highest risk of each category; of equals the first.
fn table(alerts: Vec<(Flow, Verdict)>) -> Table {
    let mut best: Vec<(Flow, Verdict)> = Vec::new();
    for alert in alerts {
        match best.iter_mut().find(|(_, known)| known.category == alert.1.category) {
            Some(known) if alert.1.risk > known.1.risk => *known = alert,
            Some(_) => {}
            None => best.push(alert),
        }
    }
    best.sort_by_key(|(_, verdict)| std::cmp::Reverse(verdict.risk));
    let mut table = live_table::table();
    for (flow, verdict) in &best {
        table.row(live_table::cells(flow, verdict, 1));
    }
    table
}
