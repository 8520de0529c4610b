//! Why the server did not start.

use std::net::SocketAddr;
use std::path::PathBuf;

use tripline_store::MetadataError;

/// Each with the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Reachable from elsewhere, without encryption.
    #[error(
        "{address} can be reached from elsewhere: give `--tls-cert` with `--tls-key`, or \
         `serve.tls: proxy` with the addresses of the proxy in `serve.proxies`, or bind a loopback \
         address"
    )]
    Plain {
        /// The address asked for.
        address: SocketAddr,
    },
    /// Keys are needed, there is none that could administer.
    #[error(
        "{address} needs a key, and there is none with the scope `admin`: make one with \
         `tripline key create --scopes admin`, or a user with `tripline user add --scopes admin`"
    )]
    NoKeys {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The port cannot be taken.
    #[error("{address}: {source}; take another with `--port`, or stop what listens there")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A certificate or key cannot be used.
    #[error("{}: {reason}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Keys could not be read.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}
