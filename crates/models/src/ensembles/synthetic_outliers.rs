//! Synthetic outliers: a classifier learns benign rows against attacks, known and made up.
//!
//! Sources: Hastie, Tibshirani & Friedman 2009, The Elements of Statistical Learning, section 14.2.4
//! (density estimation as a supervised problem); Shi & Horvath 2006, Unsupervised learning with
//! random forest predictors (rows whose columns are drawn from the margins). A synthetic row is a
//! training row, of either class, in which each cell is swapped with probability `swap` for that of
//! a row drawn at random; it is labelled an attack. So what no benign row looks like scores high
//! though no known attack looks like it either, while a classifier of known attacks alone gives such
//! rows whatever leaf they happen to fall into. `swap=1` is Shi & Horvath's draw from the product of
//! the margins; a smaller one keeps synthetic rows near the data, where the boundary lies.
//!
//! Without labels all training rows count as benign: the score then rises with the density of
//! swapped rows over that of benign ones.

use tripline_core::{
    Abilities, Card, Column, Detector, Estimator, Family, FitContext, FitError, Frame, Input,
    Labels, Link, LoadError, MissingPolicy, ParamError, ParamSpec, ParamValue, Params, Range,
    Register, Rng, Rows, Schema, ScoreError, Shape, State, StateError, Supervision, Task,
};

use super::held_out::seed_of;
use super::member::{FittedMember, Member, check_columns, member};
use super::part::{Fits, Part};

/// Synthetic outliers.
pub static CARD: Card = Card {
    id: "synthetic_outliers",
    name: "Synthetic outliers",
    family: Family::Ensembles,
    summary: "A classifier of benign rows against attacks and rows with swapped cells.",
    source: "Hastie, Tibshirani & Friedman 2009, section 14.2.4; Shi & Horvath 2006",
    cost: "fit and score draws times those of the base, over (1 + share) times the rows",
    shape: Shape::Rows,
    input: Input::Mixed,
    supervision: Supervision::Optional,
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
    build: |params, register| Ok(Box::new(SyntheticOutliers::new(params, register)?)),
    load,
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "base",
        doc: "The classifier, as `detector[preparation](name=value,…)`; preparation and parameters \
              may be left out.",
        default: ParamValue::Static("gradient_boosting(n_estimators=100)"),
        range: Range::Text,
        search: None,
    },
    ParamSpec {
        name: "n_estimators",
        doc: "Number of classifiers, each against synthetic rows of its own; the score is their \
              mean.",
        default: ParamValue::Int(3),
        range: Range::Int { min: 1, max: 100, log: true },
        search: Some(Range::Int { min: 1, max: 10, log: true }),
    },
    ParamSpec {
        name: "share",
        doc: "Synthetic rows for each training row.",
        default: ParamValue::Float(0.3),
        range: Range::Float { min: 0.001, max: 10.0, log: true },
        search: Some(Range::Float { min: 0.1, max: 1.0, log: true }),
    },
    ParamSpec {
        name: "swap",
        doc: "Probability that a cell of a synthetic row comes from another row.",
        default: ParamValue::Float(0.3),
        range: Range::Float { min: 0.001, max: 1.0, log: false },
        search: Some(Range::Float { min: 0.1, max: 1.0, log: false }),
    },
];

struct SyntheticOutliers {
    base: Member,
    n_estimators: usize,
    share: f64,
    swap: f64,
}

/// Classifiers, each fitted against synthetic rows of its own.
struct SyntheticOutliersModel {
    schema: Schema,
    members: Vec<FittedMember>,
}

impl SyntheticOutliers {
    fn new(params: &Params, register: &Register) -> Result<Self, ParamError> {
        let base = member("base", params.text("base"), register)?;
        if base.card.supervision != Supervision::Supervised {
            let reason = format!(
                "`{}` does not learn from attacks; a detector that does is needed",
                base.card.id
            );
            return Err(ParamError::Conflict { name: "base".to_owned(), reason });
        }
        Ok(Self {
            base,
            n_estimators: params.count("n_estimators"),
            share: params.float("share"),
            swap: params.float("swap"),
        })
    }

    /// The training rows with synthetic ones behind them; both kinds of attack are one class.
    fn with_synthetic(&self, part: &Part, rng: &mut Rng) -> Result<Part, FitError> {
        let rows = part.rows.len();
        let made = ((rows as f64 * self.share).round() as usize).max(1);
        let start: Vec<usize> = (0..made).map(|_| rng.index(rows)).collect();
        let mut columns: Vec<Column> = Vec::with_capacity(part.rows.width());
        let mut index: Vec<usize> = (0..rows).chain(start.iter().copied()).collect();
        for column in part.rows.columns() {
            for (at, &start) in index[rows..].iter_mut().zip(&start) {
                *at = if rng.unit() < self.swap { rng.index(rows) } else { start };
            }
            columns.push(column.select(&index));
        }
        let mut attacks = part.attacks().unwrap_or_else(|| vec![false; rows]);
        attacks.resize(rows + made, true);
        Ok(Part {
            rows: Rows::with_schema(part.rows.schema().clone(), columns, rows + made)?,
            labels: Some(Labels::binary(&attacks)),
            weights: None,
            task: Task::Binary,
        })
    }
}

impl Estimator for SyntheticOutliers {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let part = Part::new(frame, context)?;
        let mut fits = Fits::new(context.progress, self.n_estimators);
        let mut members = Vec::with_capacity(self.n_estimators);
        for number in 0..self.n_estimators {
            fits.go_on()?;
            let seed = seed_of(context.seed, number);
            let mixed = self.with_synthetic(&part, &mut Rng::new(seed))?;
            let mut fitted = self.base.fit(&mixed, seed, &fits.quiet())?;
            fitted.label = format!("{} {}", self.base.label, number + 1);
            members.push(fitted);
            fits.step();
        }
        let schema = part.rows.schema().as_ref().clone();
        Ok(Box::new(SyntheticOutliersModel { schema, members }))
    }
}

impl Detector for SyntheticOutliersModel {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let rows = frame.rows()?;
        check_columns(&self.schema, rows)?;
        let mut mean = vec![0.0; rows.len()];
        for member in &self.members {
            // Divided first: a sum of huge scores stays finite.
            let share = self.members.len() as f64;
            for (mean, score) in mean.iter_mut().zip(member.score(rows)?) {
                *mean += score / share;
            }
        }
        Ok(mean)
    }

    /// Synthetic rows shift what the classifier takes for the share of attacks.
    fn link(&self) -> Link {
        Link::Rank
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        state.put_states("members", self.members.iter().map(FittedMember::save).collect());
        state
    }
}

fn load(state: &State, register: &Register) -> Result<Box<dyn Detector>, LoadError> {
    let schema = Schema::load(state.state("schema")?)?;
    let entries = state.states("members")?;
    if entries.is_empty() {
        return Err(StateError::invalid("members", "one at least").into());
    }
    let members: Result<Vec<FittedMember>, LoadError> =
        entries.iter().map(|entry| FittedMember::load(entry, &schema, register)).collect();
    Ok(Box::new(SyntheticOutliersModel { schema, members: members? }))
}
