//! The models that are compiled in, so that `watch` and `serve` work without one.

use std::path::Path;

use tripline_engine::{EngineError, Model};
use tripline_store::Limits;

/// Written by `cargo xtask pretrain`: synthetic traffic from fixed seeds.
const MODEL: &[u8] = include_bytes!("../models/traffic.trip");

/// The same over the columns of UNSW-NB15's published partition.
#[cfg(feature = "serve")]
const UNSW_NB15: &[u8] = include_bytes!("../models/unsw_nb15.trip");

/// The model that is compiled in.
pub(crate) fn model() -> Result<Model, EngineError> {
    Model::from_bytes(Path::new("the shipped model"), MODEL, &Limits::default())
}

/// The models that a service begins with.
#[cfg(feature = "serve")]
pub(crate) fn models() -> Vec<tripline_engine::service::Shipped> {
    use tripline_engine::service::Shipped;
    vec![
        Shipped { name: "flow_detector", task: "flow", bytes: MODEL },
        Shipped { name: "unsw_nb15_detector", task: "flow", bytes: UNSW_NB15 },
    ]
}
