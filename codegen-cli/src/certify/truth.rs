//! What everyone is to show in the end, in the words of the new version.

use super::pair::{Pair, Side};
use super::values::shown;
use std::collections::BTreeMap;
use windrow::rusqlite::types::Value;
use windrow::rusqlite::{self, Connection};

/// A record: its table by the new version, and its id.
pub(super) type Key = (usize, Vec<u8>);

/// All records that both sides of the wire know of.
#[derive(Default)]
pub(super) struct Truth {
    /// For each column the values that are right.
    records: BTreeMap<Key, Vec<Vec<Value>>>,
}

/// Somebody who shows records.
pub(super) struct Shown<'a> {
    pub(super) who: &'a str,
    pub(super) side: Side,
    pub(super) conn: &'a Connection,
}

impl Truth {
    pub(super) fn put(&mut self, key: Key, columns: Vec<Vec<Value>>) {
        self.records.insert(key, columns);
    }

    pub(super) fn set(&mut self, key: &Key, column: usize, values: Vec<Value>) {
        if let Some(wanted) = self.records.get_mut(key).and_then(|columns| columns.get_mut(column)) {
            *wanted = values;
        }
    }

    pub(super) fn remove(&mut self, key: &Key) {
        self.records.remove(key);
    }

    /// What a column of a record is to show.
    pub(super) fn wanted(&self, key: &Key, column: usize) -> &[Value] {
        self.records.get(key).and_then(|columns| columns.get(column)).map_or(&[], Vec::as_slice)
    }

    /// Whether somebody shows just this, as far as it can be shown there, in the columns asked for: by table and column of
    /// the new version.
    ///
    /// # Errors
    /// The first difference, in words.
    pub(super) fn holds(
        &self,
        pair: &Pair<'_>,
        at: &Shown<'_>,
        asked: &dyn Fn(usize, usize) -> bool,
    ) -> Result<(), String> {
        let tables = 0..pair.tables(Side::New).len();
        for table in tables.filter(|table| at.side == Side::New || pair.told(*table)) {
            let columns: Vec<usize> = (0..pair.tables(Side::New)[table].columns.len()).collect();
            let there = |c: &usize| at.side == Side::New || pair.kept(table).is_some_and(|k| k.was(*c).is_some());
            let columns: Vec<usize> = columns.into_iter().filter(|c| there(c) && asked(table, *c)).collect();
            if !columns.is_empty() {
                self.table(pair, at, table, &columns)?;
            }
        }
        Ok(())
    }

    fn table(&self, pair: &Pair<'_>, at: &Shown<'_>, table: usize, columns: &[usize]) -> Result<(), String> {
        let Some(place) = pair.table(Side::New, table, at.side) else { return Ok(()) };
        let (who, named) = (at.who, &pair.tables(at.side)[place]);
        let mut found = rows(at.conn, &pair.domain(at.side).tables[place].device.select.concat())
            .map_err(|error| format!("{who}: {} can't be read: {error}", named.name))?;
        for ((_, id), wanted) in self.records.iter().filter(|((of, _), _)| *of == table) {
            let row = found.remove(id).ok_or_else(|| format!("{who}: a record of {} is missing", named.name))?;
            for column in columns {
                let was = pair.kept(table).and_then(|kept| kept.was(*column)).filter(|_| at.side == Side::Old);
                let (of, wanted) = (was.map_or(*column, |(of, _)| of), &wanted[*column]);
                // NULL is shown as something else by who can't show it.
                let stands_in = !named.columns[of].nullable && wanted.contains(&Value::Null);
                if !stands_in && !wanted.contains(&row[of]) {
                    let (is, should) = (shown(&row[of]), wanted.first().map(shown).unwrap_or_default());
                    return Err(format!(
                        "{who}: {}.{} is {is} in a record, and should be {should}",
                        named.name, named.columns[of].name
                    ));
                }
            }
        }
        match found.is_empty() {
            true => Ok(()),
            false => Err(format!("{who}: {} has a record that should not be there", named.name)),
        }
    }
}

/// All rows of a table, by id.
fn rows(conn: &Connection, select: &str) -> rusqlite::Result<BTreeMap<Vec<u8>, Vec<Value>>> {
    let mut query = conn.prepare(select)?;
    let columns = query.column_count();
    let rows =
        query.query_map([], |row| Ok((row.get(0)?, (1..columns).map(|at| row.get(at)).collect::<Result<_, _>>()?)))?;
    rows.collect()
}
