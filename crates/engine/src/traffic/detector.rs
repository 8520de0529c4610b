//! The flow detector: a model over a feature set gives each flow its verdict.

use std::sync::Arc;

use tripline_core::verdict::{Reason, Verdict};
use tripline_features::flow::{FlowBatch, SETS, SetCard};

use super::response::{Categories, Judged};
use crate::attribution::{self, Attributed};
use crate::error::EngineError;
use crate::explain::ExplainSettings;
use crate::model::{Model, Verdicts};

/// What judging is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JudgeSettings {
    /// Reasons told for each alert; 0 tells none.
    pub reasons: usize,
    /// A flow is an alert when its probability reaches this; `None` takes the model's threshold.
    pub min_score: Option<f64>,
}

impl Default for JudgeSettings {
    fn default() -> Self {
        Self { reasons: 3, min_score: None }
    }
}

/// A model over the columns of a feature set.
#[derive(Debug)]
pub struct FlowDetector {
    model: Model,
    set: &'static SetCard,
    name: Arc<str>,
    categories: Categories,
}

impl FlowDetector {
    /// Finds the set that gives all columns of the model; errors name what the nearest one lacks.
    pub fn new(model: Model) -> Result<Self, EngineError> {
        let set = set_of(&model)?;
        Ok(Self::with(model, set))
    }

    /// The same over a set that the user names; errors name what it lacks.
    pub fn over(model: Model, set: &'static SetCard) -> Result<Self, EngineError> {
        match lacking(&model, set).as_slice() {
            [] => Ok(Self::with(model, set)),
            lacking => Err(no_set(&model, set.id, lacking)),
        }
    }

    fn with(model: Model, set: &'static SetCard) -> Self {
        let name = format!("{}:{}", model.card().id, model.version()).into();
        let categories = Categories::of(&model);
        Self { model, set, name, categories }
    }

    /// Identifier of the model with its version.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Takes another threshold of the raw score, from which on a flow is an alert.
    pub fn set_threshold(&mut self, raw: f64) {
        self.model.decision.threshold = raw;
        "set by hand".clone_into(&mut self.model.decision.rule);
    }

    /// The set whose columns it reads.
    pub fn set(&self) -> &'static SetCard {
        self.set
    }

    /// Columns of the model that this set cannot compute as the published data have them.
    pub fn unfaithful(&self) -> Vec<&'static str> {
        let columns = (self.set.columns)();
        let out = columns.iter().filter(|column| !column.in_models).map(|column| column.name);
        out.filter(|name| self.model.input().position(name).is_some()).collect()
    }

    /// A verdict for each flow; only alerts carry reasons.
    pub fn judge(
        &self,
        batch: &FlowBatch,
        settings: &JudgeSettings,
    ) -> Result<Vec<Verdict>, EngineError> {
        if batch.flows.is_empty() {
            return Ok(Vec::new());
        }
        let scored = self.model.score(&batch.rows)?;
        let mut verdicts: Vec<Verdict> =
            (0..batch.flows.len()).map(|row| self.verdict(&scored, row, settings)).collect();
        let alerts: Vec<usize> = (0..verdicts.len()).filter(|&row| verdicts[row].attack).collect();
        let explains =
            self.model.detector().explain().is_some() || self.model.background().is_some();
        if settings.reasons > 0 && !alerts.is_empty() && explains {
            let rows = batch.rows.select(&alerts);
            let (prepared, _) = self.model.prepare(&rows)?;
            let how =
                ExplainSettings { kernel: attribution::quick(), ..ExplainSettings::default() };
            let Attributed { attributions, method } = self.model.attributed(&rows, &how)?;
            let folded = self.model.fold(attributions, method)?;
            for (index, &row) in alerts.iter().enumerate() {
                let explained = tripline_assess::explain::explain_row(
                    &folded,
                    index,
                    row,
                    &rows,
                    Some(&prepared),
                    self.model.typical(),
                );
                verdicts[row].reasons = explained
                    .reasons
                    .into_iter()
                    .filter(|reason| reason.effect > 0.0)
                    .take(settings.reasons)
                    .map(|reason| Reason {
                        feature: reason.feature.into(),
                        value: reason.value,
                        contribution: reason.effect,
                        text: reason.text,
                    })
                    .collect();
            }
        }
        Ok(verdicts)
    }

    fn verdict(&self, scored: &Verdicts, row: usize, settings: &JudgeSettings) -> Verdict {
        let probability = scored.probability[row];
        let attack = match settings.min_score {
            Some(least) => probability >= least,
            None => scored.alert[row],
        };
        let class = scored.class.as_ref().map(|class| class[row] as usize);
        let Judged { category, technique, risk, severity, action } =
            self.categories.judged(attack, probability, class);
        Verdict {
            attack,
            category,
            probability,
            risk,
            severity,
            technique,
            action,
            reasons: Vec::new(),
            model: self.name.clone(),
        }
    }
}

/// The set that has all columns of the model: that of its training data, else the first.
///
/// # Errors
/// No set has them; what the nearest one lacks is named.
pub fn set_of(model: &Model) -> Result<&'static SetCard, EngineError> {
    let mut nearest: Option<(&'static SetCard, Vec<String>)> = None;
    // Sets may have the same columns: first comes that of the training data.
    let trained = trained_on(model);
    for &set in SETS.iter().filter(|set| Some(set.id) == trained).chain(SETS) {
        let lacking = lacking(model, set);
        if lacking.is_empty() {
            return Ok(set);
        }
        if nearest.as_ref().is_none_or(|(_, fewest)| lacking.len() < fewest.len()) {
            nearest = Some((set, lacking));
        }
    }
    let (set, lacking) = nearest.map_or(("none", Vec::new()), |(set, lacking)| (set.id, lacking));
    Err(no_set(model, set, &lacking))
}

/// Columns of the model that the set does not have.
fn lacking(model: &Model, set: &SetCard) -> Vec<String> {
    let columns = (set.columns)();
    let known = |name: &str| columns.iter().any(|column| column.name == name);
    model.input().names().filter(|name| !known(name)).map(str::to_owned).collect()
}

fn no_set(model: &Model, set: &'static str, lacking: &[String]) -> EngineError {
    let named = lacking.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if lacking.len() > 5 { ", …" } else { "" };
    EngineError::NoFeatureSet { model: model.name(), set, lacking: format!("{named}{more}") }
}

/// The set that the training data are of, where they say so.
fn trained_on(model: &Model) -> Option<&str> {
    let sources = &model.provenance().sources;
    let (_, train) = sources.iter().find(|(part, _)| part == "train")?;
    match train.layout.as_str() {
        // The published capture has every packet twice.
        "unsw-nb15" | "unsw-nb15-raw" => Some("unsw_nb15_csv"),
        layout => layout.strip_prefix("flows:"),
    }
}
