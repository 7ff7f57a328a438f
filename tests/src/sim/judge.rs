//! What must hold when the faults have stopped.

use super::hub::Refused;
use super::ledger;
use super::schema::{LEDGER, Schema, TOTAL};
use super::talk::End;
use super::twin::Said;
use super::world::World;
use super::{Fault, refusals, schema};
use crate::oracle::Value as Plain;
use crate::oracle::{Hlc, Id, Key, Origin, Row};
use std::collections::{BTreeMap, BTreeSet};
use windrow::rusqlite::types::Value as Sql;
use windrow_protocol::log::About;
use windrow_protocol::message::Answer;
use windrow_protocol::session::Finish;
use windrow_protocol::value::Value;

/// Sessions of each device after which everyone is in sync.
pub const ROUNDS: usize = 3;

fn say(error: impl std::fmt::Display) -> Fault {
    error.to_string()
}

/// A value as SQLite has it, as the protocol has it.
pub fn protocol(value: Sql) -> Value {
    match value {
        Sql::Null => Value::Null,
        Sql::Integer(n) => Value::Integer(n),
        Sql::Real(x) => Value::Real(x),
        Sql::Text(text) => Value::Text(text),
        Sql::Blob(bytes) => Value::Blob(bytes),
    }
}

/// An answer in few words.
pub fn brief(answer: &Result<Answer, Refused>) -> String {
    match answer {
        Ok(Answer::News(page)) => format!("news of {} bytes", page.len()),
        Ok(Answer::Committed { at, page }) => format!("committed at {at:?}, with {} bytes", page.len()),
        other => format!("{other:?}"),
    }
}

impl World {
    /// The faults have stopped: everyone is in sync within three rounds, and all that the applications were told holds.
    ///
    /// # Errors
    /// What does not.
    pub fn quiet(&mut self) -> Result<(), Fault> {
        self.calm();
        self.become_of_the_last()?;
        let faulted = self.stats.sessions;
        let mut last = Ok(());
        for _ in 0..ROUNDS {
            for device in 0..self.peers.len() {
                let end = self.sync(device)?;
                if end == End::Rejected {
                    return Err(format!("I13: device {device} is rejected"));
                }
            }
            last = self.in_sync();
            if last.is_ok() {
                break;
            }
        }
        last?;
        self.nothing_moves()?;
        self.stats.quiet = self.stats.sessions - faulted;
        self.are_equal()?;
        self.stats.sessions = faulted;
        self.accounts()?;
        self.files_are_sound()
    }

    fn in_sync(&self) -> Result<(), Fault> {
        let view = &self.twin.view;
        for (no, peer) in self.peers.iter().enumerate() {
            let pending = peer.device.store().pending().map_err(say)?;
            if pending > 0 || !peer.twin.idle() {
                return Err(format!("I13: device {no} has {pending} entries pending"));
            }
            match peer.schema.number == self.schema.number {
                true => peer.device.shows(view).map_err(|why| format!("I6: device {no}: {why}"))?,
                false => {
                    self.device_shows(no)?;
                    self.shows_the_hubs(no).map_err(|why| format!("I17: device {no}: {why}"))?;
                }
            }
        }
        self.hub_shows()
    }

    /// One round more changes nothing.
    fn nothing_moves(&mut self) -> Result<(), Fault> {
        let head = self.hub.head()?;
        for device in 0..self.peers.len() {
            if self.sync(device)? != End::Finished(Finish::InSync) || self.hub.head()? != head {
                return Err(format!("I25: device {device} had nothing to say, and its session changed something"));
            }
        }
        self.in_sync()
    }

    /// What was posted to the ledgers is there, once.
    fn accounts(&self) -> Result<(), Fault> {
        // Whose log is pruned can't offer again what a restored hub lost, but as values that any write beats.
        if self.stats.pruned > 0 && self.stats.hub_restored > 0 {
            return Ok(());
        }
        let covers = self.covers()?;
        let view = &self.twin.view;
        let number = |value: &Plain| match value {
            Plain::Int(n) => Some(*n),
            _ => None,
        };
        let row = |(id, row): (&Id, &crate::oracle::Row)| (*id, (row[TOTAL].number(), number(&row[schema::LAST])));
        let shown = view[LEDGER].iter().map(row).collect();
        let lineages: Vec<_> = self.peers.iter().map(|p| &p.lineage).collect();
        let mut ever = self.posted.clone();
        lineages.iter().for_each(|l| ever.extend_from_slice(l.posted()));
        ever.sort_by_key(|p| (p.author, p.hlc, p.id));
        ever.dedup();
        let cover = |origin: Origin| covers.get(&origin).copied().unwrap_or(0);
        let lost = BTreeSet::new();
        // A restored hub brings a stamp back once more, and has forgotten what its author had seen.
        let excused = if self.stats.hub_restored > 0 { &self.twin.restamped } else { &lost };
        ledger::judge(&shown, cover, &lineages, &ever, excused)
    }

    fn covers(&self) -> Result<BTreeMap<Origin, Hlc>, Fault> {
        let mut query = self.hub.reader().prepare("SELECT origin, upto FROM windrow_covers").map_err(say)?;
        let rows = query.query_map([], |row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64)));
        rows.map_err(say)?.collect::<Result<_, _>>().map_err(say)
    }

    fn files_are_sound(&self) -> Result<(), Fault> {
        crate::product::hub::check(self.hub.reader()).map_err(|why| format!("the hub's file: {why}"))?;
        let all = self.conflicts_are_open()?;
        for (no, peer) in self.peers.iter().enumerate() {
            let conn = peer.device.conn();
            crate::product::hub::check(conn).map_err(|why| format!("device {no}'s file: {why}"))?;
            crate::product::log::shown_by_the_changelog(conn).map_err(|why| format!("device {no}: {why}"))?;
            refusals::judge(peer, &self.versions).map_err(|why| format!("device {no}: {why}"))?;
            let known = peer.device.store().conflicts().map_err(say)?;
            let mut known: Vec<Open> = known.into_iter().filter_map(|c| open_here(&peer.schema, c)).collect();
            known.sort_unstable();
            let open: Vec<Open> = all.iter().filter_map(|c| known_to(&peer.schema, c)).collect();
            let missing: Vec<_> = open.iter().filter(|c| !known.contains(c)).collect();
            let much: Vec<_> = known.iter().filter(|c| !open.contains(c)).collect();
            if !missing.is_empty() || !much.is_empty() {
                return Err(format!(
                    "device {no} does not know the conflicts {missing:?}, and knows {much:?}, which are not open"
                ));
            }
        }
        Ok(())
    }

    /// The hub's open conflicts, among which are all that its twin has.
    ///
    /// # Errors
    /// What is missing, or too much.
    pub fn conflicts_are_open(&self) -> Result<Vec<Open>, Fault> {
        let (open, whole) = (self.open()?, |table: &str| self.schema.table(table).whole);
        // The oracle knows conflicts of single fields.
        let of_fields = open.iter().filter(|c| c.1 == "fields" && !whole(c.0));
        let of_fields: Vec<_> = of_fields.map(|c| ((c.0, c.2), c.3[0])).collect();
        let mut expected: Vec<(Key, &str)> = self.twin.hub.conflicts().iter().map(|c| (c.key, c.field)).collect();
        expected.retain(|(key, _)| !whole(key.0));
        expected.sort_unstable();
        if of_fields != expected {
            return Err(format!("the hub has the conflicts {of_fields:?}, expected {expected:?}"));
        }
        Ok(open)
    }

    /// I11: where a commit brings a value that another record has too, and no two should share, a conflict says so.
    ///
    /// # Errors
    /// A value that is shared in silence.
    pub fn clashes_are_told(&self, said: &Said) -> Result<(), Fault> {
        let Said::Commit(session, ..) = said else { return Ok(()) };
        let view = &self.twin.view;
        for change in &session.changes {
            let (table, id) = change.key;
            let Some(row) = view.get(table).and_then(|records| records.get(&id)) else { continue };
            let unique = |f: &&&str| self.schema.has_field(table, f) && self.schema.field(table, f).unique;
            for field in change.fields.keys().filter(unique) {
                let shares = |other: &Row| row[field] != Plain::Null && other[field] == row[field];
                let all: Vec<Id> = view[table].iter().filter(|(_, r)| shares(r)).map(|(id, _)| *id).collect();
                if all.len() > 1 && !self.open()?.iter().any(|c| c.0 == table && c.1 == "unique" && all.contains(&c.2))
                {
                    let all: Vec<_> = all.iter().map(|id| format!("{id:032x}")).collect();
                    return Err(format!("I11: {all:?} share {field:?} = {:?}, and nobody says so", row[field]));
                }
            }
        }
        Ok(())
    }

    /// The hub's open conflicts: table, kind, record, fields.
    fn open(&self) -> Result<Vec<Open>, Fault> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let part = self.hub.conflicts(after)?;
            for c in part.open {
                let (table, id) = self.schema.plain_key(c.record);
                let names = &self.schema.plain.table(table).fields;
                let fields = c.conflict.fields.iter().map(|f| names[*f].name).collect();
                all.push((table, kind(c.conflict.about), id, fields));
            }
            after = part.next;
            if after.is_none() {
                break;
            }
        }
        all.sort_unstable();
        Ok(all)
    }
}

/// An open conflict: table, kind, record, fields.
pub type Open = (&'static str, &'static str, Id, Vec<&'static str>);

/// A conflict that a device knows.
fn open_here(schema: &Schema, c: windrow::store::Conflict) -> Option<Open> {
    let table = schema.table_called(c.table)?;
    let fields = c.fields.iter().map(|f| schema.field_called(table, f)).collect::<Option<_>>()?;
    Some((table, kind(c.about), Id::from_be_bytes(c.record.0), fields))
}

/// What a device of this version can know of an open conflict.
fn known_to(schema: &Schema, (table, kind, id, fields): &Open) -> Option<Open> {
    let mut known = fields.clone();
    known.retain(|f| schema.has_field(table, f));
    // Fields are told in their order in the device's own version.
    known.sort_by_key(|f| schema.place(table, f));
    let left = schema.has(table) && (fields.is_empty() || !known.is_empty());
    left.then_some((*table, *kind, *id, known))
}

fn kind(about: About) -> &'static str {
    match about {
        About::Fields => "fields",
        About::Delete => "delete",
        About::Unique(_) => "unique",
    }
}
