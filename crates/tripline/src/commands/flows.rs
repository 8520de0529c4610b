//! `tripline flows`: traffic to flows with features.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use tripline_engine::EngineError;
use tripline_engine::sinks::SinkKind;
use tripline_engine::traffic::{FlowRecords, FlowSink, Traffic, TrafficInput, flow_sink, refused};
use tripline_features::flow::SetCard;
use tripline_ingest::flow_labels::{FlowLabels, JoinCounts};
use tripline_store::AtomicFile;

use crate::args::{FlowArgs, Format};
use crate::commands::score_traffic::named;
use crate::exit::{Exit, Usage};
use crate::output;
use crate::progress::Bar;
use crate::session::Session;
use crate::traffic::{SummaryWire, summary_text};

/// Turn traffic into flows with features.
///
/// Reads captures (pcap, pcapng), Zeek logs and Suricata's eve.json, plain or compressed; `-` is
/// standard input. Each flow gets who it is (columns `flow_…`) and the columns of a feature set,
/// which docs/sets describe.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tripline flows capture.pcap -o flows.parquet\n  \
tripline flows capture.pcapng.gz --set unsw_nb15 > flows.csv\n  \
tripline flows zeek-logs/ -o flows.jsonl\n  \
tcpdump -w - | tripline flows - --filter 'tcp port 443' -o flows.csv")]
pub(crate) struct Flows {
    /// Captures, logs or folders of logs; `-` is standard input
    #[arg(value_name = "INPUT", required = true)]
    input: Vec<PathBuf>,
    /// .csv, .jsonl or .parquet; without it CSV goes to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Head rows with the columns by which the set's own tool names a flow, such as `Flow ID` and
    /// `Source IP`, instead of `flow_…`
    #[arg(long, conflicts_with = "labels")]
    tool_columns: bool,
    /// Add a column `label` from this CSV, joined by addresses, ports and time
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    #[command(flatten)]
    flows: FlowArgs,
}

#[derive(Serialize)]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a Path>,
    set: &'a str,
    columns: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<JoinWire>,
    #[serde(flatten)]
    summary: SummaryWire,
}

/// How labels and flows met.
#[derive(Serialize)]
struct JoinWire {
    flows_with_label: u64,
    labels: u64,
    labels_without_flow: u64,
    conflicts: u64,
}

impl Flows {
    pub(crate) fn run(&self, session: Session) -> anyhow::Result<Exit> {
        let mut session = session.with_flows(&self.flows);
        if self.labels.is_some() {
            session.config.data.labels.clone_from(&self.labels);
        }
        let mut inputs: Vec<Option<&Path>> =
            self.input.iter().map(|path| Some(path.as_path())).collect();
        inputs.push(self.labels.as_deref());
        session.keep_inputs(&[self.output.as_deref()], &inputs)?;
        let set = session.feature_set()?;
        let labels = session.flow_labels()?;
        if self.tool_columns && set.identifiers.is_empty() {
            return Err(Usage(format!("--tool-columns: set `{}` is our own", set.id)).into());
        }
        let copying = Copying { labels: labels.as_ref(), set: self.tool_columns.then_some(set) };
        let input = TrafficInput::of(&self.input);
        let mut settings = session.traffic_settings()?;
        if input == TrafficInput::Stdin {
            // Ctrl-C reaches the program that writes, too: it is the end of the input.
            settings.stop = Some(crate::interrupt::stop());
        }
        let mut traffic = Traffic::open(&input, set, &settings)?;
        let bar = Bar::new(&session.terminal);
        let join = match &self.output {
            Some(file) => {
                let kind = SinkKind::of(file)?;
                let mut out = AtomicFile::create(file).map_err(EngineError::from)?;
                let join = copying.copy(&mut traffic, flow_sink(kind, &mut out), file, &bar)?;
                out.commit().map_err(EngineError::from)?;
                join
            }
            None => {
                let kind = match session.terminal.format {
                    Format::Text => SinkKind::Csv,
                    Format::Json => SinkKind::JsonLines,
                };
                let out = BufWriter::new(std::io::stdout());
                let place = Path::new("standard output");
                match copying.copy(&mut traffic, flow_sink(kind, out), place, &bar) {
                    // A reader that has gone away has what it wanted.
                    Err(EngineError::Write { source, .. })
                        if source.kind() == std::io::ErrorKind::BrokenPipe =>
                    {
                        return Ok(Exit::Ok);
                    }
                    result => result?,
                }
            }
        };
        bar.clear();
        let wire = Written {
            output: self.output.as_deref(),
            set: set.id,
            columns: traffic.schema().len(),
            labels: join.map(|join| JoinWire {
                flows_with_label: join.labelled,
                labels: join.labels,
                labels_without_flow: join.labels_without_flow,
                conflicts: join.conflicts,
            }),
            summary: SummaryWire::of(traffic.summary()),
        };
        let text = || {
            let mut text = summary_text(traffic.summary());
            if let Some(join) = &join {
                text.push_str(&format!(
                    "  {} flows have a label; {} of {} labels met no flow\n",
                    join.labelled, join.labels_without_flow, join.labels
                ));
            }
            if let Some(output) = &self.output {
                text.push_str(&format!("{}\n", output.display()));
            }
            text
        };
        if self.output.is_some() {
            output::show(&session.terminal, &wire, text)?;
        } else if session.terminal.progress {
            session.terminal.note(text().trim_end());
        }
        Ok(Exit::Ok)
    }
}

/// What is written beside the columns of the set.
struct Copying<'a> {
    labels: Option<&'a FlowLabels>,
    set: Option<&'static SetCard>,
}

impl Copying<'_> {
    /// Writes every flow.
    fn copy(
        &self,
        traffic: &mut Traffic,
        mut sink: Box<dyn FlowSink + '_>,
        output: &Path,
        bar: &Bar,
    ) -> Result<Option<JoinCounts>, EngineError> {
        use tripline_core::Progress as _;
        let mut first = true;
        let mut joiner = self.labels.map(|labels| (labels, labels.joiner()));
        while let Some(batch) = traffic.next_batch()? {
            let labels =
                joiner.as_mut().map(|(labels, joiner)| named(labels, joiner.join(&batch.flows)));
            // The first batch is written even if empty: it brings the columns.
            if first || !batch.flows.is_empty() {
                first = false;
                let records = FlowRecords {
                    flows: &batch.flows,
                    identifiers: self.set,
                    features: Some(&batch.rows),
                    labels: labels.as_deref(),
                    ..FlowRecords::default()
                };
                sink.write(&records).map_err(|error| refused(output, error))?;
            }
            bar.step("flows", traffic.summary().flows, 0);
        }
        sink.finish().map_err(|error| refused(output, error))?;
        Ok(joiner.map(|(_, joiner)| joiner.counts()))
    }
}
