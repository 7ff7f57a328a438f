//! The records of all tables in order of `(seq, table, id)`, read as they are asked for.

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

/// The records of one table, the next one in hand.
struct Stream<'s> {
    rows: Rows<'s>,
    head: Option<(Seq, RecordId, Record)>,
}

impl<'a, 's> Scan<'a, 's> {
    /// The statements that a scan runs.
    pub(super) fn prepare<'c>(c: &'c Connection, tables: &Tables) -> Result<Vec<CachedStatement<'c>>, HubError> {
        let all = 0..tables.schema.tables().len();
        all.map(|table| Ok(c.prepare_cached(&tables.sql(table).scan)?)).collect()
    }

    /// A scan of all that comes after `from`, good for `limit` records.
    pub(super) fn start(
        tables: &'a Tables,
        statements: &'s mut [CachedStatement<'_>],
        from: Place,
        limit: usize,
    ) -> Result<Scan<'a, 's>, HubError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let mut streams = Vec::with_capacity(statements.len());
        for (table, statement) in statements.iter_mut().enumerate() {
            let (seq, id) = from.within(table);
            let mut stream = Stream { rows: statement.query(params![seq, id.0, limit])?, head: None };
            stream.advance(tables, table)?;
            streams.push(stream);
        }
        Ok(Scan { tables, streams })
    }

    /// The next record and the seq at which it last changed.
    pub(super) fn next(&mut self) -> Result<Option<(Seq, Key, Record)>, HubError> {
        let heads = self.streams.iter().enumerate();
        let first = heads.filter_map(|(table, s)| Some((s.head.as_ref()?.0, table))).min();
        let Some((_, table)) = first else { return Ok(None) };
        let stream = &mut self.streams[table];
        let taken = stream.head.take();
        stream.advance(self.tables, table)?;
        Ok(taken.map(|(seq, id, record)| (seq, (table, id), record)))
    }

    /// Whether all have been read.
    pub(super) fn is_over(&self) -> bool {
        self.streams.iter().all(|s| s.head.is_none())
    }
}

impl Stream<'_> {
    fn advance(&mut self, tables: &Tables, table: TableIx) -> Result<(), HubError> {
        self.head = match self.rows.next()? {
            Some(row) => Some((seq(row.get(1)?)?, id(row, 0)?, unpack(tables, table, row, 2)?)),
            None => None,
        };
        Ok(())
    }
}
