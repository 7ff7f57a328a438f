//! TLS on a device: the system says who vouches for a hub, and what handshakes move is counted.

use rustls::client::ClientSessionMemoryCache;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, NamedGroup, SignatureScheme};
use rustls_platform_verifier::Verifier;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Sessions that are remembered, to be resumed: of one hub, or a few.
const REMEMBERED: usize = 32;

/// What handshakes have been made since they were last asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Handshakes {
    /// All of them.
    pub(super) begun: u64,
    /// Those in which the hub showed its certificates, for it resumed no session.
    pub(super) full: u64,
    /// Bytes of these certificates.
    pub(super) certificates: u64,
}

/// Sees handshakes begin, where a session is looked for, and certificates, where they are verified.
#[derive(Debug)]
pub(super) struct Watch {
    sessions: ClientSessionMemoryCache,
    verifier: Verifier,
    begun: AtomicU64,
    full: AtomicU64,
    certificates: AtomicU64,
}

impl Watch {
    /// What connections are made by, and who watches them.
    ///
    /// # Errors
    /// A system without certificates.
    pub(super) fn new() -> Result<(Arc<Watch>, ClientConfig), Error> {
        // An error means that the application has chosen a provider itself: that one is used.
        let _ = ring::default_provider().install_default();
        let provider = CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(ring::default_provider()));
        let watch = Arc::new(Watch {
            sessions: ClientSessionMemoryCache::new(REMEMBERED),
            verifier: Verifier::new(provider.clone())?,
            begun: AtomicU64::new(0),
            full: AtomicU64::new(0),
            certificates: AtomicU64::new(0),
        });
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.dangerous().with_custom_certificate_verifier(watch.clone());
        let mut config = config.with_no_client_auth();
        config.resumption = Resumption::store(watch.clone());
        Ok((watch, config))
    }

    /// What handshakes have been made since this was last asked.
    pub(super) fn take(&self) -> Handshakes {
        let take = |counter: &AtomicU64| counter.swap(0, Ordering::Relaxed);
        Handshakes { begun: take(&self.begun), full: take(&self.full), certificates: take(&self.certificates) }
    }
}

impl ClientSessionStore for Watch {
    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.sessions.set_kx_hint(server, group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        self.sessions.kx_hint(server)
    }

    fn set_tls12_session(&self, server: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.sessions.set_tls12_session(server, value);
    }

    fn tls12_session(&self, server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.sessions.tls12_session(server)
    }

    fn remove_tls12_session(&self, server: &ServerName<'static>) {
        self.sessions.remove_tls12_session(server);
    }

    fn insert_tls13_ticket(&self, server: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.sessions.insert_tls13_ticket(server, value);
    }

    /// Each handshake asks for one as it begins.
    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.sessions.take_tls13_ticket(server)
    }
}

impl ServerCertVerifier for Watch {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let bytes = end_entity.len() + intermediates.iter().map(|one| one.len()).sum::<usize>();
        self.full.fetch_add(1, Ordering::Relaxed);
        self.certificates.fetch_add(bytes as u64, Ordering::Relaxed);
        self.verifier.verify_server_cert(end_entity, intermediates, server, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
