//! The fitted detector that all tree methods share: a forest read as a score.

use std::sync::OnceLock;

use tripline_core::{
    Card, Classes, Detector, Explain, Frame, Importance, Link, LoadError, Schema, ScoreError,
    State, StateError, math,
};

use super::forest::Forest;
use super::score::Scorer;
use super::shap::Edges;

/// How the outputs of a forest become a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    /// One output: the log-odds of an attack, which is the score.
    Logit,
    /// A margin for each class; the score is the log-odds of not being benign.
    Softmax,
    /// One output, the probability of an attack, or a probability for each class; the score is the
    /// probability of not being benign.
    Probability,
    /// One output, the mean path length E[h]; the score is 2^(−E[h] / `typical`)
    /// (Liu et al. 2008, eq. 2).
    PathLength {
        /// c(ψ): the mean path length of an unsuccessful search among ψ rows.
        typical: f64,
    },
    /// One output, which is the score and has an order alone.
    Rank,
}

impl Reading {
    /// What the score means.
    pub fn link(self) -> Link {
        match self {
            Self::Logit | Self::Softmax => Link::Logit,
            Self::Probability => Link::Probability,
            Self::PathLength { .. } | Self::Rank => Link::Rank,
        }
    }

    /// The score of one row's outputs; finite for finite outputs.
    pub fn score(self, outputs: &[f64]) -> f64 {
        match self {
            Self::Logit | Self::Rank => outputs[0],
            Self::Softmax => log_odds_of_rest(outputs),
            Self::Probability if outputs.len() == 1 => outputs[0].clamp(0.0, 1.0),
            Self::Probability => (1.0 - outputs[0]).clamp(0.0, 1.0),
            Self::PathLength { typical } => math::pow(2.0, -outputs[0] / typical),
        }
    }

    /// The class probabilities of one row's outputs, in place of them; needs an output per class.
    fn probabilities(self, outputs: &mut [f64]) {
        if self == Self::Softmax {
            math::softmax(outputs);
            return;
        }
        let sum: f64 = outputs.iter().sum();
        outputs.iter_mut().for_each(|p| *p /= sum);
    }

    fn save(self, state: &mut State) {
        let name = match self {
            Self::Logit => "logit",
            Self::Softmax => "softmax",
            Self::Probability => "probability",
            Self::PathLength { typical } => {
                state.put_f64("typical_path", typical);
                "path-length"
            }
            Self::Rank => "rank",
        };
        state.put_text("reading", name);
    }

    fn load(state: &State) -> Result<Self, StateError> {
        Ok(match state.text("reading")? {
            "logit" => Self::Logit,
            "softmax" => Self::Softmax,
            "probability" => Self::Probability,
            "path-length" => {
                let typical = state.f64("typical_path")?;
                if !(typical.is_finite() && typical > 0.0) {
                    return Err(StateError::invalid("typical_path", "above 0"));
                }
                Self::PathLength { typical }
            }
            "rank" => Self::Rank,
            _ => {
                let known = "`logit`, `softmax`, `probability`, `path-length` or `rank`";
                return Err(StateError::invalid("reading", known));
            }
        })
    }
}

/// A forest with its columns, read as a score.
#[derive(Debug, Clone)]
pub struct TreeModel {
    /// The card of the method that made the forest.
    pub card: &'static Card,
    /// The columns, with the categories they had in training.
    pub schema: Schema,
    /// The trees.
    pub forest: Forest,
    /// How outputs become a score.
    pub reading: Reading,
    /// Class names, the first benign, if the forest has an output for each class; else empty.
    pub classes: Vec<String>,
    /// ROC AUC over training rows of the trees that did not see them (attack against benign), if
    /// it was asked for.
    pub out_of_bag: Option<f64>,
    /// The forest compiled for scoring, when it was first needed.
    scorer: OnceLock<Scorer>,
    /// Of each output the tests of its trees, when they were first needed.
    edges: Vec<OnceLock<Option<Edges>>>,
}

impl TreeModel {
    /// A detector from its parts; the forest must be valid (see [`Forest::check`]), as wide as the
    /// schema, with outputs that fit the reading. `classes` is empty or names each output.
    pub fn new(
        card: &'static Card,
        schema: Schema,
        forest: Forest,
        reading: Reading,
        classes: Vec<String>,
    ) -> Self {
        let edges = vec![OnceLock::new(); forest.outputs];
        let (out_of_bag, scorer) = (None, OnceLock::new());
        Self { card, schema, forest, reading, classes, out_of_bag, scorer, edges }
    }

    /// The forest's outputs, row-major (n × outputs).
    pub fn outputs(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let aligned = self.schema.align(frame.rows()?)?;
        let mut all = vec![0.0; aligned.len * self.forest.outputs];
        self.scorer().score_rows(&aligned, &mut all);
        Ok(all)
    }

    /// The forest compiled for scoring.
    pub fn scorer(&self) -> &Scorer {
        self.scorer.get_or_init(|| Scorer::new(&self.forest))
    }

    /// The tests of all trees that touch an output; none if there are too many to keep.
    pub(super) fn edges(&self, output: usize) -> Option<&Edges> {
        let edges = self.edges.get(output)?;
        edges.get_or_init(|| Edges::new(&self.forest, output)).as_ref()
    }

    /// From what [`Detector::save`] gave, for the card whose model it is.
    pub fn load(card: &'static Card, state: &State) -> Result<Self, LoadError> {
        let schema = Schema::load(state.state("schema")?)?;
        let forest = Forest::load(state.state("forest")?)?;
        let reading = Reading::load(state)?;
        let classes = state.texts("classes")?.to_vec();
        if forest.width != schema.len() {
            return Err(StateError::invalid("forest", "as wide as the schema").into());
        }
        let per_class = !classes.is_empty();
        if per_class && classes.len() != forest.outputs {
            return Err(StateError::invalid("classes", "a name for each output").into());
        }
        let single = match reading {
            Reading::Softmax => false,
            Reading::Probability => !per_class,
            Reading::Logit | Reading::PathLength { .. } | Reading::Rank => true,
        };
        if single == per_class || (single && forest.outputs != 1) {
            return Err(StateError::invalid("reading", "one that fits the outputs").into());
        }
        let out_of_bag =
            if state.has("out_of_bag") { Some(state.f64("out_of_bag")?) } else { None };
        let mut model = Self::new(card, schema, forest, reading, classes);
        model.out_of_bag = out_of_bag;
        Ok(model)
    }
}

impl Detector for TreeModel {
    fn card(&self) -> &'static Card {
        self.card
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let outputs = self.outputs(frame)?;
        Ok(outputs.chunks_exact(self.forest.outputs).map(|row| self.reading.score(row)).collect())
    }

    fn link(&self) -> Link {
        self.reading.link()
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        state.put_state("forest", self.forest.save());
        state.put_texts("classes", self.classes.clone());
        self.reading.save(&mut state);
        if let Some(out_of_bag) = self.out_of_bag {
            state.put_f64("out_of_bag", out_of_bag);
        }
        state
    }

    fn classes(&self) -> Option<&dyn Classes> {
        if self.classes.is_empty() { None } else { Some(self) }
    }

    fn explain(&self) -> Option<&dyn Explain> {
        Some(self)
    }

    fn importance(&self) -> Option<&dyn Importance> {
        Some(self)
    }
}

impl Classes for TreeModel {
    fn names(&self) -> &[String] {
        &self.classes
    }

    fn probabilities(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let mut outputs = self.outputs(frame)?;
        outputs
            .chunks_exact_mut(self.forest.outputs)
            .for_each(|row| self.reading.probabilities(row));
        Ok(outputs)
    }
}

impl Importance for TreeModel {
    fn importance(&self) -> Vec<f64> {
        self.forest.importance()
    }
}

/// ln((1 − p₀) / p₀) of the softmax of margins, without cancellation.
fn log_odds_of_rest(margins: &[f64]) -> f64 {
    let Some((benign, rest)) = margins.split_first() else { return 0.0 };
    let largest = rest.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
    if largest == f64::NEG_INFINITY {
        return 0.0;
    }
    let sum: f64 = rest.iter().map(|margin| math::exp(margin - largest)).sum();
    largest + math::ln(sum) - benign
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_odds_of_the_rest_do_not_cancel() {
        // numpy 2.x: log((exp(1) + exp(2)) / exp(0.5))
        assert!((log_odds_of_rest(&[0.5, 1.0, 2.0]) - 1.813_261_687_518_222_6).abs() < 1e-14);
        assert_eq!(log_odds_of_rest(&[900.0, 0.0]), -900.0);
    }
}
