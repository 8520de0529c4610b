//! Half-space trees: rows of a stream where few rows of the window before lay are suspicious.
//!
//! Source: Tan, Ting & Liu 2011; scores and parameters are those of River's `HalfSpaceTrees`, the
//! ranges that trees halve are the paper's, taken from the rows fitted: each tree halves a random
//! range around that of a column. Fitting streams over the rows in their order; the masses of the
//! last full window score (of all rows, where they are fewer than a window). A missing value goes
//! where most rows of that window went.

use rayon::prelude::*;
use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input, Link,
    LoadError, MissingPolicy, Online, ParamSpec, ParamValue, Params, Range, Register, Schema,
    ScoreError, Shape, State, Supervision,
};

use super::half_space::{self, HalfSpaces, MAX_HEIGHT, MAX_TREES, MAX_WINDOW};
use crate::table::{Table, load_numeric_schema, numeric_schema};

/// Rows between two questions whether to go on.
const BLOCK: usize = 8192;

/// Rows that one thread places at a time.
const PART: usize = 256;

/// The card of the half-space trees.
pub static CARD: Card = Card {
    id: "half_space_trees",
    name: "Half-space trees",
    family: Family::Trees,
    summary: "Rows of a stream in half-spaces that few rows of the window before shared.",
    source: "Tan, Ting & Liu 2011",
    cost: "fit and score O(trees · height) a row, memory O(trees · 2^height)",
    shape: Shape::Rows,
    input: Input::Numeric,
    supervision: Supervision::Benign,
    missing: MissingPolicy::Native,
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
    build: |params, _| Ok(Box::new(HalfSpaceTrees { shape: shape(params) })),
    load: |state, register| load(state, register),
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "n_trees",
        doc: "Number of trees.",
        default: ParamValue::Int(10),
        range: Range::Int { min: 1, max: MAX_TREES as i64, log: true },
        search: Some(Range::Int { min: 10, max: 100, log: true }),
    },
    ParamSpec {
        name: "height",
        doc: "Tests on the way to a leaf.",
        default: ParamValue::Int(8),
        range: Range::Int { min: 1, max: MAX_HEIGHT as i64, log: false },
        search: Some(Range::Int { min: 4, max: 12, log: false }),
    },
    ParamSpec {
        name: "window_size",
        doc: "Rows of a window: those before it score, it scores those after.",
        default: ParamValue::Int(250),
        range: Range::Int { min: 1, max: MAX_WINDOW as i64, log: true },
        search: Some(Range::Int { min: 100, max: 10_000, log: true }),
    },
    ParamSpec {
        name: "size_limit",
        doc: "Mass below which a way down a tree ends, as a share of the window.",
        default: ParamValue::Float(0.1),
        range: Range::Float { min: 0.0, max: 1.0, log: false },
        search: Some(Range::Float { min: 0.01, max: 0.3, log: true }),
    },
];

fn shape(params: &Params) -> half_space::Shape {
    half_space::Shape {
        trees: params.count("n_trees"),
        height: params.count("height") as u32,
        window: params.count("window_size") as u32,
        size_limit: params.float("size_limit"),
    }
}

struct HalfSpaceTrees {
    shape: half_space::Shape,
}

struct Fitted {
    schema: Schema,
    trees: HalfSpaces,
}

impl Estimator for HalfSpaceTrees {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let rows = frame.rows()?;
        let schema = numeric_schema(rows)?;
        if rows.is_empty() {
            return Err(FitError::TooFewRows { needed: 1, got: 0 });
        }
        let table = Table::with_holes(&schema, rows)?;
        let ranges: Vec<(f64, f64)> =
            table.columns.par_iter().map(|column| range(column)).collect();
        let trees = HalfSpaces::grow(self.shape, &ranges, context.seed);
        let mut fitted = Fitted { schema, trees };
        fitted.stream(&table, context, None)?;
        fitted.trees.settle();
        Ok(Box::new(fitted))
    }
}

/// The least and the largest finite value; 0 if there is none.
fn range(column: &[f64]) -> (f64, f64) {
    let finite = column.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high { (0.0, 0.0) } else { (low, high) }
}

impl Fitted {
    /// The rows from `start` on, row-major, with their leaves: as many as `leaves` has room for.
    fn place(&self, table: &Table<'_>, start: usize, rows: &mut [f64], leaves: &mut [u16]) {
        let (width, trees) = (self.schema.len(), self.trees.trees());
        let part = |number: usize, rows: &mut [f64], leaves: &mut [u16]| {
            table.copy_rows(start + number * PART, rows);
            self.trees.leaves(rows, leaves);
        };
        if rows.len() <= PART * width {
            return part(0, rows, leaves);
        }
        rows.par_chunks_mut(PART * width)
            .zip(leaves.par_chunks_mut(PART * trees))
            .enumerate()
            .for_each(|(number, (rows, leaves))| part(number, rows, leaves));
    }

    /// Learns the rows in their order, each after it was scored if scores are asked for.
    fn stream(
        &mut self,
        table: &Table<'_>,
        context: &FitContext<'_>,
        mut scores: Option<&mut Vec<f64>>,
    ) -> Result<(), FitError> {
        let (width, trees) = (self.schema.len(), self.trees.trees());
        let block = BLOCK.min(table.len);
        let (mut rows, mut leaves) = (vec![0.0; block * width], vec![0; block * trees]);
        for start in (0..table.len).step_by(BLOCK) {
            if !context.progress.go_on() {
                return Err(FitError::Cancelled);
            }
            let count = block.min(table.len - start);
            let (rows, leaves) = (&mut rows[..count * width], &mut leaves[..count * trees]);
            self.place(table, start, rows, leaves);
            for (row, leaves) in rows.chunks_exact(width).zip(leaves.chunks_exact_mut(trees)) {
                if let Some(scores) = &mut scores {
                    scores.push(self.trees.score(row, leaves));
                }
                self.trees.learn(row, leaves);
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
        let table = Table::with_holes(&schema, frame.rows()?)?;
        // The first block begins before anything has changed.
        let before = (table.len > BLOCK).then(|| self.trees.masses());
        let outcome = self.stream(&table, context, scores);
        if let (Err(_), Some(before)) = (&outcome, before) {
            self.trees.restore(before);
        }
        outcome
    }
}

impl Detector for Fitted {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let table = Table::with_holes(&self.schema, frame.rows()?)?;
        let (width, trees) = (self.schema.len(), self.trees.trees());
        let mut scores = vec![0.0; table.len];
        scores.par_chunks_mut(PART).enumerate().for_each(|(part, scores)| {
            let mut rows = vec![0.0; scores.len() * width];
            let mut leaves = vec![0; scores.len() * trees];
            self.place(&table, part * PART, &mut rows, &mut leaves);
            let rows = rows.chunks_exact(width).zip(leaves.chunks_exact_mut(trees));
            for (score, (row, leaves)) in scores.iter_mut().zip(rows) {
                *score = self.trees.score(row, leaves);
            }
        });
        Ok(scores)
    }

    fn link(&self) -> Link {
        Link::Rank
    }

    fn save(&self) -> State {
        let mut state = self.trees.save();
        state.put_state("schema", self.schema.save());
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
    let trees = HalfSpaces::load(state, schema.len())?;
    Ok(Box::new(Fitted { schema, trees }))
}
