//! A hub's file of an earlier version of its domain becomes one of this version, in one transaction.
//!
//! SQL does it for rows and what finds them. What is packed beside each record stands by the places of fields, and by their
//! rules, so it is packed anew, by [`Version::record`](windrow_protocol::versions::Version::record).

use super::records::{self, Saving, id};
use super::scopes;
use super::system;
use super::tables::Tables;
use crate::domain::Earlier;
use crate::hub::error::HubError;
use crate::sqlite::{run_script, value_of};
use rusqlite::{Connection, Row, params};
use windrow_protocol::clock::{Hlc, Mark, Point, Seq};
use windrow_protocol::id::RecordId;
use windrow_protocol::model::TableIx;
use windrow_protocol::value::Value;
use windrow_protocol::versions::Version;

/// Why a file does not migrate: the version that it was to become, the migration's name, and the reason.
pub(super) type Failed = (u32, &'static str, HubError);

/// Runs the SQL that leads to each next version. Foreign keys are off.
pub(super) fn run(c: &Connection, from: u32, behind: &'static [Earlier]) -> Result<(), Failed> {
    for (version, Earlier { migration, .. }) in (from + 1..).zip(behind) {
        run_script(c, migration.hub).map_err(|error| (version, migration.name, error.into()))?;
    }
    Ok(())
}

/// Puts in order what SQL can't, once all tables are there. `mark`: of the commit that this is, if devices must hear of it.
pub(super) fn settle(c: &Connection, tables: &Tables, from: u32, mark: Mark) -> Result<(), HubError> {
    let missing = || HubError::Defect(format!("version {from} is not among those of the domain"));
    let before = tables.lineage.numbered(from as usize).ok_or_else(missing)?;
    system::set_version(c, tables.schema.digest(), tables.version)?;
    let seq = system::standing(c, tables.version)?.head.seq.next();
    let repacked = (0..tables.schema.tables().len()).filter(|table| !before.keeps(*table, &tables.schema));
    let mut news = false;
    for table in repacked {
        news |= Repack { c, tables, before, table, seq }.all()?;
    }
    if !before.keeps_scopes(&tables.schema) {
        scopes::renew(c, tables)?;
    }
    let at = news.then_some(Point { seq, mark });
    system::advance(c, at, Hlc::ZERO, Hlc::ZERO)
}

/// Records that are read and packed at a time.
const BATCH: i64 = 1000;

/// The records of one table on their way.
struct Repack<'a> {
    c: &'a Connection,
    tables: &'a Tables,
    before: &'a Version,
    table: TableIx,
    /// The migration's.
    seq: Seq,
}

impl Repack<'_> {
    /// Whether devices must hear of any.
    fn all(&self) -> Result<bool, HubError> {
        let (mut place, mut news) = (Some((0, RecordId([0; 16]))), false);
        while let Some((seq, id)) = place.take() {
            for Packed { seq, id, packed, row } in self.batch(seq, id)? {
                news |= self.one(id, &packed, row)?;
                place = Some((seq, id));
            }
        }
        Ok(news)
    }

    /// What comes next, in order of seqs. What is packed anew never comes again: its seq is lower than before, or the
    /// migration's.
    fn batch(&self, seq: i64, id: RecordId) -> Result<Vec<Packed>, HubError> {
        let mut statement = self.c.prepare_cached(&self.tables.sql(self.table).scan)?;
        let mut rows = statement.query(params![seq, id.0, BATCH])?;
        let mut batch = Vec::new();
        while let Some(row) = rows.next()? {
            let found = Packed::read(row, self.tables.schema.table(self.table).fields.len())?;
            if found.seq < self.seq.to_i64() {
                batch.push(found);
            }
        }
        Ok(batch)
    }

    fn one(&self, id: RecordId, packed: &[u8], row: Vec<Value>) -> Result<bool, HubError> {
        let (key, last) = ((self.table, id), self.tables.schema.table(self.table));
        let moved = self.before.record(self.table, last, packed, row, self.seq)?;
        let scope = records::scope(self.c, self.tables, key)?.flatten();
        Saving::new(self.c, self.tables).version(key, &moved.record, scope)?;
        records::save_conflicts(self.c, self.tables, key, &moved.record)?;
        Ok(moved.news)
    }
}

/// A record as it was packed, beside its row.
struct Packed {
    seq: i64,
    id: RecordId,
    packed: Vec<u8>,
    row: Vec<Value>,
}

impl Packed {
    fn read(row: &Row<'_>, fields: usize) -> Result<Packed, HubError> {
        let value = |at: usize| Ok(value_of(row.get_ref(3 + at)?)?);
        let values = (0..fields).map(value).collect::<Result<_, HubError>>()?;
        Ok(Packed { seq: row.get(1)?, id: id(row, 0)?, packed: row.get(2)?, row: values })
    }
}
