//! `tripline config`: what holds, and whether a file can be read.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::Value;

use crate::config::{Layers, Source};
use crate::exit::Exit;
use crate::output;
use crate::serving::Serving;
use crate::session::{Session, variables};

/// Check a configuration, or say what holds.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Read a file and the environment; an error names the key with its line
    Check(Check),
    /// List every setting with its value and where that comes from
    Show(Show),
}

/// Options of `check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The file; without it that of `--config`
    file: Option<PathBuf>,
}

/// Options of `show`.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Only what is not the default
    #[arg(long)]
    changed: bool,
}

#[derive(Serialize)]
struct Checked {
    ok: bool,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Setting<'a> {
    name: &'a str,
    value: &'a Value,
    source: String,
}

impl Config {
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        match self {
            Self::Check(check) => check.run(session),
            Self::Show(show) => show.run(session),
        }
    }
}

impl Check {
    fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let file = self.file.as_deref().or(session.config_file());
        let layers = Layers::read(file, variables())?;
        let serving = Serving::of(&layers.config)?;
        let notes = layers.notes.into_iter().chain(serving.notes).collect();
        let checked = Checked { ok: true, notes };
        output::show(&session.terminal, &checked, || {
            let mut text = String::from("The configuration can be used.\n");
            for note in &checked.notes {
                text.push_str(&format!("- {note}\n"));
            }
            text
        })?;
        Ok(Exit::Ok)
    }
}

impl Show {
    fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let settings: Vec<Setting<'_>> = session
            .layers
            .values
            .iter()
            .filter(|(_, (_, source))| !self.changed || *source != Source::Default)
            .map(|(name, (value, source))| Setting {
                name,
                value,
                source: source.name().to_owned(),
            })
            .collect();
        output::show(&session.terminal, &settings, || {
            settings
                .iter()
                .map(|setting| {
                    format!("{}: {}  # {}\n", setting.name, setting.value, setting.source)
                })
                .collect()
        })?;
        Ok(Exit::Ok)
    }
}
