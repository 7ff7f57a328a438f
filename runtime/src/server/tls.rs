//! TLS, where no proxy does it. The certificate may be replaced while the server runs.

use super::tickets::Tickets;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, server::ServerSessionMemoryCache};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio_rustls::TlsAcceptor;

/// How often it is looked whether the files have changed.
const LOOK: Duration = Duration::from_secs(10);
/// Sessions that are remembered for devices that can't keep a ticket.
const REMEMBERED: usize = 1_024;

/// A certificate with its key, in files that may be replaced while the server runs: they are read anew within ten seconds. Where
/// the new ones can't be used, the log says why, and the old ones hold.
#[derive(Debug)]
pub struct Tls {
    files: Files,
    held: Arc<Held>,
    config: Arc<ServerConfig>,
    look: Duration,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that is not in order.
    #[error("{path:?}: {why}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it, and what it should hold.
        why: String,
    },
    /// Certificate and key do not belong together, or are of a kind that can't be used.
    #[error("{certificate:?} and {key:?} can't be used together: {source}")]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's.
        key: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// rustls itself.
    #[error("TLS can't be set up: {0}")]
    Setup(#[from] rustls::Error),
}

#[derive(Debug, Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// What the files held when they were last read.
type Read = (Vec<u8>, Vec<u8>);

/// The certificate that holds.
#[derive(Debug)]
struct Held(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Held {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Tls {
    /// The certificate with those that vouch for it, and its key; both files in PEM.
    ///
    /// # Errors
    /// Files that can't be read, or do not belong together.
    pub fn open(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Tls, TlsError> {
        let files = Files { certificate: certificate.into(), key: key.into() };
        let held = Arc::new(Held(RwLock::new(Arc::new(files.pair(&files.read()?)?))));
        let config = config(held.clone())?;
        Ok(Tls { files, held, config: Arc::new(config), look: LOOK })
    }

    /// Looks this often whether the files have changed, in place of every ten seconds.
    pub fn look_every(mut self, time: Duration) -> Tls {
        self.look = time;
        self
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.config.clone().into()
    }

    /// Takes over what the files say, whenever they say something new. It never returns.
    pub(super) async fn watch(&self) {
        let mut last = self.files.read().ok();
        loop {
            tokio::time::sleep(self.look).await;
            // A file that is missing for a moment is being replaced.
            let Ok(read) = self.files.read() else { continue };
            if last.as_ref() != Some(&read) {
                self.take_over(&read);
                last = Some(read);
            }
        }
    }

    fn take_over(&self, read: &Read) {
        match self.files.pair(read) {
            Ok(pair) => {
                *self.held.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
                tracing::info!("the certificate was read anew");
            }
            Err(error) => tracing::error!(%error, "the new certificate can't be used; the old one holds"),
        }
    }
}

fn config(held: Arc<Held>) -> Result<ServerConfig, rustls::Error> {
    let versions = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = versions.with_safe_default_protocol_versions()?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(held);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // A device that comes back has one round trip less, and the server no signature to make.
    config.ticketer = Tickets::new()?;
    // Each connection uses one and is given one; the second would be 200 bytes for nothing.
    config.send_tls13_tickets = 1;
    config.session_storage = ServerSessionMemoryCache::new(REMEMBERED);
    Ok(config)
}

impl Files {
    fn read(&self) -> Result<Read, TlsError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|error| TlsError::File { path: path.into(), why: error.to_string() })
        };
        Ok((read(&self.certificate)?, read(&self.key)?))
    }

    fn pair(&self, (certificate, key): &Read) -> Result<CertifiedKey, TlsError> {
        let wrong = |path: &Path, why: &str| TlsError::File { path: path.into(), why: why.into() };
        let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| wrong(&self.certificate, "it holds no certificate in PEM"))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| wrong(&self.key, "it holds no private key in PEM"))?;
        CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|source| TlsError::Pair {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            source,
        })
    }
}
