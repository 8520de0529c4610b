//! Approximate neighbours: a search that follows links from the top level down.
//!
//! Source: Malkov & Yashunin 2018, algorithms 2 (search of a level) and 5. Whatever is found is
//! ordered by its distance in `f64`, then by number, so that the same graph gives the same answer.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;
use tripline_core::{Progress, State, StateError};

use super::build::build;
use super::distance::{Absolutes, Largest, Metric, Norm, Squares, between};
use super::exact::{Cancelled, Steps};
use super::graph::Graph;
use super::nearest::{Nearest, Neighbour};
use super::points::Points;

/// Points kept while level 0 is searched (ef of the paper), unless more neighbours are wanted.
const KEPT: usize = 160;

/// Queries that a thread answers before it asks whether to go on.
const PART: usize = 256;

/// A distance, as bits that order as it does, with its point.
pub(super) type Far = (u64, u32);

/// Points with their links.
#[derive(Debug)]
pub(super) struct Approximate {
    metric: Metric,
    points: Points,
    graph: Graph,
}

/// What a thread needs to search.
#[derive(Default)]
pub(super) struct Walk {
    /// The number of the search that saw each point last.
    seen: Vec<u32>,
    search: u32,
    /// Points whose links are to be followed, nearest first.
    ahead: BinaryHeap<Reverse<Far>>,
    /// The nearest so far, farthest first.
    best: BinaryHeap<Far>,
}

impl Walk {
    fn restart(&mut self, len: usize) {
        if self.seen.len() != len || self.search == u32::MAX {
            self.seen = vec![0; len];
            self.search = 0;
        }
        self.search += 1;
        self.ahead.clear();
        self.best.clear();
    }

    /// True the first time in a search.
    fn first_seen(&mut self, point: u32) -> bool {
        let seen = &mut self.seen[point as usize];
        let first = *seen != self.search;
        *seen = self.search;
        first
    }
}

/// Reduced distance from a query to a point.
pub(super) fn far<N: Norm>(points: &Points, query: &[f64], point: u32) -> Far {
    (between::<N>(query, points.row(point as usize)).to_bits(), point)
}

/// The `kept` nearest points at a level that a search from `from` meets, nearest first.
pub(super) fn search_level<N: Norm>(
    (points, graph): (&Points, &Graph),
    query: &[f64],
    from: &[Far],
    level: usize,
    kept: usize,
    walk: &mut Walk,
) -> Vec<Far> {
    walk.restart(points.len());
    for &start in from {
        if walk.first_seen(start.1) {
            walk.ahead.push(Reverse(start));
            walk.best.push(start);
        }
    }
    while let Some(Reverse(nearest)) = walk.ahead.pop() {
        let full = walk.best.len() >= kept;
        if full && walk.best.peek().is_some_and(|worst| nearest > *worst) {
            break;
        }
        for &link in graph.links(nearest.1, level) {
            if !walk.first_seen(link) {
                continue;
            }
            let met = far::<N>(points, query, link);
            let full = walk.best.len() >= kept;
            if full && walk.best.peek().is_some_and(|worst| met > *worst) {
                continue;
            }
            walk.ahead.push(Reverse(met));
            walk.best.push(met);
            if walk.best.len() > kept {
                walk.best.pop();
            }
        }
    }
    let mut found: Vec<Far> = walk.best.drain().collect();
    found.sort_unstable();
    found
}

impl Approximate {
    /// Builds the links.
    pub(super) fn new(
        points: Points,
        metric: Metric,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Self, Cancelled> {
        let graph = match metric {
            Metric::Euclidean => build::<Squares>(&points, seed, progress),
            Metric::Manhattan => build::<Absolutes>(&points, seed, progress),
            Metric::Chebyshev => build::<Largest>(&points, seed, progress),
        }?;
        Ok(Self { metric, points, graph })
    }

    /// The points.
    pub(super) fn points(&self) -> &Points {
        &self.points
    }

    /// What `map` makes of each query's nearest `wanted` rows, as far as they are found.
    pub(super) fn nearest<T: Send>(
        &self,
        queries: &Points,
        wanted: usize,
        map: impl Fn(&[Neighbour]) -> T + Sync,
    ) -> Vec<T> {
        self.search(queries, wanted, false, &map, &|| true).unwrap_or_default()
    }

    /// What `map` makes of the nearest `wanted` other rows of each point's rows.
    pub(super) fn among<T: Send>(
        &self,
        wanted: usize,
        map: impl Fn(&[Neighbour]) -> T + Sync,
        progress: &dyn Progress,
    ) -> Result<Vec<T>, Cancelled> {
        let steps = Steps::new(progress, self.points.len().div_ceil(PART) as u64);
        self.search(&self.points, wanted, true, &map, &|| steps.next())
    }

    fn search<T: Send>(
        &self,
        queries: &Points,
        wanted: usize,
        own: bool,
        map: &(impl Fn(&[Neighbour]) -> T + Sync),
        go_on: &(impl Fn() -> bool + Sync),
    ) -> Result<Vec<T>, Cancelled> {
        let parts: Result<Vec<Vec<T>>, Cancelled> = (0..queries.len().div_ceil(PART))
            .into_par_iter()
            .map_init(
                || (Walk::default(), Nearest::default()),
                |(walk, nearest), part| {
                    let end = queries.len().min((part + 1) * PART);
                    let found = (part * PART..end).map(|query| {
                        let itself = own.then_some(query as u32);
                        self.find(queries.row(query), itself, wanted, walk, nearest);
                        map(nearest.take(|reduced| self.metric.finish(reduced)))
                    });
                    let found = found.collect();
                    if go_on() { Ok(found) } else { Err(Cancelled) }
                },
            )
            .collect();
        Ok(parts?.into_iter().flatten().collect())
    }

    fn find(
        &self,
        query: &[f64],
        itself: Option<u32>,
        wanted: usize,
        walk: &mut Walk,
        nearest: &mut Nearest,
    ) {
        match self.metric {
            Metric::Euclidean => self.walk::<Squares>(query, itself, wanted, walk, nearest),
            Metric::Manhattan => self.walk::<Absolutes>(query, itself, wanted, walk, nearest),
            Metric::Chebyshev => self.walk::<Largest>(query, itself, wanted, walk, nearest),
        }
    }

    fn walk<N: Norm>(
        &self,
        query: &[f64],
        itself: Option<u32>,
        wanted: usize,
        walk: &mut Walk,
        nearest: &mut Nearest,
    ) {
        let place = (&self.points, &self.graph);
        let mut from = vec![far::<N>(&self.points, query, self.graph.entry)];
        for level in (1..=self.graph.level(self.graph.entry)).rev() {
            from = search_level::<N>(place, query, &from, level, 1, walk);
        }
        // One more than wanted, for the point itself.
        let kept = KEPT.max(2 * wanted + 1).min(self.points.len());
        let found = search_level::<N>(place, query, &from, 0, kept, walk);
        let offer = |nearest: &mut Nearest, point: u32, bits: u64| {
            let count = self.points.counts[point as usize];
            let times = count - u32::from(itself == Some(point));
            nearest.offer(f64::from_bits(bits), point, times);
        };
        nearest.restart(wanted);
        found.iter().for_each(|&(bits, point)| offer(nearest, point, bits));
        if nearest.bound() == f64::INFINITY {
            // Links do not lead to enough rows.
            nearest.restart(wanted);
            for point in 0..self.points.len() as u32 {
                offer(nearest, point, far::<N>(&self.points, query, point).0);
            }
        }
    }

    /// Links as data for a model file.
    pub(super) fn save(&self) -> State {
        self.graph.save()
    }

    /// From a model file.
    pub(super) fn load(state: &State, points: Points, metric: Metric) -> Result<Self, StateError> {
        let graph = Graph::load(state, points.len())?;
        Ok(Self { metric, points, graph })
    }
}
