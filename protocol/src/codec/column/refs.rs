//! Columns of references: each distinct id once, and not even that where it stands elsewhere in the message.

use super::alike::Manner;
use super::{ids, ints, strings};
use crate::codec::read::{Reader, Result};
use crate::codec::write::Writer;
use crate::id::RecordId;
use crate::model::TableIx;
use std::collections::BTreeMap;

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

/// References: how many of the known ids they name and how many others, which ones, then the place of each among them.
#[derive(Debug)]
pub(super) struct Refs {
    /// Those of the known ids that are named, by place.
    named: Vec<i64>,
    others: Vec<RecordId>,
    /// Which of both stands where.
    pub(super) places: Vec<i64>,
}

impl Refs {
    pub(super) fn of(known: &[RecordId], refs: &[RecordId]) -> Refs {
        let mut others = refs.to_vec();
        others.sort_unstable();
        others.dedup();
        let named: Vec<usize> = (0..known.len()).filter(|&i| others.binary_search(&known[i]).is_ok()).collect();
        let mut list: Vec<RecordId> = named.iter().map(|&i| known[i]).collect();
        list.sort_unstable();
        others.retain(|id| list.binary_search(id).is_err());
        let list = named.iter().map(|&i| known[i]).chain(others.iter().copied());
        let list: BTreeMap<RecordId, i64> = list.zip(0..).collect();
        let places = refs.iter().filter_map(|id| list.get(id).copied()).collect();
        Refs { named: named.into_iter().map(|i| i as i64).collect(), others, places }
    }

    /// Whether the places say anything.
    pub(super) fn several(&self) -> bool {
        self.named.len() + self.others.len() > 1
    }

    /// Writes the distinct references; the place of each follows, if there are several.
    pub(super) fn write_distinct(&self, w: &mut Writer) {
        w.count(self.named.len());
        w.count(self.others.len());
        ints::write(w, &self.named);
        ids::write(w, &self.others, ids::WHOLE);
    }
}

/// Reads `n` references, and their places.
pub(super) fn read(
    r: &mut Reader<'_>,
    known: &[RecordId],
    n: usize,
    manner: Manner<'_>,
) -> Result<(Vec<RecordId>, Vec<i64>)> {
    let named = r.below(n + 1, "more distinct references than references")?;
    let others = r.below(n + 1 - named, "more distinct references than references")?;
    let mut list = Vec::with_capacity(named + others);
    for place in ints::read(r, named)? {
        list.push(*strings::at(r, known, place)?);
    }
    list.extend(ids::read(r, others, ids::WHOLE)?);
    let places = if list.len() == 1 { vec![0; n] } else { manner.read(r, n)? };
    let refs = places.iter().map(|&place| strings::at(r, &list, place).copied()).collect::<Result<_>>()?;
    Ok((refs, places))
}
