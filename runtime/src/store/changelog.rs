//! The changelog: every operation on a synced table that the file still remembers.

use super::error::StoreError;
use super::values::id_of;
use super::{Store, log};
use rusqlite::Row;
use windrow_protocol::clock::{DeviceId, Hlc, Origin, Seq};
use windrow_protocol::id::RecordId;

/// One operation, as the view `windrow_changelog` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// When.
    pub stamp: Hlc,
    /// On which device: this one.
    pub device: DeviceId,
    /// By whom: the origin drawn when the file was last opened before.
    pub origin: Origin,
    /// On which table.
    pub table: String,
    /// On which record.
    pub record: RecordId,
    /// What was done: `insert`, `update`, `delete`, `cascade` (a foreign key took the record with its parent), `stale` (a
    /// foreign key emptied a reference) or `resolve`.
    pub operation: String,
    /// The fields concerned, in order; of a delete none.
    pub fields: Vec<String>,
    /// What the writer had seen of the hub.
    pub base: Seq,
}

impl Store {
    /// The operations that the file remembers, whoever made them, in order of their stamps.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn changelog(&self) -> Result<Vec<Logged>, StoreError> {
        let app = self.app()?;
        let mut query = app.conn.prepare_cached(
            "SELECT stamp, device, origin, \"table\", record, operation, fields, base FROM windrow_changelog",
        )?;
        let (mut rows, mut logged) = (query.query([])?, Vec::new());
        while let Some(row) = rows.next()? {
            logged.push(read(row)?);
        }
        Ok(logged)
    }

    /// A number that grows with every write to a synced table, by whatever program: the log's last. Cheap to ask.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn pending_marker(&self) -> Result<u64, StoreError> {
        Ok(log::last_number(&self.sync_connection())?.unsigned_abs())
    }
}

fn read(row: &Row<'_>) -> Result<Logged, StoreError> {
    let damaged = |what: &str| StoreError::Damaged(format!("windrow_changelog: {what}"));
    Ok(Logged {
        stamp: Hlc::from_i64(row.get(0)?).ok_or_else(|| damaged("a negative stamp"))?,
        device: DeviceId::from_i64(row.get(1)?).ok_or_else(|| damaged("a negative device"))?,
        origin: Origin::from_i64(row.get(2)?),
        table: row.get(3)?,
        record: id_of(row, 4)?,
        operation: row.get(5)?,
        fields: serde_json::from_str(&row.get::<_, String>(6)?).map_err(|_| damaged("fields that are no JSON"))?,
        base: Seq::from_i64(row.get(7)?).ok_or_else(|| damaged("a negative base"))?,
    })
}
