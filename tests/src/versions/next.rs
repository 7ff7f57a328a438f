//! What a team may make of a model, at random.

use super::draw::{column, default, name, on_delete, one, strategy, table};
use fastrand::Rng;
use windrow_schema::lock::{Choices, Column, Holds, Rebuilt, Table, Version};
use windrow_schema::{Deletes, Strategy};

/// A next version, and what was decided about it.
#[derive(Debug, Clone)]
pub struct Next {
    /// As the structs would declare it.
    pub tables: Vec<Table>,
    /// What was said by flags.
    pub choices: Choices,
}

/// Any that may follow.
///
/// # Errors
/// What the choices say of themselves.
pub fn next(rng: &mut Rng, before: &Version) -> Result<Next, String> {
    next_adding(rng, before, 70)
}

/// Any that may follow and adds at most so many columns to a table that is there.
///
/// # Errors
/// As [`next`].
pub fn next_adding(rng: &mut Rng, before: &Version, most: usize) -> Result<Next, String> {
    loop {
        let mut draw = Draw { rng, before, most, tables: before.tables.clone(), said: Vec::new() };
        draw.tables.iter_mut().for_each(|t| t.was = None);
        draw.tables.iter_mut().flat_map(|t| &mut t.columns).for_each(|c| c.was = None);
        draw.drop_tables();
        draw.columns();
        draw.rename_tables();
        draw.add_tables();
        let (tables, said) = (draw.tables, draw.said);
        if tables.is_empty() || Rebuilt::of(&tables).is_err() {
            continue;
        }
        let mut choices = Choices::default();
        for (drop, said) in &said {
            if *drop { choices.drop(before, said)? } else { choices.rename(before, said)? }
        }
        return Ok(Next { tables, choices });
    }
}

struct Draw<'a> {
    rng: &'a mut Rng,
    before: &'a Version,
    most: usize,
    tables: Vec<Table>,
    /// Flags: whether it is a `--drop`, and what it says.
    said: Vec<(bool, String)>,
}

impl Draw<'_> {
    fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    fn drop_tables(&mut self) {
        for at in (0..self.tables.len()).rev() {
            if !self.chance(8) {
                continue;
            }
            let gone = self.tables.remove(at);
            self.said.push((true, gone.name.clone()));
            for at in 0..self.tables.len() {
                let refers = |c: &Column| c.parent.as_ref().is_some_and(|p| p.table == gone.name);
                while let Some(column) = self.tables[at].columns.iter().position(refers) {
                    self.drop_column(at, column);
                }
            }
        }
    }

    fn drop_column(&mut self, table: usize, at: usize) {
        let column = self.tables[table].columns.remove(at);
        self.said.push((true, format!("{}.{}", self.tables[table].name, column.name)));
    }

    fn columns(&mut self) {
        for at in 0..self.tables.len() {
            if self.chance(25) {
                continue;
            }
            self.policies(at);
            for column in (0..self.tables[at].columns.len()).rev() {
                if self.chance(8) {
                    self.drop_column(at, column);
                } else {
                    self.change(at, column);
                }
            }
            self.names(at);
            self.additions(at);
            if self.chance(15) {
                let table = &mut self.tables[at];
                self.rng.shuffle(&mut table.columns);
            }
        }
        for at in 0..self.tables.len() {
            if self.tables[at].columns.is_empty() {
                self.add_column(at, 0);
            }
        }
    }

    fn policies(&mut self, at: usize) {
        let (deletes, scope, parts) = (self.chance(10), self.chance(5), self.chance(20));
        let (other, review) = (one(self.rng, &[Deletes::Keep, Deletes::Drop, Deletes::Review]), self.rng.bool());
        let table = &mut self.tables[at];
        table.deletes = if deletes { other } else { table.deletes };
        table.scope ^= scope;
        if table.whole && parts {
            table.whole = false;
        } else if table.whole && review {
            let strategy = one(self.rng, &[Strategy::Lww, Strategy::Review]);
            table.columns.iter_mut().for_each(|c| c.strategy = strategy);
        }
    }

    fn change(&mut self, table: usize, at: usize) {
        let whole = self.tables[table].whole;
        let name = self.tables[table].name.clone();
        let mut column = self.tables[table].columns[at].clone();
        match self.rng.usize(..14) {
            0 if column.strategy != Strategy::Sum => column.nullable = true,
            1 if column.nullable && column.holds != Holds::Id => {
                column.nullable = false;
                column.default = default(self.rng, &column.holds);
            }
            2 => match &mut column.holds {
                Holds::Integer { min, max } => (*min, *max) = (i64::MIN, i64::MAX),
                Holds::Enum(texts) => texts.insert(self.rng.usize(..=texts.len()), format!("t{}", self.rng.u32(..))),
                _ => {}
            },
            3 => column.indexed ^= true,
            4 if column.strategy != Strategy::Sum && column.holds != Holds::Json => column.unique ^= true,
            5 if !whole && column.strategy != Strategy::Sum => {
                let strategy = strategy(self.rng, &column.holds);
                column.strategy = if strategy == Strategy::Sum { Strategy::Max } else { strategy };
            }
            6 => {
                let nullable = column.nullable;
                if let Some(parent) = &mut column.parent {
                    parent.on_delete = on_delete(self.rng, nullable && parent.table != name);
                }
            }
            _ => {}
        }
        self.tables[table].columns[at] = column;
    }

    /// Gives columns names that no column had, by `was` or by a flag.
    fn names(&mut self, at: usize) {
        let before = self.before.table(&self.tables[at].name).cloned();
        for column in 0..self.tables[at].columns.len() {
            if !self.chance(8) {
                continue;
            }
            let table = &self.tables[at];
            let there = table.columns.iter().chain(before.iter().flat_map(|b| &b.columns));
            let there: Vec<String> = there.map(|c| c.name.to_lowercase()).collect();
            let new = name(self.rng, |n| there.contains(&n.to_lowercase()));
            let table = &mut self.tables[at];
            let old = std::mem::replace(&mut table.columns[column].name, new.clone());
            if self.rng.bool() {
                table.columns[column].was = Some(old);
            } else {
                self.said.push((false, format!("{}.{old}={new}", table.name)));
            }
        }
    }

    fn additions(&mut self, at: usize) {
        for _ in 0..one(self.rng, &[0, 0, 1, 1, 2, 70]).min(self.most) {
            let place = self.rng.usize(..=self.tables[at].columns.len());
            self.add_column(at, place);
        }
    }

    fn add_column(&mut self, at: usize, place: usize) {
        let before = self.before.table(&self.tables[at].name).cloned();
        let (above, rest) = self.tables.split_at_mut(at);
        let table = &mut rest[0];
        let mut new = loop {
            let new = column(self.rng, table, above);
            let had = before.iter().flat_map(|b| &b.columns).any(|c| c.name.eq_ignore_ascii_case(&new.name));
            if !had {
                break new;
            }
        };
        if let (true, Some(first)) = (table.whole, table.columns.first()) {
            new.strategy = first.strategy;
        }
        new.default = default(self.rng, &new.holds).filter(|_| !new.nullable || self.rng.bool());
        new.nullable |= new.default.is_none();
        new.unique &= new.default.is_none();
        table.columns.insert(place, new);
    }

    fn rename_tables(&mut self) {
        for at in 0..self.tables.len() {
            if !self.chance(15) {
                continue;
            }
            let there = self.tables.iter().chain(&self.before.tables).map(|t| t.name.to_lowercase());
            let there: Vec<String> = there.collect();
            let new = name(self.rng, |n| there.contains(&n.to_lowercase()));
            let old = std::mem::replace(&mut self.tables[at].name, new.clone());
            for parent in self.tables.iter_mut().flat_map(|t| &mut t.columns).filter_map(|c| c.parent.as_mut()) {
                if parent.table == old {
                    parent.table.clone_from(&new);
                }
            }
            if self.rng.bool() {
                self.tables[at].was = Some(old);
            } else {
                self.said.push((false, format!("{old}={new}")));
            }
        }
    }

    /// New tables, also between those that are there: positions move.
    fn add_tables(&mut self) {
        while self.chance(25) {
            let place = self.rng.usize(..=self.tables.len());
            let mut new = table(self.rng, &self.tables[..place]);
            let there = self.tables.iter().chain(&self.before.tables).map(|t| t.name.to_lowercase());
            let there: Vec<String> = there.collect();
            if there.contains(&new.name.to_lowercase()) {
                let old = new.name.clone();
                new.name = name(self.rng, |n| there.contains(&n.to_lowercase()));
                let own = new.columns.iter_mut().filter_map(|c| c.parent.as_mut()).filter(|p| p.table == old);
                own.for_each(|p| p.table.clone_from(&new.name));
            }
            self.tables.insert(place, new);
        }
    }
}
