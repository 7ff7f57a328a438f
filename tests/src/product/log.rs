//! A device's log by the page about the databases alone: its tables, and the stamps that follow from them. Shares no code
//! with the product.

use super::Fault;
use crate::oracle::Hlc;
use std::iter::Peekable;
use std::vec::IntoIter;
use windrow::rusqlite::{Connection, params};

/// Fields that one mask speaks for.
const BITS: usize = 63;

/// The log and what is noted of its stamps, for tables of at most so many fields.
pub fn tables(fields: usize) -> String {
    let masks: String = (0..fields.div_ceil(BITS)).map(|m| format!("mask{m} INTEGER NOT NULL DEFAULT 0, ")).collect();
    let values: Vec<String> = (0..fields).map(|v| format!("value{v} ANY")).collect();
    format!(
        "CREATE TABLE windrow_log (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, \"table\" TEXT NOT NULL,
  operation INTEGER NOT NULL, record BLOB NOT NULL, base INTEGER NOT NULL, {masks}{}) STRICT;
CREATE TABLE windrow_clock (stamp INTEGER NOT NULL PRIMARY KEY, number INTEGER NOT NULL,
  clock INTEGER NOT NULL) STRICT;",
        values.join(", ")
    )
}

/// A place in a log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// An entry's number; 0 is before all.
    pub number: i64,
    /// Its stamp.
    pub stamp: Hlc,
    /// The device's clock after it.
    pub clock: Hlc,
}

/// Counts stamps, of one entry after the other.
#[derive(Debug)]
pub struct Stamps {
    clock: Hlc,
    /// What `windrow_clock` says of this place and of later ones.
    noted: Peekable<IntoIter<Place>>,
}

fn say(error: windrow::rusqlite::Error) -> Fault {
    format!("the log's stamps: {error}")
}

impl Stamps {
    /// Of the entries after this place. [`Place::default`] is before all.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn after(conn: &Connection, place: Place) -> Result<Stamps, Fault> {
        let sql = "SELECT number, stamp, clock FROM main.windrow_clock WHERE stamp >= ?1 ORDER BY number";
        let mut query = conn.prepare_cached(sql).map_err(say)?;
        let read = query.query_map([place.stamp as i64], noted).map_err(say)?;
        let noted: Vec<Place> = read.collect::<Result<_, _>>().map_err(say)?;
        Ok(Stamps { clock: place.clock, noted: noted.into_iter().peekable() })
    }

    /// The stamp of the entry of this number, which was made at this millisecond.
    ///
    /// # Errors
    /// Where another one is noted.
    pub fn of(&mut self, number: i64, millis: i64) -> Result<Hlc, Fault> {
        while let Some(before) = self.noted.next_if(|place| place.number < number) {
            self.clock = self.clock.max(before.clock);
        }
        self.clock = (self.clock + 1).max((millis as u64) << 15);
        match self.noted.peek().filter(|place| place.number == number && place.stamp != self.clock) {
            Some(other) => Err(format!("entry {number} has the stamp {}, and {other:?} is noted", self.clock)),
            None => Ok(self.clock),
        }
    }
}

fn noted(row: &windrow::rusqlite::Row<'_>) -> windrow::rusqlite::Result<Place> {
    let stamp = |at| row.get::<_, i64>(at).map(|n| n as u64);
    Ok(Place { number: row.get(0)?, stamp: stamp(1)?, clock: stamp(2)? })
}

/// The last place.
///
/// # Errors
/// What SQLite says.
pub fn last(conn: &Connection) -> Result<Place, Fault> {
    let sql = "SELECT number, stamp, clock FROM main.windrow_clock ORDER BY stamp DESC LIMIT 1";
    let mut query = conn.prepare_cached(sql).map_err(say)?;
    let mut place = query.query_map([], noted).map_err(say)?.next().transpose().map_err(say)?.unwrap_or_default();
    let sql = "SELECT number, at FROM main.windrow_log WHERE number > ?1 ORDER BY number";
    let (mut query, mut stamps) = (conn.prepare_cached(sql).map_err(say)?, Stamps::after(conn, place)?);
    let mut rows = query.query([place.number]).map_err(say)?;
    while let Some(row) = rows.next().map_err(say)? {
        let number = row.get(0).map_err(say)?;
        let stamp = stamps.of(number, row.get(1).map_err(say)?)?;
        place = Place { number, stamp, clock: stamp };
    }
    Ok(place)
}

/// Lets the device's clock be at least this after its last entry: the next stamp is greater. It never goes back.
///
/// # Errors
/// What SQLite says.
pub fn raise(conn: &Connection, clock: Hlc) -> Result<(), Fault> {
    let place = last(conn)?;
    if clock <= place.clock {
        return Ok(());
    }
    let sql = "INSERT OR REPLACE INTO main.windrow_clock (stamp, number, clock) VALUES (?1, ?2, ?3)";
    let mut note = conn.prepare_cached(sql).map_err(say)?;
    note.execute(params![place.stamp as i64, place.number, clock as i64]).map(drop).map_err(say)
}

/// The stamps of all entries that say something, in order.
///
/// # Errors
/// What SQLite says; a stamp that is noted otherwise.
pub fn stamps(conn: &Connection) -> Result<Vec<Hlc>, Fault> {
    let sql = "SELECT number, at, operation FROM main.windrow_log ORDER BY number";
    let (mut query, mut stamps) = (conn.prepare_cached(sql).map_err(say)?, Stamps::after(conn, Place::default())?);
    let (mut rows, mut all) = (query.query([]).map_err(say)?, Vec::new());
    while let Some(row) = rows.next().map_err(say)? {
        let stamp = stamps.of(row.get(0).map_err(say)?, row.get(1).map_err(say)?)?;
        if row.get::<_, i64>(2).map_err(say)? != 0 {
            all.push(stamp);
        }
    }
    Ok(all)
}

/// Whether the changelog shows the entries under just these stamps.
///
/// # Errors
/// Where it does not.
pub fn shown_by_the_changelog(conn: &Connection) -> Result<(), Fault> {
    let mut query = conn.prepare_cached("SELECT stamp FROM main.windrow_changelog").map_err(say)?;
    let shown = query.query_map([], |row| row.get::<_, i64>(0).map(|n| n as u64)).map_err(say)?;
    let (shown, counted) = (shown.collect::<Result<Vec<Hlc>, _>>().map_err(say)?, stamps(conn)?);
    if shown == counted {
        Ok(())
    } else {
        Err(format!("the changelog has the stamps {shown:?}, and they are {counted:?}"))
    }
}
