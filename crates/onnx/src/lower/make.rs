//! Nodes and constants for a graph that is written anew.

use std::collections::BTreeSet;

use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};

/// Collects nodes and constants; names are its own.
pub(super) struct Maker {
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
    taken: BTreeSet<String>,
    count: usize,
}

impl Maker {
    pub(super) fn new(graph: &GraphProto) -> Self {
        let nodes = graph.node.iter().flat_map(|node| node.input.iter().chain(&node.output));
        let taken = nodes
            .chain(graph.initializer.iter().map(|tensor| &tensor.name))
            .chain(graph.input.iter().map(|input| &input.name))
            .cloned()
            .collect();
        Self { nodes: Vec::new(), constants: Vec::new(), taken, count: 0 }
    }

    pub(super) fn finish(self) -> (Vec<NodeProto>, Vec<TensorProto>) {
        (self.nodes, self.constants)
    }

    /// A node as it is.
    pub(super) fn keep(&mut self, node: NodeProto) {
        self.nodes.push(node);
    }

    /// A name that nothing has.
    pub(super) fn name(&mut self) -> String {
        loop {
            self.count += 1;
            let name = format!("lowered_{}", self.count);
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }

    /// A node whose output has a name of ours, which is given back.
    pub(super) fn add(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> String {
        let output = self.name();
        self.put(operator, inputs, attributes, &output);
        output
    }

    /// A node that gives `output`.
    pub(super) fn put(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
        output: &str,
    ) {
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![output.to_owned()],
            name: format!("make_{output}"),
            op_type: operator.to_owned(),
            attribute: attributes,
            ..NodeProto::default()
        });
    }

    /// Numbers of those sizes; gives the name.
    pub(super) fn floats(&mut self, dims: &[usize], values: Vec<f32>) -> String {
        self.constant(TensorProto {
            data_type: DataType::Float as i32,
            dims: dims.iter().map(|&size| size as i64).collect(),
            float_data: values,
            ..TensorProto::default()
        })
    }

    /// Whole numbers of those sizes; gives the name.
    pub(super) fn ints(&mut self, dims: &[usize], values: Vec<i64>) -> String {
        self.constant(TensorProto {
            data_type: DataType::Int64 as i32,
            dims: dims.iter().map(|&size| size as i64).collect(),
            int64_data: values,
            ..TensorProto::default()
        })
    }

    fn constant(&mut self, tensor: TensorProto) -> String {
        let name = self.name();
        self.constants.push(TensorProto { name: name.clone(), ..tensor });
        name
    }
}

/// An attribute with a whole number.
pub(super) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Int as i32,
        i: value,
        ..AttributeProto::default()
    }
}

/// An attribute with whole numbers.
pub(super) fn ints(name: &str, values: Vec<i64>) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Ints as i32,
        ints: values,
        ..AttributeProto::default()
    }
}

/// An attribute with numbers.
pub(super) fn floats(name: &str, values: Vec<f32>) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Floats as i32,
        floats: values,
        ..AttributeProto::default()
    }
}
