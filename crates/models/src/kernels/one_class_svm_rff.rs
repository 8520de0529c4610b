//! One-class support vector machine in linear time: random Fourier features with averaged descent.
//!
//! Sources: Rahimi & Recht 2007 for the features, which are near those of the RBF kernel;
//! Lacoste-Julien, Schmidt & Bach 2012 for the mean of the steps. The objective is that of
//! scikit-learn's `SGDOneClassSVM`, ν/2 |w|² + νb + mean of max(0, 1 − w·z − b), one row at a time.
//! The offset is then the best for the mean weights: the ν-quantile of w·z. Features are made block
//! by block, so memory does not grow with rows times components. Far from all rows learnt, features
//! are noise of deviation 1/√components around the score of an outlier.

use rayon::prelude::*;
use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input, Link,
    LoadError, MissingPolicy, ParamError, ParamSpec, ParamValue, Params, Range, Register, Rng,
    Schema, ScoreError, Shape, State, StateError, Supervision,
};

use super::fourier::FourierMap;
use super::kernel::Gamma;
use crate::table::{Table, load_numeric_schema, numeric_schema};

/// Rows whose features are held at a time.
const BLOCK: usize = 1024;

/// Rows that one thread maps at a time.
const PART: usize = 64;

/// Bound of saved weights; those of fitting are below 1/ν.
const LARGEST: f64 = 1e100;

/// The card of the one-class SVM over random Fourier features.
pub static CARD: Card = Card {
    id: "one_class_svm_rff",
    name: "One-class SVM, random features",
    family: Family::Kernels,
    summary: "A one-class SVM in linear time, over random features near the RBF kernel.",
    source: "Rahimi & Recht 2007; Schölkopf et al. 2001",
    cost: "fit O(n·d·D) an epoch for D components, score O(d·D) a row; memory O(n + d·D)",
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
    build: |params, _| Ok(Box::new(OneClassSvmRff::new(params)?)),
    load: |state, register| load(state, register),
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "nu",
        doc: "Share of rows that lie outside.",
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
        name: "n_components",
        doc: "Random features (D).",
        default: ParamValue::Int(200),
        range: Range::Int { min: 1, max: 100_000, log: true },
        search: Some(Range::Int { min: 100, max: 2000, log: true }),
    },
    ParamSpec {
        name: "max_iter",
        doc: "Epochs.",
        default: ParamValue::Int(10),
        range: Range::Int { min: 1, max: 100_000, log: true },
        search: None,
    },
];

struct OneClassSvmRff {
    params: Params,
    gamma: Gamma,
}

impl OneClassSvmRff {
    fn new(params: &Params) -> Result<Self, ParamError> {
        Ok(Self { params: params.clone(), gamma: Gamma::new(params)? })
    }
}

struct Fitted {
    schema: Schema,
    map: FourierMap,
    weights: Vec<f64>,
    offset: f64,
}

/// Weights on their way.
struct Descent {
    nu: f64,
    weights: Vec<f64>,
    intercept: f64,
    mean: Vec<f64>,
    steps: u64,
}

impl Descent {
    /// A step by one row's features.
    fn step(&mut self, features: &[f64]) {
        // The first step is 1, the largest at which features of length 1 cannot swing.
        let rate = 1.0 / (self.nu * self.steps as f64 + 1.0);
        let inside = dot(&self.weights, features) + self.intercept >= 1.0;
        let (shrink, push) = (1.0 - rate * self.nu, if inside { 0.0 } else { rate });
        self.steps += 1;
        // The mean by weights that grow with the steps.
        let share = 2.0 / (self.steps as f64 + 1.0);
        for ((weight, mean), feature) in self.weights.iter_mut().zip(&mut self.mean).zip(features) {
            *weight = shrink * *weight + push * feature;
            *mean += share * (*weight - *mean);
        }
        self.intercept += push - rate * self.nu;
    }
}

/// Σ a·b in eight sums, added in order.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (b_blocks, b_rest) = b.as_chunks::<8>();
    for (x, y) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f64>() + rest
}

impl Estimator for OneClassSvmRff {
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
        let (width, components) = (schema.len(), self.params.count("n_components"));
        let mut rng = Rng::new(context.seed);
        let map = FourierMap::draw(width, components, self.gamma.of(&table), &mut rng);
        let nu = self.params.float("nu");
        let mut descent = Descent {
            nu,
            weights: vec![0.0; components],
            intercept: 0.0,
            mean: vec![0.0; components],
            steps: 0,
        };
        let epochs = self.params.count("max_iter");
        let mut order: Vec<usize> = (0..table.len).collect();
        let mut features = vec![0.0; BLOCK.min(table.len) * components];
        for epoch in 0..epochs {
            rng.shuffle(&mut order);
            for block in order.chunks(BLOCK) {
                if !context.progress.go_on() {
                    return Err(FitError::Cancelled);
                }
                let features = &mut features[..block.len() * components];
                features.par_chunks_mut(PART * components).zip(block.par_chunks(PART)).for_each(
                    |(out, rows)| {
                        let mut values = Vec::with_capacity(rows.len() * width);
                        for &row in rows {
                            values.extend(table.columns.iter().map(|column| column[row]));
                        }
                        map.map(&values, out);
                    },
                );
                features.chunks_exact(components).for_each(|row| descent.step(row));
            }
            context.progress.step("epochs", epoch as u64 + 1, epochs as u64);
        }
        let mut fitted = Fitted { schema, map, weights: descent.mean, offset: 0.0 };
        let mut products = fitted.products(&table);
        products.sort_unstable_by(f64::total_cmp);
        let outside = (nu * products.len() as f64) as usize;
        fitted.offset = products[outside.min(products.len() - 1)];
        Ok(Box::new(fitted))
    }
}

impl Fitted {
    /// w·z of each row.
    fn products(&self, table: &Table<'_>) -> Vec<f64> {
        let (width, components) = (self.schema.len(), self.map.components());
        let mut products = vec![0.0; table.len];
        products.par_chunks_mut(PART).enumerate().for_each(|(part, products)| {
            let mut rows = vec![0.0; products.len() * width];
            let mut features = vec![0.0; products.len() * components];
            table.copy_rows(part * PART, &mut rows);
            self.map.map(&rows, &mut features);
            for (product, features) in products.iter_mut().zip(features.chunks_exact(components)) {
                *product = dot(&self.weights, features);
            }
        });
        products
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
        Ok(self.products(&table).into_iter().map(|product| self.offset - product).collect())
    }

    fn link(&self) -> Link {
        Link::Rank
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        self.map.save(&mut state);
        state.put_f64s("weights", self.weights.clone());
        state.put_f64("offset", self.offset);
        state
    }
}

fn load(state: &State, _: &Register) -> Result<Box<dyn Detector>, LoadError> {
    let schema = load_numeric_schema(state)?;
    let map = FourierMap::load(state, schema.len())?;
    let (weights, offset) = (state.f64s("weights")?.to_vec(), state.f64("offset")?);
    let bounded = |number: &f64| number.abs() <= LARGEST;
    if weights.len() != map.components() || !weights.iter().all(bounded) || !bounded(&offset) {
        return Err(StateError::invalid("weights", "a number for each component").into());
    }
    Ok(Box::new(Fitted { schema, map, weights, offset }))
}
