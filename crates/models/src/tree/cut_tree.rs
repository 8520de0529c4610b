//! A robust random cut tree: rows are put in and taken out, as if it had been grown without them.

use tripline_core::Rng;

/// No node.
pub(super) const NONE: u32 = u32::MAX;

/// The column of a leaf.
pub(super) const LEAF: u32 = u32::MAX;

/// A cut, or a leaf.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Node {
    pub(super) parent: u32,
    pub(super) left: u32,
    pub(super) right: u32,
    pub(super) column: u32,
    /// Rows go left if their value is at most this.
    pub(super) cut: f64,
    /// Rows below.
    pub(super) count: u32,
}

/// Rows set apart by random cuts; equal rows share a leaf.
#[derive(Debug, Clone)]
pub(super) struct CutTree {
    pub(super) width: usize,
    pub(super) root: u32,
    pub(super) nodes: Vec<Node>,
    /// Nodes × 2 × columns: the least values of the rows below, then the largest.
    bounds: Vec<f64>,
    free: Vec<u32>,
}

impl CutTree {
    pub(super) fn new(width: usize) -> Self {
        Self { width, root: NONE, nodes: Vec::new(), bounds: Vec::new(), free: Vec::new() }
    }

    /// The least and the largest values of the rows below a node.
    pub(super) fn bounds(&self, node: usize) -> (&[f64], &[f64]) {
        self.bounds[node * 2 * self.width..(node + 1) * 2 * self.width].split_at(self.width)
    }

    fn bounds_mut(&mut self, node: usize) -> (&mut [f64], &mut [f64]) {
        let width = self.width;
        self.bounds[node * 2 * width..(node + 1) * 2 * width].split_at_mut(width)
    }

    /// A place for a node.
    pub(super) fn place(&mut self, node: Node) -> usize {
        if let Some(free) = self.free.pop() {
            self.nodes[free as usize] = node;
            return free as usize;
        }
        self.nodes.push(node);
        self.bounds.resize(self.nodes.len() * 2 * self.width, 0.0);
        self.nodes.len() - 1
    }

    /// A leaf of one row.
    pub(super) fn leaf(&mut self, row: &[f64]) -> usize {
        let node = Node { parent: NONE, left: NONE, right: NONE, column: LEAF, cut: 0.0, count: 1 };
        let leaf = self.place(node);
        let (low, high) = self.bounds_mut(leaf);
        low.copy_from_slice(row);
        high.copy_from_slice(row);
        leaf
    }

    /// Puts a row in (Guha et al. 2016, algorithm 2); gives its leaf.
    pub(super) fn insert(&mut self, row: &[f64], rng: &mut Rng) -> usize {
        if self.root == NONE {
            let leaf = self.leaf(row);
            self.root = leaf as u32;
            return leaf;
        }
        let mut at = self.root as usize;
        loop {
            let node = self.nodes[at];
            let (low, high) = self.bounds(at);
            if node.column == LEAF && low == row {
                self.count_up(at, row);
                return at;
            }
            if let Some((column, cut)) = self.separate(low, high, row, node.column == LEAF, rng) {
                return self.set_apart(at, row, column, cut);
            }
            let left = row[node.column as usize] <= node.cut;
            at = if left { node.left } else { node.right } as usize;
        }
    }

    /// A random cut of the box with the row; none if it goes through the box itself.
    fn separate(
        &self,
        low: &[f64],
        high: &[f64],
        row: &[f64],
        leaf: bool,
        rng: &mut Rng,
    ) -> Option<(usize, f64)> {
        let extent = |j: usize| high[j].max(row[j]) - low[j].min(row[j]);
        let total: f64 = (0..self.width).map(extent).sum();
        let mut left = rng.unit() * total;
        for j in 0..self.width {
            let own = extent(j);
            if left < own {
                let cut = low[j].min(row[j]) + left;
                let apart = (row[j] <= cut && cut < low[j]) || (high[j] <= cut && cut < row[j]);
                if apart {
                    return Some((j, cut));
                }
                break;
            }
            left -= own;
        }
        // Only rounding leads here from a leaf: any column that differs will do.
        let other = (0..self.width).find(|&j| leaf && low[j] != row[j])?;
        Some((other, low[other].min(row[other])))
    }

    /// Puts a row beside a node.
    fn set_apart(&mut self, at: usize, row: &[f64], column: usize, cut: f64) -> usize {
        let leaf = self.leaf(row);
        let (parent, count) = (self.nodes[at].parent, self.nodes[at].count);
        let sides = if row[column] <= cut { [leaf, at] } else { [at, leaf] };
        let [left, right] = sides.map(|side| side as u32);
        let inner = self.place(Node { parent, left, right, column: column as u32, cut, count });
        self.replace(parent, at, inner);
        self.nodes[at].parent = inner as u32;
        self.nodes[leaf].parent = inner as u32;
        self.unite(inner);
        // The row is not yet counted above its leaf.
        self.count_up(inner, row);
        leaf
    }

    /// Makes `new` the child of `parent` in place of `old`.
    fn replace(&mut self, parent: u32, old: usize, new: usize) {
        if parent == NONE {
            self.root = new as u32;
            return;
        }
        let node = &mut self.nodes[parent as usize];
        let side = if node.left == old as u32 { &mut node.left } else { &mut node.right };
        *side = new as u32;
    }

    /// A row more below a node and all above it.
    fn count_up(&mut self, mut at: usize, row: &[f64]) {
        loop {
            self.nodes[at].count += 1;
            let (low, high) = self.bounds_mut(at);
            for ((low, high), value) in low.iter_mut().zip(high).zip(row) {
                *low = low.min(*value);
                *high = high.max(*value);
            }
            if self.nodes[at].parent == NONE {
                return;
            }
            at = self.nodes[at].parent as usize;
        }
    }

    /// The bounds of a node from those of its children; whether they have changed.
    pub(super) fn unite(&mut self, at: usize) -> bool {
        let (left, right) = (self.nodes[at].left as usize, self.nodes[at].right as usize);
        let mut changed = false;
        for j in 0..2 * self.width {
            let [a, b] = [left, right].map(|child| self.bounds[child * 2 * self.width + j]);
            let bound = if j < self.width { a.min(b) } else { a.max(b) };
            let own = &mut self.bounds[at * 2 * self.width + j];
            changed |= *own != bound;
            *own = bound;
        }
        changed
    }

    /// Takes one row of a leaf out (Guha et al. 2016, algorithm 1).
    pub(super) fn remove(&mut self, leaf: usize) {
        let Node { parent, count, .. } = self.nodes[leaf];
        if count > 1 {
            let mut at = leaf as u32;
            while at != NONE {
                self.nodes[at as usize].count -= 1;
                at = self.nodes[at as usize].parent;
            }
            return;
        }
        self.free.push(leaf as u32);
        if parent == NONE {
            self.root = NONE;
            return;
        }
        let Node { left, right, parent: above, .. } = self.nodes[parent as usize];
        let sibling = if left == leaf as u32 { right } else { left };
        self.nodes[sibling as usize].parent = above;
        self.replace(above, parent as usize, sibling as usize);
        self.free.push(parent);
        let (mut at, mut changed) = (above, true);
        while at != NONE {
            self.nodes[at as usize].count -= 1;
            changed = changed && self.unite(at as usize);
            at = self.nodes[at as usize].parent;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks counts, bounds, sides of all nodes below one; gives its rows.
    fn check(tree: &CutTree, at: u32) -> u32 {
        let node = tree.nodes[at as usize];
        if node.column == LEAF {
            return node.count;
        }
        let (left, right) = (node.left as usize, node.right as usize);
        assert_eq!([tree.nodes[left].parent, tree.nodes[right].parent], [at; 2]);
        let column = node.column as usize;
        assert!(tree.bounds(left).1[column] <= node.cut);
        assert!(tree.bounds(right).0[column] > node.cut);
        let mut again = tree.clone();
        assert!(!again.unite(at as usize), "bounds are not those of the rows below");
        let rows = check(tree, node.left) + check(tree, node.right);
        assert_eq!(rows, node.count);
        rows
    }

    #[test]
    fn a_tree_stays_whole_while_rows_come_and_go() {
        let mut rng = Rng::new(1);
        let mut tree = CutTree::new(3);
        let mut leaves: Vec<usize> = Vec::new();
        for step in 0..2000 {
            if leaves.len() < 2 || (leaves.len() < 60 && rng.unit() < 0.6) {
                // Few values, so that rows repeat and boxes have no extent.
                let row: Vec<f64> = (0..3).map(|_| rng.index(4) as f64).collect();
                leaves.push(tree.insert(&row, &mut rng));
            } else {
                let leaf = leaves.swap_remove(rng.index(leaves.len()));
                tree.remove(leaf);
            }
            assert_eq!(check(&tree, tree.root), leaves.len() as u32, "step {step}");
        }
        leaves.into_iter().for_each(|leaf| tree.remove(leaf));
        assert_eq!(tree.root, NONE);
        assert_eq!(tree.free.len(), tree.nodes.len());
    }
}
