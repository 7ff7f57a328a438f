//! `--certify`: every pair of the lock's versions, led by the migrations that stand beside it, tried on real files.

use crate::args::MigrateArgs;
use crate::fault::Fault;
use crate::model;
use crate::place::Place;
use crate::print::{columns, heading};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::io;
use windrow_cli::certify::{CHECKS, Outcome, certify, pairs};
use windrow_cli::made;
use windrow_schema::lock::{DEVICE, HUB, Lock, Plan};

/// Tries all of them. What to print, and how it ends.
///
/// # Errors
/// No lock, or one that can't be used; a migration that is missing.
pub(super) fn run(args: &MigrateArgs) -> Result<(String, Result<(), Fault>), Fault> {
    let place = Place::of(&args.source, args.into.as_deref(), &model::read(&args.source)?)?;
    let none = || Fault::Lock(place.lock_file(), "there is none: run `windrow migrate` first".to_owned());
    let lock = place.lock()?.ok_or_else(none)?;
    let domains = domains(&place, &lock)?;
    let bar = bar(pairs(domains.len()).count() * CHECKS.len());
    let outcomes = certify(lock.versions(), &domains, || bar.inc(1));
    bar.finish_and_clear();
    let outcomes = outcomes.map_err(|error| Fault::File("the network of this machine".into(), error))?;
    let certified = outcomes.iter().all(|o| failures(o).next().is_none());
    let text = if args.json { as_json(&lock, &outcomes, certified) } else { in_words(&place, &lock, &outcomes) };
    Ok((text, if certified { Ok(()) } else { Err(Fault::Uncertified) }))
}

/// The versions, with the text of the files that programs are built with.
fn domains(place: &Place, lock: &Lock) -> Result<Vec<&'static windrow::Domain>, Fault> {
    let missing = std::cell::RefCell::new(None);
    let read = |plan: &Plan, name: &str| {
        let path = place.folder(plan.now()).join(name);
        std::fs::read_to_string(&path).map_err(|error| {
            let said = error.to_string();
            missing.replace(Some(match error.kind() {
                io::ErrorKind::NotFound => {
                    Fault::Lock(path, "it is missing, and is in the lock: take it from version control".to_owned())
                }
                _ => Fault::File(path, error),
            }));
            said
        })
    };
    let made = made::versions_by(lock, |plan| Ok([read(plan, DEVICE)?, read(plan, HUB)?]));
    made.map_err(|why| missing.take().unwrap_or_else(|| Fault::Lock(place.lock_file(), why)))
}

/// Shown at a terminal alone.
fn bar(steps: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {pos}/{len} {elapsed}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(steps as u64).with_style(style)
}

/// The places of the checks that failed, with the reasons.
fn failures(outcome: &Outcome) -> impl Iterator<Item = (usize, &str)> {
    let checks = outcome.checks.iter().enumerate();
    checks.filter_map(|(at, ended)| Some((at, ended.as_ref()?.as_ref().err()?.as_str())))
}

fn in_words(place: &Place, lock: &Lock, outcomes: &[Outcome]) -> String {
    let count = lock.versions().len();
    if outcomes.is_empty() {
        return format!("{} has version 1 alone: nothing to certify yet\n", lock.domain());
    }
    let mut text = heading(&format!("{}, versions 1 to {count}", lock.domain()));
    text += &table(outcomes);
    for outcome in outcomes.iter().filter(|o| failures(o).next().is_some()) {
        text += &format!("\n{}", heading(&format!("{} → {}", outcome.old, outcome.new)));
        for (at, why) in failures(outcome) {
            let why = as_before(outcomes, outcome, at).unwrap_or_else(|| why.to_owned());
            text += &format!("  {}: {why}\n", CHECKS[at].head);
        }
        text += &format!("  {}\n", led(place, lock, outcome));
    }
    let failed = outcomes.iter().filter(|o| failures(o).next().is_some()).count();
    text + &match failed {
        0 => format!("\ncertified: all {} pairs work together\n", outcomes.len()),
        failed => format!("\nnot certified: {failed} of {} pairs fail\n", outcomes.len()),
    }
}

/// The pair of versions next to each other, on the way of this one, where the same check fails: that is where to look.
fn as_before(outcomes: &[Outcome], outcome: &Outcome, check: usize) -> Option<String> {
    let step = |o: &&Outcome| o.old + 1 == o.new && outcome.old <= o.old && o.new <= outcome.new;
    let mut steps = outcomes.iter().filter(step).filter(|_| outcome.old + 1 < outcome.new);
    let same = steps.find(|o| failures(o).any(|(at, _)| at == check))?;
    Some(format!("as {} → {}", same.old, same.new))
}

/// Where to look.
fn led(place: &Place, lock: &Lock, outcome: &Outcome) -> String {
    let between = lock.versions().iter().filter(|v| v.number > outcome.old && v.number <= outcome.new);
    let folders: Vec<String> = between.map(|version| place.folder(version).display().to_string()).collect();
    format!("led by {}", folders.join(", "))
}

fn table(outcomes: &[Outcome]) -> String {
    let cell = |ended: &Option<Result<(), String>>| match ended {
        None => "—".to_owned(),
        Some(Ok(())) => "✓".to_owned(),
        Some(Err(_)) => "✗".to_owned(),
    };
    let row = |o: &Outcome| {
        let mut cells = std::iter::once(format!("{} → {}", o.old, o.new)).chain(o.checks.iter().map(cell));
        std::array::from_fn::<String, { CHECKS.len() + 1 }, _>(|_| cells.next().unwrap_or_default())
    };
    let mut heads = std::iter::once("versions").chain(CHECKS.iter().map(|check| check.head));
    columns(std::array::from_fn(|_| heads.next().unwrap_or_default()), &outcomes.iter().map(row).collect::<Vec<_>>())
}

fn as_json(lock: &Lock, outcomes: &[Outcome], certified: bool) -> String {
    let pair = |o: &Outcome| {
        let checks = CHECKS.iter().zip(&o.checks).map(|(check, ended)| {
            let (state, why) = match ended {
                None => ("nothing", Value::Null),
                Some(Ok(())) => ("holds", Value::Null),
                Some(Err(why)) => ("fails", json!(why)),
            };
            json!({ "check": check.key, "means": check.says, "state": state, "why": why })
        });
        json!({ "old": o.old, "new": o.new, "checks": checks.collect::<Vec<_>>() })
    };
    let pairs: Vec<Value> = outcomes.iter().map(pair).collect();
    let told =
        json!({ "domain": lock.domain(), "versions": lock.versions().len(), "certified": certified, "pairs": pairs });
    format!("{told:#}\n")
}
