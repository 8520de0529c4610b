//! The card of ONNX files: for registers, not for training.

use tripline_core::{
    Abilities, Card, Family, Input, MissingPolicy, ParamError, Shape, Supervision,
};

use crate::open;

/// The card of an ONNX file with its settings.
pub static CARD: Card = Card {
    id: "onnx_model",
    name: "ONNX model",
    family: Family::Neural,
    summary: "A model of another framework, run in a process of its own with limits.",
    source: "ONNX 1.23, https://onnx.ai/onnx/intro/; run by tract 0.23",
    cost: "that of the model, with about 50 µs for each 1,024 rows",
    shape: Shape::Rows,
    input: Input::Mixed,
    supervision: Supervision::Optional,
    missing: MissingPolicy::Reject,
    abilities: Abilities {
        multiclass: true,
        weights: false,
        explain: false,
        importance: false,
        online: false,
        outliers: false,
        early_stopping: false,
    },
    params: &[],
    exemptions: &[],
    build: |_, _| {
        Err(ParamError::Conflict {
            name: "model".to_owned(),
            reason: "`onnx_model` holds models that were trained by another program".to_owned(),
        })
    },
    load: |state, _| open::load(state),
};
