//! XGBoost models as `Booster.save_model` writes them: JSON, or its binary form UBJ.
//!
//! XGBoost rounds values to `f32` and sends a row left where value < threshold; here the threshold
//! is the `f32` before, with ≤. Leaves are added in `f64`, so margins differ from XGBoost's by the
//! rounding of its `f32` sums. Listed categories go right in XGBoost; here such a node has its
//! children exchanged.
//!
//! Columns without names are called `f0`, `f1` … as XGBoost calls them. Columns of type `c` have the
//! dictionaries that the file holds (XGBoost 3.1 and later); without one they are numeric columns
//! that hold the codes of training. Class 0 is the benign one; classes are called by their numbers.

mod fields;
mod ubj;

use std::sync::Arc;

use serde_json::Value;
use tripline_core::{
    Abilities, Card, Family, Field, FieldKind, Input, MissingPolicy, Schema, Shape, Supervision,
    math,
};

use self::fields::At;
use super::assemble::{Assembly, Kind, Node};
use super::{ImportError, MAX_COLUMNS, not_trainable};
use crate::tree::{Aggregate, Reading, Split, TreeModel};

/// An imported XGBoost model.
pub static CARD: Card = Card {
    id: "xgboost_model",
    name: "XGBoost model",
    family: Family::Trees,
    summary: "A model that XGBoost trained, read from its JSON or UBJ form.",
    source: "Chen & Guestrin 2016, XGBoost: A Scalable Tree Boosting System",
    cost: "scoring O(trees × leaves / 8) per row, vectorised over rows; memory O(nodes)",
    shape: Shape::Rows,
    input: Input::Mixed,
    supervision: Supervision::Supervised,
    missing: MissingPolicy::Native,
    abilities: Abilities {
        multiclass: true,
        weights: false,
        explain: true,
        importance: true,
        online: false,
        outliers: false,
        early_stopping: false,
    },
    params: &[],
    exemptions: &[],
    build: |_, _| Err(not_trainable("xgboost_model", "gradient_boosting")),
    load: |state, _| Ok(Box::new(TreeModel::load(&CARD, state)?)),
};

/// Largest file that is read, in bytes: as JSON values its numbers take up to 16 times as much.
const MAX_BYTES: usize = 128 << 20;

/// Categories that XGBoost can tell apart: `f32` counts no further.
const MAX_CATEGORY: usize = 1 << 24;

/// Whether bytes begin as an XGBoost model does, in either form.
pub fn is_model(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(256)];
    let text = head.trim_ascii_start();
    text.first() == Some(&b'{') && head.windows(7).any(|window| window == b"learner")
}

/// A detector from a whole model file.
///
/// Read are the boosters `gbtree` and `dart`, with objectives whose margin is a log-odds
/// (`binary:logistic`, `binary:logitraw`, `reg:logistic`), one for each class (`multi:softprob`,
/// `multi:softmax`), or a number (`reg:squarederror`, `reg:absoluteerror`, `rank:*`). Errors name
/// the path in the file.
pub fn parse(bytes: &[u8]) -> Result<TreeModel, ImportError> {
    if bytes.len() > MAX_BYTES {
        return Err(ImportError::TooLarge { got: bytes.len(), max: MAX_BYTES });
    }
    let refuse = |reason: String| ImportError::Format { format: "XGBoost", reason };
    if !is_model(bytes) {
        let reason = "no `learner` at the beginning; save it with `Booster.save_model` as .json";
        return Err(refuse(reason.to_owned()));
    }
    // UBJ has a length where JSON has white space or the first name's quotation mark.
    let binary = bytes.first() == Some(&b'{') && bytes.get(1).is_some_and(|b| b"iUIlL".contains(b));
    let value: Value = if binary {
        ubj::parse(bytes).map_err(refuse)?
    } else {
        serde_json::from_slice(bytes).map_err(|error| refuse(error.to_string()))?
    };
    let root = At::root(&value);
    let learner = root.get("learner")?;
    let params = learner.get("learner_model_param")?;
    let classes = params.get("num_class")?.count()?;
    if params.find("num_target").is_some_and(|targets| !matches!(targets.count(), Ok(0 | 1))) {
        let reason = "it scores several targets at once; train one model for each";
        return Err(ImportError::unsupported("a model with several targets", reason));
    }
    let outputs = classes.max(1);
    if outputs > 65_536 {
        return Err(params.get("num_class")?.error("at most 65536"));
    }
    let (reading, logit) = objective(&learner, outputs)?;
    let booster = learner.get("gradient_booster")?;
    let (model, drop) = match booster.get("name")?.text()? {
        "gbtree" => (booster.get("model")?, None),
        "dart" => (booster.get("gbtree")?.get("model")?, Some(booster.get("weight_drop")?)),
        other => {
            let reason = "only trees are read; train with `booster=gbtree`";
            return Err(ImportError::unsupported(format!("booster `{other}`"), reason));
        }
    };
    let width = params.get("num_feature")?.count()?;
    let schema = schema(&learner, &model, width)?;
    let trees = model.get("trees")?;
    let owners = model.get("tree_info")?.counts()?;
    let weights = match drop {
        Some(drop) => drop.singles_of(owners.len())?,
        None => vec![1.0; owners.len()],
    };
    let mut assembly = Assembly::new(width, outputs, Aggregate::Sum);
    let mut number = 0;
    for tree in trees.items()? {
        let (Some(&owner), Some(&weight)) = (owners.get(number), weights.get(number)) else {
            return Err(trees.error(format!("{} trees, one for each `tree_info`", owners.len())));
        };
        if owner >= outputs {
            return Err(model.get("tree_info")?.error("numbers of classes"));
        }
        add_tree(&mut assembly, owner, weight, &tree)?;
        number += 1;
    }
    if number != owners.len() {
        return Err(trees.error(format!("{} trees, one for each `tree_info`", owners.len())));
    }
    let base = base(&params, outputs, logit)?;
    let forest = assembly.finish(|forest| {
        forest.single_precision = true;
        forest.base = base;
    });
    forest.check()?;
    let names = if outputs > 1 {
        (0..outputs).map(|class| class.to_string()).collect()
    } else {
        Vec::new()
    };
    Ok(TreeModel::new(&CARD, schema, forest, reading, names))
}

/// How the outputs are read, with whether the base score is a probability.
fn objective(learner: &At<'_>, outputs: usize) -> Result<(Reading, bool), ImportError> {
    let name = learner.get("objective")?.get("name")?.text()?;
    match (name, outputs) {
        ("binary:logistic" | "binary:logitraw" | "reg:logistic", 1) => Ok((Reading::Logit, true)),
        ("multi:softprob" | "multi:softmax", 2..) => Ok((Reading::Softmax, false)),
        ("reg:squarederror" | "reg:absoluteerror", 1) => Ok((Reading::Rank, false)),
        (other, 1) if other.starts_with("rank:") => Ok((Reading::Rank, false)),
        (other, _) => Err(ImportError::unsupported(
            format!("objective `{other}` with {outputs} outputs"),
            "its margin has no reading here; train with `binary:logistic` or `multi:softprob`",
        )),
    }
}

/// What is added to each margin; `base_score` is text, a number or a list of numbers in text.
fn base(params: &At<'_>, outputs: usize, logit: bool) -> Result<Vec<f64>, ImportError> {
    let field = params.get("base_score")?;
    let expected = || field.error(format!("one number, or {outputs}"));
    let text = field.text()?;
    let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
    let scores: Result<Vec<f32>, _> = inner.split(',').map(|part| part.trim().parse()).collect();
    let mut scores = scores.map_err(|_| expected())?;
    if scores.len() == 1 {
        scores.resize(outputs, scores[0]);
    }
    if scores.len() != outputs {
        return Err(expected());
    }
    if logit && scores.iter().any(|&score| !(score > 0.0 && score < 1.0)) {
        return Err(field.error("a probability between 0 and 1"));
    }
    let margin = |score: f32| {
        let score = f64::from(score);
        if logit { math::logit(score) } else { score }
    };
    Ok(scores.into_iter().map(margin).collect())
}

fn add_tree(
    assembly: &mut Assembly,
    output: usize,
    weight: f64,
    tree: &At<'_>,
) -> Result<(), ImportError> {
    let params = tree.get("tree_param")?;
    if params.find("size_leaf_vector").is_some_and(|size| !matches!(size.count(), Ok(0 | 1))) {
        let reason = "a leaf holds several values; train with `multi_strategy=one_output_per_tree`";
        return Err(ImportError::unsupported("a tree with several outputs", reason));
    }
    let size = params.get("num_nodes")?.count()?;
    let left_field = tree.get("left_children")?;
    let left = left_field.numbers_of(size)?;
    let right = tree.get("right_children")?.numbers_of(size)?;
    let feature = tree.get("split_indices")?.counts()?;
    let condition = tree.get("split_conditions")?.singles_of(size)?;
    let default_left = tree.get("default_left")?.numbers_of(size)?;
    let gain = tree.get("loss_changes")?.singles_of(size)?;
    let cover = tree.get("sum_hessian")?.singles_of(size)?;
    if feature.len() != size {
        return Err(tree.get("split_indices")?.error(format!("{size} numbers")));
    }
    let sets = category_sets(tree, size)?;
    let mut nodes = Vec::with_capacity(size);
    for node in 0..size {
        if left[node] < 0.0 {
            let kind = Kind::Leaf { value: condition[node] * weight };
            nodes.push(Node { kind, cover: cover[node] });
            continue;
        }
        let child = |number: f64| if number >= 0.0 { number as usize } else { usize::MAX };
        let (left, right) = (child(left[node]), child(right[node]));
        let missing_left = default_left[node] != 0.0;
        let set = sets.get(node).and_then(Option::as_deref);
        // The set holds what goes right there, so the sides are exchanged.
        let (left, right, missing_left) =
            if set.is_some() { (right, left, !missing_left) } else { (left, right, missing_left) };
        nodes.push(Node {
            kind: Kind::Inner {
                feature: feature[node] as u32,
                threshold: f64::from((condition[node] as f32).next_down()),
                set,
                flags: if missing_left { Split::MISSING_LEFT } else { 0 },
                gain: gain[node],
                left,
                right,
            },
            cover: cover[node],
        });
    }
    assembly.add(output, &nodes).map_err(|expected| left_field.error(expected))
}

/// For each node the bits of its categories, if it tests any; empty if no node does.
fn category_sets(tree: &At<'_>, size: usize) -> Result<Vec<Option<Vec<u32>>>, ImportError> {
    let Some(kinds) = tree.find("split_type") else { return Ok(Vec::new()) };
    let kinds = kinds.numbers_of(size)?;
    if kinds.iter().all(|&kind| kind == 0.0) {
        return Ok(Vec::new());
    }
    let nodes = tree.get("categories_nodes")?.counts()?;
    let starts_field = tree.get("categories_segments")?;
    let starts = starts_field.counts()?;
    let sizes = tree.get("categories_sizes")?.counts()?;
    let categories_field = tree.get("categories")?;
    let categories = categories_field.counts()?;
    if starts.len() != nodes.len() || sizes.len() != nodes.len() {
        return Err(starts_field.error("as long as `categories_nodes`"));
    }
    // Bits of all sets: a set takes no more than 32 times what its largest category needs.
    let mut words = 0;
    let mut sets = vec![None; size];
    for ((&node, &start), &count) in nodes.iter().zip(&starts).zip(&sizes) {
        let members = categories
            .get(start..start.saturating_add(count))
            .ok_or_else(|| starts_field.error("places in `categories`"))?;
        let largest = members.iter().copied().max().unwrap_or(0);
        words += largest / 32 + 1;
        if largest >= MAX_CATEGORY || words > MAX_CATEGORY {
            return Err(categories_field.error("fewer categories"));
        }
        let mut bits = vec![0u32; largest / 32 + 1];
        members.iter().for_each(|&member| bits[member / 32] |= 1 << (member % 32));
        let known = sets.get_mut(node).filter(|_| kinds[node] != 0.0);
        *known.ok_or_else(|| tree.error("a tree whose `categories_nodes` test categories"))? =
            Some(bits);
    }
    for (node, kind) in kinds.iter().enumerate() {
        if *kind != 0.0 && sets[node].is_none() {
            // A test without a category: all go left there.
            sets[node] = Some(Vec::new());
        }
    }
    Ok(sets)
}

fn schema(learner: &At<'_>, model: &At<'_>, width: usize) -> Result<Schema, ImportError> {
    let texts = |name: &str| -> Result<Vec<&str>, ImportError> {
        let Some(list) = learner.find(name) else { return Ok(Vec::new()) };
        let texts: Result<Vec<&str>, _> = list.items()?.map(|item| item.text()).collect();
        let texts = texts?;
        if !texts.is_empty() && texts.len() != width {
            return Err(list.error(format!("{width} names")));
        }
        Ok(texts)
    };
    let names = texts("feature_names")?;
    let kinds = texts("feature_types")?;
    if width > MAX_COLUMNS {
        let field = learner.get("learner_model_param")?.get("num_feature")?;
        return Err(field.error(format!("at most {MAX_COLUMNS}")));
    }
    let dictionaries: Vec<At<'_>> = match model.find("cats").and_then(|cats| cats.find("enc")) {
        Some(list) => list.items()?.collect(),
        None => Vec::new(),
    };
    let mut fields = Vec::with_capacity(names.len());
    for column in 0..width {
        let name = names.get(column).map_or_else(|| format!("f{column}"), ToString::to_string);
        let dictionary = match (kinds.get(column), dictionaries.get(column)) {
            (Some(&"c"), Some(encoded)) => dictionary(encoded)?,
            _ => None,
        };
        let kind =
            dictionary.map_or(FieldKind::Numeric, |values| FieldKind::Category(Arc::new(values)));
        fields.push(Field { name, kind });
    }
    Ok(Schema::new(fields)?)
}

/// The values of a category column by code: text as bytes with offsets; else none.
fn dictionary(encoded: &At<'_>) -> Result<Option<Vec<String>>, ImportError> {
    let Some(offsets_field) = encoded.find("offsets") else { return Ok(None) };
    let offsets = offsets_field.counts()?;
    if offsets.len() < 2 {
        return Ok(None);
    }
    let field = encoded.get("values")?;
    let bytes: Vec<u8> = field.numbers()?.into_iter().map(|byte| byte as i64 as u8).collect();
    let mut values = Vec::with_capacity(offsets.len() - 1);
    for pair in offsets.windows(2) {
        let value = bytes.get(pair[0]..pair[1]).and_then(|value| std::str::from_utf8(value).ok());
        values.push(value.ok_or_else(|| field.error("UTF-8 text between the offsets"))?.to_owned());
    }
    Ok(Some(values))
}
