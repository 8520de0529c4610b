//! Local outlier factor: how much sparser a row's surroundings are than those of its neighbours.
//!
//! Source: Breunig, Kriegel, Ng & Sander 2000. The k-distance of a row is that to its k-th
//! neighbour; the reachability distance from o (their definition 5) is the larger one of the distance
//! with o's k-distance; the local reachability density (6) is the inverse of its mean over the
//! neighbours, to which 1e-10 is added as in scikit-learn, so that rows with k equal ones have a
//! density; the factor (7) is the mean of the neighbours' densities over the row's own. About 1 is
//! usual. Where several rows are as far as the k-th, those that appear first are neighbours.
//!
//! New rows are scored by the rows learnt (scikit-learn's `novelty=True`): a row that was learnt
//! then has itself as its nearest neighbour. The ability to find outliers leaves it out.

use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input, Link,
    LoadError, MissingPolicy, Outliers, ParamSpec, Params, Rows, Schema, ScoreError, Shape, State,
    StateError, Supervision,
};

use super::index::{Index, Settings, load_wanted};
use super::nearest::Neighbour;
use super::params;
use crate::table::{load_numeric_schema, numeric_schema};

/// The card of the local outlier factor.
pub static CARD: Card = Card {
    id: "lof",
    name: "Local outlier factor",
    family: Family::Neighbours,
    summary: "Rows whose surroundings are sparser than those of their neighbours.",
    source: "Breunig, Kriegel, Ng & Sander 2000",
    cost: "fit from O(n · (d + k) · log n) to O(n² · d), as columns depend on each other, score an n-th \
           of it a row; memory O(n · (d + k))",
    shape: Shape::Rows,
    input: Input::Scaled,
    supervision: Supervision::Benign,
    missing: MissingPolicy::Reject,
    abilities: Abilities {
        multiclass: false,
        weights: false,
        explain: false,
        importance: false,
        online: false,
        outliers: true,
        early_stopping: false,
    },
    params: PARAMS,
    exemptions: &[],
    build: |params, _| Ok(Box::new(Lof::new(params))),
    load: |state, _| load(state),
};

const PARAMS: &[ParamSpec] = &[params::n_neighbors(20), params::METRIC, params::EXACT_ROWS];

/// What scikit-learn adds to a mean distance: k equal rows have a density of 1e10.
const LEAST_DISTANCE: f64 = 1e-10;

struct Lof {
    n_neighbors: usize,
    settings: Settings,
}

/// What is known of the rows among each other.
struct Learnt {
    schema: Schema,
    index: Index,
    n_neighbors: usize,
    /// Of each point the distance to its last neighbour.
    reach: Vec<f64>,
    /// Of each point the local reachability density.
    densities: Vec<f64>,
}

impl Learnt {
    /// Local reachability density by the neighbours.
    fn density(&self, found: &[Neighbour]) -> f64 {
        density(found, &self.reach, self.n_neighbors)
    }

    /// The factor of a row with this density and these neighbours.
    fn factor(&self, found: &[Neighbour], density: f64) -> f64 {
        let around = |one: &Neighbour| f64::from(one.times) * self.densities[one.point as usize];
        found.iter().map(around).sum::<f64>() / self.n_neighbors as f64 / density
    }
}

fn density(found: &[Neighbour], reach: &[f64], n_neighbors: usize) -> f64 {
    let reached = |one: &Neighbour| {
        let own = reach[one.point as usize];
        f64::from(one.times) * if one.distance > own { one.distance } else { own }
    };
    let mean = found.iter().map(reached).sum::<f64>() / n_neighbors as f64;
    1.0 / (mean + LEAST_DISTANCE)
}

impl Lof {
    fn new(params: &Params) -> Self {
        Self { n_neighbors: params.count("n_neighbors"), settings: params::settings(params) }
    }

    /// What is known of the rows, the neighbours of each point, the point of each row.
    #[allow(clippy::type_complexity)]
    fn learn(
        &self,
        rows: &Rows,
        context: &FitContext<'_>,
    ) -> Result<(Learnt, Vec<Vec<Neighbour>>, Vec<u32>), FitError> {
        let schema = numeric_schema(rows)?;
        let n_neighbors = params::neighbours(self.n_neighbors, rows.len(), context)?;
        let (index, point_of_row) = Index::new(&schema, rows, self.settings, context)?;
        let lists = index.among(n_neighbors, <[Neighbour]>::to_vec, context)?;
        let reach: Vec<f64> =
            lists.iter().map(|list| list.last().map_or(0.0, |last| last.distance)).collect();
        let densities = lists.iter().map(|list| density(list, &reach, n_neighbors)).collect();
        Ok((Learnt { schema, index, n_neighbors, reach, densities }, lists, point_of_row))
    }
}

impl Estimator for Lof {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let (learnt, ..) = self.learn(frame.rows()?, context)?;
        Ok(Box::new(learnt))
    }

    fn outliers(&self) -> Option<&dyn Outliers> {
        Some(self)
    }
}

impl Outliers for Lof {
    fn outlier_scores(
        &self,
        frame: &Frame,
        context: &FitContext<'_>,
    ) -> Result<Vec<f64>, FitError> {
        let (learnt, lists, point_of_row) = self.learn(frame.rows()?, context)?;
        let factors: Vec<f64> = lists
            .iter()
            .zip(&learnt.densities)
            .map(|(list, &density)| learnt.factor(list, density))
            .collect();
        Ok(point_of_row.iter().map(|&point| factors[point as usize]).collect())
    }
}

impl Detector for Learnt {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let factor = |found: &[Neighbour]| self.factor(found, self.density(found));
        self.index.score(&self.schema, frame, self.n_neighbors, factor)
    }

    fn link(&self) -> Link {
        Link::Rank
    }

    fn notes(&self) -> Vec<String> {
        params::notes(self.n_neighbors, self.index.rows())
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        state.put_i64("n_neighbors", self.n_neighbors as i64);
        state.put_f64s("reach", self.reach.clone());
        state.put_f64s("densities", self.densities.clone());
        self.index.save(&mut state);
        state
    }
}

fn load(state: &State) -> Result<Box<dyn Detector>, LoadError> {
    let schema = load_numeric_schema(state)?;
    let index = Index::load(state, schema.len())?;
    let n_neighbors = load_wanted(state, index.rows())?;
    let numbers = |name: &str, least: f64, largest: f64| -> Result<Vec<f64>, StateError> {
        let numbers = state.f64s(name)?;
        let valid = |number: &f64| (least..=largest).contains(number);
        if numbers.len() == index.points() && numbers.iter().all(valid) {
            Ok(numbers.to_vec())
        } else {
            Err(StateError::invalid(name, "a number in range for each point"))
        }
    };
    // The ranges of distances between numbers of at most 1e150: sums of them fit a number.
    let reach = numbers("reach", 0.0, 1e165)?;
    let densities = numbers("densities", 1e-165, 1.0 / LEAST_DISTANCE)?;
    Ok(Box::new(Learnt { schema, index, n_neighbors, reach, densities }))
}
