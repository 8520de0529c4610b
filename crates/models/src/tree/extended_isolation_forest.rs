//! Extended isolation forest: rows that few random hyperplanes set apart are suspicious.
//!
//! Source: Hariri, Kind & Brunner 2019. Hyperplanes of any direction leave no bands along the axes,
//! in which an isolation forest scores too low. Each goes through a random point of the box of a
//! node's rows; its normal vector has `extension_level` + 1 columns, standard normal. Columns that
//! are constant among a node's rows are passed over. The score is that of the isolation forest,
//! 2^(−E[h]/c(ψ)).

use rayon::prelude::*;
use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input, Link,
    LoadError, MissingPolicy, ParamSpec, ParamValue, Params, Range, Register, Rng, Schema,
    ScoreError, Shape, State, StateError, Supervision, math,
};

use super::extended_tree::{ExtendedTrees, LARGEST};
use super::isolation_tree::typical_path;
use crate::table::{Table, load_numeric_schema, numeric_schema};

/// Rows that one thread scores at a time.
const PART: usize = 256;

/// The card of the extended isolation forest.
pub static CARD: Card = Card {
    id: "extended_isolation_forest",
    name: "Extended isolation forest",
    family: Family::Trees,
    summary: "Rows that few random hyperplanes set apart from the others.",
    source: "Hariri, Kind & Brunner 2019",
    cost: "fit O(trees · ψ · log ψ · e) for ψ rows a tree, e columns a hyperplane, score \
           O(trees · log ψ · e) a row; memory O(trees · ψ · e)",
    shape: Shape::Rows,
    input: Input::Scaled,
    supervision: Supervision::Benign,
    missing: MissingPolicy::Reject,
    abilities: Abilities {
        multiclass: false,
        weights: false,
        explain: false,
        importance: false,
        online: false,
        outliers: false,
        early_stopping: false,
    },
    params: PARAMS,
    exemptions: &[],
    build: |params, _| Ok(Box::new(ExtendedIsolationForest { params: params.clone() })),
    load: |state, register| load(state, register),
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "n_estimators",
        doc: "Number of trees.",
        default: ParamValue::Int(100),
        range: Range::Int { min: 1, max: 100_000, log: true },
        search: Some(Range::Int { min: 50, max: 500, log: true }),
    },
    ParamSpec {
        name: "max_samples",
        doc: "Rows that each tree isolates (ψ).",
        default: ParamValue::Int(256),
        range: Range::Int { min: 2, max: 1_000_000, log: true },
        search: Some(Range::Int { min: 64, max: 4096, log: true }),
    },
    ParamSpec {
        name: "extension_level",
        doc: "Columns of a hyperplane beyond the first: 0 is an isolation forest, −1 means all.",
        default: ParamValue::Int(-1),
        range: Range::Int { min: -1, max: 1_000_000, log: false },
        search: Some(Range::Int { min: 0, max: 4, log: false }),
    },
];

struct ExtendedIsolationForest {
    params: Params,
}

struct Fitted {
    schema: Schema,
    trees: ExtendedTrees,
    /// c(ψ).
    typical: f64,
}

impl Estimator for ExtendedIsolationForest {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let rows = frame.rows()?;
        let schema = numeric_schema(rows)?;
        if rows.len() < 2 {
            return Err(FitError::TooFewRows { needed: 2, got: rows.len() });
        }
        let table = Table::new::<FitError>(&schema, rows)?;
        let width = schema.len();
        let samples = self.params.count("max_samples").min(rows.len());
        let level = usize::try_from(self.params.int("extension_level")).unwrap_or(width - 1);
        let directions = level.saturating_add(1).min(width);
        let total = self.params.count("n_estimators");
        let grown: Vec<Option<ExtendedTrees>> = (0..total as u64)
            .into_par_iter()
            .map(|number| {
                if !context.progress.go_on() {
                    return None;
                }
                let mut rng = Rng::for_part(context.seed, number);
                let drawn = rng.sample(table.len, samples);
                let mut values = Vec::with_capacity(samples * width);
                for row in drawn {
                    let cells = table.columns.iter().map(|column| column[row]);
                    values.extend(cells.map(|cell| cell.clamp(-LARGEST, LARGEST)));
                }
                Some(ExtendedTrees::grow(&values, width, directions, &mut rng))
            })
            .collect();
        let mut trees = ExtendedTrees::default();
        for tree in &grown {
            trees.append(tree.as_ref().ok_or(FitError::Cancelled)?);
        }
        context.progress.step("trees", total as u64, total as u64);
        Ok(Box::new(Fitted { schema, trees, typical: typical_path(samples) }))
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
        let table = Table::new::<ScoreError>(&self.schema, frame.rows()?)?;
        let width = self.schema.len();
        let mut scores = vec![0.0; table.len];
        scores.par_chunks_mut(PART).enumerate().for_each(|(part, scores)| {
            let mut rows = vec![0.0; scores.len() * width];
            table.copy_rows(part * PART, &mut rows);
            rows.iter_mut().for_each(|value| *value = value.clamp(-LARGEST, LARGEST));
            self.trees.paths(&rows, width, scores);
            for score in scores {
                let mean = *score / self.trees.trees() as f64;
                *score = math::pow(2.0, -mean / self.typical);
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
        state.put_f64("typical_path", self.typical);
        self.trees.save(&mut state);
        state
    }
}

fn load(state: &State, _: &Register) -> Result<Box<dyn Detector>, LoadError> {
    let schema = load_numeric_schema(state)?;
    let typical = state.f64("typical_path")?;
    if !(1e-3..1e9).contains(&typical) {
        return Err(StateError::invalid("typical_path", "above 0").into());
    }
    let trees = ExtendedTrees::load(state, schema.len())?;
    Ok(Box::new(Fitted { schema, trees, typical }))
}
