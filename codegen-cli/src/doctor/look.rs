//! What is looked at, the machine first: whatever stands on something that is wrong is not looked at.

use super::Finding;
use crate::args::DoctorArgs;
use crate::fault::Fault;
use crate::model;
use crate::place::Place;
use std::path::Path;
use std::process::Command;
use windrow::inspect::{Report, inspect};
use windrow::rusqlite::{self, Connection, OpenFlags};
use windrow_schema::Declared;
use windrow_schema::lock::{Choices, DEVICE, HUB, Lock, Version, compare};

pub(super) fn all(args: &DoctorArgs) -> Vec<Finding> {
    let mut findings = vec![compiler(), built_in(), shell()];
    let mut known = None;
    match model::read(&args.source) {
        // Whoever only asks about databases may stand anywhere.
        Err(Fault::NoModel(why)) if !args.files.is_empty() => findings.push(Finding::aside("model", why)),
        Err(fault) => findings.push(Finding::wrong("model", fault.says(), "mend the structs, or name them by --model")),
        Ok(declared) => findings.extend(project(args, &declared, &mut known)),
    }
    findings.extend(args.files.iter().map(|file| database(file, known)));
    findings
}

/// The version that a program prints of itself.
fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok().filter(|o| o.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}

fn compiler() -> Finding {
    let least = env!("CARGO_PKG_RUST_VERSION");
    let numbers = |text: &str| -> Vec<u32> { text.split('.').map_while(|n| n.parse().ok()).collect() };
    match version("rustc") {
        None => Finding::wrong("Rust", "there is no rustc", "install it: https://rustup.rs"),
        Some(found) => {
            let number = found.split_whitespace().nth(1).unwrap_or_default().split('-').next().unwrap_or_default();
            match numbers(number) >= numbers(least) {
                true => Finding::good("Rust", found),
                false => Finding::wrong("Rust", format!("{found}, and {least} is the least"), "rustup update stable"),
            }
        }
    }
}

fn built_in() -> Finding {
    Finding::good("SQLite", format!("{}, built into every program", rusqlite::version()))
}

fn shell() -> Finding {
    match version("sqlite3") {
        Some(found) => Finding::good("sqlite3", found.split_whitespace().next().unwrap_or_default()),
        None => Finding::aside("sqlite3", "is not installed; it is of use to whoever looks at databases"),
    }
}

/// `known`: becomes the last version of the lock.
fn project(args: &DoctorArgs, declared: &Declared, known: &mut Option<u32>) -> Vec<Finding> {
    let tables = declared.domain.models().len();
    let mut findings = vec![Finding::good("model", format!("{}, {tables} tables", declared.name))];
    let place = match Place::of(&args.source, args.into.as_deref(), declared) {
        Ok(place) => place,
        Err(fault) => {
            findings.push(Finding::wrong("windrow.lock", fault.says(), "name its folder by --into"));
            return findings;
        }
    };
    match place.lock() {
        Err(fault) => {
            let remedy = "take the file from version control as it was, then run `windrow migrate`";
            findings.push(Finding::wrong("windrow.lock", fault.says(), remedy));
        }
        Ok(None) => {
            findings.push(Finding::wrong("windrow.lock", "there is none: no version is noted", "windrow migrate"));
        }
        Ok(Some(lock)) => {
            *known = lock.last().map(|version| version.number);
            findings.push(agrees(declared, &lock));
            findings.push(migrations(&place, &lock));
        }
    }
    findings
}

fn agrees(declared: &Declared, lock: &Lock) -> Finding {
    let (what, number) = ("windrow.lock", lock.last().map_or(0, |v| v.number));
    match compare(lock.last(), declared.tables.clone(), &Choices::default()) {
        Ok(plan) if plan.steps().is_empty() => Finding::good(what, format!("version {number}, as the structs are")),
        _ => Finding::wrong(what, format!("the structs differ from version {number}"), "windrow migrate"),
    }
}

/// Whether each version of the lock has its files.
fn migrations(place: &Place, lock: &Lock) -> Finding {
    let files = |version: &Version| [DEVICE, HUB].map(|name| place.folder(version).join(name));
    let missing = lock.versions().iter().flat_map(files).find(|file| !file.is_file());
    match missing {
        None => Finding::good("migrations", format!("{} in {}", lock.versions().len(), place.migrations().display())),
        Some(file) => {
            let says = format!("{} is missing, and is in the lock", file.display());
            Finding::wrong("migrations", says, "take it from version control")
        }
    }
}

/// Whether a database is sound, what it waits for, and whether programs of the lock's last version can open it.
fn database(file: &Path, known: Option<u32>) -> Finding {
    let name = file.display().to_string();
    let report = match inspect(file) {
        Ok(report) => report,
        Err(error) => {
            return Finding::wrong(name, error.to_string(), "restore it from a backup, if it was one of ours");
        }
    };
    let version = match &report {
        Report::Device(device) => device.version,
        Report::Hub(hub) => hub.version,
    };
    if let Some(known) = known.filter(|known| *known < version) {
        let says = format!("is of version {version}, and windrow.lock knows versions up to {known}");
        return Finding::wrong(name, says, "take the newer windrow.lock and its migrations from version control");
    }
    match sound(file) {
        Err(why) => Finding::wrong(name, why, "keep a copy, and restore it from a backup; what was sent comes back"),
        Ok(()) => match report {
            Report::Device(device) => {
                let pending: u64 = device.pending.iter().map(|p| p.records).sum();
                let refused = device.refused.len();
                let says = format!(
                    "a device's of version {version}, sound; records pending: {pending}; changes refused: {refused}"
                );
                Finding::good(name, says)
            }
            Report::Hub(_) => Finding::good(name, format!("a hub's of version {version}, sound")),
        },
    }
}

/// SQLite's own check.
fn sound(file: &Path) -> Result<(), String> {
    let say = |error: rusqlite::Error| error.to_string();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(say)?;
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(say)?;
    if found == "ok" { Ok(()) } else { Err(format!("SQLite finds it damaged: {found}")) }
}
