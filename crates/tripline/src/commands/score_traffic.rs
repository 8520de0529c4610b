//! `tripline score` on captures and logs: a verdict for each flow.

use std::io::BufWriter;
use std::path::Path;

use serde::Serialize;
use tripline_core::Progress as _;
use tripline_engine::sinks::SinkKind;
use tripline_engine::traffic::{
    FlowDetector, FlowRecords, FlowSink, JudgeSettings, Traffic, TrafficInput, VerdictTally,
    flow_sink, refused,
};
use tripline_engine::{EngineError, Model};
use tripline_ingest::flow_labels::FlowLabels;
use tripline_store::AtomicFile;

use crate::args::Format;
use crate::exit::Exit;
use crate::output;
use crate::progress::Bar;
use crate::session::Session;
use crate::traffic::{SummaryWire, TallyWire, summary_text, verdicts_text};

#[derive(Serialize)]
struct Scored<'a> {
    model: &'a str,
    set: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a Path>,
    verdicts: TallyWire,
    #[serde(flatten)]
    traffic: SummaryWire,
    #[serde(skip_serializing_if = "str::is_empty")]
    notice: &'a str,
}

/// Judges every flow of `data`.
pub(super) fn run(
    session: &Session,
    model: Model,
    data: &Path,
    output: Option<&Path>,
    reasons: usize,
) -> anyhow::Result<Exit> {
    let detector = match session.asked_set()? {
        Some(set) => FlowDetector::over(model, set)?,
        None => FlowDetector::new(model)?,
    };
    let labels = session.flow_labels()?;
    let settings = session.traffic_settings()?;
    let input = TrafficInput::of(&[data.to_owned()]);
    let mut traffic = Traffic::open(&input, detector.set(), &settings)?;
    let bar = Bar::new(&session.terminal);
    let mut run = Run {
        detector: &detector,
        labels: labels.as_ref(),
        judging: JudgeSettings { reasons, min_score: None },
        bar: &bar,
    };
    let tally = match output {
        Some(file) => {
            let kind = SinkKind::of(file)?;
            let mut out = AtomicFile::create(file).map_err(EngineError::from)?;
            let tally = run.copy(&mut traffic, flow_sink(kind, &mut out), file)?;
            out.commit().map_err(EngineError::from)?;
            tally
        }
        None => {
            let kind = match session.terminal.format {
                Format::Text => SinkKind::Csv,
                Format::Json => SinkKind::JsonLines,
            };
            let sink = flow_sink(kind, BufWriter::new(std::io::stdout()));
            match run.copy(&mut traffic, sink, Path::new("standard output")) {
                // A reader that has gone away has what it wanted.
                Err(EngineError::Write { source, .. })
                    if source.kind() == std::io::ErrorKind::BrokenPipe =>
                {
                    return Ok(Exit::Ok);
                }
                tally => tally?,
            }
        }
    };
    bar.clear();
    let summary = traffic.summary();
    let text = || {
        let mut text = summary_text(summary) + &verdicts_text(&tally, &detector);
        if let Some(output) = output {
            text.push_str(&format!("{}\n", output.display()));
        }
        text
    };
    if output.is_some() {
        let wire = Scored {
            model: detector.name(),
            set: detector.set().id,
            output,
            verdicts: TallyWire::of(&tally),
            traffic: SummaryWire::of(summary),
            notice: &detector.model().provenance().notice,
        };
        output::show(&session.terminal, &wire, text)?;
    } else if session.terminal.progress {
        session.terminal.note(text().trim_end());
    }
    Ok(Exit::Ok)
}

struct Run<'a> {
    detector: &'a FlowDetector,
    labels: Option<&'a FlowLabels>,
    judging: JudgeSettings,
    bar: &'a Bar,
}

impl Run<'_> {
    fn copy(
        &mut self,
        traffic: &mut Traffic,
        mut sink: Box<dyn FlowSink + '_>,
        output: &Path,
    ) -> Result<VerdictTally, EngineError> {
        let mut tally = VerdictTally::default();
        let (mut first, mut row) = (true, 0);
        let mut joiner = self.labels.map(|labels| (labels, labels.joiner()));
        while let Some(batch) = traffic.next_batch()? {
            let verdicts = self.detector.judge(&batch, &self.judging)?;
            tally.add(&verdicts);
            let labels =
                joiner.as_mut().map(|(labels, joiner)| named(labels, joiner.join(&batch.flows)));
            // The first batch is written even if empty: it brings the columns.
            if first || !batch.flows.is_empty() {
                first = false;
                let records = FlowRecords {
                    flows: &batch.flows,
                    first_row: Some(row),
                    verdicts: Some(&verdicts),
                    notice: &self.detector.model().provenance().notice,
                    labels: labels.as_deref(),
                    ..FlowRecords::default()
                };
                sink.write(&records).map_err(|error| refused(output, error))?;
                row += batch.flows.len() as u64;
            }
            self.bar.step("flows", traffic.summary().flows, 0);
        }
        sink.finish().map_err(|error| refused(output, error))?;
        Ok(tally)
    }
}

/// Names of classes; `None` for a flow of which the labels say nothing.
pub(super) fn named(labels: &FlowLabels, codes: Vec<Option<u32>>) -> Vec<Option<String>> {
    let name = |code: u32| labels.classes().get(code as usize).cloned();
    codes.into_iter().map(|code| code.and_then(name)).collect()
}
