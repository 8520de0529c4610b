//! Voting: members' scores, brought to one scale, become one score.
//!
//! Sources: Kittler et al. 1998, On combining classifiers (mean, maximum, median, majority); Aggarwal
//! & Sathe 2015, Theoretical foundations and algorithms for outlier ensembles (scores of anomaly
//! detectors brought to one scale first). Every scale and every threshold is fitted to scores of
//! rows that the member was not fitted to; then each member is fitted to all rows.

use tripline_core::{
    Abilities, Card, Detector, Estimator, Family, FitContext, FitError, Frame, Input, LoadError,
    MissingPolicy, ParamError, ParamSpec, ParamValue, Params, Range, Register, Shape, State,
    Supervision, Task,
};

use super::combine::{Combine, shares, vote_threshold};
use super::folds::{self, Holding};
use super::held_out::{held_out, seed_of};
use super::member::{Member, members};
use super::part::{Fits, Part};
use super::scale::{Normalise, Scale};
use super::voting_model::{Voter, VotingModel};

/// Voting.
pub static CARD: Card = Card {
    id: "voting",
    name: "Voting",
    family: Family::Ensembles,
    summary: "Scores of several detectors, brought to one scale, become one.",
    source: "Kittler et al. 1998; Aggarwal & Sathe 2015",
    cost: "fit (folds + 1) times that of the members, score and memory their sum",
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
    build: |params, register| Ok(Box::new(Voting::new(params, register)?)),
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
        name: "combine",
        doc: "`soft` is the weighted mean of probabilities, `hard` the weighted share of members \
              above their own threshold, `average` the weighted mean of normalised scores, \
              `maximum` and `median` of these do not depend on weights.",
        default: ParamValue::Static("soft"),
        range: Range::Choice(Combine::NAMES),
        search: Some(Range::Choice(Combine::NAMES)),
    },
    ParamSpec {
        name: "normalise",
        doc: "How scores are brought to one scale: `probability` by Platt's sigmoid (the rank where \
              no attack is known), `link` takes the member's own probability where it has one, `rank` the share of benign rows that score lower, `z_score` in \
              standard deviations of benign rows, `tail` −ln of the share of benign rows that score \
              at least as high. `soft` takes one of the first three; `hard` takes none of it.",
        default: ParamValue::Static("probability"),
        range: Range::Choice(Normalise::NAMES),
        search: None,
    },
    ParamSpec {
        name: "weights",
        doc: "A weight above 0 for each member, such as `2,1,1`; none means equal weights.",
        default: ParamValue::Static(""),
        range: Range::Text,
        search: None,
    },
    folds::COUNT,
    folds::BY,
    ParamSpec {
        name: "fpr",
        doc: "Share of held-out benign rows above the threshold of a member that votes (`hard`).",
        default: ParamValue::Float(0.01),
        range: Range::Float { min: 0.0, max: 0.5, log: false },
        search: None,
    },
];

pub(crate) struct Voting {
    members: Vec<Member>,
    /// Weights as shares of 1.
    shares: Vec<f64>,
    combine: Combine,
    normalise: Normalise,
    holding: Holding,
    fpr: f64,
}

impl Voting {
    pub(crate) fn new(params: &Params, register: &Register) -> Result<Self, ParamError> {
        let refused =
            |name: &str, reason: String| ParamError::Conflict { name: name.to_owned(), reason };
        let members = members("members", params.text("members"), register)?;
        let shares = shares(
            &weights(params.text("weights"), members.len())
                .map_err(|reason| refused("weights", reason))?,
        );
        let combine = Combine::from_name(params.text("combine"))
            .map_err(|error| refused("combine", error.to_string()))?;
        let normalise = Normalise::from_name(params.text("normalise"));
        if combine == Combine::Soft && matches!(normalise, Normalise::ZScore | Normalise::Tail) {
            let reason = "`soft` takes `probability`, `link` or `rank`; for others use `average`";
            return Err(refused("normalise", reason.to_owned()));
        }
        let (holding, fpr) = (Holding::new(params), params.float("fpr"));
        Ok(Self { members, shares, combine, normalise, holding, fpr })
    }

    /// Errors unless classes can be told apart as asked.
    fn check_task(&self, part: &Part) -> Result<(), FitError> {
        let refused = |name: &str, reason: &str| {
            Err(FitError::Param { name: name.to_owned(), reason: reason.to_owned() })
        };
        if part.task == Task::Binary {
            return Ok(());
        }
        if self.combine != Combine::Soft || self.normalise == Normalise::Rank {
            let reason = "classes are told apart by `soft` with `probability` or `link` alone";
            return refused("combine", reason);
        }
        if !self.members.iter().any(|member| member.card.abilities.multiclass) {
            return refused("members", "none of them tells classes apart");
        }
        Ok(())
    }
}

/// A weight for each of `count` members.
fn weights(text: &str, count: usize) -> Result<Vec<f64>, String> {
    if text.trim().is_empty() {
        return Ok(vec![1.0; count]);
    }
    let weights: Option<Vec<f64>> = text
        .split([',', ':'])
        .map(|weight| weight.trim().parse().ok().filter(|w: &f64| (1e-9..=1e9).contains(w)))
        .collect();
    match weights {
        Some(weights) if weights.len() == count => Ok(weights),
        _ => Err(format!("{count} numbers from 1e-9 to 1e9 are wanted, got `{text}`")),
    }
}

impl Estimator for Voting {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError> {
        let part = Part::new(frame, context)?;
        self.check_task(&part)?;
        let folds = self.holding.folds(&part.rows, part.labels.as_ref(), context.seed)?;
        Ok(Box::new(self.fit_over(&part, &folds, context)?))
    }
}

impl Voting {
    /// Fits with these folds.
    pub(crate) fn fit_over(
        &self,
        part: &Part,
        folds: &[Vec<usize>],
        context: &FitContext<'_>,
    ) -> Result<VotingModel, FitError> {
        let attacks = part.attacks();
        let benign = part.benign();
        let mut fits = Fits::new(context.progress, self.members.len() * (folds.len() + 1));
        let mut voters = Vec::with_capacity(self.members.len());
        for (number, member) in self.members.iter().enumerate() {
            let seed = seed_of(context.seed, number);
            let held = held_out(member, part, folds, seed, &mut fits)?;
            let scale = Scale::fit(
                self.normalise,
                held.member.detector.link(),
                &held.scores,
                attacks.as_deref(),
                part.weights.as_deref(),
            )?;
            let of = |values: &[f64]| benign.iter().map(|&row| values[row]).collect::<Vec<f64>>();
            let weights = part.weights.as_deref().map(of);
            let threshold = vote_threshold(&of(&held.scores), weights.as_deref(), self.fpr);
            voters.push(Voter { member: held.member, scale, threshold });
        }
        let classes = match (&part.labels, part.task) {
            (Some(labels), Task::Multiclass) => labels.classes().as_ref().clone(),
            _ => Vec::new(),
        };
        Ok(VotingModel {
            schema: part.rows.schema().as_ref().clone(),
            voters,
            shares: self.shares.clone(),
            combine: self.combine,
            // Without attacks there is no probability, but a mean share of benign rows.
            probability: self.combine == Combine::Soft
                && self.normalise != Normalise::Rank
                && attacks.is_some(),
            classes,
        })
    }
}

fn load(state: &State, register: &Register) -> Result<Box<dyn Detector>, LoadError> {
    Ok(Box::new(VotingModel::load(state, register)?))
}
