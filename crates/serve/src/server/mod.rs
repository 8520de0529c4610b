//! The server: from a socket to answers, until it is told to stop.

mod accept;
mod error;
mod idle;
mod paced;
mod reload;
mod tls;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tripline_engine::service::Service;
use tripline_store::records::Change;

pub use error::ServeError;
pub use reload::Reloader;

use crate::access::{Gate, Secret, draw_first_token};
use crate::app::App;
use crate::edge::Edge;
use crate::settings::{Settings, Tls};

/// A server that listens, and is about to answer.
#[derive(Debug)]
pub struct Server {
    app: Arc<App>,
    listener: TcpListener,
    address: SocketAddr,
    first_token: Option<Secret>,
    tls: Option<Arc<tls::Certificates>>,
}

/// A port that is taken, with what its connections need.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<tls::Certificates>>,
    settings: Settings,
}

impl Listening {
    /// Checks the settings, reads certificates, takes the port; no data are touched.
    ///
    /// # Errors
    ///
    /// An address that needs TLS without it, a busy port, a certificate that cannot be read: each
    /// with the way out.
    pub async fn new(settings: Settings) -> Result<Self, ServeError> {
        if !settings.bind.is_loopback() && settings.tls == Tls::Off {
            return Err(ServeError::Plain { address: settings.address() });
        }
        let tls = match &settings.tls {
            Tls::Files { certificate, key } => {
                Some(Arc::new(tls::Certificates::read(certificate, key)?))
            }
            Tls::Off | Tls::Proxy(_) => None,
        };
        let asked = settings.address();
        let refused = |source| ServeError::Bind { address: asked, source };
        let listener = TcpListener::bind(asked).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address, tls, settings })
    }
}

impl Server {
    /// Takes the port for a service, as [`Listening::new`] and [`Server::new`] do.
    ///
    /// # Errors
    ///
    /// Those of both.
    pub async fn bind(service: Arc<Service>, settings: Settings) -> Result<Self, ServeError> {
        Self::new(Listening::new(settings).await?, service).await
    }

    /// Opens the keys of a service that is to answer at a port.
    ///
    /// # Errors
    ///
    /// An address that needs keys without them, with the way out; keys that cannot be read.
    pub async fn new(listening: Listening, service: Arc<Service>) -> Result<Self, ServeError> {
        let Listening { listener, address, tls, settings } = listening;
        let asked = settings.address();
        let clock = service.clock().clone();
        let store = service.store().clone();
        if settings.keys_needed()
            && !Gate::open(store.clone(), clock.clone()).await?.has_administrator().await?
        {
            return Err(ServeError::NoKeys { address: asked });
        }
        // After all that could fail: it is shown once. Where keys are needed it opens nothing.
        let first_token = if settings.keys_needed() {
            None
        } else {
            draw_first_token(&*store, &Change::system(clock.now(), "first start")).await?
        };
        let gate = Gate::open(store, clock).await?;
        if let Err(error) = crate::rest::sweep(&service.settings().folder) {
            tracing::warn!(%error, "files of captures that an earlier run left are still there");
        }
        // The one that was free, where any would do.
        let settings = Settings { port: address.port(), ..settings };
        let app = Arc::new(App::new(service, settings, gate));
        Ok(Self { app, listener, address, first_token, tls })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The first-start token, if this is the first start: to be shown once.
    pub fn first_token(&self) -> Option<&Secret> {
        self.first_token.as_ref()
    }

    /// What its handlers reach.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// What takes changed settings while the server runs.
    pub fn reloader(&self) -> Reloader {
        Reloader::new(self.app.clone(), self.tls.clone())
    }

    /// Answers until `stop` is ready; then lets requests finish, and shuts the service down.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let (router, openapi) = crate::rest::assemble();
        let _ = self.app.openapi.set(openapi);
        let edge = Arc::new(Edge::new(self.app.clone(), router.with_state(self.app.clone())));
        accept::accept(self.listener, edge, &self.app, self.tls, stop).await;
        self.app.service().shut_down().await;
        // The threads of the runtime have nothing else to do any more.
        crate::observe::flush_log();
    }
}
