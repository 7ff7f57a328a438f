//! What went over links: `windrow_traffic`, by day, kind of link and table.

use super::Store;
use super::error::StoreError;
use super::plan::Plan;
use crate::clock;
use crate::sqlite::Repeated;
use rusqlite::{Connection, OptionalExtension, params};
use windrow_protocol::model::TableIx;

/// Bytes of one table over one kind of link on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// The day (UTC), as `2026-11-26`.
    pub day: String,
    /// The kind of link: `metered` or `unmetered`.
    pub link: String,
    /// The table; none: headers, questions, what was sent in vain, and what can't be told apart.
    pub table: Option<String>,
    /// Bytes to the hub.
    pub sent: u64,
    /// Bytes from it.
    pub received: u64,
}

/// Which way bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Sent,
    Received,
}

impl Store {
    /// What went over links since this day, the oldest first: for people who pay by the byte.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn traffic(&self, since: &str) -> Result<Vec<Traffic>, StoreError> {
        self.snapshot(|conn, _| {
            let sql = "SELECT day, link, \"table\", sent, received FROM windrow_traffic WHERE day >= ?1
                ORDER BY day, link, \"table\"";
            let mut query = conn.prepare(sql)?;
            let read = |row: &rusqlite::Row<'_>| {
                let table: String = row.get(2)?;
                let table = Some(table).filter(|table| !table.is_empty());
                let (sent, received): (i64, i64) = (row.get(3)?, row.get(4)?);
                let (sent, received) = (sent.unsigned_abs(), received.unsigned_abs());
                Ok(Traffic { day: row.get(0)?, link: row.get(1)?, table, sent, received })
            };
            Ok(query.query_map([since], read)?.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// An exchange moved so many bytes over such a link.
    pub(crate) fn count_traffic(&self, link: &str, sent: u64, received: u64) -> Result<(), StoreError> {
        let conn = self.sync_connection();
        add(&conn, link, "", sent as i64, received as i64)?;
        Ok(())
    }

    /// Today, and the bytes that have gone over such links since it began.
    pub(crate) fn spent_today(&self, link: &str) -> Result<(String, u64), StoreError> {
        let today = today();
        self.snapshot(|conn, _| {
            let sql = "SELECT coalesce(sum(sent + received), 0) FROM windrow_traffic WHERE day = ?1 AND link = ?2";
            let spent: i64 = conn.one(sql, params![today, link], |row| row.get(0))?;
            Ok((today, spent.unsigned_abs()))
        })
    }
}

/// Of what has been counted over this link today, so many bytes were for these tables, by their weights. What went another way
/// before, or yesterday, can't be told apart any more.
pub(super) fn attribute(
    conn: &Connection,
    plan: &Plan,
    link: &str,
    way: Way,
    (bytes, weights): (usize, &[(TableIx, usize)]),
) -> rusqlite::Result<()> {
    let all: usize = weights.iter().map(|(_, weight)| weight).sum();
    let counted = "SELECT sent, received FROM windrow_traffic WHERE day = ?1 AND link = ?2 AND \"table\" = ''";
    let counted = conn.one(counted, params![today(), link], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (sent, received): (i64, i64) = counted.unwrap_or_default();
    let counted = if way == Way::Sent { sent } else { received };
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX).min(counted.max(0));
    for (table, weight) in weights {
        let share = (i128::from(bytes) * *weight as i128 / all.max(1) as i128) as i64;
        let (sent, received) = if way == Way::Sent { (share, 0) } else { (0, share) };
        add(conn, link, "", -sent, -received)?;
        add(conn, link, plan.schema.table(*table).name, sent, received)?;
    }
    Ok(())
}

fn add(conn: &Connection, link: &str, table: &str, sent: i64, received: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO windrow_traffic (day, link, \"table\", sent, received) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (day, link, \"table\") DO UPDATE SET sent = sent + excluded.sent, received = received + excluded.received";
    conn.run(sql, params![today(), link, table, sent, received]).map(drop)
}

/// The day (UTC) by this device's clock.
fn today() -> String {
    let now = jiff::Timestamp::from_millisecond(clock::now_ms()).unwrap_or_default();
    now.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}
