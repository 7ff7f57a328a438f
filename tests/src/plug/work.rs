//! What applications write, and what must stand everywhere once all of it has arrived.
//!
//! Write number `k` of device `d` is one transaction of plain SQL. It leaves a record in `step`, so that the steps at the hub
//! say which writes are there; all tables can then be foretold to the last byte. Each `sum` that is written adds a bit of its
//! own: one that is lost, or counted twice, shows.

use super::Fault;
use std::collections::BTreeSet;
use windrow::rusqlite::{Connection, Transaction, TransactionBehavior, params};

/// A device's number: 1 or 2.
pub type Device = u8;
/// The number of a write.
pub type Number = u32;
/// The writes of a device.
pub type Writes = BTreeSet<Number>;

/// How many kinds of writes there are; they come in turn.
pub const KINDS: Number = 8;
/// More have no bits of their own.
pub const MOST: Number = 30 * KINDS;

const FARM: u8 = 1;
const PLOT: u8 = 2;
const VISIT: u8 = 3;
const STEP: u8 = 4;
/// No farm of this kind exists anywhere.
const NOWHERE: u8 = 9;

/// The id of what write `k` of device `d` makes.
fn id(kind: u8, d: Device, k: Number) -> Vec<u8> {
    let mut id = vec![kind, d];
    id.extend(k.to_be_bytes());
    id.resize(16, 0);
    id
}

/// The farm that everybody writes to.
fn shared() -> Vec<u8> {
    id(FARM, 0, 0)
}

/// The farm whose name one device alone writes.
fn own(d: Device) -> Vec<u8> {
    id(FARM, d, u32::MAX)
}

/// The bit that a write adds to a sum.
fn bit(d: Device, k: Number) -> i64 {
    1 << (u32::from(d - 1) * 31 + k / KINDS)
}

fn notes(d: Device, k: Number) -> String {
    format!("{d}-{k} ").repeat(700)
}

/// What stands in the survey at the start.
///
/// # Errors
/// What SQLite says.
pub fn found(conn: &Connection) -> Result<(), Fault> {
    for (id, name) in [(shared(), "shared"), (own(1), "of 1"), (own(2), "of 2")] {
        conn.execute("INSERT INTO farm (id, name, cattle) VALUES (?1, ?2, 0)", params![id, name])?;
    }
    Ok(())
}

/// Whether that stands in a file.
///
/// # Errors
/// What SQLite says.
pub fn is_founded(conn: &Connection) -> Result<bool, Fault> {
    Ok(conn.query_row("SELECT count(*) FROM farm WHERE id = ?1", [shared()], |row| row.get(0))?)
}

/// Makes a write. What is told `Ok` here is promised.
///
/// # Errors
/// What SQLite says: nothing of it is written then.
pub fn write(conn: &Connection, d: Device, k: Number) -> windrow::rusqlite::Result<()> {
    // Other programs' connections do not keep foreign keys; so nobody stops them from writing what the hub must refuse.
    conn.pragma_update(None, "foreign_keys", k % KINDS != 6)?;
    let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    tx.execute("INSERT INTO step (id, number) VALUES (?1, ?2)", params![id(STEP, d, k), k])?;
    match k % KINDS {
        0 => plot(&tx, (d, k), shared(), k)?,
        1 => {
            let add = "UPDATE farm SET cattle = cattle + ?2 WHERE id = ?1";
            there(tx.execute(add, params![shared(), bit(d, k)])?)?;
            if k == 1 {
                // Once, and before it can know of the other's: a question for a person.
                tx.execute("UPDATE farm SET phone = ?2 WHERE id = ?1", params![shared(), phone(d)])?;
            }
        }
        2 => {
            there(tx.execute("UPDATE farm SET name = ?2 WHERE id = ?1", params![own(d), format!("{d}-{k}")])?)?;
        }
        3 => {
            let add = "INSERT INTO visit (id, plot_id, notes) VALUES (?1, ?2, ?3)";
            tx.execute(add, params![id(VISIT, d, k), id(PLOT, d, k - 3), notes(d, k)])?;
        }
        4 => {
            let add = "INSERT INTO farm (id, name, cattle) VALUES (?1, 'for a day', 0)";
            tx.execute(add, [id(FARM, d, k)])?;
            plot(&tx, (d, k), id(FARM, d, k), k)?;
        }
        5 => {
            tx.execute("DELETE FROM farm WHERE id = ?1", [id(FARM, d, k - 1)])?;
        }
        6 => plot(&tx, (d, k), id(NOWHERE, d, k), k)?,
        _ => {
            let replace = "INSERT OR REPLACE INTO plot (id, farm_id, variety, bags)
                SELECT id, farm_id, 'replaced', bags + 100 FROM plot WHERE id = ?1";
            tx.execute(replace, [id(PLOT, d, k - 7)])?;
        }
    }
    tx.commit()
}

/// A device that never reached the hub lacks what it would write to, and writes nothing.
fn there(changed: usize) -> windrow::rusqlite::Result<()> {
    if changed == 1 { Ok(()) } else { Err(windrow::rusqlite::Error::StatementChangedRows(changed)) }
}

fn plot(conn: &Connection, (d, k): (Device, Number), farm: Vec<u8>, bags: Number) -> windrow::rusqlite::Result<()> {
    let add = "INSERT INTO plot (id, farm_id, variety, bags) VALUES (?1, ?2, 'barley', ?3)";
    conn.execute(add, params![id(PLOT, d, k), farm, bags]).map(drop)
}

/// The telephone number that a device knows.
pub fn phone(d: Device) -> String {
    format!("+44 {d}")
}

/// The rows of all tables, as text, and what of them can't be foretold: the telephone number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// Every row but for the shared farm's telephone number.
    pub rows: BTreeSet<String>,
    /// That number.
    pub phone: Option<String>,
}

impl Rows {
    /// What stands in a file.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn read(conn: &Connection) -> Result<Rows, Fault> {
        let all = "SELECT 'farm ' || hex(id) || ' ' || quote(name) || ' ' || quote(cattle) FROM farm
            UNION ALL SELECT 'plot ' || hex(id) || ' ' || hex(farm_id) || ' ' || quote(variety) || ' ' || quote(bags) FROM plot
            UNION ALL SELECT 'visit ' || hex(id) || ' ' || hex(plot_id) || ' ' || quote(notes) FROM visit
            UNION ALL SELECT 'step ' || hex(id) || ' ' || quote(number) FROM step
            UNION ALL SELECT 'telephone ' || hex(id) FROM farm WHERE phone IS NOT NULL AND id <> ?1";
        let mut all = conn.prepare(all)?;
        let rows = all.query_map([shared()], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let phone = conn.query_row("SELECT max(phone) FROM farm WHERE id = ?1", [shared()], |row| row.get(0))?;
        Ok(Rows { rows, phone })
    }

    /// What must stand everywhere once these writes of the two devices have arrived. A phone that both wrote can be either.
    pub fn foretold(writes: &[Writes; 2]) -> BTreeSet<String> {
        let mut cattle = 0;
        let mut rows = BTreeSet::new();
        for (d, writes) in (1..).zip(writes) {
            let mut name = format!("of {d}");
            for k in writes {
                rows.insert(format!("step {} {k}", hex(&id(STEP, d, *k))));
                effect((d, *k), writes, &mut rows, &mut cattle, &mut name);
            }
            rows.insert(format!("farm {} '{name}' 0", hex(&own(d))));
        }
        rows.insert(format!("farm {} 'shared' {cattle}", hex(&shared())));
        rows
    }
}

/// What one write leaves, among the others of its device.
fn effect((d, k): (Device, Number), writes: &Writes, rows: &mut BTreeSet<String>, cattle: &mut i64, name: &mut String) {
    let plot = |farm: Vec<u8>, variety: &str, bags: Number| {
        format!("plot {} {} '{variety}' {bags}", hex(&id(PLOT, d, k)), hex(&farm))
    };
    match k % KINDS {
        0 if writes.contains(&(k + 7)) => drop(rows.insert(plot(shared(), "replaced", k + 100))),
        0 => drop(rows.insert(plot(shared(), "barley", k))),
        1 => *cattle += bit(d, k),
        2 => *name = format!("{d}-{k}"),
        3 => {
            let (visit, of) = (hex(&id(VISIT, d, k)), hex(&id(PLOT, d, k - 3)));
            rows.insert(format!("visit {visit} {of} '{}'", notes(d, k)));
        }
        4 if !writes.contains(&(k + 1)) => {
            rows.insert(format!("farm {} 'for a day' 0", hex(&id(FARM, d, k))));
            rows.insert(plot(id(FARM, d, k), "barley", k));
        }
        _ => {}
    }
}

/// The records that the hub must have refused, of a device's writes.
pub fn refused(d: Device, writes: &Writes) -> Vec<String> {
    writes.iter().filter(|k| **k % KINDS == 6).map(|k| hex(&id(PLOT, d, *k))).collect()
}

/// The writes of a device that left their step in a file.
///
/// # Errors
/// What SQLite says.
pub fn steps(conn: &Connection, d: Device) -> Result<Writes, Fault> {
    let mut steps = conn.prepare("SELECT number FROM step WHERE substr(id, 2, 1) = ?1")?;
    Ok(steps.query_map([vec![d]], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}
