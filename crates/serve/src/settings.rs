//! What the service may be told: addresses, access, limits.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::access::Network;

/// Settings of the server; those of what it serves are the engine's.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The address to listen on.
    pub bind: IpAddr,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// How clients are known.
    pub access: AccessSettings,
    /// Who encrypts.
    pub tls: Tls,
    /// What a client may cost.
    pub limits: Limits,
    /// Where traces go: the address of an OTLP/HTTP collector, such as `http://127.0.0.1:4318`.
    pub otlp_endpoint: Option<String>,
    /// Whether `/metrics` tells about models.
    pub model_metrics: bool,
    /// What the configuration says, for those who look at the settings: without secrets.
    pub told: Vec<Told>,
}

/// A setting as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its path, such as `serve.limits.body_bytes`.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it comes from: `default`, `file`, a variable, an option.
    pub source: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 5003,
            access: AccessSettings::default(),
            tls: Tls::Off,
            limits: Limits::default(),
            otlp_endpoint: None,
            model_metrics: true,
            told: Vec::new(),
        }
    }
}

impl Settings {
    /// Address with port.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.bind, self.port)
    }

    /// Whether every client needs a key or a session: asked for, or reachable from elsewhere.
    pub fn keys_needed(&self) -> bool {
        self.access.keys || !self.bind.is_loopback() || self.tls != Tls::Off
    }
}

/// How clients are known.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessSettings {
    /// Whether keys are needed on loopback too.
    pub keys: bool,
    /// Host names by which the service is asked for, beside its address; empty takes any where
    /// keys are needed.
    pub hosts: Vec<String>,
    /// Requests a second of a key that has no limit of its own; none is no limit.
    pub requests_per_second: Option<f64>,
    /// How long a session of the dashboard lasts.
    pub session: Duration,
}

impl Default for AccessSettings {
    fn default() -> Self {
        Self {
            keys: false,
            hosts: Vec::new(),
            requests_per_second: None,
            session: Duration::from_secs(12 * 3600),
        }
    }
}

/// Who encrypts what goes over the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// Nobody: loopback alone.
    Off,
    /// The service, with a certificate chain and its key in PEM files.
    Files {
        /// The chain, the service's own certificate first.
        certificate: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
    /// A proxy, from these addresses alone; its `X-Forwarded-For` is believed.
    Proxy(Vec<Network>),
}

/// What a client may cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Connections of one address at once.
    pub connections_per_address: usize,
    /// Requests worked on at once.
    pub in_flight: usize,
    /// Requests that wait for their turn; more are answered with 503.
    pub queued: usize,
    /// Bytes of a request's head.
    pub header_bytes: usize,
    /// Time for a request's head to arrive, and for a silent connection to stay.
    pub header_time: Duration,
    /// Time for an HTTP/2 connection without a request to stay.
    pub silence: Duration,
    /// Bytes of a body.
    pub body_bytes: u64,
    /// Bytes of an upload or a batch.
    pub upload_bytes: u64,
    /// Records of a batch, flows of a capture.
    pub batch_rows: u64,
    /// Time between two parts of a body, and for a client to read on in an answer.
    pub body_pause: Duration,
    /// Time for a request up to the head of its answer.
    pub request_time: Duration,
    /// The same for an upload or a batch.
    pub upload_time: Duration,
    /// Time for requests to finish when the service stops.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_address: 512,
            in_flight: 256,
            queued: 1024,
            header_bytes: 16 << 10,
            header_time: Duration::from_secs(10),
            silence: Duration::from_secs(60),
            body_bytes: 1 << 20,
            upload_bytes: 1 << 30,
            batch_rows: 10_000_000,
            body_pause: Duration::from_secs(10),
            request_time: Duration::from_secs(30),
            upload_time: Duration::from_secs(600),
            drain: Duration::from_secs(10),
        }
    }
}
