//! A device's file.

use super::log::{self, Kept};
use super::rewrite::rewrite;
use super::stand::{OnDevice, Thing};
use super::{Script, renamed};
use crate::lock::{Plan, Table, What};
use crate::sql::quoted;
use crate::sql::writer::Text;

pub(super) fn script(plan: &Plan) -> Result<Script, String> {
    let middle = super::renamed(plan);
    let before = plan.before().map(|v| v.tables.as_slice()).unwrap_or_default();
    let now = OnDevice::all(&plan.now().tables)?;
    let stands = Stands { before: OnDevice::all(before)?, middle: OnDevice::all(&middle)?, now };
    let mut script = Script::default();
    stands.clear(&mut script, plan);
    plan.kept().for_each(|(before, now, _)| rename(&mut script, before, now));
    stands.drop_gone(&mut script, plan);
    plan.gone().for_each(|table| forget(&mut script, table));
    stands.fill(&mut script, plan, &middle);
    if plan.before().is_some() && stands.before != stands.now {
        // Last: a view of the application's may read it, and new names are given only while all views can be read.
        script.drop("VIEW", "windrow_changelog");
    }
    plan.kept().for_each(|(_, now, _)| conflicts(&mut script, plan, now));
    gained(&mut script, plan);
    Ok(script)
}

/// What files of the version before have, the same under the names of now, and what is wanted now.
struct Stands {
    before: Vec<OnDevice>,
    middle: Vec<OnDevice>,
    now: Vec<OnDevice>,
}

impl Stands {
    /// Drops whatever is in the way, or will be made again.
    fn clear(&self, script: &mut Script, plan: &Plan) {
        for (at, before) in self.before.iter().enumerate() {
            let to = plan.tables.iter().position(|o| o.as_ref().is_some_and(|o| o.table == at));
            let now = to.and_then(|to| self.now.get(to));
            if now.is_none_or(|now| now != before) {
                before.triggers.iter().for_each(|name| script.drop("TRIGGER", name));
            }
            let stays =
                |thing: &&Thing| now.is_some_and(|now| now.indexes.contains(thing) || now.passing.contains(thing));
            before.indexes.iter().filter(|i| !stays(i)).for_each(|i| script.drop("INDEX", &i.name));
            before.passing.iter().filter(|p| !stays(p)).for_each(|p| script.drop("TABLE", &p.name));
        }
    }

    /// Children before their parents.
    fn drop_gone(&self, script: &mut Script, plan: &Plan) {
        let gone = self.before.iter().enumerate().rev();
        let gone = gone.filter(|(at, _)| !plan.tables.iter().flatten().any(|o| o.table == *at));
        gone.for_each(|(_, stand)| script.drop("TABLE", &stand.table.name));
    }

    /// Makes what is new, and anew what is different.
    fn fill(&self, script: &mut Script, plan: &Plan, middle: &[Table]) {
        for ((table, now), origin) in plan.now().tables.iter().zip(&self.now).zip(&plan.tables) {
            let before = origin.as_ref().and_then(|o| self.before.get(o.table));
            let mut anew = before.is_none();
            match origin.as_ref().and_then(|o| Some((o, self.middle.get(o.table)?, middle.get(o.table)?))) {
                None => script.run(now.table.sql.clone()),
                Some((origin, was, old)) => {
                    let kept = Kept { before: old, now: table, from: &origin.columns };
                    anew = was.table != now.table;
                    if anew {
                        rewrite(script, &now.table, &rows(&kept));
                    }
                    kept.log(script);
                }
            }
            let there = |thing: &&Thing| before.is_some_and(|b| b.passing.contains(thing));
            now.passing.iter().filter(|p| !there(p)).for_each(|p| script.run(p.sql.clone()));
            let there = |thing: &&Thing| !anew && before.is_some_and(|b| b.indexes.contains(thing));
            now.indexes.iter().filter(|i| !there(i)).for_each(|i| script.run(i.sql.clone()));
        }
    }
}

/// The columns of a domain table and their values.
pub(super) fn rows(kept: &Kept<'_>) -> Vec<(String, String)> {
    let id = (quoted("id"), quoted("id"));
    let columns = kept.columns().map(|(_, column, before)| (quoted(&column.name), Kept::value(column, before)));
    std::iter::once(id).chain(columns).collect()
}

/// Our own tables in which rows name the table that they are about.
const NAMING: [&str; 5] =
    ["windrow_refetch", "windrow_missing", "windrow_whole", "windrow_refused", "windrow_conflicts"];

fn rename(script: &mut Script, before: &Table, now: &Table) {
    if before.name != now.name {
        renamed::table(script, &before.name, &now.name);
        log::rename(script, before, now);
        for naming in NAMING {
            let (old, new) = (Text(&before.name), Text(&now.name));
            script.run(format!("UPDATE {naming} SET \"table\" = {new} WHERE \"table\" = {old}"));
        }
    }
    for (old, new) in now.columns.iter().filter_map(|c| Some((c.was.as_ref()?, &c.name))) {
        renamed::column(script, &now.name, old, new);
        let (table, old, new) = (Text(&now.name), Text(old), Text(new));
        script.run(format!("UPDATE windrow_refused SET field = {new} WHERE \"table\" = {table} AND field = {old}"));
    }
}

/// What was refused stays: people may still want to know what it was.
fn forget(script: &mut Script, gone: &Table) {
    log::forget(script, gone);
    for naming in NAMING.into_iter().filter(|name| *name != "windrow_refused") {
        script.run(format!("DELETE FROM {naming} WHERE \"table\" = {}", Text(&gone.name)));
    }
}

/// What the file could not hold before, others may have written long since: the next pull tells all that lives of those
/// tables.
fn gained(script: &mut Script, plan: &Plan) {
    let gains = |what: &What| matches!(what, What::Added(_) | What::Nullable | What::Widened(..));
    let tables = plan.now().tables.iter().filter(|_| plan.before().is_some());
    for table in tables.filter(|t| plan.steps().iter().any(|s| s.table == t.name && gains(&s.what))) {
        script.run(format!("INSERT OR IGNORE INTO windrow_whole (\"table\") VALUES ({})", Text(&table.name)));
    }
}

/// Open conflicts name fields, and show values by name. Where that is another story now, the hub tells it anew.
fn conflicts(script: &mut Script, plan: &Plan, now: &Table) {
    let told = |what: &What| match what {
        What::Added(_) => now.whole,
        What::Dropped | What::Renamed(_) | What::Strategy(..) | What::Unique(false) | What::Deletes(..) => true,
        What::Parts | What::Reordered => true,
        _ => false,
    };
    let named = |step: &&crate::lock::Step| step.table == now.name || now.was.as_ref() == Some(&step.table);
    let about = |step: &crate::lock::Step| step.column.is_some() || !matches!(step.what, What::Renamed(_));
    if !plan.steps().iter().filter(named).any(|step| about(step) && told(&step.what)) {
        return;
    }
    let table = Text(&now.name);
    script.run(format!(
        "INSERT OR IGNORE INTO windrow_refetch (\"table\", record)\nSELECT DISTINCT \"table\", record FROM windrow_conflicts WHERE \"table\" = {table}"
    ));
    script.run(format!("DELETE FROM windrow_conflicts WHERE \"table\" = {table}"));
}
