//! The service over its network interface.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod access;
mod attacks;
mod browser;
mod contract;
mod entry;
mod frame;
mod harness;
mod idempotency;
mod hold;
mod job_data;
mod jobs;
mod kill;
mod many;
mod resources;
mod traffic;
