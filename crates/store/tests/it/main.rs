//! Boundary tests of the model file.
#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its own functions too")]

mod damage;
mod golden;
mod metadata;
mod signature;
