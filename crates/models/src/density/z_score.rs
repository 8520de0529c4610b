//! Z-score: rows far from the centre of a column, in its standard deviations, are suspicious.
//!
//! The plain baseline that other methods must beat. The score is the largest |z| of a row, or the
//! mean. With `robust`, centre and spread are the median with the median absolute deviation times
//! 1.4826 (Iglewicz & Hoaglin 1993); where half the rows are one value, the mean absolute deviation
//! from the median times 1.2533 stands for it. In a column that never varied any other value counts
//! as `limit` deviations.
//!
//! Explanations are Shapley values with a row at the centre of all columns for absence. Of a mean
//! they are |z| / d. A maximum is the airport game (Littlechild & Owen 1973): with z sorted from
//! the least up, the step from z(k−1) to z(k) is shared by the d − k + 1 columns that reach it.

use rayon::prelude::*;
use tripline_core::{
    Abilities, Attributions, Card, Detector, Estimator, Explain, ExplainError, ExplainMethod,
    ExplainOptions, Family, FitContext, FitError, Frame, Input, Link, LoadError, MissingPolicy,
    ParamSpec, ParamValue, Params, Range, Register, Schema, ScoreError, Shape, State, StateError,
    Supervision,
};

use super::additive::{mean, one_output};
use super::airport::airport;
use super::centre::{plain, robust};
use super::prologue::{columns, too_large};
use crate::table::{Table, finite, load_numeric_schema};

/// Z-score.
pub static CARD: Card = Card {
    id: "z_score",
    name: "Z-score",
    family: Family::Density,
    summary: "The largest or the mean distance from a column's centre, in standard deviations.",
    source: "Iglewicz & Hoaglin 1993",
    cost: "fit O(n · d), score O(d) a row, memory O(d)",
    shape: Shape::Rows,
    input: Input::Numeric,
    supervision: Supervision::Benign,
    missing: MissingPolicy::Reject,
    abilities: Abilities {
        multiclass: false,
        weights: false,
        explain: true,
        importance: false,
        online: false,
        outliers: false,
        early_stopping: false,
    },
    params: PARAMS,
    exemptions: &[],
    build: |params, _| Ok(Box::new(ZScore::new(params))),
    load,
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "combine",
        doc: "How the columns make one score: `max` or `mean`.",
        default: ParamValue::Static("max"),
        range: Range::Choice(&["max", "mean"]),
        search: Some(Range::Choice(&["max", "mean"])),
    },
    ParamSpec {
        name: "robust",
        doc: "Median with median absolute deviation instead of mean with standard deviation.",
        default: ParamValue::Bool(false),
        range: Range::Bool,
        search: Some(Range::Bool),
    },
    ParamSpec {
        name: "limit",
        doc: "Largest distance of one column; also that of any change in a column that never \
              varied.",
        default: ParamValue::Float(1000.0),
        range: Range::Float { min: 1.0, max: 1e9, log: true },
        search: Some(Range::Float { min: 5.0, max: 1000.0, log: true }),
    },
];

/// Rows scored at a time.
const BLOCK: usize = 1024;

struct ZScore {
    largest: bool,
    robust: bool,
    limit: f64,
}

/// What was learnt.
struct Fitted {
    schema: Schema,
    largest: bool,
    limit: f64,
    centres: Vec<f64>,
    /// 0 of a column that never varied.
    spreads: Vec<f64>,
}

impl ZScore {
    fn new(params: &Params) -> Self {
        Self {
            largest: params.text("combine") == "max",
            robust: params.bool("robust"),
            limit: params.float("limit"),
        }
    }
}

impl Estimator for ZScore {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let (schema, table) = columns(frame, context)?;
        let moments: Vec<(f64, f64)> = table
            .columns
            .par_iter()
            .map(|column| if self.robust { robust(column) } else { plain(column) })
            .collect();
        for (field, (centre, spread)) in schema.fields().iter().zip(&moments) {
            if !(centre.is_finite() && spread.is_finite()) {
                return Err(too_large(&field.name));
            }
        }
        let (centres, spreads) = moments.into_iter().unzip();
        let (largest, limit) = (self.largest, self.limit);
        Ok(Box::new(Fitted { schema, largest, limit, centres, spreads }))
    }
}

impl Fitted {
    fn distance(&self, column: usize, value: f64) -> f64 {
        let distance = (value - self.centres[column]).abs();
        if distance == 0.0 { 0.0 } else { (distance / self.spreads[column]).min(self.limit) }
    }

    /// Distances of some rows into `out`, by column.
    fn score_block(&self, table: &Table<'_>, start: usize, out: &mut [f64]) {
        for (j, column) in table.columns.iter().enumerate() {
            for (score, &value) in out.iter_mut().zip(&column[start..]) {
                let distance = self.distance(j, value);
                *score = if self.largest { score.max(distance) } else { *score + distance };
            }
        }
        if !self.largest {
            let width = table.columns.len() as f64;
            out.iter_mut().for_each(|score| *score /= width);
        }
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
        if table.len <= BLOCK {
            self.score_block(&table, 0, &mut scores);
        } else {
            let blocks = scores.par_chunks_mut(BLOCK).enumerate();
            blocks.for_each(|(block, out)| self.score_block(&table, block * BLOCK, out));
        }
        Ok(scores)
    }

    fn link(&self) -> Link {
        Link::Rank
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        state.put_bool("largest", self.largest);
        state.put_f64("limit", self.limit);
        state.put_f64s("centres", self.centres.clone());
        state.put_f64s("spreads", self.spreads.clone());
        state
    }

    fn explain(&self) -> Option<&dyn Explain> {
        Some(self)
    }
}

fn load(state: &State, _: &Register) -> Result<Box<dyn Detector>, LoadError> {
    let schema = load_numeric_schema(state)?;
    let limit = state.f64("limit")?;
    if !(1.0..=1e9).contains(&limit) {
        return Err(StateError::invalid("limit", "in the card's range").into());
    }
    let centres = finite(state, "centres", schema.len())?;
    let spreads = finite(state, "spreads", schema.len())?;
    if spreads.iter().any(|spread| *spread < 0.0) {
        return Err(StateError::invalid("spreads", "not negative").into());
    }
    Ok(Box::new(Fitted { schema, largest: state.bool("largest")?, limit, centres, spreads }))
}

impl Explain for Fitted {
    /// Over a background, the mean alone has an exact split that does not take 2^d rows.
    fn attributions(
        &self,
        frame: &Frame,
        options: &ExplainOptions<'_>,
    ) -> Result<Attributions, ExplainError> {
        one_output(options)?;
        let table = Table::new::<ExplainError>(&self.schema, frame.rows()?)?;
        let width = table.columns.len();
        let usual = match options.method {
            ExplainMethod::PathDependent => vec![0.0; width],
            ExplainMethod::Interventional { background } => {
                let table = Table::new::<ExplainError>(&self.schema, background.rows()?)?;
                if table.len == 0 {
                    return Err(ExplainError::EmptyBackground);
                }
                if self.largest {
                    return Err(ExplainError::Unsupported { what: "maximum over a background" });
                }
                let means = table.columns.iter().enumerate().map(|(j, column)| {
                    let parts: Vec<f64> = column
                        .iter()
                        .map(|&value| self.distance(j, value) / width as f64)
                        .collect();
                    mean(&parts)
                });
                means.collect()
            }
        };
        let base: f64 = usual.iter().sum();
        let mut values = Vec::with_capacity(table.len * width);
        let mut outputs = Vec::with_capacity(table.len);
        for row in 0..table.len {
            let distances = table.columns.iter().enumerate();
            let distances: Vec<f64> =
                distances.map(|(j, column)| self.distance(j, column[row])).collect();
            let parts = if self.largest {
                airport(&distances)
            } else {
                let parts = distances.iter().zip(&usual);
                parts.map(|(distance, usual)| distance / width as f64 - usual).collect()
            };
            outputs.push(base + parts.iter().sum::<f64>());
            values.extend(parts);
        }
        let features = self.schema.names().map(str::to_owned).collect();
        Ok(Attributions { features, base, values, outputs, link: Link::Rank })
    }
}
