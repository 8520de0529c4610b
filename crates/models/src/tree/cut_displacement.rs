//! How many rows of a random cut tree another row would displace.

use super::cut_tree::{CutTree, LEAF};

/// A row that is reached less often adds less than one billionth of a tree.
const LEAST_REACH: f64 = 1e-9;

impl CutTree {
    /// The expected displacement CoDisp of a row if it were put in (Guha et al. 2016, definition 4),
    /// over the cuts that could set it apart: the largest ratio, on the way from it to the root, of
    /// the rows beside to the rows that would have to go.
    pub(super) fn displacement(&self, row: &[f64]) -> f64 {
        let (mut expected, mut reach, mut largest) = (0.0, 1.0, 0.0_f64);
        let mut at = self.root as usize;
        while let Some(node) = self.nodes.get(at) {
            let (low, high) = self.bounds(at);
            let (mut outside, mut total) = (0.0, 0.0);
            for j in 0..self.width {
                let below = (low[j] - row[j]).max(0.0);
                let above = (row[j] - high[j]).max(0.0);
                outside += below + above;
                total += (high[j] - low[j]) + below + above;
            }
            let beside = largest.max(f64::from(node.count));
            if node.column == LEAF {
                return expected + reach * if outside > 0.0 { beside } else { largest };
            }
            let apart = if outside > 0.0 { outside / total } else { 0.0 };
            expected += reach * apart * beside;
            reach *= 1.0 - apart;
            if reach < LEAST_REACH {
                break;
            }
            let left = row[node.column as usize] <= node.cut;
            let (next, other) =
                if left { (node.left, node.right) } else { (node.right, node.left) };
            let own = f64::from(self.nodes[next as usize].count) + 1.0;
            largest = largest.max(f64::from(self.nodes[other as usize].count) / own);
            at = next as usize;
        }
        expected
    }
}

#[cfg(test)]
mod tests {
    use tripline_core::Rng;

    use super::super::cut_tree::NONE;
    use super::*;

    #[test]
    fn displacement_is_the_mean_over_the_cuts() {
        let mut rng = Rng::new(2);
        let mut tree = CutTree::new(2);
        for _ in 0..30 {
            tree.insert(&[rng.normal(), rng.normal()], &mut rng);
        }
        for row in [[0.1, -0.2], [2.0, 0.5], [5.0, -6.0]] {
            // By the definition: put it in, look from its leaf up, take it out.
            let mut sum = 0.0;
            for _ in 0..20_000 {
                let mut grown = tree.clone();
                let mut at = grown.insert(&row, &mut rng);
                let mut largest = 0.0_f64;
                while grown.nodes[at].parent != NONE {
                    let parent = grown.nodes[at].parent as usize;
                    let own = f64::from(grown.nodes[at].count);
                    let beside = f64::from(grown.nodes[parent].count) - own;
                    largest = largest.max(beside / own);
                    at = parent;
                }
                sum += largest;
            }
            let (mean, expected) = (sum / 20_000.0, tree.displacement(&row));
            assert!((mean - expected).abs() < 0.02 * expected, "{mean} {expected}");
        }
    }
}
