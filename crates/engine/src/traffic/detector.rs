//! The flow detector: a model over a feature set gives each flow its verdict.

use std::sync::Arc;

use tripline_core::verdict::{Reason, Verdict};
use tripline_features::flow::{FlowBatch, SETS, SetCard};

use super::response::{NO_ACTION, UNKNOWN_ACTION, UNKNOWN_IMPACT, response, risk, severity};
use crate::error::EngineError;
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
    categories: Vec<Arc<str>>,
}

impl FlowDetector {
    /// Finds the set that gives all columns of the model; errors name what the nearest one lacks.
    pub fn new(model: Model) -> Result<Self, EngineError> {
        let set = set_of(&model)?;
        let name = format!("{}:{}", model.card().id, short(&model)).into();
        let classes = model.classes().unwrap_or_default();
        let categories = classes.iter().map(|class| class.as_str().into()).collect();
        Ok(Self { model, set, name, categories })
    }

    /// Identifier of the model with its version.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
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
        if settings.reasons > 0 && !alerts.is_empty() && self.model.detector().explain().is_some() {
            let rows = batch.rows.select(&alerts);
            let (prepared, _) = self.model.prepare(&rows)?;
            let attributions = self.model.attributions(&rows, None, None)?;
            let folded = self.model.fold(attributions)?;
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
        // The most probable class may be benign while all attacks together reach the threshold.
        let category = match class {
            Some(0) if attack => None,
            Some(class) => self.categories.get(class).cloned(),
            None => None,
        };
        let known = category.as_deref().and_then(response);
        let risk = risk(probability, known.map_or(UNKNOWN_IMPACT, |known| known.impact));
        Verdict {
            attack,
            technique: known.filter(|_| attack).map(|known| known.technique),
            category,
            probability,
            risk,
            severity: severity(attack, risk),
            action: match (attack, known) {
                (false, _) => NO_ACTION,
                (true, Some(known)) => known.action,
                (true, None) => UNKNOWN_ACTION,
            },
            reasons: Vec::new(),
            model: self.name.clone(),
        }
    }
}

/// The first set that has all columns of the model.
///
/// # Errors
/// No set has them; what the nearest one lacks is named.
pub fn set_of(model: &Model) -> Result<&'static SetCard, EngineError> {
    let mut nearest: Option<(&'static SetCard, Vec<String>)> = None;
    for &set in SETS {
        let columns = (set.columns)();
        let lacking: Vec<String> = model
            .input()
            .names()
            .filter(|name| !columns.iter().any(|column| column.name == *name))
            .map(str::to_owned)
            .collect();
        if lacking.is_empty() {
            return Ok(set);
        }
        if nearest.as_ref().is_none_or(|(_, fewest)| lacking.len() < fewest.len()) {
            nearest = Some((set, lacking));
        }
    }
    let (set, lacking) = nearest.map_or(("none", Vec::new()), |(set, lacking)| (set.id, lacking));
    let named = lacking.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if lacking.len() > 5 { ", …" } else { "" };
    Err(EngineError::NoFeatureSet { model: model.name(), set, lacking: format!("{named}{more}") })
}

/// The first digits of the fingerprint of the training data: a version that a reader can compare.
fn short(model: &Model) -> String {
    let sources = &model.provenance().sources;
    let train = sources.iter().find(|(part, _)| part == "train").map(|(_, source)| &source.sha256);
    match train {
        Some(sha256) if sha256.len() >= 8 => sha256[..8].to_owned(),
        _ => "unknown".to_owned(),
    }
}
