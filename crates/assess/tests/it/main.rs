//! Figures against oracles; protocols, guard, evaluation on made-up or real data; drawn pages.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test stops at what it did not expect"
)]

mod bootstrap;
mod drift;
mod evaluate;
mod gallery;
mod guard;
mod made;
mod markup;
mod metrics;
mod oracle;
mod plots;
mod protocol;
mod real;
mod report;
mod tables;
mod tune;
