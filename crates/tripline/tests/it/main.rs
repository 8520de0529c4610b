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
mod kill;
mod onnx;
mod outliers;
mod packets;
mod serve;
mod serve_audit;
mod serve_keys;
mod serve_signals;
mod service;
mod signing;
mod tls;
mod traffic;
mod tune;
