//! The `tripline` command.

mod args;
mod commands;
mod config;
mod exit;
mod interrupt;
mod live_table;
mod output;
mod outputs;
mod progress;
mod report;
#[cfg(feature = "serve")]
mod serving;
mod session;
mod shipped;
mod summary;
mod table;
mod terminal;
mod traffic;
mod wire;

use std::process::ExitCode;

use clap::Parser;

/// Flows come and go by the hundred thousand a second; glibc's allocator took a tenth of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The child that runs an ONNX file must have one thread, and nothing of ours.
    #[cfg(feature = "onnx")]
    if std::env::args_os().nth(1).is_some_and(|first| first == tripline_onnx::WORKER) {
        return tripline_onnx::worker();
    }
    let cli = args::Cli::parse();
    let terminal = terminal::Terminal::new(&cli.global);
    // The service has signals of its own.
    let listening = if cli.command.is_service() { Ok(()) } else { interrupt::listen() };
    match listening.and_then(|()| commands::run(&cli, &terminal)) {
        Ok(code) => code.into(),
        Err(error) => {
            terminal.error(&error);
            exit::of(&error).into()
        }
    }
}
