//! Applying an answer: all of it, under the writes made since, or nothing.

use super::dangling::Touched;
use super::overlay::{Shown, under};
use super::{ahead, brake, pages};
use crate::store::error::{AnswerError, StoreError};
use crate::store::plan::Plan;
use crate::store::values::{execute, id_value, ids, masked};
use crate::store::{conflicts, foreign, log, open, origins, recovery, refused, state, verify};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};
use std::collections::{BTreeMap, BTreeSet};
use windrow_protocol::change::{Change, End, Key};
use windrow_protocol::clock::{Hlc, Seq};
use windrow_protocol::codec::Encoded;
use windrow_protocol::fault;
use windrow_protocol::fold::{self, Part};
use windrow_protocol::id::RecordId;
use windrow_protocol::log::Entry;
use windrow_protocol::model::{FieldIx, OnDelete, TableIx};
use windrow_protocol::session::Inbox;
use windrow_protocol::told::{News, Page, Told};
use windrow_protocol::value::Value;

/// Why the answer does not go in. The transaction is then rolled back.
pub(super) enum Stop {
    Collided,
    Ambiguous,
    /// The hub believes this record to be here: it is to be told whole.
    Lacks(Key),
    /// Somebody must confirm it first.
    Waits,
    Failed(StoreError),
}

impl<E: Into<StoreError>> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop::Failed(error.into())
    }
}

/// How an answer went in.
pub(super) struct Went {
    /// Whether that was all: no table differs from the hub's.
    pub(super) all: bool,
    /// Whether what is pending says what it said: no sum left its range.
    pub(super) pending_stands: bool,
}

/// Applies all pages.
pub(super) fn apply(conn: &Connection, plan: &Plan) -> Result<Went, Stop> {
    if pages::inbox(conn)? != Inbox::Complete {
        return Err(AnswerError::Incomplete.into());
    }
    let whole = recovery::whole(conn, plan, state::read(conn)?.recovering)?;
    let before = whole.into_iter().map(|table| Ok((table, rows(conn, plan, table)?))).collect::<Result<_, Stop>>()?;
    let (told, over, touched) = (BTreeSet::new(), BTreeSet::new(), Touched::default());
    let conflicts = conflicts::any(conn)?;
    let mut work = Work { conn, plan, written: None, whole: before, told, over, touched, conflicts };
    state::set_applying(conn, true)?;
    fire_others(conn, plan)?;
    let (mut heard, mut went) = (Hlc::ZERO, Went { all: true, pending_stands: true });
    ahead::each_page(conn, plan, |page| {
        let page = work.page(page)?;
        heard = heard.max(page.highest);
        if page.next.is_none() {
            fault!(UntoldKept: (), work.remove_untold()?);
            work.brake()?;
            went.pending_stands = work.over.is_empty();
            work.refuse_overflowing()?;
            work.follow_removed()?;
            went.all = work.settle(&page, heard)?;
        }
        Ok::<(), Stop>(())
    })?;
    state::set_applying(conn, false)?;
    Ok(went)
}

/// Windrow's own triggers would see for each record that an answer is applied, and log nothing. Where there are no others,
/// SQLite is told to fire none: this connection writes to synced tables nowhere else. What they would have forgotten of
/// records that go is forgotten before.
fn fire_others(conn: &Connection, plan: &Plan) -> rusqlite::Result<()> {
    let fire = foreign::has_triggers(conn, plan)?;
    if !fire {
        open::forget_notes(conn, plan)?;
    }
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, fire).map(drop)
}

/// What a table shows now.
fn rows(conn: &Connection, plan: &Plan, table: TableIx) -> Result<BTreeSet<RecordId>, StoreError> {
    Ok(ids(conn, &plan.sql(table).select, &[])?.into_iter().collect())
}

struct Work<'a> {
    conn: &'a Connection,
    plan: &'a Plan,
    /// What was written since the changeset; not read where the hub tells nothing.
    written: Option<Written>,
    /// The tables of which all that lives is told, and what they showed before.
    whole: BTreeMap<TableIx, BTreeSet<RecordId>>,
    /// The records of those tables that were told to live.
    told: BTreeSet<Key>,
    /// The sums that leave their range together with what is pending, as they were told last.
    over: BTreeSet<(Key, FieldIx)>,
    touched: Touched,
    /// Whether any conflict may be known here.
    conflicts: bool,
}

/// What is pending.
struct Written {
    entries: Vec<Entry>,
    /// The same, folded.
    folded: BTreeMap<Key, Change>,
}

impl Written {
    /// What is pending of a record, where it was read.
    fn of(written: &Option<Written>, key: Key) -> Option<&Change> {
        written.as_ref()?.folded.get(&key)
    }

    fn read(conn: &Connection, plan: &Plan) -> Result<Written, StoreError> {
        let entries = log::pending(conn, plan, &origins::stretches(conn)?)?;
        let folded = fold::pending(&plan.schema, entries.iter().cloned().map(Part::Pending));
        Ok(Written { entries, folded })
    }
}

impl Work<'_> {
    /// Applies one page: what is here parents first, what goes children first.
    fn page(&mut self, page: Encoded<Page>) -> Result<Page, Stop> {
        let tells = !page.unresolved().told.is_empty() || !self.whole.is_empty();
        if tells && self.written.is_none() {
            self.written = Some(Written::read(self.conn, self.plan)?);
        }
        let mut page = self.whole_ids(page)?;
        let told = std::mem::take(&mut page.told);
        let (gone, here): (Vec<Told>, Vec<Told>) = told.into_iter().partition(|t| t.what == News::Gone);
        for told in here.into_iter().chain(gone.into_iter().rev()) {
            self.record(told)?;
        }
        Ok(page)
    }

    /// Makes shortened ids whole, among the records here and those that were deleted here meanwhile.
    fn whole_ids(&self, page: Encoded<Page>) -> Result<Page, Stop> {
        let mut failed = None;
        let whole = page.resolve(|table, low, high| match self.one_between(table, low, high) {
            Ok(found) => found,
            Err(error) => {
                failed = Some(error);
                None
            }
        });
        match (whole, failed) {
            (Ok(page), _) => Ok(page),
            (Err(_), Some(error)) => Err(error.into()),
            (Err(_), None) => Err(Stop::Ambiguous),
        }
    }

    fn one_between(&self, table: TableIx, low: RecordId, high: RecordId) -> Result<Option<RecordId>, StoreError> {
        let mut found = ids(self.conn, &self.plan.sql(table).between, &[id_value(low), id_value(high)])?;
        let pending = self.written.iter().flat_map(|written| written.folded.range((table, low)..=(table, high)));
        found.extend(pending.filter(|(_, change)| change.end != End::Alive).map(|((_, id), _)| *id));
        Ok(if let [one] = found[..] { Some(one) } else { None })
    }

    /// The oldest base of what is pending, or an older one; none where nothing is.
    fn oldest_base(&self) -> Result<Option<Seq>, StoreError> {
        match &self.written {
            Some(written) => Ok(written.entries.iter().map(|e| e.base).min()),
            None => {
                let pending = log::is_any_pending(self.conn, self.plan, &origins::stretches(self.conn)?)?;
                Ok(pending.then_some(Seq::ZERO))
            }
        }
    }

    fn record(&mut self, told: Told) -> Result<(), Stop> {
        let key = (told.table, told.id);
        let pending = Written::of(&self.written, key);
        let collides = pending.is_some_and(|p| p.born || (told.what == News::Gone && p.end == End::Alive));
        if fault!(AppliedWithoutGuard: false, collides) {
            return Err(Stop::Collided);
        }
        let resolves = pending.map_or(&[][..], |p| &p.resolves[..]);
        let open = match (&told.conflicts, &told.what) {
            (Some(open), _) => Some(&open[..]),
            (None, News::Gone | News::Whole(_)) => Some(&[][..]),
            (None, News::Patch(_)) => None,
        };
        // A first sync tells of very many records, and most devices know of no conflict.
        if let Some(open) = open.filter(|open| self.conflicts || !open.is_empty()) {
            conflicts::replace(self.conn, self.plan, key, open, resolves)?;
            self.conflicts = true;
        }
        if self.whole.contains_key(&key.0) {
            match told.what {
                News::Gone => self.told.remove(&key),
                News::Whole(_) | News::Patch(_) => self.told.insert(key),
            };
        }
        if pending.is_some_and(|p| p.end != End::Alive) {
            // The hub judges that when it hears of it.
            return Ok(());
        }
        match told.what {
            News::Gone => self.remove(key),
            News::Whole(values) => self.upsert(key, values),
            News::Patch(fields) => self.patch(key, fields),
        }
    }

    fn remove(&mut self, key: Key) -> Result<(), Stop> {
        if self.execute(key, &self.plan.sql(key.0).delete, &[id_value(key.1)])? > 0 {
            self.touched.removed(self.plan, key);
        }
        Ok(())
    }

    fn upsert(&mut self, key: Key, values: Vec<Value>) -> Result<(), Stop> {
        let shown = self.shown(key, values.into_iter().enumerate().collect())?;
        let args: Vec<Value> = std::iter::once(id_value(key.1)).chain(shown.into_iter().map(|(_, v)| v)).collect();
        self.execute(key, &self.plan.sql(key.0).upsert, &args)?;
        self.touched.kept(key);
        Ok(())
    }

    fn patch(&mut self, key: Key, fields: Vec<(FieldIx, Value)>) -> Result<(), Stop> {
        let (shown, sql) = (self.shown(key, fields)?, self.plan.sql(key.0));
        let patched = match <[_; 1]>::try_from(shown) {
            Ok([(field, value)]) => self.execute(key, &sql.put[field], &[id_value(key.1), value])?,
            Err(shown) => self.execute(key, &sql.patch, &masked(self.plan.table(key.0), key.1, shown))?,
        };
        match patched {
            0 => Err(Stop::Lacks(key)),
            _ => Ok(()),
        }
    }

    /// What fields are to show when the hub says this of them.
    fn shown(&mut self, key: Key, told: Vec<(FieldIx, Value)>) -> Result<Vec<(FieldIx, Value)>, Stop> {
        let mut shown = Vec::with_capacity(told.len());
        for (field, value) in told {
            self.over.remove(&(key, field));
            let shape = self.plan.schema.field(key.0, field);
            let value = match under(Written::of(&self.written, key), field, shape, value) {
                Shown::Told(value) => {
                    self.touched.told(self.plan, key, field, &value);
                    value
                }
                Shown::Pending(value) => value,
                Shown::Overflow { total } => {
                    self.over.insert((key, field));
                    total
                }
            };
            shown.push((field, value));
        }
        Ok(shown)
    }

    /// After the last page: a later one may have told of a total with which the difference fits.
    fn refuse_overflowing(&mut self) -> Result<(), Stop> {
        std::mem::take(&mut self.over).into_iter().try_for_each(|(key, field)| self.overflow(key, field))
    }

    /// Moves a pending difference that the field can't hold to `windrow_refused`.
    fn overflow(&mut self, key: Key, field: FieldIx) -> Result<(), Stop> {
        let Some(Written { entries, folded }) = &mut self.written else { return Ok(()) };
        let Some(change) = folded.get_mut(&key) else { return Ok(()) };
        let mut taken = change.clone();
        taken.writes.retain(|w| w.field == field);
        taken.resolves.clear();
        refused::add_overflow(self.conn, self.plan, &taken, field)?;
        change.writes.retain(|w| w.field != field);
        for entry in entries.iter().filter(|e| (e.table, e.id) == key) {
            log::take_out(self.conn, self.plan, entry, field)?;
        }
        Ok(())
    }

    /// What lives no more in a table that was told whole goes, children first; what was written here stays on top.
    fn remove_untold(&mut self) -> Result<(), Stop> {
        let tables: Vec<TableIx> = self.whole.keys().copied().collect();
        for table in tables.into_iter().rev() {
            for key in rows(self.conn, self.plan, table)?.into_iter().map(|id| (table, id)) {
                if self.told.contains(&key) || Written::of(&self.written, key).is_some_and(|p| p.born) {
                    continue;
                }
                if Written::of(&self.written, key).is_some_and(|p| p.end == End::Alive) {
                    return Err(Stop::Collided);
                }
                self.remove(key)?;
            }
            // Not only of the rows that were here: some had been deleted before.
            for key in conflicts::of_table(self.conn, self.plan.table(table))?.into_iter().map(|id| (table, id)) {
                if !self.told.contains(&key) {
                    conflicts::replace(self.conn, self.plan, key, &[], &[])?;
                }
            }
        }
        Ok(())
    }

    /// A hub of a later version may have no table any more for what hangs on a record that it says is gone, and so says nothing
    /// of it. Here its foreign key decides; what needs the record can't stay without it. Where something is pending the answer
    /// collides, as ever.
    fn follow_removed(&mut self) -> Result<(), Stop> {
        loop {
            let mut left = self.touched.left(self.conn, self.plan)?;
            left.retain(|(key, _)| Written::of(&self.written, *key).is_none());
            if left.is_empty() {
                return Ok(());
            }
            for (key, edge) in left {
                match edge.on_delete {
                    OnDelete::SetNull => self.patch(key, vec![(edge.field, Value::Null)])?,
                    OnDelete::Cascade | OnDelete::Restrict => self.remove(key)?,
                }
            }
        }
    }

    /// An answer that deletes much of a table that it tells whole waits for somebody.
    fn brake(&self) -> Result<(), Stop> {
        for (table, before) in &self.whole {
            let gone = before.difference(&rows(self.conn, self.plan, *table)?).count();
            if brake::is_much(gone, before.len()) && !brake::is_confirmed(self.conn)? {
                return Err(Stop::Waits);
            }
        }
        Ok(())
    }

    /// After the last page: references are whole, and the checkpoint moves.
    fn settle(&self, last: &Page, heard: Hlc) -> Result<bool, Stop> {
        if fault!(DanglingUnnoticed: false, self.touched.dangles(self.conn, self.plan)?) {
            return Err(Stop::Collided);
        }
        state::move_checkpoint(self.conn, state::read(self.conn)?.checkpoint, last.at)?;
        state::raise_hlc(self.conn, fault!(ClockNotRaised: Hlc::ZERO, heard))?;
        let oldest = self.oldest_base()?;
        state::trim_own(self.conn, oldest.unwrap_or(last.at.seq).min(last.at.seq))?;
        origins::vouch(self.conn)?;
        recovery::recovered(self.conn)?;
        pages::got(self.conn)?;
        pages::clear(self.conn)?;
        match &last.digests {
            Some(hub) if oldest.is_none() => {
                let told_whole = |table: TableIx| self.whole.contains_key(&table);
                Ok(!verify::compare(self.conn, self.plan, hub, told_whole)?)
            }
            _ => Ok(true),
        }
    }

    fn execute(&self, key: Key, sql: &str, args: &[Value]) -> Result<usize, Stop> {
        execute(self.conn, sql, args).map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => {
                let (table, record) = (self.plan.name(key), key.1);
                AnswerError::Unfit { table, record, reason: error.to_string() }.into()
            }
            _ => error.into(),
        })
    }
}
