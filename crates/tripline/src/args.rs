//! The options of every command.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{commands, exit};

/// Machine-learning threat detection in one binary.
///
/// Give it labelled flows, and it says how good each model really is, why it decides as it does,
/// and leaves one model file that scores new flows. Begin with `tripline demo`: it needs no file.
#[derive(Debug, Parser)]
#[command(name = "tripline", version, propagate_version = true, after_help = exit::HELP)]
#[command(max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// `text` for people, `json` for machines
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub(crate) format: Format,
    /// Read settings from this YAML file; an option here wins over it
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The only source of randomness: the same seed gives the same bytes [default: 0]
    #[arg(long, global = true, value_name = "S")]
    pub(crate) seed: Option<u64>,
    /// Threads to use; 0 takes all cores [default: 0]
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Show no progress
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// `auto` colours on a terminal unless NO_COLOR is set
    #[arg(long, global = true, value_enum, default_value = "auto")]
    pub(crate) color: Color,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show everything on made-up flows: no file needed
    Demo(commands::demo::Demo),
    /// Look for what would make a judgement misleading
    Check(commands::check::Check),
    /// Train one model into one file
    Train(commands::train::Train),
    /// Search the parameters of a model
    Tune(commands::tune::Tune),
    /// Adapt a model file to a site's own data
    Adapt(commands::adapt::Adapt),
    /// Let a model learn from a stream, under a guard
    Learn(commands::learn::Learn),
    /// Turn traffic into flows with features
    Flows(commands::flows::Flows),
    /// Judge traffic as it comes: captures, interfaces, sensors
    Watch(commands::watch::Watch),
    /// Judge a model file on labelled data
    Evaluate(commands::evaluate::Evaluate),
    /// Judge several models on the same splits
    Compare(commands::compare::Compare),
    /// Rank models over several data sets
    Rank(commands::rank::Rank),
    /// Score new data with a model file
    Score(commands::score::Score),
    /// Find the rows of one file that are unlike its others
    Outliers(commands::outliers::Outliers),
    /// Say why a model decides as it does
    Explain(commands::explain::Explain),
    /// List the detectors with their parameters
    Detectors(commands::detectors::Detectors),
    /// Turn a model of another program into a model file
    Import(commands::import::Import),
    /// Say what a model file holds
    Inspect(commands::inspect::Inspect),
    /// Make labelled data
    #[command(subcommand)]
    Generate(commands::generate::Generate),
    /// Make a key pair for signing model files
    Keygen(commands::keygen::Keygen),
    /// Serve predictions, models, jobs and a dashboard
    #[cfg(feature = "serve")]
    Serve(commands::serve::Serve),
    /// Check a configuration, or say what holds
    #[cfg(feature = "serve")]
    #[command(subcommand)]
    Config(commands::config::Config),
    /// Check the audit trail of a service
    #[cfg(feature = "serve")]
    #[command(subcommand)]
    Audit(commands::audit::Audit),
    /// Make, list and revoke API keys of a service
    #[cfg(feature = "serve")]
    #[command(subcommand)]
    Key(commands::key::Key),
    /// Make and remove users of the dashboard
    #[cfg(feature = "serve")]
    #[command(subcommand)]
    User(commands::user::User),
}

impl Command {
    /// Whether it handles signals itself.
    pub(crate) fn is_service(&self) -> bool {
        #[cfg(feature = "serve")]
        return matches!(self, Self::Serve(_));
        #[cfg(not(feature = "serve"))]
        false
    }
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For machines; results that are a sequence are one object a line.
    #[value(alias = "jsonl")]
    Json,
}

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How a data file is read.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Reading")]
pub(crate) struct DataArgs {
    /// The column that tells each row's class; known layouts need none
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label: Option<String>,
    /// The value of the label column that means benign
    #[arg(long, value_name = "VALUE")]
    pub(crate) benign: Option<String>,
    /// The column that tells when a row ended
    #[arg(long, value_name = "COLUMN")]
    pub(crate) time: Option<String>,
    /// Give up after this many records that cannot be read
    #[arg(long, value_name = "N")]
    pub(crate) max_bad_records: Option<u64>,
    #[command(flatten)]
    pub(crate) traffic: TrafficArgs,
}

/// How captures and logs are read where a table could stand.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Reading captures and logs")]
pub(crate) struct TrafficArgs {
    /// What the flows of a capture or log are: a CSV joined by addresses, ports and time
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// The same for the flows of --test; without it --labels holds those of both
    #[arg(long, value_name = "FILE")]
    pub(crate) test_labels: Option<PathBuf>,
    /// Flows of which the labels say nothing: `benign` or `drop` [default: benign]
    #[arg(long, value_name = "RULE")]
    pub(crate) unlabelled: Option<String>,
    /// Seconds by which the times of labels may be off [default: 1]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) label_slack: Option<f64>,
    /// Seconds to add to the times of labels: local time of UTC-3 needs 10800 [default: 0]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub(crate) label_shift: Option<i64>,
    /// The feature set: `tripline`, `unsw_nb15`, `unsw_nb15_csv`, `cicflowmeter` or
    /// `cicflowmeter_2018`; of a table its columns are kept [default: tripline]
    #[arg(long, value_name = "SET")]
    pub(crate) set: Option<String>,
    /// Packets that count, in a subset of pcap-filter
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) filter: Option<String>,
}

/// How packets become flows.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Flows")]
pub(crate) struct FlowArgs {
    /// The feature set: `tripline`, `unsw_nb15`, `unsw_nb15_csv`, `cicflowmeter` or
    /// `cicflowmeter_2018`, as docs/sets describes them [default: tripline]
    #[arg(long, value_name = "SET")]
    pub(crate) set: Option<String>,
    /// Packets that count, in a subset of pcap-filter: `tcp port 443 and not net 10.0.0.0/8`
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) filter: Option<String>,
    /// A flow without a packet for so many seconds has ended [default: 120]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) idle: Option<f64>,
    /// A flow is told after so many seconds [default: 1800]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) active: Option<f64>,
    /// Most flows open at once [default: 1048576]
    #[arg(long, value_name = "N")]
    pub(crate) max_flows: Option<usize>,
    /// Most memory of open flows [default: 2048]
    #[arg(long, value_name = "MIB")]
    pub(crate) max_memory: Option<usize>,
    /// Look at an open flow at its packet N; it is told again when it ends
    #[arg(long, value_name = "N")]
    pub(crate) early_packets: Option<u32>,
    /// Look at an open flow so many seconds after its start; it is told again when it ends
    #[arg(long, value_name = "SECONDS")]
    pub(crate) early_seconds: Option<f64>,
}

/// What is trained.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Training")]
pub(crate) struct TrainingArgs {
    /// How columns are prepared, such as `engineer,impute=median,encode=one_hot,scale=robust`
    #[arg(long, value_name = "RECIPE")]
    pub(crate) prepare: Option<String>,
    /// `binary` or `multiclass`
    #[arg(long, value_name = "TASK")]
    pub(crate) task: Option<String>,
    /// A column of weights; it is no feature
    #[arg(long, value_name = "COLUMN")]
    pub(crate) weights: Option<String>,
    /// `platt`, `isotonic`, `temperature`, `tail`, `empirical` or `identity` [default: what fits
    /// the model]
    #[arg(long, value_name = "KIND")]
    pub(crate) calibration: Option<String>,
    /// Where threshold and calibration come from: `holdout` or `out-of-fold:K` [default: holdout]
    #[arg(long, value_name = "PART")]
    pub(crate) validation: Option<String>,
    /// Highest rate of false alarms on benign validation rows; one that they do not support is
    /// refused [default: 0.001, or the smallest that they support]
    #[arg(long, value_name = "RATE", conflicts_with = "threshold_rule")]
    pub(crate) fpr: Option<f64>,
    /// `fpr:RATE`, `best-f1` or `fixed:SCORE`
    #[arg(long, value_name = "RULE")]
    pub(crate) threshold_rule: Option<String>,
}

/// How models are judged.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Judging")]
pub(crate) struct JudgingArgs {
    /// `official`, `duplicate-grouped`, `leave-one-family-out`, `time-ordered` or `random`
    #[arg(long, value_name = "P")]
    pub(crate) protocol: Option<String>,
    /// Folds of `duplicate-grouped` and `random` [default: 5]
    #[arg(long, value_name = "K")]
    pub(crate) folds: Option<usize>,
    /// The part of the rows that `time-ordered` keeps for the test [default: 0.3]
    #[arg(long, value_name = "SHARE")]
    pub(crate) test_share: Option<f64>,
    /// Judge although the guard refuses; written into the model and into every report
    #[arg(long)]
    pub(crate) accept_leakage: bool,
    #[command(flatten)]
    pub(crate) rate: RateArgs,
}

/// What a day looks like where the model will stand.
#[derive(Debug, Args, Default)]
pub(crate) struct RateArgs {
    /// For alerts a day: events a day [default: 1000000]
    #[arg(long, value_name = "N", help_heading = "Judging")]
    pub(crate) events_per_day: Option<f64>,
    /// For alerts a day: the part of the events that are attacks [default: 0.001]
    #[arg(long, value_name = "SHARE", help_heading = "Judging")]
    pub(crate) base_rate: Option<f64>,
}
