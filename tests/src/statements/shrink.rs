//! The shortest sequence of statements that still shows a fault, told as SQL.

use super::Fault;
use super::case::{Case, Step};
use super::database::{By, script};
use super::run::run;
use super::writes::PREFIX;
use windrow_schema::sql::quoted;

/// The case without whatever the fault does not need.
pub(super) fn told(seed: u64, mut case: Case, at: usize, why: Fault) -> Fault {
    case.steps.truncate(at + 1);
    let why = shrunk(&mut case, why);
    let steps: String = case.steps.iter().map(|step| shown(step, &case)).collect();
    let settings = case.settings[0].sql();
    let others = if case.file { format!("-- Others: {}\n", case.settings[1].sql()) } else { String::new() };
    format!("seed {seed}: {why}\n\n{}\n\n{settings}\n{others}{steps}", script(&case, true))
}

/// Drops stretches of statements, long ones first, as long as something is still wrong.
fn shrunk(case: &mut Case, mut why: Fault) -> Fault {
    let mut length = case.steps.len() / 2;
    while length > 0 {
        let mut start = 0;
        while start < case.steps.len() {
            let mut shorter = case.clone();
            shorter.steps.drain(start..(start + length).min(case.steps.len()));
            match run(&shorter, &mut 0) {
                Ok(_) => start += length,
                Err(other) => (*case, why) = (shorter, other),
            }
        }
        length /= 2;
    }
    without(case, &mut why, |case| case.users.triggers.clear());
    why
}

fn without(case: &mut Case, why: &mut Fault, less: impl Fn(&mut Case)) {
    let mut other = case.clone();
    less(&mut other);
    if let Err(still) = run(&other, &mut 0) {
        (*case, *why) = (other, still);
    }
}

fn shown(step: &Step, case: &Case) -> String {
    let prefix = if step.by == By::Attached { format!("{}.", quoted(case.alias)) } else { String::new() };
    let sql = step.sql.replace(PREFIX, &prefix);
    let by = if step.by == By::Main { String::new() } else { format!(" -- by {:?}", step.by) };
    match step.applying {
        true => format!("UPDATE windrow_state SET applying = 1; {sql}; UPDATE windrow_state SET applying = 0;{by}\n"),
        false => format!("{sql};{by}\n"),
    }
}
