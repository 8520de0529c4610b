//! Operators on the numbers of each column.

use tract_onnx::pb::NodeProto;
use tract_onnx::pb::tensor_proto::DataType;

use super::make::{Maker, int};
use crate::graph::attribute;

/// Widest range of keys that becomes a table.
const MAX_KEYS: i64 = 1 << 20;

/// The first input and output of a node.
pub(super) fn ends(node: &NodeProto) -> Result<(&str, &str), String> {
    match (node.input.first(), node.output.first()) {
        (Some(input), Some(output)) => Ok((input, output)),
        _ => Err(format!("operator `{}` has no input or no output", node.op_type)),
    }
}

fn list(node: &NodeProto, name: &str) -> Vec<f32> {
    attribute(node, name).map_or(Vec::new(), |attribute| attribute.floats.clone())
}

/// (x − offset) · scale.
pub(super) fn scaler(node: &NodeProto, maker: &mut Maker) -> Result<(), String> {
    let (input, output) = ends(node)?;
    let (offset, scale) = (list(node, "offset"), list(node, "scale"));
    let mut value = maker.add("Cast", &[input], vec![int("to", DataType::Float as i64)]);
    if !offset.is_empty() {
        let offset = maker.floats(&[1, offset.len()], offset);
        value = maker.add("Sub", &[&value, &offset], vec![]);
    }
    let scale = if scale.is_empty() { vec![1.0] } else { scale };
    let scale = maker.floats(&[1, scale.len()], scale);
    maker.put("Mul", &[&value, &scale], vec![], output);
    Ok(())
}

/// A value that equals the replaced one, or is missing, becomes that of its column.
pub(super) fn imputer(node: &NodeProto, maker: &mut Maker) -> Result<(), String> {
    let (input, output) = ends(node)?;
    let values = list(node, "imputed_value_floats");
    if values.is_empty() {
        return Err("`Imputer` is supported with `imputed_value_floats` alone".to_owned());
    }
    let replaced = attribute(node, "replaced_value_float").map_or(0.0, |attribute| attribute.f);
    let mask = if replaced.is_nan() {
        maker.add("IsNaN", &[input], vec![])
    } else {
        let replaced = maker.floats(&[1, 1], vec![replaced]);
        maker.add("Equal", &[input, &replaced], vec![])
    };
    let values = maker.floats(&[1, values.len()], values);
    maker.put("Where", &[&mask, &values, input], vec![], output);
    Ok(())
}

/// 1 above the threshold, else 0.
pub(super) fn binarizer(node: &NodeProto, maker: &mut Maker) -> Result<(), String> {
    let (input, output) = ends(node)?;
    let threshold = attribute(node, "threshold").map_or(0.0, |attribute| attribute.f);
    let threshold = maker.floats(&[1, 1], vec![threshold]);
    let above = maker.add("Greater", &[input, &threshold], vec![]);
    maker.put("Cast", &[&above], vec![int("to", DataType::Float as i64)], output);
    Ok(())
}

/// Columns beside each other.
pub(super) fn vectorizer(node: &NodeProto, maker: &mut Maker) -> Result<(), String> {
    let (_, output) = ends(node)?;
    let mut parts = Vec::with_capacity(node.input.len());
    for input in &node.input {
        parts.push(maker.add("Cast", &[input], vec![int("to", DataType::Float as i64)]));
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    maker.put("Concat", &parts, vec![int("axis", 1)], output);
    Ok(())
}

/// Whole numbers to numbers: a table over the range of the keys, its last entry the default.
pub(super) fn label_encoder(node: &NodeProto, maker: &mut Maker) -> Result<(), String> {
    let (input, output) = ends(node)?;
    let keys = attribute(node, "keys_int64s").map_or(&[][..], |attribute| &attribute.ints);
    let values = attribute(node, "values_floats").map_or(&[][..], |attribute| &attribute.floats);
    let range = keys.iter().min().zip(keys.iter().max());
    let (Some((&least, &largest)), true) = (range, keys.len() == values.len()) else {
        return Err("`LabelEncoder` is supported from whole numbers to numbers alone".to_owned());
    };
    let width = largest.checked_sub(least).filter(|&width| width < MAX_KEYS);
    let width = width.ok_or("the keys of `LabelEncoder` are too far apart")? + 1;
    let default = attribute(node, "default_float").map_or(0.0, |attribute| attribute.f);
    let mut table = vec![default; width as usize + 1];
    for (&key, &value) in keys.iter().zip(values) {
        table[(key - least) as usize] = value;
    }
    let table = maker.floats(&[table.len()], table);
    let least_name = maker.ints(&[1], vec![least]);
    let largest_name = maker.ints(&[1], vec![largest]);
    let other = maker.ints(&[1], vec![width]);
    let index = maker.add("Sub", &[input, &least_name], vec![]);
    let below = maker.add("Less", &[input, &least_name], vec![]);
    let above = maker.add("Greater", &[input, &largest_name], vec![]);
    let outside = maker.add("Or", &[&below, &above], vec![]);
    let index = maker.add("Where", &[&outside, &other, &index], vec![]);
    maker.put("Gather", &[&table, &index], vec![int("axis", 0)], output);
    Ok(())
}
