//! The section `serve`: the service as a file names it.

use serde::{Deserialize, Serialize};

use super::Scalar;

/// The service.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Serve {
    pub(crate) data_dir: String,
    pub(crate) enabled: bool,
    pub(crate) bind: String,
    pub(crate) port: u16,
    pub(crate) tls: String,
    pub(crate) tls_certificate: Option<String>,
    pub(crate) tls_key: Option<String>,
    pub(crate) proxies: Vec<String>,
    pub(crate) otlp_endpoint: Option<String>,
    pub(crate) access: Access,
    pub(crate) limits: ServeLimits,
    pub(crate) predictions: Predictions,
    pub(crate) training: Training,
    pub(crate) retention: Retention,
    pub(crate) log: Log,
}

impl Default for Serve {
    fn default() -> Self {
        Self {
            data_dir: "tripline-data".to_owned(),
            enabled: true,
            bind: "127.0.0.1".to_owned(),
            port: 5003,
            tls: "none".to_owned(),
            tls_certificate: None,
            tls_key: None,
            proxies: Vec::new(),
            otlp_endpoint: None,
            access: Access::default(),
            limits: ServeLimits::default(),
            predictions: Predictions::default(),
            training: Training::default(),
            retention: Retention::default(),
            log: Log::default(),
        }
    }
}

/// How clients are known.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Access {
    pub(crate) keys: bool,
    pub(crate) hosts: Vec<String>,
    pub(crate) requests_per_second: Option<f64>,
    pub(crate) session_hours: f64,
}

impl Default for Access {
    fn default() -> Self {
        Self { keys: false, hosts: Vec::new(), requests_per_second: None, session_hours: 12.0 }
    }
}

/// What a client may cost.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServeLimits {
    pub(crate) connections: usize,
    pub(crate) connections_per_address: usize,
    pub(crate) in_flight: usize,
    pub(crate) queued: usize,
    pub(crate) header_bytes: usize,
    pub(crate) header_seconds: f64,
    pub(crate) body_bytes: u64,
    pub(crate) upload_bytes: u64,
    pub(crate) body_pause_seconds: f64,
    pub(crate) request_seconds: f64,
    pub(crate) upload_seconds: f64,
    pub(crate) drain_seconds: f64,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_address: 512,
            in_flight: 256,
            queued: 1024,
            header_bytes: 16 << 10,
            header_seconds: 10.0,
            body_bytes: 1 << 20,
            upload_bytes: 1 << 30,
            body_pause_seconds: 10.0,
            request_seconds: 30.0,
            upload_seconds: 600.0,
            drain_seconds: 10.0,
        }
    }
}

/// How events are judged, and what is written down.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Predictions {
    pub(crate) precedence: Vec<String>,
    pub(crate) trusted_keys: Vec<String>,
    pub(crate) max_model_bytes: u64,
    pub(crate) detection_queue: usize,
    pub(crate) on_full: String,
    pub(crate) commit_milliseconds: u64,
    pub(crate) shadow_queue: usize,
    pub(crate) cache_bytes: u64,
}

impl Default for Predictions {
    fn default() -> Self {
        Self {
            precedence: Vec::new(),
            trusted_keys: Vec::new(),
            max_model_bytes: 256 << 20,
            detection_queue: 8192,
            on_full: "refuse".to_owned(),
            commit_milliseconds: 20,
            shadow_queue: 1024,
            cache_bytes: 0,
        }
    }
}

/// Jobs.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Training {
    pub(crate) concurrency: usize,
    pub(crate) threads: usize,
    pub(crate) nice: i32,
    pub(crate) data_roots: Vec<String>,
    pub(crate) max_waiting: u32,
    pub(crate) max_data_bytes: u64,
    pub(crate) max_cells: u64,
    pub(crate) max_upload_bytes: u64,
    pub(crate) max_uploads: usize,
    pub(crate) park_seconds: f64,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            concurrency: 1,
            threads: 0,
            nice: 10,
            data_roots: Vec::new(),
            max_waiting: 1000,
            max_data_bytes: 4 << 30,
            max_cells: 1 << 28,
            max_upload_bytes: 8 << 30,
            max_uploads: 1000,
            park_seconds: 5.0,
        }
    }
}

/// How long things are kept: days, or `never` to forget them.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Retention {
    pub(crate) detections_days: Scalar,
    pub(crate) judged_days: Scalar,
    pub(crate) max_detections: u64,
    pub(crate) max_database_bytes: u64,
    pub(crate) shadow_days: Scalar,
    pub(crate) tallies_days: Scalar,
    pub(crate) feature_rows_days: Scalar,
    pub(crate) jobs_days: Scalar,
    pub(crate) idempotency_hours: f64,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            detections_days: Scalar::Int(90),
            judged_days: Scalar::Text("never".to_owned()),
            max_detections: 5_000_000,
            max_database_bytes: 16 << 30,
            shadow_days: Scalar::Int(14),
            tallies_days: Scalar::Int(400),
            feature_rows_days: Scalar::Int(400),
            jobs_days: Scalar::Int(400),
            idempotency_hours: 24.0,
        }
    }
}

/// The log.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) format: String,
    pub(crate) level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: "text".to_owned(), level: "info".to_owned() }
    }
}

/// What is watched of a model that answers.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Monitoring {
    pub(crate) performance_metrics: bool,
    pub(crate) drift_detection: bool,
}

impl Default for Monitoring {
    fn default() -> Self {
        Self { performance_metrics: true, drift_detection: false }
    }
}

/// How a model answers.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Deployment {
    pub(crate) real_time: bool,
    pub(crate) batch_size: usize,
    pub(crate) max_memory: Option<String>,
}

impl Default for Deployment {
    fn default() -> Self {
        Self { real_time: true, batch_size: 4096, max_memory: None }
    }
}
