//! The configuration: defaults, then a file, then the environment, then the command line.

mod environment;
mod layers;
mod serve;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::exit::Usage;

pub(crate) use layers::{Layers, Source};
pub(crate) use serve::{Deployment, Monitoring, Serve};

/// Largest configuration file in bytes: the reference has about 4,000.
const MAX_BYTES: u64 = 1 << 20;

/// All settings as a file names them.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) data: Data,
    pub(crate) model: Model,
    pub(crate) features: Features,
    pub(crate) judging: Judging,
    pub(crate) flows: Flows,
    pub(crate) run: Run,
    pub(crate) limits: Limits,
    pub(crate) serve: Serve,
    pub(crate) monitoring: Monitoring,
    pub(crate) deployment: Deployment,
}

/// What is read.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Data {
    pub(crate) label: Option<String>,
    pub(crate) benign: Option<String>,
    pub(crate) time: Option<String>,
    pub(crate) weights: Option<String>,
    pub(crate) labels: Option<PathBuf>,
    pub(crate) unlabelled: String,
    pub(crate) label_slack_seconds: f64,
    pub(crate) label_shift_seconds: i64,
    pub(crate) max_record_bytes: usize,
    pub(crate) max_bad_records: Option<u64>,
    pub(crate) batch_rows: usize,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            label: None,
            benign: None,
            time: None,
            weights: None,
            labels: None,
            unlabelled: "benign".to_owned(),
            label_slack_seconds: 1.0,
            label_shift_seconds: 0,
            max_record_bytes: 1 << 20,
            max_bad_records: None,
            batch_rows: 1 << 16,
        }
    }
}

/// What is trained.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) path: Option<PathBuf>,
    pub(crate) parameters: BTreeMap<String, Scalar>,
    pub(crate) task: String,
    pub(crate) calibration: Option<String>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            name: "gradient_boosting".to_owned(),
            path: None,
            parameters: BTreeMap::new(),
            task: "binary".to_owned(),
            calibration: None,
        }
    }
}

/// How columns are prepared.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Features {
    pub(crate) extractor: Option<String>,
    pub(crate) prepare: Option<String>,
    pub(crate) preprocessing: Preprocessing,
}

/// Two choices of preparing by name.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Preprocessing {
    pub(crate) normalization: Option<String>,
    pub(crate) outlier_removal: bool,
}

/// How a model is judged.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Judging {
    pub(crate) protocol: Option<String>,
    pub(crate) folds: usize,
    pub(crate) test_share: f64,
    pub(crate) validation: String,
    pub(crate) validation_share: f64,
    pub(crate) threshold: String,
    pub(crate) accept_leakage: bool,
    pub(crate) events_per_day: f64,
    pub(crate) base_rate: f64,
    pub(crate) bootstrap: usize,
}

impl Default for Judging {
    fn default() -> Self {
        Self {
            protocol: None,
            folds: 5,
            test_share: 0.3,
            validation: "holdout".to_owned(),
            validation_share: 0.2,
            threshold: "fpr:0.001".to_owned(),
            accept_leakage: false,
            events_per_day: 1e6,
            base_rate: 0.001,
            bootstrap: 1000,
        }
    }
}

/// How packets become flows.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Flows {
    pub(crate) set: String,
    pub(crate) filter: Option<String>,
    pub(crate) idle_seconds: f64,
    pub(crate) active_seconds: f64,
    pub(crate) tcp_linger_seconds: Option<f64>,
    pub(crate) max_flows: usize,
    pub(crate) max_memory_mib: usize,
    pub(crate) entropy_bytes: u32,
    pub(crate) early_packets: u32,
    pub(crate) early_seconds: Option<f64>,
    pub(crate) snap_bytes: u32,
    pub(crate) ring_mib: usize,
    pub(crate) promiscuous: bool,
}

impl Default for Flows {
    fn default() -> Self {
        Self {
            set: "tripline".to_owned(),
            filter: None,
            idle_seconds: 120.0,
            active_seconds: 1800.0,
            tcp_linger_seconds: Some(5.0),
            max_flows: 1 << 20,
            max_memory_mib: 2048,
            entropy_bytes: 4096,
            early_packets: 0,
            early_seconds: None,
            snap_bytes: 65_535,
            ring_mib: 64,
            promiscuous: true,
        }
    }
}

/// How the program runs.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Run {
    pub(crate) seed: u64,
    pub(crate) threads: usize,
}

/// What is read at most.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) max_model_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_model_bytes: 2 << 30 }
    }
}

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Anything else.
    Text(String),
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

impl Config {
    /// The text of a YAML file, bounded.
    fn text(file: &Path) -> Result<String, Usage> {
        let name = file.display();
        let mut bytes = Vec::new();
        std::fs::File::open(file)
            .and_then(|open| open.take(MAX_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|error| Usage(format!("{name}: cannot read the configuration: {error}")))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Usage(format!("{name}: a configuration has at most {MAX_BYTES} bytes")));
        }
        String::from_utf8(bytes)
            .map_err(|_| Usage(format!("{name}: a configuration must be UTF-8 text")))
    }

    /// Paths of the keys that a YAML text gives, which parsed before.
    fn given(text: &str) -> Vec<String> {
        fn walk(path: &str, value: &serde_json::Value, out: &mut Vec<String>) {
            if let serde_json::Value::Object(members) = value
                && !members.is_empty()
            {
                for (name, value) in members {
                    let path =
                        if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    walk(&path, value, out);
                }
            } else if !path.is_empty() {
                out.push(path.to_owned());
            }
        }
        let mut out = Vec::new();
        let value: serde_json::Value = serde_saphyr::from_str(text).unwrap_or_default();
        walk("", &value, &mut out);
        out
    }

    /// From YAML; `name` is for messages.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, Usage> {
        // A file of comments alone is no document; it asks for the defaults.
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Self::default());
        }
        serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map_or(1, |at| at.line());
            let message = error.without_snippet().to_string();
            // The place stands before the message already.
            let message = message.rsplit_once(" at line ").map_or(message.as_str(), |m| m.0);
            let hint = hint(message).unwrap_or_default();
            Usage(format!(
                "{name}:{line}: {message}{hint}; config/tripline.yaml of the repository lists \
                 every key"
            ))
        })
    }
}

/// The nearest known key, where a message names an unknown one.
fn hint(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown field `")?;
    let (unknown, rest) = rest.split_once('`')?;
    let known = rest.strip_prefix(", expected ")?;
    let known = known.trim_start_matches("one of ").split(" or ").flat_map(|part| part.split(", "));
    let near =
        tripline_engine::service::nearest(unknown, known.map(|name| name.trim_matches('`')))?;
    Some(format!("; is `{near}` meant?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference configuration, which documents every key with its default.
    const REFERENCE: &str = include_str!("../../../config/tripline.yaml");

    fn refused(text: &str, expected: &str) {
        assert_eq!(Config::parse("c.yaml", text).unwrap_err().to_string(), expected);
    }

    #[test]
    fn the_reference_is_the_default() {
        assert_eq!(Config::parse("reference", REFERENCE).unwrap(), Config::default());
        // A key that is commented out or forgotten would still parse: each must be there.
        for key in [
            "label",
            "benign",
            "time",
            "weights",
            "labels",
            "unlabelled",
            "label_slack_seconds",
            "label_shift_seconds",
            "max_record_bytes",
            "max_bad_records",
            "batch_rows",
            "name",
            "parameters",
            "task",
            "calibration",
            "prepare",
            "normalization",
            "outlier_removal",
            "protocol",
            "folds",
            "test_share",
            "validation",
            "validation_share",
            "threshold",
            "accept_leakage",
            "events_per_day",
            "base_rate",
            "bootstrap",
            "set",
            "filter",
            "idle_seconds",
            "active_seconds",
            "tcp_linger_seconds",
            "max_flows",
            "max_memory_mib",
            "entropy_bytes",
            "early_packets",
            "early_seconds",
            "snap_bytes",
            "ring_mib",
            "promiscuous",
            "seed",
            "threads",
            "max_model_bytes",
            "path",
            "extractor",
            "data_dir",
            "enabled",
            "bind",
            "port",
            "tls",
            "tls_certificate",
            "tls_key",
            "proxies",
            "otlp_endpoint",
            "keys",
            "hosts",
            "requests_per_second",
            "session_hours",
            "connections",
            "connections_per_address",
            "in_flight",
            "queued",
            "header_bytes",
            "header_seconds",
            "body_bytes",
            "upload_bytes",
            "body_pause_seconds",
            "request_seconds",
            "upload_seconds",
            "drain_seconds",
            "precedence",
            "trusted_keys",
            "detection_queue",
            "on_full",
            "commit_milliseconds",
            "shadow_queue",
            "cache_bytes",
            "concurrency",
            "nice",
            "data_roots",
            "max_waiting",
            "max_data_bytes",
            "max_cells",
            "max_upload_bytes",
            "max_uploads",
            "park_seconds",
            "detections_days",
            "judged_days",
            "max_detections",
            "max_database_bytes",
            "shadow_days",
            "tallies_days",
            "feature_rows_days",
            "jobs_days",
            "idempotency_hours",
            "format",
            "level",
            "performance_metrics",
            "drift_detection",
            "real_time",
            "batch_size",
            "max_memory",
        ] {
            let found = REFERENCE.lines().any(|line| line.trim().starts_with(&format!("{key}:")));
            assert!(found, "{key}");
        }
    }

    #[test]
    fn values_come_over_the_defaults() {
        let text = "model:\n  name: random_forest\n  parameters:\n    n_estimators: 10\n    \
                    criterion: entropy\nfeatures:\n  preprocessing:\n    normalization: standard\n    \
                    outlier_removal: true\n";
        let config = Config::parse("c.yaml", text).unwrap();
        assert_eq!(config.model.name, "random_forest");
        assert_eq!(config.model.parameters["n_estimators"], Scalar::Int(10));
        assert_eq!(config.features.preprocessing.normalization.as_deref(), Some("standard"));
        assert_eq!(config.judging, Judging::default());
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        refused(
            "model:\n  nmae: sgd\n",
            "c.yaml:2: unknown field `nmae`, expected one of name, path, parameters, task, \
             calibration; is `name` meant?; config/tripline.yaml of the repository lists every key",
        );
        refused(
            "judging:\n  folds: many\n",
            "c.yaml:2: invalid u64; config/tripline.yaml of the repository lists every key",
        );
    }
}
