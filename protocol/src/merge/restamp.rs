//! Wrong clocks: the stamps by which a commit is merged (`docs/protocol.md`, "Clocks").

use super::Moment;
use crate::change::Changeset;
use crate::clock::Hlc;
use std::collections::BTreeMap;

/// How far ahead of the hub's clock a stamp may be: five minutes.
const AHEAD_MS: i64 = 5 * 60 * 1000;

/// The hub's clocks after a commit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamps {
    pub(super) hub: Hlc,
    pub(super) device_highest: Hlc,
}

/// Brings stamps that are too far ahead back to the hub's time, in their order, so that nobody wins for years. Spans are
/// left as they are: covers count a device's own stamps.
pub(super) fn apply(changeset: &mut Changeset, moment: &Moment) -> Stamps {
    let hub = moment.hub.tick(moment.now_ms);
    let limit = Hlc::from_millis(hub.millis().saturating_add(AHEAD_MS));
    let mut highest = moment.device_highest;
    if fault!(WrongClockWins: true, changeset.upto <= limit) {
        return Stamps { hub, device_highest: highest.max(changeset.upto) };
    }
    let mut merged = BTreeMap::new();
    each(changeset, |hlc| {
        merged.insert(*hlc, *hlc);
    });
    for (raw, stamp) in &mut merged {
        if *raw > limit {
            *stamp = hub.max(highest).next();
        }
        highest = highest.max(*stamp);
    }
    each(changeset, |hlc| *hlc = merged[hlc]);
    Stamps { hub, device_highest: highest }
}

fn each(changeset: &mut Changeset, mut f: impl FnMut(&mut Hlc)) {
    f(&mut changeset.upto);
    for change in &mut changeset.changes {
        f(&mut change.hlc);
        change.writes.iter_mut().for_each(|w| f(&mut w.hlc));
        change.resolves.iter_mut().for_each(|r| f(&mut r.hlc));
    }
}
