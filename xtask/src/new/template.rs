//! Example detector: the mean squared distance from what is usual, column by column.
//!
//! Replace this by the method: what it does in a sentence, then its source, then what a reader must
//! know to trust it. Each part below is one of those that every detector has.

use tripline_core::schema::AlignedColumn;
use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FieldKind, FitContext, FitError, Frame,
    FrameError, Input, Link, LoadError, MissingPolicy, ParamError, ParamSpec, ParamValue, Params,
    Range, Register, Rows, Schema, ScoreError, Shape, State, StateError, Supervision,
};

/// The card of the example detector.
pub static CARD: Card = Card {
    id: "example_detector",
    name: "Example detector",
    family: Family::Density,
    summary: "The mean squared distance from the usual value, in standard deviations.",
    source: "the paper or documentation that defines the method",
    cost: "fit O(n · d), score O(d) a row, memory O(d)",
    shape: Shape::Rows,
    input: Input::Numeric,
    supervision: Supervision::Benign,
    missing: MissingPolicy::Native,
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
    build: |params, _| build(params),
    load: |state, register| load(state, register),
};

const PARAMS: &[ParamSpec] = &[ParamSpec {
    name: "limit",
    doc: "Largest distance of one column in standard deviations, so that none outweighs all others.",
    default: ParamValue::Float(10.0),
    range: Range::Float { min: 1.0, max: 1e6, log: true },
    search: Some(Range::Float { min: 2.0, max: 100.0, log: true }),
}];

/// Parameters alone.
struct ExampleDetector {
    limit: f64,
}

/// What was learnt.
struct Fitted {
    schema: Schema,
    limit: f64,
    /// Mean of each column.
    means: Vec<f64>,
    /// Standard deviation of each column; 0 of a constant one.
    deviations: Vec<f64>,
}

fn build(params: &Params) -> Result<Box<dyn Estimator>, ParamError> {
    Ok(Box::new(ExampleDetector { limit: params.float("limit") }))
}

fn load(state: &State, _: &Register) -> Result<Box<dyn Detector>, LoadError> {
    let schema = Schema::load(state.state("schema")?)?;
    let numbers = |name: &str| -> Result<Vec<f64>, StateError> {
        let numbers = state.f64s(name)?;
        if numbers.len() == schema.len() && numbers.iter().all(|number| number.is_finite()) {
            Ok(numbers.to_vec())
        } else {
            Err(StateError::invalid(name, "a finite number for each column"))
        }
    };
    let (means, deviations) = (numbers("means")?, numbers("deviations")?);
    let limit = state.f64("limit")?;
    if !(1.0..=1e6).contains(&limit) {
        return Err(StateError::invalid("limit", "in the card's range").into());
    }
    Ok(Box::new(Fitted { schema, limit, means, deviations }))
}

impl Estimator for ExampleDetector {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, _: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let rows = frame.rows()?;
        if rows.width() == 0 {
            return Err(FitError::NoColumns);
        }
        if rows.is_empty() {
            return Err(FitError::TooFewRows { needed: 1, got: 0 });
        }
        let schema = rows.schema().as_ref().clone();
        let moments: Vec<(f64, f64)> = numbers(&schema, rows)?.into_iter().map(moments).collect();
        let (means, deviations) = moments.into_iter().unzip();
        Ok(Box::new(Fitted { schema, limit: self.limit, means, deviations }))
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
        let rows = frame.rows()?;
        let mut scores = vec![0.0; rows.len()];
        for (j, column) in numbers(&self.schema, rows)?.into_iter().enumerate() {
            let (mean, deviation) = (self.means[j], self.deviations[j]);
            for (score, value) in scores.iter_mut().zip(column) {
                *score += distance(*value, mean, deviation, self.limit);
            }
        }
        let width = self.schema.len() as f64;
        scores.iter_mut().for_each(|score| *score /= width);
        Ok(scores)
    }

    fn link(&self) -> Link {
        Link::Rank
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        state.put_f64("limit", self.limit);
        state.put_f64s("means", self.means.clone());
        state.put_f64s("deviations", self.deviations.clone());
        state
    }
}

/// Squared distance in standard deviations; 0 of a missing value, of which nothing is known.
fn distance(value: f64, mean: f64, deviation: f64, limit: f64) -> f64 {
    if value.is_nan() || value == mean {
        return 0.0;
    }
    // Any other value of a constant column is as far as can be.
    let distance = if deviation > 0.0 { (value - mean).abs() / deviation } else { limit };
    distance.min(limit) * distance.min(limit)
}

/// Mean with standard deviation of the finite values; 0 if there is none, or their squares do not
/// fit a number.
fn moments(column: &[f64]) -> (f64, f64) {
    let finite = || column.iter().filter(|value| value.is_finite());
    let count = finite().count().max(1) as f64;
    let mean = finite().map(|value| value / count).sum::<f64>();
    let squares = finite().map(|value| (value - mean) * (value - mean) / count).sum::<f64>();
    if squares.is_finite() { (mean, squares.sqrt()) } else { (0.0, 0.0) }
}

/// The columns of a schema; a category column is an error that names it.
fn numbers<'a>(schema: &Schema, rows: &'a Rows) -> Result<Vec<&'a [f64]>, FrameError> {
    let columns = schema.align(rows)?.columns;
    let numbers = columns.into_iter().zip(schema.fields()).map(|(column, field)| match column {
        AlignedColumn::Numeric(values) => Ok(values),
        AlignedColumn::Category(_) => Err(FrameError::Kind {
            column: field.name.clone(),
            expected: FieldKind::Numeric.name(),
            got: field.kind.name(),
        }),
    });
    numbers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_finite_values() {
        // By hand: 1, 3, 5.
        let (mean, deviation) = moments(&[1.0, f64::NAN, 3.0, f64::INFINITY, 5.0]);
        assert_eq!(mean, 3.0);
        assert!((deviation * deviation - 8.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_distance_is_bounded() {
        assert_eq!(distance(7.0, 3.0, 2.0, 10.0), 4.0);
        assert_eq!(distance(f64::INFINITY, 3.0, 2.0, 10.0), 100.0);
        assert_eq!(distance(3.5, 3.0, 0.0, 10.0), 100.0);
        assert_eq!(distance(f64::NAN, 3.0, 2.0, 10.0), 0.0);
    }
}
