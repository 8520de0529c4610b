//! The service over its network interface.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod access;
mod attacks;
mod browser;
mod changes;
mod contract;
mod doors;
mod entry;
mod frame;
mod harness;
mod hold;
mod http2;
mod idempotency;
mod job_data;
mod jobs;
mod many;
mod resources;
mod seeds;
mod traffic;
