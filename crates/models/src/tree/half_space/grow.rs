//! Growing half-space trees from random ranges, without a look at the rows.

use tripline_core::Rng;

use super::Node;

/// The range that a tree halves, in units of a column's own range: a random middle with twice the
/// distance to the farther end on both sides (Tan et al. 2011, section 3.1).
pub(super) fn work_range(rng: &mut Rng) -> (f64, f64) {
    let middle = rng.unit();
    let reach = 2.0 * middle.max(1.0 - middle);
    (middle - reach, middle + reach)
}

/// Halves the work range of a random column (Tan et al. 2011, algorithm 1).
pub(super) fn split(
    nodes: &mut [Node],
    node: usize,
    choices: &[usize],
    ranges: &[(f64, f64)],
    work: &mut [(f64, f64)],
    rng: &mut Rng,
) {
    if node >= nodes.len() {
        return;
    }
    let column = choices[rng.index(choices.len())];
    let (low, high) = work[column];
    let middle = 0.5 * (low + high);
    nodes[node] = Node { threshold: value_at(ranges[column], middle), column: column as u32 };
    work[column] = (low, middle);
    split(nodes, 2 * node, choices, ranges, work, rng);
    work[column] = (middle, high);
    split(nodes, 2 * node + 1, choices, ranges, work, rng);
    work[column] = (low, high);
}

/// The value at a place of a column's range, where 0 is its least and 1 its largest; a constant
/// column is given a range as wide as its value.
fn value_at((low, high): (f64, f64), place: f64) -> f64 {
    if low == high {
        let width = if low == 0.0 { 1.0 } else { low.abs() };
        return (low + (place - 0.5) * width).clamp(f64::MIN, f64::MAX);
    }
    // Places go from −2 to 3: an eighth of any sum is in range.
    let eighth = 0.125 * low * (1.0 - place) + 0.125 * high * place;
    (8.0 * eighth).clamp(f64::MIN, f64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_a_range_are_numbers() {
        assert_eq!(value_at((2.0, 4.0), 0.5), 3.0);
        assert_eq!(value_at((2.0, 4.0), -2.0), -2.0);
        for place in [-2.0, -0.3, 0.0, 1.0, 3.0] {
            assert!(value_at((f64::MIN, f64::MAX), place).is_finite());
            assert!(value_at((1e308, 1.7e308), place).is_finite());
            assert!(value_at((f64::MAX, f64::MAX), place).is_finite());
        }
    }
}
