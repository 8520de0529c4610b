//! `tripline serve`: the service.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use serde_json::Value;
use tripline_engine::service::{Service, ServiceError};
use tripline_serve::{Listening, LogLevel, Server, log_to_stderr};

use crate::commands::demo_serve::Samples;
use crate::config::Layers;
use crate::exit::{Exit, Usage};
use crate::output;
use crate::serving::Serving;
use crate::session::Session;
use crate::shipped;

/// Serve predictions, models, jobs and a dashboard.
///
/// Needs no other server: metadata, models and queue are in one folder. Listens on a loopback
/// address, where no key is needed; elsewhere it needs keys (`tripline key create`), and TLS or a
/// proxy. The first start prints a token that opens deploys, deletes and keys.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tripline serve --data-dir /var/lib/tripline\n  \
curl http://localhost:5003/health")]
pub(crate) struct Serve {
    /// The folder of database, models and keys [default: tripline-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// The address to listen on [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<String>,
    /// The port; 0 takes a free one [default: 5003]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Certificate chain in PEM form
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<String>,
    /// Its private key in PEM form
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<String>,
    /// Take plain HTTP from this proxy, which encrypts; may be given several times
    #[arg(long, value_name = "ADDRESS", conflicts_with = "tls_cert")]
    proxy: Vec<String>,
    /// Ask for keys on a loopback address too
    #[arg(long)]
    keys: bool,
    /// What `tripline demo` shows on the dashboard.
    #[arg(skip)]
    samples: Option<Samples>,
}

#[derive(Serialize)]
struct Started<'a> {
    address: String,
    data_dir: &'a Path,
    first_token: Option<&'a str>,
}

impl Serve {
    /// Over the folder of a demo.
    pub(super) fn of_demo(data_dir: &Path, port: Option<u16>, samples: Samples) -> Self {
        Self {
            data_dir: Some(data_dir.display().to_string()),
            bind: None,
            port,
            tls_cert: None,
            tls_key: None,
            proxy: Vec::new(),
            keys: false,
            samples: Some(samples),
        }
    }

    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let layers = self.over(session.layers.clone());
        let serving = Serving::over(&layers)?;
        for note in layers.notes.iter().chain(&serving.notes) {
            session.terminal.warn(note);
        }
        if !layers.config.serve.enabled {
            session.terminal.note("`serve.enabled` (or ML_ENABLED) is false: nothing is served");
            return Ok(Exit::Ok);
        }
        let log = log_to_stderr(&serving.log)
            .map_err(|reason| Usage(format!("`serve.log.level`: {reason}")))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(self.serve(session, layers, serving, log))
    }

    /// Settings with what the command line says.
    fn over(&self, mut layers: Layers) -> Layers {
        let serve = &mut layers.config.serve;
        let set = |target: &mut String, given: &Option<String>| {
            if let Some(given) = given {
                target.clone_from(given);
            }
        };
        set(&mut serve.data_dir, &self.data_dir);
        set(&mut serve.bind, &self.bind);
        serve.port = self.port.unwrap_or(serve.port);
        if self.tls_cert.is_some() {
            serve.tls = "files".to_owned();
            serve.tls_certificate.clone_from(&self.tls_cert);
            serve.tls_key.clone_from(&self.tls_key);
        }
        if !self.proxy.is_empty() {
            serve.tls = "proxy".to_owned();
            serve.proxies.clone_from(&self.proxy);
        }
        serve.access.keys |= self.keys;
        let options = [
            (self.data_dir.is_some(), "serve.data_dir", "--data-dir"),
            (self.bind.is_some(), "serve.bind", "--bind"),
            (self.port.is_some(), "serve.port", "--port"),
            (self.tls_cert.is_some(), "serve.tls_certificate", "--tls-cert"),
            (self.tls_key.is_some(), "serve.tls_key", "--tls-key"),
            (self.tls_cert.is_some(), "serve.tls", "--tls-cert"),
            (!self.proxy.is_empty(), "serve.tls", "--proxy"),
            (!self.proxy.is_empty(), "serve.proxies", "--proxy"),
            (self.keys, "serve.access.keys", "--keys"),
        ];
        for (_, path, option) in options.into_iter().filter(|(given, ..)| *given) {
            layers.given(path, option);
        }
        layers
    }

    async fn serve(
        &self,
        session: &Session,
        layers: Layers,
        serving: Serving,
        log: LogLevel,
    ) -> anyhow::Result<Exit> {
        let folder = serving.service.folder.clone();
        let signals = Signals::listen()?;
        // Of a demo the program listened itself: the first signal is for the service from now on.
        let _ = crate::interrupt::stop();
        let tls = serving.server.tls != tripline_serve::settings::Tls::Off;
        let secure = matches!(serving.server.tls, tripline_serve::settings::Tls::Files { .. });
        // Before any folder is made: a busy port leaves nothing behind.
        let listening = Listening::new(serving.server).await?;
        let opened = Service::open(serving.service, &shipped::models()).await;
        let service = opened.map_err(|error| match error {
            ServiceError::File { .. } => anyhow::Error::new(error).context(format!(
                "the data folder `{}` cannot be used: it must be a folder that can be written; \
                 name another with `--data-dir`",
                folder.display()
            )),
            error => error.into(),
        })?;
        if let Some(path) = &layers.config.model.path {
            configured_model(&service, &layers.config.model.name, path)
                .await
                .with_context(|| format!("`model.path` {}", path.display()))?;
        }
        if let Some(samples) = self.samples.clone() {
            samples.fill(service.clone()).await.context("the demo's detections")?;
        }
        let server = match Server::new(listening, service.clone()).await {
            Ok(server) => server,
            Err(error) => {
                service.shut_down().await;
                return Err(error.into());
            }
        };
        let scheme = if secure { "https" } else { "http" };
        let address = format!("{scheme}://{}", server.address());
        let first_token = server.first_token().map(|token| token.reveal());
        let started = Started { address, data_dir: &folder, first_token };
        output::show(&session.terminal, &started, || {
            let mut text = format!("Tripline listens on {}\n", started.address);
            text.push_str(&format!("Data is in {}\n", folder.display()));
            if let Some(token) = started.first_token
                && !tls
            {
                text.push_str(&format!(
                    "First-start token, shown this once: {token}\n\
                     It opens deploys, deletes and keys; `tripline key token` makes another.\n"
                ));
            }
            text.push_str("Stop with Ctrl-C.\n");
            text
        })?;
        let reloader = server.reloader();
        let file = session.config_file().map(Path::to_owned);
        let again = self.clone_options();
        let reloads = tokio::spawn(async move {
            let mut hangups = signals.hangups;
            let mut running = layers.settings();
            while hangups.recv().await.is_some() {
                reload(&again, file.as_deref(), &reloader, &log, &mut running);
            }
        });
        server.run(signals.end).await;
        reloads.abort();
        Ok(Exit::Ok)
    }

    fn clone_options(&self) -> Serve {
        Serve {
            data_dir: self.data_dir.clone(),
            bind: self.bind.clone(),
            port: self.port,
            tls_cert: self.tls_cert.clone(),
            tls_key: self.tls_key.clone(),
            proxy: self.proxy.clone(),
            keys: self.keys,
            samples: None,
        }
    }
}

/// Settings that change while the service runs; the files of `serve.tls` are read again too.
const RELOADED: [&str; 5] = [
    "monitoring.performance_metrics",
    "serve.access.hosts",
    "serve.access.requests_per_second",
    "serve.access.session_hours",
    "serve.log.level",
];

/// Reads the configuration again, takes what can change while the service runs, and names what
/// waits for the next start. `running` are the settings that hold.
fn reload(
    options: &Serve,
    file: Option<&Path>,
    reloader: &tripline_serve::Reloader,
    log: &LogLevel,
    running: &mut BTreeMap<String, Value>,
) {
    let read = Layers::read(file, crate::session::variables()).and_then(|layers| {
        let layers = options.over(layers);
        Ok((Serving::over(&layers)?, layers.settings()))
    });
    let (serving, mut next) = match read {
        Ok(read) => read,
        Err(error) => {
            tracing::error!(%error, "the configuration stays as it was");
            return;
        }
    };
    if let Err(reason) = log.change(&serving.log.level) {
        tracing::error!(reason, "`serve.log.level` stays as it was");
    }
    let changed: Vec<&str> = next
        .iter()
        .filter(|(name, value)| running.get(*name) != Some(*value))
        .map(|(name, _)| name.as_str())
        .filter(|name| !RELOADED.contains(name))
        .collect();
    if !changed.is_empty() {
        tracing::warn!(settings = changed.join(", "), "these settings change at the next start");
    }
    reloader.reload(serving.server);
    for name in RELOADED {
        if let Some((name, value)) = next.remove_entry(name) {
            running.insert(name, value);
        }
    }
}

/// Signals that end the service, and those that make it read its configuration again.
struct Signals<F> {
    end: F,
    hangups: tokio::signal::unix::Signal,
}

impl Signals<()> {
    fn listen() -> anyhow::Result<Signals<impl Future<Output = ()>>> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let end = async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            // A second signal does not wait for requests to finish.
            tokio::spawn(async move {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                std::process::exit(130);
            });
        };
        Ok(Signals { end, hangups: signal(SignalKind::hangup())? })
    }
}

/// Registers and deploys the model that the configuration names, unless it is known.
async fn configured_model(
    service: &Arc<Service>,
    name: &str,
    path: &PathBuf,
) -> anyhow::Result<()> {
    use tripline_engine::service::{Registration, digest};
    use tripline_store::records::{Change, VersionFilter};

    let limit = service.settings().limits.max_file_bytes;
    let size = std::fs::metadata(path)?.len();
    anyhow::ensure!(size <= limit, "has {size} bytes, more than {limit}");
    let bytes = std::fs::read(path)?;
    let what =
        Registration { name: name.to_owned(), task: "flow".to_owned(), ..Registration::default() };
    let change = Change::system(service.clock().now(), "`model.path` of the configuration");
    let filter = VersionFilter { name: Some(name.to_owned()), ..VersionFilter::default() };
    // The same file at the next start is no other version.
    let sum = digest(&bytes);
    let known = service.store().versions(&filter).await?;
    if known.iter().any(|version| version.what.digest == sum) {
        return Ok(());
    }
    let version = service.register(bytes.into(), what, &change).await?;
    service.deploy(&version.id, &change).await?;
    Ok(())
}
