//! What this crate promises to the crates above it.

mod conformance;
