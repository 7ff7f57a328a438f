//! Bodies as they come, and answers as they go: their room is taken, and their pace is watched.

use super::gate::{Gate, Taken};
use super::line::Line;
use crate::lock::lock;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use warp::hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

/// Bytes of an answer that are handed on at once: what is handed on is not counted any more, so it is to be little.
const PART: usize = 8 << 10;

/// What is said of a body that is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Untaken {
    /// It broke off.
    #[error(transparent)]
    Broken(#[from] warp::hyper::Error),
    /// There is no room for it.
    #[error("there is no room for the body")]
    NoRoom,
}

/// One that passes: its connection's pace is watched until this is dropped.
#[derive(Debug)]
struct Passing(Arc<Line>);

impl Passing {
    fn new(line: &Arc<Line>) -> Passing {
        line.begins();
        Passing(line.clone())
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        self.0.ends();
    }
}

/// The room of a request's body: the body takes it, and the request keeps it.
#[derive(Debug, Clone, Default)]
pub(super) struct Account(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    taken: Taken,
    refused: bool,
}

impl Account {
    fn take(&self, gate: &Gate, bytes: usize) -> Result<(), Untaken> {
        let mut kept = lock(&self.0);
        kept.taken.grow(gate, bytes).map_err(|_| {
            kept.refused = true;
            Untaken::NoRoom
        })
    }

    /// Whether there was no room for all of it.
    pub(super) fn is_refused(&self) -> bool {
        lock(&self.0).refused
    }
}

/// The body of a request.
#[derive(Debug)]
pub(super) struct Received {
    body: Incoming,
    gate: Gate,
    account: Account,
    passing: Option<Passing>,
}

impl Received {
    pub(super) fn new(body: Incoming, gate: &Gate, line: &Arc<Line>, account: &Account) -> Received {
        let passing = (!body.is_end_stream()).then(|| Passing::new(line));
        Received { body, gate: gate.clone(), account: account.clone(), passing }
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = Untaken;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx)).transpose()?;
        let bytes = frame.as_ref().and_then(Frame::data_ref).map_or(0, Bytes::len);
        if frame.is_none() || self.body.is_end_stream() {
            self.passing = None;
        }
        Poll::Ready(match self.account.take(&self.gate, bytes) {
            Ok(()) => frame.map(Ok),
            Err(untaken) => Some(Err(untaken)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A request that is under way: its connection is at work until this is dropped.
#[derive(Debug)]
pub(super) struct Visit(Arc<Line>);

impl Visit {
    pub(super) fn new(line: &Arc<Line>, side_by_side: bool) -> Visit {
        line.asked(side_by_side);
        Visit(line.clone())
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// Bytes that come in pieces, without an end that anybody knows.
type Endless = Pin<Box<dyn Body<Data = Bytes, Error = warp::Error> + Send>>;

/// The body of an answer.
pub(super) struct Sent {
    rest: Rest,
    _visit: Visit,
}

enum Rest {
    /// Handed on in small parts.
    Whole { bytes: Bytes, _room: Taken, _passing: Passing },
    /// Handed on as they come. Nobody is slow for whom nothing comes.
    Endless(Endless),
}

impl Sent {
    /// An answer of these bytes to this request.
    pub(super) fn new(bytes: Bytes, room: Taken, visit: Visit) -> Sent {
        let rest = Rest::Whole { bytes, _room: room, _passing: Passing::new(&visit.0) };
        Sent { rest, _visit: visit }
    }

    /// An answer that goes on.
    pub(super) fn endless(body: impl Body<Data = Bytes, Error = warp::Error> + Send + 'static, visit: Visit) -> Sent {
        Sent { rest: Rest::Endless(Box::pin(body)), _visit: visit }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = warp::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut self.rest {
            Rest::Whole { bytes, .. } => {
                let part = bytes.len().min(PART);
                Poll::Ready((part > 0).then(|| Ok(Frame::data(bytes.split_to(part)))))
            }
            Rest::Endless(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.rest {
            Rest::Whole { bytes, .. } => bytes.is_empty(),
            Rest::Endless(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.rest {
            Rest::Whole { bytes, .. } => SizeHint::with_exact(bytes.len() as u64),
            Rest::Endless(body) => body.size_hint(),
        }
    }
}
