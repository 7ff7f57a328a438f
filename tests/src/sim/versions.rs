//! Random successive versions of a world's tables.
//!
//! What is drawn is what a judge can follow by itself: a table or a field keeps the name of its birth in all that the judges
//! see, and only files know it by another.

use super::schema::{Draw, Field, LARGE, LAST, Role, Schema, TOTAL, Table};
use super::values::{MORE, Type, VARIANTS};
use crate::descriptors;
use crate::oracle::Value;
use crate::oracle::schema as plain;
use crate::oracle::schema::{Deletes, OnDelete, Strategy};

use std::rc::Rc;
use windrow::rusqlite::types::Value as Sql;
use windrow_schema::lock::{self, Choices, Column, Holds, Literal, Lock, Reference};

/// The versions of a world of this seed, the oldest first.
///
/// # Errors
/// What the product says of them.
pub(super) fn draw(seed: u64) -> Result<Vec<Rc<Schema>>, String> {
    let mut next = Next { draw: Draw::of(seed), names: 0, gone: Vec::new() };
    let count = next.draw.one(&[2, 2, 3, 4]);
    let (mut lock, mut drawn) = (Lock::new("SIM"), Vec::new());
    for number in 1..=count {
        let before = drawn.last();
        if before.is_some() {
            next.change();
        }
        push(&mut lock, number, before, &next)?;
        drawn.push((next.draw.tables.clone(), next.draw.specs.clone()));
    }
    let domains = descriptors::versions(&lock)?;
    drawn.into_iter().zip(domains).map(|((t, s), domain)| Schema::new(t, s, domain).map(Rc::new)).collect()
}

/// Tables of one version: as the oracle has them, and what it does not know.
type Tables = (Vec<plain::Table>, Vec<Table>);

fn push(lock: &mut Lock, number: u32, before: Option<&Tables>, next: &Next) -> Result<(), String> {
    let mut choices = Choices::default();
    if let Some(last) = lock.last() {
        next.gone.iter().try_for_each(|gone| choices.drop(last, gone))?;
    }
    let tables = locked(before, &next.draw.tables, &next.draw.specs);
    let plan = lock::compare(lock.last(), tables, &choices);
    let plan = plan.map_err(|refusals| refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    lock.push(&plan.named(format!("v{number}")));
    Ok(())
}

/// Draws what comes next.
struct Next {
    draw: Draw,
    /// Names that were given so far.
    names: usize,
    /// What went, as the version before calls it.
    gone: Vec<String>,
}

impl Next {
    fn change(&mut self) {
        self.gone.clear();
        self.drop_tables();
        for at in 0..self.draw.tables.len() {
            if self.draw.chance(30) {
                continue;
            }
            self.drop_fields(at);
            (0..self.draw.tables[at].fields.len()).for_each(|field| self.change_field(at, field));
            for _ in 0..self.draw.one(&[0, 0, 1, 1, 2]) {
                self.add_field(at);
            }
            if self.draw.chance(15) {
                self.reorder(at);
            }
            if self.draw.chance(15) && self.draw.specs[at].role == Role::Any {
                self.draw.tables[at].deletes = self.draw.one(&[Deletes::Keep, Deletes::Drop, Deletes::Review]);
            }
            if self.draw.chance(15) {
                self.draw.specs[at].called = self.name("table");
            }
        }
        if self.draw.chance(30) {
            self.add_table();
        }
    }

    /// A name that nothing had before.
    fn name(&mut self, what: &str) -> &'static str {
        self.names += 1;
        let odd = self.draw.one(&["", " ", "\"", "'", "ü", ";--"]);
        format!("{what}{odd}{}", self.names).leak()
    }

    /// Tables that nothing refers to.
    fn drop_tables(&mut self) {
        for at in (0..self.draw.tables.len()).rev() {
            let name = self.draw.tables[at].name;
            let refers = |t: &plain::Table| t.fields.iter().any(|f| f.parent.is_some_and(|(to, _)| to == name));
            let needed =
                self.draw.tables.iter().any(refers) || self.draw.tables[at].fields.iter().any(|f| f.parent.is_some());
            if self.draw.specs[at].role != Role::Any || needed || !self.draw.chance(20) {
                continue;
            }
            self.gone.push(self.draw.specs[at].called.to_owned());
            self.draw.tables.remove(at);
            self.draw.specs.remove(at);
        }
    }

    fn drop_fields(&mut self, at: usize) {
        for field in (0..self.draw.tables[at].fields.len()).rev() {
            let f = &self.draw.tables[at].fields[field];
            let needed = f.parent.is_some() || [TOTAL, LAST, LARGE].contains(&f.name);
            if needed || self.draw.tables[at].fields.len() == 1 || !self.draw.chance(12) {
                continue;
            }
            let spec = &mut self.draw.specs[at];
            self.gone.push(format!("{}.{}", spec.called, spec.fields[field].called));
            spec.fields.remove(field);
            self.draw.tables[at].fields.remove(field);
        }
    }

    fn change_field(&mut self, at: usize, field: usize) {
        let (mut f, mut spec) = (self.draw.tables[at].fields[field], self.draw.specs[at].fields[field]);
        let counts = f.strategy == Strategy::Sum;
        match self.draw.rng.u8(..100) {
            0..10 => spec.called = self.name("field"),
            10..20 if !counts && f.parent.is_none() => spec.nullable = true,
            20..32 if spec.nullable && f.parent.is_none() && !spec.unique => {
                spec.nullable = false;
                f.holds.default = Some(f.holds.default.unwrap_or_else(|| self.default(spec.ty)));
            }
            32..50 if !counts => spec.ty = spec.ty.wider().unwrap_or(spec.ty),
            _ => {}
        }
        self.draw.tables[at].fields[field] = f;
        self.draw.specs[at].fields[field] = spec;
    }

    fn add_field(&mut self, at: usize) {
        let name = self.name("new");
        let whole = self.draw.specs[at].whole;
        let first = self.draw.tables[at].fields.iter().map(|f| f.strategy).next();
        let strategy = first.filter(|_| whole).unwrap_or_else(|| self.draw.strategy());
        let (mut f, mut spec) = (plain::Field::number(name, strategy), self.draw.field(name, strategy));
        if !spec.nullable || self.draw.rng.bool() {
            f.holds.default = Some(self.default(spec.ty));
        }
        spec.unique &= f.holds.default.is_none();
        let place = self.draw.rng.usize(..=self.draw.tables[at].fields.len());
        self.draw.tables[at].fields.insert(place, f);
        self.draw.specs[at].fields.insert(place, spec);
    }

    /// A value that can stand in a declaration.
    fn default(&mut self, ty: Type) -> Value {
        Value::Int(if ty == Type::Json { ty.nothing() } else { self.draw.rng.i64(0..=ty.most().min(9)) })
    }

    fn reorder(&mut self, at: usize) {
        let (fields, specs) = (&self.draw.tables[at].fields, &self.draw.specs[at].fields);
        let mut both: Vec<(plain::Field, Field)> = fields.iter().copied().zip(specs.iter().copied()).collect();
        self.draw.rng.shuffle(&mut both);
        (self.draw.tables[at].fields, self.draw.specs[at].fields) = both.into_iter().unzip();
    }

    /// A table below those that are there, before or behind others.
    fn add_table(&mut self) {
        let name = self.name("more");
        self.draw.table(name);
        let (Some(table), Some(spec)) = (self.draw.tables.pop(), self.draw.specs.pop()) else { return };
        let accounts = |name: &str| self.draw.specs.iter().any(|s| s.name == name && s.role == Role::Ledger);
        // No record of an account may come and go.
        if table.fields.iter().any(|f| f.parent.is_some_and(|(to, _)| accounts(to))) {
            return;
        }
        let parent =
            |f: &plain::Field| self.draw.tables.iter().position(|t| f.parent.is_some_and(|(to, _)| to == t.name));
        let first = table.fields.iter().filter_map(parent).max().map_or(0, |last| last + 1);
        let place = self.draw.rng.usize(first..=self.draw.tables.len());
        self.draw.tables.insert(place, table);
        self.draw.specs.insert(place, spec);
    }
}

/// The tables as a lock has them.
fn locked(before: Option<&Tables>, tables: &[plain::Table], specs: &[Table]) -> Vec<lock::Table> {
    let table = |(at, (t, spec)): (usize, (&plain::Table, &Table))| {
        let was = before.and_then(|(t, s)| t.iter().zip(s).find(|(_, s)| s.name == spec.name));
        let columns = t.fields.iter().zip(&spec.fields);
        let column = |(f, of): (&plain::Field, &Field)| {
            let old = was.and_then(|(t, s)| t.fields.iter().zip(&s.fields).find(|(b, _)| b.name == f.name));
            column(specs, f, of, old.map(|(_, of)| of.called))
        };
        lock::Table {
            name: spec.called.to_owned(),
            type_name: format!("T{at}"),
            deletes: deletes(t.deletes),
            whole: spec.whole,
            scope: false,
            was: was.map(|(_, s)| s.called).filter(|was| *was != spec.called).map(str::to_owned),
            columns: columns.map(column).collect(),
        }
    };
    tables.iter().zip(specs).enumerate().map(table).collect()
}

fn column(tables: &[Table], f: &plain::Field, of: &Field, was: Option<&'static str>) -> Column {
    let called = |name: &str| tables.iter().find(|t| t.name == name).map_or(name, |t| t.called).to_owned();
    Column {
        name: of.called.to_owned(),
        holds: holds(of.ty),
        nullable: of.nullable,
        strategy: strategy(f.strategy),
        parent: f.parent.map(|(to, policy)| Reference { table: called(to), on_delete: on_delete(policy) }),
        unique: of.unique,
        indexed: false,
        was: was.filter(|was| *was != of.called).map(str::to_owned),
        default: f.holds.default.map(|value| literal(of.ty.sql(value))),
    }
}

fn literal(value: Sql) -> Literal {
    match value {
        Sql::Null => Literal::Integer(0),
        Sql::Integer(n) => Literal::Integer(n),
        Sql::Real(x) => Literal::Real(x),
        Sql::Text(text) => Literal::Text(text),
        Sql::Blob(bytes) => Literal::Blob(bytes),
    }
}

fn deletes(of: Deletes) -> windrow_schema::Deletes {
    match of {
        Deletes::Keep => windrow_schema::Deletes::Keep,
        Deletes::Drop => windrow_schema::Deletes::Drop,
        Deletes::Review => windrow_schema::Deletes::Review,
    }
}

fn on_delete(of: OnDelete) -> windrow_schema::OnDelete {
    match of {
        OnDelete::Restrict => windrow_schema::OnDelete::Restrict,
        OnDelete::Cascade => windrow_schema::OnDelete::Cascade,
        OnDelete::SetNull => windrow_schema::OnDelete::SetNull,
    }
}

fn strategy(of: Strategy) -> windrow_schema::Strategy {
    match of {
        Strategy::Lww => windrow_schema::Strategy::Lww,
        Strategy::Sum => windrow_schema::Strategy::Sum,
        Strategy::Max => windrow_schema::Strategy::Max,
        Strategy::Min => windrow_schema::Strategy::Min,
        Strategy::Review => windrow_schema::Strategy::Review,
    }
}

fn holds(ty: Type) -> Holds {
    let integer = |min: i64, max: i64| Holds::Integer { min, max };
    let texts = |all: &[&str]| Holds::Enum(all.iter().map(|t| (*t).to_owned()).collect());
    match ty {
        Type::Bool => Holds::Bool,
        Type::I8 => integer(i8::MIN.into(), i8::MAX.into()),
        Type::U16 => integer(0, u16::MAX.into()),
        Type::I32 => integer(i32::MIN.into(), i32::MAX.into()),
        Type::U32 => integer(0, u32::MAX.into()),
        Type::I64 => integer(i64::MIN, i64::MAX),
        Type::Real => Holds::Real,
        Type::Text => Holds::Text,
        Type::Blob => Holds::Blob,
        Type::Timestamp => Holds::Timestamp,
        Type::Date => Holds::Date,
        Type::Decimal => Holds::Decimal(3),
        Type::Enum => texts(&VARIANTS),
        Type::More => texts(&[MORE[0], MORE[5], MORE[1], MORE[2], MORE[4], MORE[3]]),
        Type::Json => Holds::Json,
        Type::Id => Holds::Id,
    }
}
