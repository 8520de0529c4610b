//! A detector that scores by quadratic forms of standardised columns, with exact Shapley values.
//!
//! Where absent columns are at the centre, z = 0, a coalition S is worth Σ P_ij z_i z_j over i, j
//! in S: a sum of games of one player, P_ii z_i², and of two, 2 P_ij z_i z_j, which both share
//! alike. Column i gets P_ii z_i² + Σ_{j≠i} P_ij z_i z_j = z_i (P z)_i. With a row b for absence,
//! u = z − b gives the value at b + 2 u'P b + u'P u: column i gets u_i (P (z + b))_i, and over a
//! background the mean of that.

use tripline_core::{
    Attributions, Card, Detector, Explain, ExplainError, ExplainMethod, ExplainOptions, Frame,
    Link, LoadError, Schema, ScoreError, State, StateError,
};

use super::additive::one_output;
use super::quadratic::Quadratic;
use super::standard::Standard;
use crate::table::{Table, load_numeric_schema};

/// How the forms make one score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Combine {
    /// Their sum.
    Sum,
    /// The root of their mean.
    Root,
    /// The root of the largest.
    Max,
}

impl Combine {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Root => "root",
            Self::Max => "max",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Sum, Self::Root, Self::Max].into_iter().find(|combine| combine.name() == name)
    }
}

/// Fitted forms.
#[derive(Clone)]
pub(super) struct QuadraticModel {
    pub(super) card: &'static Card,
    pub(super) schema: Schema,
    pub(super) standard: Standard,
    /// At least one.
    pub(super) forms: Vec<Quadratic>,
    pub(super) combine: Combine,
}

impl QuadraticModel {
    /// From a model file.
    pub(super) fn load(card: &'static Card, state: &State) -> Result<Self, LoadError> {
        let schema = load_numeric_schema(state)?;
        let standard = Standard::load(state, schema.len())?;
        let forms = state.states("forms")?.iter();
        let forms: Result<Vec<_>, _> = forms.map(|f| Quadratic::load(f, schema.len())).collect();
        let forms = forms?;
        if forms.is_empty() {
            return Err(StateError::invalid("forms", "at least one").into());
        }
        let combine = Combine::from_name(state.text("combine")?)
            .ok_or_else(|| StateError::invalid("combine", "`sum`, `root` or `max`"))?;
        Ok(Self { card, schema, standard, forms, combine })
    }

    /// What each form counts for in what is explained.
    fn share(&self) -> f64 {
        if self.combine == Combine::Root { 1.0 / self.forms.len() as f64 } else { 1.0 }
    }

    /// A standardised row.
    fn row(&self, table: &Table<'_>, row: usize) -> Vec<f64> {
        let columns = table.columns.iter().enumerate();
        columns.map(|(j, column)| self.standard.value(j, column[row])).collect()
    }
}

impl Detector for QuadraticModel {
    fn card(&self) -> &'static Card {
        self.card
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let table = Table::new::<ScoreError>(&self.schema, frame.rows()?)?;
        let share = self.share();
        Ok(self.standard.score(&table, |block, scores| {
            if self.combine == Combine::Max {
                let mut one = vec![0.0; scores.len()];
                for form in &self.forms {
                    one.fill(0.0);
                    form.add(block, &mut one);
                    scores
                        .iter_mut()
                        .zip(&one)
                        .for_each(|(score, value)| *score = score.max(*value));
                }
            } else {
                self.forms.iter().for_each(|form| form.add(block, scores));
            }
            if self.combine != Combine::Sum {
                scores.iter_mut().for_each(|score| *score = (*score * share).sqrt());
            }
        }))
    }

    fn link(&self) -> Link {
        Link::Rank
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        self.standard.save(&mut state);
        state.put_states("forms", self.forms.iter().map(Quadratic::save).collect());
        state.put_text("combine", self.combine.name());
        state
    }

    /// A sum has an exact split, and so has a mean before its root; the largest of several has not.
    fn explain(&self) -> Option<&dyn Explain> {
        (self.combine != Combine::Max || self.forms.len() == 1).then_some(self as &dyn Explain)
    }
}

impl Explain for QuadraticModel {
    /// In the unit of the squared distance, where the score is its root.
    fn attributions(
        &self,
        frame: &Frame,
        options: &ExplainOptions<'_>,
    ) -> Result<Attributions, ExplainError> {
        one_output(options)?;
        let table = Table::new::<ExplainError>(&self.schema, frame.rows()?)?;
        let usual = match options.method {
            ExplainMethod::PathDependent => Usual::centre(self.schema.len()),
            ExplainMethod::Interventional { background } => self.usual(background)?,
        };
        let width = self.schema.len();
        let share = self.share();
        let mut values = vec![0.0; table.len * width];
        let mut outputs = Vec::with_capacity(table.len);
        for (row, values) in values.chunks_exact_mut(width).enumerate() {
            let z = self.row(&table, row);
            for form in &self.forms {
                let (at_row, at_mean) = (form.gradient(&z), form.gradient(&usual.means));
                for (i, &column) in form.columns.iter().enumerate() {
                    let j = column as usize;
                    let mean = usual.means[j];
                    values[j] += share * (z[j] * (at_row[i] + at_mean[i]) - mean * at_row[i]);
                }
            }
            values.iter_mut().zip(&usual.parts).for_each(|(value, part)| *value -= part);
            outputs.push(usual.base + values.iter().sum::<f64>());
        }
        let features = self.schema.names().map(str::to_owned).collect();
        Ok(Attributions { features, base: usual.base, values, outputs, link: Link::Rank })
    }
}

/// What stands for an absent column.
struct Usual {
    /// Mean standardised row.
    means: Vec<f64>,
    /// Mean of b_i (P b)_i, in the unit explained.
    parts: Vec<f64>,
    /// Their sum: the mean output.
    base: f64,
}

impl Usual {
    fn centre(width: usize) -> Self {
        Self { means: vec![0.0; width], parts: vec![0.0; width], base: 0.0 }
    }
}

impl QuadraticModel {
    fn usual(&self, background: &Frame) -> Result<Usual, ExplainError> {
        let table = Table::new::<ExplainError>(&self.schema, background.rows()?)?;
        if table.len == 0 {
            return Err(ExplainError::EmptyBackground);
        }
        let mut usual = Usual::centre(self.schema.len());
        let rows = table.len as f64;
        let share = self.share() / rows;
        for row in 0..table.len {
            let z = self.row(&table, row);
            usual.means.iter_mut().zip(&z).for_each(|(mean, z)| *mean += z / rows);
            for form in &self.forms {
                for (&column, gradient) in form.columns.iter().zip(form.gradient(&z)) {
                    usual.parts[column as usize] += share * z[column as usize] * gradient;
                }
            }
        }
        usual.base = usual.parts.iter().sum();
        Ok(usual)
    }
}
