//! From a version to the model as it is now: a plan, or all that is against it.

use super::fields;
use super::names::{Named, Paired, pair};
use super::plan::{Origin, in_order};
use super::{Plan, Refusal, Step, Table, Version, What, Why};

/// What people decide, who alone know it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// Tables that have another name: old, new.
    pub(super) tables: Vec<(String, String)>,
    /// Columns that have another name: the table's old one, old, new.
    pub(super) columns: Vec<(String, String, String)>,
    /// Tables, or columns of them, that go, by their old names.
    pub(super) drops: Vec<(String, Option<String>)>,
}

impl Choices {
    /// Takes a choice of names, `TABLE=NEW` or `TABLE.COLUMN=NEW`, the old names those of the version before. Names may
    /// contain anything: what stands before `=` is looked up, and of several readings that one counts which fits.
    ///
    /// # Errors
    /// Old names that are none.
    pub fn rename(&mut self, before: &Version, said: &str) -> Result<(), String> {
        let had = self.tables.len() + self.columns.len();
        for table in &before.tables {
            let Some(rest) = said.strip_prefix(table.name.as_str()) else { continue };
            self.tables.extend(rest.strip_prefix('=').map(|new| (table.name.clone(), new.to_owned())));
            let Some(rest) = rest.strip_prefix('.') else { continue };
            for column in &table.columns {
                let new = rest.strip_prefix(column.name.as_str()).and_then(|rest| rest.strip_prefix('='));
                self.columns.extend(new.map(|new| (table.name.clone(), column.name.clone(), new.to_owned())));
            }
        }
        if self.tables.len() + self.columns.len() > had {
            return Ok(());
        }
        Err(format!(
            "--rename '{said}' names no table and no column of version {}: say TABLE=NEW or TABLE.OLD=NEW",
            before.number
        ))
    }

    /// Takes what may go, `TABLE` or `TABLE.COLUMN`, by the names of the version before, likewise.
    ///
    /// # Errors
    /// Names that are none.
    pub fn drop(&mut self, before: &Version, said: &str) -> Result<(), String> {
        let had = self.drops.len();
        for table in &before.tables {
            self.drops.extend((said == table.name).then(|| (table.name.clone(), None)));
            let column = said.strip_prefix(table.name.as_str()).and_then(|rest| rest.strip_prefix('.'));
            let column = column.and_then(|name| table.column(name));
            self.drops.extend(column.map(|column| (table.name.clone(), Some(column.name.clone()))));
        }
        if self.drops.len() > had {
            return Ok(());
        }
        Err(format!("--drop '{said}' names no table and no column of version {}", before.number))
    }

    fn drops(&self, table: &str, column: Option<&str>) -> bool {
        self.drops.iter().any(|(t, c)| t == table && c.as_deref() == column)
    }
}

/// Compares the newest version with the tables that the structs declare now. The plan has no name yet.
///
/// # Errors
/// All that is refused.
pub fn compare(before: Option<&Version>, now: Vec<Table>, choices: &Choices) -> Result<Plan, Vec<Refusal>> {
    match before {
        None => Ok(start(now)),
        Some(before) => Compare { before, choices, steps: Vec::new(), refusals: Vec::new() }.plan(now),
    }
}

/// The first version.
fn start(mut tables: Vec<Table>) -> Plan {
    for table in &mut tables {
        table.was = None;
        table.columns.iter_mut().for_each(|c| c.was = None);
    }
    let step = |t: &Table| Step { table: t.name.clone(), column: None, what: What::Added(None) };
    let steps = tables.iter().map(step).collect();
    let origins = vec![None; tables.len()];
    Plan { before: None, now: Version { number: 1, name: String::new(), tables }, steps, tables: origins }
}

/// A comparison under way.
pub(super) struct Compare<'a> {
    pub(super) before: &'a Version,
    choices: &'a Choices,
    steps: Vec<Step>,
    refusals: Vec<Refusal>,
}

impl Compare<'_> {
    fn plan(mut self, mut tables: Vec<Table>) -> Result<Plan, Vec<Refusal>> {
        let origins = self.tables(&mut tables);
        self.unfitting(&tables, &origins);
        if !self.refusals.is_empty() {
            return Err(self.refusals);
        }
        let version = Version { number: self.before.number + 1, name: String::new(), tables };
        Ok(Plan { before: Some(self.before.clone()), now: version, steps: self.steps, tables: origins })
    }

    fn tables(&mut self, now: &mut [Table]) -> Vec<Option<Origin>> {
        let before: Vec<&str> = self.before.tables.iter().map(|t| t.name.as_str()).collect();
        let named: Vec<Named<'_>> = now.iter().map(|t| Named { name: &t.name, was: t.was.as_deref() }).collect();
        let renames: Vec<_> = self.choices.tables.iter().map(|(old, new)| (old.as_str(), new.as_str())).collect();
        let paired = pair(&before, &named, &renames);
        for (at, why) in &paired.faults {
            self.refuse(&now[*at].name, None, why.clone());
        }
        let mut origins = Vec::new();
        for at in 0..now.len() {
            now[at].was = None;
            origins.push(match paired.from[at] {
                Some(from) => Some(self.kept(from, at, now, &paired)),
                None => {
                    now[at].columns.iter_mut().for_each(|c| c.was = None);
                    if paired.is_new(at) {
                        self.step(&now[at].name, None, What::Added(None));
                    }
                    None
                }
            });
        }
        self.gone_tables(now, &paired);
        origins
    }

    /// A table that stays, perhaps under another name.
    fn kept(&mut self, from: usize, at: usize, now: &mut [Table], paired: &Paired) -> Origin {
        let before = &self.before.tables[from];
        if before.name != now[at].name {
            now[at].was = Some(before.name.clone());
            self.step(&now[at].name, None, What::Renamed(before.name.clone()));
        }
        self.policies(before, &now[at]);
        let columns = self.columns(before, &mut now[at]);
        for (column, origin) in columns.iter().enumerate() {
            let (table, new) = (&now[at], &now[at].columns[column]);
            match origin {
                Some(old) => {
                    let same_parent = |old: &str, new: &str| self.same(now, paired, old, new);
                    let pair = fields::Pair { old: &before.columns[*old], new, whole: before.whole && table.whole };
                    let (steps, whys) = pair.compare(same_parent);
                    steps.into_iter().for_each(|what| self.step(&table.name, Some(&new.name), what));
                    whys.into_iter().for_each(|why| self.refuse(&table.name, Some(&new.name), why));
                }
                None if new.was.is_some() => {}
                None => match fields::added_fault(new) {
                    Some(why) => self.refuse(&table.name, Some(&new.name), why),
                    None => self.step(&table.name, Some(&new.name), What::Added(Some(new.clone()))),
                },
            }
        }
        if !in_order(&columns) {
            self.step(&now[at].name, None, What::Reordered);
        }
        Origin { table: from, columns }
    }

    fn policies(&mut self, before: &Table, now: &Table) {
        match (before.whole, now.whole) {
            (false, true) => self.refuse(&now.name, None, Why::Whole),
            (true, false) => self.step(&now.name, None, What::Parts),
            _ => {}
        }
        if let (Some(b), Some(n), true) = (before.columns.first(), now.columns.first(), before.whole && now.whole)
            && b.strategy != n.strategy
        {
            self.step(&now.name, None, What::Strategy(b.strategy, n.strategy));
        }
        if before.deletes != now.deletes {
            self.step(&now.name, None, What::Deletes(before.deletes, now.deletes));
        }
        if before.scope != now.scope {
            self.step(&now.name, None, What::Scope(now.scope));
        }
    }

    /// Pairs the columns of a table. Of one whose name is at fault `was` stays, so that nothing else is said of it.
    fn columns(&mut self, before: &Table, now: &mut Table) -> Vec<Option<usize>> {
        let old: Vec<&str> = before.columns.iter().map(|c| c.name.as_str()).collect();
        let named: Vec<Named<'_>> =
            now.columns.iter().map(|c| Named { name: &c.name, was: c.was.as_deref() }).collect();
        let of_table = self.choices.columns.iter().filter(|(table, ..)| *table == before.name);
        let renames: Vec<_> = of_table.map(|(_, old, new)| (old.as_str(), new.as_str())).collect();
        let paired = pair(&old, &named, &renames);
        for (at, column) in now.columns.iter_mut().enumerate() {
            column.was = paired.from[at].map(|from| old[from].to_owned()).filter(|old| *old != column.name);
        }
        for (at, why) in &paired.faults {
            now.columns[*at].was = Some(String::new());
            self.refuse(&now.name, Some(&now.columns[*at].name), why.clone());
        }
        for column in &now.columns {
            if let Some(was) = column.was.as_ref().filter(|was| !was.is_empty()) {
                self.step(&now.name, Some(&column.name), What::Renamed(was.clone()));
            }
        }
        self.gone_columns(before, now, &paired);
        paired.from
    }

    /// Whether a table of before is that one now, or may be: of one that is gone, and nobody said why, that is asked first.
    fn same(&self, now: &[Table], paired: &Paired, old: &str, new: &str) -> bool {
        let from = position(&self.before.tables, old);
        let gone = from.is_none_or(|from| !paired.from.contains(&Some(from)));
        position(now, new).is_some_and(|new| paired.from[new] == from) || gone && !self.choices.drops(old, None)
    }

    fn gone_columns(&mut self, before: &Table, now: &Table, paired: &Paired) {
        for column in paired.gone(before.columns.len()).map(|at| &before.columns[at]) {
            if self.choices.drops(&before.name, Some(&column.name)) {
                self.step(&before.name, Some(&column.name), What::Dropped);
                continue;
            }
            let added = now.columns.iter().enumerate().filter(|(at, _)| paired.is_new(*at)).map(|(_, new)| new);
            let maybe = added.filter(|new| new.holds == column.holds).map(|new| new.name.clone()).collect();
            self.refuse(&before.name, Some(&column.name), Why::Gone(maybe));
        }
    }

    fn gone_tables(&mut self, now: &[Table], paired: &Paired) {
        let before = self.before;
        for table in paired.gone(before.tables.len()).map(|at| &before.tables[at]) {
            if self.choices.drops(&table.name, None) {
                self.step(&table.name, None, What::Dropped);
                continue;
            }
            let common = |new: &Table| table.columns.iter().filter(|c| new.column(&c.name).is_some()).count();
            let alike = |new: &Table| new.type_name == table.type_name || 2 * common(new) > table.columns.len();
            let added = now.iter().enumerate().filter(|(at, _)| paired.is_new(*at)).map(|(_, new)| new);
            let maybe = added.filter(|new| alike(new)).map(|new| new.name.clone()).collect();
            self.refuse(&table.name, None, Why::Gone(maybe));
        }
    }

    /// Choices that chose nothing.
    fn unfitting(&mut self, now: &[Table], origins: &[Option<Origin>]) {
        let choices = self.choices;
        let table = |name: &str| {
            let at = self.before.tables.iter().position(|t| t.name == name);
            now.iter().zip(origins).find(|(_, o)| o.as_ref().map(|o| o.table) == at).map(|(table, _)| table)
        };
        // What was said, whether that reading of it fits, and what is wrong if none does.
        let mut readings: Vec<(String, bool, String)> = Vec::new();
        for (old, new) in &choices.tables {
            let why = format!("the model has no table {new}");
            readings.push((format!("--rename '{old}={new}'"), position(now, new).is_some(), why));
        }
        for (of, old, new) in &choices.columns {
            let fits = table(of).is_some_and(|t| t.column(new).is_some());
            let why = format!("the model has no column {new} there");
            readings.push((format!("--rename '{of}.{old}={new}'"), fits, why));
        }
        for (of, column) in &choices.drops {
            let stays = match column {
                None => table(of).is_some(),
                Some(column) => table(of).is_none_or(|t| t.column(column).is_some()),
            };
            let column = column.as_ref().map(|c| format!(".{c}")).unwrap_or_default();
            let why = "the model still has it, or drops it with its table".to_owned();
            readings.push((format!("--drop '{of}{column}'"), !stays, why));
        }
        for (said, fits, why) in &readings {
            if !fits && !readings.iter().any(|(other, fits, _)| *fits && other == said) {
                self.refuse("", None, Why::Choice(format!("{said}: {why}")));
            }
        }
    }

    fn step(&mut self, table: &str, column: Option<&str>, what: What) {
        self.steps.push(Step { table: table.to_owned(), column: column.map(str::to_owned), what });
    }

    fn refuse(&mut self, table: &str, column: Option<&str>, why: Why) {
        self.refusals.push(Refusal { table: table.to_owned(), column: column.map(str::to_owned), why });
    }
}

fn position(tables: &[Table], name: &str) -> Option<usize> {
    tables.iter().position(|t| t.name == name)
}
