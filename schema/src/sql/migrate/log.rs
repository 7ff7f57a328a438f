//! The entries of the log that no hub has seen, as they are to be now.
//!
//! The log is one for all tables, and as wide as any version needs: nothing of it is made anew. Values stand by their field's
//! position, and masks have a bit for it: one UPDATE moves them all, for its right sides see what was before. An entry that says
//! nothing any more keeps its place: the stamps of later ones depend on it.

use super::Script;
use crate::lock::{Column, Table};
use crate::model::Strategy;
use crate::sql::log::value;
use crate::sql::quoted;
use crate::sql::shape::{BITS, bit, masks};
use crate::sql::writer::Text;

/// A table that stays: before (under the names of now), now, and where each column comes from.
pub(super) struct Kept<'a> {
    pub(super) before: &'a Table,
    pub(super) now: &'a Table,
    pub(super) from: &'a [Option<usize>],
}

impl<'a> Kept<'a> {
    /// Each column now, with what it was.
    pub(super) fn columns(&self) -> impl Iterator<Item = (usize, &'a Column, Option<(usize, &'a Column)>)> {
        let before = self.before;
        let pairs = self.now.columns.iter().zip(self.from).enumerate();
        pairs.map(|(at, (column, from))| (at, column, from.and_then(|from| Some((from, before.columns.get(from)?)))))
    }

    /// Each column that is no more, by its position before.
    pub(super) fn gone(&self) -> impl Iterator<Item = &'a Column> {
        let from = self.from;
        self.before.columns.iter().enumerate().filter(|(at, _)| !from.contains(&Some(*at))).map(|(_, column)| column)
    }

    /// The value of a column of the domain table, from its row before.
    pub(super) fn value(column: &Column, before: Option<(usize, &Column)>) -> String {
        let default = column.default.as_ref().map_or_else(|| "NULL".to_owned(), |d| d.sql());
        match before {
            None => default,
            Some((_, old)) if old.nullable && !column.nullable => {
                format!("coalesce({}, {default})", quoted(&column.name))
            }
            Some(_) => quoted(&column.name),
        }
    }

    /// Brings what the log says of this table to the version of now.
    pub(super) fn log(&self, script: &mut Script) {
        self.move_log(script);
        self.mend_log(script);
    }

    /// Moves what entries say to the positions of now.
    fn move_log(&self, script: &mut Script) {
        let wide = self.before.columns.len().max(self.now.columns.len());
        let masks = (0..masks(wide)).map(|m| (format!("mask{m}"), self.mask(m)));
        let values = (0..wide).map(|at| (value(at), self.logged(at)));
        let moved = masks.chain(values).filter(|(column, moved)| column != moved);
        let set: Vec<String> = moved.map(|(column, moved)| format!("{column} = {moved}")).collect();
        if !set.is_empty() {
            script.run(format!("UPDATE windrow_log SET\n  {}\nWHERE {}", set.join(",\n  "), of(self.now)));
            script.rewrite("windrow_log");
        }
    }

    /// A mask, from those before: bits that move by as many places out of one mask move together. One in which none moves is as
    /// it was.
    fn mask(&self, mask: usize) -> String {
        let mut moves: Vec<(usize, isize, i64)> = Vec::new();
        for (at, from) in self.columns().filter_map(|(at, _, before)| Some((at, before?.0))) {
            if bit(at).0 != mask {
                continue;
            }
            let (by, (source, bit)) = ((at % BITS).cast_signed() - (from % BITS).cast_signed(), bit(from));
            match moves.iter_mut().find(|(m, b, _)| (*m, *b) == (source, by)) {
                Some((.., bits)) => *bits |= bit,
                None => moves.push((source, by, bit)),
            }
        }
        let had: i64 = (0..self.before.columns.len()).map(bit).filter(|(m, _)| *m == mask).map(|(_, bit)| bit).sum();
        let all = |(from, by, bits): (usize, isize, i64)| match by {
            0 => format!("(mask{from} & {bits})"),
            1.. => format!("((mask{from} & {bits}) << {by})"),
            _ => format!("((mask{from} & {bits}) >> {})", -by),
        };
        match moves.as_slice() {
            [] if had != 0 => "0".to_owned(),
            [] => format!("mask{mask}"),
            [one] if *one == (mask, 0, had) => format!("mask{mask}"),
            _ => moves.into_iter().map(all).collect::<Vec<_>>().join(" | "),
        }
    }

    /// The value at a position, from those before. Beyond a table's last field they are NULL.
    fn logged(&self, at: usize) -> String {
        let (column, from) = (self.now.columns.get(at), self.from.get(at).copied().flatten());
        match (from, column.and_then(|c| c.default.as_ref())) {
            (Some(from), _) => value(from),
            (None, Some(default)) => format!("CASE WHEN {ALL} THEN {} END", default.sql()),
            (None, None) if at < self.before.columns.len() => "NULL".to_owned(),
            (None, None) => value(at),
        }
    }

    /// Mends what entries say, now that they stand by the new positions.
    fn mend_log(&self, script: &mut Script) {
        let (table, fields) = (of(self.now), self.now.columns.len());
        let no_bit = (0..masks(fields)).map(|m| format!("mask{m} = 0")).collect::<Vec<_>>().join(" AND ");
        for (at, column, before) in self.columns() {
            if let (Some((_, old)), Some(default)) = (before, &column.default)
                && old.nullable
                && !column.nullable
            {
                let (value, default, bit) = (value(at), default.sql(), test(at));
                script.run(format!(
                    "UPDATE windrow_log SET {value} = {default} WHERE {table} AND {value} IS NULL AND ({ALL} OR {bit})"
                ));
            }
        }
        if self.gone().any(|c| c.parent.is_some()) {
            // What followed a parent by a reference that is no more went by itself.
            script.run(format!("UPDATE windrow_log SET operation = 3 WHERE {table} AND operation = 4 AND {no_bit}"));
        }
        let settled = |c: &Column, old: &Column| old.strategy == Strategy::Review && c.strategy != Strategy::Review;
        if let Some(bits) = self.bits(settled) {
            // Where there is nothing to decide any more, a decision is a write.
            script.run(format!("UPDATE windrow_log SET operation = 2 WHERE {table} AND operation = 6 AND ({bits})"));
        }
        if let Some(bits) = self.bits(|c, old| old.unique && !c.unique) {
            blank(script, fields, &format!("{table} AND operation = 8 AND ({bits})"));
        }
        if self.gone().next().is_some() {
            let no_value: String = (0..fields).map(|at| format!(" AND {} IS NULL", value(at))).collect();
            blank(script, fields, &format!("{table} AND operation IN (2, 5, 6, 8) AND {no_bit}{no_value}"));
        }
    }

    /// The condition that a bit of such a column is set, if there is one.
    fn bits(&self, such: impl Fn(&Column, &Column) -> bool) -> Option<String> {
        let such = self.columns().filter(|(_, column, before)| before.is_some_and(|(_, old)| such(column, old)));
        let tests: Vec<String> = such.map(|(at, ..)| test(at)).collect();
        (!tests.is_empty()).then(|| tests.join(" OR "))
    }
}

fn test(at: usize) -> String {
    let (mask, bit) = bit(at);
    format!("mask{mask} & {bit}")
}

/// The entries of a table.
fn of(table: &Table) -> String {
    format!("\"table\" = {}", Text(&table.name))
}

/// Gives the entries of a table its new name.
pub(super) fn rename(script: &mut Script, before: &Table, now: &Table) {
    script.run(format!("UPDATE windrow_log SET \"table\" = {} WHERE {}", Text(&now.name), of(before)));
}

/// Empties the entries of a table that is no more.
pub(super) fn forget(script: &mut Script, gone: &Table) {
    blank(script, gone.columns.len(), &of(gone));
}

/// Lets entries of a table with so many fields say nothing.
fn blank(script: &mut Script, fields: usize, which: &str) {
    let masks = (0..masks(fields)).map(|m| format!("mask{m} = 0"));
    let set: Vec<String> = masks.chain((0..fields).map(|at| format!("{} = NULL", value(at)))).collect();
    script.run(format!("UPDATE windrow_log SET operation = 0, {} WHERE {which}", set.join(", ")));
}

/// An insert, a delete or a cascade holds all fields of the record. Another entry holds those in its mask, and an update also those
/// with a value; of the rest it holds NULL.
const ALL: &str = "operation IN (1, 3, 4)";
