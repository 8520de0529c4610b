//! Which bin of about one width each value of a block lies in.
//!
//! With w the width of a bin, g = (x − first) / w is the place of x in bins, up to what edges differ
//! from first + k · w and up to rounding. Where g is further than that from any whole number, its
//! whole part is the bin, without a look at any edge.

/// Values that are looked at together.
pub(super) const BLOCK: usize = 8;

/// Half of it is the unit of the last place: adding it rounds to a whole number, which then stands in
/// the lowest bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// Edges for which places tell bins.
#[derive(Debug, Clone)]
pub(super) struct Places {
    first: f64,
    last: f64,
    /// Bins of a unit.
    rate: f64,
    /// The largest place within the last bin that is told.
    highest: f64,
    /// How far a place may be wrong.
    tolerance: f64,
}

impl Places {
    /// Of edges that ascend, at least two; none of far more bins than are usual, or if they are too
    /// uneven for places to tell much.
    pub(super) fn new(edges: &[f64]) -> Option<Self> {
        let bins = edges.len() - 1;
        let (first, last) = (edges[0], edges[bins]);
        let rate = bins as f64 / (last - first);
        let width = (last - first) / bins as f64;
        let uneven = edges.iter().enumerate().map(|(k, edge)| {
            let apart = edge - (first + k as f64 * width);
            (apart * rate).abs()
        });
        let uneven = uneven.fold(0.0, f64::max);
        // Each of the steps above, and of those for a value, rounds by half an ε of the size of a
        // bin's number or of the edges; these are four times as many as there are.
        let largest = first.abs().max(last.abs()) * rate;
        let rounding = f64::EPSILON * (16.0 * bins as f64 + 8.0 * largest);
        let tolerance = uneven + rounding;
        let fits = bins <= 1 << 20 && rate.is_finite() && tolerance < 0.25;
        fits.then_some(Self { first, last, rate, highest: bins as f64 - 0.5, tolerance })
    }

    /// The bin of each value; none if one of them lies outside, or may lie on an inner edge.
    #[inline(always)]
    pub(super) fn bins(&self, values: &[f64; BLOCK]) -> Option<[usize; BLOCK]> {
        let mut bins = [0; BLOCK];
        let mut sure = [false; BLOCK];
        for lane in 0..BLOCK {
            let value = values[lane];
            let place = (value - self.first) * self.rate;
            // Beyond the middle of the last bin there is no further inner edge.
            let place = if place > self.highest { self.highest } else { place };
            let rounded = (place - 0.5) + ROUNDER;
            let part = place - (rounded - ROUNDER);
            bins[lane] = (rounded.to_bits() & 0xffff_ffff) as usize;
            // Nor before that of the first one.
            sure[lane] = (value >= self.first)
                & (value <= self.last)
                & ((part > self.tolerance) | (place < 0.5))
                & (part < 1.0 - self.tolerance);
        }
        (sure == [true; BLOCK]).then_some(bins)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_told_is_what_a_search_finds(
            first in prop_oneof![-1e9..1e9f64, -1.0..1.0f64],
            width in prop_oneof![1e-9..1e-6f64, 0.1..10.0f64],
            bins in 1_usize..30,
            shares in proptest::collection::vec(-0.1..1.1f64, 8),
            edge in 0_usize..30,
        ) {
            let edges: Vec<f64> = (0..=bins).map(|k| first + k as f64 * width).collect();
            prop_assume!(edges.is_sorted_by(|a, b| a < b));
            let reach = edges[bins] - first;
            let mut values: [f64; BLOCK] = std::array::from_fn(|k| first + shares[k] * reach);
            if let Some(&edge) = edges.get(edge) {
                values[3] = edge;
                values[4] = edge.next_up();
                values[5] = edge.next_down();
            }
            let places = Places::new(&edges);
            for value in values {
                let Some(told) = places.as_ref().and_then(|places| places.bins(&[value; BLOCK]))
                else { continue };
                let inner = &edges[1..bins];
                prop_assert!(first <= value && value <= edges[bins]);
                prop_assert_eq!(told[0], inner.partition_point(|edge| *edge <= value));
                prop_assert_eq!(told[0], inner.partition_point(|edge| *edge < value));
            }
        }
    }

    #[test]
    fn values_amid_bins_are_told_and_those_on_inner_edges_are_not() {
        let places = Places::new(&[0.0, 1.0, 2.0, 3.0]).unwrap();
        let values = [0.0, 0.5, 0.999, 1.001, 1.5, 2.5, 2.999, 3.0];
        assert_eq!(places.bins(&values), Some([0, 0, 0, 1, 1, 2, 2, 2]));
        for unsure in [1.0, 2.0, 3.1, -1e-9] {
            assert_eq!(places.bins(&[unsure; BLOCK]), None, "{unsure}");
        }
        assert!(Places::new(&[0.0, 1.0, 1.1, 9.0]).is_none());
    }
}
