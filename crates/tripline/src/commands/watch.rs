//! `tripline watch`: verdicts on traffic as it comes.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use tripline_core::verdict::Verdict;
use tripline_engine::EngineError;
use tripline_engine::traffic::{FlowDetector, JudgeSettings, Traffic, TrafficInput, VerdictTally};
use tripline_features::flow::FlowBatch;

use crate::args::{FlowArgs, Format};
use crate::commands::score::VerifyArgs;
use crate::exit::{Exit, Usage};
use crate::interrupt;
use crate::live_table::LiveTable;
use crate::session::Session;
use crate::traffic::{SummaryWire, VerdictWire, summary_text, verdicts_text};

/// Judge traffic as it comes.
///
/// A live table of alerts on a terminal, one JSON object a line elsewhere, a summary at the end.
/// Ctrl-C ends the input; flows still open are judged then.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tripline watch capture.pcap\n  \
tripline watch --interface eth0 --model model.trip --filter 'not port 22'\n  \
tripline watch --netflow 0.0.0.0:2055 --model model.trip --format jsonl\n  \
tripline watch zeek-logs/ --all --format jsonl > verdicts.jsonl")]
#[command(group = clap::ArgGroup::new("source").required(true).args(["input", "interface", "netflow"]))]
pub(crate) struct Watch {
    /// Captures, logs or folders of logs; `-` is standard input
    #[arg(value_name = "INPUT")]
    input: Vec<PathBuf>,
    /// Capture on this network interface; needs CAP_NET_RAW
    #[arg(long, short, value_name = "IF")]
    interface: Option<String>,
    /// Take NetFlow v5, v9 and IPFIX datagrams sent to this address
    #[arg(long, value_name = "ADDRESS:PORT")]
    netflow: Option<SocketAddr>,
    /// The model file; without it the shipped one, which synthetic traffic trained
    #[arg(long, short, value_name = "FILE")]
    model: Option<PathBuf>,
    /// A flow is an alert from this probability, instead of the model's threshold
    #[arg(long, value_name = "P", value_parser = probability)]
    min_score: Option<f64>,
    /// Tell this many reasons for each alert
    #[arg(long, value_name = "N", default_value_t = 3)]
    reasons: usize,
    /// Tell every flow, not alerts alone
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    verify: VerifyArgs,
    #[command(flatten)]
    flows: FlowArgs,
}

impl Watch {
    pub(crate) fn run(&self, session: Session) -> anyhow::Result<Exit> {
        let mut session = session.with_flows(&self.flows);
        let input = match (&self.interface, self.netflow) {
            (Some(interface), _) => TrafficInput::Interface(interface.clone()),
            (None, Some(address)) => TrafficInput::NetFlow(address),
            (None, None) => TrafficInput::of(&self.input),
        };
        let model = match &self.model {
            Some(file) => self.verify.read(&session, file)?,
            None if self.verify.key().is_some() => {
                return Err(Usage("--verify-key needs --model FILE".to_owned()).into());
            }
            None => crate::shipped::model()?,
        };
        let detector = match &self.flows.set {
            Some(_) => FlowDetector::over(model, session.feature_set()?)?,
            None => FlowDetector::new(model)?,
        };
        session.config.flows.set = detector.set().id.to_owned();
        let mut settings = session.traffic_settings()?;
        // A verdict is told as soon as its flow ends.
        settings.flow.ordered = false;
        settings.stop = Some(interrupt::stop());
        let mut traffic = Traffic::open(&input, detector.set(), &settings)?;
        for remark in remarks(&detector) {
            session.terminal.warn(&remark);
        }
        let judging = JudgeSettings { reasons: self.reasons, min_score: self.min_score };
        let table = session.terminal.format == Format::Text && std::io::stdout().is_terminal();
        let mut view: Box<dyn View> = if table {
            Box::new(LiveTable::new(&session.terminal, &input.to_string(), &detector))
        } else {
            Box::new(Lines { detector: &detector })
        };
        let mut tally = VerdictTally::default();
        while let Some(batch) = traffic.next_batch()? {
            let verdicts = detector.judge(&batch, &judging)?;
            tally.add(&verdicts);
            let told = view.tell(&batch, &verdicts, self.all);
            let told = told.and_then(|()| view.tick(&traffic, &tally));
            match told {
                // A reader that has gone away has what it wanted.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                    return Ok(Exit::Ok);
                }
                told => told.map_err(|source| EngineError::Write {
                    file: "standard output".into(),
                    source,
                })?,
            }
        }
        match view.end(&traffic, &tally) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(Exit::Ok),
            ended => ended
                .map_err(|source| EngineError::Write { file: "standard output".into(), source })?,
        }
        let summary = traffic.summary();
        if table {
            let mut text = summary_text(summary);
            text.push_str(&verdicts_text(&tally, &detector));
            session.terminal.print(&text)?;
        } else {
            let wire = serde_json::json!({
                "type": "summary",
                "traffic": SummaryWire::of(summary),
                "verdicts": crate::traffic::TallyWire::of(&tally),
                "model": detector.name(),
                "notice": detector.model().provenance().notice,
            });
            session.terminal.print(&format!("{wire}\n"))?;
            if session.terminal.format == Format::Text {
                let text = summary_text(summary) + &verdicts_text(&tally, &detector);
                session.terminal.note(text.trim_end());
            }
        }
        // An interface that went away is no end that somebody wanted.
        Ok(if summary.ended.is_some() { Exit::Error } else { Exit::Ok })
    }
}

/// How verdicts are shown.
pub(crate) trait View {
    /// Some flows with their verdicts.
    fn tell(&mut self, batch: &FlowBatch, verdicts: &[Verdict], all: bool) -> std::io::Result<()>;

    /// Time goes by.
    fn tick(&mut self, traffic: &Traffic, tally: &VerdictTally) -> std::io::Result<()>;

    /// No more comes.
    fn end(&mut self, traffic: &Traffic, tally: &VerdictTally) -> std::io::Result<()> {
        self.tick(traffic, tally)
    }
}

/// One JSON object a line.
struct Lines<'a> {
    detector: &'a FlowDetector,
}

impl View for Lines<'_> {
    fn tell(&mut self, batch: &FlowBatch, verdicts: &[Verdict], all: bool) -> std::io::Result<()> {
        let notice = &self.detector.model().provenance().notice;
        let mut text = Vec::new();
        for (flow, verdict) in batch.flows.iter().zip(verdicts) {
            if all || verdict.attack {
                let wire = VerdictWire::of(flow, verdict, notice);
                serde_json::to_writer(&mut text, &wire)?;
                text.push(b'\n');
            }
        }
        if text.is_empty() {
            return Ok(());
        }
        let mut out = std::io::stdout().lock();
        out.write_all(&text)?;
        out.flush()
    }

    fn tick(&mut self, _: &Traffic, _: &VerdictTally) -> std::io::Result<()> {
        Ok(())
    }
}

/// What the user should know before the first verdict.
fn remarks(detector: &FlowDetector) -> Vec<String> {
    let mut remarks = Vec::new();
    let notice = &detector.model().provenance().notice;
    if !notice.is_empty() {
        remarks.push(notice.clone());
    }
    let unfaithful = detector.unfaithful();
    if !unfaithful.is_empty() {
        remarks.push(format!(
            "the model reads {}, which packets cannot give as the published `{}` data have them; \
             train with --set {} to leave them out",
            unfaithful.join(", "),
            detector.set().id,
            detector.set().id
        ));
    }
    remarks
}

fn probability(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("a probability from 0 to 1".to_owned()),
    }
}
