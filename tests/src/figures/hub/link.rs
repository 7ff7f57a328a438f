//! The least that speaks HTTP to a hub: requests made beforehand, answers taken apart no further than they must be. What the
//! devices' side costs is taken from the hub's cores, so it is to be little.

use crate::figures::Failure;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use windrow_protocol::message::{Answer, from_bytes};

/// A connection to a hub.
#[derive(Debug)]
pub(crate) struct Link {
    stream: BufReader<TcpStream>,
}

/// What came back.
#[derive(Debug)]
pub(crate) enum Reply {
    /// An answer.
    Answer(Answer),
    /// The hub has no time now, and says when to come again.
    Busy(Duration),
}

/// A request as it goes to the socket.
pub(crate) fn request(verb: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /v1/{verb} HTTP/1.1\r\nhost: hub\r\ncontent-type: application/vnd.windrow\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

impl Link {
    /// Connects.
    pub(crate) async fn connect(addr: SocketAddr) -> Result<Link, Failure> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Link { stream: BufReader::new(stream) })
    }

    /// Sends a request and reads what comes back.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Reply, Failure> {
        self.stream.get_mut().write_all(request).await?;
        let Head { status, length, again } = self.head().await?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        match status {
            200 => Ok(Reply::Answer(from_bytes(&body)?)),
            429 | 503 => Ok(Reply::Busy(Duration::from_secs(again))),
            _ => Err(format!("the hub answered {status}: {}", String::from_utf8_lossy(&body)).into()),
        }
    }

    async fn head(&mut self) -> Result<Head, Failure> {
        let (mut line, mut head) = (String::new(), Head::default());
        loop {
            line.clear();
            if self.stream.read_line(&mut line).await? == 0 {
                return Err("the hub has closed the connection".into());
            }
            match line.trim_end().split_once(' ') {
                None => return Ok(head),
                Some(("HTTP/1.1", rest)) => head.status = rest.get(..3).unwrap_or(rest).parse()?,
                Some((name, value)) if name.eq_ignore_ascii_case("content-length:") => head.length = value.parse()?,
                Some((name, value)) if name.eq_ignore_ascii_case("retry-after:") => head.again = value.parse()?,
                Some(_) => {}
            }
        }
    }
}

/// What the head of an answer says.
#[derive(Debug, Default)]
struct Head {
    status: u16,
    /// Of the body.
    length: usize,
    /// After how many seconds to come again.
    again: u64,
}
