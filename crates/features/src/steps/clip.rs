//! Numbers kept inside the range of training rows.

use tripline_core::{Column, State, StateError};

use crate::error::PrepareError;
use crate::recipe::PrepareContext;
use crate::report::{PrepareReport, What};
use crate::statistics;
use crate::step::{Outcome, Place, Step, StepCard, Transform, check_each, load_each, save_each};
use crate::table::{Described, Table, change_numbers};

pub(crate) const KIND: &str = "clip";

pub(crate) const CARD: StepCard = StepCard {
    id: "clip",
    syntax: "clip[=range|infinite|missing]",
    summary: "Sets numbers outside the training range to its ends (range, the default), infinite \
              numbers alone to its ends (infinite), or infinite numbers to missing (missing).",
    source: "numpy.clip with the training rows' finite minimum and maximum",
    parse: |parts| {
        Ok(Box::new(match parts {
            [] | ["range"] => Mode::Range,
            ["infinite"] => Mode::Infinite,
            ["missing"] => Mode::Missing,
            _ => return Err("must be clip, clip=infinite or clip=missing".to_owned()),
        }))
    },
};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Range,
    Infinite,
    Missing,
}

impl Step for Mode {
    fn text(&self) -> String {
        match self {
            Self::Range => "clip",
            Self::Infinite => "clip=infinite",
            Self::Missing => "clip=missing",
        }
        .to_owned()
    }

    fn fit(&self, table: &Table, _: &PrepareContext<'_>) -> Result<Outcome, PrepareError> {
        // A column without any finite number has the range 0 to 0.
        let ranges = table.fit_numeric(|values| statistics::range(values).unwrap_or((0.0, 0.0)));
        Ok(Outcome::Transform(Box::new(Clip { mode: *self, ranges })))
    }
}

/// The range of each numeric column.
#[derive(Debug)]
pub(crate) struct Clip {
    mode: Mode,
    ranges: Vec<Option<(f64, f64)>>,
}

impl Clip {
    pub(crate) fn load(state: &State) -> Result<Self, StateError> {
        let mode = match state.text("mode")? {
            "range" => Mode::Range,
            "infinite" => Mode::Infinite,
            "missing" => Mode::Missing,
            _ => return Err(StateError::invalid("mode", "range, infinite or missing")),
        };
        let ranges = load_each(state.states("ranges")?, |state| {
            let range = (state.f64("low")?, state.f64("high")?);
            if range.0 <= range.1 {
                Ok(range)
            } else {
                Err(StateError::invalid("low", "at most `high`"))
            }
        })?;
        Ok(Self { mode, ranges })
    }
}

impl Transform for Clip {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn outputs(&self, fields: &[Described]) -> Result<Vec<Described>, StateError> {
        check_each(&self.ranges, fields, true, "ranges")?;
        Ok(fields.to_vec())
    }

    fn apply(
        &self,
        place: &Place<'_>,
        mut columns: Vec<Column>,
        _: usize,
        report: &mut PrepareReport,
    ) -> Vec<Column> {
        let mode = self.mode;
        // Most columns have nothing to clip: they are then neither copied nor written.
        let touched: Vec<Option<(f64, f64)>> = self
            .ranges
            .iter()
            .zip(&columns)
            .zip(place.live)
            .map(|((range, column), live)| match (range, column) {
                (Some(range), Column::Numeric(values))
                    if *live && values.iter().any(|&value| outside(mode, *range, value)) =>
                {
                    Some(*range)
                }
                _ => None,
            })
            .collect();
        let counts = change_numbers(&mut columns, &touched, place.live, |&range, values| {
            let mut count = 0;
            for value in values.iter_mut().filter(|value| outside(mode, range, **value)) {
                *value = match mode {
                    Mode::Missing => f64::NAN,
                    _ => value.clamp(range.0, range.1),
                };
                count += 1;
            }
            count
        });
        let what = if mode == Mode::Missing { What::InfiniteAsMissing } else { What::Clipped };
        for (field, count) in place.inputs.iter().zip(counts) {
            report.count(&field.name, what, count);
        }
        columns
    }

    fn describe(&self) -> String {
        let columns = self.ranges.iter().flatten().count();
        match self.mode {
            Mode::Range => format!("{columns} columns clipped to the training range"),
            Mode::Infinite => {
                format!("infinities of {columns} columns clipped to the training range")
            }
            Mode::Missing => format!("infinities of {columns} columns taken as missing"),
        }
    }

    fn save(&self) -> State {
        let mut state = State::new();
        let mode = match self.mode {
            Mode::Range => "range",
            Mode::Infinite => "infinite",
            Mode::Missing => "missing",
        };
        state.put_text("mode", mode);
        let ranges = save_each(&self.ranges, |range| {
            let mut state = State::new();
            state.put_f64("low", range.0);
            state.put_f64("high", range.1);
            state
        });
        state.put_states("ranges", ranges);
        state
    }
}

fn outside(mode: Mode, range: (f64, f64), value: f64) -> bool {
    match mode {
        Mode::Range => value < range.0 || value > range.1,
        Mode::Infinite | Mode::Missing => value.is_infinite(),
    }
}
