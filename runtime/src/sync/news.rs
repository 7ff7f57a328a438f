//! Hearing of news: a connection on which the hub announces what it commits, by server-sent events.

use super::http::{Endpoint, broke_off};
use super::transport::{Failure, FailureKind, Notes};
use reqwest::Method;
use windrow_protocol::clock::Seq;

/// The longest line that is read; an event is far shorter.
const LONGEST_LINE: usize = 1_024;

/// Holds the connection until it ends; why it did.
pub(super) async fn listen(hub: &Endpoint, heard: &(dyn Fn(Seq) + Send + Sync), notes: &Notes) -> Failure {
    match hear(hub, heard, notes).await {
        Ok(()) => Failure::new(FailureKind::Broken, "the hub ended the connection"),
        Err(failure) => failure,
    }
}

async fn hear(hub: &Endpoint, heard: &(dyn Fn(Seq) + Send + Sync), notes: &Notes) -> Result<(), Failure> {
    let (request, _) = hub.request(Method::GET, "v1/news").await?;
    let (mut response, wrapping) = hub.begin(request, Vec::new(), notes).await?;
    let mut lines = Lines::default();
    while let Some(piece) = response.chunk().await.map_err(|e| broke_off(&e))? {
        notes.received(wrapping.around(piece.len() as u64 + FRAME));
        lines.take(&piece, heard)?;
    }
    Ok(())
}

/// Bytes that HTTP/1.1 puts around a piece of a body that has no end yet: its length and two ends of lines.
const FRAME: u64 = 6;

/// The lines of a stream of events.
#[derive(Debug, Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn take(&mut self, piece: &[u8], heard: &(dyn Fn(Seq) + Send + Sync)) -> Result<(), Failure> {
        for byte in piece {
            match byte {
                b'\n' => {
                    seq(&self.0).into_iter().for_each(heard);
                    self.0.clear();
                }
                _ if self.0.len() < LONGEST_LINE => self.0.push(*byte),
                _ => return Err(Failure::new(FailureKind::Nonsense, "what comes are no events of a hub's")),
            }
        }
        Ok(())
    }
}

/// The seq that a line announces. Other lines, comments say, only show that the connection lives.
fn seq(line: &[u8]) -> Option<Seq> {
    let number = std::str::from_utf8(line).ok()?.strip_prefix("data:")?.trim();
    Seq::from_bits(number.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// A proxy cut an event in two, and the second half was taken for another seq.
    #[test]
    fn events_are_read_however_they_are_cut_and_nothing_else_is_believed() {
        let (mut lines, all) = (Lines::default(), Mutex::new(Vec::new()));
        let heard = |seq: Seq| all.lock().unwrap().push(seq.bits());
        for piece in [":\n\nda", "ta:12", "34\n\n", "data: 7\r\n\n:data:9\ndata:-1\ndata:x\nevent:8\ndata:"] {
            lines.take(piece.as_bytes(), &heard).unwrap();
        }
        assert_eq!(*all.lock().unwrap(), [1_234, 7]);
        assert!(lines.take(&[b'x'; 2_000], &heard).is_err(), "nor is it kept without end");
    }
}
