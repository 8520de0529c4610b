//! Changed settings while the server runs.

use std::sync::Arc;

use super::tls::Certificates;
use crate::app::App;
use crate::settings::{Settings, Told};

/// Takes what can change.
#[derive(Debug)]
pub struct Reloader {
    app: Arc<App>,
    tls: Option<Arc<Certificates>>,
}

impl Reloader {
    pub(super) fn new(app: Arc<App>, tls: Option<Arc<Certificates>>) -> Self {
        Self { app, tls }
    }

    /// Reads the certificate again; takes listed hosts, the rate of keys, the length of sessions,
    /// whether models are told of in metrics. Everything else waits for the next start.
    pub fn reload(&self, new: Settings) {
        let old = self.app.settings();
        let next = Settings {
            access: crate::settings::AccessSettings { keys: old.access.keys, ..new.access.clone() },
            model_metrics: new.model_metrics,
            told: told(&old.told, &new.told),
            ..(*old).clone()
        };
        self.app.change_settings(next);
        if let Some(tls) = &self.tls
            && let Err(error) = tls.reload()
        {
            tracing::error!(%error, "the certificate stays as it was");
            return;
        }
        tracing::info!("settings were read again");
    }
}

/// What holds after a reload: of settings that wait for the next start, what was told before.
fn told(old: &[Told], new: &[Told]) -> Vec<Told> {
    const CHANGED: [&str; 4] = [
        "serve.access.hosts",
        "serve.access.requests_per_second",
        "serve.access.session_hours",
        "monitoring.performance_metrics",
    ];
    let changed = |told: &Told| CHANGED.contains(&told.name.as_str());
    old.iter()
        .map(|held| match new.iter().find(|told| told.name == held.name && changed(told)) {
            Some(told) => told.clone(),
            None => held.clone(),
        })
        .collect()
}
