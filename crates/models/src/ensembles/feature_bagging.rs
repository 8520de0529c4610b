//! Feature bagging: the same detector over random halves of the columns.
//!
//! Source: Lazarevic & Kumar 2005, Feature bagging for outlier detection. Each of the detectors gets
//! a number of columns drawn uniformly from ⌊d/2⌋ to d − 1, then so many columns without repetition.
//! Their scores become ranks among the benign rows, learnt from scores of rows that the detector was
//! not fitted to; the mean or the largest of the ranks is the score. What the paper calls breadth
//! first is the maximum of ranks, its cumulative sum the average.

use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input, Link,
    LoadError, MissingPolicy, ParamError, ParamSpec, ParamValue, Params, Range, Register, Rng,
    Rows, Schema, ScoreError, Shape, State, StateError, Supervision, Task,
};

use super::combine::{Combine, shares};
use super::folds::folds;
use super::held_out::{held_out, seed_of};
use super::member::{FittedMember, Member, check_columns, member};
use super::part::{Fits, Part};
use super::scale::{Normalise, Scale};

/// Feature bagging.
pub static CARD: Card = Card {
    id: "feature_bagging",
    name: "Feature bagging",
    family: Family::Ensembles,
    summary: "The same detector over many random halves of the columns.",
    source: "Lazarevic & Kumar 2005",
    cost: "fit estimators · (folds + 1) times that of the base over half of the columns",
    shape: Shape::Rows,
    input: Input::Mixed,
    supervision: Supervision::Optional,
    missing: MissingPolicy::Native,
    abilities: Abilities {
        multiclass: false,
        weights: true,
        explain: false,
        importance: false,
        online: false,
        outliers: false,
        early_stopping: false,
    },
    params: PARAMS,
    exemptions: &[],
    build: |params, register| Ok(Box::new(FeatureBagging::new(params, register)?)),
    load: |state, register| load(state, register),
};

const COMBINE: &[&str] = &["average", "maximum"];

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "base",
        doc: "The detector, as `detector[preparation](name=value,…)`; preparation and parameters may \
              be left out.",
        default: ParamValue::Static("isolation_forest(n_estimators=20)"),
        range: Range::Text,
        search: None,
    },
    ParamSpec {
        name: "n_estimators",
        doc: "Number of such detectors, each over columns of its own.",
        default: ParamValue::Int(10),
        range: Range::Int { min: 1, max: 1000, log: true },
        search: Some(Range::Int { min: 5, max: 50, log: true }),
    },
    ParamSpec {
        name: "combine",
        doc: "`average` is the mean of their ranks, `maximum` the largest.",
        default: ParamValue::Static("average"),
        range: Range::Choice(COMBINE),
        search: Some(Range::Choice(COMBINE)),
    },
    ParamSpec {
        name: "folds",
        doc: "Parts of the training rows, each scored by detectors fitted to the others, for the \
              ranks; rows with equal cells share one.",
        default: ParamValue::Int(2),
        range: Range::Int { min: 2, max: 100, log: false },
        search: None,
    },
];

struct FeatureBagging {
    base: Member,
    n_estimators: usize,
    combine: Combine,
    folds: usize,
}

/// Detectors over columns of their own, with their ranks.
struct FeatureBaggingModel {
    schema: Schema,
    bags: Vec<(FittedMember, Scale)>,
    combine: Combine,
}

impl FeatureBagging {
    fn new(params: &Params, register: &Register) -> Result<Self, ParamError> {
        let combine = Combine::from_name(params.text("combine")).map_err(|error| {
            ParamError::Conflict { name: "combine".to_owned(), reason: error.to_string() }
        })?;
        Ok(Self {
            base: member("base", params.text("base"), register)?,
            n_estimators: params.count("n_estimators"),
            combine,
            folds: params.count("folds"),
        })
    }
}

/// From ⌊d/2⌋ to d − 1 of d columns, rising; the only one of one.
fn half(width: usize, rng: &mut Rng) -> Vec<usize> {
    let least = (width / 2).max(1);
    let count = least + rng.index((width - 1).max(least) - least + 1);
    let mut columns = rng.sample(width, count);
    columns.sort_unstable();
    columns
}

impl Estimator for FeatureBagging {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let whole = Part { task: Task::Binary, ..Part::new(frame, context)? };
        let folds = folds(&whole.rows, whole.labels.as_ref(), self.folds, context.seed)?;
        let attacks = whole.attacks();
        let mut fits = Fits::new(context.progress, self.n_estimators * (folds.len() + 1));
        let names: Vec<&str> = whole.rows.schema().names().collect();
        let mut bags = Vec::with_capacity(self.n_estimators);
        for number in 0..self.n_estimators {
            let seed = seed_of(context.seed, number);
            let columns = half(names.len(), &mut Rng::new(seed));
            let chosen: Vec<&str> = columns.iter().map(|&at| names[at]).collect();
            let part = whole.with_rows(whole.rows.project(&chosen)?);
            let mut held = held_out(&self.base, &part, &folds, seed, &mut fits)?;
            let scale = Scale::fit(
                Normalise::Rank,
                held.member.detector.link(),
                &held.scores,
                attacks.as_deref(),
                whole.weights.as_deref(),
            )?;
            held.member.label = format!("{} {}", self.base.label, number + 1);
            bags.push((held.member, scale));
        }
        let schema = whole.rows.schema().as_ref().clone();
        Ok(Box::new(FeatureBaggingModel { schema, bags, combine: self.combine }))
    }
}

impl Detector for FeatureBaggingModel {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let rows: &Rows = frame.rows()?;
        check_columns(&self.schema, rows)?;
        let mut ranks = Vec::with_capacity(self.bags.len());
        for (member, scale) in &self.bags {
            let mut scores = member.score(rows)?;
            scores.iter_mut().for_each(|raw| *raw = scale.apply(*raw));
            ranks.push(scores);
        }
        Ok(self.combine.apply_all(&ranks, &shares(&vec![1.0; ranks.len()])))
    }

    fn link(&self) -> Link {
        Link::Rank
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        state.put_text("combine", self.combine.name());
        let bags = self.bags.iter().map(|(member, scale)| {
            let mut entry = State::new();
            entry.put_state("member", member.save());
            entry.put_state("scale", scale.save());
            entry
        });
        state.put_states("bags", bags.collect());
        state
    }
}

fn load(state: &State, register: &Register) -> Result<Box<dyn Detector>, LoadError> {
    let schema = Schema::load(state.state("schema")?)?;
    let combine = Combine::from_name(state.text("combine")?)?;
    let mut bags = Vec::new();
    for entry in state.states("bags")? {
        let member = FittedMember::load(entry.state("member")?, &schema, register)?;
        bags.push((member, Scale::load(entry.state("scale")?)?));
    }
    if bags.is_empty() {
        return Err(StateError::invalid("bags", "one at least").into());
    }
    Ok(Box::new(FeatureBaggingModel { schema, bags, combine }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_have_the_papers_sizes() {
        let mut rng = Rng::new(1);
        let mut sizes = [0; 12];
        for _ in 0..2000 {
            let columns = half(11, &mut rng);
            assert!(columns.windows(2).all(|pair| pair[0] < pair[1]) && columns[0] < 11);
            sizes[columns.len()] += 1;
        }
        assert!((5..=10).all(|size| sizes[size] > 200), "{sizes:?}");
        assert_eq!(sizes[..5].iter().chain(&sizes[11..]).sum::<i32>(), 0);
        assert_eq!(half(1, &mut rng), [0]);
        assert_eq!(half(2, &mut rng).len(), 1);
    }
}
