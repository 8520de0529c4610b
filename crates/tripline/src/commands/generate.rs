//! `tripline generate`: labelled data out of nothing.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use tripline_engine::EngineError;
use tripline_ingest::synthetic;
use tripline_store::AtomicFile;

use crate::exit::Exit;
use crate::output;
use crate::session::Session;

/// Make labelled data.
#[derive(Debug, Subcommand)]
pub(crate) enum Generate {
    /// Network flows of a made-up company, attacks among them
    Flows(Flows),
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

#[derive(Serialize)]
struct Made {
    output: PathBuf,
    seed: u64,
    rows: usize,
    classes: Vec<(String, usize)>,
}

impl Generate {
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let Self::Flows(flows) = self;
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
