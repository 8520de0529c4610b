//! What every handler reaches: service, settings, access, metrics.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use tripline_engine::service::Service;
use tripline_store::{Blobs, Metadata};

use crate::access::Gate;
use crate::listen::Listeners;
use crate::observe::Metrics;
use crate::settings::Settings;

/// The state of all handlers: `State<Arc<App>>`.
#[derive(Debug)]
pub struct App {
    service: Arc<Service>,
    settings: ArcSwap<Settings>,
    gate: Gate,
    metrics: Metrics,
    stopping: CancellationToken,
    listeners: Arc<Listeners>,
    pub(crate) openapi: std::sync::OnceLock<Bytes>,
}

impl App {
    pub(crate) fn new(service: Arc<Service>, settings: Settings, gate: Gate) -> Self {
        Self {
            service,
            settings: ArcSwap::from_pointee(settings),
            gate,
            metrics: Metrics::new(),
            stopping: CancellationToken::new(),
            listeners: Arc::default(),
            openapi: std::sync::OnceLock::new(),
        }
    }

    /// What answers.
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// The database.
    pub fn store(&self) -> &Arc<dyn Metadata> {
        self.service.store()
    }

    /// Model files, uploads, reports.
    pub fn blobs(&self) -> &Blobs {
        self.service.blobs()
    }

    /// The settings that hold now.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    pub(crate) fn change_settings(&self, settings: Settings) {
        self.settings.store(Arc::new(settings));
    }

    /// Keys, users, sessions.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Counters for `/metrics`.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Who has a stream of events open.
    pub(crate) fn listeners(&self) -> &Arc<Listeners> {
        &self.listeners
    }

    /// Is cancelled when the service stops: a stream that has no end of its own must end then.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }
}
