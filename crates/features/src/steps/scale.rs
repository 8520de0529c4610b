//! Numbers shifted then divided, by what training rows tell.

use tripline_core::{Column, State, StateError};

use crate::error::PrepareError;
use crate::recipe::PrepareContext;
use crate::report::PrepareReport;
use crate::statistics;
use crate::step::{
    Outcome, Parsed, Place, Step, StepCard, Transform, check_each, load_each, save_each,
};
use crate::table::{Described, Table, change_numbers};

pub(crate) const KIND: &str = "scale";

pub(crate) const STANDARD: StepCard = StepCard {
    id: "scale=standard",
    syntax: "scale=standard",
    summary: "Gives numbers mean 0 and deviation 1.",
    source: "scikit-learn 1.9 StandardScaler",
    parse: |parts| alone(parts, Scale::Standard),
};

pub(crate) const MIN_MAX: StepCard = StepCard {
    id: "scale=min_max",
    syntax: "scale=min_max",
    summary: "Maps the training range to 0 to 1; numbers outside it fall outside.",
    source: "scikit-learn 1.9 MinMaxScaler",
    parse: |parts| alone(parts, Scale::MinMax),
};

pub(crate) const ROBUST: StepCard = StepCard {
    id: "scale=robust",
    syntax: "scale=robust",
    summary: "Gives numbers median 0 and distance 1 between the quartiles.",
    source: "scikit-learn 1.9 RobustScaler",
    parse: |parts| alone(parts, Scale::Robust),
};

fn alone(parts: &[&str], scale: Scale) -> Parsed {
    if parts.is_empty() {
        Ok(Box::new(scale))
    } else {
        Err(format!("must be {} alone", scale.text()))
    }
}

#[derive(Debug, Clone, Copy)]
enum Scale {
    Standard,
    MinMax,
    Robust,
}

impl Step for Scale {
    fn text(&self) -> String {
        match self {
            Self::Standard => "scale=standard",
            Self::MinMax => "scale=min_max",
            Self::Robust => "scale=robust",
        }
        .to_owned()
    }

    fn fit(&self, table: &Table, _: &PrepareContext<'_>) -> Result<Outcome, PrepareError> {
        let scales = table.fit_numeric(|values| {
            let (shift, divisor) = match self {
                Self::Standard => standard(values),
                Self::MinMax => statistics::range(values).map(|(low, high)| (low, high - low)),
                Self::Robust => {
                    let sorted = statistics::sorted(values);
                    statistics::quantile(&sorted, 0.5)
                        .zip(statistics::quantile(&sorted, 0.25))
                        .zip(statistics::quantile(&sorted, 0.75))
                        .map(|((median, low), high)| (median, high - low))
                }
            }
            .unwrap_or((0.0, 1.0));
            // As scikit-learn's _handle_zeros_in_scale: a spread below 10 times the rounding
            // error of 1 is none, and such a column is only shifted.
            let spread = divisor.is_finite() && divisor >= 10.0 * f64::EPSILON;
            (shift, if spread { divisor } else { 1.0 })
        });
        Ok(Outcome::Transform(Box::new(Scaling { scales })))
    }
}

fn standard(values: &[f64]) -> Option<(f64, f64)> {
    let (mean, variance) = statistics::moments(values)?;
    let count = values.iter().filter(|value| value.is_finite()).count() as f64;
    // scikit-learn's _is_constant_feature: a variance within the rounding error of its own
    // computation is that of a constant column.
    let error = count * f64::EPSILON * mean;
    let constant = variance <= count * f64::EPSILON * variance + error * error;
    Some((mean, if constant { 0.0 } else { variance.sqrt() }))
}

/// Shift with divisor for each numeric column.
#[derive(Debug)]
pub(crate) struct Scaling {
    scales: Vec<Option<(f64, f64)>>,
}

impl Scaling {
    pub(crate) fn load(state: &State) -> Result<Self, StateError> {
        let scales = load_each(state.states("scales")?, |state| {
            Ok((state.f64("shift")?, state.f64("divisor")?))
        })?;
        Ok(Self { scales })
    }
}

impl Transform for Scaling {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn outputs(&self, fields: &[Described]) -> Result<Vec<Described>, StateError> {
        check_each(&self.scales, fields, true, "scales")?;
        Ok(fields.to_vec())
    }

    fn apply(
        &self,
        place: &Place<'_>,
        mut columns: Vec<Column>,
        _: usize,
        _: &mut PrepareReport,
    ) -> Vec<Column> {
        change_numbers(&mut columns, &self.scales, place.live, |&(shift, divisor), values| {
            for value in values {
                *value = (*value - shift) / divisor;
            }
            0
        });
        columns
    }

    fn describe(&self) -> String {
        format!("{} columns scaled", self.scales.iter().flatten().count())
    }

    fn save(&self) -> State {
        let mut state = State::new();
        let scales = save_each(&self.scales, |scale| {
            let mut state = State::new();
            state.put_f64("shift", scale.0);
            state.put_f64("divisor", scale.1);
            state
        });
        state.put_states("scales", scales);
        state
    }
}
