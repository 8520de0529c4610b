//! ECOD: rows with values far in a tail of their columns are suspicious.
//!
//! Source: Li, Zhao, Hu, Botta, Ionescu & Chen 2022 (ECOD: unsupervised outlier detection using
//! empirical cumulative distribution functions). A column adds the largest of −ln F(x), of
//! −ln P(X ≥ x), and of that of both on whose side its skewness lies; the score is the sum.
//!
//! Probabilities are those of the rows fitted. PyOD scores new rows by the distribution of both
//! together, so a row's score there depends on the rows beside it; on the rows fitted both are the
//! same number. A value beyond all rows fitted has the probability of one row in n + 1.

use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input,
    MissingPolicy, ParamSpec, ParamValue, Range, Shape, Supervision,
};

use super::additive::Additive;
use super::distinct::Scratch;
use super::ecdf::Distribution;
use super::prologue::each_column;
use super::tail_scores::{Logarithms, Tails};

/// ECOD.
pub static CARD: Card = Card {
    id: "ecod",
    name: "ECOD",
    family: Family::Density,
    summary: "The largest tail probability of each value, summed over columns as −ln.",
    source: "Li, Zhao, Hu, Botta, Ionescu & Chen 2022",
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
        Ok(Box::new(TailEstimator { card: &CARD, tails: Tails::Larger, limit }))
    },
    load: |state, _| Ok(Box::new(Additive::<Distribution>::load(&CARD, state)?)),
};

pub(super) const ABILITIES: Abilities = Abilities {
    multiclass: false,
    weights: false,
    explain: true,
    importance: false,
    online: false,
    outliers: false,
    early_stopping: false,
};

pub(super) const PARAMS: &[ParamSpec] = &[ParamSpec {
    name: "max_values",
    doc: "Most distinct values of a column that the model keeps; of more, half are those at the \
          ends.",
    default: ParamValue::Int(1_000_000),
    range: Range::Int { min: 16, max: 1_000_000_000, log: true },
    search: None,
}];

/// Fits a distribution to each column.
pub(super) struct TailEstimator {
    pub(super) card: &'static Card,
    pub(super) tails: Tails,
    pub(super) limit: usize,
}

impl Estimator for TailEstimator {
    fn card(&self) -> &'static Card {
        self.card
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let logarithms = Logarithms::default();
        let (schema, fitted) = each_column(frame, context, |column, scratch: &mut Scratch| {
            Distribution::fit(column, self.tails, self.limit, &logarithms, scratch)
        })?;
        let (columns, means) = fitted.into_iter().unzip();
        Ok(Box::new(Additive { card: self.card, schema, columns, means }))
    }
}
