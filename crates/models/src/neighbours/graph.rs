//! A hierarchy of small-world graphs over points: who is linked to whom at each level.
//!
//! Source: Malkov & Yashunin 2018. A point stands at levels 0 to its own; each higher level has a
//! sixteenth of the points. Links of a point and a level are a block of fixed size, filled from its
//! beginning.

use tripline_core::{Rng, State, StateError, math};

/// Most links of a point at a level above 0 (M of the paper).
pub(super) const LINKS: usize = 16;

/// Most links of a point at level 0 (2 M, as the paper advises).
pub(super) const BASE_LINKS: usize = 2 * LINKS;

/// Highest level: with a sixteenth at each, 16 levels are never reached.
const MAX_LEVEL: u8 = 15;

/// No link.
const NONE: u32 = u32::MAX;

/// The links.
#[derive(Debug, PartialEq)]
pub(super) struct Graph {
    /// The point at which a search begins: one of the highest level.
    pub(super) entry: u32,
    /// The highest level of each point.
    levels: Vec<u8>,
    /// Links at level 0 (points × `BASE_LINKS`).
    base: Vec<u32>,
    /// Block of each point's level 1 in `upper`.
    starts: Vec<usize>,
    /// Links above level 0 (blocks × `LINKS`).
    upper: Vec<u32>,
}

impl Graph {
    /// Points with levels drawn at random, without any link.
    pub(super) fn unlinked(len: usize, rng: &mut Rng) -> Self {
        let scale = 1.0 / math::ln(LINKS as f64);
        let draw = |_| (-math::ln(1.0 - rng.unit()) * scale).min(f64::from(MAX_LEVEL)) as u8;
        Self::of_levels((0..len).map(draw).collect())
    }

    fn of_levels(levels: Vec<u8>) -> Self {
        let mut blocks = 0;
        let starts = levels
            .iter()
            .map(|&level| {
                blocks += usize::from(level);
                blocks - usize::from(level)
            })
            .collect();
        let (base, upper) = (vec![NONE; levels.len() * BASE_LINKS], vec![NONE; blocks * LINKS]);
        Self { entry: 0, levels, base, starts, upper }
    }

    /// The highest level of a point.
    pub(super) fn level(&self, point: u32) -> usize {
        usize::from(self.levels[point as usize])
    }

    /// Most links at a level.
    pub(super) fn most(level: usize) -> usize {
        if level == 0 { BASE_LINKS } else { LINKS }
    }

    /// The points that one is linked to at a level that it stands at.
    #[inline]
    pub(super) fn links(&self, point: u32, level: usize) -> &[u32] {
        let block = if level == 0 {
            &self.base[point as usize * BASE_LINKS..][..BASE_LINKS]
        } else {
            &self.upper[(self.starts[point as usize] + level - 1) * LINKS..][..LINKS]
        };
        let used = block.iter().position(|&link| link == NONE).unwrap_or(block.len());
        &block[..used]
    }

    /// Replaces links; no more than [`Graph::most`].
    pub(super) fn link(&mut self, point: u32, level: usize, links: &[u32]) {
        let block = if level == 0 {
            &mut self.base[point as usize * BASE_LINKS..][..BASE_LINKS]
        } else {
            &mut self.upper[(self.starts[point as usize] + level - 1) * LINKS..][..LINKS]
        };
        block.fill(NONE);
        block[..links.len()].copy_from_slice(links);
    }

    /// As data for a model file.
    pub(super) fn save(&self) -> State {
        let mut state = State::new();
        state.put_i64("entry", i64::from(self.entry));
        state.put_bytes("levels", self.levels.clone());
        state.put_u32s("base", self.base.clone());
        state.put_u32s("upper", self.upper.clone());
        state
    }

    /// From a model file, for so many points.
    pub(super) fn load(state: &State, len: usize) -> Result<Self, StateError> {
        let levels = state.bytes("levels")?;
        let highest = levels.iter().copied().max().unwrap_or(0);
        if levels.len() != len || highest > MAX_LEVEL {
            return Err(StateError::invalid("levels", "from 0 to 15, one for each point"));
        }
        let mut graph = Self::of_levels(levels.to_vec());
        let entry = state.count("entry")?;
        if levels.get(entry) != Some(&highest) {
            return Err(StateError::invalid("entry", "a point of the highest level"));
        }
        graph.entry = entry as u32;
        for (name, links) in [("base", &mut graph.base), ("upper", &mut graph.upper)] {
            let saved = state.u32s(name)?;
            if saved.len() != links.len() {
                return Err(StateError::invalid(name, "a block for each point and level"));
            }
            links.copy_from_slice(saved);
        }
        for point in 0..len as u32 {
            for level in 0..=graph.level(point) {
                let stands = |&link: &u32| {
                    levels.get(link as usize).is_some_and(|&l| usize::from(l) >= level)
                };
                if !graph.links(point, level).iter().all(stands) {
                    let name = if level == 0 { "base" } else { "upper" };
                    return Err(StateError::invalid(name, "points that stand at the level"));
                }
            }
        }
        Ok(graph)
    }
}
