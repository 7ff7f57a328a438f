//! TLS, and certificates that are replaced.

use super::FARMS;
use reqwest::Certificate;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use windrow::Server;
use windrow::hub::SqliteHub;
use windrow::server::{Tls, TlsError};

/// Writes a new certificate and its key; what a device trusts then.
fn certify(dir: &Path) -> Certificate {
    let made = rcgen::generate_simple_self_signed(["hub.test".to_owned()]).unwrap();
    std::fs::write(dir.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(dir.join("hub.pem"), made.cert.pem()).unwrap();
    Certificate::from_pem(made.cert.pem().as_bytes()).unwrap()
}

/// Whether a new connection of somebody who trusts this certificate alone is served.
async fn served(addr: SocketAddr, trusts: &Certificate) -> bool {
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = reqwest::Client::builder().tls_certs_only([trusts.clone()]).resolve("hub.test", addr);
    let asks = builder.build().unwrap().get(format!("https://hub.test:{}/healthz", addr.port()));
    let answer = asks.timeout(Duration::from_secs(10)).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

async fn eventually(addr: SocketAddr, trusts: &Certificate) {
    for _ in 0..200 {
        if served(addr, trusts).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the new certificate is never used");
}

/// A certificate lasts three months. A server that has to be stopped for a new one is stopped by night, or forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_certificate_is_taken_over_and_a_broken_one_is_not() {
    let dir = TempDir::new().unwrap();
    let old = certify(dir.path());
    let tls = Tls::open(dir.path().join("hub.pem"), dir.path().join("key.pem")).unwrap();
    let server = Server::new(&FARMS).store(SqliteHub::open(dir.path().join("hub.db")).unwrap());
    let server = server.open_to_all().tls(tls.look_every(Duration::from_millis(20))).bind("127.0.0.1:0").await.unwrap();
    let addr = server.local_addr();
    assert!(served(addr, &old).await);

    std::fs::write(dir.path().join("hub.pem"), "-----BEGIN CERTIFICATE-----\n!\n").unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(served(addr, &old).await, "the old one holds");

    let new = certify(dir.path());
    eventually(addr, &new).await;
    assert!(!served(addr, &old).await);

    let plain = reqwest::Client::new().get(format!("http://{addr}/healthz")).send().await;
    assert!(plain.is_err(), "nobody is served without TLS");
    server.shutdown().await;
}

/// A key of another certificate would be found by the first device.
#[test]
fn files_that_do_not_belong_together_are_told_at_the_start() {
    let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    certify(one.path());
    certify(other.path());
    let mixed = Tls::open(one.path().join("hub.pem"), other.path().join("key.pem")).unwrap_err();
    assert!(matches!(mixed, TlsError::Pair { .. }), "{mixed}");
    let missing = Tls::open(one.path().join("none.pem"), one.path().join("key.pem")).unwrap_err();
    assert!(missing.to_string().contains("none.pem"), "{missing}");
    let swapped = Tls::open(one.path().join("key.pem"), one.path().join("hub.pem")).unwrap_err();
    assert!(swapped.to_string().contains("no certificate in PEM"), "{swapped}");
}
