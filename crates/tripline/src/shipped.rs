//! The model that is compiled in, so that `watch` works without one.

use std::path::Path;

use tripline_engine::{EngineError, Model};
use tripline_store::Limits;

/// Written by `cargo xtask pretrain`: synthetic traffic from fixed seeds.
const MODEL: &[u8] = include_bytes!("../models/traffic.trip");

/// The model that is compiled in.
pub(crate) fn model() -> Result<Model, EngineError> {
    Model::from_bytes(Path::new("the shipped model"), MODEL, &Limits::default())
}

/// The models that a service begins with.
#[cfg(feature = "serve")]
pub(crate) fn models() -> Vec<tripline_engine::service::Shipped> {
    vec![tripline_engine::service::Shipped { name: "flow_detector", task: "flow", bytes: MODEL }]
}
