//! Candidates of a query that the filter let pass, until their distances are computed.

use super::block::Block;
use super::distance::{Norm, between};
use super::nearest::{Nearest, Reach};

/// Candidates beyond twice the neighbours wanted that wait before they are settled.
pub(super) const FEW: usize = 64;

/// Candidates whose distances are computed before any is offered.
const TOGETHER: usize = 8;

/// Candidates of a query: their distances are known as far as the filter tells.
#[derive(Default)]
pub(super) struct Likely {
    /// Least squared distance with the place.
    pub(super) places: Vec<(f64, u32)>,
    /// The nearest by their largest squared distance.
    pub(super) uppers: Reach,
}

impl Likely {
    /// The distance beyond which no point is wanted any more.
    #[inline(always)]
    pub(super) fn bound(&self, nearest: &Nearest) -> f64 {
        let (upper, exact) = (self.uppers.bound(), nearest.bound());
        if upper < exact { upper } else { exact }
    }
}

/// Whether a distance may be within a bound; what is no number may be.
#[inline(always)]
pub(super) fn may_be_within(least: f64, bound: f64) -> bool {
    least.is_nan() || least <= bound
}

/// Offers those candidates of a query that may still be near.
#[inline(always)]
pub(super) fn settle<N: Norm>(
    block: &Block<'_>,
    query: usize,
    nearest: &mut Nearest,
    likely: &mut Likely,
) {
    let mut places = std::mem::take(&mut likely.places);
    let bound = likely.bound(nearest);
    places.retain(|&(least, _)| may_be_within(least, bound));
    let row = block.queries.row(query);
    // Distances of a few first: rows that stand apart in memory are waited for together.
    for few in places.chunks(TOGETHER) {
        let mut distances = [0.0; TOGETHER];
        for (distance, &(_, place)) in distances.iter_mut().zip(few) {
            *distance = between::<N>(row, block.leaves.row(place as usize));
        }
        for (&distance, &(_, place)) in distances.iter().zip(few) {
            take(block, query, place as usize, distance, nearest);
        }
    }
    places.clear();
    likely.places = places;
}

/// Offers one point to the query at a place of its own leaves.
#[inline(always)]
pub(super) fn offer<N: Norm>(
    block: &Block<'_>,
    query_place: usize,
    query: &[f64],
    place: usize,
    nearest: &mut Nearest,
) {
    let distance = between::<N>(query, block.leaves.row(place));
    take(block, query_place, place, distance, nearest);
}

/// Offers one point at a distance.
#[inline(always)]
fn take(block: &Block<'_>, query_place: usize, place: usize, distance: f64, nearest: &mut Nearest) {
    let leaves = block.leaves;
    if distance <= nearest.bound() {
        let itself = block.own && place == query_place;
        nearest.offer(distance, leaves.order[place], leaves.counts[place] - u32::from(itself));
    }
}
