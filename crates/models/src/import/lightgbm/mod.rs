//! LightGBM models in their text form, as `Booster.save_model` writes it (versions v2 to v4).
//!
//! A row takes the path that LightGBM 4 sends it on, through missing values of all three kinds and
//! category sets; leaves are added in LightGBM's order, so raw scores are equal to the last bit
//! (of a `rf` model, which divides where this multiplies with the reciprocal, to one rounding).
//!
//! Columns have the names in the file. Columns that were pandas categories have the dictionaries
//! that the file holds; other category columns are numeric columns that hold the codes of training.
//! Class 0 is the benign one; classes are called by their numbers, for the file has no names.

mod text;

use std::sync::Arc;

use tripline_core::{
    Abilities, Card, Family, Field, FieldKind, Input, MissingPolicy, Schema, Shape, Supervision,
};

use self::text::{Section, Text, at};
use super::assemble::{Assembly, Kind, Node};
use super::{ImportError, MAX_BYTES, MAX_COLUMNS, not_trainable};
use crate::tree::model::{Reading, TreeModel};
use crate::tree::{Aggregate, Forest, Split};

/// An imported LightGBM model.
pub static CARD: Card = Card {
    id: "lightgbm_model",
    name: "LightGBM model",
    family: Family::Trees,
    summary: "A model that LightGBM trained, read from its text form.",
    source: "Ke et al. 2017, LightGBM: A Highly Efficient Gradient Boosting Decision Tree",
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
    build: |_, _| Err(not_trainable("lightgbm_model", "gradient_boosting")),
    load: |state, _| Ok(Box::new(TreeModel::load(&CARD, state)?)),
};

/// Whether bytes begin as a LightGBM model does.
pub fn is_model(bytes: &[u8]) -> bool {
    bytes.starts_with(b"tree\n") || bytes.starts_with(b"tree\r\n")
}

/// A detector from a whole model file.
///
/// Binary objectives give log-odds, `multiclass` a margin for each class; of regression, ranking
/// or unknown objectives with one output the margin alone is read. Errors name the line.
pub fn parse(bytes: &[u8]) -> Result<TreeModel, ImportError> {
    if bytes.len() > MAX_BYTES {
        return Err(ImportError::TooLarge { got: bytes.len(), max: MAX_BYTES });
    }
    let refuse = |reason: &str| ImportError::Format { format: "LightGBM", reason: reason.into() };
    if !is_model(bytes) {
        return Err(refuse("the first line must be `tree`; save it with `Booster.save_model`"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| refuse("the text is not UTF-8"))?;
    let text = Text::split(text)?;
    let header = &text.header;
    if !["v2", "v3", "v4"].contains(&header.text("version")?) {
        return Err(header.error("version", "v2, v3 or v4"));
    }
    let names: Vec<&str> = header.text("feature_names")?.split_ascii_whitespace().collect();
    if header.number("max_feature_idx").map(|last: usize| last.checked_add(1))? != Some(names.len())
    {
        return Err(header.error("feature_names", "one name for each column"));
    }
    if names.len() > MAX_COLUMNS {
        return Err(header.error("feature_names", format!("at most {MAX_COLUMNS} names")));
    }
    let outputs: usize = header.number("num_tree_per_iteration")?;
    if outputs == 0 || outputs > 65_536 || text.trees.len() % outputs != 0 {
        return Err(header.error("num_tree_per_iteration", "a divisor of the number of trees"));
    }
    let (reading, scale) = objective(header, outputs)?;
    let aggregate = if header.has("average_output") { Aggregate::Mean } else { Aggregate::Sum };
    let mut assembly = Assembly::new(names.len(), outputs, aggregate);
    for (number, tree) in text.trees.iter().enumerate() {
        add_tree(&mut assembly, number % outputs, tree)?;
    }
    let forest = assembly.finish(|forest| {
        if scale != 1.0 {
            forest.values.iter_mut().for_each(|value| *value *= scale);
        }
    });
    forest.check()?;
    let schema = schema(&text, &names, &forest)?;
    let classes = if outputs > 1 {
        (0..outputs).map(|class| class.to_string()).collect()
    } else {
        Vec::new()
    };
    Ok(TreeModel::new(&CARD, schema, forest, reading, classes))
}

/// How the outputs are read, with what turns a margin into log-odds.
fn objective(header: &Section<'_>, outputs: usize) -> Result<(Reading, f64), ImportError> {
    let text = if header.has("objective") { header.text("objective")? } else { "" };
    let mut words = text.split_ascii_whitespace();
    let name = words.next().unwrap_or("");
    let mut scale = 1.0;
    for word in words {
        if let Some(value) = word.strip_prefix("sigmoid:") {
            scale = value
                .parse()
                .ok()
                .filter(|&value: &f64| value.is_finite() && value > 0.0)
                .ok_or_else(|| header.error("objective", "a sigmoid above 0"))?;
        }
    }
    match (name, outputs) {
        ("binary" | "cross_entropy", 1) => Ok((Reading::Logit, scale)),
        ("multiclass" | "softmax", 2..) => Ok((Reading::Softmax, 1.0)),
        (_, 1) => Ok((Reading::Rank, 1.0)),
        (other, _) => Err(ImportError::unsupported(
            format!("objective `{other}` with {outputs} outputs"),
            "its class probabilities do not come from a softmax; train with `multiclass`",
        )),
    }
}

fn add_tree(assembly: &mut Assembly, output: usize, tree: &Section<'_>) -> Result<(), ImportError> {
    if tree.has("is_linear") && tree.text("is_linear")?.trim() != "0" {
        return Err(ImportError::unsupported(
            "a linear tree",
            "its leaves are linear models; train with `linear_tree=false`",
        ));
    }
    let leaves: usize = tree.number("num_leaves")?;
    if leaves == 0 || leaves > i32::MAX as usize {
        return Err(tree.error("num_leaves", "at least 1"));
    }
    let values: Vec<f64> = tree.numbers("leaf_value", leaves)?;
    if leaves == 1 {
        let leaf = Node { kind: Kind::Leaf { value: values[0] }, cover: 0.0 };
        return assembly
            .add(output, &[leaf])
            .map_err(|expected| tree.error("left_child", expected));
    }
    let inner = leaves - 1;
    let feature: Vec<u32> = tree.numbers("split_feature", inner)?;
    let threshold: Vec<f64> = tree.numbers("threshold", inner)?;
    let decision: Vec<u8> = tree.numbers("decision_type", inner)?;
    let left: Vec<i32> = tree.numbers("left_child", inner)?;
    let right: Vec<i32> = tree.numbers("right_child", inner)?;
    let gain = optional(tree, "split_gain", inner)?;
    let inner_cover = optional(tree, "internal_count", inner)?;
    let leaf_cover = optional(tree, "leaf_count", leaves)?;
    let sets: usize = tree.number("num_cat")?;
    let (bounds, bits) = if sets == 0 {
        (Vec::new(), Vec::new())
    } else {
        let bounds: Vec<usize> = tree.numbers("cat_boundaries", sets.saturating_add(1))?;
        let last = bounds.last().copied().unwrap_or(0);
        (bounds, tree.numbers::<u32>("cat_threshold", last)?)
    };
    // Child −1 is leaf 0, −2 leaf 1 …; leaves stand behind the inner nodes here.
    let child = |index: i32| {
        if index >= 0 { index as usize } else { inner + (-(i64::from(index)) - 1) as usize }
    };
    let mut nodes = Vec::with_capacity(inner + leaves);
    let mut used = vec![false; sets];
    for node in 0..inner {
        let (flags, set) = if decision[node] & 1 == 1 {
            let number = if threshold[node] >= 0.0 { threshold[node] as usize } else { usize::MAX };
            // A set stands at one node, so sets take no more memory than the file.
            let fresh = used.get_mut(number).is_some_and(|used| !std::mem::replace(used, true));
            let set = bounds
                .get(number..number.saturating_add(2))
                .filter(|_| fresh)
                .and_then(|pair| bits.get(pair[0]..pair[1]))
                .ok_or_else(|| tree.error("threshold", "the number of its own category set"))?;
            (0, Some(set))
        } else {
            let missing = match decision[node] >> 2 & 3 {
                0 => Split::NAN_AS_ZERO,
                1 => Split::ZERO_AS_MISSING,
                2 => 0,
                _ => return Err(tree.error("decision_type", "a known type of missing values")),
            };
            let left = if decision[node] & 2 == 2 { Split::MISSING_LEFT } else { 0 };
            (missing | left, None)
        };
        nodes.push(Node {
            kind: Kind::Inner {
                feature: feature[node],
                threshold: threshold[node],
                set,
                flags,
                gain: gain[node],
                left: child(left[node]),
                right: child(right[node]),
            },
            cover: inner_cover[node],
        });
    }
    for (&value, &cover) in values.iter().zip(&leaf_cover) {
        nodes.push(Node { kind: Kind::Leaf { value }, cover });
    }
    assembly.add(output, &nodes).map_err(|expected| tree.error("left_child", expected))
}

/// Numbers that old or trimmed files lack: zeros then.
fn optional(tree: &Section<'_>, name: &str, len: usize) -> Result<Vec<f64>, ImportError> {
    if tree.has(name) { tree.numbers(name, len) } else { Ok(vec![0.0; len]) }
}

/// The columns; dictionaries go to the columns that training saw as categories.
fn schema(text: &Text<'_>, names: &[&str], forest: &Forest) -> Result<Schema, ImportError> {
    let dictionaries = dictionaries(text)?;
    let header = &text.header;
    let infos: Vec<&str> = if header.has("feature_infos") {
        header.text("feature_infos")?.split_ascii_whitespace().collect()
    } else {
        Vec::new()
    };
    let mut categorical = vec![false; names.len()];
    for node in (0..forest.nodes()).filter(|&node| !forest.is_leaf(node)) {
        categorical[forest.feature[node] as usize] |= forest.flags[node] & Split::CATEGORY != 0;
    }
    let mut blank = vec![false; names.len()];
    for (column, info) in infos.iter().enumerate().take(names.len()) {
        // `[least:largest]` of a number, `none` of a column without use, `3:1:2` of categories.
        blank[column] = *info == "none" && !categorical[column];
        categorical[column] |= *info != "none" && !info.starts_with('[');
    }
    let mut fields: Vec<Field> = names
        .iter()
        .map(|&name| Field { name: name.to_owned(), kind: FieldKind::Numeric })
        .collect();
    if !dictionaries.is_empty() {
        let count = |marks: &[bool]| marks.iter().filter(|&&mark| mark).count();
        if count(&categorical) < dictionaries.len()
            && count(&categorical) + count(&blank) == dictionaries.len()
        {
            categorical.iter_mut().zip(&blank).for_each(|(mark, &blank)| *mark |= blank);
        }
        if count(&categorical) != dictionaries.len() {
            let line = text.dictionaries.map_or(0, |(line, _)| line);
            let expected = format!("one list for each of {} columns", count(&categorical));
            return Err(ImportError::field(at(line), "pandas_categorical", expected));
        }
        let columns = (0..names.len()).filter(|&column| categorical[column]);
        for (column, dictionary) in columns.zip(dictionaries) {
            fields[column].kind = FieldKind::Category(Arc::new(dictionary));
        }
    }
    Ok(Schema::new(fields)?)
}

fn dictionaries(text: &Text<'_>) -> Result<Vec<Vec<String>>, ImportError> {
    let Some((line, json)) = text.dictionaries else { return Ok(Vec::new()) };
    let refuse = || ImportError::field(at(line), "pandas_categorical", "lists of values as JSON");
    let lists: Option<Vec<Vec<serde_json::Value>>> =
        serde_json::from_str(json).map_err(|_| refuse())?;
    Ok(lists
        .unwrap_or_default()
        .into_iter()
        .map(|list| {
            list.into_iter()
                .map(|value| match value {
                    serde_json::Value::String(text) => text,
                    other => other.to_string(),
                })
                .collect()
        })
        .collect())
}
