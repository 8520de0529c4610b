//! COPOD: rows with values in the tails of an empirical copula are suspicious.
//!
//! Source: Li, Zhao, Botta, Ionescu & Hu 2020 (COPOD: copula-based outlier detection). A column
//! adds the larger of two: the mean of −ln F(x) with −ln P(X ≥ x), and that of both on whose side
//! its skewness lies; the score is the sum over columns. (The paper takes the largest of three sums;
//! PyOD, its authors' code, takes the larger for each column before it sums, and so do we.)
//!
//! Probabilities are those of the rows fitted, as [`super::ecod`] tells.

use tripline_core::{Card, Family, Input, MissingPolicy, Shape, Supervision};

use super::additive::Additive;
use super::ecdf::Distribution;
use super::ecod::{ABILITIES, PARAMS, TailEstimator};
use super::tail_scores::Tails;

/// COPOD.
pub static CARD: Card = Card {
    id: "copod",
    name: "COPOD",
    family: Family::Density,
    summary: "The mean tail probability of each value in an empirical copula, summed as −ln.",
    source: "Li, Zhao, Botta, Ionescu & Hu 2020",
    cost: "fit O(n · log n · d), score O(log n · d) a row, memory O(n · d) up to max_values · d",
    shape: Shape::Rows,
    input: Input::Numeric,
    supervision: Supervision::Benign,
    missing: MissingPolicy::Reject,
    abilities: ABILITIES,
    params: PARAMS,
    exemptions: &[],
    build: |params, _| {
        let limit = params.count("max_values");
        Ok(Box::new(TailEstimator { card: &CARD, tails: Tails::Mean, limit }))
    },
    load: |state, _| Ok(Box::new(Additive::<Distribution>::load(&CARD, state)?)),
};
