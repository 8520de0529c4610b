//! One run of the program: its settings with the way it talks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tripline_assess::protocol::Protocol;
use tripline_assess::threshold::ThresholdRule;
use tripline_core::{Dataset, Progress};
use tripline_engine::data;
use tripline_engine::settings::parse_task;
use tripline_engine::traffic::{
    Content, DatasetSettings, TrafficSettings, labelled_dataset, recognise, set_of,
};
use tripline_engine::{
    EngineError, JudgingSettings, Model, ReadSettings, TrainingSettings, ValidationRule,
};
use tripline_features::Recipe;
use tripline_features::flow::{self, Early, FlowSettings, SetCard};
use tripline_ingest::filter::Filter;
use tripline_ingest::flow_labels::{FlowLabels, LabelOptions, Unlabelled};
use tripline_models::calibration::CalibratorKind;
use tripline_store::Limits;

use crate::args::{Cli, DataArgs, FlowArgs, JudgingArgs, RateArgs, TrainingArgs};
use crate::config::{Config, Layers};
use crate::exit::Usage;
use crate::outputs;
use crate::terminal::Terminal;

/// A model's id with `name=value` pairs.
pub(crate) type ModelParams = (String, Vec<(String, String)>);

/// Settings from defaults, file and command line.
pub(crate) struct Session {
    pub(crate) terminal: Terminal,
    pub(crate) config: Config,
    /// Where each setting comes from.
    pub(crate) layers: Layers,
    config_file: Option<PathBuf>,
    /// Whether a feature set was named on the command line.
    set_asked: bool,
    /// Labels of the flows of a test file, where they stand apart.
    test_labels: Option<PathBuf>,
    /// Whether the threshold's rule was given on the command line.
    threshold_asked: bool,
}

impl Session {
    pub(crate) fn new(cli: &Cli, terminal: Terminal) -> anyhow::Result<Self> {
        let layers = Layers::read(cli.global.config.as_deref(), variables())?;
        let mut config = layers.config.clone();
        config.run.seed = cli.global.seed.unwrap_or(config.run.seed);
        config.run.threads = cli.global.threads.unwrap_or(config.run.threads);
        tripline_engine::use_threads(config.run.threads)?;
        Ok(Self {
            terminal,
            config,
            layers,
            config_file: cli.global.config.clone(),
            set_asked: false,
            test_labels: None,
            threshold_asked: false,
        })
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
        let traffic = &args.traffic;
        if traffic.labels.is_some() {
            data.labels.clone_from(&traffic.labels);
        }
        self.test_labels.clone_from(&traffic.test_labels);
        if let Some(rule) = &traffic.unlabelled {
            data.unlabelled.clone_from(rule);
        }
        data.label_slack_seconds = traffic.label_slack.unwrap_or(data.label_slack_seconds);
        data.label_shift_seconds = traffic.label_shift.unwrap_or(data.label_shift_seconds);
        if let Some(set) = &traffic.set {
            self.config.flows.set.clone_from(set);
            self.set_asked = true;
        }
        set(&mut self.config.flows.filter, &traffic.filter);
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
            self.threshold_asked = true;
        }
        if let Some(rule) = &args.threshold_rule {
            self.config.judging.threshold.clone_from(rule);
            self.threshold_asked = true;
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

    pub(crate) fn with_flows(mut self, args: &FlowArgs) -> Self {
        let flows = &mut self.config.flows;
        if let Some(set) = &args.set {
            flows.set.clone_from(set);
            self.set_asked = true;
        }
        set(&mut flows.filter, &args.filter);
        flows.idle_seconds = args.idle.unwrap_or(flows.idle_seconds);
        flows.active_seconds = args.active.unwrap_or(flows.active_seconds);
        flows.max_flows = args.max_flows.unwrap_or(flows.max_flows);
        flows.max_memory_mib = args.max_memory.unwrap_or(flows.max_memory_mib);
        flows.early_packets = args.early_packets.unwrap_or(flows.early_packets);
        flows.early_seconds = args.early_seconds.or(flows.early_seconds);
        self
    }

    /// The feature set that is asked for.
    pub(crate) fn feature_set(&self) -> Result<&'static SetCard, Usage> {
        let asked = &self.config.flows.set;
        flow::set(asked).ok_or_else(|| {
            let known: Vec<&str> = flow::SETS.iter().map(|set| set.id).collect();
            Usage(format!("unknown feature set `{asked}`, known are: {}", known.join(", ")))
        })
    }

    /// The feature set, if one was named on the command line.
    pub(crate) fn asked_set(&self) -> Result<Option<&'static SetCard>, Usage> {
        if self.set_asked { self.feature_set().map(Some) } else { Ok(None) }
    }

    /// How traffic becomes flows.
    pub(crate) fn traffic_settings(&self) -> anyhow::Result<TrafficSettings> {
        let flows = &self.config.flows;
        let filter = match &flows.filter {
            Some(text) => {
                Some(Filter::parse(text).map_err(|error| Usage(format!("--filter: {error}")))?)
            }
            None => None,
        };
        let early = Early {
            packets: flows.early_packets,
            after: flows.early_seconds.map(|s| duration("early_seconds", s)).transpose()?,
        };
        for (name, value) in [("max_flows", flows.max_flows), ("max_memory", flows.max_memory_mib)]
        {
            if value == 0 {
                return Err(Usage(format!("{name} must be 1 or more, got 0")).into());
            }
        }
        Ok(TrafficSettings {
            flow: FlowSettings {
                idle: duration("idle", flows.idle_seconds)?,
                active: duration("active", flows.active_seconds)?,
                tcp_linger: flows
                    .tcp_linger_seconds
                    .map(|s| duration("tcp_linger_seconds", s))
                    .transpose()?,
                max_flows: flows.max_flows,
                max_bytes: flows.max_memory_mib.saturating_mul(1 << 20),
                entropy_bytes: flows.entropy_bytes,
                early: (early.packets > 0 || early.after.is_some()).then_some(early),
                ..FlowSettings::default()
            },
            filter,
            snap_bytes: flows.snap_bytes,
            ring_bytes: flows.ring_mib.saturating_mul(1 << 20),
            promiscuous: flows.promiscuous,
            ..TrafficSettings::default()
        })
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
            // A file that repeats the default asks for nothing.
            threshold_asked: self.threshold_asked
                || self.config.judging.threshold != crate::config::Judging::default().threshold,
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

    /// Reads a whole file, with labels if they are needed: a table, a capture or logs. A table is
    /// left with the columns of a feature set that models use, where one was asked for.
    pub(crate) fn read_data(
        &self,
        file: &Path,
        labelled: bool,
        progress: &dyn Progress,
    ) -> anyhow::Result<Dataset> {
        if is_traffic(file)? {
            return self.read_traffic(
                file,
                self.feature_set()?,
                labelled,
                false,
                self.labels(),
                progress,
            );
        }
        let set = self.asked_set()?;
        Ok(data::read_table(file, &self.read_settings(), labelled, set, progress)?)
    }

    /// Reads traffic as a data set.
    fn read_traffic(
        &self,
        file: &Path,
        set: &'static SetCard,
        labelled: bool,
        all_columns: bool,
        labels: Option<&Path>,
        progress: &dyn Progress,
    ) -> anyhow::Result<Dataset> {
        let labels = self.labels_of(labels)?;
        if labelled && labels.is_none() {
            return Err(Usage(format!(
                "{}: a capture or log has no labels; give them with --labels FILE",
                file.display()
            ))
            .into());
        }
        let settings = DatasetSettings { labels: labels.as_ref(), all_columns };
        let traffic = self.traffic_settings()?;
        Ok(labelled_dataset(file, set, &traffic, settings, progress)?.data)
    }

    /// The labels of flows, if a file of them was given.
    pub(crate) fn flow_labels(&self) -> anyhow::Result<Option<FlowLabels>> {
        self.labels_of(self.labels())
    }

    fn labels(&self) -> Option<&Path> {
        self.config.data.labels.as_deref()
    }

    fn labels_of(&self, file: Option<&Path>) -> anyhow::Result<Option<FlowLabels>> {
        let Some(file) = file else { return Ok(None) };
        let slack = self.config.data.label_slack_seconds;
        if !(0.0..=86_400.0).contains(&slack) {
            return Err(
                Usage(format!("label-slack must be seconds from 0 to 86400, got {slack}")).into()
            );
        }
        let unlabelled = match self.config.data.unlabelled.as_str() {
            "benign" => Unlabelled::Benign,
            "drop" => Unlabelled::Drop,
            other => {
                return Err(
                    Usage(format!("unlabelled must be `benign` or `drop`, got `{other}`")).into()
                );
            }
        };
        let options = LabelOptions {
            slack: Duration::from_secs_f64(slack),
            shift_s: self.config.data.label_shift_seconds,
            unlabelled,
            ..LabelOptions::default()
        };
        Ok(Some(FlowLabels::read(file, &options).map_err(EngineError::from)?))
    }

    /// Reads a whole labelled test file with the kinds of the training columns: a cell that is no
    /// number is a missing one there, as it will be when the model scores.
    pub(crate) fn read_test(
        &self,
        file: &Path,
        train: &Dataset,
        progress: &dyn Progress,
    ) -> anyhow::Result<Dataset> {
        if is_traffic(file)? {
            let labels = self.test_labels.as_deref().or(self.labels());
            return self.read_traffic(file, self.feature_set()?, true, false, labels, progress);
        }
        Ok(data::read_test_table(file, train, &self.read_settings(), progress)?)
    }

    /// Reads a whole file in the columns of a model.
    pub(crate) fn read_for(
        &self,
        model: &Model,
        file: &Path,
        labelled: bool,
        progress: &dyn Progress,
    ) -> anyhow::Result<Dataset> {
        if is_traffic(file)? {
            let set = match self.asked_set()? {
                Some(set) => set,
                None => set_of(model)?,
            };
            return self.read_traffic(file, set, labelled, true, self.labels(), progress);
        }
        let options = self.read_settings().options(Some(model.input()), labelled);
        Ok(tripline_ingest::read(file, &options, progress).map_err(EngineError::from)?)
    }

    /// Reads a model.
    pub(crate) fn read_model(&self, file: &Path) -> Result<Model, EngineError> {
        let model = Model::read(file, &self.limits())?;
        for note in model.notes() {
            self.terminal.warn(&format!("{}: {note}", file.display()));
        }
        Ok(model)
    }

    /// The configuration file that was named.
    pub(crate) fn config_file(&self) -> Option<&Path> {
        self.config_file.as_deref()
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits { max_file_bytes: self.config.limits.max_model_bytes, ..Limits::default() }
    }
}

/// Variables of the environment that are text.
pub(crate) fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
}

/// Whether a path holds traffic rather than a table.
pub(crate) fn is_traffic(file: &Path) -> Result<bool, EngineError> {
    Ok(recognise(file)? != Content::Other)
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
        expected: "`platt`, `isotonic`, `temperature`, `tail`, `empirical_cdf` or `identity`",
        got: name.to_owned(),
    })
}

/// Seconds as a time span of at least a microsecond.
fn duration(name: &str, seconds: f64) -> Result<Duration, Usage> {
    // A year: beyond it a slip is likelier than a wish.
    if (1e-6..=31_536_000.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(Usage(format!("{name} must be seconds from 0.000001 to 31536000, got {seconds}")))
    }
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
