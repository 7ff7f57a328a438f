//! The capture: plain SQL triggers, so that a write by any program is logged.
//!
//! All read `windrow_state`, one row: `hlc`, `base`, `applying`. While `applying = 1` they are silent, which is tested in
//! their bodies: in a `WHEN` a sub-select costs more. A log entry is made in two steps: the stamp is drawn, then the entry
//! takes it. What must hold whatever the outer statement says (`OR IGNORE`, `OR REPLACE`) is `RAISE(ABORT)`.

use crate::model::{Field, OnDelete};
use crate::sql::shape::{Shape, all as every, any, list};
use crate::sql::writer::{Text, quoted};
use crate::sql::{Object, log};

/// The triggers of a table, in the order in which to create them.
pub(crate) fn all(shape: &Shape<'_>) -> Vec<Object> {
    let mut triggers = vec![note(shape), guard(shape), insert(shape), update(shape)];
    triggers.extend(stale(shape));
    triggers.push(delete(shape));
    triggers
}

/// Draws a stamp: `max(hlc + 1, now << 15)`. `unixepoch('subsec')` would be NULL before SQLite 3.42.
const STAMP: &str = "UPDATE windrow_state SET hlc = max(hlc + 1, \
                     CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) << 15) WHERE applying = 0";

fn trigger(shape: &Shape<'_>, what: &str, when: &str, body: &[String]) -> Object {
    // The last word of a name tells a table's triggers apart, so none of these words may contain `_`.
    let name = format!("windrow_{}_{what}", shape.model.table);
    let body = body.join(";\n  ");
    let text = format!("CREATE TRIGGER {} {when} BEGIN\n  {body};\nEND", quoted(&name));
    shape.object(name, text)
}

/// Appends an entry made of `values`, the columns of the log behind the stamp.
fn entry(shape: &Shape<'_>, op: &str, id: &str, masks: &[String], values: &[String], from: &str) -> String {
    format!(
        "INSERT INTO {} ({})\n  SELECT windrow_now.hlc, {op}, {id}, windrow_now.base, {}, {} FROM windrow_state AS windrow_now{from}",
        shape.log,
        log::columns(shape),
        masks.join(", "),
        values.join(", ")
    )
}

const RECORDING: &str = " WHERE windrow_now.applying = 0";

/// Notes what a record held before an INSERT under its id. A REPLACE deletes the old row without telling anybody; but
/// this fires also for `OR IGNORE`, `DO NOTHING` and UPSERT, where the note stays behind, so an older one is forgotten
/// first.
fn note(shape: &Shape<'_>) -> Object {
    let forget = format!("DELETE FROM {} WHERE windrow_id = NEW.\"id\"", shape.note);
    let keep = format!(
        "INSERT INTO {} (windrow_id, windrow_hlc, {})\n  SELECT windrow_row.\"id\", windrow_now.hlc, {} FROM {} AS windrow_row \
         CROSS JOIN windrow_state AS windrow_now\n  WHERE windrow_row.\"id\" = NEW.\"id\" AND windrow_now.applying = 0",
        shape.note,
        shape.columns(""),
        shape.columns("windrow_row."),
        shape.table
    );
    let mut body = vec![forget, keep];
    body.extend(unique(shape, |f| {
        let own = format!("windrow_own.\"id\" = NEW.\"id\" AND windrow_own.{0} = NEW.{0}", f.quoted());
        format!("NOT EXISTS (SELECT 1 FROM {} AS windrow_own WHERE {own})", shape.table)
    }));
    trigger(shape, "note", &format!("BEFORE INSERT ON {}", shape.table), &body)
}

/// Refuses another id for a record, and a value that another record has.
fn guard(shape: &Shape<'_>) -> Object {
    let message = Text("windrow: a record keeps its id: delete it and insert another instead");
    let mut body = vec![format!("SELECT RAISE(ABORT, {message}) WHERE NEW.\"id\" IS NOT OLD.\"id\"")];
    body.extend(unique(shape, |f| format!("NEW.{0} IS NOT OLD.{0}", f.quoted())));
    let uniques: String = shape.fields().iter().filter(|f| f.unique).map(|f| format!(", {}", f.quoted())).collect();
    trigger(shape, "guard", &format!("BEFORE UPDATE OF \"id\"{uniques} ON {}", shape.table), &body)
}

/// A check for each `#[unique]` field. Merged duplicates may coexist, so a record may keep the value it has.
fn unique(shape: &Shape<'_>, changes: impl Fn(&Field) -> String) -> Vec<String> {
    let check = |field: &Field| {
        let message = format!("windrow: another {} has this {}: choose another value", shape.model.table, field.column);
        let other = format!("windrow_row.{0} = NEW.{0} AND windrow_row.\"id\" <> NEW.\"id\"", field.quoted());
        format!(
            "SELECT RAISE(ABORT, {}) FROM windrow_state AS windrow_now{RECORDING}\n  AND {} AND EXISTS (SELECT 1 FROM {} AS \
             windrow_row WHERE {other})",
            Text(&message),
            changes(field),
            shape.table,
        )
    };
    shape.fields().iter().filter(|f| f.unique).map(check).collect()
}

/// Logs an insert, or, where a note tells of a REPLACE, an update of what it changed. With `recursive_triggers` on, the
/// REPLACE has logged a delete meanwhile: it is taken back.
fn insert(shape: &Shape<'_>) -> Object {
    let noted = format!("SELECT 1 FROM {} WHERE windrow_id = NEW.\"id\"", shape.note);
    let same = every(shape.each(|_, f| format!("{0} IS NEW.{0}", f.quoted())));
    let since = format!("(SELECT windrow_hlc FROM {} WHERE windrow_id = NEW.\"id\")", shape.note);
    let body = [
        format!(
            "DELETE FROM {} WHERE windrow_hlc > {since} AND windrow_id = NEW.\"id\" AND windrow_op IN (3, 4)",
            shape.log
        ),
        format!("{STAMP} AND NOT EXISTS ({noted} AND {same})"),
        insert_entry(shape),
        format!("DELETE FROM {} WHERE windrow_id = NEW.\"id\"", shape.note),
    ];
    trigger(shape, "insert", &format!("AFTER INSERT ON {}", shape.table), &body)
}

fn insert_entry(shape: &Shape<'_>) -> String {
    let change = Change { old: "windrow_old.", shape };
    let fresh = "windrow_old.windrow_id IS NULL";
    let masks: Vec<_> =
        change.masks(&[]).into_iter().map(|m| format!("CASE WHEN {fresh} THEN 0 ELSE {m} END")).collect();
    let values = shape.each(|_, f| format!("CASE WHEN {fresh} THEN NEW.{} {} END", f.quoted(), change.value(f)));
    let from = format!(
        " LEFT JOIN {} AS windrow_old\n  ON windrow_old.windrow_id = NEW.\"id\"{RECORDING} AND ({fresh} OR {})",
        shape.note,
        any(change.conditions(&[]))
    );
    entry(shape, &format!("CASE WHEN {fresh} THEN 1 ELSE 2 END"), "NEW.\"id\"", &masks, &values, &from)
}

/// Logs an update of what it changed; references that a foreign key emptied are [`stale`]'s.
fn update(shape: &Shape<'_>) -> Object {
    let change = Change { old: "OLD.", shape };
    let emptied = emptied(shape);
    let values = shape.each(|at, f| match emptied.iter().find(|(i, _)| *i == at) {
        Some((_, stale)) => format!("CASE WHEN {stale} THEN NULL {} END", change.value(f)),
        None => change.alone(f),
    });
    let entry = entry(shape, "2", "NEW.\"id\"", &change.masks(&emptied), &values, RECORDING);
    let when = format!("AFTER UPDATE ON {} WHEN {}", shape.table, any(change.conditions(&emptied)));
    trigger(shape, "update", &when, &[STAMP.to_owned(), entry])
}

/// Logs the references that a foreign key emptied, and what they named.
fn stale(shape: &Shape<'_>) -> Option<Object> {
    let emptied = emptied(shape);
    let columns = list(emptied.iter(), |(at, _)| shape.fields()[*at].quoted());
    let of = |at: usize| emptied.iter().find(|(i, _)| *i == at).map(|(_, stale)| stale);
    let values = shape.each(|at, f| match of(at) {
        Some(stale) => format!("CASE WHEN {stale} THEN OLD.{} END", f.quoted()),
        None => "NULL".to_owned(),
    });
    let masks = masks(shape, |at| of(at).map(|stale| format!("({stale})")));
    let entry = entry(shape, "5", "NEW.\"id\"", &masks, &values, RECORDING);
    let when = any(emptied.iter().map(|(_, stale)| format!("({stale})")));
    let when = format!("AFTER UPDATE OF {columns} ON {} WHEN {when}", shape.table);
    (!emptied.is_empty()).then(|| trigger(shape, "stale", &when, &[STAMP.to_owned(), entry]))
}

/// Logs a delete, or a cascade where a parent is gone already: a foreign key takes the child after its parent.
fn delete(shape: &Shape<'_>) -> Object {
    let gone: Vec<_> = orphaned(shape, OnDelete::Cascade)
        .map(|(at, missing)| (at, format!("OLD.{} IS NOT OLD.\"id\" AND {missing}", shape.fields()[at].quoted())))
        .collect();
    let masks: Vec<_> = (0..shape.masks()).map(|mask| first(shape, mask, &gone)).collect();
    let op = match gone.is_empty() {
        true => "3".to_owned(),
        false => format!("CASE WHEN {} THEN 4 ELSE 3 END", any(gone.iter().map(|(_, g)| format!("({g})")))),
    };
    let values = shape.each(|_, f| format!("OLD.{}", f.quoted()));
    let entry = entry(shape, &op, "OLD.\"id\"", &masks, &values, RECORDING);
    trigger(shape, "delete", &format!("AFTER DELETE ON {}", shape.table), &[STAMP.to_owned(), entry])
}

/// The bit of the first of these references that is gone, as far as this mask holds it.
fn first(shape: &Shape<'_>, mask: usize, gone: &[(usize, String)]) -> String {
    if gone.is_empty() {
        return "0".to_owned();
    }
    let bit = |at: usize| Some(shape.bit(at)).filter(|(m, _)| *m == mask).map_or(0, |(_, bit)| bit);
    let cases: String = gone.iter().map(|(at, g)| format!(" WHEN {g} THEN {}", bit(*at))).collect();
    format!("CASE{cases} ELSE 0 END")
}

/// The references of this kind, each with the condition that what it named no longer exists.
fn orphaned(shape: &Shape<'_>, on_delete: OnDelete) -> impl Iterator<Item = (usize, String)> {
    let references = shape.model.references().filter(move |(_, _, p)| p.on_delete == on_delete);
    references.map(|(at, field, _)| {
        let column = field.quoted();
        let parent = shape.parent(at);
        let exists = format!("SELECT 1 FROM {parent} AS windrow_parent WHERE windrow_parent.\"id\" = OLD.{column}");
        (at, format!("OLD.{column} IS NOT NULL AND NOT EXISTS ({exists})"))
    })
}

/// The references that a foreign key can empty, each with the condition that it did.
fn emptied(shape: &Shape<'_>) -> Vec<(usize, String)> {
    let emptied =
        |(at, missing): (usize, String)| (at, format!("NEW.{} IS NULL AND {missing}", shape.fields()[at].quoted()));
    orphaned(shape, OnDelete::SetNull).map(emptied).collect()
}

/// A change from an old row to `NEW`, field by field.
struct Change<'a> {
    /// What stands before the columns of the old row.
    old: &'a str,
    shape: &'a Shape<'a>,
}

impl Change<'_> {
    fn changed(&self, field: &Field) -> String {
        format!("NEW.{1} IS NOT {0}{1}", self.old, field.quoted())
    }

    /// For each field the condition that it changed; an emptied reference did not.
    fn conditions(&self, emptied: &[(usize, String)]) -> Vec<String> {
        self.shape.each(|at, f| match emptied.iter().find(|(i, _)| *i == at) {
            Some((_, stale)) => format!("({} AND NOT ({stale}))", self.changed(f)),
            None => self.changed(f),
        })
    }

    /// The masks of what is logged: what changed, or all of a record that merges whole.
    fn masks(&self, emptied: &[(usize, String)]) -> Vec<String> {
        let conditions = self.conditions(emptied);
        let stale = |at: usize| emptied.iter().find(|(i, _)| *i == at).map(|(_, s)| format!("(NOT ({s}))"));
        masks(self.shape, |at| match self.shape.model.whole {
            true => Some(stale(at).unwrap_or_else(|| "1".to_owned())),
            false => Some(format!("({})", conditions[at])),
        })
    }

    /// What is logged of a field, as the last branch of a `CASE`: the new value or the difference, if there is one.
    fn value(&self, field: &Field) -> String {
        let new = format!("NEW.{}", field.quoted());
        match (self.shape.model.whole, field.is_sum()) {
            (true, _) => format!("ELSE {new}"),
            (false, false) => format!("WHEN {} THEN {new}", self.changed(field)),
            (false, true) => self.difference(field),
        }
    }

    /// As [`Change::value`], alone.
    fn alone(&self, field: &Field) -> String {
        match self.shape.model.whole {
            true => format!("NEW.{}", field.quoted()),
            false => format!("CASE {} END", self.value(field)),
        }
    }

    /// SQLite turns a difference that 64 bits can't hold into a real.
    fn difference(&self, field: &Field) -> String {
        let difference = format!("NEW.{1} - {0}{1}", self.old, field.quoted());
        let message = format!(
            "windrow: {}.{} changes by more than 64 bits hold: change it in steps",
            self.shape.model.table, field.column
        );
        let refuse = format!("RAISE(ABORT, {})", Text(&message));
        format!(
            "WHEN {} THEN CASE typeof({difference}) WHEN 'integer' THEN {difference} ELSE {refuse} END",
            self.changed(field)
        )
    }
}

/// The masks, their bits from a condition that is 0 or 1 for each field.
fn masks(shape: &Shape<'_>, condition: impl Fn(usize) -> Option<String>) -> Vec<String> {
    let mask = |m: usize| {
        let fields = (0..shape.fields().len()).filter(|at| shape.bit(*at).0 == m);
        let bits: Vec<_> = fields.filter_map(|at| Some(format!("{} * {}", condition(at)?, shape.bit(at).1))).collect();
        if bits.is_empty() { "0".to_owned() } else { bits.join(" + ") }
    };
    (0..shape.masks()).map(mask).collect()
}
