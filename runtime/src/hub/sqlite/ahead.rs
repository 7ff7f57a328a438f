//! Pages that are read before they are asked for: whoever is told much asks for the next page once it has kept the one before, and
//! meanwhile a reader has time.
//!
//! Such a page is one like any other, of a snapshot that the hub stood at a moment ago. It serves whoever asks for just that, if
//! that snapshot is still in the hub's past; and the last one only if nobody has committed since, so that whoever hears that this
//! is all has heard of everything that was answered before it asked.

use super::pull::Heard;
use super::threads::Coming;
use super::{shared::Shared, system};
use crate::hub::error::HubError;
use rusqlite::Connection;
use windrow_protocol::message::Pull;
use windrow_protocol::told::Page;

/// For how many devices a page is read ahead; each takes some 10 MiB.
const MOST: usize = 2;
/// A device that has not asked by then, in milliseconds, is gone, or its link takes far longer than reading does.
const WAITS: u64 = 10_000;

/// Pages that were read ahead, or are being read, one for each device.
#[derive(Default)]
pub(super) struct Ahead(Vec<Kept>);

struct Kept {
    /// How it will be asked for.
    pull: Pull,
    page: Coming<Heard>,
    /// The hub's clock when its reading began.
    since: i64,
}

impl Ahead {
    /// Whether another device may have a page read ahead.
    pub(super) fn has_room(&mut self, now: i64) -> bool {
        self.0.retain(|kept| kept.since.abs_diff(now) <= WAITS);
        self.0.len() < MOST
    }

    pub(super) fn keep(&mut self, pull: Pull, page: Coming<Heard>, now: i64) {
        if self.has_room(now) {
            self.0.push(Kept { pull, page, since: now });
        }
    }

    /// The page that serves this pull, if there is one. Another one for the same device serves nobody any more.
    pub(super) fn take(&mut self, pull: &Pull) -> Option<Coming<Heard>> {
        let at = self.0.iter().position(|kept| kept.pull.device == pull.device)?;
        let kept = self.0.swap_remove(at);
        kept.serves(pull).then_some(kept.page)
    }
}

impl Kept {
    /// A page may be shorter than what the device asks for by now, never longer.
    fn serves(&self, pull: &Pull) -> bool {
        let page = self.pull.page;
        page <= pull.page && self.pull == Pull { page, ..pull.clone() }
    }
}

/// Whether a page that was read ahead may still be told.
pub(super) fn stands(shared: &Shared, c: &Connection, page: &Page) -> Result<bool, HubError> {
    let head = system::standing(c, shared.tables.version)?.head;
    Ok(head == page.at || page.next.is_some() && system::mark(c, page.at.seq)? == Some(page.at.mark))
}
