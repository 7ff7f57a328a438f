//! A hub's file on SQLite. What is packed in `windrow_versions_T` is the program's, which puts it in order after this.

use super::device::rows;
use super::log::Kept;
use super::rewrite::rewrite;
use super::stand::{AtHub, Thing};
use super::{Script, renamed};
use crate::lock::{Plan, Table};
use crate::sql::hub::VERSION;
use crate::sql::quoted;
use crate::sql::writer::{Text, beside};

pub(super) fn script(plan: &Plan) -> Result<Script, String> {
    let middle = super::renamed(plan);
    let tables = plan.before().map(|v| v.tables.as_slice()).unwrap_or_default();
    let (before, under) = (AtHub::all(tables)?, AtHub::all(&middle)?);
    let now = AtHub::all(&plan.now().tables)?;
    let mut script = Script::default();
    let wanted: Vec<&Thing> = now.iter().flat_map(|n| &n.indexes).collect();
    let had: Vec<&Thing> = before.iter().flat_map(|b| &b.indexes).collect();
    had.iter().filter(|i| !wanted.contains(i)).for_each(|i| script.drop("INDEX", &i.name));
    for table in plan.gone() {
        script.drop("TABLE", &versions(&table.name));
        script.drop("TABLE", &table.name);
        script.run(format!("DELETE FROM windrow_conflicts WHERE tbl = {}", Text(&table.name)));
    }
    plan.kept().for_each(|(before, now, _)| rename(&mut script, before, now));
    for ((table, now), origin) in plan.now().tables.iter().zip(&now).zip(&plan.tables) {
        let mut anew = (true, true);
        match origin.as_ref().and_then(|o| Some((o, under.get(o.table)?, middle.get(o.table)?))) {
            None => [&now.table, &now.versions].into_iter().for_each(|thing| script.run(thing.sql.clone())),
            Some((origin, was, old)) => {
                let kept = Kept { before: old, now: table, from: &origin.columns };
                anew = (was.table != now.table, was.versions != now.versions);
                if anew.0 {
                    rewrite(&mut script, &now.table, &rows(&kept));
                }
                if anew.1 {
                    rewrite(&mut script, &now.versions, &packed(&kept));
                }
            }
        }
        let on_versions = |i: &Thing| i.sql.contains(&format!(" ON {} (", quoted(&now.versions.name)));
        let there = |i: &Thing| had.contains(&i) && !(if on_versions(i) { anew.1 } else { anew.0 });
        now.indexes.iter().filter(|i| !there(i)).for_each(|i| script.run(i.sql.clone()));
    }
    places(&mut script, plan);
    Ok(script)
}

fn versions(table: &str) -> String {
    beside("versions", table)
}

fn rename(script: &mut Script, before: &Table, now: &Table) {
    if before.name != now.name {
        renamed::table(script, &before.name, &now.name);
        renamed::table(script, &versions(&before.name), &versions(&now.name));
        for naming in ["windrow_history", "windrow_conflicts"] {
            let (old, new) = (Text(&before.name), Text(&now.name));
            script.run(format!("UPDATE {naming} SET tbl = {new} WHERE tbl = {old}"));
        }
    }
    for (column, old) in now.columns.iter().filter_map(|c| Some((c, c.was.as_ref()?))) {
        renamed::column(script, &now.name, old, &column.name);
        if column.parent.is_some() {
            renamed::column(script, &versions(&now.name), old, &column.name);
        }
    }
}

/// The columns of the versions and their values; of a new reference none is known.
fn packed(kept: &Kept<'_>) -> Vec<(String, String)> {
    let own = VERSION.iter().map(|(name, _)| ((*name).to_owned(), (*name).to_owned()));
    let references = kept.columns().filter(|(_, column, _)| column.parent.is_some());
    let references = references.map(|(_, column, before)| {
        let name = quoted(&column.name);
        (name.clone(), if before.is_some() { name } else { "NULL".to_owned() })
    });
    std::iter::once((quoted("id"), quoted("id"))).chain(own).chain(references).collect()
}

/// Conflicts stand by the position of their table: in two steps, so that no two stand in one place meanwhile.
fn places(script: &mut Script, plan: &Plan) {
    let moves = |(at, origin): (usize, &Option<crate::lock::Origin>)| origin.as_ref().is_some_and(|o| o.table != at);
    if !plan.tables.iter().enumerate().any(moves) {
        return;
    }
    let tables = plan.now().tables.iter().enumerate();
    let cases: String = tables.map(|(at, table)| format!(" WHEN {} THEN {at}", Text(&table.name))).collect();
    script.run(format!("UPDATE windrow_conflicts SET position = -1 - CASE tbl{cases} ELSE position END"));
    script.run("UPDATE windrow_conflicts SET position = -1 - position".to_owned());
}
