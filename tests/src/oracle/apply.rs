//! How a device takes what a pull says.

use super::device::{Device, table};
use super::fold::{Change, End};
use super::log::About;
use super::message::{Ask, News, Pulled, Told};
use super::schema::{OnDelete, Strategy};
use super::session::Synced;
use super::{Key, Value, View};
use std::collections::{BTreeMap, BTreeSet};

/// A whole snapshot that deletes more records of a table than this, and more than half of them, waits for somebody to agree.
const MASS: usize = 100;

impl Device {
    /// What a pull asks now.
    pub fn ask(&self) -> Ask {
        Ask {
            checkpoint: self.checkpoint,
            own: self.own.clone(),
            covers: self.unsure.iter().map(|origin| (*origin, self.known(*origin))).collect(),
            retell: self.retell.clone(),
            tables: self.gained.clone(),
            whole: self.recover,
        }
    }

    /// Applies an answer under the writes still pending, or nothing of it.
    pub fn apply(&mut self, pulled: &Pulled) -> Synced {
        let Some(rows) = self.merged(&pulled.told) else { return Synced::Again };
        if self.recover && !self.confirmed && self.deletes_much(&rows) {
            return Synced::Waits;
        }
        if pulled.point != self.checkpoint {
            self.past.push(self.checkpoint);
        }
        self.rows = rows;
        self.checkpoint = pulled.point;
        self.hlc = self.hlc.max(pulled.highest);
        let oldest = self.pending().map(|e| e.base).min().unwrap_or(self.checkpoint.seq);
        self.own.retain(|seq, _| *seq > oldest);
        self.unsure.clear();
        self.retell.clear();
        self.gained.clear();
        (self.recover, self.confirmed) = (false, false);
        Synced::Applied
    }

    /// Somebody agrees to what the snapshot that ends this recovery deletes.
    pub fn confirm(&mut self) {
        self.confirmed = true;
    }

    fn deletes_much(&self, rows: &View) -> bool {
        self.rows.iter().any(|(table, before)| {
            let gone = before.keys().filter(|id| !rows[table].contains_key(id)).count();
            gone > MASS && 2 * gone > before.len()
        })
    }

    /// The rows with what was told, or `None` where it collides with a pending write. In a recovery they begin with nothing
    /// but what is pending.
    fn merged(&self, told: &[Told]) -> Option<View> {
        let pending = self.fold();
        if !self.recover {
            return self.laid_under(self.without_untold(told, &pending)?, told, &pending);
        }
        let whole: BTreeSet<Key> = told.iter().filter(|t| matches!(t.news, News::Row(_))).map(|t| t.key).collect();
        let stands = |c: &Change| whole.contains(&c.key) || c.born || c.end != End::Alive;
        if !pending.values().all(stands) {
            return None;
        }
        let mut rows = self.rows.clone();
        for (table, records) in &mut rows {
            records.retain(|id, _| pending.contains_key(&(*table, *id)));
        }
        self.laid_under(rows, told, &pending)
    }

    /// The rows, but for those of tables that are told whole of which nothing is told: nobody else has them. `None` where
    /// something is pending for one.
    fn without_untold(&self, told: &[Told], pending: &BTreeMap<Key, Change>) -> Option<View> {
        let mut rows = self.rows.clone();
        for name in &self.gained {
            let lives = |id| told.iter().any(|t| t.key == (*name, id) && t.news != News::Gone);
            let gone: Vec<Key> = rows[name].keys().filter(|id| !lives(**id)).map(|id| (*name, *id)).collect();
            for key in gone {
                match pending.get(&key) {
                    Some(c) if c.born => {}
                    Some(c) if c.end == End::Alive => return None,
                    _ => drop(table(&mut rows, name).remove(&key.1)),
                }
            }
        }
        Some(rows)
    }

    fn laid_under(&self, mut rows: View, told: &[Told], pending: &BTreeMap<Key, Change>) -> Option<View> {
        for t in told {
            let change = pending.get(&t.key);
            if change.is_some_and(|c| collides(c, &t.news)) {
                return None;
            }
            if change.is_none_or(|c| c.end == End::Alive) {
                self.lay(&mut rows, t.key, &t.news, change);
            } // else the hub judges the local death when it hears of it
        }
        // What somebody left dangling with foreign keys off is for the hub to mend.
        let dangled = self.schema.dangling(&self.rows);
        let whole = |rows: &View| self.schema.dangling(rows).is_subset(&dangled);
        if !whole(&rows) {
            self.follow_untold(&mut rows, told, pending);
        }
        whole(&rows).then_some(rows)
    }

    /// A hub of a later version has no word for what its tables have no place for. What hangs there on a record that is gone
    /// goes the way that its reference says.
    fn follow_untold(&self, rows: &mut View, told: &[Told], pending: &BTreeMap<Key, Change>) {
        let dangled = self.schema.dangling(&self.rows);
        loop {
            let mut left = self.schema.dangling(rows);
            left.retain(|d| !dangled.contains(d) && !pending.contains_key(&d.0) && told.iter().all(|t| t.key != d.0));
            if left.is_empty() {
                return;
            }
            for (key, field, _) in left {
                let nulls = self.schema.parents(key.0).any(|e| e.field == field && e.on_delete == OnDelete::SetNull);
                let records = table(rows, key.0);
                match records.get_mut(&key.1).filter(|_| nulls) {
                    Some(row) => drop(row.insert(field, Value::Null)),
                    None => drop(records.remove(&key.1)),
                }
            }
        }
    }

    fn lay(&self, rows: &mut View, key: Key, news: &News, change: Option<&Change>) {
        let records = table(rows, key.0);
        let fields = match news {
            News::Gone => {
                records.remove(&key.1);
                return;
            }
            News::Row(fields) | News::Patch(fields) => fields,
        };
        let here = records.contains_key(&key.1);
        assert!(here || matches!(news, News::Row(_)), "a patch of {key:?}, which is not here");
        let nothing = BTreeMap::new();
        let written = change.map_or(&nothing, |c| &c.fields);
        let row = records.entry(key.1).or_default();
        for (field, value) in fields {
            let field: &'static str = field;
            match written.get(field) {
                // Emptied here: the hub judges that too.
                None if change.is_some_and(|c| c.stale.contains_key(field)) => {}
                None if change.is_some_and(|c| c.resolved.contains_key(&About::Field(field))) => {}
                None => {
                    row.insert(field, *value);
                }
                Some(w) if self.schema.strategy(key.0, field) == Strategy::Sum => {
                    row.insert(field, Value::Int(value.number() + w.value.number()));
                }
                Some(_) => {}
            }
        }
    }
}

/// Whether a pending change forbids what was told of its record.
fn collides(c: &Change, news: &News) -> bool {
    c.born || *news == News::Gone && c.end == End::Alive
}
