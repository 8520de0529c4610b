//! A search made ready: its rows, folds and plan, with what follows when it has ended.

use tripline_assess::evaluate::{Evaluation, evaluate};
use tripline_assess::protocol::{self, Protocol, Split};
use tripline_assess::tune::{Outcome, Space, Study, StudyPlan, Trial};
use tripline_core::{Card, Dataset, Progress};

use super::header::StudyHeader;
use super::settings::{TuneSettings, pruner_name, sampler_name};
use crate::error::EngineError;
use crate::fit::{Plan, task_name};
use crate::judging::{self, Clearance};
use crate::register;
use crate::settings::{JudgingSettings, TrainingSettings};
use crate::train::{Training, describe, train};
use crate::trainer::PlanTrainer;
use crate::weights;

/// A search made ready for one detector on one data set.
#[derive(Debug)]
pub struct Tuner<'a> {
    pub(super) card: &'static Card,
    pub(super) settings: &'a TrainingSettings,
    pub(super) judging: &'a JudgingSettings,
    pub(super) tune: &'a TuneSettings,
    pub(super) seed: u64,
    /// The rows that are searched on.
    pub(super) data: Dataset,
    pub(super) splits: Vec<Split>,
    all: &'a Dataset,
    held_out: Option<Split>,
    clearance: Clearance,
    plan: StudyPlan,
}

/// The chosen trial on rows that had no say in choosing it.
#[derive(Debug)]
pub struct HeldOut {
    /// Figures of the chosen parameters.
    pub tuned: Evaluation,
    /// Figures of the parameters that the search began with.
    pub untuned: Evaluation,
    /// Rows held out.
    pub rows: usize,
}

impl<'a> Tuner<'a> {
    /// Checks what is asked, lets the guard judge the protocol, parts the rows.
    pub fn new(
        id: &str,
        data: &'a Dataset,
        settings: &'a TrainingSettings,
        judging: &'a JudgingSettings,
        tune: &'a TuneSettings,
        seed: u64,
    ) -> Result<Self, EngineError> {
        let card = register::trainable_card(id)?;
        let space = check(id, settings, judging, tune)?;
        let features = weights::without(data, settings.weights.as_deref())?;
        let clearance = judging::clear(&features, None, judging)?;
        let held_out = match tune.holdout {
            None => None,
            Some(share) => Some(hold_out(&clearance.protocol, &features, share, seed)?),
        };
        let (rows, features) = match &held_out {
            None => (data.clone(), features),
            Some(split) => (data.select(&split.train), features.select(&split.train)),
        };
        let splits = clearance.protocol.splits(&features, seed)?;
        let given = register::params(card, settings.params_of(card.id))?;
        let defaults: Vec<_> = given.iter().map(|(n, v)| (n.to_owned(), v.clone())).collect();
        // What an ensemble's members begin with stands in its text alone.
        let whole = space.dimensions().iter().all(|one| defaults.iter().any(|d| d.0 == one.name));
        let plan = StudyPlan {
            first: whole.then(|| space.nearest(&defaults)),
            space,
            directions: tune.objectives.iter().map(|one| one.direction()).collect(),
            sampler: tune.sampler,
            pruner: tune.pruner(),
            seed,
            parallel: tune.parallel,
        };
        let tuner = Self {
            card,
            settings,
            judging,
            tune,
            seed,
            data: rows,
            splits,
            all: data,
            held_out,
            clearance,
            plan,
        };
        Ok(tuner)
    }

    /// A study without trials.
    pub fn study(&self) -> Study {
        Study::new(self.plan.clone())
    }

    /// The detector.
    pub fn card(&self) -> &'static Card {
        self.card
    }

    /// What the guard said, with the protocol.
    pub fn clearance(&self) -> &Clearance {
        &self.clearance
    }

    /// Rows that the search sees, with the number of folds that judge them.
    pub fn sizes(&self) -> (usize, usize) {
        (self.data.len(), self.splits.len())
    }

    /// What the study is of.
    pub fn header(&self) -> StudyHeader {
        let Self { settings, judging, tune, .. } = self;
        let source = &self.all.source;
        let classes = match &self.all.labels {
            Some(labels) => {
                let counted = labels.classes().iter().zip(labels.counts());
                counted
                    .map(|(name, count)| format!("{name} {count}"))
                    .collect::<Vec<_>>()
                    .join(", ")
            }
            None => String::new(),
        };
        let space: Vec<String> = self
            .plan
            .space
            .dimensions()
            .iter()
            .map(|dimension| format!("{}={}", dimension.name, dimension.domain))
            .collect();
        let mut given = settings.params_of(self.card.id).to_vec();
        given.sort();
        let given: Vec<String> =
            given.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let objectives: Vec<&str> =
            tune.objectives.iter().map(|objective| objective.id()).collect();
        let text = |text: &dyn std::fmt::Display| text.to_string();
        let or = |value: Option<String>, other: &str| value.unwrap_or_else(|| other.to_owned());
        StudyHeader {
            program: concat!("tripline ", env!("CARGO_PKG_VERSION")).to_owned(),
            fields: vec![
                ("data", format!("sha256 {}", source.sha256)),
                ("rows", text(&self.all.len())),
                ("columns", text(&self.all.rows.width())),
                ("classes", classes),
                ("model", self.card.id.to_owned()),
                ("parameters", given.join(" ")),
                ("space", space.join(" ")),
                ("objective", objectives.join(",")),
                ("protocol", describe(&self.clearance.protocol)),
                ("holdout", or(tune.holdout.map(|share| text(&share)), "none")),
                ("prepare", or(settings.recipe.as_ref().map(|recipe| text(recipe)), "default")),
                ("task", task_name(settings.task).to_owned()),
                ("weights", or(settings.weights.clone(), "none")),
                (
                    "calibration",
                    or(settings.calibration.map(|kind| kind.name().to_owned()), "default"),
                ),
                ("validation", text(&settings.validation)),
                ("threshold", text(&settings.threshold)),
                ("events_per_day", text(&judging.events_per_day)),
                ("base_rate", text(&judging.base_rate)),
                ("sampler", sampler_name(&self.plan.sampler).to_owned()),
                ("pruner", pruner_name(&self.plan.pruner).to_owned()),
                ("parallel", text(&self.plan.parallel)),
                ("seed", text(&self.seed)),
            ],
        }
    }

    /// The settings of training with the parameters at a point.
    pub(super) fn settings_at(&self, space: &Space, point: &[f64]) -> TrainingSettings {
        let mut settings = self.settings.clone();
        let values = space.values(point).into_iter().map(|(name, value)| (name, value.to_string()));
        settings.params.entry(self.card.id.to_owned()).or_default().extend(values);
        settings
    }

    /// The trial to go on with: the best one, or of a front the one best by the first objective.
    pub fn chosen<'s>(&self, study: &'s Study) -> Result<&'s Trial, EngineError> {
        study.best().first().copied().ok_or_else(|| {
            let failed = study.trials().iter().find_map(|trial| match &trial.outcome {
                Outcome::Failed(reason) => Some(reason.clone()),
                _ => None,
            });
            let reason = failed.unwrap_or_else(|| "none was run to its end".to_owned());
            EngineError::NoTrial { reason }
        })
    }

    /// The chosen trial beside the parameters that the search began with, trained on the rows that
    /// were searched on, judged on those held out; none if no rows were.
    pub fn judge_held_out(
        &self,
        chosen: &Trial,
        progress: &dyn Progress,
    ) -> Result<Option<HeldOut>, EngineError> {
        let Some(split) = &self.held_out else { return Ok(None) };
        let options = self.judging.options(self.seed);
        let judge = |settings: &TrainingSettings| {
            let plan = Plan::new(self.card.id, settings)?;
            let part = std::slice::from_ref(split);
            evaluate(&PlanTrainer::new(&plan), self.all, part, &options, progress)
                .map_err(EngineError::from)
        };
        Ok(Some(HeldOut {
            tuned: judge(&self.settings_at(&self.plan.space, &chosen.point))?,
            untuned: judge(self.settings)?,
            rows: split.test.len(),
        }))
    }

    /// A model with the chosen parameters, fitted to all rows, those held out included.
    pub fn train(&self, chosen: &Trial, progress: &dyn Progress) -> Result<Training, EngineError> {
        let settings = self.settings_at(&self.plan.space, &chosen.point);
        let judging = JudgingSettings { protocol: None, ..self.judging.clone() };
        train(self.card.id, self.all, None, &settings, &judging, self.seed, progress)
    }
}

/// Errors that need no data: a wrong name, parameter or range; gives the space.
fn check(
    id: &str,
    settings: &TrainingSettings,
    judging: &JudgingSettings,
    tune: &TuneSettings,
) -> Result<Space, EngineError> {
    tune.check()?;
    let plan = Plan::new(id, settings)?;
    if judging.protocol == Some(Protocol::Official) {
        return Err(EngineError::Setting {
            name: "protocol",
            expected: "one that parts the training rows: a test file has no say in tuning",
            got: Protocol::Official.to_string(),
        });
    }
    let card = plan.card();
    let fixed: Vec<String> =
        settings.params_of(card.id).iter().map(|(name, _)| name.clone()).collect();
    let members = register::member_search(card, plan.params());
    Space::of(card.params, &members, &tune.ranges, &fixed)
        .map_err(|source| EngineError::Space { model: card.id.to_owned(), source })
}

/// Rows that the search does not see: the last ones where the protocol goes by time, else whole
/// groups of equal rows.
fn hold_out(
    protocol: &Protocol,
    data: &Dataset,
    share: f64,
    seed: u64,
) -> Result<Split, EngineError> {
    if let Protocol::TimeOrdered { .. } = protocol {
        let splits = Protocol::TimeOrdered { test_share: share }.splits(data, seed)?;
        if let Some(split) = splits.into_iter().next() {
            return Ok(split);
        }
    }
    let parts = protocol::holdout(data, share, seed)?;
    Ok(Split {
        name: "held-out rows".to_owned(),
        train: parts.fit,
        test: parts.validation,
        test_family: None,
        repeated: 0,
    })
}
