//! The commands, one file each.

pub(crate) mod adapt;
#[cfg(feature = "serve")]
pub(crate) mod audit;
pub(crate) mod check;
pub(crate) mod compare;
#[cfg(feature = "serve")]
pub(crate) mod config;
pub(crate) mod demo;
#[cfg(feature = "serve")]
mod demo_serve;
mod demo_traffic;
pub(crate) mod detectors;
pub(crate) mod evaluate;
pub(crate) mod explain;
pub(crate) mod flows;
pub(crate) mod generate;
pub(crate) mod import;
pub(crate) mod inspect;
#[cfg(feature = "serve")]
pub(crate) mod key;
pub(crate) mod keygen;
pub(crate) mod learn;
pub(crate) mod outliers;
pub(crate) mod rank;
pub(crate) mod score;
mod score_traffic;
#[cfg(feature = "serve")]
pub(crate) mod serve;
pub(crate) mod train;
pub(crate) mod tune;
mod tune_page;
mod tune_text;
mod tune_wire;
#[cfg(feature = "serve")]
pub(crate) mod user;
pub(crate) mod watch;

use crate::args::{Cli, Command};
use crate::exit::Exit;
use crate::session::Session;
use crate::terminal::Terminal;

/// Runs the command that was asked for.
pub(crate) fn run(cli: &Cli, terminal: &Terminal) -> anyhow::Result<Exit> {
    let session = Session::new(cli, *terminal)?;
    match &cli.command {
        Command::Demo(command) => command.run(session),
        Command::Check(command) => command.run(session),
        Command::Train(command) => command.run(session),
        Command::Tune(command) => command.run(session),
        Command::Adapt(command) => command.run(session),
        Command::Learn(command) => command.run(session),
        Command::Flows(command) => command.run(session),
        Command::Watch(command) => command.run(session),
        Command::Evaluate(command) => command.run(session),
        Command::Compare(command) => command.run(session),
        Command::Rank(command) => command.run(session),
        Command::Score(command) => command.run(session),
        Command::Outliers(command) => command.run(session),
        Command::Explain(command) => command.run(session),
        Command::Detectors(command) => command.run(&session),
        Command::Import(command) => command.run(&session),
        Command::Inspect(command) => command.run(session),
        Command::Generate(command) => command.run(&session),
        Command::Keygen(command) => command.run(&session),
        #[cfg(feature = "serve")]
        Command::Serve(command) => command.run(&session),
        #[cfg(feature = "serve")]
        Command::Config(command) => command.run(&session),
        #[cfg(feature = "serve")]
        Command::Audit(command) => command.run(&session),
        #[cfg(feature = "serve")]
        Command::Key(command) => command.run(&session),
        #[cfg(feature = "serve")]
        Command::User(command) => command.run(&session),
    }
}
