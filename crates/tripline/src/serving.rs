//! From the configuration to the settings of the service.

use std::path::PathBuf;
use std::time::Duration;

use tripline_engine::service::jobs::JobSettings;
use tripline_engine::service::{OnFull, RetentionSettings, ServiceSettings, nearest};
use tripline_serve::access::Network;
use tripline_serve::settings::{AccessSettings, Limits, Tls};
use tripline_serve::{LogFormat, LogSettings, Settings};
use tripline_store::PublicKey;

use crate::config::{Config, Layers, Scalar, Serve};
use crate::exit::Usage;

/// Settings of the server, of what it serves, and of its log.
pub(crate) struct Serving {
    pub(crate) server: Settings,
    pub(crate) service: ServiceSettings,
    pub(crate) log: LogSettings,
    /// What is accepted and has no effect.
    pub(crate) notes: Vec<String>,
}

impl Serving {
    /// Checked settings, with what is told of them.
    pub(crate) fn over(layers: &Layers) -> Result<Self, Usage> {
        let mut serving = Self::of(&layers.config)?;
        serving.server.told = layers.told();
        Ok(serving)
    }

    /// Checked settings; an error names the key.
    pub(crate) fn of(config: &Config) -> Result<Self, Usage> {
        let serve = &config.serve;
        let folder = PathBuf::from(&serve.data_dir);
        let format = LogFormat::parse(&serve.log.format)
            .ok_or_else(|| wrong("log.format", "`text` or `json`", &serve.log.format))?;
        Ok(Self {
            server: server(config)?,
            service: service(config, folder)?,
            log: LogSettings { format, level: serve.log.level.clone() },
            notes: notes(config)?,
        })
    }
}

fn server(config: &Config) -> Result<Settings, Usage> {
    let serve = &config.serve;
    let bind = match serve.bind.as_str() {
        "localhost" => std::net::Ipv4Addr::LOCALHOST.into(),
        text => text.parse().map_err(|_| wrong("bind", "an address such as 127.0.0.1", text))?,
    };
    if serve.access.requests_per_second.is_some_and(|rate| !(0.0003..=1e9).contains(&rate)) {
        return Err(Usage("`serve.access.requests_per_second` must be from 0.0003 on".to_owned()));
    }
    if let Some(address) = &serve.otlp_endpoint
        && !tripline_serve::is_collector(address)
    {
        let expected = "such as http://127.0.0.1:4318 (a collector beside the service encrypts)";
        return Err(wrong("otlp_endpoint", expected, address));
    }
    let limits = &serve.limits;
    for (name, value) in [
        ("connections", limits.connections),
        ("connections_per_address", limits.connections_per_address),
        ("in_flight", limits.in_flight),
        ("header_bytes", limits.header_bytes),
    ] {
        // What a semaphore of the runtime can hold is far beyond what a machine can.
        if !(1..=1 << 30).contains(&value) {
            return Err(Usage(format!("`serve.limits.{name}` must be from 1 to 1073741824")));
        }
    }
    Ok(Settings {
        bind,
        port: serve.port,
        access: AccessSettings {
            keys: serve.access.keys,
            hosts: serve.access.hosts.clone(),
            requests_per_second: serve.access.requests_per_second,
            session: seconds("access.session_hours", serve.access.session_hours * 3600.0)?,
        },
        tls: tls(serve)?,
        limits: Limits {
            connections: limits.connections,
            connections_per_address: limits.connections_per_address,
            in_flight: limits.in_flight,
            queued: limits.queued,
            header_bytes: limits.header_bytes,
            header_time: seconds("limits.header_seconds", limits.header_seconds)?,
            body_bytes: limits.body_bytes,
            upload_bytes: limits.upload_bytes,
            body_pause: seconds("limits.body_pause_seconds", limits.body_pause_seconds)?,
            request_time: seconds("limits.request_seconds", limits.request_seconds)?,
            upload_time: seconds("limits.upload_seconds", limits.upload_seconds)?,
            drain: seconds("limits.drain_seconds", limits.drain_seconds)?,
            ..Limits::default()
        },
        otlp_endpoint: serve.otlp_endpoint.clone(),
        model_metrics: config.monitoring.performance_metrics,
        told: Vec::new(),
    })
}

fn tls(serve: &Serve) -> Result<Tls, Usage> {
    let files = serve.tls_certificate.as_ref().zip(serve.tls_key.as_ref());
    match (serve.tls.as_str(), files) {
        ("none" | "files", Some((certificate, key))) => {
            Ok(Tls::Files { certificate: certificate.into(), key: key.into() })
        }
        ("files", None) => Err(Usage(
            "`serve.tls: files` needs `serve.tls_certificate` and `serve.tls_key`".to_owned(),
        )),
        ("none", None) if serve.tls_certificate.is_some() || serve.tls_key.is_some() => {
            Err(Usage("`serve.tls_certificate` and `serve.tls_key` are given together".to_owned()))
        }
        ("none", None) => Ok(Tls::Off),
        ("proxy", _) => {
            if serve.proxies.is_empty() {
                let text = "`serve.tls: proxy` needs the proxy's addresses in `serve.proxies`";
                return Err(Usage(text.to_owned()));
            }
            let network = |text: &String| {
                let expected = "addresses or networks such as 10.0.0.0/24";
                Network::parse(text).ok_or_else(|| wrong("proxies", expected, text))
            };
            Ok(Tls::Proxy(serve.proxies.iter().map(network).collect::<Result<_, _>>()?))
        }
        (other, _) => Err(wrong("tls", "`none`, `files` or `proxy`", other)),
    }
}

fn service(config: &Config, folder: PathBuf) -> Result<ServiceSettings, Usage> {
    let predictions = &config.serve.predictions;
    let mut settings = ServiceSettings::new(folder);
    settings.trusted_keys = predictions
        .trusted_keys
        .iter()
        .map(|text| {
            let expected = "public keys of 64 hexadecimal digits";
            public_key(text).ok_or_else(|| wrong("predictions.trusted_keys", expected, text))
        })
        .collect::<Result<_, _>>()?;
    settings.limits.max_file_bytes = predictions.max_model_bytes;
    settings.precedence.clone_from(&predictions.precedence);
    settings.queue = predictions.detection_queue.max(1);
    settings.on_full = match predictions.on_full.as_str() {
        "refuse" => OnFull::Refuse,
        "drop" => OnFull::Drop,
        other => return Err(wrong("predictions.on_full", "`refuse` or `drop`", other)),
    };
    // What the recorder promises: at least every 50 ms.
    if !(1..=50).contains(&predictions.commit_milliseconds) {
        return Err(Usage(
            "`serve.predictions.commit_milliseconds` must be from 1 to 50".to_owned(),
        ));
    }
    settings.commit_every = Duration::from_millis(predictions.commit_milliseconds);
    settings.shadow_queue = predictions.shadow_queue.max(1);
    settings.cache_bytes = predictions.cache_bytes;
    if !(1..=1 << 20).contains(&config.deployment.batch_size) {
        return Err(Usage("`deployment.batch_size` must be from 1 to 1048576".to_owned()));
    }
    settings.batch_rows = config.deployment.batch_size;
    let training = &config.serve.training;
    if !(0..=19).contains(&training.nice) {
        return Err(Usage("`serve.training.nice` must be from 0 to 19".to_owned()));
    }
    settings.jobs = JobSettings {
        concurrency: training.concurrency,
        train_threads: training.threads,
        nice: training.nice,
        roots: training.data_roots.iter().map(PathBuf::from).collect(),
        max_waiting: training.max_waiting,
        max_data_bytes: training.max_data_bytes,
        max_cells: training.max_cells,
        max_upload_bytes: training.max_upload_bytes,
        max_uploads: training.max_uploads,
        park_within: seconds("training.park_seconds", training.park_seconds)?,
    };
    settings.retention = retention(&config.serve)?;
    Ok(settings)
}

fn retention(serve: &Serve) -> Result<RetentionSettings, Usage> {
    let kept = &serve.retention;
    let bound = |most: u64| (most > 0).then_some(most);
    let keys = "retention.idempotency_hours";
    Ok(RetentionSettings {
        detections: days("detections_days", &kept.detections_days)?,
        judged: days("judged_days", &kept.judged_days)?,
        max_detections: bound(kept.max_detections),
        max_database_bytes: bound(kept.max_database_bytes),
        shadow_scores: days("shadow_days", &kept.shadow_days)?,
        tallies: days("tallies_days", &kept.tallies_days)?,
        feature_rows: days("feature_rows_days", &kept.feature_rows_days)?,
        jobs: days("jobs_days", &kept.jobs_days)?,
        idempotency_keys: seconds(keys, kept.idempotency_hours * 3600.0)?,
    })
}

/// How long something is kept; none for ever.
fn days(name: &str, value: &Scalar) -> Result<Option<Duration>, Usage> {
    /// A century.
    const MOST: f64 = 36_525.0;
    let days = match value {
        Scalar::Text(text) if text == "never" => 0.0,
        Scalar::Int(days) => *days as f64,
        Scalar::Float(days) => *days,
        _ => f64::NAN,
    };
    match days {
        0.0 => Ok(None),
        // An hour: nothing is looked at more often.
        days if (1.0 / 24.0..=MOST).contains(&days) => {
            Ok(Some(Duration::from_secs_f64(days * 86_400.0)))
        }
        _ => {
            let expected = "days, from 0.05 to 36525, or `never`";
            Err(wrong(&format!("retention.{name}"), expected, &value.to_string()))
        }
    }
}

/// What is accepted, since a file for another program has it, and changes nothing here.
fn notes(config: &Config) -> Result<Vec<String>, Usage> {
    let mut notes = Vec::new();
    if config.monitoring.drift_detection {
        notes.push("`monitoring.drift_detection`: drift is not watched yet".to_owned());
    }
    if !config.deployment.real_time {
        notes.push("`deployment.real_time`: single events are answered all the same".to_owned());
    }
    if let Some(text) = &config.deployment.max_memory {
        let bytes = size(text).ok_or_else(|| {
            Usage(format!("`deployment.max_memory` must be such as \"2GB\", got {text:?}"))
        })?;
        notes.push(format!(
            "`deployment.max_memory`: {bytes} bytes are not enforced; limit the process by its \
             container or by `MemoryMax` of systemd"
        ));
    }
    if let Some(extractor) = &config.features.extractor
        && extractor != "network_features"
    {
        return Err(Usage(format!(
            "`features.extractor` must be `network_features`, got `{extractor}`; the columns of \
             flows are those of `flows.set`"
        )));
    }
    let name = &config.model.name;
    if config.model.path.is_none() {
        let known = || tripline_engine::trainable().iter().map(|card| card.id);
        if !known().any(|id| id == name) {
            let near = nearest(name, known())
                .map(|near| format!("; is `{near}` meant?"))
                .unwrap_or_default();
            notes.push(format!(
                "`model.name`: there is no detector `{name}`{near} (`tripline detectors` lists \
                 them); training needs one"
            ));
        }
    }
    Ok(notes)
}

/// Bytes from `2GB`, `512MiB`, `1000`.
fn size(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    let unit = match text[end..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1000,
        "kib" => 1 << 10,
        "m" | "mb" => 1_000_000,
        "mib" => 1 << 20,
        "g" | "gb" => 1_000_000_000,
        "gib" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

fn public_key(text: &str) -> Option<PublicKey> {
    let digits = text.trim();
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&digits[at..at + 2], 16).ok()?;
    }
    PublicKey::from_bytes(bytes)
}

fn seconds(name: &str, seconds: f64) -> Result<Duration, Usage> {
    // A year: beyond it a slip is likelier than a wish.
    if (0.001..=31_536_000.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(Usage(format!("`serve.{name}` must be a time from a millisecond to a year")))
    }
}

fn wrong(name: &str, expected: &str, got: &str) -> Usage {
    Usage(format!("`serve.{name}` must be {expected}, got `{got}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_service() {
        let serving = Serving::of(&Config::default()).unwrap();
        assert_eq!(serving.server, Settings::default());
        let expected = ServiceSettings::new("tripline-data");
        assert_eq!(format!("{:?}", serving.service), format!("{expected:?}"));
        assert!(serving.notes.is_empty());
    }

    #[test]
    fn what_is_kept_for_ever_is_said_by_a_word_or_by_none() {
        let kept = |text: &str| {
            let text = format!("serve:\n  retention:\n    {text}\n");
            let serving = Config::parse("c.yaml", &text).and_then(|config| Serving::of(&config));
            serving.map(|serving| serving.service.retention).map_err(|error| error.to_string())
        };
        let defaults = RetentionSettings::default();
        assert_eq!(defaults.judged, None);
        for never in ["never", "0", "0.0"] {
            let found = kept(&format!("detections_days: {never}")).unwrap();
            assert_eq!(found, RetentionSettings { detections: None, ..defaults.clone() });
        }
        let half = kept("judged_days: 0.5").unwrap();
        assert_eq!(half.judged, Some(Duration::from_secs(43_200)));
        let none = kept("max_detections: 0").unwrap();
        assert_eq!(none, RetentionSettings { max_detections: None, ..defaults });
        for bad in ["-1", "0.01", "40000", "soon", "true", "90d"] {
            let told = kept(&format!("jobs_days: {bad}")).unwrap_err();
            assert!(told.contains("`serve.retention.jobs_days` must be days"), "{told}");
        }
        let told = kept("jobs_days: .inf").unwrap_err();
        assert!(told.contains("c.yaml:3") && told.contains(".inf"), "{told}");
    }

    #[test]
    fn sizes() {
        assert_eq!(size("2GB"), Some(2_000_000_000));
        assert_eq!(size("1 MiB"), Some(1 << 20));
        assert_eq!(size("many"), None);
        assert_eq!(size("99999999999999999GB"), None);
    }
}
