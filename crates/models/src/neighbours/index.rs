//! The rows learnt, ready to be searched for neighbours.

use tripline_core::{FitContext, FitError, Frame, Rows, Schema, ScoreError, State, StateError};

use super::approximate::Approximate;
use super::distance::{LANES, LARGEST, Metric};
use super::exact::Exact;
use super::nearest::Neighbour;
use super::points::Points;
use crate::table::Table;

/// Numbers that rows to be scored may take at once.
const CELLS: usize = 1 << 22;

/// Most rows that are scored at once.
const MOST_ROWS: usize = 1 << 16;

/// The rows learnt, equal ones together.
#[derive(Debug)]
pub(super) struct Index {
    metric: Metric,
    search: Search,
    rows: usize,
}

#[derive(Debug)]
enum Search {
    Exact(Exact),
    Approximate(Approximate),
}

/// How rows are searched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) metric: Metric,
    /// Most distinct rows whose neighbours are exact.
    pub(super) exact_rows: usize,
}

impl Index {
    /// Of numeric rows, with the point of each row.
    pub(super) fn new(
        schema: &Schema,
        rows: &Rows,
        settings: Settings,
        context: &FitContext<'_>,
    ) -> Result<(Self, Vec<u32>), FitError> {
        let Settings { metric, exact_rows } = settings;
        let table = Table::new::<FitError>(schema, rows)?;
        let (points, point_of_row) = Points::distinct(&table, 0..table.len);
        let search = if points.len() <= exact_rows {
            Search::Exact(Exact::new(&points, metric))
        } else {
            Approximate::new(points, metric, context.seed, context.progress)
                .map(Search::Approximate)
                .map_err(|_| FitError::Cancelled)?
        };
        Ok((Self { metric, search, rows: table.len }, point_of_row))
    }

    /// Number of rows learnt.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Number of distinct rows learnt.
    pub(super) fn points(&self) -> usize {
        match &self.search {
            Search::Exact(exact) => exact.len(),
            Search::Approximate(approximate) => approximate.points().len(),
        }
    }

    /// What `map` makes of the `wanted` rows nearest to each point, itself not counted: a row that
    /// equals others has these as neighbours.
    pub(super) fn among<T: Send + Sync + Clone + Default>(
        &self,
        wanted: usize,
        map: impl Fn(&[Neighbour]) -> T + Sync,
        context: &FitContext<'_>,
    ) -> Result<Vec<T>, FitError> {
        match &self.search {
            Search::Exact(exact) => exact.among(wanted, map, context.progress),
            Search::Approximate(approximate) => approximate.among(wanted, map, context.progress),
        }
        .map_err(|_| FitError::Cancelled)
    }

    /// The score of each row of a frame by the `wanted` rows nearest to it.
    pub(super) fn score(
        &self,
        schema: &Schema,
        frame: &Frame,
        wanted: usize,
        score: impl Fn(&[Neighbour]) -> f64 + Sync,
    ) -> Result<Vec<f64>, ScoreError> {
        let table = Table::new::<ScoreError>(schema, frame.rows()?)?;
        let stride = schema.len().next_multiple_of(LANES);
        let part = (CELLS / stride).clamp(256, MOST_ROWS);
        let mut scores = Vec::with_capacity(table.len);
        for start in (0..table.len).step_by(part) {
            let end = table.len.min(start + part);
            let (queries, point_of_row) = Points::distinct(&table, start..end);
            let of_point = match &self.search {
                Search::Exact(exact) => exact.nearest(&queries, wanted, &score),
                Search::Approximate(graph) => graph.nearest(&queries, wanted, &score),
            };
            scores.extend(point_of_row.iter().map(|&point| of_point[point as usize]));
        }
        Ok(scores)
    }

    /// As data for a model file.
    pub(super) fn save(&self, state: &mut State) {
        let points = match &self.search {
            Search::Exact(exact) => &exact.points(),
            Search::Approximate(approximate) => {
                state.put_state("graph", approximate.save());
                approximate.points()
            }
        };
        let rows = points.values.chunks_exact(points.stride);
        state.put_text("metric", self.metric.name());
        state.put_f64s("points", rows.flat_map(|row| &row[..points.width]).copied().collect());
        state.put_u32s("counts", points.counts.clone());
    }

    /// From a model file of so many columns.
    pub(super) fn load(state: &State, width: usize) -> Result<Self, StateError> {
        let metric = Metric::from_name(state.text("metric")?)
            .ok_or_else(|| StateError::invalid("metric", "a metric of the card"))?;
        let (values, counts) = (state.f64s("points")?, state.u32s("counts")?);
        if width == 0 || counts.is_empty() || counts.len().checked_mul(width) != Some(values.len())
        {
            return Err(StateError::invalid("points", "a number for each column of each count"));
        }
        // Written so that what is no number is refused.
        if !values.iter().all(|value| value.abs() <= LARGEST) {
            return Err(StateError::invalid("points", "numbers from -1e150 to 1e150"));
        }
        let rows: u64 = counts.iter().map(|&count| u64::from(count)).sum();
        if counts.contains(&0) || rows > u64::from(u32::MAX) {
            return Err(StateError::invalid("counts", "above 0, together below 2^32"));
        }
        let stride = width.next_multiple_of(LANES);
        let mut padded = vec![0.0; counts.len() * stride];
        for (to, from) in padded.chunks_exact_mut(stride).zip(values.chunks_exact(width)) {
            to[..width].copy_from_slice(from);
        }
        let points = Points { width, stride, values: padded, counts: counts.to_vec() };
        let search = if state.has("graph") {
            Search::Approximate(Approximate::load(state.state("graph")?, points, metric)?)
        } else {
            Search::Exact(Exact::new(&points, metric))
        };
        Ok(Self { metric, search, rows: rows as usize })
    }
}

/// A number of neighbours that this many rows have.
pub(super) fn load_wanted(state: &State, rows: usize) -> Result<usize, StateError> {
    let wanted = state.count("n_neighbors")?;
    if (1..=rows).contains(&wanted) {
        Ok(wanted)
    } else {
        Err(StateError::invalid("n_neighbors", "at least 1, at most the number of rows"))
    }
}
