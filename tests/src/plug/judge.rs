//! Whether nothing was lost, doubled or mixed up: I1 to I4 and I6, by the files and by what the devices were told.

use super::Fault;
use super::domain::PLUG;
use super::place::{Machine, Office, Place};
use super::run::Told;
use super::work::{self, Device, KINDS, Number, Rows, Writes};
use crate::product::log::{self, Stamps};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use windrow::Store;
use windrow::rusqlite::types::ValueRef;
use windrow::rusqlite::{Connection, OpenFlags};

/// What each log entry says, by `(origin, stamp)`.
pub type Meanings = BTreeMap<(i64, i64), String>;

/// The case to be judged.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Promises {
    /// What was promised.
    pub told: Told,
    /// What the devices' entries meant while the hub took them.
    pub meanings: Vec<((i64, i64), String)>,
}

/// The name under which a case keeps what was promised.
const PROMISES: &str = "promises.json";

impl Promises {
    /// Of what was told, where the entries meant this.
    pub fn new(told: Told, meanings: Meanings) -> Promises {
        Promises { told, meanings: meanings.into_iter().collect() }
    }

    /// Judges files as they were left. Where something does not hold they are kept, untouched, with what was promised.
    ///
    /// # Errors
    /// What does not hold.
    pub fn judge(&self, left: Place) -> Result<(), Fault> {
        let Err(fault) = self.judge_copy(&left) else { return Ok(()) };
        std::fs::write(left.path().join(PROMISES), serde_json::to_vec(self)?)?;
        Err(format!("{fault}; to judge it again: plug judge {}", left.keep().display()).into())
    }

    fn judge_copy(&self, left: &Place) -> Result<(), Fault> {
        let meanings = self.meanings.iter().cloned().collect();
        Case { place: &left.copy()?, told: &self.told, meanings: &meanings }.judge()
    }
}

/// Judges files that were kept.
///
/// # Errors
/// What does not hold.
pub fn again(kept: &Path) -> Result<(), Fault> {
    let promises: Promises = serde_json::from_slice(&std::fs::read(kept.join(PROMISES))?)?;
    promises.judge_copy(&Place::at(kept)?)
}

struct Case<'a> {
    /// The files: they are opened, written to and synced.
    place: &'a Place,
    told: &'a Told,
    meanings: &'a Meanings,
}

/// How many rounds there are until all must be in sync.
const ROUNDS: usize = 3;

impl Case<'_> {
    /// Opens the files, has the devices write and sync, and judges.
    fn judge(&self) -> Result<(), Fault> {
        let office = Office::open(self.place).map_err(|e| format!("the hub does not open: {e}"))?;
        let hub = reader(self.place, Machine::Hub)?;
        let at_hub = [work::steps(&hub, 1)?, work::steps(&hub, 2)?];
        let known = self.known(&hub)?;
        let one = self.open(1)?;
        let two = self.open(2)?;
        for machine in super::place::MACHINES {
            sound(&reader(self.place, machine)?).map_err(|e| format!("{machine:?}: {e}"))?;
        }
        let before = [meanings(&one.connection()?)?, meanings(&two.connection()?)?];
        for store in [&one, &two] {
            if !work::is_founded(&store.connection()?)? {
                // A new file knows nothing yet that could be written to.
                office.sync(store)?;
            }
        }
        let more = [self.write_more(&one, 1)?, self.write_more(&two, 2)?];
        for round in 0..ROUNDS {
            for (d, store) in [(1, &one), (2, &two)] {
                office.sync(store).map_err(|e| format!("round {round}, device {d}: {e}"))?;
            }
        }
        let writes = [work::steps(&hub, 1)?, work::steps(&hub, 2)?];
        for (i, store) in [&one, &two].into_iter().enumerate() {
            let d = i as Device + 1;
            self.kept(i, &writes[i], &at_hub[i], &more[i]).map_err(|e| format!("device {d}: {e}"))?;
            settled(store, d, &writes).map_err(|e| format!("device {d}: {e}"))?;
            let after = meanings(&store.connection()?)?;
            same_meaning(&before[i], &after).map_err(|e| format!("device {d}, since it was opened: {e}"))?;
            same_meaning(&known, &after).map_err(|e| format!("device {d}, since the hub took it: {e}"))?;
        }
        equal(&[&hub, &one.connection()?, &two.connection()?], &writes)?;
        Ok(sound(&hub).map_err(|e| format!("the hub, at the end: {e}"))?)
    }

    fn open(&self, d: Device) -> Result<Store, Fault> {
        let path = self.place.db(Machine::Device(d));
        Store::open(path, &PLUG).map_err(|e| format!("device {d} does not open: {e}").into())
    }

    /// Those meanings that the hub has.
    fn known(&self, hub: &Connection) -> Result<Meanings, Fault> {
        let mut covers = hub.prepare("SELECT origin, upto FROM windrow_covers")?;
        let covers = covers.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let covers: BTreeMap<i64, i64> = covers.collect::<Result<_, _>>()?;
        let has = |(origin, stamp): &(i64, i64)| covers.get(origin).is_some_and(|upto| stamp <= upto);
        Ok(self.meanings.iter().filter(|(key, _)| has(key)).map(|(k, v)| (*k, v.clone())).collect())
    }

    /// The application goes on, with stamps that lost writes may have had.
    fn write_more(&self, store: &Store, d: Device) -> Result<Writes, Fault> {
        let last = self.told.order[usize::from(d - 1)].iter().max();
        let first = last.map_or(0, |k| (k / KINDS + 1) * KINDS);
        let conn = store.connection()?;
        // The first of all writes is not made late: what it says of the telephone would have seen the other's.
        let more: Writes = (first.max(KINDS)..first.max(KINDS) + KINDS).collect();
        for k in &more {
            work::write(&conn, d, *k).map_err(|e| format!("device {d} can't write {k} any more: {e}"))?;
        }
        Ok(more)
    }

    /// What is at the hub of a device's writes: a beginning of them that holds all that was promised, and all that the
    /// hub had already.
    fn kept(&self, device: usize, writes: &Writes, at_hub: &Writes, more: &Writes) -> Result<(), Fault> {
        let (order, least) = (&self.told.order[device], self.told.least[device]);
        if let Some(k) = at_hub.union(more).find(|k| !writes.contains(k)) {
            return Err(format!("write {k} was at the hub, or pending, and is gone").into());
        }
        let found: Vec<Number> = order.iter().copied().filter(|k| writes.contains(k)).collect();
        if found.len() < least || found[..] != order[..found.len()] {
            return Err(format!("of {order:?}, the first {least} of them promised, only {found:?} are there").into());
        }
        let strange: Vec<_> = writes.iter().filter(|k| !order.contains(k) && !more.contains(k)).collect();
        if !strange.is_empty() {
            return Err(format!("{strange:?} were never promised").into());
        }
        Ok(())
    }
}

fn reader(place: &Place, machine: Machine) -> Result<Connection, Fault> {
    Ok(Connection::open_with_flags(place.db(machine), OpenFlags::SQLITE_OPEN_READ_WRITE)?)
}

/// SQLite's own check.
fn sound(conn: &Connection) -> Result<(), Fault> {
    let found: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(found.into()) }
}

/// What the log of a file says.
///
/// # Errors
/// What SQLite says.
pub fn meanings(conn: &Connection) -> Result<Meanings, Fault> {
    let (mut meanings, mut stamps) = (Meanings::new(), Stamps::after(conn, log::Place::default())?);
    let mut origin =
        conn.prepare("SELECT origin FROM windrow_origins WHERE first <= ?1 ORDER BY first DESC LIMIT 1")?;
    let mut statement = conn.prepare("SELECT * FROM windrow_log ORDER BY number")?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let stamp = stamps.of(row.get("number")?, row.get("at")?)? as i64;
        // What says nothing any more keeps its place.
        if row.get::<_, i64>("operation")? == 0 {
            continue;
        }
        let says: Vec<String> = (1..columns).map(|i| row.get_ref(i).map(plain)).collect::<Result<_, _>>()?;
        let says = says.join(" ");
        let author: i64 = origin.query_row([stamp], |row| row.get(0))?;
        if let Some(other) = meanings.insert((author, stamp), says.clone()) {
            return Err(format!("one stamp means {other} and {says}").into());
        }
    }
    Ok(meanings)
}

fn plain(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(n) => n.to_string(),
        ValueRef::Real(x) => x.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => format!("{bytes:02x?}"),
    }
}

/// Entries leave a log, pruned or refused, but none becomes another.
fn same_meaning(before: &Meanings, after: &Meanings) -> Result<(), Fault> {
    let changed = before.iter().find_map(|(key, was)| after.get(key).filter(|is| *is != was).map(|is| (key, was, is)));
    match changed {
        Some((key, was, is)) => Err(format!("{key:?} meant {was} and means {is}").into()),
        None => Ok(()),
    }
}

/// Nothing pends, nothing dangles, and what the hub refuses is there for people to see, once.
fn settled(store: &Store, d: Device, writes: &[Writes; 2]) -> Result<(), Fault> {
    let conn = store.connection()?;
    sound(&conn)?;
    let pending = store.pending()?;
    if pending != 0 {
        return Err(format!("{pending} entries are still pending").into());
    }
    let dangling: i64 = conn.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))?;
    if dangling != 0 {
        return Err(format!("{dangling} references dangle").into());
    }
    let mut refused = conn.prepare("SELECT hex(record) FROM windrow_refused ORDER BY record")?;
    let refused: Vec<String> = refused.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let expected = work::refused(d, &writes[usize::from(d - 1)]);
    if refused != expected {
        return Err(format!("refused are {refused:?}, not {expected:?}").into());
    }
    Ok(())
}

/// All files show what the writes come to, to the byte.
fn equal(files: &[&Connection], writes: &[Writes; 2]) -> Result<(), Fault> {
    let foretold = Rows::foretold(writes);
    let phones: BTreeSet<String> =
        (1..).zip(writes).filter(|(_, w)| w.contains(&1)).map(|(d, _)| work::phone(d)).collect();
    let mut shown = BTreeSet::new();
    for (i, file) in files.iter().enumerate() {
        let found = Rows::read(file)?;
        if found.rows != foretold {
            let lacking: Vec<_> = foretold.difference(&found.rows).map(|r| short(r)).collect();
            let strange: Vec<_> = found.rows.difference(&foretold).map(|r| short(r)).collect();
            return Err(format!("file {i} lacks {lacking:?}, and holds {strange:?} instead").into());
        }
        if found.phone.as_ref().is_some_and(|p| !phones.contains(p)) || found.phone.is_none() != phones.is_empty() {
            return Err(format!("file {i} shows the telephone number {:?}", found.phone).into());
        }
        shown.insert(found.phone);
        let open: i64 = file.query_row("SELECT count(*) FROM windrow_conflicts", [], |row| row.get(0))?;
        if open != i64::from(phones.len() > 1) {
            return Err(format!("file {i} knows of {open} conflicts about {phones:?}").into());
        }
    }
    if shown.len() == 1 { Ok(()) } else { Err(format!("telephone numbers differ: {shown:?}").into()) }
}

fn short(row: &str) -> &str {
    row.get(..100).unwrap_or(row)
}
