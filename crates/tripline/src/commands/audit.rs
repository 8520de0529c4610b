//! `tripline audit`: whether the trail of changes is as it was written.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Serialize;
use tripline_engine::service::{AUDIT_HEADS, AUDIT_KEY, DATABASE};
use tripline_store::{PublicKey, SecretKey};

use crate::exit::Exit;
use crate::output;
use crate::session::Session;

/// Check the audit trail.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Find changed, missing and added entries, and a cut tail
    Verify(Verify),
}

/// Options of `verify`.
#[derive(Debug, Args)]
#[command(after_help = "The service may be running. Exit code 1: the trail does not hold.")]
pub(crate) struct Verify {
    /// The folder of the service [default: tripline-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The public key, kept elsewhere, with which the heads were signed [default: that in the
    /// folder]
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// A log of heads, kept elsewhere [default: that in the folder]
    #[arg(long, value_name = "FILE")]
    heads: Option<PathBuf>,
}

#[derive(Serialize)]
struct Verified {
    intact: bool,
    entries: u64,
    logged_heads: u64,
    findings: Vec<String>,
    further: u64,
}

impl Audit {
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let Self::Verify(verify) = self;
        verify.run(session)
    }
}

impl Verify {
    fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let folder = match &self.data_dir {
            Some(folder) => folder.clone(),
            None => PathBuf::from(&session.config.serve.data_dir),
        };
        let key = match &self.public_key {
            Some(file) => PublicKey::read(file).context("the public key")?,
            None => SecretKey::read(&folder.join(AUDIT_KEY))
                .context("the key of the trail; `--data-dir` names the service's folder")?
                .public(),
        };
        let own = folder.join(AUDIT_HEADS);
        let heads = match &self.heads {
            Some(file) => Some(file.as_path()),
            None => own.is_file().then_some(own.as_path()),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let database = folder.join(DATABASE);
        let report =
            runtime.block_on(tripline_store::sqlite::verify_trail(&database, &key, heads))?;
        let verified = Verified {
            intact: report.is_intact() && heads.is_some(),
            entries: report.entries,
            logged_heads: report.logged,
            findings: report
                .findings
                .iter()
                .map(ToString::to_string)
                .chain(
                    heads
                        .is_none()
                        .then(|| format!("{}: the log of heads is missing", own.display())),
                )
                .collect(),
            further: report.further,
        };
        output::show(&session.terminal, &verified, || {
            let mut text = format!(
                "{} entries, {} logged heads: {}\n",
                verified.entries,
                verified.logged_heads,
                if verified.intact { "intact" } else { "NOT intact" }
            );
            for finding in &verified.findings {
                text.push_str(&format!("- {finding}\n"));
            }
            if verified.further > 0 {
                text.push_str(&format!("- and {} more\n", verified.further));
            }
            text
        })?;
        Ok(if verified.intact { Exit::Ok } else { Exit::Error })
    }
}
