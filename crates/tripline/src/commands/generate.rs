//! `tripline generate`: labelled data out of nothing.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use tripline_engine::EngineError;
use tripline_ingest::synthetic::packets::{Category, PacketOptions, PacketsMade, packets};
use tripline_ingest::{Compressed, synthetic};
use tripline_store::AtomicFile;

use crate::exit::{Exit, Usage};
use crate::output;
use crate::session::Session;

/// Make labelled data.
#[derive(Debug, Subcommand)]
pub(crate) enum Generate {
    /// Network flows of a made-up company, attacks among them
    Flows(Flows),
    /// A packet capture of a made-up office, attacks among it
    Packets(Packets),
}

/// Network flows of a made-up company, attacks among them.
///
/// Several services with daily and weekly load; scans, brute force, denial of service,
/// exfiltration and beaconing; benign rows that look like each of these. The same seed gives the
/// same bytes.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tripline generate flows --rows 100000 --seed 7 -o flows.csv")]
pub(crate) struct Flows {
    /// Number of rows
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    rows: usize,
    /// The CSV file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// A packet capture of a made-up office, attacks among it.
///
/// TCP with losses, retransmissions and resets; DNS, HTTP, TLS, QUIC, SSH, SMTP, FTP and more over
/// IPv4 and IPv6; port scans, brute force, floods, exfiltration, DNS tunnels, beacons; benign
/// traffic that looks like each of these. The same options give the same bytes.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tripline generate packets --flows 20000 --seed 7 -o office.pcap.gz --truth truth.csv"
)]
pub(crate) struct Packets {
    /// Number of conversations [default: 10000]
    #[arg(long, value_name = "N", conflicts_with = "seconds")]
    flows: Option<usize>,
    /// Length in seconds, at ten conversations a second
    #[arg(long, value_name = "S")]
    seconds: Option<f64>,
    /// Part of the conversations that are of attacks
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    attack_share: f64,
    /// Tag all frames (IEEE 802.1Q)
    #[arg(long)]
    vlan: bool,
    /// The capture to write; a name that ends in .gz or .zst is compressed
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The CSV file that tells each flow's label; .gz and .zst as well
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
}

/// Longest capture in seconds: ten years, after which times leave the format.
const LONGEST: f64 = 3e8;

#[derive(Serialize)]
struct MadePackets {
    output: PathBuf,
    truth: Option<PathBuf>,
    seed: u64,
    packets: u64,
    bytes: u64,
    seconds: f64,
    flows: u64,
    categories: Vec<(&'static str, u64)>,
}

#[derive(Serialize)]
struct Made {
    output: PathBuf,
    seed: u64,
    rows: usize,
    classes: Vec<(String, usize)>,
}

impl Generate {
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        match self {
            Self::Flows(flows) => flows.run(session),
            Self::Packets(packets) => packets.run(session),
        }
    }
}

impl Flows {
    fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let flows = self;
        let seed = session.seed();
        session.keep_inputs(&[Some(&flows.output)], &[])?;
        let mut file = AtomicFile::create(&flows.output).map_err(EngineError::from)?;
        let data = synthetic::flows(flows.rows, seed);
        synthetic::write_csv(&data, &mut file)
            .map_err(|source| EngineError::Write { file: flows.output.clone(), source })?;
        file.commit().map_err(EngineError::from)?;
        let classes = match &data.labels {
            Some(labels) => labels.classes().iter().cloned().zip(labels.counts()).collect(),
            None => Vec::new(),
        };
        let made = Made { output: flows.output.clone(), seed, rows: data.len(), classes };
        output::show(&session.terminal, &made, || {
            let classes: Vec<String> =
                made.classes.iter().map(|(name, count)| format!("{name} {count}")).collect();
            format!("{}: {} rows: {}\n", made.output.display(), made.rows, classes.join(", "))
        })?;
        Ok(Exit::Ok)
    }
}

impl Packets {
    fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let seed = session.seed();
        session.keep_inputs(&[Some(&self.output), self.truth.as_deref()], &[])?;
        let options = self.options(seed)?;
        let capture = Output::create(&self.output)?;
        let made = match &self.truth {
            Some(truth) => write(&options, capture, Some(Output::create(truth)?))?,
            None => write(&options, capture, None)?,
        };
        let categories = Category::ALL.iter().map(|it| it.name()).zip(made.by_category).collect();
        let made = MadePackets {
            output: self.output.clone(),
            truth: self.truth.clone(),
            seed,
            packets: made.packets,
            bytes: made.bytes,
            seconds: (made.last_ns - made.first_ns) as f64 / 1e9,
            flows: made.flows,
            categories,
        };
        output::show(&session.terminal, &made, || {
            let categories: Vec<String> =
                made.categories.iter().map(|(name, count)| format!("{name} {count}")).collect();
            format!(
                "{}: {} packets, {} bytes, {:.0} s, {} flows: {}\n",
                made.output.display(),
                made.packets,
                made.bytes,
                made.seconds,
                made.flows,
                categories.join(", ")
            )
        })?;
        Ok(Exit::Ok)
    }

    fn options(&self, seed: u64) -> Result<PacketOptions, Usage> {
        if !(0.0..=1.0).contains(&self.attack_share) {
            let got = self.attack_share;
            return Err(Usage(format!("--attack-share must be from 0 to 1, got {got}")));
        }
        let options = match self.seconds {
            Some(seconds) if (0.0..=LONGEST).contains(&seconds) => {
                PacketOptions::seconds(seconds, seed)
            }
            Some(seconds) => {
                return Err(Usage(format!("--seconds must be from 0 to {LONGEST}, got {seconds}")));
            }
            None => PacketOptions::flows(self.flows.unwrap_or(10_000), seed),
        };
        if options.seconds > LONGEST {
            let most = LONGEST * 10.0;
            return Err(Usage(format!("--flows must be at most {most}, got {}", options.flows)));
        }
        Ok(PacketOptions { attack_share: self.attack_share, vlan: self.vlan, ..options })
    }
}

/// Writes capture and truth, both or neither.
fn write(
    options: &PacketOptions,
    mut capture: Output,
    mut truth: Option<Output>,
) -> Result<PacketsMade, EngineError> {
    let made = match &mut truth {
        Some(truth) => packets(options, &mut capture.out, &mut truth.out),
        None => packets(options, &mut capture.out, &mut io::sink()),
    };
    let made = made.map_err(|source| EngineError::Write { file: capture.name.clone(), source })?;
    let capture = capture.finish()?;
    if let Some(truth) = truth {
        truth.finish()?.commit()?;
    }
    capture.commit()?;
    Ok(made)
}

/// A file that is compressed as its name says, and is there only when it is whole.
struct Output {
    name: PathBuf,
    out: BufWriter<Compressed<AtomicFile>>,
}

impl Output {
    fn create(name: &Path) -> Result<Self, EngineError> {
        let file = AtomicFile::create(name)?;
        let error = |source| EngineError::Write { file: name.to_owned(), source };
        let out = BufWriter::with_capacity(1 << 16, Compressed::new(name, file).map_err(error)?);
        Ok(Self { name: name.to_owned(), out })
    }

    fn finish(mut self) -> Result<AtomicFile, EngineError> {
        let name = self.name;
        let error = |source| EngineError::Write { file: name.clone(), source };
        self.out.flush().map_err(error)?;
        let (out, _) = self.out.into_parts();
        out.finish().map_err(error)
    }
}
