//! What the records of a group share, on the wire.

use super::column::ids;
use super::column::refs::Known;
use super::error::Part;
use super::frame::Format;
use super::read::{Reader, Result};
use super::short::ShortId;
use super::write::Writer;
use crate::id::RecordId;
use crate::model::{Schema, TableIx};

/// How a group begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lead {
    /// Of which table all its records are.
    pub(super) table: TableIx,
    /// What they have in common, by bits that the message defines.
    pub(super) flags: u8,
    /// Bits of each id, 1 to 128.
    pub(super) len: u8,
}

/// Lengths that take no byte of their own begin here: those of names among some hundreds to some millions of records.
const FIRST: u8 = 20;
/// The length follows in a byte.
const OWN: u8 = 14;
/// The ids are whole.
const LAST: u8 = 15;

/// What stands for a length beside the count.
fn class(len: u8) -> u8 {
    match len {
        ids::WHOLE.. => LAST,
        _ => len.checked_sub(FIRST).filter(|class| *class < OWN).unwrap_or(OWN),
    }
}

/// Groups going out, tables ascending.
#[derive(Debug)]
pub(super) struct GroupWriter {
    pub(super) w: Writer,
    pub(super) known: Known,
    table: TableIx,
}

impl GroupWriter {
    pub(super) fn new(schema: &Schema) -> GroupWriter {
        GroupWriter { w: Writer::default(), known: Known::new(schema.tables().len()), table: 0 }
    }

    /// Writes a lead and how many records follow.
    pub(super) fn lead(&mut self, lead: Lead, n: usize) {
        self.w.count(lead.table - self.table);
        self.w.byte(lead.flags);
        let class = class(lead.len);
        self.w.count(n << 4 | usize::from(class));
        if class == OWN {
            self.w.byte(lead.len);
        }
        self.table = lead.table;
    }

    /// Writes the group's ids.
    pub(super) fn ids(&mut self, lead: Lead, ids: &[RecordId]) {
        ids::write(&mut self.w, ids, lead.len);
        self.known.add(lead.table, ids, lead.len);
    }
}

/// Groups coming in.
#[derive(Debug)]
pub(super) struct GroupReader<'a> {
    pub(super) r: Reader<'a>,
    pub(super) known: Known,
    ids: Vec<(TableIx, ShortId)>,
    table: TableIx,
    tables: usize,
    format: Format,
}

impl<'a> GroupReader<'a> {
    pub(super) fn new(schema: &Schema, format: Format, r: Reader<'a>) -> GroupReader<'a> {
        let tables = schema.tables().len();
        GroupReader { r, known: Known::new(tables), ids: Vec::new(), table: 0, tables, format }
    }

    /// Reads a lead and how many records follow; `None` at the end.
    pub(super) fn lead(&mut self) -> Result<Option<(Lead, usize)>> {
        self.r.part = Part::Shape;
        if self.r.is_empty() {
            return Ok(None);
        }
        self.table += self.r.below(self.tables - self.table, "a table that the schema does not have")?;
        let flags = self.r.byte()?;
        let counted = self.r.varint()?;
        let lead = Lead { table: self.table, flags, len: self.len((counted & 15) as u8)? };
        match usize::try_from(counted >> 4) {
            Ok(n) if n > 0 => Ok(Some((lead, n))),
            _ => self.r.malformed("a group without records"),
        }
    }

    fn len(&mut self, class: u8) -> Result<u8> {
        match (self.format, class) {
            (Format::Bytes, bytes) => Ok(8 * (bytes + 1)),
            (Format::Bits, OWN) => match self.r.byte()? {
                len @ 1..ids::WHOLE => Ok(len),
                _ => self.r.malformed("an id of no bits, or of too many"),
            },
            (Format::Bits, LAST) => Ok(ids::WHOLE),
            (Format::Bits, class) => Ok(FIRST + class),
        }
    }

    /// Reads the group's ids.
    pub(super) fn ids(&mut self, lead: Lead, n: usize) -> Result<Vec<RecordId>> {
        self.r.part = Part::Ids;
        self.r.charge(n, size_of::<(TableIx, ShortId)>() + size_of::<RecordId>())?;
        let ids = ids::read(&mut self.r, n, lead.len)?;
        self.known.add(lead.table, &ids, lead.len);
        self.ids.extend(ids.iter().map(|id| (lead.table, ShortId { bytes: id.0, len: lead.len })));
        Ok(ids)
    }

    /// Fails unless everything was read, no record is named twice, and a hash guards shortened ids. Answers the ids in
    /// the order of reading.
    pub(super) fn finish(mut self, hash: Option<[u8; 8]>) -> Result<Vec<(TableIx, ShortId)>> {
        self.r.part = Part::Ids;
        if hash.is_none() && self.ids.iter().any(|(_, id)| !id.is_whole()) {
            return self.r.malformed("shortened ids without a hash");
        }
        if repeat(&self.ids) {
            return self.r.malformed("a record that is named twice");
        }
        self.r.finish().map(|()| self.ids)
    }
}

/// Whether two whole ids of one table are equal.
fn repeat(ids: &[(TableIx, ShortId)]) -> bool {
    let mut whole: Vec<_> = ids.iter().filter(|(_, id)| id.is_whole()).map(|(table, id)| (*table, id.bytes)).collect();
    whole.sort_unstable();
    whole.windows(2).any(|pair| pair[0] == pair[1])
}
