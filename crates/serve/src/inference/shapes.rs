//! The JSON shapes of the Open Inference Protocol, version 2.
//!
//! Source: <https://github.com/open-inference/open-inference-protocol>, `inference_rest.md`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What the server is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServerMetadata {
    /// `tripline`.
    pub(crate) name: &'static str,
    /// Its version.
    pub(crate) version: &'static str,
    /// Extensions of the protocol: none.
    pub(crate) extensions: Vec<String>,
}

/// Whether the server is alive.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServerLive {
    /// True.
    pub(crate) live: bool,
}

/// Whether the server can answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServerReady {
    /// Whether all models that shall answer are loaded.
    pub(crate) ready: bool,
}

/// Whether a model can answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelReady {
    /// The name of the model.
    pub(crate) name: String,
    /// Whether it is loaded.
    pub(crate) ready: bool,
}

/// What a model takes and gives.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelMetadata {
    /// The name of the model.
    #[schema(example = "unsw_nb15_detector")]
    pub(crate) name: String,
    /// Versions that are loaded.
    #[schema(example = json!(["v1.0.0"]))]
    pub(crate) versions: Vec<String>,
    /// What runs it.
    #[schema(example = "tripline_gradient_boosting")]
    pub(crate) platform: String,
    /// One tensor for each column.
    pub(crate) inputs: Vec<TensorMetadata>,
    /// What it gives.
    pub(crate) outputs: Vec<TensorMetadata>,
}

/// A tensor that a model takes or gives.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TensorMetadata {
    /// The name of the column.
    #[schema(example = "dur")]
    pub(crate) name: String,
    /// `FP64`, `BOOL`, `BYTES`.
    #[schema(example = "FP64")]
    pub(crate) datatype: &'static str,
    /// −1 stands for any number of rows.
    #[schema(example = json!([-1, 1]))]
    pub(crate) shape: Vec<i64>,
}

/// A question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InferenceRequest {
    /// Comes back with the answer.
    #[serde(default)]
    pub(crate) id: Option<String>,
    /// Parameters of the request; none is known, all are taken without effect.
    #[serde(default)]
    #[allow(dead_code, reason = "the protocol has it; it has no effect here")]
    #[schema(value_type = Option<Object>)]
    pub(crate) parameters: Option<BTreeMap<String, Value>>,
    /// The columns: a tensor for each, or one for all of them.
    pub(crate) inputs: Vec<RequestInput>,
    /// The outputs wanted; all, if left out.
    #[serde(default)]
    pub(crate) outputs: Option<Vec<RequestOutput>>,
}

/// An input tensor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestInput {
    /// The column; of a tensor with several columns any name.
    #[schema(example = "dur")]
    pub(crate) name: String,
    /// `[n]` or `[n, 1]` for one column, `[n, d]` for all numeric ones.
    #[schema(example = json!([1, 1]))]
    pub(crate) shape: Vec<u64>,
    /// `BOOL`, `INT8` to `INT64`, `UINT8` to `UINT64`, `FP32`, `FP64`, `BYTES`.
    #[schema(example = "FP64")]
    pub(crate) datatype: String,
    /// Of a tensor with several columns `columns`: their names, in order.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) parameters: Option<BTreeMap<String, Value>>,
    /// Values in row-major order, flat or nested.
    #[schema(value_type = Vec<Object>, example = json!([0.5]))]
    pub(crate) data: Value,
}

/// An output that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestOutput {
    /// `probability`, `score`, `alert`, `class`.
    #[schema(example = "probability")]
    pub(crate) name: String,
    /// Parameters of the output; none is known.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    #[allow(dead_code, reason = "the protocol has it; it has no effect here")]
    pub(crate) parameters: Option<BTreeMap<String, Value>>,
}

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InferenceResponse {
    /// The name of the model.
    #[schema(example = "unsw_nb15_detector")]
    pub(crate) model_name: String,
    /// Its version.
    #[schema(example = "v1.0.0")]
    pub(crate) model_version: String,
    /// The id of the request, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// The outputs.
    pub(crate) outputs: Vec<ResponseOutput>,
}

/// An output tensor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResponseOutput {
    /// `probability`, `score`, `alert`, `class`.
    #[schema(example = "probability")]
    pub(crate) name: &'static str,
    /// `[n]`.
    #[schema(example = json!([1]))]
    pub(crate) shape: Vec<u64>,
    /// `FP64`, `BOOL`, `BYTES`.
    #[schema(example = "FP64")]
    pub(crate) datatype: &'static str,
    /// The values.
    #[schema(value_type = Vec<Object>, example = json!([0.97]))]
    pub(crate) data: Values,
}

/// Values of an output.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Values {
    /// Numbers.
    Numbers(Vec<f64>),
    /// Yes or no.
    Booleans(Vec<bool>),
    /// Texts.
    Texts(Vec<String>),
}
