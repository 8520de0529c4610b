//! Pages: from what is known to markup, without reading anything.

pub(super) mod audit;
pub(super) mod compare;
pub(super) mod data;
pub(super) mod detection;
pub(super) mod detections;
pub(super) mod event;
pub(super) mod experiment;
pub(super) mod figures;
pub(super) mod findings;
pub(super) mod job;
pub(super) mod jobs;
pub(super) mod keys;
pub(super) mod login;
pub(super) mod model;
pub(super) mod models;
pub(super) mod overview;
pub(super) mod rule;
pub(super) mod runs;
pub(super) mod settings;
pub(super) mod sums;
pub(super) mod threshold;
pub(super) mod training;
pub(super) mod welcome;
pub(super) mod why;
