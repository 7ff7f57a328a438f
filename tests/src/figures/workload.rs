//! What is measured: operations on visits, made here or read from a folder, of like statistics.
//!
//! - `base`: inserts, ids at random (W1, W3d).
//! - `w2`: one field of one record changed, records in random order (W2).
//! - `w3a`, `w3b`, `w3c`: one such change; a thousand on distinct records; ten thousand operations, of which 60 % change one
//!   field, 20 % two, 15 % insert, 5 % delete. Each of them begins where `base` ends.

use super::Failure;
use super::rows::Rows;
use super::visit::Visit;
use windrow::Id;
use windrow::rusqlite::types::Value;
use windrow::rusqlite::{Connection, params_from_iter};

/// An operation, and when it happens, in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct Op {
    /// What is done.
    pub what: What,
    /// When.
    pub at: i64,
}

/// What an operation does.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A new record.
    Insert(Box<Visit>),
    /// Fields of a record get other values.
    Update(Id<Visit>, Vec<(&'static str, Value)>),
    /// A record goes.
    Delete(Id<Visit>),
}

/// All operations.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// The records that are there first.
    pub base: Vec<Visit>,
    /// One change on each of as many records as there are.
    pub w2: Vec<Op>,
    /// One change.
    pub w3a: Vec<Op>,
    /// A day's changes.
    pub w3b: Vec<Op>,
    /// A team's.
    pub w3c: Vec<Op>,
}

impl Op {
    /// A new record, written when its report was.
    pub fn insert(visit: &Visit) -> Op {
        Op { what: What::Insert(Box::new(visit.clone())), at: visit.updated_at }
    }

    /// Carries it out.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn write(&self, conn: &Connection) -> Result<(), Failure> {
        match &self.what {
            What::Insert(visit) => super::table::insert(conn, visit),
            What::Update(id, set) => {
                let columns: Vec<String> = set.iter().zip(2..).map(|((name, _), n)| format!("{name} = ?{n}")).collect();
                let sql = format!("UPDATE visit SET {} WHERE id = ?1", columns.join(", "));
                let id = Value::Blob(id.as_bytes().to_vec());
                let params = std::iter::once(&id).chain(set.iter().map(|(_, value)| value));
                conn.prepare_cached(&sql)?.execute(params_from_iter(params))?;
                Ok(())
            }
            What::Delete(id) => {
                conn.prepare_cached("DELETE FROM visit WHERE id = ?1")?.execute([id.as_bytes()])?;
                Ok(())
            }
        }
    }

    /// The record that it is about.
    pub fn id(&self) -> Id<Visit> {
        match &self.what {
            What::Insert(visit) => visit.id,
            What::Update(id, _) | What::Delete(id) => *id,
        }
    }
}

impl Workload {
    /// The records, as they are inserted.
    pub fn inserts(&self) -> Vec<Op> {
        self.base.iter().map(Op::insert).collect()
    }

    /// One of a seed, of so many records. `w3b` and `w3c` are a hundredth and a tenth of that.
    pub fn made(seed: u64, records: usize) -> Workload {
        let mut rows = Rows::new(seed);
        let base: Vec<Visit> = rows.by_ref().take(records).collect();
        let w2 = day(&mut rows, &base, records, 1_500);
        let w3a = day(&mut rows, &base, 1, 1_500);
        let w3b = day(&mut rows, &base, records / 100, 45_000);
        let w3c = mixed(&mut rows, &base, records / 10);
        Workload { base, w2, w3a, w3b, w3c }
    }
}

/// One field of each of so many distinct records, this many milliseconds apart in the mean.
fn day(rows: &mut Rows, base: &[Visit], count: usize, apart: usize) -> Vec<Op> {
    let mut at = rows.now();
    let mut changed: Vec<Visit> = base.to_vec();
    let chosen = rows.choose(&mut changed, count);
    let one = |visit: &mut Visit| {
        at += 1 + rows.below(2 * apart) as i64;
        Op { what: What::Update(visit.id, vec![rows.other_state(visit)]), at }
    };
    chosen.into_iter().map(one).collect()
}

/// Everything that a team does.
fn mixed(rows: &mut Rows, base: &[Visit], count: usize) -> Vec<Op> {
    let (mut at, mut there, mut ops) = (rows.now(), base.to_vec(), Vec::new());
    for _ in 0..count {
        at += 1 + rows.below(20_000) as i64;
        let (kind, chosen) = (rows.below(100), rows.below(there.len()));
        let what = match kind {
            0..60 => What::Update(there[chosen].id, vec![rows.other_value(&mut there[chosen])]),
            60..80 => {
                let (first, mut second) = (rows.other_value(&mut there[chosen]), rows.other_value(&mut there[chosen]));
                while second.0 == first.0 {
                    second = rows.other_value(&mut there[chosen]);
                }
                What::Update(there[chosen].id, vec![first, second])
            }
            80..95 => match rows.next() {
                Some(visit) => What::Insert(Box::new(visit)),
                None => continue,
            },
            _ => What::Delete(there.swap_remove(chosen).id),
        };
        ops.push(Op { what, at });
    }
    ops
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_workload_is_the_same_for_a_seed_and_of_the_shares_that_are_said() {
        let made = Workload::made(1, 10_000);
        assert_eq!(made, Workload::made(1, 10_000));
        assert_eq!((made.base.len(), made.w2.len(), made.w3a.len(), made.w3b.len()), (10_000, 10_000, 1, 100));
        let count = |is: fn(&What) -> bool| made.w3c.iter().filter(|op| is(&op.what)).count();
        let one = count(|w| matches!(w, What::Update(_, set) if set.len() == 1));
        let two = count(|w| matches!(w, What::Update(_, set) if set.len() == 2));
        let (new, gone) = (count(|w| matches!(w, What::Insert(_))), count(|w| matches!(w, What::Delete(_))));
        assert!((550..650).contains(&one) && (160..240).contains(&two), "{one} {two}");
        assert!((110..190).contains(&new) && (25..80).contains(&gone), "{new} {gone}");
        let distinct: std::collections::HashSet<_> = made.w2.iter().map(Op::id).collect();
        assert_eq!(distinct.len(), 10_000);
    }
}
