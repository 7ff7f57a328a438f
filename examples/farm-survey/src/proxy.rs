//! A link between a tablet and the hub that can be cut, that can lose or hold back an answer, and that counts bytes.
//!
//! It is a TCP proxy and knows nothing of Windrow but the line with which a COMMIT begins: an answer that comes after one
//! means that the hub has committed.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

/// How a COMMIT begins on HTTP/1.1.
const COMMIT: &[u8] = b"POST /v1/commit ";

/// A tablet's link to the hub. Dropping it ends nothing: links last as long as the program.
#[derive(Debug)]
pub(crate) struct Link {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    hub: SocketAddr,
    up: watch::Sender<bool>,
    trick: Mutex<Option<Trick>>,
    held: Notify,
    sent: AtomicU64,
    received: AtomicU64,
}

/// What happens to the answer to the next COMMIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trick {
    /// It is thrown away, and the connection breaks.
    Lose,
    /// It is held back until the tablet hangs up.
    Hold,
}

/// Bytes that went over a link, HTTP headers and all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    /// From the tablet.
    pub(crate) sent: u64,
    /// To the tablet.
    pub(crate) received: u64,
}

impl Link {
    /// A link to this hub, at an address of its own.
    pub(crate) async fn open(hub: SocketAddr) -> std::io::Result<Link> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            hub,
            up: watch::Sender::new(true),
            trick: Mutex::new(None),
            held: Notify::new(),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
        });
        tokio::spawn(accept(listener, shared.clone()));
        Ok(Link { address, shared })
    }

    /// Where the tablet finds the hub.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Breaks all connections, and every new one at once.
    pub(crate) fn cut(&self) {
        self.shared.up.send_replace(false);
    }

    /// Lets connections through again.
    pub(crate) fn mend(&self) {
        self.shared.up.send_replace(true);
    }

    /// Loses the answer to the next COMMIT, which the hub has then made.
    pub(crate) fn lose_an_answer(&self) {
        self.shared.arm(Trick::Lose);
    }

    /// Holds back the answer to the next COMMIT, until the tablet hangs up.
    pub(crate) fn hold_an_answer(&self) {
        self.shared.arm(Trick::Hold);
    }

    /// Waits until an answer is held back.
    pub(crate) async fn held(&self) {
        self.shared.held.notified().await;
    }

    /// The bytes so far.
    pub(crate) fn carried(&self) -> Carried {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Carried { sent: count(&self.shared.sent), received: count(&self.shared.received) }
    }
}

impl Shared {
    fn arm(&self, trick: Trick) {
        *self.trick.lock().unwrap_or_else(PoisonError::into_inner) = Some(trick);
    }

    fn take_trick(&self) -> Option<Trick> {
        self.trick.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((device, _)) = listener.accept().await {
        tokio::spawn(carry(device, shared.clone()));
    }
}

/// One connection, until an end hangs up or the link is cut.
async fn carry(device: TcpStream, shared: Arc<Shared>) {
    let mut up = shared.up.subscribe();
    if !*up.borrow_and_update() {
        return;
    }
    let Ok(hub) = TcpStream::connect(shared.hub).await else { return };
    let ((from_device, to_device), (from_hub, to_hub)) = (device.into_split(), hub.into_split());
    let committing = AtomicBool::new(false);
    tokio::select! {
        _ = requests(from_device, to_hub, &shared, &committing) => {}
        _ = answers(from_hub, to_device, &shared, &committing) => {}
        _ = up.wait_for(|up| !up) => {}
    }
}

async fn requests(
    mut device: OwnedReadHalf,
    mut hub: OwnedWriteHalf,
    shared: &Shared,
    committing: &AtomicBool,
) -> std::io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let read = device.read(&mut bytes).await?;
        if read == 0 {
            return Ok(());
        }
        shared.sent.fetch_add(read as u64, Ordering::Relaxed);
        if bytes[..read].windows(COMMIT.len()).any(|window| window == COMMIT) {
            committing.store(true, Ordering::SeqCst);
        }
        hub.write_all(&bytes[..read]).await?;
    }
}

async fn answers(
    mut hub: OwnedReadHalf,
    mut device: OwnedWriteHalf,
    shared: &Shared,
    committing: &AtomicBool,
) -> std::io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let read = hub.read(&mut bytes).await?;
        if read == 0 {
            return Ok(());
        }
        let trick = if committing.swap(false, Ordering::SeqCst) { shared.take_trick() } else { None };
        match trick {
            Some(Trick::Lose) => return Ok(()),
            Some(Trick::Hold) => {
                shared.held.notify_one();
                std::future::pending::<()>().await;
            }
            None => {}
        }
        shared.received.fetch_add(read as u64, Ordering::Relaxed);
        device.write_all(&bytes[..read]).await?;
    }
}
