//! The certificate of the service, read again when its files change.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::error::ServeError;

/// Largest PEM file that is read.
const MAX_BYTES: u64 = 1 << 20;

/// Certificate chain and key in use.
#[derive(Debug)]
pub(crate) struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    config: ArcSwap<ServerConfig>,
}

impl Certificates {
    /// Reads both files.
    pub(crate) fn read(certificate: &Path, key: &Path) -> Result<Self, ServeError> {
        let config = load(certificate, key)?;
        Ok(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            config: ArcSwap::from(config),
        })
    }

    /// Reads both files again; the old certificate stays if they cannot be used.
    pub(crate) fn reload(&self) -> Result<(), ServeError> {
        self.config.store(load(&self.certificate, &self.key)?);
        Ok(())
    }

    /// Times at which the files were last written.
    pub(crate) fn written(&self) -> [Option<std::time::SystemTime>; 2] {
        [&self.certificate, &self.key].map(|path| path.metadata().and_then(|m| m.modified()).ok())
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.config.load_full()
    }
}

fn load(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, ServeError> {
    let bad =
        |path: &Path, reason: String| ServeError::Certificate { path: path.to_owned(), reason };
    let read = |path: &Path| {
        let size = path.metadata().map_err(|error| bad(path, error.to_string()))?.len();
        if size > MAX_BYTES {
            return Err(bad(path, format!("has more than {MAX_BYTES} bytes")));
        }
        std::fs::read(path).map_err(|error| bad(path, error.to_string()))
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(certificate)?)
        .collect::<Result<_, _>>()
        .map_err(|error| bad(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(bad(certificate, "holds no certificate in PEM form".to_owned()));
    }
    let private =
        PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|error| bad(key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| bad(certificate, error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| bad(key, error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
