//! A device and its twin.

use super::Fault;
use super::device::{Device, Done};
use super::ledger::Lineage;
use super::network::Talk;
use super::replayed::Replayed;
use super::schema::{LARGE, Schema, VAULT};
use super::step::Watch;
use super::twin::widen;
use super::upgrade::steps;
use crate::oracle::log::{Entry, Op, Wall, Write, Wrote};
use crate::oracle::message::Pulled;
use crate::oracle::schema::{Edge, Field, Strategy};
use crate::oracle::versions::nearest;
use crate::oracle::{Id, Value, device as plain};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use windrow_protocol::message::SessionId;
use windrow_protocol::pace::Pace;

/// A device and its twin. A copy of the file is a copy of all this.
#[derive(Debug)]
pub struct Peer {
    /// The product's.
    pub device: Device,
    /// The oracle's.
    pub twin: plain::Device,
    /// What the twin would have to apply, and from how many pages.
    pub inbox: Option<(Pulled, usize)>,
    /// The pages kept so far.
    pub pages: usize,
    /// Under which id the product sends the twin's changeset.
    pub sending: Option<(u64, SessionId)>,
    /// Its clock.
    pub watch: Watch,
    /// What was written to ledgers here.
    pub lineage: Lineage,
    /// Whether references may dangle, since a program deleted with foreign keys off.
    pub loose: bool,
    /// How many amounts were refused here, as they would have left their range with what was told.
    pub overflowed: usize,
    /// How many refused changes were dismissed.
    pub dismissed: usize,
    /// The version of its program, and of its file.
    pub schema: Rc<Schema>,
    /// The session under way.
    pub talk: Option<Talk>,
    /// What its program remembers of its link.
    pub pace: Option<Pace>,
    /// The bundles that this file has exported, by their numbers.
    pub exported: Vec<u64>,
}

/// All of a peer but the product's side: what a copy of its file takes along.
#[derive(Debug, Clone)]
pub struct Mind {
    twin: plain::Device,
    inbox: Option<(Pulled, usize)>,
    pages: usize,
    sending: Option<(u64, SessionId)>,
    lineage: Lineage,
    loose: bool,
    overflowed: usize,
    dismissed: usize,
    exported: Vec<u64>,
    /// The version of the file.
    pub(super) schema: Rc<Schema>,
}

impl Mind {
    /// The file becomes of this version.
    pub(super) fn migrate(&mut self, versions: &[Rc<Schema>], to: &Rc<Schema>) {
        let steps = steps(versions, &self.schema, to);
        if !steps.is_empty() {
            let logged = |twin: &plain::Device| twin.log.iter().map(|entry| entry.hlc).collect::<BTreeSet<_>>();
            let before = logged(&self.twin);
            steps.iter().for_each(|version| self.twin.migrate(&version.plain));
            self.lineage.let_go(&before.difference(&logged(&self.twin)).copied().collect());
            (self.inbox, self.pages, self.sending) = (None, 0, None);
            self.schema = to.clone();
        }
    }
}

impl Peer {
    /// What a copy of the file takes along.
    pub fn mind(&self) -> Mind {
        Mind {
            twin: self.twin.clone(),
            inbox: self.inbox.clone(),
            pages: self.pages,
            sending: self.sending,
            lineage: self.lineage.clone(),
            loose: self.loose,
            overflowed: self.overflowed,
            dismissed: self.dismissed,
            exported: self.exported.clone(),
            schema: self.schema.clone(),
        }
    }

    /// Takes over what a copied file brings.
    pub fn mind_is(&mut self, mind: Mind) {
        let Mind { twin, inbox, pages, sending, lineage, loose, overflowed, dismissed, exported, schema } = mind;
        (self.twin, self.inbox, self.pages, self.sending) = (twin, inbox, pages, sending);
        (self.lineage, self.overflowed, self.dismissed) = (lineage, overflowed, dismissed);
        self.exported = exported;
        (self.loose, self.schema, self.talk) = (loose, schema, None);
    }

    /// One transaction of the application's. Whether anything was done.
    ///
    /// # Errors
    /// Where product and twin differ.
    pub fn write(&mut self, writes: &[Write], undone: bool, now: u64) -> Result<bool, Fault> {
        let schema = &*self.schema.clone();
        let mut amounts = BTreeMap::new();
        let said = |w: &&Write| {
            fits(w, schema) && self.can_be_said(w, &mut amounts) && !(self.loose && self.hangs_on_nothing(w))
        };
        // What a write takes back is judged by what stands before it.
        let most = if self.loose { 1 } else { writes.len() };
        let writes: Vec<Write> = writes.iter().filter(said).take(most).cloned().collect();
        if writes.is_empty() {
            return Ok(false);
        }
        let clock = self.watch.reading(now) << 15;
        let done = self.device.write(&writes, clock, true, undone)?;
        if undone {
            let mut ghost = self.twin.clone();
            for (write, wrote) in writes.iter().zip(&done.wrote) {
                let expected = if clashes(&ghost, write, schema) {
                    Wrote::Refused
                } else {
                    ghost.write(write, &mut Wall(self.watch.reading(now)))
                };
                same(write, *wrote, expected)?;
            }
            return match done.logged.is_empty() && done.hlc == self.twin.hlc {
                true => Ok(false),
                false => Err(format!("I3: rolled back, and yet logged: {:?}", done.logged)),
            };
        }
        let mut replayed = Replayed::new(schema.plain.clone(), done.logged);
        let begin = self.twin.log.len();
        for (write, wrote) in writes.iter().zip(&done.wrote) {
            let (table, id) = write.key();
            let (from, before) = (self.twin.log.len(), self.twin.rows[table].get(&id).cloned());
            let expected =
                if clashes(&self.twin, write, schema) { Wrote::Refused } else { self.twin.write(write, &mut replayed) };
            same(write, *wrote, expected)?;
            if schema.table(table).whole {
                widen(&mut self.twin, table, from);
            }
            if let Some(entry) = self.twin.log.get(from) {
                let author = self.twin.origin_at(entry.hlc);
                self.lineage.note(write, before.as_ref(), author, entry.hlc);
            }
        }
        replayed.settle(&mut self.twin, begin)?;
        self.twin.hlc = done.hlc;
        Ok(true)
    }

    /// The twin does what the device has done and logged.
    pub(super) fn follows(
        &mut self,
        done: Done,
        what: impl FnOnce(&mut plain::Device, &mut Replayed),
    ) -> Result<(), Fault> {
        let (mut replayed, begin) = (Replayed::new(self.schema.plain.clone(), done.logged), self.twin.log.len());
        what(&mut self.twin, &mut replayed);
        replayed.settle(&mut self.twin, begin)?;
        self.twin.hlc = done.hlc;
        self.talk.iter_mut().for_each(|t| t.written = true);
        Ok(())
    }

    /// Whether a write takes back a reference that dangles: the log tells that from what a foreign key does no more.
    pub(super) fn hangs_on_nothing(&self, write: &Write) -> bool {
        let ((table, id), schema) = (write.key(), self.twin.schema());
        // SQLite counts: a parent that comes back would make up for what the same statement leaves dangling.
        if matches!(write, Write::Insert { .. }) && schema.dangling(&self.twin.rows).iter().any(|d| d.2 == id) {
            return true;
        }
        // It counts them as made up for, too, where a delete takes others along.
        if matches!(write, Write::Delete { .. }) {
            return self.twin.takes_back((table, id));
        }
        let Some(row) = self.twin.rows[table].get(&id) else { return false };
        let taken = |field: &str| match write {
            Write::Update { values, .. } => values.contains_key(field),
            Write::Insert { .. } | Write::Delete { .. } => true,
        };
        let gone = |e: &Edge| row[e.field].target().is_some_and(|id| !self.twin.rows[e.parent].contains_key(&id));
        // SQLite looks at references to the table itself at each update, changed or not.
        schema.parents(table).filter(gone).any(|e| e.parent == table || taken(e.field))
    }

    /// The oracle adds up differences in 64 bits: what it could not say, in whichever parts it is sent, is not written.
    /// `amounts`: by record, what this transaction makes it hold, and how far that and all that is pending moves it.
    fn can_be_said(&self, write: &Write, amounts: &mut BTreeMap<Id, (i64, i128)>) -> bool {
        let (Write::Insert { table, id, values } | Write::Update { table, id, values }) = write else { return true };
        let Some(new) = values.get(LARGE).filter(|_| *table == VAULT).map(|v| v.number()) else { return true };
        let (now, moved) = amounts.get(id).copied().unwrap_or_else(|| {
            let shown = self.twin.rows[table].get(id).map_or(0, |row| row[LARGE].number());
            (shown, self.twin.pending().filter(|e| e.key == (*table, *id)).map(moves).sum())
        });
        let moved = moved + (i128::from(new) - i128::from(now)).abs();
        let can = moved <= i128::from(i64::MAX);
        if can {
            amounts.insert(*id, (new, moved));
        }
        can
    }
}

/// How far an entry moves the amount in a vault.
fn moves(entry: &Entry) -> i128 {
    match &entry.op {
        Op::Insert(values) | Op::Update(values) => values.get(LARGE).map_or(0, |v| i128::from(v.number()).abs()),
        _ => 0,
    }
}

/// Whether a program of this version can say a write at all: a step that was drawn for another may come to it when a failing
/// world is made small.
fn fits(write: &Write, schema: &Schema) -> bool {
    let (table, _) = write.key();
    let (Write::Insert { values, .. } | Write::Update { values, .. }) = write else { return schema.has(table) };
    let required = schema.has(table).then(|| schema.plain.table(table).fields.iter().filter(|f| f.holds.required));
    let lacks = |f: &Field| f.strategy != Strategy::Sum && !values.contains_key(f.name);
    let whole = !matches!(write, Write::Insert { .. }) || required.is_some_and(|mut all| !all.any(lacks));
    let fits = |(field, value): (&&'static str, &Value)| {
        let found = schema.plain.table(table).fields.iter().find(|f| f.name == *field);
        found.is_some_and(|f| nearest(f, *value) == Some(*value))
    };
    schema.has(table) && whole && values.iter().all(fits)
}

fn same(write: &Write, wrote: Wrote, expected: Wrote) -> Result<(), Fault> {
    match wrote == expected {
        true => Ok(()),
        false => Err(format!("{write:?} was {wrote:?} on the device, expected {expected:?}")),
    }
}

/// Whether a write gives a record a unique value that another one has here.
fn clashes(device: &plain::Device, write: &Write, schema: &Schema) -> bool {
    let (Write::Insert { table, id, values } | Write::Update { table, id, values }) = write else { return false };
    let records = &device.rows[table];
    let held = records.get(id);
    // An insert under an id that is taken is refused anyway, an update of nothing does nothing.
    if held.is_some() == matches!(write, Write::Insert { .. }) {
        return held.is_some();
    }
    values.iter().any(|(field, value)| {
        let new = *value != Value::Null && held.is_none_or(|row| row[field] != *value);
        let taken = || records.iter().any(|(other, row)| other != id && row[field] == *value);
        new && schema.field(table, field).unique && taken()
    })
}
