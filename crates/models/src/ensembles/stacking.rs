//! Stacking: a final detector learns from what members say of rows that they were not fitted to.
//!
//! Source: Wolpert 1992, Stacked generalization; Breiman 1996. The final detector gets each
//! member's raw scores as a column, standardised (mean 0, deviation 1 over the held-out scores), or
//! where classes are told apart the member's probability of each class. Members that learn benign
//! rows are fitted to the benign rows of each fold's training part, and score all that it holds out.

use tripline_core::{
    Abilities, Card, Column, Detector, Estimator, Family, FitContext, FitError, Frame, Input,
    LoadError, MissingPolicy, ParamError, ParamSpec, ParamValue, Params, Range, Register, Shape,
    State, Supervision, Task,
};

use super::folds::{self, Holding};
use super::held_out::{held_out, seed_of};
use super::member::{Member, member, members};
use super::part::{Fits, Part};
use super::scale::Standard;
use super::stacking_model::{Layer, StackingModel, join};

/// Stacking.
pub static CARD: Card = Card {
    id: "stacking",
    name: "Stacking",
    family: Family::Ensembles,
    summary: "A final detector that learns from the held-out scores of several others.",
    source: "Wolpert 1992; Breiman 1996, Stacked regressions",
    cost: "fit (folds + 1) times that of the members, then the final one's; score their sum",
    shape: Shape::Rows,
    input: Input::Mixed,
    supervision: Supervision::Optional,
    missing: MissingPolicy::Native,
    abilities: Abilities {
        multiclass: true,
        weights: true,
        explain: false,
        importance: false,
        online: false,
        outliers: false,
        early_stopping: false,
    },
    params: PARAMS,
    exemptions: &[],
    build: |params, register| Ok(Box::new(Stacking::new(params, register)?)),
    load: |state, register| load(state, register),
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "members",
        doc: "Detectors with `+` between them, each `label:detector[preparation](name=value,…)`; \
              label, preparation and parameters may be left out. Supervised ones need labels; those \
              that learn benign rows get the benign rows.",
        default: ParamValue::Static("gradient_boosting+isolation_forest(n_estimators=100)"),
        range: Range::Text,
        search: None,
    },
    ParamSpec {
        name: "final",
        doc: "The detector that learns from the members' scores, in the same words; one that tells \
              classes apart if they are to be told apart.",
        default: ParamValue::Static("logistic_regression"),
        range: Range::Text,
        search: None,
    },
    ParamSpec {
        name: "passthrough",
        doc: "Whether the final detector gets the columns themselves, too.",
        default: ParamValue::Bool(false),
        range: Range::Bool,
        search: Some(Range::Bool),
    },
    folds::COUNT,
    folds::BY,
];

pub(crate) struct Stacking {
    members: Vec<Member>,
    last: Member,
    passthrough: bool,
    holding: Holding,
}

impl Stacking {
    pub(crate) fn new(params: &Params, register: &Register) -> Result<Self, ParamError> {
        let passthrough = params.bool("passthrough");
        let text = params.text("final");
        let mut last = member("final", text, register)?;
        if !passthrough {
            // Its columns are numbers on one scale already.
            last = last.without_default_preparation(text);
        }
        Ok(Self {
            members: members("members", params.text("members"), register)?,
            last,
            passthrough,
            holding: Holding::new(params),
        })
    }
}

impl Estimator for Stacking {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let part = Part::new(frame, context)?;
        if part.task == Task::Multiclass && !self.last.card.abilities.multiclass {
            let reason = format!("`{}` does not tell classes apart", self.last.card.id);
            return Err(FitError::Param { name: "final".to_owned(), reason });
        }
        let folds = self.holding.folds(&part.rows, part.labels.as_ref(), context.seed)?;
        Ok(Box::new(self.fit_over(&part, &folds, context)?))
    }
}

impl Stacking {
    /// Fits with these folds.
    pub(crate) fn fit_over(
        &self,
        part: &Part,
        folds: &[Vec<usize>],
        context: &FitContext<'_>,
    ) -> Result<StackingModel, FitError> {
        let mut fits = Fits::new(context.progress, self.members.len() * (folds.len() + 1) + 1);
        let mut layers: Vec<Layer> = Vec::with_capacity(self.members.len());
        let mut columns: Vec<(String, Column)> = Vec::new();
        for (number, member) in self.members.iter().enumerate() {
            let seed = seed_of(context.seed, number);
            let held = held_out(member, part, folds, seed, &mut fits)?;
            let standard = Standard::fit(&held.scores, part.weights.as_deref());
            let layer = Layer { member: held.member, standard };
            columns.extend(layer.columns(held.scores, held.probabilities));
            layers.push(layer);
        }
        let schema = part.rows.schema().as_ref().clone();
        let stacked = join(columns, self.passthrough.then_some((&schema, &part.rows)))?;
        fits.go_on()?;
        let seed = seed_of(context.seed, self.members.len());
        let last = self.last.fit(&part.with_rows(stacked), seed, &fits.quiet())?;
        fits.step();
        Ok(StackingModel { schema, layers, last, passthrough: self.passthrough })
    }
}

fn load(state: &State, register: &Register) -> Result<Box<dyn Detector>, LoadError> {
    Ok(Box::new(StackingModel::load(state, register)?))
}
