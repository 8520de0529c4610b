//! Boundary tests of the model file, the metadata, the audit trail.
#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its own functions too")]

mod audit;
mod blobs;
mod damage;
mod golden;
mod kill;
mod metadata;
mod power;
mod rate;
mod signature;
mod sqlite;
