//! The records of all tables that a device knows in order of `(seq, table, id)`, read as they are asked for.

use super::records::{id, unpack};
use super::system::seq;
use super::tables::Tables;
use crate::hub::error::HubError;
use rusqlite::{CachedStatement, Connection, Rows, params};
use windrow_protocol::change::Key;
use windrow_protocol::clock::Seq;
use windrow_protocol::id::RecordId;
use windrow_protocol::model::TableIx;
use windrow_protocol::record::Record;
use windrow_protocol::versions::Version;

/// A place in the order; what comes after it is scanned.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// Behind all records of this seq.
    After(Seq),
    /// Behind this record.
    At(Seq, TableIx, RecordId),
}

impl Place {
    const LAST: RecordId = RecordId([0xff; 16]);

    pub(super) fn after(seq: Seq) -> Place {
        Place::After(seq)
    }

    /// The same place within one table, as the bounds of its scan.
    fn within(self, table: TableIx) -> (i64, RecordId) {
        match self {
            Place::After(seq) => (seq.to_i64(), Place::LAST),
            Place::At(seq, at, id) if table == at => (seq.to_i64(), id),
            Place::At(seq, at, _) if table < at => (seq.to_i64(), Place::LAST),
            Place::At(seq, ..) => (seq.to_i64() - 1, Place::LAST),
        }
    }
}

/// A scan under way.
pub(super) struct Scan<'a, 's> {
    tables: &'a Tables,
    streams: Vec<Stream<'s>>,
}

/// A record that was met.
pub(super) struct Found {
    /// The seq at which it last changed.
    pub(super) seq: Seq,
    /// Its table, as the device names it: the scan's order.
    pub(super) then: TableIx,
    /// Which it is.
    pub(super) key: Key,
    pub(super) record: Record,
}

/// A table's statement, and its place: as the device names it, and here.
pub(super) type Statement<'c> = ((TableIx, TableIx), CachedStatement<'c>);

/// The records of one table, the next one in hand.
struct Stream<'s> {
    then: TableIx,
    table: TableIx,
    rows: Rows<'s>,
    head: Option<(Seq, RecordId, Record)>,
}

impl<'a, 's> Scan<'a, 's> {
    /// The statements that a scan for a device of this version runs.
    pub(super) fn prepare<'c>(
        c: &'c Connection,
        tables: &Tables,
        version: &Version,
    ) -> Result<Vec<Statement<'c>>, HubError> {
        version.tables().map(|at| Ok((at, c.prepare_cached(&tables.sql(at.1).scan)?))).collect()
    }

    /// A scan of all that comes after `from`, good for `limit` records.
    pub(super) fn start(
        tables: &'a Tables,
        statements: &'s mut [Statement<'_>],
        from: Place,
        limit: usize,
    ) -> Result<Scan<'a, 's>, HubError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let mut streams = Vec::with_capacity(statements.len());
        for ((then, table), statement) in statements {
            let (seq, id) = from.within(*then);
            let rows = statement.query(params![seq, id.0, limit])?;
            let mut stream = Stream { then: *then, table: *table, rows, head: None };
            stream.advance(tables)?;
            streams.push(stream);
        }
        Ok(Scan { tables, streams })
    }

    /// The next record.
    pub(super) fn next(&mut self) -> Result<Option<Found>, HubError> {
        let heads = self.streams.iter().enumerate();
        let first = heads.filter_map(|(at, s)| Some((s.head.as_ref()?.0, at))).min();
        let Some((_, at)) = first else { return Ok(None) };
        let stream = &mut self.streams[at];
        let taken = stream.head.take();
        stream.advance(self.tables)?;
        Ok(taken.map(|(seq, id, record)| Found { seq, then: stream.then, key: (stream.table, id), record }))
    }

    /// Whether all have been read.
    pub(super) fn is_over(&self) -> bool {
        self.streams.iter().all(|s| s.head.is_none())
    }
}

impl Stream<'_> {
    fn advance(&mut self, tables: &Tables) -> Result<(), HubError> {
        self.head = match self.rows.next()? {
            Some(row) => Some((seq(row.get(1)?)?, id(row, 0)?, unpack(tables, self.table, row, 2)?)),
            None => None,
        };
        Ok(())
    }
}
