//! Bytes on the wire: a proxy that passes everything on and keeps it.

use super::Failure;
use super::traffic::Traffic;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What passed, by direction, of all connections. Requests come one at a time, so that they stay apart.
#[derive(Debug, Default)]
struct Passed {
    sent: Vec<u8>,
    received: Vec<u8>,
}

/// A proxy on the loopback.
#[derive(Debug)]
pub(super) struct Proxy {
    addr: SocketAddr,
    passed: Arc<Mutex<Passed>>,
}

impl Proxy {
    /// Listens, and passes on to this address. To be called within a tokio runtime, for as long as which it runs.
    pub(super) async fn start(to: SocketAddr) -> Result<Proxy, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (addr, passed) = (listener.local_addr()?, Arc::<Mutex<Passed>>::default());
        let keep = passed.clone();
        tokio::spawn(async move {
            while let Ok((device, _)) = listener.accept().await {
                let Ok(hub) = TcpStream::connect(to).await else { break };
                let ((from_device, to_device), (from_hub, to_hub)) = (device.into_split(), hub.into_split());
                let (sent, received) = (keep.clone(), keep.clone());
                tokio::spawn(pass(from_device, to_hub, move |bytes| locked(&sent).sent.extend(bytes)));
                tokio::spawn(pass(from_hub, to_device, move |bytes| locked(&received).received.extend(bytes)));
            }
        });
        Ok(Proxy { addr, passed })
    }

    /// Its address as a hub's.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// What passed since the last call.
    pub(super) fn take(&self) -> Result<Traffic, Failure> {
        let passed = std::mem::take(&mut *locked(&self.passed));
        Traffic::read(&passed.sent, &passed.received)
    }
}

fn locked(passed: &Mutex<Passed>) -> MutexGuard<'_, Passed> {
    passed.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Passes one direction of a connection on, until it ends. Kept before it is passed on: whoever got an answer finds it kept.
async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, keep: impl Fn(&[u8])) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        keep(&buffer[..n]);
        if to.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
}
