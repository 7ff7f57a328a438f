//! A change from an old row to a new one, field by field.

use super::reference::{When, of};
use crate::model::Field;
use crate::sql::shape::Shape;
use crate::sql::writer::Text;

/// A change of one record.
pub(super) struct Change<'a> {
    /// What stands before the columns of the old row.
    pub(super) old: &'a str,
    /// What stands before those of the new one.
    pub(super) new: &'a str,
    pub(super) shape: &'a Shape<'a>,
    /// References that a foreign key may have emptied: no change of the record's.
    pub(super) emptied: &'a [When],
}

impl Change<'_> {
    /// For each field the condition that it changed.
    pub(super) fn conditions(&self) -> Vec<String> {
        self.shape.each(|at, f| self.unless_emptied(at, self.changed(f)))
    }

    /// The masks of what is logged: what became NULL, for a value that is not NULL speaks for itself; or all of a record that
    /// merges whole.
    pub(super) fn masks(&self) -> Vec<String> {
        let fields = self.shape.fields();
        masks(self.shape, |at| match (self.shape.model.whole, of(self.emptied, at)) {
            (false, _) if !fields[at].nullable => None,
            (false, _) => Some(Bit::If(self.unless_emptied(at, self.cleared(&fields[at])))),
            (true, Some(emptied)) => Some(Bit::If(format!("NOT ({emptied})"))),
            (true, None) => Some(Bit::Set),
        })
    }

    /// The values of what is logged; NULL for the rest.
    pub(super) fn values(&self) -> Vec<String> {
        self.shape.each(|_, f| match (self.shape.model.whole, f.is_sum()) {
            (true, _) => format!("{}{}", self.new, f.quoted()),
            (false, true) => self.difference(f),
            (false, false) => format!("CASE WHEN {} THEN {}{} END", self.changed(f), self.new, f.quoted()),
        })
    }

    fn unless_emptied(&self, at: usize, condition: String) -> String {
        match of(self.emptied, at) {
            Some(emptied) => format!("({condition} AND NOT ({emptied}))"),
            None => condition,
        }
    }

    fn changed(&self, field: &Field) -> String {
        format!("{2}{1} IS NOT {0}{1}", self.old, field.quoted(), self.new)
    }

    fn cleared(&self, field: &Field) -> String {
        format!("{2}{1} IS NULL AND {0}{1} IS NOT NULL", self.old, field.quoted(), self.new)
    }

    /// SQLite makes a real of a difference that 64 bits can't hold.
    fn difference(&self, field: &Field) -> String {
        let difference = format!("{2}{1} - {0}{1}", self.old, field.quoted(), self.new);
        let message = format!(
            "windrow: {}.{} would change by more than 64 bits hold: change it in steps",
            self.shape.model.table, field.column
        );
        format!(
            "CASE WHEN {} THEN CASE typeof({difference}) WHEN 'integer' THEN {difference} ELSE RAISE(ABORT, {}) END END",
            self.changed(field),
            Text(&message)
        )
    }
}

/// The masks, each the sum of its fields' bits, from a condition for each field.
pub(super) fn masks(shape: &Shape<'_>, condition: impl Fn(usize) -> Option<Bit>) -> Vec<String> {
    let mask = |m: usize| {
        let fields = (0..shape.fields().len()).map(|at| (at, shape.bit(at))).filter(|(_, (mask, _))| *mask == m);
        let (mut set, mut maybe) = (0, Vec::new());
        for (at, (_, bit)) in fields {
            match condition(at) {
                Some(Bit::Set) => set |= bit,
                Some(Bit::If(condition)) => maybe.push(format!("CASE WHEN {condition} THEN {bit} ELSE 0 END")),
                None => {}
            }
        }
        let set = (set != 0 || maybe.is_empty()).then(|| set.to_string());
        set.into_iter().chain(maybe).collect::<Vec<_>>().join(" + ")
    };
    (0..shape.masks()).map(mask).collect()
}

/// Whether a field's bit is set.
pub(super) enum Bit {
    /// Always.
    Set,
    /// Where this condition holds.
    If(String),
}
