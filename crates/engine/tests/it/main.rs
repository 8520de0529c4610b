//! Boundary tests of the use cases.
#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its own functions too")]

mod fitting;
mod forged;
mod golden;
