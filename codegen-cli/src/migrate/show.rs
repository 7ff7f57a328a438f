//! What is told of a migration.

use super::Migration;
use crate::args::MigrateArgs;
use crate::place::Place;
use crate::print::heading;
use serde_json::{Value, json};
use windrow_schema::lock::Refusal;
use windrow_schema::sql::migrate::Script;

/// The plan, in words and in SQL.
pub(super) fn migration(args: &MigrateArgs, place: &Place, migration: &Migration) -> String {
    if args.json { as_json(args, place, migration) } else { in_words(args, place, migration) }
}

fn in_words(args: &MigrateArgs, place: &Place, migration: &Migration) -> String {
    let (plan, version) = (&migration.plan, migration.plan.now());
    let mut text = heading(&format!("version {}: {}", version.number, version.name));
    plan.steps().iter().for_each(|step| text += &format!("  {step}\n"));
    if plan.before().is_some() {
        for (whose, script) in [("a device", &migration.device), ("the hub", &migration.hub)] {
            text += &format!("\n{}", heading(&format!("SQL of {whose}")));
            text += &statements(script);
        }
    }
    text += &copied(migration);
    let folder = place.folder(version);
    text + &match (args.check, args.dry_run) {
        (true, _) => format!("\nmodel and {} differ: run `windrow migrate`\n", place.lock_file().display()),
        (_, true) => format!("\nwould write {} and {}\n", folder.display(), place.lock_file().display()),
        _ => format!("\nwritten: {} and {}\n", folder.display(), place.lock_file().display()),
    }
}

fn statements(script: &Script) -> String {
    match script.statements() {
        [] => "  nothing to do\n".to_owned(),
        all => all.iter().map(|s| format!("  {};\n", s.replace('\n', "\n  "))).collect(),
    }
}

/// What takes time.
fn copied(migration: &Migration) -> String {
    match migration.device.rewrites() {
        [] => String::new(),
        tables => format!("\non devices the rows of these tables are written anew: {}\n", tables.join(", ")),
    }
}

fn as_json(args: &MigrateArgs, place: &Place, migration: &Migration) -> String {
    let plan = &migration.plan;
    let steps =
        plan.steps().iter().map(|s| json!({ "table": s.table, "column": s.column, "says": s.what.to_string() }));
    let script = |s: &Script| json!({ "statements": s.statements(), "rewrites": s.rewrites() });
    let told = json!({
        "from": plan.before().map(|v| v.number),
        "to": plan.now().number,
        "name": plan.now().name,
        "steps": steps.collect::<Vec<_>>(),
        "device": script(&migration.device),
        "hub": script(&migration.hub),
        "folder": place.folder(plan.now()).display().to_string(),
        "lock": place.lock_file().display().to_string(),
        "written": !(args.check || args.dry_run),
    });
    format!("{told:#}\n")
}

/// That there is nothing to do.
pub(super) fn nothing(args: &MigrateArgs, version: u32) -> String {
    match args.json {
        true => format!("{:#}\n", json!({ "from": version, "to": version, "steps": Value::Array(Vec::new()) })),
        false => format!("the model is that of version {version}: nothing to do\n"),
    }
}

/// What `--check` says of a change that is refused.
pub(super) fn refused(args: &MigrateArgs, refusals: &[Refusal]) -> String {
    let all: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    match args.json {
        true => format!("{:#}\n", json!({ "refused": all })),
        false => format!("model and lock differ, and can't be migrated as they stand:\n  {}\n", all.join("\n  ")),
    }
}
