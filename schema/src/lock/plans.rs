//! The steps that a lock has behind it, planned again.

use super::{Choices, Lock, Plan, Refusal, Table, Version, compare};

impl Lock {
    /// For each version, oldest first, what led to it.
    ///
    /// # Errors
    /// A version that does not follow from the one before: no `windrow migrate` wrote that.
    pub fn plans(&self) -> Result<Vec<Plan>, (u32, Vec<Refusal>)> {
        let befores = std::iter::once(None).chain(self.versions.iter().map(Some));
        let plan = |(before, now): (Option<&Version>, &Version)| {
            let choices = before.map(|before| dropped(before, now)).unwrap_or_default();
            let plan = compare(before, now.tables.clone(), &choices).map_err(|refusals| (now.number, refusals))?;
            Ok(plan.named(now.name.clone()))
        };
        befores.zip(&self.versions).map(plan).collect()
    }
}

/// Whatever is no more was dropped: a lock says so by its silence.
fn dropped(before: &Version, now: &Version) -> Choices {
    let mut choices = Choices::default();
    for table in &before.tables {
        let Some(kept) = now.tables.iter().find(|t| came_from(&t.name, t.was.as_ref(), &table.name)) else {
            choices.drops.push((table.name.clone(), None));
            continue;
        };
        let gone = table.columns.iter().filter(|column| !keeps(kept, &column.name));
        choices.drops.extend(gone.map(|column| (table.name.clone(), Some(column.name.clone()))));
    }
    choices
}

fn keeps(table: &Table, column: &str) -> bool {
    table.columns.iter().any(|c| came_from(&c.name, c.was.as_ref(), column))
}

fn came_from(name: &str, was: Option<&String>, before: &str) -> bool {
    was.map_or(name, String::as_str) == before
}
