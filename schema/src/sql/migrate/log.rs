//! A log made anew, with entries in it that no hub has seen.
//!
//! Masks are bits by the field's position, so they are put together anew; what an entry no longer says anything of is
//! taken out.

use super::Script;
use super::rewrite::rewrite;
use super::stand::Thing;
use crate::lock::{Column, Table};
use crate::model::Strategy;
use crate::sql::quoted;
use crate::sql::shape::{BITS, bit, masks};

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

    /// Makes the log anew.
    pub(super) fn rewrite_log(&self, script: &mut Script, log: &Thing) {
        let own = ["windrow_hlc", "windrow_op", "windrow_id", "windrow_base"].map(|c| (c.to_owned(), c.to_owned()));
        let masks = (0..masks(self.now.columns.len())).map(|m| (format!("windrow_mask{m}"), self.mask(m)));
        let values = self.columns().map(|(_, column, before)| (quoted(&column.name), logged(column, before)));
        rewrite(script, log, &own.into_iter().chain(masks).chain(values).collect::<Vec<_>>());
    }

    /// A mask, from those before: bits that move by as many places out of one mask move together.
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
        let all = |(from, by, bits): (usize, isize, i64)| match by {
            0 => format!("(windrow_mask{from} & {bits})"),
            1.. => format!("((windrow_mask{from} & {bits}) << {by})"),
            _ => format!("((windrow_mask{from} & {bits}) >> {})", -by),
        };
        if moves.is_empty() { "0".to_owned() } else { moves.into_iter().map(all).collect::<Vec<_>>().join(" | ") }
    }

    /// Mends what entries say, now that they stand by the new positions.
    pub(super) fn mend_log(&self, script: &mut Script, log: &Thing) {
        let name = quoted(&log.name);
        let nothing: Vec<String> = (0..masks(self.now.columns.len())).map(|m| format!("windrow_mask{m} = 0")).collect();
        let nothing = nothing.join(" AND ");
        for (at, column, before) in self.columns() {
            if let (Some((_, old)), Some(default)) = (before, &column.default)
                && old.nullable
                && !column.nullable
            {
                let (value, default, bit) = (quoted(&column.name), default.sql(), test(at));
                script.run(format!("UPDATE {name} SET {value} = {default} WHERE {value} IS NULL AND ({ALL} OR {bit})"));
            }
        }
        if self.gone().any(|c| c.parent.is_some()) {
            // What followed a parent by a reference that is no more went by itself.
            script.run(format!("UPDATE {name} SET windrow_op = 3 WHERE windrow_op = 4 AND {nothing}"));
        }
        let settled = |c: &Column, old: &Column| old.strategy == Strategy::Review && c.strategy != Strategy::Review;
        if let Some(bits) = self.bits(settled) {
            // Where there is nothing to decide any more, a decision is a write.
            script.run(format!("UPDATE {name} SET windrow_op = 2 WHERE windrow_op = 6 AND ({bits})"));
        }
        if let Some(bits) = self.bits(|c, old| old.unique && !c.unique) {
            script.run(format!("DELETE FROM {name} WHERE windrow_op = 8 AND ({bits})"));
        }
        if self.gone().next().is_some() {
            script.run(format!("DELETE FROM {name} WHERE windrow_op IN (2, 5, 6, 8) AND {nothing}"));
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
    format!("windrow_mask{mask} & {bit}")
}

/// The value of a column of the log.
fn logged(column: &Column, before: Option<(usize, &Column)>) -> String {
    match (before, &column.default) {
        (Some(_), _) => quoted(&column.name),
        (None, None) => "NULL".to_owned(),
        (None, Some(default)) => format!("CASE WHEN {ALL} THEN {} END", default.sql()),
    }
}

/// An insert, a delete or a cascade holds all fields of the record, another entry those in its mask, and NULL for the rest.
const ALL: &str = "windrow_op IN (1, 3, 4)";
