//! Which bin of about one width each value of a block lies in.
//!
//! With w the width of a bin, the place of x is (x − middle of the first bin) / w, up to what edges
//! differ from first + k · w and up to rounding. Where it is further than that from the middle
//! between two whole numbers, the nearest whole number is the bin, without a look at any edge.

/// Values that are looked at together.
pub(super) const BLOCK: usize = 16;

/// Numbers of one register, on any processor.
const LANES: usize = 2;

/// Half of it is the unit of the last place: adding it rounds to a whole number, which then stands in
/// the lowest bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// Edges for which places tell bins.
#[derive(Debug, Clone)]
pub(super) struct Places {
    first: f64,
    last: f64,
    /// Middles of the first and of the last bin, beyond which there is no inner edge.
    lowest: f64,
    highest: f64,
    /// Bins of a unit.
    rate: f64,
    /// Furthest from a whole number where the nearest is the bin.
    furthest: f64,
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
        let (lowest, highest) = (first + 0.5 * width, last - 0.5 * width);
        let furthest = 0.5 - tolerance;
        fits.then_some(Self { first, last, lowest, highest, rate, furthest })
    }

    /// All values lie between the first edge and the last.
    #[inline(always)]
    pub(super) fn within(&self, values: &[f64; BLOCK]) -> bool {
        // Bits that are left differ from none: also of what is no number.
        let mut beyond = [0; LANES];
        for start in (0..BLOCK).step_by(LANES) {
            for lane in 0..LANES {
                let value = values[start + lane];
                let inside = if value > self.first { value } else { self.first };
                let inside = if inside < self.last { inside } else { self.last };
                beyond[lane] |= (inside - value).to_bits();
            }
        }
        // Nothing from itself is 0, not −0.
        beyond == [0; LANES]
    }

    /// Finds the bins of values between the first edge and the last; those of others are bins too.
    /// False if one of them may be the bin beside.
    #[inline(always)]
    pub(super) fn find(&self, values: &[f64; BLOCK], bins: &mut [u32; BLOCK]) -> bool {
        let mut apart = [0.0; LANES];
        // By index: a pair of iterators is not always inlined, which costs a third of the time.
        for start in (0..BLOCK).step_by(LANES) {
            for lane in 0..LANES {
                let value = values[start + lane];
                // What is no number becomes the lowest.
                let value = if value > self.lowest { value } else { self.lowest };
                let value = if value < self.highest { value } else { self.highest };
                let place = (value - self.lowest) * self.rate;
                let rounded = place + ROUNDER;
                let distance = (place - (rounded - ROUNDER)).abs();
                apart[lane] = if distance > apart[lane] { distance } else { apart[lane] };
                bins[start + lane] = rounded.to_bits() as u32;
            }
        }
        (apart[0] <= self.furthest) & (apart[1] <= self.furthest)
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
            let mut values: Vec<f64> = shares.iter().map(|share| first + share * reach).collect();
            if let Some(&edge) = edges.get(edge) {
                values[3] = edge;
                values[4] = edge.next_up();
                values[5] = edge.next_down();
            }
            let places = Places::new(&edges);
            for value in values {
                let Some(places) = &places else { continue };
                let inside = first <= value && value <= edges[bins];
                prop_assert_eq!(places.within(&[value; BLOCK]), inside);
                let mut found = [u32::MAX; BLOCK];
                let sure = places.find(&[value; BLOCK], &mut found);
                prop_assert!((found[0] as usize) < bins);
                if inside && sure {
                    let inner = &edges[1..bins];
                    let bin = found[0] as usize;
                    prop_assert_eq!(bin, inner.partition_point(|edge| *edge <= value));
                    prop_assert_eq!(bin, inner.partition_point(|edge| *edge < value));
                }
            }
        }
    }

    #[test]
    fn values_amid_bins_are_told_and_those_on_inner_edges_are_not() {
        let places = Places::new(&[0.0, 1.0, 2.0, 3.0]).unwrap();
        let mut values = [1.5; BLOCK];
        values[..9].copy_from_slice(&[0.0, -0.0, 0.5, 0.999, 1.001, 2.5, 2.001, 2.999, 3.0]);
        let mut bins = [0; BLOCK];
        assert!(places.within(&values));
        assert!(places.find(&values, &mut bins));
        assert_eq!(bins[..10], [0, 0, 0, 0, 1, 2, 2, 2, 2, 1]);
        for unsure in [1.0, 2.0, 2.0_f64.next_down()] {
            values[11] = unsure;
            assert!(places.within(&values) && !places.find(&values, &mut bins), "{unsure}");
        }
        assert!(Places::new(&[0.0, 1.0, 1.1, 9.0]).is_none());
    }

    #[test]
    fn what_lies_outside_is_seen_wherever_it_stands() {
        let places = Places::new(&[0.0, 1.0, 2.0, 3.0]).unwrap();
        let outside =
            [-5e-324, 3.0_f64.next_up(), f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX];
        for outside in outside {
            for at in 0..BLOCK {
                let mut values = [1.5; BLOCK];
                values[at] = outside;
                assert!(!places.within(&values), "{outside} at {at}");
                let mut bins = [u32::MAX; BLOCK];
                places.find(&values, &mut bins);
                assert!(bins.iter().all(|bin| *bin < 3), "{bins:?}");
            }
        }
    }
}
