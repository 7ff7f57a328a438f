//! The changes of one shape, column by column.

use crate::change::{Change, End, Resolve, What, Write};
use crate::clock::{Hlc, Seq};
use crate::codec::column::beside::Beside;
use crate::codec::column::{Column, stamps, sums};
use crate::codec::error::Part;
use crate::codec::groups::{GroupReader, GroupWriter, Lead};
use crate::codec::read::{Reader, Result};
use crate::codec::rows::{self, Near};
use crate::codec::write::Writer;
use crate::id::RecordId;
use crate::model::{FieldIx, Schema};

const BORN: u8 = 1;
const DELETED: u8 = 2;
const CASCADED: u8 = 4;
const AGAIN: u8 = 8;
const RESOLVES: u8 = 16;
const STALE: u8 = 32;
/// Some write has another stamp than its change.
const OWN_STAMPS: u8 = 64;
/// Some write has another base than its change.
const OWN_BASES: u8 = 128;

/// What the changes of a group have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    lead: Lead,
    /// The fields written, each with whether a difference is.
    fields: Vec<(FieldIx, bool)>,
    stale: Vec<FieldIx>,
}

impl Shape {
    pub(super) fn of(change: &Change, len: u8) -> Shape {
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        let flags = flag(change.born, BORN)
            | flag(change.end == End::Delete, DELETED)
            | flag(change.end == End::Cascade, CASCADED)
            | flag(change.again, AGAIN)
            | flag(!change.resolves.is_empty(), RESOLVES)
            | flag(!change.stale.is_empty(), STALE)
            | flag(change.writes.iter().any(|write| write.hlc != change.hlc), OWN_STAMPS)
            | flag(change.writes.iter().any(|write| write.base != change.base), OWN_BASES);
        let fields = change.writes.iter().map(|write| (write.field, matches!(write.what, What::Add(_)))).collect();
        Shape { lead: Lead { table: change.table, flags, len }, fields, stale: change.stale.clone() }
    }

    /// Fields written go out as twice their place, and one more where differences follow.
    fn write(&self, w: &mut Writer) {
        let fields: Vec<_> = self.fields.iter().map(|(field, add)| field << 1 | usize::from(*add)).collect();
        rows::write_fields(w, &fields);
        if self.has(STALE) {
            rows::write_fields(w, &self.stale);
        }
    }

    /// Reads the shape that a lead begins, of a table with so many fields.
    pub(super) fn read(r: &mut Reader<'_>, lead: Lead, bound: usize) -> Result<Shape> {
        if lead.flags & DELETED != 0 && lead.flags & CASCADED != 0 {
            return r.malformed("both deleted and taken by a cascade");
        }
        let fields = rows::read_fields(r, bound * 2)?;
        if fields.windows(2).any(|pair| pair[0] >> 1 == pair[1] >> 1) {
            return r.malformed("a field that is written twice");
        }
        let fields = fields.into_iter().map(|field| (field >> 1, field & 1 == 1)).collect();
        let stale = if lead.flags & STALE != 0 { rows::read_fields(r, bound)? } else { Vec::new() };
        Ok(Shape { lead, fields, stale })
    }

    fn has(&self, flag: u8) -> bool {
        self.lead.flags & flag != 0
    }

    fn end(&self) -> End {
        match self.lead.flags & (DELETED | CASCADED) {
            0 => End::Alive,
            DELETED => End::Delete,
            _ => End::Cascade,
        }
    }

    /// Memory that one change takes, without what its values and resolves point to.
    fn memory(&self) -> usize {
        size_of::<Change>()
            + Beside::memory()
            + self.fields.len() * size_of::<Write>()
            + self.stale.len() * size_of::<FieldIx>()
    }
}

/// Writes and reads the changes of one shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group<'s> {
    pub(super) schema: &'s Schema,
    pub(super) near: Near,
    pub(super) shape: &'s Shape,
}

/// The stamps and bases of a group's changes.
#[derive(Debug)]
struct When {
    hlcs: Vec<Hlc>,
    bases: Vec<Seq>,
}

impl Group<'_> {
    pub(super) fn write(self, groups: &mut GroupWriter, changes: &[&Change]) {
        groups.lead(self.shape.lead, changes.len());
        self.shape.write(&mut groups.w);
        groups.ids(self.shape.lead, &changes.iter().map(|change| change.id).collect::<Vec<_>>());
        let (hlcs, bases) = changes.iter().map(|change| (change.hlc, change.base)).unzip();
        let when = When { hlcs, bases };
        stamps::write_hlcs(&mut groups.w, &vec![self.near.hlc; changes.len()], &when.hlcs);
        stamps::write_seqs(&mut groups.w, &vec![self.near.seq; changes.len()], &when.bases);
        let mut beside = Beside::default();
        for (place, &field) in self.shape.fields.iter().enumerate() {
            let writes: Vec<&Write> = changes.iter().map(|change| &change.writes[place]).collect();
            self.write_stamps(&mut groups.w, &when, &writes);
            self.write_field(groups, &mut beside, field, &writes);
        }
        if self.shape.has(RESOLVES) {
            changes.iter().for_each(|change| rows::write_resolves(&mut groups.w, self.near, &change.resolves));
        }
    }

    fn write_stamps(self, w: &mut Writer, when: &When, writes: &[&Write]) {
        if self.shape.has(OWN_STAMPS) {
            stamps::write_hlcs(w, &when.hlcs, &writes.iter().map(|write| write.hlc).collect::<Vec<_>>());
        }
        if self.shape.has(OWN_BASES) {
            stamps::write_seqs(w, &when.bases, &writes.iter().map(|write| write.base).collect::<Vec<_>>());
        }
    }

    fn write_field(
        self,
        groups: &mut GroupWriter,
        beside: &mut Beside,
        (field, add): (FieldIx, bool),
        writes: &[&Write],
    ) {
        let (mut values, mut added) = (Vec::new(), Vec::new());
        for write in writes {
            match &write.what {
                What::Set(value) => values.push(value),
                What::Add(sum) => added.push(*sum),
            }
        }
        match add {
            true => sums::write(&mut groups.w, &added),
            false => {
                let column = Column::new(self.schema, &groups.known, self.shape.lead.table, field);
                column.write(&mut groups.w, beside, &values);
            }
        }
    }

    /// Reads `n` changes, their ids not yet whole.
    pub(super) fn read(self, groups: &mut GroupReader<'_>, n: usize) -> Result<Vec<Change>> {
        groups.r.charge(n, self.shape.memory())?;
        let ids = groups.ids(self.shape.lead, n)?;
        groups.r.part = Part::Stamps;
        let hlcs = stamps::read_hlcs(&mut groups.r, &vec![self.near.hlc; n])?;
        let bases = stamps::read_seqs(&mut groups.r, &vec![self.near.seq; n])?;
        let when = When { hlcs, bases };
        let mut changes: Vec<Change> = ids.into_iter().enumerate().map(|(i, id)| self.change(&when, i, id)).collect();
        let mut beside = Beside::default();
        for &field in &self.shape.fields {
            let writes = self.read_field(groups, &mut beside, field, &when)?;
            changes.iter_mut().zip(writes).for_each(|(change, write)| change.writes.push(write));
        }
        groups.r.part = Part::Resolves;
        if self.shape.has(RESOLVES) {
            changes.iter_mut().try_for_each(|change| {
                change.resolves = self.read_resolves(&mut groups.r)?;
                Ok(())
            })?;
        }
        Ok(changes)
    }

    fn change(self, when: &When, i: usize, id: RecordId) -> Change {
        Change {
            table: self.shape.lead.table,
            id,
            resolves: Vec::new(),
            writes: Vec::with_capacity(self.shape.fields.len()),
            hlc: when.hlcs[i],
            base: when.bases[i],
            born: self.shape.has(BORN),
            end: self.shape.end(),
            again: self.shape.has(AGAIN),
            stale: self.shape.stale.clone(),
        }
    }

    fn read_field(
        self,
        groups: &mut GroupReader<'_>,
        beside: &mut Beside,
        (field, add): (FieldIx, bool),
        when: &When,
    ) -> Result<Vec<Write>> {
        let table = self.shape.lead.table;
        groups.r.part = Part::Column(table, field);
        let hlcs = match self.shape.has(OWN_STAMPS) {
            true => stamps::read_hlcs(&mut groups.r, &when.hlcs)?,
            false => when.hlcs.clone(),
        };
        let bases = match self.shape.has(OWN_BASES) {
            true => stamps::read_seqs(&mut groups.r, &when.bases)?,
            false => when.bases.clone(),
        };
        let whats: Vec<What> = if add {
            sums::read(&mut groups.r, hlcs.len())?.into_iter().map(What::Add).collect()
        } else {
            let column = Column::new(self.schema, &groups.known, table, field);
            column.read(&mut groups.r, beside, hlcs.len())?.into_iter().map(What::Set).collect()
        };
        let writes = whats.into_iter().zip(hlcs.into_iter().zip(bases));
        Ok(writes.map(|(what, (hlc, base))| Write { field, what, hlc, base }).collect())
    }

    fn read_resolves(self, r: &mut Reader<'_>) -> Result<Vec<Resolve>> {
        let resolves = rows::read_resolves(r, self.near, self.schema.table(self.shape.lead.table).fields.len())?;
        if resolves.is_empty() { r.malformed("no resolves where some are announced") } else { Ok(resolves) }
    }
}
