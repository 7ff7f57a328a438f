//! The capture: plain SQL triggers, so that a write by any program is logged.
//!
//! All read `windrow_state`, one row: `base`, `applying`. While `applying = 1` they are silent, which is tested in their bodies:
//! in a `WHEN` it would cost more. They write to one log, whose numbers are the order of all writes, and leave it to whoever
//! reads it to stamp them: a counter would cost as much as the log's row. What must hold whatever the outer statement says
//! (`OR IGNORE`, `OR REPLACE`) is `RAISE(ABORT)`.

mod change;
mod delete;
mod guard;
mod insert;
mod leave;
mod reference;
mod update;

pub(crate) use leave::leave;

use crate::sql::shape::Shape;
use crate::sql::writer::Text;
use crate::sql::{Object, log, quoted};

/// The triggers of a table, in the order in which to create them.
pub(crate) fn all(shape: &Shape<'_>) -> Vec<Object> {
    let before = [insert::note(shape), guard::guard(shape)];
    let after = [insert::insert(shape), insert::replace(shape), update::update(shape), delete::delete(shape)];
    before.into_iter().chain(after).chain(update::stale(shape)).collect()
}

/// The clock, in milliseconds since 1970. `unixepoch('subsec')` would be NULL before SQLite 3.42; `julianday()` is now.
const AT: &str = "CAST((julianday() - 2440587.5) * 86400000 AS INTEGER)";

/// The state, under a name that no table of a user's has.
const STATE: &str = "windrow_state AS windrow_now";

/// Whether this write is the device's own, and not the hub's answer being applied.
const RECORDING: &str = "windrow_now.applying = 0";

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
    /// Where the values are found, beside the state.
    from: &'a str,
    /// Whether there is anything to say, beside that this is to be recorded.
    when: &'a str,
}

impl Entry<'_> {
    /// Appends the entry to the log.
    fn append(&self, shape: &Shape<'_>) -> String {
        format!(
            "INSERT INTO windrow_log ({})\n  SELECT {AT}, {}, {}, {}, windrow_now.base,\n    {},\n    {}\n  FROM {STATE}{} WHERE {RECORDING}{}",
            log::columns(shape),
            Text(&shape.model.table),
            self.op,
            self.id,
            self.masks.join(",\n    "),
            self.values.join(",\n    "),
            self.from,
            self.when
        )
    }
}
