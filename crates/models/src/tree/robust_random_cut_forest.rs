//! Robust random cut forest: rows whose presence would displace many others are suspicious.
//!
//! Source: Guha et al. 2016. Each tree holds a bounded sample of the stream, from which rows are
//! taken out as if they had never been in. The score is the mean over trees of CoDisp, the
//! displacement of a row together with those that mask it, in expectation over the cuts that could
//! set it apart; so it is no random number, and scoring changes no tree. Cuts follow the extent of
//! columns: scale them first.

use rayon::prelude::*;
use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input, Link,
    LoadError, MissingPolicy, Online, ParamSpec, ParamValue, Params, Range, Register, Rng, Schema,
    ScoreError, Shape, State, StateError, Supervision,
};

use super::cut_sample::{CutSample, Keep};
use crate::table::{Table, load_numeric_schema, numeric_schema};

/// Rows between two questions whether to go on.
const BLOCK: usize = 1024;

/// Rows that one thread scores at a time.
const PART: usize = 256;

/// Larger values count as this, so that extents with their sums are numbers.
pub(super) const LARGEST: f64 = 1e150;

/// Largest sample.
const MAX_SIZE: i64 = 1 << 16;

/// The card of the robust random cut forest.
pub static CARD: Card = Card {
    id: "robust_random_cut_forest",
    name: "Robust random cut forest",
    family: Family::Trees,
    summary: "Rows of a stream whose presence would displace many others in random trees.",
    source: "Guha et al. 2016",
    cost: "fit and score O(trees · depth · d) a row, memory O(trees · size · d)",
    shape: Shape::Rows,
    input: Input::Scaled,
    supervision: Supervision::Benign,
    missing: MissingPolicy::Reject,
    abilities: Abilities {
        multiclass: false,
        weights: false,
        explain: false,
        importance: false,
        online: true,
        outliers: false,
        early_stopping: false,
    },
    params: PARAMS,
    exemptions: &[],
    build: |params, _| Ok(Box::new(RobustRandomCutForest { params: params.clone() })),
    load: |state, register| load(state, register),
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "n_trees",
        doc: "Number of trees.",
        default: ParamValue::Int(40),
        range: Range::Int { min: 1, max: 10_000, log: true },
        search: Some(Range::Int { min: 20, max: 200, log: true }),
    },
    ParamSpec {
        name: "tree_size",
        doc: "Rows that each tree holds.",
        default: ParamValue::Int(256),
        range: Range::Int { min: 2, max: MAX_SIZE, log: true },
        search: Some(Range::Int { min: 64, max: 1024, log: true }),
    },
    ParamSpec {
        name: "sampling",
        doc: "`reservoir` holds any rows of the stream, `sliding` the last ones.",
        default: ParamValue::Static("reservoir"),
        range: Range::Choice(&["reservoir", "sliding"]),
        search: None,
    },
    ParamSpec {
        name: "decay",
        doc: "How fast a reservoir forgets: a row's weight grows by e^decay with each row, 0 keeps \
              all rows alike.",
        default: ParamValue::Float(0.0),
        range: Range::Float { min: 0.0, max: 1.0, log: false },
        search: None,
    },
];

struct RobustRandomCutForest {
    params: Params,
}

struct Fitted {
    schema: Schema,
    params: Params,
    seed: u64,
    /// Rows seen.
    time: u64,
    trees: Vec<CutSample>,
}

impl Estimator for RobustRandomCutForest {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let rows = frame.rows()?;
        let schema = numeric_schema(rows)?;
        if rows.is_empty() {
            return Err(FitError::TooFewRows { needed: 1, got: 0 });
        }
        let table = Table::new::<FitError>(&schema, rows)?;
        let trees = vec![CutSample::new(schema.len()); self.params.count("n_trees")];
        let (params, seed) = (self.params.clone(), context.seed);
        let mut fitted = Fitted { schema, params, seed, time: 0, trees };
        fitted.stream(&table, context, None)?;
        Ok(Box::new(fitted))
    }
}

impl Fitted {
    fn keep(&self) -> Keep {
        match self.params.text("sampling") {
            "sliding" => Keep::Last,
            _ => Keep::Any { decay: self.params.float("decay") },
        }
    }

    /// Learns the rows in their order, each after it was scored if scores are asked for. Trees go
    /// through the rows by themselves.
    fn stream(
        &mut self,
        table: &Table<'_>,
        context: &FitContext<'_>,
        mut scores: Option<&mut Vec<f64>>,
    ) -> Result<(), FitError> {
        let width = self.schema.len();
        let (size, keep, seed) = (self.params.count("tree_size"), self.keep(), self.seed);
        for start in (0..table.len).step_by(BLOCK) {
            if !context.progress.go_on() {
                return Err(FitError::Cancelled);
            }
            let rows = block(table, start, BLOCK.min(table.len - start));
            let (time, scored) = (self.time, scores.is_some());
            let learn = |(number, tree): (usize, &mut CutSample)| {
                let own = Rng::for_part(seed, number as u64).next_u64();
                let mut found = Vec::new();
                for (row, time) in rows.chunks_exact(width).zip(time..) {
                    if scored {
                        found.push(tree.displacement(row));
                    }
                    tree.learn(row, size, keep, time, own);
                }
                found
            };
            let found: Vec<Vec<f64>> = if rows.len() == width {
                self.trees.iter_mut().enumerate().map(learn).collect()
            } else {
                self.trees.par_iter_mut().enumerate().map(learn).collect()
            };
            let count = rows.len() / width;
            self.time += count as u64;
            if let Some(scores) = &mut scores {
                scores.extend((0..count).map(|row| mean(found.iter().map(|tree| tree[row]))));
            }
            context.progress.step("rows", (start + count) as u64, table.len as u64);
        }
        Ok(())
    }

    /// As [`Fitted::stream`]; the trees are what they were before if it fails.
    fn stream_or_not(
        &mut self,
        frame: &Frame,
        context: &FitContext<'_>,
        scores: Option<&mut Vec<f64>>,
    ) -> Result<(), FitError> {
        let schema = self.schema.clone();
        let table = Table::new::<FitError>(&schema, frame.rows()?)?;
        // The first block begins before anything has changed.
        let before = (table.len > BLOCK).then(|| (self.trees.clone(), self.time));
        let outcome = self.stream(&table, context, scores);
        if let (Err(_), Some(before)) = (&outcome, before) {
            (self.trees, self.time) = before;
        }
        outcome
    }
}

/// Rows of a table, row-major, within bounds.
fn block(table: &Table<'_>, start: usize, count: usize) -> Vec<f64> {
    let mut rows = vec![0.0; count * table.columns.len()];
    table.copy_rows(start, &mut rows);
    rows.iter_mut().for_each(|value| *value = value.clamp(-LARGEST, LARGEST));
    rows
}

/// The mean over trees, in their order.
fn mean(displacements: impl ExactSizeIterator<Item = f64>) -> f64 {
    let trees = displacements.len() as f64;
    displacements.sum::<f64>() / trees
}

impl Detector for Fitted {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let table = Table::new::<ScoreError>(&self.schema, frame.rows()?)?;
        let mut scores = vec![0.0; table.len];
        scores.par_chunks_mut(PART).enumerate().for_each(|(part, scores)| {
            let rows = block(&table, part * PART, scores.len());
            for (score, row) in scores.iter_mut().zip(rows.chunks_exact(self.schema.len())) {
                *score = mean(self.trees.iter().map(|tree| tree.displacement(row)));
            }
        });
        Ok(scores)
    }

    fn link(&self) -> Link {
        Link::Rank
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        state.put_state("params", self.params.save());
        state.put_bytes("seed", self.seed.to_le_bytes().to_vec());
        state.put_i64("time", i64::try_from(self.time).unwrap_or(i64::MAX));
        state.put_states("trees", self.trees.iter().map(CutSample::save).collect());
        state
    }

    fn online(&mut self) -> Option<&mut dyn Online> {
        Some(self)
    }
}

impl Online for Fitted {
    fn partial_fit(&mut self, frame: &Frame, context: &FitContext<'_>) -> Result<(), FitError> {
        self.stream_or_not(frame, context, None)
    }

    fn test_then_train(
        &mut self,
        frame: &Frame,
        context: &FitContext<'_>,
    ) -> Result<Vec<f64>, FitError> {
        let mut scores = Vec::with_capacity(frame.len());
        self.stream_or_not(frame, context, Some(&mut scores))?;
        Ok(scores)
    }
}

fn load(state: &State, _: &Register) -> Result<Box<dyn Detector>, LoadError> {
    let schema = load_numeric_schema(state)?;
    let params = Params::load(PARAMS, state.state("params")?)?;
    let seed = <[u8; 8]>::try_from(state.bytes("seed")?)
        .map_err(|_| StateError::invalid("seed", "eight bytes"))?;
    let saved = state.states("trees")?;
    if saved.is_empty() || saved.len() != params.count("n_trees") {
        return Err(StateError::invalid("trees", "as many as the parameter says").into());
    }
    let size = params.count("tree_size");
    let load = |tree: &State| CutSample::load(tree, schema.len(), size);
    let trees = saved.iter().map(load).collect::<Result<Vec<_>, _>>()?;
    let time = state.count("time")? as u64;
    Ok(Box::new(Fitted { schema, params, seed: u64::from_le_bytes(seed), time, trees }))
}
