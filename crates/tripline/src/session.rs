//! One run of the program: its settings with the way it talks.

use std::path::{Path, PathBuf};

use tripline_assess::protocol::Protocol;
use tripline_assess::threshold::ThresholdRule;
use tripline_core::{Dataset, Progress};
use tripline_engine::settings::parse_task;
use tripline_engine::{
    EngineError, JudgingSettings, Model, ReadSettings, TrainingSettings, ValidationRule,
};
use tripline_features::Recipe;
use tripline_models::calibration::CalibratorKind;
use tripline_store::Limits;

use crate::args::{Cli, DataArgs, JudgingArgs, RateArgs, TrainingArgs};
use crate::config::Config;
use crate::exit::Usage;
use crate::outputs;
use crate::terminal::Terminal;

/// A model's id with `name=value` pairs.
pub(crate) type ModelParams = (String, Vec<(String, String)>);

/// Settings from defaults, file and command line.
pub(crate) struct Session {
    pub(crate) terminal: Terminal,
    pub(crate) config: Config,
    config_file: Option<PathBuf>,
}

impl Session {
    pub(crate) fn new(cli: &Cli, terminal: Terminal) -> anyhow::Result<Self> {
        let mut config = match &cli.global.config {
            Some(file) => Config::read(file)?,
            None => Config::default(),
        };
        config.run.seed = cli.global.seed.unwrap_or(config.run.seed);
        config.run.threads = cli.global.threads.unwrap_or(config.run.threads);
        tripline_engine::use_threads(config.run.threads)?;
        Ok(Self { terminal, config, config_file: cli.global.config.clone() })
    }

    /// Refuses outputs that would replace a file that is read, or each other.
    pub(crate) fn keep_inputs(
        &self,
        outputs: &[Option<&Path>],
        inputs: &[Option<&Path>],
    ) -> Result<(), Usage> {
        let mut inputs = inputs.to_vec();
        inputs.push(self.config_file.as_deref());
        outputs::keep(outputs, &inputs)
    }

    pub(crate) fn seed(&self) -> u64 {
        self.config.run.seed
    }

    pub(crate) fn with_data(mut self, args: &DataArgs) -> Self {
        let data = &mut self.config.data;
        set(&mut data.label, &args.label);
        set(&mut data.benign, &args.benign);
        set(&mut data.time, &args.time);
        data.max_bad_records = args.max_bad_records.or(data.max_bad_records);
        self
    }

    pub(crate) fn with_training(mut self, args: &TrainingArgs) -> Self {
        if args.prepare.is_some() {
            // An option wins over the file as a whole: the two keys beside it would contradict it.
            self.config.features = crate::config::Features::default();
            self.config.features.prepare.clone_from(&args.prepare);
        }
        if let Some(task) = &args.task {
            self.config.model.task.clone_from(task);
        }
        set(&mut self.config.data.weights, &args.weights);
        set(&mut self.config.model.calibration, &args.calibration);
        if let Some(validation) = &args.validation {
            self.config.judging.validation.clone_from(validation);
        }
        if let Some(rate) = args.fpr {
            self.config.judging.threshold = format!("fpr:{rate}");
        }
        if let Some(rule) = &args.threshold_rule {
            self.config.judging.threshold.clone_from(rule);
        }
        self
    }

    pub(crate) fn with_judging(mut self, args: &JudgingArgs) -> Self {
        let judging = &mut self.config.judging;
        set(&mut judging.protocol, &args.protocol);
        judging.folds = args.folds.unwrap_or(judging.folds);
        judging.test_share = args.test_share.unwrap_or(judging.test_share);
        judging.accept_leakage |= args.accept_leakage;
        self.with_rate(&args.rate)
    }

    pub(crate) fn with_rate(mut self, args: &RateArgs) -> Self {
        let judging = &mut self.config.judging;
        judging.events_per_day = args.events_per_day.unwrap_or(judging.events_per_day);
        judging.base_rate = args.base_rate.unwrap_or(judging.base_rate);
        self
    }

    /// How data is read.
    pub(crate) fn read_settings(&self) -> ReadSettings {
        let data = &self.config.data;
        ReadSettings {
            label: data.label.clone(),
            benign: data.benign.clone(),
            time: data.time.clone(),
            max_record_bytes: data.max_record_bytes,
            max_bad_records: data.max_bad_records,
            batch_rows: data.batch_rows,
        }
    }

    /// How models are trained; `params` are `name=value` for the model of that id.
    pub(crate) fn training_settings(
        &self,
        params: &[ModelParams],
    ) -> anyhow::Result<TrainingSettings> {
        let model = &self.config.model;
        let mut settings = TrainingSettings {
            recipe: self.recipe()?,
            task: parse_task(&model.task)?,
            calibration: model.calibration.as_deref().map(calibration).transpose()?,
            validation: ValidationRule::parse(
                &self.config.judging.validation,
                self.config.judging.validation_share,
            )?,
            threshold: ThresholdRule::parse(&self.config.judging.threshold)
                .map_err(EngineError::from)?,
            weights: self.config.data.weights.clone(),
            ..TrainingSettings::default()
        };
        let from_file =
            model.parameters.iter().map(|(name, value)| (name.clone(), value.to_string()));
        settings.params.insert(model.name.clone(), from_file.collect());
        for (id, given) in params {
            // Later values win, so the command line comes after the file.
            settings.params.entry(id.clone()).or_default().extend(given.iter().cloned());
        }
        Ok(settings)
    }

    fn recipe(&self) -> anyhow::Result<Option<Recipe>> {
        let features = &self.config.features;
        let chosen = &features.preprocessing;
        let asked = chosen.normalization.is_some() || chosen.outlier_removal;
        let text = match (&features.prepare, asked) {
            (Some(_), true) => {
                return Err(Usage(
                    "features.prepare excludes features.preprocessing: put all steps into the \
                     recipe"
                        .to_owned(),
                )
                .into());
            }
            (Some(recipe), false) => recipe.clone(),
            (None, false) => return Ok(None),
            (None, true) => {
                let mut steps = Vec::new();
                if chosen.outlier_removal {
                    steps.push("outliers=iqr:3".to_owned());
                }
                steps.push("clip=infinite,impute=median,encode=one_hot".to_owned());
                if let Some(scale) = &chosen.normalization {
                    steps.push(format!("scale={scale}"));
                }
                steps.join(",")
            }
        };
        Ok(Some(Recipe::parse(&text).map_err(|error| Usage(error.to_string()))?))
    }

    /// How models are judged.
    pub(crate) fn judging_settings(&self) -> anyhow::Result<JudgingSettings> {
        let judging = &self.config.judging;
        let protocol = match &judging.protocol {
            None => None,
            Some(name) => {
                // A share makes one split of `random`, folds are what it has otherwise.
                let folds = Some(judging.folds);
                let share = (name == "time-ordered").then_some(judging.test_share);
                Some(Protocol::parse(name, folds, share).map_err(EngineError::from)?)
            }
        };
        for (name, value, most) in [
            ("events a day", judging.events_per_day, f64::INFINITY),
            ("base rate", judging.base_rate, 1.0),
        ] {
            if !(value >= 0.0 && value <= most) {
                return Err(EngineError::Setting {
                    name,
                    expected: if most == 1.0 { "from 0 to 1" } else { "0 or more" },
                    got: value.to_string(),
                }
                .into());
            }
        }
        Ok(JudgingSettings {
            protocol,
            folds: judging.folds,
            test_share: judging.test_share,
            accept_leakage: judging.accept_leakage,
            events_per_day: judging.events_per_day,
            base_rate: judging.base_rate,
            replicates: judging.bootstrap,
        })
    }

    /// Reads a whole labelled file.
    pub(crate) fn read_labelled(
        &self,
        file: &Path,
        progress: &dyn Progress,
    ) -> Result<Dataset, EngineError> {
        let options = self.read_settings().options(None, true);
        Ok(tripline_ingest::read(file, &options, progress)?)
    }

    /// Reads a whole labelled test file with the kinds of the training columns: a cell that is no
    /// number is a missing one there, as it will be when the model scores.
    pub(crate) fn read_test(
        &self,
        file: &Path,
        train: &Dataset,
        progress: &dyn Progress,
    ) -> Result<Dataset, EngineError> {
        let options = self.read_settings().options(Some(train.rows.schema()), true);
        Ok(tripline_ingest::read(file, &options, progress)?)
    }

    /// Reads a whole file in the columns of a model.
    pub(crate) fn read_for(
        &self,
        model: &Model,
        file: &Path,
        labelled: bool,
        progress: &dyn Progress,
    ) -> Result<Dataset, EngineError> {
        let options = self.read_settings().options(Some(model.input()), labelled);
        Ok(tripline_ingest::read(file, &options, progress)?)
    }

    /// Reads a model.
    pub(crate) fn read_model(&self, file: &Path) -> Result<Model, EngineError> {
        Model::read(file, &self.limits())
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits { max_file_bytes: self.config.limits.max_model_bytes, ..Limits::default() }
    }
}

fn set(target: &mut Option<String>, given: &Option<String>) {
    if given.is_some() {
        target.clone_from(given);
    }
}

fn calibration(name: &str) -> Result<CalibratorKind, EngineError> {
    let name = if name == "empirical" { "empirical_cdf" } else { name };
    CalibratorKind::from_name(name).ok_or_else(|| EngineError::Setting {
        name: "calibration",
        expected: "`platt`, `isotonic`, `temperature`, `empirical_cdf` or `identity`",
        got: name.to_owned(),
    })
}

/// `name=value` pairs from the command line.
pub(crate) fn parse_params(given: &[String]) -> Result<Vec<(String, String)>, Usage> {
    given
        .iter()
        .map(|text| match text.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            }
            _ => Err(Usage(format!("--param takes name=value, got `{text}`"))),
        })
        .collect()
}
