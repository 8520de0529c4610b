//! The file's protobuf, read with nothing outside it.

use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto,
    tensor_proto::{DataLocation, DataType},
    tensor_shape_proto::dimension,
    type_proto,
};
use tract_onnx::tract_hir::internal::Framework as _;

use crate::description::{Description, Value};

/// Deepest nesting of graphs in graphs.
const MAX_DEPTH: usize = 8;

/// A file that was read.
pub(crate) struct Graph {
    pub(crate) proto: ModelProto,
}

impl Graph {
    /// From the bytes of a file; errors tell what is damaged, or that a tensor is elsewhere.
    pub(crate) fn read(mut bytes: &[u8]) -> Result<Self, String> {
        let proto = tract_onnx::onnx()
            .proto_model_for_read(&mut bytes)
            .map_err(|source| format!("it is damaged or no ONNX file: {source}"))?;
        let graph = proto.graph.as_ref().ok_or("it has no graph")?;
        if graph.node.is_empty() || graph.output.is_empty() {
            return Err("its graph has no node or no output".to_owned());
        }
        if !proto.functions.is_empty() {
            return Err("it has functions of its own, export it without".to_owned());
        }
        check(graph, 0)?;
        Ok(Self { proto })
    }

    /// What it says of itself.
    pub(crate) fn description(&self) -> Description {
        let mut description = Description::default();
        if let Some(graph) = &self.proto.graph {
            let constants: std::collections::BTreeSet<&str> =
                graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
            description.inputs = graph
                .input
                .iter()
                .filter(|input| !constants.contains(input.name.as_str()))
                .map(value)
                .collect();
            description.outputs = graph.output.iter().map(value).collect();
        }
        for entry in &self.proto.metadata_props {
            match entry.key.as_str() {
                "tripline" => description.settings = Some(entry.value.clone()),
                "feature_names" => {
                    description.names =
                        entry.value.split(',').map(|name| name.trim().to_owned()).collect();
                }
                _ => {}
            }
        }
        description
    }
}

/// A value with its type and sizes.
fn value(info: &ValueInfoProto) -> Value {
    let mut value = Value { name: info.name.clone(), kind: String::new(), dims: Vec::new() };
    if let Some(type_proto::Value::TensorType(tensor)) =
        info.r#type.as_ref().and_then(|kind| kind.value.as_ref())
    {
        value.kind = DataType::try_from(tensor.elem_type)
            .map_or_else(|_| "unknown".to_owned(), |kind| kind.as_str_name().to_lowercase());
        if let Some(shape) = &tensor.shape {
            value.dims = shape
                .dim
                .iter()
                .map(|dim| match dim.value {
                    Some(dimension::Value::DimValue(size)) if size >= 0 => size,
                    _ => -1,
                })
                .collect();
        }
    }
    value
}

/// Refuses tensors that are in other files.
fn check(graph: &GraphProto, depth: usize) -> Result<(), String> {
    if depth == MAX_DEPTH {
        return Err("its graphs are nested too deeply".to_owned());
    }
    if !graph.sparse_initializer.is_empty() {
        return Err("it has sparse tensors".to_owned());
    }
    graph.initializer.iter().try_for_each(inside)?;
    for node in &graph.node {
        for attribute in &node.attribute {
            attribute.t.iter().chain(&attribute.tensors).try_for_each(inside)?;
            for graph in attribute.g.iter().chain(&attribute.graphs) {
                check(graph, depth + 1)?;
            }
        }
    }
    Ok(())
}

fn inside(tensor: &TensorProto) -> Result<(), String> {
    let external = tensor.data_location == Some(DataLocation::External as i32);
    if external || !tensor.external_data.is_empty() {
        return Err(format!(
            "tensor `{}` is in another file: save the model as one file",
            tensor.name
        ));
    }
    Ok(())
}

/// The attribute of that name.
pub(crate) fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}
