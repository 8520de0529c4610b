//! The search of one block of queries through all leaves that may hold neighbours.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::distance::{Absolutes, Largest, Metric, Norm, Squares, apart, outside};
use super::filter::{Bounds, Filter, Shape};
use super::kernel::{GROUP, Kernel, Single};
use super::leaves::{LEAF, Leaves};
use super::likely::{FEW, Likely, may_be_within, offer, settle};
use super::nearest::Nearest;

/// Queries of one leaf with what they look for.
pub(super) struct Block<'a> {
    pub(super) metric: Metric,
    /// Of Euclidean distances alone.
    pub(super) filter: Option<&'a Filter>,
    /// The points searched.
    pub(super) leaves: &'a Leaves,
    pub(super) queries: &'a Leaves,
    pub(super) leaf: usize,
    pub(super) wanted: usize,
    /// The queries are the points themselves, of which none is its own neighbour.
    pub(super) own: bool,
}

/// What a thread needs to search a block.
#[derive(Default)]
pub(super) struct Scratch {
    /// Leaves to visit: bits of the bound, which order as the bound does, with the leaf.
    boxes: BinaryHeap<Reverse<(u64, u32)>>,
    /// For each query of the block.
    pub(super) nearest: Vec<Nearest>,
    /// Queries that are near the leaf at hand.
    active: Vec<u32>,
    /// For each query of the block what the filter let pass.
    likely: Vec<Likely>,
    /// Queries in their form for the leaf at hand: for each column a number of each.
    forms: Vec<f32>,
    /// All queries of the block in their form for leaves that share a centre, as many together as
    /// the filter takes at once; empty as long as there was no such leaf.
    shared: Vec<f32>,
    /// What is known of each by its shared form.
    shapes: Vec<Shape>,
}

/// Leaves for which queries are not compared with boxes, after one in which nearly all were near.
const UNCHECKED: usize = 7;

/// Finds the neighbours of a block's queries; the filter takes R queries at once.
#[inline(always)]
pub(super) fn search_block<K: Kernel<R>, const R: usize>(block: &Block<'_>, scratch: &mut Scratch) {
    match block.metric {
        Metric::Euclidean => visit::<Squares, K, R>(block, scratch),
        Metric::Manhattan => visit::<Absolutes, K, R>(block, scratch),
        Metric::Chebyshev => visit::<Largest, K, R>(block, scratch),
    }
}

#[inline(always)]
fn visit<N: Norm, K: Kernel<R>, const R: usize>(block: &Block<'_>, scratch: &mut Scratch) {
    let (leaves, queries) = (block.leaves, block.queries);
    let first = block.leaf * LEAF;
    let count = (queries.len - first).min(LEAF);
    scratch.nearest.resize_with(count, Nearest::default);
    scratch.likely.resize_with(count, Likely::default);
    for (nearest, likely) in scratch.nearest.iter_mut().zip(&mut scratch.likely) {
        nearest.restart(block.wanted);
        likely.uppers.restart(block.wanted);
        likely.places.clear();
    }
    let (low, high) = queries.corners(block.leaf);
    let mut boxes = std::mem::take(&mut scratch.boxes).into_vec();
    boxes.clear();
    boxes.extend((0..leaves.count()).map(|leaf| {
        let (other_low, other_high) = leaves.corners(leaf);
        let bound = apart::<N>(low, high, other_low, other_high);
        // Among boxes that overlap, the block's own is the best to begin with.
        let rank = if block.own && leaf == block.leaf { 0 } else { leaf as u32 + 1 };
        Reverse((bound.to_bits(), rank))
    }));
    scratch.boxes = BinaryHeap::from(boxes);
    scratch.shared.clear();
    let mut unchecked = 0;
    while let Some(Reverse((bits, rank))) = scratch.boxes.pop() {
        let bound = f64::from_bits(bits);
        let mut states = scratch.nearest.iter().zip(&scratch.likely);
        if states.all(|(nearest, likely)| bound > likely.bound(nearest)) {
            break;
        }
        let leaf = if rank == 0 { block.leaf } else { rank as usize - 1 };
        let (low, high) = leaves.corners(leaf);
        scratch.active.clear();
        if unchecked > 0 {
            unchecked -= 1;
            scratch.active.extend(0..count as u32);
        } else {
            let states = scratch.nearest.iter().zip(&scratch.likely);
            for (at, (nearest, likely)) in states.enumerate() {
                let bound = likely.bound(nearest);
                if outside::<N>(queries.row(first + at), low, high) <= bound {
                    scratch.active.push(at as u32);
                }
            }
            // Where boxes leave out few queries, most checks cost more than they save.
            if scratch.active.len() * 8 > count * 7 {
                unchecked = UNCHECKED;
            }
        }
        match block.filter {
            Some(filter) => filtered::<N, K, R>(block, filter, leaf, scratch),
            None => {
                for &at in &scratch.active {
                    let nearest = &mut scratch.nearest[at as usize];
                    let query = queries.row(first + at as usize);
                    for place in leaf * LEAF..leaves.len.min((leaf + 1) * LEAF) {
                        offer::<N>(block, first + at as usize, query, place, nearest);
                    }
                }
            }
        }
    }
    for (at, nearest) in scratch.nearest.iter_mut().enumerate() {
        settle::<N>(block, first + at, nearest, &mut scratch.likely[at]);
    }
}

/// Takes those points of a leaf that pass the filter as candidates.
#[inline(always)]
fn filtered<N: Norm, K: Kernel<R>, const R: usize>(
    block: &Block<'_>,
    filter: &Filter,
    leaf: usize,
    scratch: &mut Scratch,
) {
    if filter.shares(leaf) && scratch.shared.is_empty() {
        share(block, filter, leaf, R, scratch);
    }
    let mut active = std::mem::take(&mut scratch.active);
    for part in active.chunks(R) {
        if part.len() == 1 {
            scan::<N, Single, 1>(block, filter, leaf, (part, R), scratch);
        } else {
            scan::<N, K, R>(block, filter, leaf, (part, R), scratch);
        }
    }
    active.clear();
    scratch.active = active;
}

/// Puts all queries of a block into the form that they have for leaves that share a centre.
#[inline(always)]
fn share(block: &Block<'_>, filter: &Filter, leaf: usize, pack: usize, scratch: &mut Scratch) {
    let (first, stride) = (block.leaf * LEAF, block.queries.stride);
    let count = scratch.nearest.len();
    scratch.shared.resize(count.next_multiple_of(pack) * stride, 0.0);
    scratch.shapes.clear();
    for (at, pack_forms) in (0..count).zip((0..count).map(|at| at / pack * pack * stride)) {
        let out = &mut scratch.shared[pack_forms + at % pack..];
        scratch.shapes.push(filter.prepare(leaf, block.queries.row(first + at), out, pack));
    }
}

/// Takes those points of a leaf that pass the filter of up to R queries as candidates; shared forms
/// stand in packs.
#[inline(always)]
fn scan<N: Norm, K: Kernel<R>, const R: usize>(
    block: &Block<'_>,
    filter: &Filter,
    leaf: usize,
    (part, pack): (&[u32], usize),
    scratch: &mut Scratch,
) {
    let (leaves, first, stride) = (block.leaves, block.leaf * LEAF, block.queries.stride);
    let end = leaves.len.min((leaf + 1) * LEAF);
    let Scratch { forms, nearest, likely, shared, shapes, .. } = scratch;
    forms.resize(stride * R, 0.0);
    let mut sums = [[0.0; GROUP]; R];
    let mut bounds = [Bounds::default(); R];
    let mut limits = [f32::NEG_INFINITY; R];
    let shares = filter.shares(leaf);
    // All of a pack, in its order.
    let whole = pack == R
        && part.len() == R
        && (part[0] as usize).is_multiple_of(R)
        && part[R - 1] - part[0] == R as u32 - 1;
    for (lane, &at) in part.iter().enumerate() {
        let at = at as usize;
        let shape = if shares {
            if !whole {
                let from = shared[at / pack * pack * stride + at % pack..].iter().step_by(pack);
                let to = forms.iter_mut().skip(lane).step_by(R);
                to.zip(from).for_each(|(to, from)| *to = *from);
            }
            shapes[at]
        } else {
            filter.prepare(leaf, block.queries.row(first + at), &mut forms[lane..], R)
        };
        bounds[lane] = filter.bounds(leaf, shape);
        limits[lane] = bounds[lane].limit(likely[at].bound(&nearest[at]));
    }
    let forms: &[f32] =
        if shares && whole { &shared[part[0] as usize * stride..][..R * stride] } else { forms };
    let forms = forms.as_chunks::<R>().0;
    for group in leaf * LEAF / GROUP..end.div_ceil(GROUP) {
        let passing = filter.passing::<K, R>(group, forms, &limits, &mut sums);
        for (lane, &at) in part.iter().enumerate() {
            let mut bits = passing[lane];
            if bits == 0 {
                continue;
            }
            let (nearest, likely) = (&mut nearest[at as usize], &mut likely[at as usize]);
            while bits != 0 {
                let bit = bits.trailing_zeros() as usize;
                let place = group * GROUP + bit;
                bits &= bits - 1;
                if place >= end {
                    break;
                }
                let sum = sums[lane][bit];
                let least = bounds[lane].least(sum);
                if least > likely.bound(nearest) {
                    continue;
                }
                likely.places.push((least, place as u32));
                let itself = block.own && place == first + at as usize;
                let times = leaves.counts[place] - u32::from(itself);
                likely.uppers.offer(bounds[lane].largest(sum), times);
            }
            if likely.places.len() >= 4 * block.wanted + FEW {
                let bound = likely.bound(nearest);
                likely.places.retain(|&(least, _)| may_be_within(least, bound));
                if likely.places.len() >= 2 * block.wanted + FEW {
                    settle::<N>(block, first + at as usize, nearest, likely);
                }
            }
            limits[lane] = bounds[lane].limit(likely.bound(nearest));
        }
    }
}
