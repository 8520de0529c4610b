//! Why a use case failed.

use std::path::PathBuf;

use tripline_assess::evaluate::EvaluateError;
use tripline_assess::explain::FoldError;
use tripline_assess::guard::Refusal;
use tripline_assess::metrics::MetricError;
use tripline_assess::protocol::ProtocolError;
use tripline_assess::threshold::ThresholdError;
use tripline_assess::tune::{SpaceError, TellError};
use tripline_core::{
    Dataset, ExplainError, FitError, FrameError, LoadError, ParamError, ScoreError,
};
use tripline_features::PrepareError;
use tripline_ingest::{FilterError, IngestError};
use tripline_models::calibration::CalibrationError;
use tripline_models::import::ImportError;
use tripline_store::{KeyError, SectionError, StoreError};

use crate::tune::StudyError;

/// Every text names the file or the model, with the way out where it is not plain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Data could not be read.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// A filter makes too long a program.
    #[error("filter: {0}")]
    Filter(#[from] FilterError),
    /// A model file or an output could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file is no study to go on with.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// A section of a model file gives no state.
    #[error(transparent)]
    State(#[from] SectionError),
    /// A key file gives no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A section of a model file does not make sense.
    #[error(
        "{}: section `{section}` cannot be used: {source}; train the model again",
        file.display()
    )]
    Section {
        /// The model file.
        file: PathBuf,
        /// The section.
        section: &'static str,
        /// What is wrong.
        source: LoadError,
    },
    /// Not a model of any kind that is read.
    #[error(
        "{}: not a model: it is neither a file that `tripline train` wrote, nor a LightGBM text model, nor an XGBoost JSON model",
        file.display()
    )]
    NotAModel {
        /// The file.
        file: PathBuf,
    },
    /// A model of another program could not be read.
    #[error("{}: {source}", file.display())]
    Import {
        /// The model file.
        file: PathBuf,
        /// What is wrong.
        source: ImportError,
    },
    /// No such detector.
    #[error("unknown model `{id}`, known are: {known}; `tripline detectors` tells what they are")]
    UnknownModel {
        /// Asked for.
        id: String,
        /// All that can be trained.
        known: String,
    },
    /// A detector that does not find outliers among the rows it is given.
    #[error("`{model}` finds no outliers among the rows of one file; those that do are: {known}")]
    NoOutliers {
        /// Its id.
        model: String,
        /// All that do.
        known: String,
    },
    /// A parameter that the model does not take.
    #[error("{model}: {source}")]
    Param {
        /// Its id.
        model: String,
        /// What is wrong.
        source: ParamError,
    },
    /// Parameters that cannot be searched so.
    #[error("{model}: {source}")]
    Space {
        /// The model's id.
        model: String,
        /// What is wrong.
        source: SpaceError,
    },
    /// No such objective.
    #[error("unknown objective `{name}`, known are: {known}, fit_seconds, score_microseconds")]
    Objective {
        /// Asked for.
        name: String,
        /// All metrics.
        known: String,
    },
    /// No trial of a search came to a result.
    #[error("no trial came to a result: {reason}")]
    NoTrial {
        /// Why the first one did not.
        reason: String,
    },
    /// A trial that does not continue its study.
    #[error(transparent)]
    Tell(#[from] TellError),
    /// A setting outside its range.
    #[error("{name} must be {expected}, got `{got}`")]
    Setting {
        /// Which.
        name: &'static str,
        /// What is valid.
        expected: &'static str,
        /// Given.
        got: String,
    },
    /// A step of a recipe or its fitting.
    #[error("{file}: {source}")]
    Prepare {
        /// The data.
        file: String,
        /// What is wrong.
        source: PrepareError,
    },
    /// Rows that are not what the model takes.
    #[error("{model}: the data do not fit the model: {source}")]
    Mismatch {
        /// Its file or id.
        model: String,
        /// What is wrong.
        source: PrepareError,
    },
    /// A column that the model reads is not in the data.
    #[error(
        "{model}: the data lack column `{column}`, which the model reads; give it, or take it as missing with `tripline score --fill-missing-columns`"
    )]
    MissingColumn {
        /// Its file or id.
        model: String,
        /// The column.
        column: String,
    },
    /// A file that holds no traffic.
    #[error(
        "{}: neither a capture (pcap, pcapng), nor a log of Zeek or Suricata, nor a folder of such logs; for a table use `tripline score`",
        file.display()
    )]
    NotTraffic {
        /// The file.
        file: PathBuf,
    },
    /// The thread that reads a capture has failed.
    #[error("reading the capture failed inside the program: please report it with the capture")]
    ReaderFailed,
    /// A table without a column of a feature set.
    #[error("{file}: no column is one of set `{set}`")]
    NoSetColumn {
        /// The table.
        file: String,
        /// The set.
        set: &'static str,
    },
    /// Captures and logs in one run.
    #[error("captures and logs cannot be read together: run the command once for each")]
    MixedTraffic,
    /// Traffic without a flow.
    #[error(
        "{}: no flow is in it that could be used; check the filter, the labels and the capture",
        file.display()
    )]
    NoFlows {
        /// The file.
        file: PathBuf,
    },
    /// Labels of other flows.
    #[error(
        "{}: none of the {labels} labels meets one of its {flows} flows; check that they are of this capture, and the zone of their times (--label-shift)",
        file.display()
    )]
    NoLabelMet {
        /// The capture or log.
        file: PathBuf,
        /// Flows in it.
        flows: u64,
        /// Labels given.
        labels: u64,
    },
    /// Data that do not go together with those before them.
    #[error("{file}: {what} are not as in {first}; read them by themselves")]
    Parts {
        /// The data.
        file: String,
        /// The first of the data.
        first: String,
        /// What differs.
        what: &'static str,
    },
    /// A pipe among several inputs.
    #[error("{}: a pipe is read alone: run the command once for each input", file.display())]
    PipeAmongFiles {
        /// The pipe.
        file: PathBuf,
    },
    /// A file could not be read.
    #[error("{}: cannot be read: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A model that reads columns of no feature set.
    #[error(
        "{model}: it cannot judge traffic: no feature set has all its columns; `{set}` lacks {lacking}; train on the output of `tripline flows`"
    )]
    NoFeatureSet {
        /// Its file or id.
        model: String,
        /// The nearest set.
        set: &'static str,
        /// Some of the columns.
        lacking: String,
    },
    /// A column that an imported model reads is not in the data.
    #[error(
        "{model}: the data lack column `{column}`, which the model reads; rename the columns of the data, or save the model with the names of its columns"
    )]
    ImportedColumn {
        /// Its file.
        model: String,
        /// The column.
        column: String,
    },
    /// Training data without labels.
    #[error("{file}: no labels; name their column with --label COLUMN --benign VALUE")]
    NoLabels {
        /// The data.
        file: String,
    },
    /// Training data of one class.
    #[error(
        "{file}: {} of class `{class}`; to learn what tells attacks apart takes rows of both kinds (is `{benign}` the benign class? else give --benign VALUE)",
        all_rows(*rows)
    )]
    OneClass {
        /// The data.
        file: String,
        /// Number of rows.
        rows: usize,
        /// The class.
        class: String,
        /// What is taken as benign.
        benign: String,
    },
    /// Rows held back of one kind.
    #[error(
        "{file}: threshold and calibration need {class} rows, and none of the {rows} rows held back for them is; give more {class} rows, or try `--validation out-of-fold:5`"
    )]
    HeldBack {
        /// The data.
        file: String,
        /// `benign` or `attack`.
        class: &'static str,
        /// Rows held back.
        rows: usize,
    },
    /// The column of weights cannot be used.
    #[error("{file}: --weights: column `{column}` {reason}")]
    Weights {
        /// The data.
        file: String,
        /// The column.
        column: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A model that does not tell classes apart.
    #[error("{model} does not tell attack classes apart; use `--task binary` or another model")]
    NoMulticlass {
        /// Its id.
        model: String,
    },
    /// A model that takes no weights.
    #[error("{model} takes no weights; leave out --weights or use another model")]
    NoWeights {
        /// Its id.
        model: String,
    },
    /// A model that is explained by benign rows, without any.
    #[error(
        "{model}: its file holds no benign training rows, by which such a model is explained; train it again"
    )]
    NoExplanation {
        /// Its id.
        model: String,
    },
    /// A model without interactions of columns.
    #[error("{model} tells no interactions of columns; `gradient_boosting` and other trees do")]
    NoInteractions {
        /// Its id.
        model: String,
    },
    /// A model whose method does not learn from further rows.
    #[error(
        "{model}: its method does not learn from further rows; `tripline detectors` tells which do"
    )]
    NotOnline {
        /// Its file or id.
        model: String,
    },
    /// Too many rows without labels alert.
    #[error(
        "{file}: {alerts} of {rows} rows alert at the threshold of {model}, more than the share of {limit} that may: as benign rows they would teach it to let attacks pass; give labels, clean the data, or raise --max-alerts if you know that they are benign"
    )]
    TooManyAlerts {
        /// The model's file or id.
        model: String,
        /// The data.
        file: String,
        /// Rows that alert.
        alerts: usize,
        /// Rows.
        rows: usize,
        /// The largest share.
        limit: f64,
    },
    /// A journal of learning that cannot be trusted.
    #[error("{}: {reason}", file.display())]
    Journal {
        /// The journal or the snapshot.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// An entry that is not there.
    #[error("the journal has no entry {number}: entries are numbered from 0 to {last}")]
    NoEntry {
        /// Asked for.
        number: u64,
        /// The last.
        last: u64,
    },
    /// Nothing whose scores must not move.
    #[error("{model}: it holds no benign rows of its training; give rows with --canaries")]
    NoCanaries {
        /// Its file or id.
        model: String,
    },
    /// A model of another program has nothing that could go on learning.
    #[error("{model}: a model of another program cannot be adapted; train one of ours")]
    Imported {
        /// Its file.
        model: String,
    },
    /// An ONNX file that is no detector.
    #[cfg(feature = "onnx")]
    #[error("{}: {source}", file.display())]
    Onnx {
        /// The file.
        file: std::path::PathBuf,
        /// Why.
        source: tripline_onnx::OnnxError,
    },
    /// Fitting failed.
    #[error("{model}: {source}")]
    Fit {
        /// Its id.
        model: String,
        /// Why.
        source: FitError,
    },
    /// Scoring failed.
    #[error("{model}: {source}")]
    Score {
        /// Its file or id.
        model: String,
        /// Why.
        source: ScoreError,
    },
    /// Explaining failed.
    #[error("{model}: {source}")]
    Explain {
        /// Its file or id.
        model: String,
        /// Why.
        source: ExplainError,
    },
    /// Attributions that do not fit the columns.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// Calibration failed.
    #[error("{model}: {source}")]
    Calibration {
        /// Its id.
        model: String,
        /// Why.
        source: CalibrationError,
    },
    /// No threshold could be chosen.
    #[error(transparent)]
    Threshold(#[from] ThresholdError),
    /// Rows could not be parted.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// Judging failed.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// Measuring failed.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// The guard refused to judge.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The data to judge by are those that the model was trained on.
    #[error(
        "{file}: the model was trained on this very file, so a judgement by it would flatter the model; give other data, or --accept-leakage"
    )]
    TrainedOnIt {
        /// The data.
        file: String,
    },
    /// Columns that do not make rows.
    #[error("{file}: {source}")]
    Frame {
        /// The data.
        file: String,
        /// Why.
        source: FrameError,
    },
    /// A row that is not there.
    #[error("{file}: there is no row {row}: rows are numbered from 0 to {last}")]
    NoRow {
        /// The data.
        file: String,
        /// Asked for.
        row: u64,
        /// The last.
        last: u64,
    },
    /// A class that the model does not know.
    #[error("{model}: there is no class `{class}`, classes are: {known}")]
    NoClass {
        /// Its file or id.
        model: String,
        /// Asked for.
        class: String,
        /// All names.
        known: String,
    },
    /// An output whose kind cannot be told.
    #[error(
        "{}: what to write is told by the name's end: .csv, .jsonl or .parquet",
        file.display()
    )]
    OutputKind {
        /// The output.
        file: PathBuf,
    },
    /// An output could not be written.
    #[error("{}: cannot write: {source}", file.display())]
    Write {
        /// The output.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An output could not be encoded.
    #[error("{}: cannot write: {reason}", file.display())]
    Encode {
        /// The output.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// Threads could not be started.
    #[error("cannot start threads: {reason}")]
    Threads {
        /// Why.
        reason: String,
    },
}

impl EngineError {
    /// Whether the guard stood in the way: the judgement would be misleading.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::TrainedOnIt { .. })
    }

    /// Whether an option or a setting is wrong, as opposed to data.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::UnknownModel { .. }
            | Self::Param { .. }
            | Self::Space { .. }
            | Self::Objective { .. }
            | Self::Setting { .. }
            | Self::NoMulticlass { .. }
            | Self::NoOutliers { .. }
            | Self::NoWeights { .. }
            | Self::OutputKind { .. }
            | Self::Filter(_)
            | Self::Study(StudyError::Another { .. })
            | Self::NoSetColumn { .. } => true,
            Self::Metric(error) => matches!(error, MetricError::Unknown { .. }),
            Self::Threshold(error) => {
                matches!(error, ThresholdError::Rule { .. } | ThresholdError::Rate { .. })
            }
            Self::Protocol(error) => matches!(
                error,
                ProtocolError::Unknown { .. }
                    | ProtocolError::NeedsTestFile
                    | ProtocolError::Range { .. }
            ),
            _ => false,
        }
    }

    pub(crate) fn no_labels(data: &Dataset) -> Self {
        Self::NoLabels { file: data.source.name.clone() }
    }
}

fn all_rows(rows: usize) -> String {
    if rows == 1 { "its only row is".to_owned() } else { format!("all {rows} rows are") }
}
