//! A model: all that turns raw rows into verdicts.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tripline_assess::explain::Typical;
use tripline_core::{
    Card, Category, Column, Detector, ExplainError, ExplainOptions, Frame, FrameError,
    Interactions, Rows, Schema, ScoreError,
};
use tripline_features::{MissingColumns, PrepareError, PrepareReport, Preparer};
use tripline_models::calibration::Calibrator;
use tripline_store::PublicKey;

use crate::decision::Decision;
use crate::error::EngineError;
use crate::provenance::Provenance;

/// Rows that are prepared together: with the 200 columns of a one-hot encoding they take 100 MiB.
const BATCH: usize = 1 << 16;

/// A fitted detector with all that stands before and after it.
///
/// Scoring takes `&self`; a model is replaced, never changed under its readers.
pub struct Model {
    pub(crate) preparer: Option<Preparer>,
    pub(crate) detector: Box<dyn Detector>,
    pub(crate) calibrator: Calibrator,
    pub(crate) decision: Decision,
    pub(crate) provenance: Provenance,
    pub(crate) background: Option<Rows>,
    /// Attacks of the training, for a method that may go on learning.
    pub(crate) canaries: Option<Rows>,
    pub(crate) typical: Option<Typical>,
    pub(crate) signer: Option<PublicKey>,
    pub(crate) path: PathBuf,
    /// SHA-256 of the file of another program; ours is written anew for it.
    pub(crate) imported: Option<[u8; 32]>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("id", &self.card().id).finish_non_exhaustive()
    }
}

/// What a model says of some rows.
#[derive(Debug, Clone)]
pub struct Verdicts {
    /// Raw score of each row.
    pub raw: Vec<f64>,
    /// Probability of an attack, after calibration.
    pub probability: Vec<f64>,
    /// Whether the raw score reaches the threshold.
    pub alert: Vec<bool>,
    /// The most probable class of each row, for a model that tells classes apart.
    pub class: Option<Vec<u32>>,
    /// What preparing had to handle.
    pub report: PrepareReport,
}

impl Model {
    /// The card of its detector.
    pub fn card(&self) -> &'static Card {
        self.detector.card()
    }

    /// Raw columns that it needs, with the categories of training rows.
    pub fn input(&self) -> &Schema {
        match &self.preparer {
            Some(preparer) => preparer.input(),
            None => self.detector.schema(),
        }
    }

    /// What a user must know of how the detector runs here.
    pub fn notes(&self) -> Vec<String> {
        self.detector.notes()
    }

    /// The detector without what stands around it.
    pub fn detector(&self) -> &dyn Detector {
        self.detector.as_ref()
    }

    /// How columns are prepared; none for an imported model.
    pub fn preparer(&self) -> Option<&Preparer> {
        self.preparer.as_ref()
    }

    /// How a raw score becomes a probability.
    pub fn calibrator(&self) -> &Calibrator {
        &self.calibrator
    }

    /// When a row is an alert.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Where it comes from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Says what everyone who sees an output of the model must know.
    pub fn set_notice(&mut self, notice: &str) {
        notice.clone_into(&mut self.provenance.notice);
    }

    /// A sample of benign training rows in raw columns.
    pub fn background(&self) -> Option<&Rows> {
        self.background.as_ref()
    }

    /// What the columns of benign training rows look like.
    pub fn typical(&self) -> Option<&Typical> {
        self.typical.as_ref()
    }

    /// Who signed its file, if somebody did; the signature is valid.
    pub fn signer(&self) -> Option<PublicKey> {
        self.signer
    }

    /// The file it was loaded from; empty for one just trained.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The first 8 hexadecimal digits of the SHA-256 of its file, without a signature: a version
    /// that a reader can compare.
    pub fn version(&self) -> String {
        match self.imported.or_else(|| self.sha256()) {
            Some(digest) => tripline_core::text::hexadecimal(&digest[..4]),
            None => "unknown".to_owned(),
        }
    }

    /// The SHA-256 of its file, without a signature, in hexadecimal; none for an imported model,
    /// which has no file of ours.
    pub fn digest(&self) -> Option<String> {
        self.sha256().map(tripline_core::text::hexadecimal)
    }

    fn sha256(&self) -> Option<[u8; 32]> {
        let file = self.to_file(None).ok()?;
        Some(Sha256::digest(file.to_bytes()).into())
    }

    /// Class names, the first benign, for a model that tells classes apart.
    pub fn classes(&self) -> Option<&[String]> {
        self.detector.classes().map(|classes| classes.names())
    }

    /// Takes missing columns as all-missing ones instead of refusing the rows.
    #[must_use]
    pub fn with_missing_columns(mut self, rule: MissingColumns) -> Self {
        self.preparer = self.preparer.map(|preparer| preparer.with_missing_columns(rule));
        self
    }

    /// Rows as the detector takes them.
    pub fn prepare(&self, rows: &Rows) -> Result<(Rows, PrepareReport), EngineError> {
        match &self.preparer {
            Some(preparer) => {
                let prepared = preparer.apply(rows).map_err(|source| self.mismatch(source))?;
                Ok((prepared.rows, prepared.report))
            }
            None => Ok((rows.clone(), PrepareReport::default())),
        }
    }

    /// Scores rows. A row's verdict does not depend on the rows beside it.
    pub fn score(&self, rows: &Rows) -> Result<Verdicts, EngineError> {
        let mut verdicts = self.no_verdicts(rows.len());
        if rows.len() <= BATCH {
            self.score_batch(rows, &mut verdicts)?;
            return Ok(verdicts);
        }
        for start in (0..rows.len()).step_by(BATCH) {
            let index: Vec<usize> = (start..rows.len().min(start + BATCH)).collect();
            self.score_batch(&rows.select(&index), &mut verdicts)?;
        }
        Ok(verdicts)
    }

    /// As [`Model::score`], of rows that are prepared already.
    pub(crate) fn score_prepared(
        &self,
        prepared: &Frame,
        report: PrepareReport,
    ) -> Result<Verdicts, EngineError> {
        let mut verdicts = self.no_verdicts(prepared.len());
        verdicts.report = report;
        self.score_frame(prepared, &mut verdicts)?;
        Ok(verdicts)
    }

    fn no_verdicts(&self, rows: usize) -> Verdicts {
        Verdicts {
            raw: Vec::with_capacity(rows),
            probability: Vec::with_capacity(rows),
            alert: Vec::with_capacity(rows),
            class: self.classes().map(|_| Vec::with_capacity(rows)),
            report: PrepareReport::default(),
        }
    }

    fn score_batch(&self, rows: &Rows, verdicts: &mut Verdicts) -> Result<(), EngineError> {
        let (prepared, report) = self.prepare(rows)?;
        verdicts.report.merge(&report);
        self.score_frame(&Frame::from(prepared), verdicts)
    }

    fn score_frame(&self, frame: &Frame, verdicts: &mut Verdicts) -> Result<(), EngineError> {
        let error = |source| self.unscored(source);
        let raw = self.detector.score(frame).map_err(error)?;
        verdicts.probability.extend(raw.iter().map(|&raw| self.calibrator.apply(raw)));
        verdicts.alert.extend(raw.iter().map(|&raw| raw >= self.decision.threshold));
        verdicts.raw.extend(raw);
        if let (Some(classes), Some(out)) = (self.detector.classes(), &mut verdicts.class) {
            let width = classes.names().len();
            let probabilities = classes.probabilities(frame).map_err(error)?;
            out.extend(probabilities.chunks_exact(width.max(1)).map(most_probable));
        }
        Ok(())
    }

    /// Class probabilities, row-major, for a model that tells classes apart.
    pub fn class_probabilities(&self, rows: &Rows) -> Result<Option<Vec<f64>>, EngineError> {
        let Some(classes) = self.detector.classes() else { return Ok(None) };
        let (prepared, _) = self.prepare(rows)?;
        let probabilities = classes
            .probabilities(&Frame::from(prepared))
            .map_err(|source| EngineError::Score { model: self.name(), source })?;
        Ok(Some(probabilities))
    }

    /// What each pair of prepared columns adds to each row's output.
    pub fn interactions(
        &self,
        rows: &Rows,
        class: Option<usize>,
    ) -> Result<Interactions, EngineError> {
        let explain = self
            .detector
            .explain()
            .ok_or_else(|| EngineError::NoInteractions { model: self.card().id.to_owned() })?;
        let (prepared, _) = self.prepare(rows)?;
        let options = ExplainOptions { class, ..ExplainOptions::default() };
        explain
            .interactions(&Frame::from(prepared), &options)
            .map_err(|source| self.unexplained(source))
    }

    /// What each prepared column is worth, largest first; none if the method has no such number.
    pub fn importance(&self) -> Option<Vec<(String, f64)>> {
        let importance = self.detector.importance()?.importance();
        let names = self.detector.schema().names().map(str::to_owned);
        let mut named: Vec<(String, f64)> = names.zip(importance).collect();
        named.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Some(named)
    }

    /// ROC AUC of the training rows by the trees that did not draw them, where a forest was fitted
    /// with it. A row whose equal was drawn counts as not drawn, which flatters repeated rows.
    pub fn out_of_bag(&self) -> Option<f64> {
        self.detector.save().f64("out_of_bag").ok()
    }

    /// The model's file, or its id if it has none: for messages.
    pub(crate) fn name(&self) -> String {
        if self.path.as_os_str().is_empty() {
            self.card().id.to_owned()
        } else {
            self.path.display().to_string()
        }
    }

    pub(crate) fn unexplained(&self, source: ExplainError) -> EngineError {
        match source {
            ExplainError::Frame(FrameError::Missing { column }) => {
                EngineError::ImportedColumn { model: self.name(), column }
            }
            source => EngineError::Explain { model: self.name(), source },
        }
    }

    fn unscored(&self, source: ScoreError) -> EngineError {
        match source {
            ScoreError::Frame(FrameError::Missing { column }) => {
                EngineError::ImportedColumn { model: self.name(), column }
            }
            source => EngineError::Score { model: self.name(), source },
        }
    }

    fn mismatch(&self, source: PrepareError) -> EngineError {
        match source {
            PrepareError::MissingColumn { column } => {
                EngineError::MissingColumn { model: self.name(), column }
            }
            source => EngineError::Mismatch { model: self.name(), source },
        }
    }
}

/// The value of a column at a row as a person writes it; `None` is missing.
pub fn cell(column: &Column, row: usize) -> Option<String> {
    match column {
        Column::Numeric(values) => {
            let value = values[row];
            (!value.is_nan()).then(|| value.to_string())
        }
        Column::Category(category) => match category.codes[row] {
            Category::MISSING => None,
            _ => category.value(row).map(str::to_owned),
        },
    }
}

/// The class of the largest probability; the first of equals.
fn most_probable(probabilities: &[f64]) -> u32 {
    let mut best = 0;
    for (class, probability) in probabilities.iter().enumerate() {
        if *probability > probabilities[best] {
            best = class;
        }
    }
    best as u32
}
