//! Manners in which a connection keeps a server waiting, and a process full of connections that do.

use super::files;
use crate::figures::Failure;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How it is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// It says nothing.
    Silent,
    /// Its head comes byte by byte, without end.
    Head,
    /// Its body does.
    Body,
    /// It asks for everything, and reads the answer byte by byte.
    Reader,
    /// It asks once, and stays.
    Asleep,
}

const MANNERS: [Manner; 5] = [Manner::Silent, Manner::Head, Manner::Body, Manner::Reader, Manner::Asleep];
/// Between two of its bytes.
const SECOND: Duration = Duration::from_secs(1);
/// For how long one that was cut off stays away, on average.
const AWAY: Duration = Duration::from_secs(5);
const HEAD: &str = "POST /v1/pull HTTP/1.1\r\nhost: h\r\ncontent-type: application/vnd.windrow\r\n";

impl Manner {
    /// What it says first.
    fn opening(self, pull: &[u8]) -> Vec<u8> {
        match self {
            Manner::Silent => Vec::new(),
            Manner::Head => format!("{HEAD}x-slow: ").into_bytes(),
            Manner::Body => format!("{HEAD}content-length: 100000\r\n\r\nWR").into_bytes(),
            Manner::Reader => pull.to_vec(),
            Manner::Asleep => b"GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n".to_vec(),
        }
    }

    /// One connection, until the server has enough of it.
    async fn visit(self, hub: SocketAddr, pull: &[u8]) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(hub).await?;
        stream.write_all(&self.opening(pull)).await?;
        match self {
            Manner::Silent | Manner::Asleep => while stream.read(&mut [0; 256]).await? > 0 {},
            Manner::Head | Manner::Body => loop {
                stream.write_all(b"x").await?;
                tokio::time::sleep(SECOND).await;
            },
            Manner::Reader => {
                while stream.read(&mut [0; 1]).await? > 0 {
                    tokio::time::sleep(SECOND).await;
                }
            }
        }
        Ok(())
    }
}

/// So many connections that keep this hub waiting, and come again some seconds after they were cut off, until the input ends.
/// `pull` is a request for everything. Says how often they were cut off.
///
/// # Errors
/// A system without the threads that it takes.
pub fn crowd(count: usize, hub: SocketAddr, pull: Vec<u8>) -> Result<(), Failure> {
    let count = count.min(files::most());
    let (cut, pull) = (Arc::new(AtomicU64::new(0)), Arc::new(pull));
    tokio::runtime::Runtime::new()?.block_on(async {
        for manner in MANNERS.into_iter().cycle().take(count) {
            let (cut, pull) = (cut.clone(), pull.clone());
            tokio::spawn(async move {
                loop {
                    // However it ended, it ended.
                    let _ = manner.visit(hub, &pull).await;
                    cut.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(AWAY.mul_f64(0.2 + 1.6 * fastrand::f64())).await;
                }
            });
        }
        tokio::task::spawn_blocking(|| std::io::Read::read_to_end(&mut std::io::stdin(), &mut Vec::new())).await
    })??;
    println!("{} {}", count, cut.load(Ordering::Relaxed));
    Ok(())
}
