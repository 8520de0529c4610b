//! Trees that isolate rows by hyperplanes of any direction, in a flat layout.
//!
//! A node's left child follows it, its right child has a number above; a leaf's value is its depth
//! plus c(rows left in it), as in the isolation forest.

use tripline_core::{Rng, State, StateError};

use super::isolation_tree::typical_path;

/// Larger values count as this, so that products with their sums are numbers.
pub(super) const LARGEST: f64 = 1e150;

/// A hyperplane, or a leaf.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    /// Rows whose product with the normal vector is at most this go left; of a leaf, its value.
    value: f64,
    /// The right child; 0 of a leaf.
    right: u32,
    /// Where the normal vector begins, and how many columns it has.
    first: u32,
    count: u32,
}

/// Trees one after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct ExtendedTrees {
    nodes: Vec<Node>,
    /// Where each tree begins.
    roots: Vec<u32>,
    /// Columns with weights of all normal vectors.
    columns: Vec<u32>,
    weights: Vec<f64>,
}

impl ExtendedTrees {
    pub(super) fn trees(&self) -> usize {
        self.roots.len()
    }

    /// Puts the trees of another behind these.
    pub(super) fn append(&mut self, other: &Self) {
        let (nodes, columns) = (self.nodes.len() as u32, self.columns.len() as u32);
        self.roots.extend(other.roots.iter().map(|root| root + nodes));
        self.nodes.extend(other.nodes.iter().map(|node| Node {
            right: if node.right == 0 { 0 } else { node.right + nodes },
            first: node.first + columns,
            ..*node
        }));
        self.columns.extend_from_slice(&other.columns);
        self.weights.extend_from_slice(&other.weights);
    }

    /// The sum of path lengths of each row (row-major, n × d), trees in their order.
    pub(super) fn paths(&self, rows: &[f64], width: usize, sums: &mut [f64]) {
        sums.fill(0.0);
        for &root in &self.roots {
            for (row, sum) in rows.chunks_exact(width).zip(&mut *sums) {
                let mut at = root as usize;
                loop {
                    let node = self.nodes[at];
                    if node.right == 0 {
                        *sum += node.value;
                        break;
                    }
                    at = if self.product(node, row) <= node.value {
                        at + 1
                    } else {
                        node.right as usize
                    };
                }
            }
        }
    }

    fn product(&self, node: Node, row: &[f64]) -> f64 {
        let range = node.first as usize..(node.first + node.count) as usize;
        let parts = self.columns[range.clone()].iter().zip(&self.weights[range]);
        parts.map(|(&column, weight)| weight * row[column as usize]).sum()
    }

    /// One tree over rows (row-major, n × d) by hyperplanes of `directions` columns each (Hariri et
    /// al. 2019, algorithm 2).
    pub(super) fn grow(rows: &[f64], width: usize, directions: usize, rng: &mut Rng) -> Self {
        let count = rows.len() / width;
        let deepest = count.max(2).next_power_of_two().ilog2();
        let mut tree = Self { roots: vec![0], ..Self::default() };
        let mut order: Vec<usize> = (0..count).collect();
        let mut pending = vec![(0..count, 0, None)];
        while let Some((range, depth, parent)) = pending.pop() {
            let own = tree.nodes.len();
            if let Some(parent) = parent {
                let parent: &mut Node = &mut tree.nodes[parent];
                parent.right = own as u32;
            }
            let here = &mut order[range.clone()];
            let first = tree.columns.len() as u32;
            let threshold = if depth < deepest && here.len() > 1 {
                tree.hyperplane(rows, width, here, directions, rng)
            } else {
                None
            };
            let count = tree.columns.len() as u32 - first;
            let Some(value) = threshold else {
                let value = f64::from(depth) + typical_path(here.len());
                tree.nodes.push(Node { value, right: 0, first, count });
                continue;
            };
            let node = Node { value, right: 0, first, count };
            tree.nodes.push(node);
            let row = |row: usize| &rows[row * width..(row + 1) * width];
            let (mut lefts, mut rights) = (Vec::new(), Vec::new());
            for &number in &*here {
                let side =
                    if tree.product(node, row(number)) <= value { &mut lefts } else { &mut rights };
                side.push(number);
            }
            let middle = range.start + lefts.len();
            lefts.extend(rights);
            here.copy_from_slice(&lefts);
            pending.push((middle..range.end, depth + 1, Some(own)));
            pending.push((range.start..middle, depth + 1, None));
        }
        tree
    }

    /// A random hyperplane through the box of some rows: a normal vector of some columns that are
    /// not constant here, a point of the box. None if all columns are.
    fn hyperplane(
        &mut self,
        rows: &[f64],
        width: usize,
        here: &[usize],
        directions: usize,
        rng: &mut Rng,
    ) -> Option<f64> {
        let mut ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); width];
        for &row in here {
            let values = &rows[row * width..(row + 1) * width];
            for ((low, high), &value) in ranges.iter_mut().zip(values) {
                (*low, *high) = (low.min(value), high.max(value));
            }
        }
        let mut varied: Vec<usize> = (0..width).filter(|&j| ranges[j].0 < ranges[j].1).collect();
        if varied.is_empty() {
            return None;
        }
        let used = directions.min(varied.len());
        for at in 0..used {
            let drawn = at + rng.index(varied.len() - at);
            varied.swap(at, drawn);
        }
        varied.truncate(used);
        varied.sort_unstable();
        let mut threshold = 0.0;
        for column in varied {
            let (low, high) = ranges[column];
            let weight = rng.normal();
            let place = rng.unit();
            threshold += weight * (low * (1.0 - place) + high * place);
            self.columns.push(column as u32);
            self.weights.push(weight);
        }
        Some(threshold)
    }

    pub(super) fn save(&self, state: &mut State) {
        state.put_u32s("roots", self.roots.clone());
        state.put_f64s("values", self.nodes.iter().map(|node| node.value).collect());
        state.put_u32s("right", self.nodes.iter().map(|node| node.right).collect());
        state.put_u32s("counts", self.nodes.iter().map(|node| node.count).collect());
        state.put_u32s("columns", self.columns.clone());
        state.put_f64s("weights", self.weights.clone());
    }

    pub(super) fn load(state: &State, width: usize) -> Result<Self, StateError> {
        let (values, right) = (state.f64s("values")?, state.u32s("right")?);
        let (counts, columns) = (state.u32s("counts")?, state.u32s("columns")?);
        let (weights, roots) = (state.f64s("weights")?, state.u32s("roots")?);
        let nodes = values.len();
        if right.len() != nodes || counts.len() != nodes {
            return Err(StateError::invalid("right", "a number for each node"));
        }
        let total: u64 = counts.iter().map(|&count| u64::from(count)).sum();
        if total != columns.len() as u64
            || u32::try_from(total).is_err()
            || weights.len() != columns.len()
        {
            return Err(StateError::invalid("columns", "those of all normal vectors"));
        }
        if columns.iter().any(|&column| column as usize >= width) {
            return Err(StateError::invalid("columns", "below the number of columns"));
        }
        let mut numbers = values.iter().chain(weights);
        if !numbers.all(|number| number.abs() <= f64::MAX) {
            return Err(StateError::invalid("values", "finite"));
        }
        let ends = roots.iter().skip(1).map(|&root| root as usize).chain([nodes]);
        if roots.first() != Some(&0) {
            return Err(StateError::invalid("roots", "the first node of each tree"));
        }
        for (&root, end) in roots.iter().zip(ends) {
            // Ways lead to higher numbers within the tree, so they end.
            let root = root as usize;
            let ends = root < end
                && end <= nodes
                && (root..end).all(|node| {
                    let right = right[node] as usize;
                    let leaf = right == 0 && (0.0..1e9).contains(&values[node]);
                    leaf || (right > node + 1 && right < end)
                });
            if !ends {
                return Err(StateError::invalid("right", "a child above the left one, or a leaf"));
            }
        }
        let mut first = 0;
        let parts = values.iter().zip(right).zip(counts);
        let nodes = parts.map(|((&value, &right), &count)| {
            first += count;
            Node { value, right, first: first - count, count }
        });
        Ok(Self {
            nodes: nodes.collect(),
            roots: roots.to_vec(),
            columns: columns.to_vec(),
            weights: weights.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_goes_by_the_side_of_each_hyperplane() {
        // By hand: x + 2y ≤ 3, then on its right side −y ≤ −4.
        let leaf = |value, first| Node { value, right: 0, first, count: 0 };
        let trees = ExtendedTrees {
            nodes: vec![
                Node { value: 3.0, right: 2, first: 0, count: 2 },
                leaf(1.0, 2),
                Node { value: -4.0, right: 4, first: 2, count: 1 },
                leaf(2.5, 3),
                leaf(7.0, 3),
            ],
            roots: vec![0],
            columns: vec![0, 1, 1],
            weights: vec![1.0, 2.0, -1.0],
        };
        let mut sums = [0.0; 3];
        trees.paths(&[1.0, 1.0, 0.0, 5.0, 3.0, 1.0], 2, &mut sums);
        assert_eq!(sums, [1.0, 2.5, 7.0]);
        let mut state = State::new();
        trees.save(&mut state);
        assert_eq!(ExtendedTrees::load(&state, 2).unwrap().nodes, trees.nodes);
        assert!(ExtendedTrees::load(&state, 1).is_err());
        state.put_u32s("right", vec![2, 0, 2, 0, 0]);
        assert!(ExtendedTrees::load(&state, 2).is_err(), "a loop loads");
    }
}
