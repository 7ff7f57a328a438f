//! The product's core beside the oracle, without databases: folding, merging and telling, on random histories.
//!
//! The oracle's devices write and apply. For each of their sessions the core folds the same log, merges it into records of
//! its own, loaded piece by piece as a store would, and must show and tell the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use windrow_protocol::change::{Change, Changeset, End, What};
use windrow_protocol::model::Schema;
use windrow_tests::bare::Beside;
use windrow_tests::cores::run_each;
use windrow_tests::history::generate::{History, Manner};
use windrow_tests::oracle::fold as plain_fold;
use windrow_tests::oracle::message::{Answer, Session};
use windrow_tests::{bridge, oracle};

/// A change in the oracle's terms, as far as the two can be compared.
fn plain(schema: &Schema, c: &Change) -> String {
    let table = schema.table(c.table);
    let mut fields = BTreeMap::new();
    for w in &c.writes {
        let value = match &w.what {
            What::Set(value) => bridge::plain_value(value),
            What::Add(delta) => oracle::Value::Int(i64::try_from(*delta).unwrap()),
        };
        fields.insert(table.fields[w.field].name, (value, w.hlc.bits(), w.base.bits()));
    }
    let stale: BTreeSet<_> = c.stale.iter().map(|f| table.fields[*f].name).collect();
    let end = format!("{:?}", c.end);
    format!(
        "{:?} {fields:?} {} {} {} {end} {} {stale:?}",
        bridge::plain_key(schema, c.key()),
        c.hlc.bits(),
        c.base.bits(),
        c.born,
        c.again
    )
}

fn expected(c: &plain_fold::Change) -> String {
    let fields: BTreeMap<_, _> = c.fields.iter().map(|(f, w)| (*f, (w.value, w.hlc, w.base))).collect();
    let stale: BTreeSet<_> = c.stale.keys().copied().collect();
    let end = match c.end {
        plain_fold::End::Alive => End::Alive,
        plain_fold::End::Delete => End::Delete,
        plain_fold::End::Cascade(_) => End::Cascade,
    };
    format!("{:?} {fields:?} {} {} {} {end:?} {} {stale:?}", c.key, c.hlc, c.base, c.born, c.again)
}

fn same_changes(schema: &Schema, ours: &Changeset, theirs: &Session) -> Result<(), String> {
    let mine: BTreeSet<_> = ours.changes.iter().map(|c| plain(schema, c)).collect();
    let theirs: BTreeSet<_> = theirs.changes.iter().map(expected).collect();
    if mine == theirs { Ok(()) } else { Err(format!("folded\n{mine:#?}\nexpected\n{theirs:#?}")) }
}

fn compare(both: &Beside) -> Result<(), String> {
    let hub = &both.world.hub;
    let (ours, theirs) = (both.hub.view(), hub.view());
    if ours != theirs {
        return Err(format!("the hub shows\n{ours:?}\nthe oracle's\n{theirs:?}"));
    }
    let open = hub.conflicts().into_iter();
    let open: BTreeSet<_> =
        open.map(|c| (c.key, c.field, c.candidates.iter().map(|c| (c.hlc, c.value)).collect::<Vec<_>>())).collect();
    let ours = both.hub.conflicts()?;
    if ours != open {
        return Err(format!("open are {ours:?}, expected {open:?}"));
    }
    for device in &both.world.devices {
        let Answer::News(pulled) = hub.pull(&device.ask()) else { return Err("the hub is not ours".into()) };
        let theirs: BTreeMap<_, _> = pulled.told.into_iter().map(|t| (t.key, t.news)).collect();
        let ours = both.hub.told(&device.ask())?;
        if ours != theirs {
            return Err(format!("told is\n{ours:?}\nexpected\n{theirs:?}"));
        }
    }
    Ok(())
}

fn history(seed: u64) -> Result<(), String> {
    let mut both = Beside::new(History::new(seed, 3 + (seed % 2) as usize, Manner::Any));
    let mut n = 0;
    let mut step = |both: &mut Beside, step| {
        n += 1;
        both.step(n, &step, same_changes)?;
        compare(both).map_err(|why| format!("after {step:?}: {why}"))
    };
    while let Some(next) = both.history.next(&both.world) {
        step(&mut both, next)?;
    }
    both.history.quiet().into_iter().try_for_each(|next| step(&mut both, next))
}

#[test]
fn the_core_agrees_with_the_oracle() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let (first, count) = (number("WINDROW_SEED", 0), number("WINDROW_HISTORIES", 300));
    let ran = run_each(first..first + count, history);
    let failed: Vec<_> = ran.into_iter().filter_map(|(seed, came)| Some((seed, came.err()?))).collect();
    for (seed, why) in failed.iter().take(2) {
        eprintln!("seed {seed}: {why}");
    }
    assert!(
        failed.is_empty(),
        "{} of {count} histories failed: {:?}",
        failed.len(),
        failed.iter().map(|f| f.0).take(20).collect::<Vec<_>>()
    );
}
