//! What the applications were told about ledgers, and what must have become of it.
//!
//! Differences are large random numbers, so that a total says which of them it holds. Values are numbered, so that each
//! says which it replaced.

use super::schema::{LAST, LEDGER, TOTAL};
use crate::oracle::log::Write;
use crate::oracle::{Hlc, Id, Origin, Row, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A committed write to a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// To which record.
    pub id: Id,
    /// By whom.
    pub author: Origin,
    /// When.
    pub hlc: Hlc,
    /// What it added.
    pub delta: i64,
    /// What it wrote.
    pub value: Option<i64>,
    /// What it replaced.
    pub over: Option<i64>,
}

/// All that was posted in the past of a file: a copy has it too.
#[derive(Debug, Clone, Default)]
pub struct Lineage {
    posted: Vec<Rc<Posted>>,
}

impl Lineage {
    /// Notes what a write did, if it was to a ledger.
    pub fn note(&mut self, write: &Write, before: Option<&Row>, author: Origin, hlc: Hlc) {
        let (Write::Insert { table, id, values } | Write::Update { table, id, values }) = write else { return };
        if *table != LEDGER {
            return;
        }
        let number = |row: &Row, field: &str| match row.get(field) {
            Some(Value::Int(n)) => Some(*n),
            _ => None,
        };
        let held = before.and_then(|row| number(row, TOTAL)).unwrap_or(0);
        let delta = number(values, TOTAL).map_or(0, |new| new - held);
        let (value, over) = (number(values, LAST), before.and_then(|row| number(row, LAST)));
        self.posted.push(Rc::new(Posted { id: *id, author, hlc, delta, value, over }));
    }

    /// Entries that spoke of nothing but fields that went when the file migrated, and left its log. They never come to
    /// the hub, and said nothing of what a ledger holds.
    pub fn let_go(&mut self, gone: &BTreeSet<Hlc>) {
        self.posted.retain(|p| p.value.is_some() || p.delta != 0 || !gone.contains(&p.hlc));
    }

    /// What was posted.
    pub fn posted(&self) -> &[Rc<Posted>] {
        &self.posted
    }
}

/// Judges the hub's ledgers, shown as their totals and last values, by its covers. `lineages`: those of the files that live.
/// `ever`: everything that was ever posted. `excused`: stamps that a wrong clock cost their order.
///
/// # Errors
/// What was lost, doubled, or came back.
pub fn judge(
    shown: &BTreeMap<Id, (i64, Option<i64>)>,
    cover: impl Fn(Origin) -> Hlc,
    lineages: &[&Lineage],
    ever: &[Rc<Posted>],
    excused: &BTreeSet<(Origin, Hlc)>,
) -> Result<(), String> {
    let covered = |p: &Posted| cover(p.author) >= p.hlc;
    for p in lineages.iter().flat_map(|l| &l.posted) {
        if !covered(p) {
            return Err(format!("I1: {p:?} never came to the hub"));
        }
    }
    // A value that was brought back to the hub's time may be so again, and later, when a restored hub is offered it once more.
    let ahead = |hlc: Hlc| excused.iter().any(|(_, raw)| *raw == hlc);
    let mut restamped: BTreeSet<(Id, i64)> =
        ever.iter().filter(|p| ahead(p.hlc)).filter_map(|p| Some((p.id, p.value?))).collect();
    // What its author overwrote before it was sent went with what it was overwritten by.
    for p in ever.iter().rev() {
        if let (Some(value), Some(over)) = (p.value, p.over)
            && restamped.contains(&(p.id, value))
            && ever.iter().any(|o| (o.author, o.id, o.value) == (p.author, p.id, Some(over)))
        {
            restamped.insert((p.id, over));
        }
    }
    // What was refused and written again replaces what it was replaced by.
    let (mut once, mut again) = (BTreeSet::new(), BTreeSet::new());
    for value in ever.iter().filter_map(|p| Some((p.id, p.value?))) {
        if !once.insert(value) {
            again.insert(value);
        }
    }
    let mut totals: BTreeMap<Id, i64> = BTreeMap::new();
    let mut replaced: BTreeMap<Id, BTreeMap<i64, i64>> = BTreeMap::new();
    for p in ever.iter().filter(|p| covered(p)) {
        *totals.entry(p.id).or_default() += p.delta;
        if let (Some(value), Some(over)) = (p.value, p.over)
            && !restamped.contains(&(p.id, value))
            && !restamped.contains(&(p.id, over))
            && !again.contains(&(p.id, over))
        {
            replaced.entry(p.id).or_default().insert(over, value);
        }
    }
    for (id, total) in &totals {
        match shown.get(id) {
            None => return Err(format!("I1: the ledger {id:032x} is lost")),
            Some((found, _)) if found != total => {
                return Err(format!("I10: the ledger {id:032x} holds {found}, and {total} was posted"));
            }
            Some((_, last)) => {
                let beaten = last.and_then(|n| replaced.get(id)?.get(&n));
                if let (Some(n), Some(by)) = (last, beaten) {
                    return Err(format!("I9: the ledger {id:032x} shows {n}, which {by} replaced"));
                }
            }
        }
    }
    Ok(())
}
