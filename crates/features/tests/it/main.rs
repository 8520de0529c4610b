//! What the crate promises at its boundary.

// `allow-unwrap-in-tests` reaches test functions alone, not what they share.
#![allow(clippy::unwrap_used)]

mod behaviour;
mod data;
mod flow;
mod oracle;
mod properties;
