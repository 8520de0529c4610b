//! The flat layout of an ensemble of trees, which serves training, scoring, TreeSHAP, import,
//! storage.

use tripline_core::{State, StateError};

/// Index of a node among all nodes of the forest.
pub type NodeId = u32;

/// The `feature` of a leaf.
pub const LEAF: u32 = u32::MAX;

/// An ensemble of binary decision trees over d columns, as parallel arrays over all nodes.
///
/// The nodes of a tree stand together, root first, a child always after its parent. A category
/// column is seen as the number of its code in the model's own dictionary, `NaN` where missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    /// Number of columns.
    pub width: usize,
    /// Number of outputs: 1, or the number of classes.
    pub outputs: usize,
    /// Root of each tree, then the number of nodes: T + 1 entries.
    pub roots: Vec<NodeId>,
    /// The output that a tree adds its leaf to, T entries, when a leaf holds one value; empty when
    /// a leaf holds a value for each output.
    pub tree_output: Vec<u32>,
    /// Column tested by a node, or [`LEAF`].
    pub feature: Vec<u32>,
    /// Numeric split: a row goes left if its value ≤ this. Category split: index into
    /// `category_sets`, as a whole number. Leaf: 0.
    pub threshold: Vec<f64>,
    /// Left child; of a leaf, the leaf's number among all leaves.
    pub left: Vec<NodeId>,
    /// Right child; of a leaf, 0.
    pub right: Vec<NodeId>,
    /// Bit set of [`Split`].
    pub flags: Vec<u8>,
    /// Sum of weights of the training rows that reached a node; for TreeSHAP.
    pub cover: Vec<f64>,
    /// Gain of a node's split, 0 for a leaf or where the source does not tell.
    pub gain: Vec<f64>,
    /// Leaf values: one for each leaf if `tree_output` is filled, else `outputs` for each leaf.
    pub values: Vec<f64>,
    /// Category sets: offsets into `category_bits`, S + 1 entries (or empty).
    pub category_sets: Vec<u32>,
    /// Bits of the categories that go left, 32 a word, lowest bit first.
    pub category_bits: Vec<u32>,
    /// How trees become outputs.
    pub aggregate: Aggregate,
    /// Added to each output after aggregation.
    pub base: Vec<f64>,
    /// Round values to `f32` before they are compared, as XGBoost does.
    pub single_precision: bool,
}

/// How trees become outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// Sum of leaves: boosting.
    Sum,
    /// Mean over the trees of an output: bagging.
    Mean,
}

/// Flags of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split;

impl Split {
    /// The node tests a category set instead of a threshold.
    pub const CATEGORY: u8 = 1;
    /// A missing value goes left (else right).
    pub const MISSING_LEFT: u8 = 2;
    /// `NaN` is compared as 0 (LightGBM's missing type `None`).
    pub const NAN_AS_ZERO: u8 = 4;
    /// 0 (see [`Split::is_zero`]) is missing too (LightGBM's missing type `Zero`).
    pub const ZERO_AS_MISSING: u8 = 8;

    /// Whether a value counts as 0 where 0 is missing: |x| ≤ 1e-35, rounded to `f32` as LightGBM
    /// has it.
    #[inline(always)]
    pub fn is_zero(value: f64) -> bool {
        value.abs() <= f64::from(1e-35_f32)
    }
}

impl Forest {
    /// No tree.
    pub fn empty(width: usize, outputs: usize, aggregate: Aggregate) -> Self {
        Self {
            width,
            outputs,
            roots: vec![0],
            tree_output: Vec::new(),
            feature: Vec::new(),
            threshold: Vec::new(),
            left: Vec::new(),
            right: Vec::new(),
            flags: Vec::new(),
            cover: Vec::new(),
            gain: Vec::new(),
            values: Vec::new(),
            category_sets: vec![0],
            category_bits: Vec::new(),
            aggregate,
            base: vec![0.0; outputs],
            single_precision: false,
        }
    }

    /// Number of trees.
    pub fn trees(&self) -> usize {
        self.roots.len() - 1
    }

    /// Number of nodes, leaves included.
    pub fn nodes(&self) -> usize {
        self.feature.len()
    }

    /// The nodes of a tree.
    pub fn tree(&self, tree: usize) -> std::ops::Range<usize> {
        self.roots[tree] as usize..self.roots[tree + 1] as usize
    }

    /// Whether a node is a leaf.
    pub fn is_leaf(&self, node: usize) -> bool {
        self.feature[node] == LEAF
    }

    /// Whether a value sends a row to the left child of an inner node.
    pub fn goes_left(&self, node: usize, value: f64) -> bool {
        let flags = self.flags[node];
        let mut value = if self.single_precision { f64::from(value as f32) } else { value };
        if value.is_nan() && flags & Split::NAN_AS_ZERO != 0 {
            value = 0.0;
        }
        let zero_missing = flags & Split::ZERO_AS_MISSING != 0 && Split::is_zero(value);
        if value.is_nan() || zero_missing {
            return flags & Split::MISSING_LEFT != 0;
        }
        if flags & Split::CATEGORY == 0 {
            return value <= self.threshold[node];
        }
        self.in_set(self.threshold[node] as usize, value)
    }

    /// Whether a category's code is in a set.
    pub fn in_set(&self, set: usize, code: f64) -> bool {
        if !(0.0..4_294_967_040.0).contains(&code) {
            return false;
        }
        let code = code as usize;
        let words = self.category_sets[set] as usize..self.category_sets[set + 1] as usize;
        self.category_bits[words].get(code / 32).is_some_and(|word| word >> (code % 32) & 1 == 1)
    }

    /// The leaf node that a row reaches in a tree.
    pub fn leaf(&self, tree: usize, row: &[f64]) -> usize {
        let mut node = self.roots[tree] as usize;
        while !self.is_leaf(node) {
            let value = row[self.feature[node] as usize];
            node = if self.goes_left(node, value) { self.left[node] } else { self.right[node] }
                as usize;
        }
        node
    }

    /// The value that a leaf node adds to an output; 0 for an output that its tree does not touch.
    pub fn leaf_value(&self, tree: usize, leaf: usize, output: usize) -> f64 {
        let number = self.left[leaf] as usize;
        match self.tree_output.get(tree) {
            Some(&own) if own as usize == output => self.values[number],
            Some(_) => 0.0,
            None => self.values[number * self.outputs + output],
        }
    }

    /// What each output's sum of leaves is multiplied with.
    pub fn scale(&self, output: usize) -> f64 {
        match self.aggregate {
            Aggregate::Sum => 1.0,
            Aggregate::Mean => {
                let trees = if self.tree_output.is_empty() {
                    self.trees()
                } else {
                    self.tree_output.iter().filter(|&&own| own as usize == output).count()
                };
                1.0 / trees.max(1) as f64
            }
        }
    }

    /// The outputs of one row, by the plain walk: the reference that faster scorers must equal to
    /// the last bit (leaves are added in the order of trees, then scaled, then the base is added).
    pub fn outputs_of(&self, row: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for tree in 0..self.trees() {
            let leaf = self.leaf(tree, row);
            let number = self.left[leaf] as usize;
            match self.tree_output.get(tree) {
                Some(&output) => out[output as usize] += self.values[number],
                None => {
                    let values = &self.values[number * self.outputs..][..self.outputs];
                    out.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                }
            }
        }
        for (output, sum) in out.iter_mut().enumerate() {
            *sum = *sum * self.scale(output) + self.base[output];
        }
    }

    /// Total gain of the splits on each column.
    pub fn importance(&self) -> Vec<f64> {
        let mut total = vec![0.0; self.width];
        for node in (0..self.nodes()).filter(|&node| !self.is_leaf(node)) {
            total[self.feature[node] as usize] += self.gain[node].max(0.0);
        }
        total
    }

    /// As data for a model file.
    pub fn save(&self) -> State {
        let mut state = State::new();
        state.put_i64("width", self.width as i64);
        state.put_i64("outputs", self.outputs as i64);
        state.put_u32s("roots", self.roots.clone());
        state.put_u32s("tree_output", self.tree_output.clone());
        state.put_u32s("feature", self.feature.clone());
        state.put_f64s("threshold", self.threshold.clone());
        state.put_u32s("left", self.left.clone());
        state.put_u32s("right", self.right.clone());
        state.put_bytes("flags", self.flags.clone());
        state.put_f64s("cover", self.cover.clone());
        state.put_f64s("gain", self.gain.clone());
        state.put_f64s("values", self.values.clone());
        state.put_u32s("category_sets", self.category_sets.clone());
        state.put_u32s("category_bits", self.category_bits.clone());
        state.put_text("aggregate", self.aggregate.name());
        state.put_f64s("base", self.base.clone());
        state.put_bool("single_precision", self.single_precision);
        state
    }

    /// From a model file; the result is as safe to walk as one that was trained here.
    pub fn load(state: &State) -> Result<Self, StateError> {
        let forest = Self {
            width: state.count("width")?,
            outputs: state.count("outputs")?,
            roots: state.u32s("roots")?.to_vec(),
            tree_output: state.u32s("tree_output")?.to_vec(),
            feature: state.u32s("feature")?.to_vec(),
            threshold: state.f64s("threshold")?.to_vec(),
            left: state.u32s("left")?.to_vec(),
            right: state.u32s("right")?.to_vec(),
            flags: state.bytes("flags")?.to_vec(),
            cover: state.f64s("cover")?.to_vec(),
            gain: state.f64s("gain")?.to_vec(),
            values: state.f64s("values")?.to_vec(),
            category_sets: state.u32s("category_sets")?.to_vec(),
            category_bits: state.u32s("category_bits")?.to_vec(),
            aggregate: Aggregate::from_name(state.text("aggregate")?)?,
            base: state.f64s("base")?.to_vec(),
            single_precision: state.bool("single_precision")?,
        };
        forest.check()?;
        Ok(forest)
    }

    /// Checks that every index lies inside its array, that children stand after their one parent
    /// inside their own tree, that values are finite: so that walking ends without a panic, over as
    /// many paths as there are leaves.
    pub fn check(&self) -> Result<(), StateError> {
        let nodes = self.nodes();
        let require = |valid: bool, name: &str, expected: &str| {
            if valid { Ok(()) } else { Err(StateError::invalid(name, expected)) }
        };
        let lengths = [
            self.threshold.len(),
            self.left.len(),
            self.right.len(),
            self.flags.len(),
            self.cover.len(),
            self.gain.len(),
        ];
        require(lengths.iter().all(|&len| len == nodes), "threshold", "one entry for each node")?;
        require(nodes < LEAF as usize, "feature", "fewer than 2^32 - 1 nodes")?;
        require((1..=65_536).contains(&self.outputs), "outputs", "from 1 to 65536")?;
        require(self.base.len() == self.outputs, "base", "one entry for each output")?;
        require(
            self.roots.first() == Some(&0)
                && self.roots.last() == Some(&(nodes as u32))
                && self.roots.windows(2).all(|pair| pair[0] < pair[1]),
            "roots",
            "0, then rising, then the number of nodes",
        )?;
        require(
            self.tree_output.is_empty()
                || (self.tree_output.len() == self.trees()
                    && self.tree_output.iter().all(|&own| (own as usize) < self.outputs)),
            "tree_output",
            "an output for each tree",
        )?;
        require(
            self.category_sets.first().is_none_or(|&first| first == 0)
                && self.category_sets.windows(2).all(|pair| pair[0] <= pair[1])
                && self
                    .category_sets
                    .last()
                    .is_none_or(|&last| last as usize <= self.category_bits.len()),
            "category_sets",
            "rising offsets into `category_bits`",
        )?;
        let sets = self.category_sets.len().saturating_sub(1);
        let leaf_size = if self.tree_output.is_empty() { self.outputs } else { 1 };
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        require(
            finite(&self.values) && finite(&self.base) && finite(&self.cover) && finite(&self.gain),
            "values",
            "finite",
        )?;
        // A node with two parents would stand for itself on each path to it: 60 such nodes in a row
        // make 2^60 paths.
        let mut has_parent = vec![false; nodes];
        for tree in 0..self.trees() {
            let range = self.tree(tree);
            for node in range.clone() {
                if self.is_leaf(node) {
                    let end = (self.left[node] as usize + 1) * leaf_size;
                    require(end <= self.values.len(), "left", "leaves with values")?;
                    continue;
                }
                require((self.feature[node] as usize) < self.width, "feature", "below `width`")?;
                for child in [self.left[node] as usize, self.right[node] as usize] {
                    require(
                        child > node && child < range.end,
                        "left",
                        "children after their parent in the same tree",
                    )?;
                    let shared = std::mem::replace(&mut has_parent[child], true);
                    require(!shared, "left", "children of one parent")?;
                }
                if self.flags[node] & Split::CATEGORY != 0 {
                    let set = self.threshold[node];
                    require(
                        set >= 0.0 && set.fract() == 0.0 && (set as usize) < sets,
                        "threshold",
                        "the number of a category set",
                    )?;
                } else {
                    require(!self.threshold[node].is_nan(), "threshold", "a number")?;
                }
            }
        }
        Ok(())
    }
}

impl Aggregate {
    fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Mean => "mean",
        }
    }

    fn from_name(name: &str) -> Result<Self, StateError> {
        match name {
            "sum" => Ok(Self::Sum),
            "mean" => Ok(Self::Mean),
            _ => Err(StateError::invalid("aggregate", "`sum` or `mean`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One tree of `children.len() + 1` nodes, of which all but the last are splits.
    fn chain(children: &[[NodeId; 2]]) -> Forest {
        let nodes = children.len() + 1;
        let mut forest = Forest::empty(1, 1, Aggregate::Sum);
        forest.roots = vec![0, nodes as NodeId];
        forest.tree_output = vec![0];
        forest.feature = vec![0; nodes];
        forest.feature[nodes - 1] = LEAF;
        forest.left = children.iter().map(|pair| pair[0]).chain([0]).collect();
        forest.right = children.iter().map(|pair| pair[1]).chain([0]).collect();
        for numbers in [&mut forest.threshold, &mut forest.cover, &mut forest.gain] {
            numbers.resize(nodes, 1.0);
        }
        forest.flags = vec![0; nodes];
        forest.values = vec![1.0];
        forest
    }

    #[test]
    fn a_node_has_one_parent() {
        // 60 splits whose children are both the next node: 2^60 paths in 61 nodes.
        let children: Vec<[NodeId; 2]> = (1..=60).map(|next| [next, next]).collect();
        let error = chain(&children).check().unwrap_err().to_string();
        assert_eq!(error, "entry `left` must be children of one parent");
    }
}
