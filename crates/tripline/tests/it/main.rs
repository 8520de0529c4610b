//! Scenarios against the real binary.
#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its own functions too")]
#![allow(clippy::print_stderr, reason = "a test tells whether it ran")]

mod adapt;
mod bench;
mod configuration;
mod damage;
mod data;
mod flow;
mod guard;
mod help;
mod onnx;
mod outliers;
mod packets;
mod signing;
mod traffic;
mod tune;
