//! One-class support vector machine: rows outside the smallest region that holds most rows learnt.
//!
//! Source: Schölkopf et al. 2001; scores are scikit-learn's `decision_function` with the sign turned.
//! The kernel matrix is not held: columns come on demand, the cache keeps those used last, so memory
//! is bounded by `cache_mb`. Time grows with the square of the rows, so no more than `max_samples`
//! of them are learnt, drawn by the seed.

use rayon::prelude::*;
use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input, Link,
    LoadError, MissingPolicy, ParamError, ParamSpec, ParamValue, Params, Range, Register, Rng,
    Schema, ScoreError, Shape, State, StateError, Supervision,
};

use super::gram::Gram;
use super::kernel::{Gamma, Kernel};
use super::lanes::Lanes;
use super::smo::solve;
use super::sums::Weighted;
use crate::table::{Table, load_numeric_schema, numeric_schema};

/// Largest k(x, x) that is learnt from: columns are kept as single numbers.
const LARGEST: f64 = 1e30;

/// Rows that are scored together.
const PART: usize = 4096;

/// The card of the one-class support vector machine.
pub static CARD: Card = Card {
    id: "one_class_svm",
    name: "One-class SVM",
    family: Family::Kernels,
    summary: "Rows outside the smallest region that holds most rows learnt.",
    source: "Schölkopf et al. 2001; Fan, Chen & Lin 2005",
    cost: "fit O(n²·d) to O(n³) for n rows, at most `max_samples`, memory `cache_mb`; score \
           O(v·d) a row for v support vectors, at least ν·n",
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
    build: |params, _| Ok(Box::new(OneClassSvm::new(params)?)),
    load: |state, register| load(state, register),
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "kernel",
        doc: "How alike two rows are.",
        default: ParamValue::Static("rbf"),
        range: Range::Choice(Kernel::NAMES),
        search: Some(Range::Choice(&["rbf", "linear", "sigmoid"])),
    },
    ParamSpec {
        name: "nu",
        doc: "Share of rows that may lie outside; at least so many become support vectors.",
        default: ParamValue::Float(0.1),
        range: Range::Float { min: 1e-6, max: 1.0, log: true },
        search: Some(Range::Float { min: 1e-3, max: 0.5, log: true }),
    },
    ParamSpec {
        name: "gamma",
        doc: "Width of the kernel: `scale` is 1 / (columns · variance), `auto` is 1 / columns, or \
              a number.",
        default: ParamValue::Static("scale"),
        range: Range::Text,
        search: Some(Range::Choice(&["scale", "0.001", "0.01", "0.1", "1"])),
    },
    ParamSpec {
        name: "coef0",
        doc: "Summand of `poly` and `sigmoid`.",
        default: ParamValue::Float(0.0),
        range: Range::Float { min: -1e6, max: 1e6, log: false },
        search: None,
    },
    ParamSpec {
        name: "degree",
        doc: "Degree of `poly`.",
        default: ParamValue::Int(3),
        range: Range::Int { min: 1, max: 10, log: false },
        search: None,
    },
    ParamSpec {
        name: "tol",
        doc: "Largest violation of the optimum's conditions that is left.",
        default: ParamValue::Float(1e-3),
        range: Range::Float { min: 1e-9, max: 1.0, log: true },
        search: None,
    },
    ParamSpec {
        name: "cache_mb",
        doc: "Memory for columns of the kernel matrix, in MiB.",
        default: ParamValue::Int(200),
        range: Range::Int { min: 1, max: 1 << 20, log: true },
        search: None,
    },
    ParamSpec {
        name: "max_samples",
        doc: "Most rows that are learnt; of more, so many are drawn by the seed.",
        default: ParamValue::Int(20_000),
        range: Range::Int { min: 2, max: 10_000_000, log: true },
        search: None,
    },
];

struct OneClassSvm {
    params: Params,
    gamma: Gamma,
}

impl OneClassSvm {
    fn new(params: &Params) -> Result<Self, ParamError> {
        Ok(Self { params: params.clone(), gamma: Gamma::new(params)? })
    }
}

struct Fitted {
    schema: Schema,
    kernel: Kernel,
    support: Weighted,
    rho: f64,
}

impl Estimator for OneClassSvm {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let all = frame.rows()?;
        let schema = numeric_schema(all)?;
        if all.is_empty() {
            return Err(FitError::TooFewRows { needed: 1, got: 0 });
        }
        let most = self.params.count("max_samples");
        let drawn = (all.len() > most).then(|| {
            let mut drawn = Rng::new(context.seed).sample(all.len(), most);
            drawn.sort_unstable();
            all.select(&drawn)
        });
        let rows = drawn.as_ref().unwrap_or(all);
        // A hole is told by its place among all rows.
        Table::new::<FitError>(&schema, all)?;
        let table = Table::new::<FitError>(&schema, rows)?;
        let kernel = Kernel::new(&self.params, self.gamma.of(&table));
        let lanes = Lanes::select(&table, 0..table.len);
        let squares = (0..table.len).map(|row| lanes.square_of(row));
        let too_large = squares.chain(kernel.diagonal(&lanes)).any(|value| value.abs() > LARGEST);
        if too_large {
            let reason = "products of rows are too large, scale the columns".to_owned();
            return Err(FitError::Diverged { reason });
        }
        let bytes = self.params.count("cache_mb") << 20;
        let gram = Gram::new(lanes.clone(), kernel, bytes);
        let progress = context.progress;
        let solution =
            solve(gram, self.params.float("nu"), self.params.float("tol"), &|| progress.go_on())?;
        progress.step("steps", solution.steps as u64, solution.steps as u64);
        let values = solution.support.iter().flat_map(|&row| lanes.row(row)).collect();
        let weights = solution.support.iter().map(|&row| solution.alpha[row]).collect();
        let support = Weighted::new(values, schema.len(), weights);
        Ok(Box::new(Fitted { schema, kernel, support, rho: solution.rho }))
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
        let mut scores = vec![0.0; table.len];
        scores.par_chunks_mut(PART).enumerate().for_each(|(part, scores)| {
            let start = part * PART;
            let lanes = Lanes::select(&table, start..start + scores.len());
            for (score, sum) in scores.iter_mut().zip(self.support.sums(self.kernel, &lanes)) {
                *score = self.rho - sum;
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
        self.kernel.save(&mut state);
        state.put_f64s("support_vectors", self.support.values.clone());
        state.put_f64s("dual_coef", self.support.weights.clone());
        state.put_f64("rho", self.rho);
        state
    }
}

fn load(state: &State, _: &Register) -> Result<Box<dyn Detector>, LoadError> {
    let schema = load_numeric_schema(state)?;
    let kernel = Kernel::load(state)?;
    let (values, weights) = (state.f64s("support_vectors")?, state.f64s("dual_coef")?);
    if weights.iter().any(|weight| !(0.0..=1.0).contains(weight)) {
        return Err(StateError::invalid("dual_coef", "from 0 to 1").into());
    }
    let count = weights.len().checked_mul(schema.len());
    // Squares of what is learnt are bounded by `LARGEST`.
    if count != Some(values.len()) || !values.iter().all(|value| value.abs() <= LARGEST) {
        return Err(StateError::invalid("support_vectors", "numbers, a row for each weight").into());
    }
    let rho = state.f64("rho")?;
    if !rho.is_finite() {
        return Err(StateError::invalid("rho", "finite").into());
    }
    let support = Weighted::new(values.to_vec(), schema.len(), weights.to_vec());
    Ok(Box::new(Fitted { schema, kernel, support, rho }))
}
