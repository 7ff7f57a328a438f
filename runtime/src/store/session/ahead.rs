//! Pages that are applied are decoded one ahead, by a thread beside: applying is SQLite's work, and the file is held meanwhile.
//!
//! It is one thread for all of them. An allocator may give each thread a part of memory of its own, and a new thread now and then
//! another part: with a thread for each page a first sync of a million records took 20 MiB more.

use super::pages;
use crate::store::error::StoreError;
use crate::store::plan::Plan;
use rusqlite::Connection;
use std::sync::mpsc::{Receiver, SendError, Sender, channel};
use std::thread::{Builder, Scope, scope};
use windrow_protocol::codec::Encoded;
use windrow_protocol::told::Page;

/// Hands all pages on, in order of arrival. Two at most are decoded at once: all of them would not fit the memory that a device
/// has for it.
pub(super) fn each_page<E: From<StoreError>>(
    conn: &Connection,
    plan: &Plan,
    mut apply: impl FnMut(Encoded<Page>) -> Result<(), E>,
) -> Result<(), E> {
    let body = |number: i64| pages::body(conn, number).map_err(StoreError::from);
    let numbers = pages::numbers(conn).map_err(StoreError::from)?;
    let Some((first, rest)) = numbers.split_first() else { return Ok(()) };
    let first = body(*first)?;
    if rest.is_empty() {
        return apply(pages::decode(plan, &first)?);
    }
    scope(|scope| {
        let mut decoder = Decoder::start(scope, plan);
        decoder.begin(first);
        for next in rest {
            let page = decoder.page()?;
            decoder.begin(body(*next)?);
            apply(page)?;
        }
        apply(decoder.page()?)
    })
}

/// Decodes one page after the other.
struct Decoder<'p> {
    plan: &'p Plan,
    /// The thread beside, where the system gives one: what it is to decode, and what it has decoded.
    beside: Option<(Sender<Vec<u8>>, Receiver<Decoded>)>,
    /// Where there is none: what is to be decoded once it is needed.
    kept: Option<Vec<u8>>,
}

type Decoded = Result<Encoded<Page>, StoreError>;

impl<'p> Decoder<'p> {
    fn start<'s>(scope: &'s Scope<'s, 'p>, plan: &'p Plan) -> Decoder<'p> {
        let (bodies, to_decode) = channel::<Vec<u8>>();
        let (decoded, pages) = channel();
        let work = move || {
            for body in to_decode {
                if decoded.send(pages::decode(plan, &body)).is_err() {
                    return; // The answer does not go in.
                }
            }
        };
        let thread = Builder::new().spawn_scoped(scope, work);
        Decoder { plan, beside: thread.is_ok().then_some((bodies, pages)), kept: None }
    }

    fn begin(&mut self, body: Vec<u8>) {
        self.kept = match &self.beside {
            Some((bodies, _)) => bodies.send(body).err().map(|SendError(body)| body),
            None => Some(body),
        };
    }

    /// The page that was begun last.
    fn page(&mut self) -> Decoded {
        match (self.kept.take(), &self.beside) {
            (Some(body), _) => pages::decode(self.plan, &body),
            (None, Some((_, pages))) => pages.recv().unwrap_or_else(|_| Err(gone())),
            (None, None) => Err(gone()),
        }
    }
}

fn gone() -> StoreError {
    StoreError::Damaged("windrow_inbox: a page was not decoded".into())
}
