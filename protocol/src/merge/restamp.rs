//! Wrong clocks: the stamps by which a commit is merged (`docs/merging.md`, "Wrong clocks").

use super::Moment;
use crate::change::Changeset;
use crate::clock::Hlc;
use std::collections::BTreeMap;

/// How far ahead of the hub's clock a stamp may be: five minutes.
const AHEAD_MS: i64 = 5 * 60 * 1000;

/// Brings stamps that are too far ahead back to the first that are above all merged so far, in their order, so that nobody
/// wins for years. The hub's own clock as it then is, and whether any was. Spans are left as they are: covers count a device's own stamps.
///
/// Who writes has seen nothing above its stamp, for a device's clock is raised to what it hears of. So one that is not above
/// all merged so far can stay; and one that is brought back must come above them, or the write would lose to a value that its
/// author had seen and replaced.
pub(super) fn apply(changeset: &mut Changeset, moment: &Moment) -> (Hlc, bool) {
    let hub = moment.hub.tick(moment.now_ms);
    let limit = Hlc::from_millis(hub.millis().saturating_add(AHEAD_MS)).max(moment.highest);
    if fault!(WrongClockWins: true, changeset.upto <= limit) {
        return (hub, false);
    }
    let mut merged = BTreeMap::new();
    each(changeset, |hlc| {
        merged.insert(*hlc, *hlc);
    });
    let mut highest = fault!(BroughtBackBelow: hub, hub.max(moment.highest));
    for (raw, stamp) in &mut merged {
        if *raw > limit {
            *stamp = highest.next();
        }
        highest = highest.max(*stamp);
    }
    each(changeset, |hlc| *hlc = merged[hlc]);
    (hub, true)
}

fn each(changeset: &mut Changeset, mut f: impl FnMut(&mut Hlc)) {
    f(&mut changeset.upto);
    for change in &mut changeset.changes {
        f(&mut change.hlc);
        change.writes.iter_mut().for_each(|w| f(&mut w.hlc));
        change.resolves.iter_mut().for_each(|r| f(&mut r.hlc));
    }
}
