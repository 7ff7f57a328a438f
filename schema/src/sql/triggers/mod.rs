//! The capture: plain SQL triggers, so that a write by any program is logged.
//!
//! All read `windrow_state`, one row: `hlc`, `base`, `applying`. While `applying = 1` they are silent, which is tested in
//! their bodies: in a `WHEN` it would cost more. A log entry is made in two steps: the stamp is drawn, then the entry
//! takes it. What must hold whatever the outer statement says (`OR IGNORE`, `OR REPLACE`) is `RAISE(ABORT)`.

mod change;
mod delete;
mod guard;
mod insert;
mod leave;
mod reference;
mod update;

pub(crate) use leave::leave;

use crate::sql::shape::Shape;
use crate::sql::{Object, log, quoted};

/// The triggers of a table, in the order in which to create them.
pub(crate) fn all(shape: &Shape<'_>) -> Vec<Object> {
    let before = [insert::note(shape), guard::guard(shape)];
    let after = [insert::insert(shape), insert::replace(shape), update::update(shape), delete::delete(shape)];
    before.into_iter().chain(after).chain(update::stale(shape)).collect()
}

/// Draws a stamp: `max(hlc + 1, now << 15)`. `unixepoch('subsec')` would be NULL before SQLite 3.42; `julianday()` is now.
const STAMP: &str = "UPDATE windrow_state SET hlc = max(hlc + 1, \
                     CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0";

/// The state, under a name that no table of a user's has.
const STATE: &str = "windrow_state AS windrow_now";

/// Whether this write is the device's own, and not the hub's answer being applied.
const RECORDING: &str = "windrow_now.applying = 0";

/// Whether the statement before this one drew a stamp.
const STAMPED: &str = " WHERE changes() = 1";

fn trigger(shape: &Shape<'_>, what: &str, when: &str, body: &[String]) -> Object {
    // The last word of a name tells a table's triggers apart, so none of these words may contain `_`.
    let name = format!("windrow_{}_{what}", shape.model.table);
    let text = format!("CREATE TRIGGER {} {when}\nBEGIN\n  {};\nEND", quoted(&name), body.join(";\n  "));
    shape.object(name, text)
}

/// What an entry says, as SQL.
struct Entry<'a> {
    op: &'a str,
    id: &'a str,
    masks: Vec<String>,
    values: Vec<String>,
    /// Where the values are found, the state first, and under which conditions.
    from: &'a str,
}

impl Entry<'_> {
    /// Appends the entry to the log.
    fn append(&self, shape: &Shape<'_>) -> String {
        format!(
            "INSERT INTO {} ({})\n  SELECT windrow_now.hlc, {}, {}, windrow_now.base,\n    {},\n    {}\n  FROM {STATE}{}",
            shape.log,
            log::columns(shape),
            self.op,
            self.id,
            self.masks.join(",\n    "),
            self.values.join(",\n    "),
            self.from
        )
    }
}
