//! Columns computed from several columns of a flow.

use std::sync::Arc;

use rayon::prelude::*;
use tripline_core::{Category, Column, FieldKind, FrameError, Rows, State, StateError};

use crate::error::PrepareError;
use crate::recipe::PrepareContext;
use crate::report::{PrepareReport, What};
use crate::step::{Outcome, Place, Step, StepCard, Transform, mismatch};
use crate::steps::formulas::{FORMULAS, Formula, Part, find};
use crate::table::{Described, Table, UNSEEN};

pub(crate) const KIND: &str = "engineer";

/// The column that [`with_time`] adds: nanoseconds since 1970-01-01 UTC.
pub const TIME_COLUMN: &str = "timestamp";

pub(crate) const CARD: StepCard = StepCard {
    id: "engineer",
    syntax: "engineer[=NAME:NAME…]",
    summary: "Adds ratios, differences, pairs of categories, hour of day and weekend, all or \
              those named, where the columns they need are there; takes the time column away.",
    source: "flow features of UNSW-NB15, NSL-KDD and CICFlowMeter",
    parse: |parts| {
        for name in parts {
            if !FORMULAS.iter().any(|formula| formula.name == *name) {
                let known: Vec<&str> = FORMULAS.iter().map(|formula| formula.name).collect();
                return Err(format!("`{name}` must be one of {}", known.join(", ")));
            }
        }
        Ok(Box::new(Engineering { names: parts.iter().map(|&part| part.to_owned()).collect() }))
    },
};

/// The rows with their times as a last column, for the `engineer` step, which turns it into hour
/// and weekend.
///
/// Errors if there is such a column already, or times are of another number than rows.
pub fn with_time(rows: &Rows, time: &[i64]) -> Result<Rows, FrameError> {
    let mut columns = rows.clone().into_columns();
    let time = Column::numeric(time.iter().map(|&time| time as f64).collect());
    columns.push((TIME_COLUMN.to_owned(), time));
    Rows::new(columns)
}

/// Names of formulas; none is all.
#[derive(Debug)]
struct Engineering {
    names: Vec<String>,
}

impl Step for Engineering {
    fn text(&self) -> String {
        match self.names.as_slice() {
            [] => KIND.to_owned(),
            names => format!("engineer={}", names.join(":")),
        }
    }

    fn takes_time(&self) -> bool {
        self.names.is_empty()
            || self.names.iter().any(|name| name == "hour" || name == "is_weekend")
    }

    fn fit(&self, table: &Table, _: &PrepareContext<'_>) -> Result<Outcome, PrepareError> {
        let wanted = |formula: &&Formula| {
            self.names.is_empty() || self.names.iter().any(|n| n == formula.name)
        };
        let mut columns = Vec::new();
        for formula in FORMULAS.iter().filter(wanted) {
            let Some(inputs) = find(formula, &table.fields) else { continue };
            let pairs = match (formula.part, inputs.as_slice()) {
                (Part::Pair, &[a, b]) => Pairs::fit(&table.columns[a], &table.columns[b]),
                _ => Pairs::default(),
            };
            columns.push(Engineered { formula, inputs, pairs });
        }
        Ok(Outcome::Transform(Box::new(Engineer { columns })))
    }
}

/// The columns to add.
#[derive(Debug)]
pub(crate) struct Engineer {
    columns: Vec<Engineered>,
}

#[derive(Debug)]
struct Engineered {
    formula: &'static Formula,
    /// Positions of the columns that the formula takes.
    inputs: Vec<usize>,
    /// For a pair of categories.
    pairs: Pairs,
}

/// The pairs of values that occur in training rows.
#[derive(Debug, Default)]
struct Pairs {
    /// Codes of both parts with the code of the pair, sorted.
    codes: Vec<(u32, u32, u32)>,
    /// Sorted.
    values: Arc<Vec<String>>,
}

impl Pairs {
    fn fit(a: &Column, b: &Column) -> Self {
        let (Column::Category(a), Column::Category(b)) = (a, b) else { return Self::default() };
        let mut pairs: Vec<(u32, u32)> =
            a.codes.iter().copied().zip(b.codes.iter().copied()).collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs.retain(|&(a, b)| a != Category::MISSING && b != Category::MISSING);
        let text =
            |&(x, y): &(u32, u32)| format!("{}_{}", a.values[x as usize], b.values[y as usize]);
        let texts: Vec<String> = pairs.iter().map(text).collect();
        let mut values = texts.clone();
        values.sort_unstable();
        values.dedup();
        let code = |text: &String| values.binary_search(text).map_or(UNSEEN, |at| at as u32);
        let codes = pairs.iter().zip(&texts).map(|(&(x, y), text)| (x, y, code(text))).collect();
        Self { codes, values: Arc::new(values) }
    }

    fn code(&self, a: u32, b: u32) -> u32 {
        if a == Category::MISSING || b == Category::MISSING {
            return Category::MISSING;
        }
        let found = self.codes.binary_search_by_key(&(a, b), |&(a, b, _)| (a, b));
        found.map_or(UNSEEN, |at| self.codes[at].2)
    }

    fn save(&self, state: &mut State) {
        state.put_u32s("first", self.codes.iter().map(|pair| pair.0).collect());
        state.put_u32s("second", self.codes.iter().map(|pair| pair.1).collect());
        state.put_u32s("pair", self.codes.iter().map(|pair| pair.2).collect());
        state.put_texts("values", self.values.as_ref().clone());
    }

    fn load(state: &State) -> Result<Self, StateError> {
        let (first, second) = (state.u32s("first")?, state.u32s("second")?);
        let pair = state.u32s("pair")?;
        let values = state.texts("values")?.to_vec();
        let codes: Vec<(u32, u32, u32)> =
            first.iter().zip(second).zip(pair).map(|((&a, &b), &pair)| (a, b, pair)).collect();
        let valid = first.len() == second.len()
            && first.len() == pair.len()
            && codes.is_sorted()
            && pair.iter().all(|&code| (code as usize) < values.len());
        if valid {
            Ok(Self { codes, values: Arc::new(values) })
        } else {
            Err(StateError::invalid("pair", "sorted pairs of known values"))
        }
    }
}

impl Engineer {
    pub(crate) fn load(state: &State) -> Result<Self, StateError> {
        let mut columns = Vec::new();
        for state in state.states("columns")? {
            let name = state.text("name")?;
            let formula = FORMULAS
                .iter()
                .find(|formula| formula.name == name)
                .ok_or_else(|| StateError::invalid("name", "a formula that this version knows"))?;
            let inputs = state.u32s("inputs")?.iter().map(|&at| at as usize).collect();
            columns.push(Engineered { formula, inputs, pairs: Pairs::load(state)? });
        }
        Ok(Self { columns })
    }
}

impl Transform for Engineer {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn outputs(&self, fields: &[Described]) -> Result<Vec<Described>, StateError> {
        let mut outputs: Vec<Described> =
            fields.iter().filter(|field| field.name != TIME_COLUMN).cloned().collect();
        for column in &self.columns {
            let mut sources = Vec::new();
            let pair = column.formula.part == Part::Pair;
            if column.inputs.len() != column.formula.inputs.len() {
                return Err(mismatch("inputs"));
            }
            for &at in &column.inputs {
                let field = fields.get(at).filter(|field| field.is_numeric() != pair);
                sources.extend(&field.ok_or_else(|| mismatch("inputs"))?.sources);
            }
            sources.sort_unstable();
            sources.dedup();
            let kind = if pair {
                FieldKind::Category(column.pairs.values.clone())
            } else {
                FieldKind::Numeric
            };
            outputs.push(Described { name: column.formula.name.to_owned(), kind, sources });
        }
        Ok(outputs)
    }

    fn needs(&self, inputs: &[Described], wanted: &[bool]) -> Vec<bool> {
        let (passed, added) = wanted.split_at(wanted.len() - self.columns.len());
        let mut passed = passed.iter();
        let passes = |input: &Described| {
            input.name != TIME_COLUMN && passed.next().copied().unwrap_or_default()
        };
        let mut needs: Vec<bool> = inputs.iter().map(passes).collect();
        for (column, _) in self.columns.iter().zip(added).filter(|(_, wanted)| **wanted) {
            for &at in &column.inputs {
                needs[at] = true;
            }
        }
        needs
    }

    fn apply(
        &self,
        place: &Place<'_>,
        columns: Vec<Column>,
        len: usize,
        report: &mut PrepareReport,
    ) -> Vec<Column> {
        let added = &place.wanted[place.wanted.len() - self.columns.len()..];
        let compute = |(engineered, &wanted): (&Engineered, &bool)| {
            if !wanted {
                return engineered.unwanted(len);
            }
            let inputs: Vec<&Column> = engineered.inputs.iter().map(|&at| &columns[at]).collect();
            engineered.compute(&inputs, len)
        };
        let parallel = len * self.columns.len() >= 1 << 14;
        let added: Vec<(Column, u64)> = if parallel {
            self.columns.par_iter().zip(added).map(compute).collect()
        } else {
            self.columns.iter().zip(added).map(compute).collect()
        };
        let stays =
            |(field, column): (&Described, Column)| (field.name != TIME_COLUMN).then_some(column);
        let mut columns: Vec<Column> = place.inputs.iter().zip(columns).filter_map(stays).collect();
        for (engineered, (column, unseen)) in self.columns.iter().zip(added) {
            report.count(engineered.formula.name, What::Unseen, unseen);
            columns.push(column);
        }
        columns
    }

    fn describe(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.formula.name).collect();
        match names.len() {
            0 => "no engineered column: the columns they need are not there".to_owned(),
            count => format!("{count} engineered columns: {}", names.join(", ")),
        }
    }

    fn save(&self) -> State {
        let mut state = State::new();
        let columns = self.columns.iter().map(|column| {
            let mut state = State::new();
            state.put_text("name", column.formula.name);
            state.put_u32s("inputs", column.inputs.iter().map(|&at| at as u32).collect());
            column.pairs.save(&mut state);
            state
        });
        state.put_states("columns", columns.collect());
        state
    }
}

impl Engineered {
    /// A column in the place of one on which nothing depends.
    fn unwanted(&self, len: usize) -> (Column, u64) {
        let column = if self.formula.part == Part::Pair {
            let codes = Arc::new(vec![Category::MISSING; len]);
            Column::Category(Category { codes, values: self.pairs.values.clone() })
        } else {
            Column::numeric(vec![0.0; len])
        };
        (column, 0)
    }

    /// The column, with the number of pairs that training rows do not have.
    fn compute(&self, inputs: &[&Column], len: usize) -> (Column, u64) {
        if let (Part::Pair, [Column::Category(a), Column::Category(b)]) =
            (self.formula.part, inputs)
        {
            let pair = |(&a, &b): (&u32, &u32)| self.pairs.code(a, b);
            let codes: Vec<u32> = a.codes.iter().zip(b.codes.iter()).map(pair).collect();
            let unseen = codes.iter().filter(|&&code| code == UNSEEN).count() as u64;
            let values = self.pairs.values.clone();
            return (Column::Category(Category { codes: Arc::new(codes), values }), unseen);
        }
        let numbers: Vec<&[f64]> = inputs
            .iter()
            .map(|column| match column {
                Column::Numeric(values) => values.as_slice(),
                Column::Category(_) => &[],
            })
            .collect();
        let mut row = vec![0.0; numbers.len()];
        let value = |at: usize| {
            for (own, column) in row.iter_mut().zip(&numbers) {
                *own = column.get(at).copied().unwrap_or(f64::NAN);
            }
            self.formula.part.number(&row)
        };
        (Column::numeric((0..len).map(value).collect()), 0)
    }
}
