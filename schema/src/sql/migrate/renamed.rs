//! The version before under the names of now, and the statements that give them.

use super::Script;
use crate::lock::{Plan, Table};
use crate::sql::quoted;

/// The tables of the version before, renamed. What is dropped keeps its name; no name is anybody else's, or the plan would
/// not be.
pub(super) fn renamed(plan: &Plan) -> Vec<Table> {
    let mut tables: Vec<Table> = plan.before().map(|v| v.tables.clone()).unwrap_or_default();
    let names: Vec<(String, String)> =
        plan.kept().map(|(before, now, _)| (before.name.clone(), now.name.clone())).collect();
    for (_, now, origin) in plan.kept() {
        let Some(table) = tables.get_mut(origin.table) else { continue };
        table.name.clone_from(&now.name);
        for (column, from) in now.columns.iter().zip(&origin.columns) {
            if let Some(old) = from.and_then(|from| table.columns.get_mut(from)) {
                old.name.clone_from(&column.name);
            }
        }
    }
    let parents = tables.iter_mut().flat_map(|t| &mut t.columns).filter_map(|c| c.parent.as_mut());
    for parent in parents {
        if let Some((_, now)) = names.iter().find(|(before, _)| *before == parent.table) {
            parent.table.clone_from(now);
        }
    }
    tables
}

/// Gives a table another name.
pub(super) fn table(script: &mut Script, from: &str, to: &str) {
    script.run(format!("ALTER TABLE {} RENAME TO {}", quoted(from), quoted(to)));
}

/// Gives a column another name.
pub(super) fn column(script: &mut Script, table: &str, from: &str, to: &str) {
    script.run(format!("ALTER TABLE {} RENAME COLUMN {} TO {}", quoted(table), quoted(from), quoted(to)));
}
