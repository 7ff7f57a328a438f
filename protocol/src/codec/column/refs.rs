//! Columns of references: each distinct id once, and not even that where it stands elsewhere in the message.

use super::{ids, ints, strings};
use crate::codec::read::{Reader, Result};
use crate::codec::write::Writer;
use crate::id::RecordId;
use crate::model::TableIx;

/// The whole ids that a message has named so far, by table.
#[derive(Debug)]
pub(in crate::codec) struct Known(Vec<Vec<RecordId>>);

impl Known {
    pub(in crate::codec) fn new(tables: usize) -> Known {
        Known(vec![Vec::new(); tables])
    }

    /// Takes in the ids of a group, unless they are shortened.
    pub(in crate::codec) fn add(&mut self, table: TableIx, ids: &[RecordId], len: u8) {
        if len == ids::WHOLE {
            self.0[table].extend_from_slice(ids);
        }
    }

    /// Those of a table; none of no table.
    pub(in crate::codec) fn of(&self, table: Option<TableIx>) -> &[RecordId] {
        table.map_or(&[], |table| &self.0[table])
    }
}

/// Writes references: how many of the known ids they name and how many others, which ones, then the place of each
/// among them.
pub(in crate::codec) fn write(w: &mut Writer, known: &[RecordId], refs: &[RecordId]) {
    let mut distinct = refs.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let named: Vec<usize> = (0..known.len()).filter(|&i| distinct.binary_search(&known[i]).is_ok()).collect();
    let mut list: Vec<RecordId> = named.iter().map(|&i| known[i]).collect();
    list.sort_unstable();
    distinct.retain(|id| list.binary_search(id).is_err());
    let list: Vec<RecordId> = named.iter().map(|&i| known[i]).chain(distinct.iter().copied()).collect();
    w.count(named.len());
    w.count(distinct.len());
    ints::write(w, &named.iter().map(|&i| i as i64).collect::<Vec<_>>());
    ids::write(w, &distinct, ids::WHOLE);
    write_places(w, &list, refs);
}

fn write_places(w: &mut Writer, list: &[RecordId], refs: &[RecordId]) {
    let places: std::collections::BTreeMap<_, _> = list.iter().zip(0..).collect();
    let places: Vec<i64> = refs.iter().filter_map(|id| places.get(id).copied()).collect();
    if list.len() > 1 {
        ints::write(w, &places);
    }
}

/// Reads `n` references.
pub(in crate::codec) fn read(r: &mut Reader<'_>, known: &[RecordId], n: usize) -> Result<Vec<RecordId>> {
    let named = r.below(n + 1, "more distinct references than references")?;
    let others = r.below(n + 1 - named, "more distinct references than references")?;
    let mut list = Vec::with_capacity(named + others);
    for place in ints::read(r, named)? {
        list.push(*strings::at(r, known, place)?);
    }
    list.extend(ids::read(r, others, ids::WHOLE)?);
    let places = if list.len() == 1 { vec![0; n] } else { ints::read(r, n)? };
    places.into_iter().map(|place| strings::at(r, &list, place).copied()).collect()
}
