//! Operators that the runtime does not know, written as ones that it knows.
//!
//! The runtime has linear models, tree classifiers, normalisers and category maps of `ai.onnx.ml`.
//! From scikit-learn come more: scalers, imputers, regressing trees, numeric label encoders,
//! support vectors, and `ZipMap`, which only names the columns of an output. What the chosen output
//! does not need is left out, such as labels as text.

mod make;
mod numbers;
mod trees;
mod vectors;

use std::collections::{BTreeMap, BTreeSet};

use tract_onnx::pb::{GraphProto, NodeProto, ValueInfoProto};

use make::Maker;

/// Reduces a graph to what `output` needs, in operators of the runtime.
pub(crate) fn lower(graph: &mut GraphProto, output: &str) -> Result<(), String> {
    if !graph.output.iter().any(|known| known.name == output) {
        let known: Vec<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
        return Err(format!("it has no output `{output}`, but {}", known.join(", ")));
    }
    let output = skip_maps(graph, output);
    prune(graph, &output);
    let mut maker = Maker::new(graph);
    for node in std::mem::take(&mut graph.node) {
        rewrite(node, &mut maker)?;
    }
    let (nodes, constants) = maker.finish();
    graph.node = nodes;
    graph.initializer.extend(constants);
    graph.output = vec![ValueInfoProto { name: output, ..ValueInfoProto::default() }];
    Ok(())
}

fn rewrite(node: NodeProto, maker: &mut Maker) -> Result<(), String> {
    match (node.domain.as_str(), node.op_type.as_str()) {
        ("ai.onnx.ml", "Scaler") => numbers::scaler(&node, maker),
        ("ai.onnx.ml", "Imputer") => numbers::imputer(&node, maker),
        ("ai.onnx.ml", "Binarizer") => numbers::binarizer(&node, maker),
        ("ai.onnx.ml", "FeatureVectorizer") => numbers::vectorizer(&node, maker),
        ("ai.onnx.ml", "LabelEncoder") => numbers::label_encoder(&node, maker),
        ("ai.onnx.ml", "TreeEnsembleRegressor") => trees::regressor(node, maker),
        ("ai.onnx.ml", "TreeEnsembleClassifier") => trees::classifier(node, maker),
        ("ai.onnx.ml", "SVMRegressor") => vectors::regressor(&node, maker),
        (
            "ai.onnx.ml",
            "LinearClassifier"
            | "LinearRegressor"
            | "Normalizer"
            | "ArrayFeatureExtractor"
            | "CategoryMapper",
        ) => {
            maker.keep(node);
            Ok(())
        }
        ("ai.onnx.ml", other) => Err(format!("operator `{other}` of ai.onnx.ml is not supported")),
        ("", "Loop") => Err("operator `Loop` is not supported".to_owned()),
        _ => {
            maker.keep(node);
            Ok(())
        }
    }
}

/// Takes `ZipMap` and `Identity` at the output away: gives the name of what they are given.
fn skip_maps(graph: &GraphProto, output: &str) -> String {
    let mut name = output;
    // Each step takes another node; a cycle ends here as well.
    for _ in 0..graph.node.len() {
        let map = graph
            .node
            .iter()
            .find(|node| node.op_type == "ZipMap" && node.output.iter().any(|out| out == name));
        match map.and_then(|node| node.input.first()) {
            Some(input) => name = input,
            None => break,
        }
    }
    name.to_owned()
}

/// Keeps the nodes that an output depends on, in their order.
fn prune(graph: &mut GraphProto, output: &str) {
    let mut makers: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, node) in graph.node.iter().enumerate() {
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            makers.insert(name, index);
        }
    }
    let mut kept = BTreeSet::new();
    let mut open = vec![output];
    while let Some(name) = open.pop() {
        if let Some(&index) = makers.get(name)
            && kept.insert(index)
        {
            let node = &graph.node[index];
            open.extend(node.input.iter().map(String::as_str));
            for attribute in &node.attribute {
                attribute.g.iter().chain(&attribute.graphs).for_each(|g| captured(g, &mut open));
            }
        }
    }
    let mut index = 0;
    graph.node.retain(|_| {
        index += 1;
        kept.contains(&(index - 1))
    });
}

/// Every name that a graph in a graph reads; some are its own, which does no harm.
fn captured<'a>(graph: &'a GraphProto, names: &mut Vec<&'a str>) {
    for node in &graph.node {
        names.extend(node.input.iter().map(String::as_str));
        for attribute in &node.attribute {
            attribute.g.iter().chain(&attribute.graphs).for_each(|inner| captured(inner, names));
        }
    }
    names.extend(graph.output.iter().map(|output| output.name.as_str()));
}
