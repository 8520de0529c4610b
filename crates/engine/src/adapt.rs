//! Adapt: a stored model to a site's own data.

use tripline_assess::protocol;
use tripline_assess::threshold::{Threshold, ThresholdRule};
use tripline_core::{
    Card, Dataset, Detector, FitContext, FitError, Frame, Labels, Progress, Rows, Supervision, Task,
};
use tripline_models::calibration::{CalibrationError, Calibrator, CalibratorKind};

use crate::decision::Decision;
use crate::error::EngineError;
use crate::lineage::Ancestor;
use crate::model::Model;
use crate::register;

/// How a model is adapted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdaptSettings {
    /// How the threshold is chosen; none takes the model's own rule.
    pub threshold: Option<ThresholdRule>,
    /// Largest share of rows without labels that may alert at the model's own threshold.
    pub most_alerts: f64,
    /// Further rounds of boosting.
    pub rounds: usize,
    /// Share of labelled rows that is not learnt, for calibration and threshold.
    pub held_out: f64,
}

impl Default for AdaptSettings {
    fn default() -> Self {
        Self { threshold: None, most_alerts: 0.05, rounds: 50, held_out: 0.3 }
    }
}

/// An adapted model with what was done.
#[derive(Debug)]
pub struct Adaptation {
    /// The new model.
    pub model: Model,
    /// Rows read.
    pub rows: usize,
    /// Rows of them that the detector learnt.
    pub learnt: usize,
    /// Rows taken as benign that alert at the earlier threshold.
    pub alerts_before: usize,
    /// Rows taken as benign, without a label that says so.
    pub taken_as_benign: usize,
    /// The earlier threshold.
    pub threshold_before: f64,
    /// The threshold if the rows that alerted before were attacks all of them: the other end of
    /// what rows without labels leave open.
    pub threshold_if_attacks: Option<f64>,
    /// What changed, a sentence each.
    pub changed: Vec<String>,
}

/// Adapts a model to rows of the site where it is to stand.
///
/// Rows of both kinds with labels are learnt by a detector that can go on (boosting by further
/// trees, others by [`tripline_core::Online`]), except for those held out, which give calibration
/// and threshold. Benign rows alone, and rows without labels, which are taken as benign, give the
/// threshold, the calibration where that needs no attacks, and a detector that learns benign rows
/// learns half of them.
///
/// # Errors
/// More of the rows without labels alert than the settings allow; an imported model; a threshold
/// that these rows do not support.
pub fn adapt(
    model: &Model,
    data: &Dataset,
    settings: &AdaptSettings,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Adaptation, EngineError> {
    if model.preparer().is_none() {
        return Err(EngineError::Imported { model: model.name() });
    }
    let attacks = data
        .labels
        .as_ref()
        .map_or(0, |labels| labels.codes().iter().filter(|&&code| code != 0).count());
    let labelled = attacks > 0 && attacks < data.len();
    if attacks == data.len() && !data.is_empty() {
        let labels = data.labels.as_ref().ok_or_else(|| EngineError::no_labels(data))?;
        return Err(EngineError::OneClass {
            file: data.source.name.clone(),
            rows: data.len(),
            class: labels.class(0).to_owned(),
            benign: labels.classes().first().cloned().unwrap_or_default(),
        });
    }
    let before = model.score(&data.rows)?;
    let alerts = before.alert.iter().filter(|alert| **alert).count();
    let unlabelled = data.labels.is_none();
    if unlabelled && alerts as f64 > settings.most_alerts * data.len() as f64 {
        return Err(EngineError::TooManyAlerts {
            model: model.name(),
            file: data.source.name.clone(),
            alerts,
            rows: data.len(),
            limit: settings.most_alerts,
        });
    }
    let step = Step { model, settings, seed, progress };
    let mut changed = Vec::new();
    let (detector, held, learnt) = if labelled {
        step.learn_labelled(data, &mut changed)?
    } else {
        step.learn_benign(data, &mut changed)?
    };
    let mut next = model.copied()?;
    next.detector = detector;
    let rows = data.rows.select(&held);
    let raw = next.score(&rows)?.raw;
    let labels = match (&data.labels, labelled) {
        (Some(labels), true) => labels.select(&held).attacks(),
        _ => vec![false; held.len()],
    };
    let calibrator = recalibrated(model, &raw, &labels)
        .map_err(|source| EngineError::Calibration { model: model.name(), source })?;
    if let Some(calibrator) = calibrator {
        changed.push(format!("calibration refitted ({})", calibrator.kind().name()));
        next.calibrator = calibrator;
    } else {
        changed.push(format!(
            "calibration kept ({}): it needs attacks, and none are told",
            model.calibrator().kind().name()
        ));
    }
    let threshold = step.threshold(&raw, &labels)?;
    changed.push(format!(
        "threshold {} by {} (it was {})",
        threshold.value,
        threshold.rule,
        model.decision().threshold
    ));
    let quiet: Vec<f64> = held
        .iter()
        .zip(&raw)
        .filter(|(row, _)| !before.alert[**row])
        .map(|(_, &score)| score)
        .collect();
    let threshold_if_attacks = match unlabelled && quiet.len() < raw.len() {
        true => step.threshold(&quiet, &vec![false; quiet.len()]).ok().map(|chosen| chosen.value),
        false => None,
    };
    next.decision = Decision::from(threshold);
    let provenance = &mut next.provenance;
    provenance.lineage.push(Ancestor {
        digest: model.digest().unwrap_or_default(),
        program: provenance.program.clone(),
        data: data.source.name.clone(),
        data_sha256: data.source.sha256.clone(),
        rows: data.len() as u64,
        changed: changed.clone(),
    });
    provenance.program = concat!("tripline ", env!("CARGO_PKG_VERSION")).to_owned();
    provenance.sources.push(("adapt".to_owned(), data.source.as_ref().clone()));
    provenance.seed = seed;
    provenance.validation = "rows of the site that the detector did not learn".to_owned();
    provenance.validation_rows = held.len() as u64;
    provenance.fitted_rows += learnt as u64;
    // Figures of the earlier model are none of this one.
    provenance.metrics.clear();
    provenance.protocol.clear();
    Ok(Adaptation {
        model: next,
        rows: data.len(),
        learnt,
        alerts_before: if unlabelled { alerts } else { 0 },
        taken_as_benign: if data.labels.is_some() { 0 } else { data.len() },
        threshold_before: model.decision().threshold,
        threshold_if_attacks,
        changed,
    })
}

/// What all steps of one adaptation share.
struct Step<'a> {
    model: &'a Model,
    settings: &'a AdaptSettings,
    seed: u64,
    progress: &'a dyn Progress,
}

/// A detector, the rows that it did not learn, the number that it did.
type Learnt = (Box<dyn Detector>, Vec<usize>, usize);

impl Step<'_> {
    /// Learns labelled rows of both kinds but those held out.
    fn learn_labelled(
        &self,
        data: &Dataset,
        changed: &mut Vec<String>,
    ) -> Result<Learnt, EngineError> {
        let card = self.model.card();
        let split = protocol::holdout(data, self.settings.held_out, self.seed)?;
        let part = data.select(&split.fit);
        let labels = part.labels.as_ref().ok_or_else(|| EngineError::no_labels(data))?;
        let benign_alone = card.supervision == Supervision::Benign;
        let index: Vec<usize> =
            (0..part.len()).filter(|&row| !benign_alone || !labels.is_attack(row)).collect();
        let labels = labels.select(&index);
        let frame = self.frame(&part.rows.select(&index))?;
        if let Some(detector) = self.warm_started(card, &frame, &labels)? {
            changed.push(format!(
                "at most {} further rounds of boosting on {} rows",
                self.settings.rounds,
                index.len()
            ));
            return Ok((detector, split.validation, index.len()));
        }
        if card.abilities.online {
            let detector = self.online(&frame, Some(&labels))?;
            changed.push(format!("the detector went on learning from {} rows", index.len()));
            return Ok((detector, split.validation, index.len()));
        }
        changed.push(format!("the detector stays: {} does not learn from further rows", card.id));
        Ok((self.model.copied_detector()?, (0..data.len()).collect(), 0))
    }

    /// Learns half of benign rows, if the detector learns such.
    fn learn_benign(
        &self,
        data: &Dataset,
        changed: &mut Vec<String>,
    ) -> Result<Learnt, EngineError> {
        let card = self.model.card();
        let all = || (0..data.len()).collect();
        if !card.abilities.online || card.supervision == Supervision::Supervised {
            changed.push("the detector stays: benign rows alone do not teach it".to_owned());
            return Ok((self.model.copied_detector()?, all(), 0));
        }
        let benign =
            Dataset { labels: Some(Labels::binary(&vec![false; data.len()])), ..data.clone() };
        let split = protocol::holdout(&benign, 0.5, self.seed)?;
        let detector = self.online(&self.frame(&data.rows.select(&split.fit))?, None)?;
        changed.push(format!("the detector went on learning from {} rows", split.fit.len()));
        Ok((detector, split.validation, split.fit.len()))
    }

    fn frame(&self, rows: &Rows) -> Result<Frame, EngineError> {
        Ok(Frame::from(self.model.prepare(rows)?.0))
    }

    fn context<'b>(&'b self, labels: Option<&'b Labels>) -> FitContext<'b> {
        let task = match self.model.detector().classes() {
            Some(_) => Task::Multiclass,
            None => Task::Binary,
        };
        FitContext {
            labels,
            weights: None,
            validation: None,
            task,
            seed: self.seed,
            progress: self.progress,
        }
    }

    /// The detector after further rounds, if its method can go on so.
    fn warm_started(
        &self,
        card: &'static Card,
        frame: &Frame,
        labels: &Labels,
    ) -> Result<Option<Box<dyn Detector>>, EngineError> {
        if !register::trainable().iter().any(|known| known.id == card.id)
            || register::param_spec(card, "n_estimators").is_none()
        {
            return Ok(None);
        }
        let mut given = self.model.provenance().params.clone();
        given.retain(|(name, _)| name != "n_estimators");
        given.push(("n_estimators".to_owned(), self.settings.rounds.to_string()));
        let params = register::params(card, &given)?;
        let estimator = (card.build)(&params, &register::register())
            .map_err(|source| register::refused(card, source))?;
        let Some(warm) = estimator.warm_start() else { return Ok(None) };
        let state = self.model.detector().save();
        warm.fit_from(&state, frame, &self.context(Some(labels)))
            .map(Some)
            .map_err(|source| self.unfit(source))
    }

    fn online(
        &self,
        frame: &Frame,
        labels: Option<&Labels>,
    ) -> Result<Box<dyn Detector>, EngineError> {
        let mut detector = self.model.copied_detector()?;
        let Some(online) = detector.online() else { return Ok(detector) };
        online.partial_fit(frame, &self.context(labels)).map_err(|source| self.unfit(source))?;
        Ok(detector)
    }

    fn unfit(&self, source: FitError) -> EngineError {
        EngineError::Fit { model: self.model.card().id.to_owned(), source }
    }

    fn threshold(&self, raw: &[f64], attacks: &[bool]) -> Result<Threshold, EngineError> {
        if let Some(rule) = self.settings.threshold {
            return Ok(rule.choose(raw, attacks)?);
        }
        let provenance = self.model.provenance();
        let own = ThresholdRule::parse(&provenance.threshold_rule);
        let rule = own.or_else(|_| ThresholdRule::parse(&self.model.decision().rule))?;
        Ok(rule.choose(raw, attacks)?)
    }
}

/// The calibrator of the model's kind for these scores; none if that needs attacks.
fn recalibrated(
    model: &Model,
    raw: &[f64],
    attacks: &[bool],
) -> Result<Option<Calibrator>, CalibrationError> {
    let link = model.detector().link();
    let fit = |kind| Calibrator::fit(kind, link, raw, attacks, None);
    let benign_alone = attacks.iter().all(|attack| !attack);
    match model.calibrator().kind() {
        CalibratorKind::Tail | CalibratorKind::EmpiricalCdf => match fit(CalibratorKind::Tail) {
            Err(CalibrationError::NoTail { .. }) => fit(CalibratorKind::EmpiricalCdf).map(Some),
            fitted => fitted.map(Some),
        },
        _ if benign_alone => Ok(None),
        kind => fit(kind).map(Some),
    }
}
