//! From the version in `windrow.lock` to the structs as they are now.

mod ask;
mod certify;
mod files;
mod show;

use crate::args::MigrateArgs;
use crate::fault::Fault;
use crate::model;
use crate::place::Place;
use crate::terminal;
use windrow_schema::lock::{Choices, Lock, Plan, Refusal, Table, Version, compare};
use windrow_schema::sql::migrate::Script;

/// A migration, ready to be written.
struct Migration {
    plan: Plan,
    device: Script,
    hub: Script,
}

/// Does what is asked. What to print, and how it ends.
///
/// # Errors
/// A model or a lock that can't be read, a change that is refused, files that can't be written.
pub(crate) fn run(args: &MigrateArgs) -> Result<(String, Result<(), Fault>), Fault> {
    if args.certify {
        return certify::run(args);
    }
    let name = args.name.as_deref().map(checked).transpose()?;
    let declared = model::read(&args.source)?;
    let place = Place::of(&args.source, args.into.as_deref(), &declared)?;
    let mut lock = place.lock()?.unwrap_or_else(|| Lock::new(declared.name.clone()));
    let plan = match plan(args, lock.last(), declared.tables.clone()) {
        Err(Fault::Refused(refusals)) if args.check => {
            return Ok((show::refused(args, &refusals), Err(Fault::Differs)));
        }
        other => other?,
    };
    if plan.steps().is_empty() {
        return Ok((show::nothing(args, plan.before().map_or(0, |v| v.number)), Ok(())));
    }
    let name = name.map_or_else(|| plan.suggested_name(), str::to_owned);
    let plan = plan.named(if name.is_empty() { "change" } else { &name });
    let script = |script: Result<Script, String>| script.map_err(|why| Fault::Lock(place.lock_file(), why));
    let (device, hub) = (script(Script::device(&plan))?, script(Script::hub(&plan))?);
    let migration = Migration { plan, device, hub };
    lock.push(&migration.plan);
    if args.check {
        return Ok((show::migration(args, &place, &migration), Err(Fault::Differs)));
    }
    if !args.dry_run {
        place.write(&lock, &migration)?;
        files::touch(&declared.file)?;
    }
    Ok((show::migration(args, &place, &migration), Ok(())))
}

/// A name is part of a folder's.
fn checked(name: &str) -> Result<&str, Fault> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && (1..=64).contains(&name.len());
    let why = || format!("a migration's name has letters, digits and `_`, at most 64: {name:?} has not");
    if plain { Ok(name) } else { Err(Fault::Said(why())) }
}

/// Compares, and asks where somebody is there to be asked.
fn plan(args: &MigrateArgs, before: Option<&Version>, now: Vec<Table>) -> Result<Plan, Fault> {
    let mut choices = Choices::default();
    match before {
        None if !(args.rename.is_empty() && args.drop.is_empty()) => {
            return Err(Fault::Said("there is no windrow.lock yet, and so nothing to rename or to drop".to_owned()));
        }
        None => {}
        Some(before) => {
            args.rename.iter().try_for_each(|said| choices.rename(before, said)).map_err(Fault::Said)?;
            args.drop.iter().try_for_each(|said| choices.drop(before, said)).map_err(Fault::Said)?;
        }
    }
    let refusals = match compare(before, now.clone(), &choices) {
        Ok(plan) => return Ok(plan),
        Err(refusals) => refusals,
    };
    let asked =
        |refusals: &[Refusal]| !args.check && !args.json && refusals.iter().any(|r| !r.maybe_renamed().is_empty());
    match before {
        Some(before) if asked(&refusals) && terminal::can() => {
            ask::renames(before, &refusals, &mut choices)?;
            compare(Some(before), now, &choices).map_err(Fault::Refused)
        }
        _ => Err(Fault::Refused(refusals)),
    }
}
