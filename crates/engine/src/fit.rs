//! One model from one training part.

use std::time::Instant;

use tripline_assess::evaluate::Scored;
use tripline_assess::explain::Typical;
use tripline_assess::metrics::ClassProbabilities;
use tripline_assess::protocol;
use tripline_assess::threshold::Threshold;
use tripline_core::{
    Card, ColumnRater, Dataset, Detector, Estimator, FitContext, Frame, Labels, Link, Params,
    Progress, Rng, Rows, Supervision, Task, Validation,
};
use tripline_features::{PrepareContext, Preparer, Recipe};
use tripline_models::calibration::{CalibrationError, Calibrator, CalibratorKind};

use crate::decision::Decision;
use crate::error::EngineError;
use crate::model::Model;
use crate::provenance::Provenance;
use crate::rater::BoostingRater;
use crate::register;
use crate::settings::{TrainingSettings, ValidationRule};
use crate::weights;

/// Benign training rows that a model keeps: a background for interventional explanations, the
/// source of what is typical. 200 rows tell medians to a few per cent.
const BACKGROUND_ROWS: usize = 200;

/// What is fitted, and how: everything but the data.
#[derive(Debug)]
pub struct Plan {
    card: &'static Card,
    params: Params,
    estimator: EstimatorBox,
    recipe: Recipe,
    settings: TrainingSettings,
}

struct EstimatorBox(Box<dyn Estimator>);

impl std::fmt::Debug for EstimatorBox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.card().id)
    }
}

/// A model with what was measured while it was made.
#[derive(Debug)]
pub struct FittedModel {
    /// The model.
    pub model: Model,
    /// Scores with labels of the validation rows.
    pub validation: Scored,
    /// Seconds from the first row to the model.
    pub seconds: f64,
}

impl Plan {
    /// A plan for the detector of that id; errors name a wrong parameter or step.
    pub fn new(id: &str, settings: &TrainingSettings) -> Result<Self, EngineError> {
        let card = register::trainable_card(id)?;
        if settings.task == Task::Multiclass && !card.abilities.multiclass {
            return Err(EngineError::NoMulticlass { model: card.id.to_owned() });
        }
        if settings.weights.is_some() && !card.abilities.weights {
            return Err(EngineError::NoWeights { model: card.id.to_owned() });
        }
        let params = register::params(card, settings.params_of(card.id))?;
        let estimator = (card.build)(&params, &register::register())
            .map_err(|source| register::refused(card, source))?;
        let recipe = settings.recipe.clone().unwrap_or_else(|| Recipe::for_input(card.input));
        Ok(Self {
            card,
            params,
            estimator: EstimatorBox(estimator),
            recipe,
            settings: settings.clone(),
        })
    }

    /// The detector's card.
    pub fn card(&self) -> &'static Card {
        self.card
    }

    /// The detector's parameters, defaults included.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// How columns are prepared.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Fits to labelled training rows. Threshold and calibration come from rows that the detector
    /// did not see; nothing comes from any other data.
    pub fn fit(
        &self,
        train: &Dataset,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<FittedModel, EngineError> {
        let start = Instant::now();
        let (train, weights) = weights::split(train, self.settings.weights.as_deref())?;
        let train = self.labelled(train)?;
        let labels = train.labels.as_ref().ok_or_else(|| EngineError::no_labels(&train))?;
        let fitted = match self.settings.validation {
            ValidationRule::Holdout { share } => {
                self.hold_out(&train, weights.as_deref(), share, seed, progress)?
            }
            ValidationRule::OutOfFold { folds } => {
                self.out_of_fold(&train, weights.as_deref(), folds, seed, progress)?
            }
        };
        let Parts { preparer, detector, raw, classes, validation, fitted_rows } = fitted;
        let validation_labels = labels.select(&validation);
        let validation_weights = weights.as_deref().map(|weights| pick(weights, &validation));
        let attacks = validation_labels.attacks();
        let fit = |kind| {
            let weights = validation_weights.as_deref();
            Calibrator::fit(kind, detector.link(), &raw, &attacks, weights)
        };
        let free = self.settings.calibration.is_none();
        let mut fitted = fit(self.calibration(detector.link(), &attacks));
        // A sigmoid without slope would give every row the same probability.
        let blind = free && matches!(&fitted, Ok(calibrator) if calibrator.is_flat());
        if blind {
            fitted = fit(CalibratorKind::Tail);
        }
        // Scores without a tail still have a share of benign rows below them.
        if free && matches!(fitted, Err(CalibrationError::NoTail { .. })) {
            fitted = fit(CalibratorKind::EmpiricalCdf);
        }
        let calibrator = fitted.map_err(|source| match source {
            CalibrationError::NoRows { class } => {
                let rows = attacks.len();
                EngineError::HeldBack { file: train.source.name.clone(), class, rows }
            }
            source => EngineError::Calibration { model: self.card.id.to_owned(), source },
        })?;
        let mut decision = Decision::from(self.threshold(&raw, &attacks)?);
        if blind {
            let note = "the attacks among the validation rows score no higher than benign rows do: \
                        this model does not find them; its probability is the share of benign rows \
                        that score lower";
            decision.note = Some(match decision.note {
                Some(other) => format!("{note}; {other}"),
                None => note.to_owned(),
            });
        }
        let provenance = Provenance {
            program: concat!("tripline ", env!("CARGO_PKG_VERSION")).to_owned(),
            params: self.params.iter().map(|(n, v)| (n.to_owned(), v.to_string())).collect(),
            recipe: self.recipe.to_string(),
            task: task_name(self.settings.task).to_owned(),
            seed,
            validation: self.settings.validation.to_string(),
            threshold_rule: self.settings.threshold.to_string(),
            protocol: String::new(),
            sources: vec![("train".to_owned(), train.source.as_ref().clone())],
            classes: labels.classes().as_ref().clone(),
            class_rows: labels.counts().iter().map(|&count| count as u64).collect(),
            fitted_rows: fitted_rows as u64,
            validation_rows: validation.len() as u64,
            ..Provenance::default()
        };
        let background = sample(&train, labels, false, &preparer, seed)?;
        // What may go on learning needs rows that it must not forget.
        let canaries = match self.card.abilities.online && labels.attacks().contains(&true) {
            true => Some(sample(&train, labels, true, &preparer, seed)?),
            false => None,
        };
        let typical = typical(&train, labels, &preparer)?;
        let probability = calibrator.apply_all(&raw);
        Ok(FittedModel {
            model: Model {
                preparer: Some(preparer),
                detector,
                calibrator,
                decision,
                provenance,
                typical: Some(typical),
                background: Some(background),
                canaries,
                signer: None,
                imported: None,
                path: std::path::PathBuf::new(),
            },
            validation: Scored { classes, ..Scored::new(raw, probability, validation_labels) }
                .grouped(&train.rows.select(&validation)),
            seconds: start.elapsed().as_secs_f64(),
        })
    }
}

/// What fitting gives before calibration.
struct Parts {
    preparer: Preparer,
    detector: Box<dyn Detector>,
    /// Raw scores of the validation rows.
    raw: Vec<f64>,
    /// Their class probabilities, where classes are told apart.
    classes: Option<ClassProbabilities>,
    /// Row numbers in the training part.
    validation: Vec<usize>,
    fitted_rows: usize,
}

impl Plan {
    /// Fits to most rows, scores the rest.
    fn hold_out(
        &self,
        train: &Dataset,
        weights: Option<&[f64]>,
        share: f64,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Parts, EngineError> {
        let split = protocol::holdout(train, share, seed)?;
        let validation = train.select(&split.validation);
        let fit = self.fit_rows(train, weights, &split.fit, Some(&validation), seed, progress)?;
        let (raw, classes) = self.scores(&fit, &validation.rows)?;
        Ok(Parts {
            preparer: fit.preparer,
            detector: fit.detector,
            raw,
            classes,
            validation: split.validation,
            fitted_rows: fit.rows,
        })
    }

    /// Scores each row by a model that did not see it, then fits to all rows. Nothing stops early:
    /// the last fit has no rows left to stop on, and all fits must be alike.
    fn out_of_fold(
        &self,
        train: &Dataset,
        weights: Option<&[f64]>,
        folds: usize,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Parts, EngineError> {
        let mut raw = vec![0.0; train.len()];
        let mut classes: Option<ClassProbabilities> = None;
        for fold in protocol::out_of_fold(train, folds, seed)? {
            let fit = self.fit_rows(train, weights, &fold.fit, None, seed, progress)?;
            let (scores, probabilities) =
                self.scores(&fit, &train.rows.select(&fold.validation))?;
            for (&row, score) in fold.validation.iter().zip(scores) {
                raw[row] = score;
            }
            if let Some(part) = probabilities {
                let width = part.names.len();
                let whole = classes.get_or_insert_with(|| ClassProbabilities {
                    values: vec![0.0; train.len() * width],
                    names: part.names,
                });
                for (&row, values) in fold.validation.iter().zip(part.values.chunks_exact(width)) {
                    whole.values[row * width..(row + 1) * width].copy_from_slice(values);
                }
            }
        }
        let all: Vec<usize> = (0..train.len()).collect();
        let fit = self.fit_rows(train, weights, &all, None, seed, progress)?;
        Ok(Parts {
            preparer: fit.preparer,
            detector: fit.detector,
            raw,
            classes,
            validation: all,
            fitted_rows: fit.rows,
        })
    }

    fn fit_rows(
        &self,
        train: &Dataset,
        weights: Option<&[f64]>,
        index: &[usize],
        validation: Option<&Dataset>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Fit, EngineError> {
        let part = train.select(index);
        let labels = part.labels.as_ref().ok_or_else(|| EngineError::no_labels(train))?;
        let weights = weights.map(|weights| pick(weights, index));
        // The number of threads must not reach the result, so the rater has its own seed.
        let rater = BoostingRater { seed };
        let context =
            PrepareContext { labels: Some(labels), rater: Some(&rater as &dyn ColumnRater), seed };
        let prepare = |source| EngineError::Prepare { file: train.source.name.clone(), source };
        let fitted = self.recipe.fit(&part.rows, &context).map_err(prepare)?;
        // Rows left after outlier removal; of these the benign ones, if the method learns those.
        let mut keep = fitted.keep.unwrap_or_else(|| (0..part.len()).collect());
        if self.card.supervision == Supervision::Benign {
            keep.retain(|&row| !labels.is_attack(row));
        }
        let all = keep.len() == part.len();
        let rows = if all { part.rows.clone() } else { part.rows.select(&keep) };
        let labels = if all { labels.clone() } else { labels.select(&keep) };
        let weights = match weights {
            Some(weights) if !all => Some(pick(&weights, &keep)),
            weights => weights,
        };
        let frame = Frame::from(fitted.preparer.apply(&rows).map_err(prepare)?.rows);
        let stop = match validation {
            Some(validation) if self.card.abilities.early_stopping => {
                let rows = fitted.preparer.apply(&validation.rows).map_err(prepare)?.rows;
                validation.labels.clone().map(|labels| (Frame::from(rows), labels))
            }
            _ => None,
        };
        let context = FitContext {
            labels: Some(&labels),
            weights: weights.as_deref(),
            validation: stop.as_ref().map(|(frame, labels)| Validation {
                frame,
                labels,
                weights: None,
            }),
            task: self.settings.task,
            seed,
            progress,
        };
        let detector = self
            .estimator
            .0
            .fit(&frame, &context)
            .map_err(|source| EngineError::Fit { model: self.card.id.to_owned(), source })?;
        Ok(Fit { preparer: fitted.preparer, detector, rows: keep.len() })
    }

    fn scores(
        &self,
        fit: &Fit,
        rows: &Rows,
    ) -> Result<(Vec<f64>, Option<ClassProbabilities>), EngineError> {
        let model = || self.card.id.to_owned();
        let prepared = fit
            .preparer
            .apply(rows)
            .map_err(|source| EngineError::Mismatch { model: model(), source })?;
        let frame = Frame::from(prepared.rows);
        let error = |source| EngineError::Score { model: model(), source };
        let raw = fit.detector.score(&frame).map_err(error)?;
        let classes = match fit.detector.classes() {
            Some(classes) => Some(ClassProbabilities {
                names: classes.names().to_vec(),
                values: classes.probabilities(&frame).map_err(error)?,
            }),
            None => None,
        };
        Ok((raw, classes))
    }

    /// With attacks among the validation rows a rank becomes a probability by Platt's sigmoid;
    /// without them it can only become a share of benign rows, with a tail where they have one.
    fn calibration(&self, link: Link, attacks: &[bool]) -> CalibratorKind {
        let both = attacks.iter().any(|attack| *attack) && !attacks.iter().all(|attack| *attack);
        self.settings.calibration.unwrap_or(match (link, both) {
            (Link::Rank, true) => CalibratorKind::Platt,
            (_, false) if self.card.supervision != Supervision::Supervised => CalibratorKind::Tail,
            (link, _) => CalibratorKind::default_for(link),
        })
    }

    /// The training rows with labels that the method can learn from: of two kinds for a
    /// supervised one. A method that may learn benign rows alone takes rows without labels as such.
    fn labelled(&self, train: Dataset) -> Result<Dataset, EngineError> {
        let benign = self.card.supervision != Supervision::Supervised;
        let Some(labels) = &train.labels else {
            if !benign {
                return Err(EngineError::no_labels(&train));
            }
            let mut train = train;
            let all = vec![false; train.len()];
            train.labels = Some(Labels::binary(&all));
            return Ok(train);
        };
        let attacks = labels.codes().iter().filter(|&&code| code != 0).count();
        if attacks == labels.len() || (attacks == 0 && !benign) {
            let class = if labels.is_empty() { "none" } else { labels.class(0) };
            return Err(EngineError::OneClass {
                file: train.source.name.clone(),
                rows: train.len(),
                class: class.to_owned(),
                benign: labels.classes().first().cloned().unwrap_or_default(),
            });
        }
        Ok(train)
    }

    fn threshold(&self, raw: &[f64], attacks: &[bool]) -> Result<Threshold, EngineError> {
        let rule = self.settings.threshold;
        Ok(match self.settings.threshold_asked {
            true => rule.choose(raw, attacks)?,
            false => rule.choose_supported(raw, attacks)?,
        })
    }
}

struct Fit {
    preparer: Preparer,
    detector: Box<dyn Detector>,
    rows: usize,
}

/// Benign rows, or attacks, in the columns that the preparer takes, in random order.
fn sample(
    train: &Dataset,
    labels: &Labels,
    attacks: bool,
    preparer: &Preparer,
    seed: u64,
) -> Result<Rows, EngineError> {
    let of_kind: Vec<usize> =
        (0..labels.len()).filter(|&row| labels.is_attack(row) == attacks).collect();
    // A part number of its own keeps this draw apart from those of the detectors.
    const PART: u64 = 0x6261_636b;
    let drawn = Rng::for_part(seed, PART).sample(of_kind.len(), BACKGROUND_ROWS);
    let index: Vec<usize> = drawn.into_iter().map(|at| of_kind[at]).collect();
    let names: Vec<&str> = preparer.input().names().collect();
    train
        .rows
        .select(&index)
        .project(&names)
        .map_err(|source| EngineError::Frame { file: train.source.name.clone(), source })
}

/// What the columns of benign training rows look like.
fn typical(train: &Dataset, labels: &Labels, preparer: &Preparer) -> Result<Typical, EngineError> {
    let names: Vec<&str> = preparer.input().names().collect();
    let rows = train
        .rows
        .project(&names)
        .map_err(|source| EngineError::Frame { file: train.source.name.clone(), source })?;
    let benign: Vec<bool> = labels.attacks().iter().map(|attack| !attack).collect();
    Ok(Typical::of(&rows, Some(&benign)))
}

fn pick(weights: &[f64], index: &[usize]) -> Vec<f64> {
    index.iter().map(|&row| weights[row]).collect()
}

/// `binary` or `multiclass`.
pub fn task_name(task: Task) -> &'static str {
    match task {
        Task::Binary => "binary",
        Task::Multiclass => "multiclass",
    }
}
