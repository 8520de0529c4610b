//! What is behind each address: reads what its page shows, does what its form asks.

pub(super) mod audit;
pub(super) mod data;
pub(super) mod detections;
pub(super) mod experiments;
pub(super) mod jobs;
pub(super) mod keys;
pub(super) mod live;
pub(super) mod models;
pub(super) mod overview;
mod reading;
pub(super) mod runs;
pub(super) mod sample;
pub(super) mod session;
pub(super) mod settings;
