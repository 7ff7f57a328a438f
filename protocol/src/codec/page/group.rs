//! The records of one shape, column by column.

use crate::codec::column::Column;
use crate::codec::column::beside::Beside;
use crate::codec::error::Part;
use crate::codec::groups::{GroupReader, GroupWriter, Lead};
use crate::codec::read::{Reader, Result};
use crate::codec::rows::{self, Near};
use crate::codec::write::Writer;
use crate::id::RecordId;
use crate::model::{FieldIx, Schema};
use crate::told::{Conflict, News, Page, Told};
use crate::value::Value;

/// Only some fields are told.
const PATCH: u8 = 1;
/// The record is gone.
const GONE: u8 = 2;
/// The device holds it.
const HELD: u8 = 4;
/// Its open conflicts are told.
const CONFLICTS: u8 = 8;
const ALL: u8 = PATCH | GONE | HELD | CONFLICTS;

/// What the records of a group have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    lead: Lead,
    /// The fields told; empty where the record is gone.
    fields: Vec<FieldIx>,
}

impl Shape {
    fn of(told: &Told, len: u8) -> Shape {
        let fields = match &told.what {
            News::Whole(values) => (0..values.len()).collect(),
            News::Patch(values) => values.iter().map(|(field, _)| *field).collect(),
            News::Gone => Vec::new(),
        };
        Shape { lead: lead(told, len), fields }
    }

    /// Whether it is that of this record too.
    fn fits(&self, told: &Told, len: u8) -> bool {
        self.lead == lead(told, len)
            && match &told.what {
                News::Whole(values) => self.fields.len() == values.len(),
                News::Patch(values) => values.iter().map(|(field, _)| field).eq(&self.fields),
                News::Gone => true,
            }
    }

    fn write(&self, w: &mut Writer) {
        if self.has(PATCH) {
            rows::write_fields(w, &self.fields);
        }
    }

    /// Reads the shape that a lead begins, of a table with so many fields.
    pub(super) fn read(r: &mut Reader<'_>, lead: Lead, bound: usize) -> Result<Shape> {
        let fields = match lead.flags & (PATCH | GONE) {
            _ if lead.flags & !ALL != 0 => return r.malformed("unknown flags"),
            0 => (0..bound).collect(),
            PATCH => rows::read_fields(r, bound)?,
            GONE => Vec::new(),
            _ => return r.malformed("both gone and told"),
        };
        Ok(Shape { lead, fields })
    }

    fn has(&self, flag: u8) -> bool {
        self.lead.flags & flag != 0
    }

    /// Memory that one record takes, without what its values and conflicts point to.
    fn memory(&self) -> usize {
        size_of::<Told>() + Beside::memory() + self.fields.len() * size_of::<(FieldIx, Value)>()
    }

    fn news(&self, values: Vec<Value>) -> News {
        match self.lead.flags & (PATCH | GONE) {
            0 => News::Whole(values),
            PATCH => News::Patch(self.fields.iter().copied().zip(values).collect()),
            _ => News::Gone,
        }
    }
}

fn lead(told: &Told, len: u8) -> Lead {
    let news = match &told.what {
        News::Whole(_) => 0,
        News::Patch(_) => PATCH,
        News::Gone => GONE,
    };
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    let flags = news | flag(told.held, HELD) | flag(told.conflicts.is_some(), CONFLICTS);
    Lead { table: told.table, flags, len }
}

/// Among so many groups that came last most records find theirs.
const LAST: usize = 4;

/// Records by shape, of one shape in their order; each with how many bits name it.
pub(super) fn groups<'p>(told: impl IntoIterator<Item = (&'p Told, u8)>) -> Vec<(Shape, Vec<&'p Told>)> {
    let mut groups: Vec<(Shape, Vec<&Told>)> = Vec::new();
    for (told, len) in told {
        match groups.iter_mut().rev().take(LAST).find(|(shape, _)| shape.fits(told, len)) {
            Some((_, of)) => of.push(told),
            None => groups.push((Shape::of(told, len), vec![told])),
        }
    }
    // What found its group no more has made another: all of that came later.
    groups.sort_by(|(one, _), (other, _)| one.cmp(other));
    groups.dedup_by(|(shape, later), (same, of)| {
        let is = shape == same;
        if is {
            of.append(later);
        }
        is
    });
    groups
}

impl From<&Page> for Near {
    fn from(page: &Page) -> Near {
        Near { hlc: page.highest, seq: page.at.seq }
    }
}

/// Writes and reads the records of one shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group<'s> {
    pub(super) schema: &'s Schema,
    pub(super) near: Near,
    pub(super) shape: &'s Shape,
}

impl Group<'_> {
    pub(super) fn write(self, groups: &mut GroupWriter, told: &[&Told]) {
        groups.lead(self.shape.lead, told.len());
        self.shape.write(&mut groups.w);
        groups.ids(self.shape.lead, &told.iter().map(|told| told.id).collect::<Vec<_>>());
        let mut beside = Beside::default();
        for (place, &field) in self.shape.fields.iter().enumerate() {
            let values: Vec<&Value> = told.iter().filter_map(|told| value(&told.what, place)).collect();
            let column = Column::new(self.schema, &groups.known, self.shape.lead.table, field);
            column.write(&mut groups.w, &mut beside, &values);
        }
        for conflicts in told.iter().filter_map(|told| told.conflicts.as_ref()) {
            rows::write_conflicts(&mut groups.w, self.near, conflicts);
        }
    }

    /// Reads `n` records, their ids not yet whole.
    pub(super) fn read(self, groups: &mut GroupReader<'_>, n: usize) -> Result<Vec<Told>> {
        groups.r.charge(n, self.shape.memory())?;
        let ids = groups.ids(self.shape.lead, n)?;
        let mut rows: Vec<Vec<Value>> = (0..n).map(|_| Vec::with_capacity(self.shape.fields.len())).collect();
        let mut beside = Beside::default();
        for &field in &self.shape.fields {
            groups.r.part = Part::Column(self.shape.lead.table, field);
            let column = Column::new(self.schema, &groups.known, self.shape.lead.table, field);
            let values = column.read(&mut groups.r, &mut beside, n)?;
            rows.iter_mut().zip(values).for_each(|(row, value)| row.push(value));
        }
        groups.r.part = Part::Conflicts;
        ids.into_iter().zip(rows).map(|(id, row)| self.told(&mut groups.r, id, row)).collect()
    }

    fn told(self, r: &mut Reader<'_>, id: RecordId, row: Vec<Value>) -> Result<Told> {
        let conflicts = if self.shape.has(CONFLICTS) { Some(self.read_conflicts(r)?) } else { None };
        let what = self.shape.news(row);
        Ok(Told { table: self.shape.lead.table, id, held: self.shape.has(HELD), what, conflicts })
    }

    fn read_conflicts(self, r: &mut Reader<'_>) -> Result<Vec<Conflict>> {
        rows::read_conflicts(r, self.near, self.schema.table(self.shape.lead.table).fields.len())
    }
}

fn value(news: &News, place: usize) -> Option<&Value> {
    match news {
        News::Whole(values) => values.get(place),
        News::Patch(values) => values.get(place).map(|(_, value)| value),
        News::Gone => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RecordId;

    fn patch(n: u8, field: FieldIx) -> Told {
        let what = News::Patch(vec![(field, Value::Integer(n.into()))]);
        Told { table: 0, id: RecordId([n; 16]), held: true, what, conflicts: None }
    }

    /// Ten fields changed by turns, so that a shape was looked for among the last few in vain: its records must come in one group
    /// all the same, and in order, for ids are written as distances.
    #[test]
    fn each_shape_is_one_group_in_order() {
        let told: Vec<Told> = (0..100).map(|n| patch(n, usize::from(n % 10))).collect();
        let groups = groups(told.iter().map(|told| (told, 20)));
        let shapes: Vec<&[FieldIx]> = groups.iter().map(|(shape, _)| &shape.fields[..]).collect();
        assert_eq!(shapes, [[0], [1], [2], [3], [4], [5], [6], [7], [8], [9]]);
        for (field, (_, of)) in groups.iter().enumerate() {
            let ids: Vec<usize> = of.iter().map(|told| told.id.0[0].into()).collect();
            assert_eq!(ids, (0..10).map(|n| 10 * n + field).collect::<Vec<_>>());
        }
    }
}
