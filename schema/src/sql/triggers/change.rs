//! A change from an old row to `NEW`, field by field.

use super::reference::{When, of};
use crate::model::Field;
use crate::sql::shape::Shape;
use crate::sql::writer::Text;

/// A change of one record.
pub(super) struct Change<'a> {
    /// What stands before the columns of the old row.
    pub(super) old: &'a str,
    pub(super) shape: &'a Shape<'a>,
    /// References that a foreign key may have emptied: no change of the record's.
    pub(super) emptied: &'a [When],
}

impl Change<'_> {
    /// For each field the condition that it changed.
    pub(super) fn conditions(&self) -> Vec<String> {
        self.shape.each(|at, f| match of(self.emptied, at) {
            Some(emptied) => format!("({} AND NOT ({emptied}))", self.changed(f)),
            None => self.changed(f),
        })
    }

    /// The masks of what is logged: what changed, or all of a record that merges whole.
    pub(super) fn masks(&self) -> Vec<String> {
        let conditions = self.conditions();
        masks(self.shape, |at| match (self.shape.model.whole, of(self.emptied, at)) {
            (false, _) => Some(format!("({})", conditions[at])),
            (true, Some(emptied)) => Some(format!("(NOT ({emptied}))")),
            (true, None) => Some("1".to_owned()),
        })
    }

    /// The values of what is logged; NULL for the rest.
    pub(super) fn values(&self) -> Vec<String> {
        self.shape.each(|_, f| match (self.shape.model.whole, f.is_sum()) {
            (true, _) => format!("NEW.{}", f.quoted()),
            (false, true) => self.difference(f),
            (false, false) => format!("CASE WHEN {} THEN NEW.{} END", self.changed(f), f.quoted()),
        })
    }

    fn changed(&self, field: &Field) -> String {
        format!("NEW.{1} IS NOT {0}{1}", self.old, field.quoted())
    }

    /// SQLite makes a real of a difference that 64 bits can't hold.
    fn difference(&self, field: &Field) -> String {
        let difference = format!("NEW.{1} - {0}{1}", self.old, field.quoted());
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

/// The masks, each the sum of its fields' bits, from a condition that is 0 or 1 for each field.
pub(super) fn masks(shape: &Shape<'_>, condition: impl Fn(usize) -> Option<String>) -> Vec<String> {
    let mask = |m: usize| {
        let fields = (0..shape.fields().len()).filter(|at| shape.bit(*at).0 == m);
        let bits: Vec<_> = fields.filter_map(|at| Some(format!("{} * {}", condition(at)?, shape.bit(at).1))).collect();
        if bits.is_empty() { "0".to_owned() } else { bits.join(" + ") }
    };
    (0..shape.masks()).map(mask).collect()
}
