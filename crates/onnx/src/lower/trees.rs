//! Tree ensembles as the one kind that the runtime has: a classifier.

use tract_onnx::pb::{AttributeProto, NodeProto};

use super::make::{Maker, floats, int, ints};
use super::numbers::ends;
use crate::graph::attribute;

/// Fewest classes for which the runtime gives each class its own column.
const LEAST_CLASSES: usize = 3;

/// A regressor is a classifier whose classes are its targets; the runtime gives columns of their
/// own to three classes and more, so further ones are added, then left out.
pub(super) fn regressor(mut node: NodeProto, maker: &mut Maker) -> Result<(), String> {
    let output = ends(&node)?.1.to_owned();
    let targets = attribute(&node, "n_targets").map_or(1, |attribute| attribute.i);
    let targets = usize::try_from(targets).ok().filter(|count| (1..=1 << 16).contains(count));
    let targets = targets.ok_or("`TreeEnsembleRegressor` has an invalid number of targets")?;
    let transform = attribute(&node, "post_transform").map_or(&b"NONE"[..], |found| &found.s);
    if transform != b"NONE" && transform != b"LOGISTIC" {
        return Err("`TreeEnsembleRegressor` is supported without `post_transform`".to_owned());
    }
    let trees = match attribute(&node, "aggregate_function").map(|found| found.s.as_slice()) {
        None | Some(b"SUM") => 1.0,
        Some(b"AVERAGE") => {
            let ids = attribute(&node, "nodes_treeids").map_or(&[][..], |found| &found.ints);
            ids.iter().collect::<std::collections::BTreeSet<_>>().len().max(1) as f32
        }
        Some(_) => {
            return Err("`TreeEnsembleRegressor` is supported with SUM or AVERAGE".to_owned());
        }
    };
    let classes = targets.max(LEAST_CLASSES);
    node.op_type = "TreeEnsembleClassifier".to_owned();
    let mut attributes = vec![ints("classlabels_int64s", (0..classes as i64).collect())];
    for mut found in node.attribute {
        match found.name.as_str() {
            "n_targets" | "aggregate_function" => continue,
            "target_weights" => found.floats.iter_mut().for_each(|weight| *weight /= trees),
            "base_values" => found.floats.resize(classes, 0.0),
            _ => {}
        }
        if let Some(rest) = found.name.strip_prefix("target_") {
            found.name = format!("class_{rest}");
        }
        attributes.push(found);
    }
    node.attribute = attributes;
    let all = maker.name();
    node.output = vec![maker.name(), all.clone()];
    maker.keep(node);
    let index = maker.ints(&[targets], (0..targets as i64).collect());
    maker.put("Gather", &[&all, &index], vec![int("axis", 1)], &output);
    Ok(())
}

/// A classifier of two classes with one column of weights: its base value gets a place for each
/// class, its weights are those of the first, as the runtime expects.
pub(super) fn classifier(mut node: NodeProto, maker: &mut Maker) -> Result<(), String> {
    let labels =
        |name: &str, count: fn(&AttributeProto) -> usize| attribute(&node, name).map_or(0, count);
    let classes = labels("classlabels_int64s", |found| found.ints.len())
        .max(labels("classlabels_strings", |found| found.strings.len()));
    let ids = attribute(&node, "class_ids").map_or(&[][..], |found| &found.ints);
    let single = classes == 2 && ids.windows(2).all(|pair| pair[0] == pair[1]);
    if single {
        for found in &mut node.attribute {
            match found.name.as_str() {
                "class_ids" => found.ints.iter_mut().for_each(|id| *id = 0),
                "base_values" => {
                    let base = found.floats.last().copied().unwrap_or_default();
                    *found = floats("base_values", vec![base, 0.0]);
                }
                _ => {}
            }
        }
    }
    maker.keep(node);
    Ok(())
}
