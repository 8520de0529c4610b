//! Distance to the nearest rows learnt: largest, mean or median of k.
//!
//! Sources: Ramaswamy, Rastogi & Shim 2000 (the k-th distance); Angiulli & Pizzuti 2002 (all k of
//! them). Names and numbers are those of PyOD's `KNN`. Equal distances count in the order in which
//! rows first appear; it makes no difference to any of the three.

use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input, Link,
    LoadError, MissingPolicy, Outliers, ParamSpec, ParamValue, Params, Range, Schema, ScoreError,
    Shape, State, StateError, Supervision,
};

use super::index::{Index, Settings, load_wanted};
use super::nearest::Neighbour;
use super::params;
use crate::table::{load_numeric_schema, numeric_schema};

/// The card of the distance to the nearest rows.
pub static CARD: Card = Card {
    id: "knn",
    name: "k nearest neighbours",
    family: Family::Neighbours,
    summary: "Rows far from the rows nearest to them.",
    source: "Ramaswamy, Rastogi & Shim 2000; Angiulli & Pizzuti 2002",
    cost: "fit O(n · d · log n); score from O(d · log n) to O(n · d) a row, as columns depend on each \
           other; memory O(n · d)",
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
    build: |params, _| Ok(Box::new(Knn::new(params))),
    load: |state, _| load(state),
};

const PARAMS: &[ParamSpec] = &[
    params::n_neighbors(5),
    ParamSpec {
        name: "method",
        doc: "What is told of the distances to the neighbours.",
        default: ParamValue::Static("largest"),
        range: Range::Choice(&["largest", "mean", "median"]),
        search: Some(Range::Choice(&["largest", "mean", "median"])),
    },
    params::METRIC,
    params::EXACT_ROWS,
];

/// What is told of the distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Largest,
    Mean,
    Median,
}

impl Method {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "largest" => Some(Self::Largest),
            "mean" => Some(Self::Mean),
            "median" => Some(Self::Median),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Largest => "largest",
            Self::Mean => "mean",
            Self::Median => "median",
        }
    }

    fn of(self, found: &[Neighbour]) -> f64 {
        let rows: usize = found.iter().map(|one| one.times as usize).sum();
        match self {
            Self::Largest => found.last().map_or(0.0, |last| last.distance),
            Self::Mean => {
                let sum: f64 = found.iter().map(|one| f64::from(one.times) * one.distance).sum();
                sum / rows.max(1) as f64
            }
            Self::Median => {
                let at = |row: usize| distance_at(found, row);
                if rows % 2 == 1 { at(rows / 2) } else { (at(rows / 2 - 1) + at(rows / 2)) / 2.0 }
            }
        }
    }
}

/// The distance of the neighbour at a place, each counted as often as it is one.
fn distance_at(found: &[Neighbour], row: usize) -> f64 {
    let mut before = 0;
    for one in found {
        before += one.times as usize;
        if row < before {
            return one.distance;
        }
    }
    0.0
}

struct Knn {
    n_neighbors: usize,
    method: Method,
    settings: Settings,
}

struct Fitted {
    schema: Schema,
    index: Index,
    n_neighbors: usize,
    method: Method,
}

impl Knn {
    fn new(params: &Params) -> Self {
        Self {
            n_neighbors: params.count("n_neighbors"),
            method: Method::from_name(params.text("method")).unwrap_or(Method::Largest),
            settings: params::settings(params),
        }
    }
}

impl Estimator for Knn {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let rows = frame.rows()?;
        let schema = numeric_schema(rows)?;
        let n_neighbors = params::neighbours(self.n_neighbors, rows.len(), context)?;
        let (index, _) = Index::new(&schema, rows, self.settings, context)?;
        Ok(Box::new(Fitted { schema, index, n_neighbors, method: self.method }))
    }

    fn outliers(&self) -> Option<&dyn Outliers> {
        Some(self)
    }
}

impl Outliers for Knn {
    fn outlier_scores(
        &self,
        frame: &Frame,
        context: &FitContext<'_>,
    ) -> Result<Vec<f64>, FitError> {
        let rows = frame.rows()?;
        let schema = numeric_schema(rows)?;
        let n_neighbors = params::neighbours(self.n_neighbors, rows.len(), context)?;
        let (index, point_of_row) = Index::new(&schema, rows, self.settings, context)?;
        let scores = index.among(n_neighbors, |found| self.method.of(found), context)?;
        Ok(point_of_row.iter().map(|&point| scores[point as usize]).collect())
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
        self.index.score(&self.schema, frame, self.n_neighbors, |found| self.method.of(found))
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
        state.put_text("method", self.method.name());
        self.index.save(&mut state);
        state
    }
}

fn load(state: &State) -> Result<Box<dyn Detector>, LoadError> {
    let schema = load_numeric_schema(state)?;
    let method = Method::from_name(state.text("method")?)
        .ok_or_else(|| StateError::invalid("method", "a method of the card"))?;
    let index = Index::load(state, schema.len())?;
    let n_neighbors = load_wanted(state, index.rows())?;
    Ok(Box::new(Fitted { schema, index, n_neighbors, method }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_neighbours_count_as_often_as_they_are() {
        let one = |distance, times| Neighbour { distance, point: 0, times };
        // By hand: 1, 1, 1, 4.
        let found = [one(1.0, 3), one(4.0, 1)];
        let told = [Method::Largest, Method::Mean, Method::Median].map(|m| m.of(&found));
        assert_eq!(told, [4.0, 1.75, 1.0]);
        // 1, 3: between the two.
        assert_eq!(Method::Median.of(&[one(1.0, 1), one(3.0, 1)]), 2.0);
        assert_eq!(Method::Median.of(&[one(1.0, 1), one(3.0, 2)]), 3.0);
    }
}
