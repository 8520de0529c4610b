//! Exact neighbours: leaves of points against leaves of queries.
//!
//! Leaves are visited in order of the distance of their boxes, until no box is near enough for any
//! query of the block; in a leaf, queries that its box is too far from are left out. Where boxes
//! overlap, as they do in many columns, what is left is a product of matrices (see `filter`), of
//! which points among themselves need half (see `pairs`).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::prelude::*;
use tripline_core::Progress;

use super::block::{Block, Scratch};
use super::distance::Metric;
use super::filter::Filter;
use super::leaves::Leaves;
use super::nearest::{Nearest, Neighbour};
use super::pairs::Pairs;
use super::points::Points;
use super::processor::Processor;

/// Points in leaves, ready to be searched.
#[derive(Debug)]
pub(super) struct Exact {
    metric: Metric,
    width: usize,
    leaves: Leaves,
    /// Of Euclidean distances alone.
    filter: Option<Filter>,
}

/// Whether long work was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cancelled;

/// Tells how far parallel work is.
pub(super) struct Steps<'a> {
    progress: &'a dyn Progress,
    done: AtomicU64,
    total: u64,
}

impl<'a> Steps<'a> {
    pub(super) fn new(progress: &'a dyn Progress, total: u64) -> Self {
        Self { progress, done: AtomicU64::new(0), total }
    }

    /// One more step; false asks to stop.
    pub(super) fn next(&self) -> bool {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.progress.step("searching neighbours", done, self.total);
        self.progress.go_on()
    }
}

impl Exact {
    pub(super) fn new(points: &Points, metric: Metric) -> Self {
        let leaves = Leaves::new(points);
        let filter = (metric == Metric::Euclidean).then(|| Filter::new(&leaves, points.width));
        Self { metric, width: points.width, leaves, filter }
    }

    /// Number of points.
    pub(super) fn len(&self) -> usize {
        self.leaves.len
    }

    /// The points, as they were given.
    pub(super) fn points(&self) -> Points {
        let Leaves { len, stride, .. } = self.leaves;
        let (mut values, mut counts) = (vec![0.0; len * stride], vec![0; len]);
        for (place, &point) in self.leaves.order.iter().enumerate() {
            values[point as usize * stride..][..stride].copy_from_slice(self.leaves.row(place));
            counts[point as usize] = self.leaves.counts[place];
        }
        Points { width: self.width, stride, values, counts }
    }

    /// What `map` makes of each query's nearest `wanted` rows.
    pub(super) fn nearest<T: Send + Sync + Clone + Default>(
        &self,
        queries: &Points,
        wanted: usize,
        map: impl Fn(&[Neighbour]) -> T + Sync,
    ) -> Vec<T> {
        let leaves = Leaves::new(queries);
        let processor = Processor::detect();
        self.search(processor, &leaves, wanted, false, &map, &|| true).unwrap_or_default()
    }

    /// What `map` makes of the nearest `wanted` other rows of each point's rows.
    pub(super) fn among<T: Send + Sync + Clone + Default>(
        &self,
        wanted: usize,
        map: impl Fn(&[Neighbour]) -> T + Sync,
        progress: &dyn Progress,
    ) -> Result<Vec<T>, Cancelled> {
        self.search_among(Processor::detect(), wanted, &map, progress)
    }

    fn search_among<T: Send + Sync + Clone + Default>(
        &self,
        processor: Processor,
        wanted: usize,
        map: &(impl Fn(&[Neighbour]) -> T + Sync),
        progress: &dyn Progress,
    ) -> Result<Vec<T>, Cancelled> {
        let filter = self.filter.as_ref();
        let pairs = filter.and_then(|filter| Pairs::new(&self.leaves, filter, wanted));
        let Some(pairs) = pairs.filter(Pairs::pays) else {
            let steps = Steps::new(progress, self.leaves.count() as u64);
            let go_on = || steps.next();
            return self.search(processor, &self.leaves, wanted, true, map, &go_on);
        };
        let steps = Steps::new(progress, pairs.rounds() as u64);
        let map = |nearest: &mut Nearest| map(nearest.take(|reduced| self.metric.finish(reduced)));
        let values = pairs.search(processor, &map, &|| steps.next())?;
        Ok(self.leaves.by_number(values))
    }

    fn search<T: Send + Sync + Clone + Default>(
        &self,
        processor: Processor,
        queries: &Leaves,
        wanted: usize,
        own: bool,
        map: &(impl Fn(&[Neighbour]) -> T + Sync),
        go_on: &(impl Fn() -> bool + Sync),
    ) -> Result<Vec<T>, Cancelled> {
        let stopped = AtomicBool::new(false);
        let parts: Vec<Vec<T>> = (0..queries.count())
            .into_par_iter()
            .map_init(Scratch::default, |scratch, leaf| {
                if stopped.load(Ordering::Relaxed) {
                    return Vec::new();
                }
                let block = Block {
                    metric: self.metric,
                    filter: self.filter.as_ref(),
                    leaves: &self.leaves,
                    queries,
                    leaf,
                    wanted,
                    own,
                };
                processor.search(&block, scratch);
                let part = scratch
                    .nearest
                    .iter_mut()
                    .map(|nearest| map(nearest.take(|reduced| self.metric.finish(reduced))));
                let part = part.collect();
                if !go_on() {
                    stopped.store(true, Ordering::Relaxed);
                }
                part
            })
            .collect();
        if stopped.into_inner() {
            return Err(Cancelled);
        }
        Ok(queries.by_number(parts.into_iter().flatten()))
    }
}

#[cfg(test)]
mod tests {
    use tripline_core::Rng;

    use super::super::distance::{Squares, between};
    use super::super::nearest::Nearest;
    use super::*;

    /// Points of whole numbers or of clusters of very different size.
    fn points(len: usize, seed: u64) -> Points {
        let mut rng = Rng::new(seed);
        let (width, stride) = (11, 16);
        let mut values = vec![0.0; len * stride];
        for (at, row) in values.chunks_exact_mut(stride).enumerate() {
            let size = [1.0, 1e-9, 1e9, 1e120][at % 4];
            for value in &mut row[..width] {
                *value = if at % 3 == 0 { rng.below(3) as f64 } else { rng.normal() * size };
            }
        }
        Points { width, stride, values, counts: (0..len).map(|at| 1 + at as u32 % 3).collect() }
    }

    #[test]
    fn every_processor_finds_what_a_search_through_all_points_finds() {
        let (index, queries) = (points(1400, 1), points(300, 2));
        let exact = Exact::new(&index, Metric::Euclidean);
        let leaves = Leaves::new(&queries);
        for wanted in [1, 9, 60] {
            let mut nearest = Nearest::default();
            let expected: Vec<Vec<Neighbour>> = (0..queries.len())
                .map(|query| {
                    nearest.restart(wanted);
                    for point in 0..index.len() {
                        let distance = between::<Squares>(queries.row(query), index.row(point));
                        nearest.offer(distance, point as u32, index.counts[point]);
                    }
                    nearest.take(f64::sqrt).to_vec()
                })
                .collect();
            for processor in Processor::all() {
                let found = exact
                    .search(processor, &leaves, wanted, false, &<[Neighbour]>::to_vec, &|| true)
                    .unwrap();
                assert!(found == expected, "{processor:?}, {wanted}");
            }
        }
    }
}
