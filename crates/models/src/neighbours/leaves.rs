//! Points in leaves of a k-d tree (Bentley 1975), each with its box.
//!
//! A part of the points is split at its median, by the column of the widest range, until it fits a
//! leaf. Splits are at multiples of a leaf, so all leaves but the last are full and none needs to
//! say where it begins. The tree itself is not kept: a search compares boxes.

use super::points::Points;

/// Points of a leaf.
pub(super) const LEAF: usize = 256;

/// A part of fewer points is split on one thread.
const SERIAL: usize = 8192;

/// Points ordered by leaf: those at `LEAF · l ..` are the leaf `l`.
#[derive(Debug)]
pub(super) struct Leaves {
    /// Number of points.
    pub(super) len: usize,
    /// Coordinates of a padded row.
    pub(super) stride: usize,
    /// Number of the point at each place.
    pub(super) order: Vec<u32>,
    /// Rows of the point at each place.
    pub(super) counts: Vec<u32>,
    /// The padded rows, by place.
    pub(super) rows: Vec<f64>,
    /// Least coordinates of each leaf (leaves × stride).
    pub(super) low: Vec<f64>,
    /// Largest coordinates of each leaf (leaves × stride).
    pub(super) high: Vec<f64>,
}

impl Leaves {
    pub(super) fn new(points: &Points) -> Self {
        let mut order: Vec<u32> = (0..points.len() as u32).collect();
        split(points, &mut order);
        let stride = points.stride;
        let mut rows = Vec::with_capacity(points.values.len());
        order.iter().for_each(|&point| rows.extend_from_slice(points.row(point as usize)));
        let leaves = order.len().div_ceil(LEAF);
        let mut low = vec![f64::INFINITY; leaves * stride];
        let mut high = vec![f64::NEG_INFINITY; leaves * stride];
        for (leaf, part) in rows.chunks(LEAF * stride).enumerate() {
            let (low, high) = (&mut low[leaf * stride..], &mut high[leaf * stride..]);
            for row in part.chunks_exact(stride) {
                widen(&mut low[..stride], &mut high[..stride], row);
            }
        }
        let counts = order.iter().map(|&point| points.counts[point as usize]).collect();
        Self { len: order.len(), stride, order, counts, rows, low, high }
    }

    /// Number of leaves.
    pub(super) fn count(&self) -> usize {
        self.len.div_ceil(LEAF)
    }

    /// Values of all places by the number of the point there.
    pub(super) fn by_number<T: Clone + Default>(
        &self,
        values: impl IntoIterator<Item = T>,
    ) -> Vec<T> {
        let mut out = vec![T::default(); self.len];
        for (&number, value) in self.order.iter().zip(values) {
            out[number as usize] = value;
        }
        out
    }

    /// The padded row at a place.
    #[inline(always)]
    pub(super) fn row(&self, place: usize) -> &[f64] {
        &self.rows[place * self.stride..][..self.stride]
    }

    /// Least and largest coordinates of a leaf.
    #[inline(always)]
    pub(super) fn corners(&self, leaf: usize) -> (&[f64], &[f64]) {
        let at = leaf * self.stride;
        (&self.low[at..][..self.stride], &self.high[at..][..self.stride])
    }
}

fn widen(low: &mut [f64], high: &mut [f64], row: &[f64]) {
    for ((low, high), &value) in low.iter_mut().zip(high).zip(row) {
        *low = if value < *low { value } else { *low };
        *high = if value > *high { value } else { *high };
    }
}

/// Orders a part, left half before right half, down to leaves; points of a leaf by number.
fn split(points: &Points, part: &mut [u32]) {
    if part.len() <= LEAF {
        part.sort_unstable();
        return;
    }
    let column = widest(points, part);
    let key = |point: u32| points.values[point as usize * points.stride + column];
    let mut keyed: Vec<(f64, u32)> = part.iter().map(|&point| (key(point), point)).collect();
    let middle = (part.len() / 2).next_multiple_of(LEAF);
    keyed.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    for (point, (_, number)) in part.iter_mut().zip(&keyed) {
        *point = *number;
    }
    drop(keyed);
    let serial = part.len() < SERIAL;
    let (left, right) = part.split_at_mut(middle);
    if serial {
        split(points, left);
        split(points, right);
    } else {
        rayon::join(|| split(points, left), || split(points, right));
    }
}

/// The column of the widest range, the first of equal ones.
fn widest(points: &Points, part: &[u32]) -> usize {
    let mut low = vec![f64::INFINITY; points.stride];
    let mut high = vec![f64::NEG_INFINITY; points.stride];
    part.iter().for_each(|&point| widen(&mut low, &mut high, points.row(point as usize)));
    let mut best = 0;
    for column in 1..points.width {
        if high[column] - low[column] > high[best] - low[best] {
            best = column;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_stands_in_one_leaf_within_its_box() {
        let mut rng = tripline_core::Rng::new(3);
        let (width, stride, len) = (3, 8, 5 * LEAF + 17);
        let mut values = vec![0.0; len * stride];
        for row in values.chunks_exact_mut(stride) {
            row[..width].iter_mut().for_each(|value| *value = rng.below(9) as f64);
        }
        let points = Points { width, stride, values, counts: vec![1; len] };
        let leaves = Leaves::new(&points);
        assert_eq!(leaves.count(), 6);
        let mut numbers = leaves.order.clone();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..len as u32).collect::<Vec<_>>());
        for place in 0..len {
            let (low, high) = leaves.corners(place / LEAF);
            let row = leaves.row(place);
            assert_eq!(row, points.row(leaves.order[place] as usize));
            assert!(row.iter().zip(low).zip(high).all(|((x, low), high)| low <= x && x <= high));
        }
    }
}
