//! The way back to an earlier version: what was added is dropped, what was renamed is renamed back. Where that is refused,
//! what the refusal says is done.

use super::Fault;
use std::collections::BTreeSet;
use windrow_schema::lock::{Choices, Column, Holds, Literal, Refusal, Table, Version, Why};

/// A version like an earlier one, and what must be said to get there.
pub(super) struct Way {
    pub(super) tables: Vec<Table>,
    pub(super) choices: Choices,
    /// Defaults as refusals told them, by table and column.
    pub(super) told: Vec<(String, String, String)>,
    /// The version from which it leads.
    from: Vec<Table>,
}

impl Way {
    /// The way from a version to the tables of the one before it.
    ///
    /// # Errors
    /// Flags that name nothing.
    pub(super) fn to(first: &[Table], from: &Version) -> Result<Way, Fault> {
        let mut choices = Choices::default();
        let mut tables = Vec::new();
        for table in first {
            let mut table = Table { was: None, ..table.clone() };
            table.columns.iter_mut().for_each(|c| c.was = None);
            if let Some(old) = from.tables.iter().find(|t| of_table(t) == table.name) {
                table.was = other(&old.name, &table.name);
                for column in &mut table.columns {
                    column.was = now(old, &column.name).and_then(|old| other(&old.name, &column.name));
                }
                let new = old.columns.iter().filter(|c| table.column(of_column(c)).is_none());
                for column in new {
                    choices.drop(from, &format!("{}.{}", old.name, column.name))?;
                }
            }
            tables.push(table);
        }
        let mut new = from.tables.iter().filter(|t| !first.iter().any(|f| f.name == of_table(t)));
        new.try_for_each(|table| choices.drop(from, &table.name))?;
        Ok(Way { tables, choices, told: Vec::new(), from: from.tables.clone() })
    }

    /// Does what refusals say. They must be those that are due, and no others.
    ///
    /// # Errors
    /// A refusal that is missing, or one too many, or that names no remedy.
    pub(super) fn heed(&mut self, refusals: &[Refusal]) -> Result<(), Fault> {
        let word = |refusal: &Refusal| (refusal.table.clone(), refusal.column.clone(), self::word(&refusal.why));
        let (said, due): (BTreeSet<_>, BTreeSet<_>) = (refusals.iter().map(word).collect(), self.due());
        if said != due {
            return Err(format!("refused: {said:?}, and due: {due:?}"));
        }
        refusals.iter().try_for_each(|refusal| self.remedy(refusal))
    }

    /// What must be refused, written down here from the page on migrating.
    fn due(&self) -> BTreeSet<(String, Option<String>, &'static str)> {
        let mut due = BTreeSet::new();
        for table in &self.tables {
            let Some(old) = self.old(table) else { continue };
            if table.whole && !old.whole {
                due.insert((table.name.clone(), None, "whole"));
            }
            for column in &table.columns {
                let before = old.column(column.was.as_ref().unwrap_or(&column.name));
                let why = match (before, &column.default) {
                    (None, None) if !column.nullable => Some("empty"),
                    (None, Some(_)) if column.unique => Some("shared"),
                    (None, _) => None,
                    (Some(before), _) if !holds_all(&column.holds, &before.holds) => Some("narrower"),
                    (Some(before), None) if before.nullable && !column.nullable => Some("not null"),
                    (Some(_), _) => None,
                };
                due.extend(why.map(|why| (table.name.clone(), Some(column.name.clone()), why)));
            }
        }
        due
    }

    fn old(&self, table: &Table) -> Option<&Table> {
        let was = table.was.as_ref().unwrap_or(&table.name);
        self.from.iter().find(|t| t.name == *was)
    }

    fn remedy(&mut self, refusal: &Refusal) -> Result<(), Fault> {
        let says = refusal.to_string();
        let named =
            |remedy: &str| if says.contains(remedy) { Ok(()) } else { Err(format!("no remedy {remedy:?}: {says}")) };
        let at = self.tables.iter().position(|t| t.name == refusal.table).ok_or_else(|| says.clone())?;
        let old = self.old(&self.tables[at]).cloned();
        let Some(name) = &refusal.column else {
            self.tables[at].whole = false;
            return named("add a new struct");
        };
        let table = self.tables[at].name.clone();
        let column = self.tables[at].columns.iter_mut().find(|c| c.name == *name).ok_or_else(|| says.clone())?;
        match &refusal.why {
            Why::Empty(Holds::Id) | Why::Shared => {
                (column.nullable, column.default) = (true, None);
                named("make it an `Option`")
            }
            Why::NotNull(Holds::Id) => {
                column.nullable = true;
                named("keep the `Option`")
            }
            Why::Empty(holds) | Why::NotNull(holds) => {
                let told = says.split_once("#[syncable(default = ").and_then(|(_, rest)| rest.rsplit_once(")]`"));
                let Some((told, _)) = told else { return named("#[syncable(default = ...)]") };
                column.default = Some(least(holds));
                self.told.push((table, name.clone(), told.to_owned()));
                Ok(())
            }
            Why::Narrower(..) | Why::Texts(_) => {
                let before = old.as_ref().and_then(|t| t.column(column.was.as_ref().unwrap_or(&column.name)));
                column.holds = before.ok_or_else(|| says.clone())?.holds.clone();
                named("add a new column beside it")
            }
            _ => Err(says),
        }
    }
}

/// The name that a table of the later version had in the earlier one.
fn of_table(table: &Table) -> &str {
    table.was.as_ref().unwrap_or(&table.name)
}

fn of_column(column: &Column) -> &str {
    column.was.as_ref().unwrap_or(&column.name)
}

/// What a column of the earlier version is in the later one.
fn now<'a>(table: &'a Table, earlier: &str) -> Option<&'a Column> {
    table.columns.iter().find(|c| of_column(c) == earlier)
}

fn other(old: &str, new: &str) -> Option<String> {
    (old != new).then(|| old.to_owned())
}

/// Whether a column that holds this can hold all that another did.
fn holds_all(now: &Holds, before: &Holds) -> bool {
    match (now, before) {
        (Holds::Integer { min, max }, Holds::Integer { min: least, max: most }) => min <= least && most <= max,
        (Holds::Enum(now), Holds::Enum(before)) => before.iter().all(|text| now.contains(text)),
        _ => now == before,
    }
}

fn word(why: &Why) -> &'static str {
    match why {
        Why::Empty(_) => "empty",
        Why::Shared => "shared",
        Why::Narrower(..) | Why::Texts(_) => "narrower",
        Why::NotNull(_) => "not null",
        Why::Whole => "whole",
        _ => "something else",
    }
}

/// The default that a refusal proposes.
fn least(holds: &Holds) -> Literal {
    match holds {
        Holds::Real => Literal::Real(0.0),
        Holds::Text => Literal::Text(String::new()),
        Holds::Date => Literal::Text("2000-01-01".to_owned()),
        Holds::Json => Literal::Text("[]".to_owned()),
        Holds::Blob | Holds::Id => Literal::Blob(Vec::new()),
        Holds::Enum(texts) => Literal::Text(texts.first().cloned().unwrap_or_default()),
        Holds::Bool | Holds::Integer { .. } | Holds::Timestamp | Holds::Decimal(_) => Literal::Integer(0),
    }
}
