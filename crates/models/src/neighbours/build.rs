//! Building the graph of approximate neighbours, batch by batch.
//!
//! Source: Malkov & Yashunin 2018, algorithms 1 and 4. Points come in an order drawn from the seed.
//! Those of a batch are searched for in the graph as it was before, in parallel, then linked, each
//! target by itself; so the graph does not depend on threads. A batch is at most a sixteenth of the
//! points that are linked already: few of a point's neighbours come in its own batch.

use rayon::prelude::*;
use tripline_core::{Progress, Rng};

use super::approximate::{Far, Walk, far, search_level};
use super::distance::Norm;
use super::exact::Cancelled;
use super::graph::{Graph, LINKS};
use super::points::Points;

/// Points kept while a level is searched for links (efConstruction of the paper).
const KEPT: usize = 120;

/// Most points of a batch.
const BATCH: usize = 2048;

/// For each level of a point its links.
type Links = Vec<Vec<Far>>;

pub(super) fn build<N: Norm>(
    points: &Points,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Graph, Cancelled> {
    let mut rng = Rng::new(seed);
    let len = points.len();
    let mut graph = Graph::unlinked(len, &mut rng);
    let mut order: Vec<u32> = (0..len as u32).collect();
    rng.shuffle(&mut order);
    graph.entry = order.first().copied().unwrap_or(0);
    let mut linked = 1;
    while linked < len {
        let batch = &order[linked..len.min(linked + (linked / 16).clamp(1, BATCH))];
        let found: Vec<Links> = batch
            .par_iter()
            .map_init(Walk::default, |walk, &point| links::<N>(points, &graph, point, walk))
            .collect();
        connect::<N>(points, &mut graph, batch, &found);
        for &point in batch {
            if graph.level(point) > graph.level(graph.entry) {
                graph.entry = point;
            }
        }
        linked += batch.len();
        progress.step("linking neighbours", linked as u64, len as u64);
        if !progress.go_on() {
            return Err(Cancelled);
        }
    }
    Ok(graph)
}

/// The links of a new point at its levels, from level 0.
fn links<N: Norm>(points: &Points, graph: &Graph, point: u32, walk: &mut Walk) -> Links {
    let query = points.row(point as usize);
    let top = graph.level(graph.entry);
    let own = graph.level(point).min(top);
    let mut from = vec![far::<N>(points, query, graph.entry)];
    for level in (own + 1..=top).rev() {
        from = search_level::<N>((points, graph), query, &from, level, 1, walk);
    }
    let mut links = vec![Vec::new(); own + 1];
    for level in (0..=own).rev() {
        from = search_level::<N>((points, graph), query, &from, level, KEPT, walk);
        links[level] = select::<N>(points, &from, LINKS);
    }
    links
}

/// Of candidates in order of distance those that are nearer to the point than to any chosen before:
/// links in all directions; then the nearest others, until there are `most`.
fn select<N: Norm>(points: &Points, candidates: &[Far], most: usize) -> Vec<Far> {
    let mut chosen: Vec<Far> = Vec::with_capacity(most);
    let mut others = Vec::new();
    for &candidate in candidates {
        if chosen.len() == most {
            break;
        }
        let row = points.row(candidate.1 as usize);
        let apart = chosen.iter().all(|one| far::<N>(points, row, one.1).0 > candidate.0);
        if apart {
            chosen.push(candidate);
        } else {
            others.push(candidate);
        }
    }
    let room = most - chosen.len();
    chosen.extend(others.into_iter().take(room));
    chosen
}

/// Links a batch: its points to what they found, and back.
fn connect<N: Norm>(points: &Points, graph: &mut Graph, batch: &[u32], found: &[Links]) {
    // Level, target, distance, new point.
    let mut back: Vec<(usize, u32, Far)> = Vec::new();
    for (&point, links) in batch.iter().zip(found) {
        for (level, links) in links.iter().enumerate() {
            let numbers: Vec<u32> = links.iter().map(|link| link.1).collect();
            graph.link(point, level, &numbers);
            back.extend(links.iter().map(|&(bits, target)| (level, target, (bits, point))));
        }
    }
    back.sort_unstable();
    let groups: Vec<&[(usize, u32, Far)]> =
        back.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).collect();
    let lists: Vec<Vec<u32>> = groups
        .par_iter()
        .map(|group| {
            let (level, target, _) = group[0];
            let row = points.row(target as usize);
            let old = graph.links(target, level);
            let mut all: Vec<Far> = old.iter().map(|&link| far::<N>(points, row, link)).collect();
            all.extend(group.iter().map(|entry| entry.2));
            if all.len() > Graph::most(level) {
                all.sort_unstable();
                all = select::<N>(points, &all, Graph::most(level));
            }
            all.iter().map(|link| link.1).collect()
        })
        .collect();
    for (group, list) in groups.iter().zip(&lists) {
        graph.link(group[0].1, group[0].0, list);
    }
}
