//! Two random versions, and the plan between them.

use fastrand::Rng;
use windrow::Domain;
use windrow_schema::lock::{Column, Lock, Plan, Table, compare};
use windrow_tests::descriptors;
use windrow_tests::versions::{next, tables};

pub(crate) struct Pair {
    pub(crate) seed: u64,
    pub(crate) lock: Lock,
    pub(crate) plan: Plan,
}

/// So many, unless told otherwise.
pub(crate) fn pairs(count: u64) -> impl Iterator<Item = Pair> {
    seeds(count).map(Pair::draw)
}

/// So many seeds, unless told otherwise.
pub(crate) fn seeds(count: u64) -> impl Iterator<Item = u64> {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let (first, count) = (number("WINDROW_SEED", 0), number("WINDROW_MIGRATIONS", count));
    first..first + count
}

impl Pair {
    fn draw(seed: u64) -> Pair {
        let mut rng = Rng::with_seed(seed);
        let start = tables(&mut rng);
        let start = compare(None, start, &Default::default()).expect("nothing to compare with").named("start");
        let mut lock = Lock::new("VERSIONS");
        lock.push(&start);
        let next = next(&mut rng, start.now()).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        let plan = compare(lock.last(), next.tables, &next.choices);
        let plan = plan.unwrap_or_else(|r| panic!("seed {seed}: {}", r[0])).named("next");
        lock.push(&plan);
        Pair { seed, lock, plan }
    }

    pub(crate) fn rng(&self) -> Rng {
        Rng::with_seed(!self.seed)
    }

    /// Both versions, as programs have them.
    pub(crate) fn domains(&self) -> [&'static Domain; 2] {
        let made = descriptors::versions(&self.lock).unwrap_or_else(|e| panic!("seed {}: {e}", self.seed));
        made.try_into().expect("two versions")
    }

    pub(crate) fn before(&self) -> &[Table] {
        &self.plan.before().expect("a version").tables
    }

    pub(crate) fn now(&self) -> &[Table] {
        &self.plan.now().tables
    }

    /// Each table now with what it was, found by its names alone.
    pub(crate) fn kept(&self) -> Vec<Kept<'_>> {
        let kept = |now| self.before().iter().find(|b| was(now) == b.name).map(|before| Kept { before, now });
        // A table of the name of one that was given another is new.
        self.now().iter().filter_map(kept).collect()
    }
}

fn was(table: &Table) -> &str {
    table.was.as_ref().unwrap_or(&table.name)
}

/// A table that stays.
pub(crate) struct Kept<'a> {
    pub(crate) before: &'a Table,
    pub(crate) now: &'a Table,
}

impl<'a> Kept<'a> {
    /// Each column now, with the position of what it was.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&'a Column, Option<usize>)> {
        let before = self.before;
        self.now.columns.iter().map(|c| (c, before.position(c.was.as_ref().unwrap_or(&c.name))))
    }

    /// The position now of a column of before.
    pub(crate) fn now_at(&self, before: usize) -> Option<usize> {
        self.columns().position(|(_, from)| from == Some(before))
    }
}
