//! The stamps of entries: a pure function of the log.
//!
//! While it writes, a device draws no stamp: a counter would cost each write as much as its entry. An entry has its number and
//! the time by the device's clock, and its stamp is `max(the clock before it + 1, that time)`, whenever somebody asks. Some
//! places of the log are noted in `windrow_clock`, so that nobody need begin at the first: where the hub has all before, where
//! entries were pruned, where the device had heard of later stamps, which raise its clock.

use crate::sqlite::Repeated;
use crate::store::error::StoreError;
use rusqlite::Connection;
use std::iter::Peekable;
use std::vec::IntoIter;
use windrow_protocol::clock::Hlc;

/// A place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Place {
    /// An entry's number; 0 is before all.
    pub(in crate::store) number: i64,
    /// Its stamp.
    pub(in crate::store) stamp: Hlc,
    /// The device's clock after it: its stamp, or one that was heard of since.
    pub(in crate::store) clock: Hlc,
}

/// Before all entries.
pub(in crate::store) const START: Place = Place { number: 0, stamp: Hlc::ZERO, clock: Hlc::ZERO };

/// Stamps entries that are read in their order.
pub(super) struct Stamps {
    /// The last entry stamped, or the place that is known before the first.
    at: Place,
    ahead: Peekable<IntoIter<Place>>,
}

impl Stamps {
    /// From the last known place at or before the stamp `after`: what has greater numbers is to be stamped, all of it, until one
    /// comes out above `upto`. Of what is known beyond that only the next place is read: entries before it may have been pruned.
    pub(super) fn between(conn: &Connection, (after, upto): (Hlc, Hlc)) -> Result<Stamps, StoreError> {
        let mut query = conn.prepare_cached(
            "SELECT number, stamp, clock FROM windrow_clock
             WHERE stamp BETWEEN coalesce((SELECT max(stamp) FROM windrow_clock WHERE stamp <= ?1), 0)
               AND coalesce((SELECT min(stamp) FROM windrow_clock WHERE stamp > ?2), ?2) ORDER BY stamp",
        )?;
        let between = [after.to_i64(), upto.to_i64()];
        let rows = query.query_map(between, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let known = rows.map(|row| place(row?)).collect::<Result<Vec<_>, StoreError>>()?;
        let mut ahead = known.into_iter().peekable();
        let at = ahead.next_if(|known| known.stamp <= after).unwrap_or(START);
        Ok(Stamps { at, ahead })
    }

    /// The number behind which to read.
    pub(super) fn number(&self) -> i64 {
        self.at.number
    }

    /// Stamps the entry of this number, which was made at this millisecond.
    pub(super) fn next(&mut self, number: i64, millis: i64) -> Hlc {
        let mut clock = self.at.clock;
        while let Some(known) = self.ahead.next_if(|known| known.number < number) {
            clock = clock.max(known.clock);
        }
        let stamp = clock.tick(millis);
        self.at = Place { number, stamp, clock: stamp };
        stamp
    }
}

fn place((number, stamp, clock): (i64, i64, i64)) -> Result<Place, StoreError> {
    let hlc =
        |stored| Hlc::from_i64(stored).ok_or_else(|| StoreError::Damaged("windrow_clock: a negative stamp".into()));
    Ok(Place { number, stamp: hlc(stamp)?, clock: hlc(clock)? })
}

/// The number of the last entry; 0 where there is none. Cheap to ask.
pub(in crate::store) fn last_number(conn: &Connection) -> rusqlite::Result<i64> {
    conn.one("SELECT coalesce(max(number), 0) FROM windrow_log", [], |row| row.get(0))
}

/// The last entry that is at or before this stamp.
pub(in crate::store) fn find(conn: &Connection, upto: Hlc) -> Result<Place, StoreError> {
    let mut stamps = Stamps::between(conn, (upto, upto))?;
    let mut place = stamps.at;
    let mut query = conn.prepare_cached("SELECT number, at FROM windrow_log WHERE number > ?1 ORDER BY number")?;
    let mut rows = query.query([place.number])?;
    while let Some(row) = rows.next()? {
        let number = row.get(0)?;
        let stamp = stamps.next(number, row.get(1)?);
        if stamp > upto {
            return Ok(place);
        }
        place = Place { number, stamp, clock: stamp };
    }
    let known = stamps.ahead.filter(|known| known.stamp <= upto).map(|known| known.clock);
    Ok(Place { clock: known.fold(place.clock, Hlc::max), ..place })
}

/// The last entry.
pub(in crate::store) fn last(conn: &Connection) -> Result<Place, StoreError> {
    find(conn, Hlc::LAST)
}

/// The device's clock, and that of no write: its last stamp, or a later one that it has heard of.
pub(in crate::store) fn clock(conn: &Connection) -> Result<Hlc, StoreError> {
    Ok(last(conn)?.clock)
}

/// Notes a place, from which stamps are counted from here on.
pub(in crate::store) fn note(conn: &Connection, place: Place) -> rusqlite::Result<()> {
    let note = "INSERT INTO windrow_clock (stamp, number, clock) VALUES (?1, ?2, ?3)
        ON CONFLICT (stamp) DO UPDATE SET clock = excluded.clock WHERE clock < excluded.clock";
    conn.run(note, [place.stamp.to_i64(), place.number, place.clock.to_i64()]).map(|_| ())
}

/// Forgets places that are before all entries, but for the last of them.
pub(super) fn forget(conn: &Connection) -> rusqlite::Result<()> {
    let last = "SELECT max(stamp) FROM windrow_clock WHERE number < (SELECT min(number) FROM windrow_log)";
    conn.run(&format!("DELETE FROM windrow_clock WHERE stamp < ({last})"), []).map(|_| ())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::store::system;

    /// Entries 2 to 5 were pruned while others before them stayed, and the clock was set back before the sixth was written.
    #[test]
    fn an_entry_behind_a_gap_is_above_what_stood_there() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(system::CLOCK).unwrap();
        let hlc = |bits| Hlc::from_bits(bits).unwrap();
        for (number, bits) in [(1, 100), (5, 900), (9, 2_000)] {
            note(&conn, Place { number, stamp: hlc(bits), clock: hlc(bits) }).unwrap();
        }
        for upto in [100, 500, 899, 900] {
            let mut stamps = Stamps::between(&conn, (hlc(100), hlc(upto))).unwrap();
            assert_eq!((stamps.number(), stamps.next(6, 0)), (1, hlc(901)), "up to {upto}");
        }
    }
}
