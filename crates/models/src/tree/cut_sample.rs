//! A random cut tree over a bounded sample of a stream.

use tripline_core::{Rng, State, StateError, math};

use super::cut_tree::{CutTree, LEAF, NONE, Node};
use super::robust_random_cut_forest::LARGEST;

/// Which rows a sample keeps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Keep {
    /// The last ones.
    Last,
    /// Any, each with a weight that grows by e^decay a row: 0 is a uniform sample.
    Any {
        /// Above or equal to 0.
        decay: f64,
    },
}

/// A row of the sample.
#[derive(Debug, Clone, Copy)]
struct Kept {
    leaf: u32,
    /// The row with the largest goes first.
    key: f64,
}

/// A tree with the rows in it.
#[derive(Debug, Clone)]
pub(super) struct CutSample {
    tree: CutTree,
    kept: Vec<Kept>,
    /// Where the row that goes first stands, if the sample is full.
    first: usize,
}

impl CutSample {
    pub(super) fn new(width: usize) -> Self {
        Self { tree: CutTree::new(width), kept: Vec::new(), first: 0 }
    }

    /// CoDisp of a row.
    pub(super) fn displacement(&self, row: &[f64]) -> f64 {
        self.tree.displacement(row)
    }

    /// Takes a row in, or not, as the sampling says (weighted reservoir: Efraimidis & Spirakis
    /// 2006); `time` is its number in the stream.
    pub(super) fn learn(&mut self, row: &[f64], size: usize, keep: Keep, time: u64, seed: u64) {
        let mut rng = Rng::for_part(seed, time);
        let key = match keep {
            Keep::Last => -(time as f64),
            // The order of u^(1/w), by the logarithm of its logarithm.
            Keep::Any { decay } => {
                math::ln(rng.exponential().max(f64::MIN_POSITIVE)) - decay * time as f64
            }
        };
        if self.kept.len() < size {
            let leaf = self.tree.insert(row, &mut rng) as u32;
            self.kept.push(Kept { leaf, key });
        } else if key < self.kept[self.first].key {
            self.tree.remove(self.kept[self.first].leaf as usize);
            let leaf = self.tree.insert(row, &mut rng) as u32;
            self.kept[self.first] = Kept { leaf, key };
        } else {
            return;
        }
        if self.kept.len() == size {
            self.find_first();
        }
    }

    fn find_first(&mut self) {
        self.first = 0;
        for (at, kept) in self.kept.iter().enumerate() {
            if kept.key > self.kept[self.first].key {
                self.first = at;
            }
        }
    }

    /// Nodes from the root down, the left side first; rows by the number of their leaf.
    pub(super) fn save(&self) -> State {
        let mut numbers = vec![0; self.tree.nodes.len()];
        let (mut columns, mut cuts, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let mut pending = vec![self.tree.root];
        while let Some(at) = pending.pop() {
            let node = self.tree.nodes[at as usize];
            numbers[at as usize] = columns.len() as u32;
            columns.push(node.column);
            cuts.push(node.cut);
            if node.column == LEAF {
                values.extend_from_slice(self.tree.bounds(at as usize).0);
            } else {
                pending.extend([node.right, node.left]);
            }
        }
        let mut state = State::new();
        state.put_u32s("columns", columns);
        state.put_f64s("cuts", cuts);
        state.put_f64s("values", values);
        let leaves = self.kept.iter().map(|kept| numbers[kept.leaf as usize]);
        state.put_u32s("leaves", leaves.collect());
        state.put_f64s("keys", self.kept.iter().map(|kept| kept.key).collect());
        state
    }

    pub(super) fn load(state: &State, width: usize, size: usize) -> Result<Self, StateError> {
        let (columns, cuts) = (state.u32s("columns")?, state.f64s("cuts")?);
        let (values, leaves) = (state.f64s("values")?, state.u32s("leaves")?);
        let keys = state.f64s("keys")?;
        let count = columns.iter().filter(|&&column| column == LEAF).count();
        if columns.iter().any(|&column| column != LEAF && column as usize >= width) {
            return Err(StateError::invalid("columns", "below the number of columns"));
        }
        if count.checked_mul(width) != Some(values.len())
            || !values.iter().chain(cuts).all(|value| value.abs() <= LARGEST)
            || !keys.iter().all(|key| key.is_finite())
            || cuts.len() != columns.len()
        {
            return Err(StateError::invalid("values", "finite numbers, a row for each leaf"));
        }
        if leaves.len() != keys.len() || leaves.is_empty() || leaves.len() > size {
            return Err(StateError::invalid("leaves", "a leaf for each row of the sample"));
        }
        let mut tree = CutTree::new(width);
        let shape = || StateError::invalid("columns", "one whole tree");
        let mut rows = values.chunks_exact(width);
        // Nodes whose right side is to come.
        let mut open: Vec<usize> = Vec::new();
        for (&column, &cut) in columns.iter().zip(cuts) {
            let own = if column == LEAF {
                let leaf = tree.leaf(rows.next().ok_or_else(shape)?);
                tree.nodes[leaf].count = 0;
                leaf
            } else {
                let (left, right, parent) = (NONE, NONE, NONE);
                tree.place(Node { parent, left, right, column, cut, count: 0 })
            };
            match open.last() {
                None if own == 0 => tree.root = 0,
                None => return Err(shape()),
                Some(&parent) => {
                    tree.nodes[own].parent = parent as u32;
                    if tree.nodes[parent].left == NONE {
                        tree.nodes[parent].left = own as u32;
                    } else {
                        tree.nodes[parent].right = own as u32;
                        open.pop();
                    }
                }
            }
            if column != LEAF {
                open.push(own);
            }
        }
        if !open.is_empty() {
            return Err(shape());
        }
        for &leaf in leaves {
            match tree.nodes.get_mut(leaf as usize) {
                Some(node) if node.column == LEAF => node.count += 1,
                _ => return Err(StateError::invalid("leaves", "numbers of leaves")),
            }
        }
        // A child's number is above its parent's.
        for at in (0..tree.nodes.len()).rev() {
            let node = tree.nodes[at];
            if node.column != LEAF {
                let sides = [node.left, node.right].map(|side| tree.nodes[side as usize].count);
                tree.nodes[at].count = sides[0] + sides[1];
                tree.unite(at);
            } else if node.count == 0 {
                return Err(StateError::invalid("leaves", "rows in every leaf"));
            }
        }
        let kept = leaves.iter().zip(keys).map(|(&leaf, &key)| Kept { leaf, key }).collect();
        let mut sample = Self { tree, kept, first: 0 };
        sample.find_first();
        Ok(sample)
    }
}
