//! The server: from a socket to answers, until it is told to stop.

mod accept;
mod error;
mod idle;
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

use crate::access::{FirstToken, Gate, Secret};
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

impl Server {
    /// Checks the settings, opens keys, takes the port.
    ///
    /// # Errors
    ///
    /// An address that needs keys or TLS without them, a busy port, a certificate that cannot be
    /// read: each with the way out.
    pub async fn bind(service: Arc<Service>, settings: Settings) -> Result<Self, ServeError> {
        if !settings.bind.is_loopback() && settings.tls == Tls::Off {
            return Err(ServeError::Plain { address: settings.address() });
        }
        let tls = match &settings.tls {
            Tls::Files { certificate, key } => {
                Some(Arc::new(tls::Certificates::read(certificate, key)?))
            }
            Tls::Off | Tls::Proxy(_) => None,
        };
        let clock = service.clock().clone();
        let change = Change::system(clock.now(), "first start");
        let token = FirstToken::of(&**service.store(), &change).await?;
        let gate = Gate::open(service.store().clone(), clock, &token).await?;
        if settings.keys_needed() && !gate.has_administrator().await? {
            return Err(ServeError::NoKeys { address: settings.address() });
        }
        let asked = settings.address();
        let listener = TcpListener::bind(asked)
            .await
            .map_err(|source| ServeError::Bind { address: asked, source })?;
        let address =
            listener.local_addr().map_err(|source| ServeError::Bind { address: asked, source })?;
        let app = Arc::new(App::new(service, settings, gate));
        Ok(Self { app, listener, address, first_token: token.fresh, tls })
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
    }
}
