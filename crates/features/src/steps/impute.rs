//! Missing cells filled with a value learned from training rows.

use std::sync::Arc;

use tripline_core::{Category, Column, FieldKind, State, StateError};

use crate::error::PrepareError;
use crate::recipe::PrepareContext;
use crate::report::{PrepareReport, What};
use crate::statistics;
use crate::step::{Outcome, Place, Step, StepCard, Transform, mismatch, number};
use crate::steps::native::counts;
use crate::table::{Described, Table, change};

pub(crate) const KIND: &str = "impute";

/// The category that `impute=constant` fills in.
const MISSING_CATEGORY: &str = "missing";

pub(crate) const CARD: StepCard = StepCard {
    id: "impute",
    syntax: "impute=mean|median|most_frequent|constant[:VALUE][:indicator]",
    summary: "Fills missing numbers; most_frequent and constant fill missing categories too, the \
              others leave them to the encoding; indicator adds a 0/1 column for each column that \
              had a missing number in training.",
    source: "scikit-learn 1.9 SimpleImputer with keep_empty_features and add_indicator",
    parse: |parts| {
        let (parts, indicator) = match parts {
            [head @ .., "indicator"] => (head, true),
            _ => (parts, false),
        };
        let strategy = match parts {
            ["mean"] => Strategy::Mean,
            ["median"] => Strategy::Median,
            ["most_frequent"] => Strategy::MostFrequent,
            ["constant"] => Strategy::Constant(0.0),
            ["constant", value] => {
                Strategy::Constant(number(value, "the constant must be a finite number", |_| true)?)
            }
            _ => return Err(format!("must be {}", CARD.syntax)),
        };
        Ok(Box::new(Impute { strategy, indicator }))
    },
};

#[derive(Debug, Clone, Copy)]
enum Strategy {
    Mean,
    Median,
    MostFrequent,
    Constant(f64),
}

#[derive(Debug, Clone, Copy)]
struct Impute {
    strategy: Strategy,
    indicator: bool,
}

impl Step for Impute {
    fn text(&self) -> String {
        let strategy = match self.strategy {
            Strategy::Mean => "mean".to_owned(),
            Strategy::Median => "median".to_owned(),
            Strategy::MostFrequent => "most_frequent".to_owned(),
            Strategy::Constant(0.0) => "constant".to_owned(),
            Strategy::Constant(value) => format!("constant:{value}"),
        };
        format!("impute={strategy}{}", if self.indicator { ":indicator" } else { "" })
    }

    fn fit(&self, table: &Table, _: &PrepareContext<'_>) -> Result<Outcome, PrepareError> {
        let strategy = self.strategy;
        let numbers = table.fit_numeric(|values| match strategy {
            // A column without any number is filled with 0, as with keep_empty_features.
            Strategy::Mean => statistics::mean(values).unwrap_or(0.0),
            Strategy::Median => {
                statistics::quantile(&statistics::sorted(values), 0.5).unwrap_or(0.0)
            }
            Strategy::MostFrequent => statistics::mode(values).unwrap_or(0.0),
            Strategy::Constant(value) => value,
        });
        let fills = table.columns.iter().zip(numbers).map(|(column, number)| match column {
            Column::Numeric(_) => Fill::Number(number.unwrap_or(0.0)),
            Column::Category(category) => match strategy {
                Strategy::Mean | Strategy::Median => Fill::Nothing,
                Strategy::MostFrequent => most_frequent(category),
                Strategy::Constant(_) => Fill::Category(MISSING_CATEGORY.to_owned()),
            },
        });
        let indicators = if self.indicator {
            let missing = |column: &Column| match column {
                Column::Numeric(values) => values.iter().any(|value| value.is_nan()),
                Column::Category(_) => false,
            };
            let columns = table.columns.iter().enumerate();
            columns.filter(|(_, column)| missing(column)).map(|(at, _)| at).collect()
        } else {
            Vec::new()
        };
        Ok(Outcome::Transform(Box::new(Filling { fills: fills.collect(), indicators })))
    }
}

fn most_frequent(category: &Category) -> Fill {
    let counts = counts(category);
    let mut best: Option<usize> = None;
    for code in 0..counts.len() {
        if best.is_none_or(|best| counts[code] > counts[best]) {
            best = Some(code);
        }
    }
    best.map_or(Fill::Nothing, |code| Fill::Category(category.values[code].clone()))
}

/// What fills the missing cells of a column.
#[derive(Debug, Clone, PartialEq)]
enum Fill {
    Nothing,
    Number(f64),
    Category(String),
}

/// What fills each column, with the columns that get an indicator.
#[derive(Debug)]
pub(crate) struct Filling {
    fills: Vec<Fill>,
    indicators: Vec<usize>,
}

impl Filling {
    pub(crate) fn load(state: &State) -> Result<Self, StateError> {
        let fills: Result<Vec<Fill>, StateError> = state
            .states("fills")?
            .iter()
            .map(|state| {
                Ok(if state.has("number") {
                    Fill::Number(state.f64("number")?)
                } else if state.has("category") {
                    Fill::Category(state.text("category")?.to_owned())
                } else {
                    Fill::Nothing
                })
            })
            .collect();
        let indicators = state.u32s("indicators")?.iter().map(|&at| at as usize).collect();
        Ok(Self { fills: fills?, indicators })
    }
}

impl Transform for Filling {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn outputs(&self, fields: &[Described]) -> Result<Vec<Described>, StateError> {
        if fields.len() != self.fills.len() {
            return Err(mismatch("fills"));
        }
        let mut outputs = fields.to_vec();
        for (field, fill) in outputs.iter_mut().zip(&self.fills) {
            match (&mut field.kind, fill) {
                (FieldKind::Numeric, Fill::Number(_)) | (_, Fill::Nothing) => {}
                (FieldKind::Category(values), Fill::Category(fill)) => {
                    if !values.contains(fill) {
                        let mut longer = values.as_ref().clone();
                        longer.push(fill.clone());
                        *values = Arc::new(longer);
                    }
                }
                _ => return Err(mismatch("fills")),
            }
        }
        for &at in &self.indicators {
            let field = fields.get(at).filter(|f| f.is_numeric());
            let field = field.ok_or_else(|| mismatch("indicators"))?;
            outputs.push(Described {
                name: format!("{}_missing", field.name),
                kind: FieldKind::Numeric,
                sources: field.sources.clone(),
            });
        }
        Ok(outputs)
    }

    fn needs(&self, inputs: &[Described], wanted: &[bool]) -> Vec<bool> {
        let mut needs = wanted[..inputs.len()].to_vec();
        for (&at, &wanted) in self.indicators.iter().zip(&wanted[inputs.len()..]) {
            needs[at] |= wanted;
        }
        needs
    }

    fn apply(
        &self,
        place: &Place<'_>,
        mut columns: Vec<Column>,
        _: usize,
        report: &mut PrepareReport,
    ) -> Vec<Column> {
        let flag = |&at: &usize| match &columns[at] {
            Column::Numeric(values) => {
                Column::numeric(values.iter().map(|v| f64::from(u8::from(v.is_nan()))).collect())
            }
            Column::Category(category) => Column::numeric(vec![0.0; category.codes.len()]),
        };
        let flags: Vec<Column> = self.indicators.iter().map(flag).collect();
        let jobs: Vec<Option<(&Fill, &Described)>> =
            self.fills.iter().zip(place.outputs).map(Some).collect();
        let counts = change(&mut columns, &jobs, place.live, |(fill, field), column| {
            fill_in(fill, field, column)
        });
        for (field, count) in place.inputs.iter().zip(counts) {
            report.count(&field.name, What::Imputed, count);
        }
        columns.extend(flags);
        columns
    }

    fn describe(&self) -> String {
        let filled = self.fills.iter().filter(|fill| **fill != Fill::Nothing).count();
        match self.indicators.len() {
            0 => format!("missing cells of {filled} columns filled"),
            flags => format!("missing cells of {filled} columns filled, {flags} columns flag them"),
        }
    }

    fn save(&self) -> State {
        let mut state = State::new();
        let fills = self.fills.iter().map(|fill| {
            let mut state = State::new();
            match fill {
                Fill::Nothing => {}
                Fill::Number(value) => state.put_f64("number", *value),
                Fill::Category(value) => state.put_text("category", value),
            }
            state
        });
        state.put_states("fills", fills.collect());
        state.put_u32s("indicators", self.indicators.iter().map(|&at| at as u32).collect());
        state
    }
}

fn fill_in(fill: &Fill, field: &Described, column: &mut Column) -> u64 {
    match (fill, column) {
        (Fill::Number(number), Column::Numeric(values)) => {
            let missing = values.iter().filter(|value| value.is_nan()).count();
            if missing > 0 {
                for value in Arc::make_mut(values).iter_mut().filter(|value| value.is_nan()) {
                    *value = *number;
                }
            }
            missing as u64
        }
        (Fill::Category(fill), Column::Category(category)) => {
            // The dictionary of the output has the value that is filled in.
            let Some(values) = field.dictionary() else { return 0 };
            let code = values.iter().position(|value| value == fill).unwrap_or_default();
            category.values = values.clone();
            let missing = category.codes.iter().filter(|&&c| c == Category::MISSING).count();
            if missing > 0 {
                for own in Arc::make_mut(&mut category.codes) {
                    if *own == Category::MISSING {
                        *own = code as u32;
                    }
                }
            }
            missing as u64
        }
        _ => 0,
    }
}
