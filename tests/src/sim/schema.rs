//! Random tables: all types, strategies and policies, references to oneself and by two ways to one, hostile names.

use super::domain;
use super::values::Type;
use crate::oracle::schema as plain;
use crate::oracle::schema::{Deletes, OnDelete, Strategy};
use crate::oracle::{Id, Key};
use fastrand::Rng;
use std::rc::Rc;
use windrow::Domain;
use windrow_protocol::id::RecordId;
use windrow_protocol::model;

/// The tables of a world in one version, as the oracle knows them and as the product does. They stand in one order.
#[derive(Debug)]
pub struct Schema {
    /// Which version, from 1.
    pub number: u32,
    /// The oracle's. A table or a field has one name there in all versions.
    pub plain: Rc<plain::Schema>,
    /// What the oracle does not know of them, in its order of tables.
    pub tables: Vec<Table>,
    /// The product's.
    pub domain: &'static Domain,
    /// Its tables, as the core knows them.
    pub model: model::Schema,
}

/// What the oracle does not know of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name in all versions.
    pub name: &'static str,
    /// What this version calls it.
    pub called: &'static str,
    /// Its part in a world.
    pub role: Role,
    /// Whether an update writes all fields.
    pub whole: bool,
    /// In order of fields.
    pub fields: Vec<Field>,
}

/// What a table is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Whatever comes.
    Any,
    /// Never deleted from: every write to it can be accounted for.
    Ledger,
}

/// What the oracle does not know of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// What this version calls it.
    pub called: &'static str,
    /// Its type.
    pub ty: Type,
    /// Whether it can be NULL.
    pub nullable: bool,
    /// Whether two records must not share a value.
    pub unique: bool,
}

/// Names that SQL may trip over.
const TABLES: [&str; 12] =
    ["farm", "order by", "it's \"quoted\"", "ünï;--", "select", "log_farm", "[x]", "a_b", "A b", "table", "%s\\", "🌾"];
const COLUMNS: [&str; 12] =
    ["name", "from", "he\"y", "it's", "naïve", "windrow", "group", "a b", "1st", "hlc", "x;--", "NULL"];

const DELETES: [Deletes; 3] = [Deletes::Keep, Deletes::Drop, Deletes::Review];
const ON_DELETE: [OnDelete; 3] = [OnDelete::Restrict, OnDelete::Cascade, OnDelete::SetNull];

/// The table that accounts for every write.
pub const LEDGER: &str = "ledger";
/// Its sum.
pub const TOTAL: &str = "total";
/// Its last value.
pub const LAST: &str = "last";
/// The table of large amounts, never deleted from.
pub const VAULT: &str = "vault";
/// Its sum, which may leave the range of its type.
pub const LARGE: &str = "large";

impl Schema {
    /// The tables of this seed.
    ///
    /// # Errors
    /// What the product says of the structs.
    pub fn draw(seed: u64) -> Result<Schema, String> {
        let draw = Draw::of(seed);
        Schema::alone(draw.tables, draw.specs)
    }

    /// Of a world in which there is no other version.
    fn alone(tables: Vec<plain::Table>, specs: Vec<Table>) -> Result<Schema, String> {
        let plain = plain::Schema::new(tables);
        let domain = domain::of(&plain, &specs)?;
        Schema::new(plain.tables().to_vec(), specs, domain)
    }

    /// Of these tables, which this domain has.
    ///
    /// # Errors
    /// What the core says of them.
    pub(super) fn new(
        mut tables: Vec<plain::Table>,
        specs: Vec<Table>,
        domain: &'static Domain,
    ) -> Result<Schema, String> {
        for (table, spec) in tables.iter_mut().zip(&specs) {
            for (f, of) in table.fields.iter_mut().zip(&spec.fields) {
                let (room, nothing) = (of.ty.room(), of.ty.nothing());
                f.holds = plain::Holds { required: !of.nullable, room, nothing, ..f.holds };
            }
        }
        let model = model::Schema::new(domain.tables.iter().map(|t| t.model).collect()).map_err(|e| e.to_string())?;
        let plain = Rc::new(plain::Schema::new(tables));
        Ok(Schema { number: domain.version(), plain, tables: specs, domain, model })
    }

    /// The record that the product names so.
    pub fn plain_key(&self, (table, id): windrow_protocol::change::Key) -> Key {
        (self.plain.tables()[table].name, Id::from_be_bytes(id.0))
    }

    /// What the product calls a record.
    pub fn key(&self, of: Key) -> windrow_protocol::change::Key {
        (self.plain.position(of.0), RecordId(of.1.to_be_bytes()))
    }

    /// Where the product has a field.
    pub fn place(&self, table: &str, field: &str) -> usize {
        let fields = &self.plain.table(table).fields;
        fields.iter().position(|f| f.name == field).unwrap_or(fields.len())
    }

    /// The name in all versions of what this version calls so.
    pub fn table_called(&self, called: &str) -> Option<&'static str> {
        self.tables.iter().find(|t| t.called == called).map(|t| t.name)
    }

    /// The same of a field.
    pub fn field_called(&self, table: &str, called: &str) -> Option<&'static str> {
        let (plain, spec) = (self.plain.table(table), self.table(table));
        let at = spec.fields.iter().position(|f| f.called == called)?;
        Some(plain.fields[at].name)
    }

    /// Whether it has this table.
    pub fn has(&self, table: &str) -> bool {
        self.plain.position(table) < self.tables.len()
    }

    /// Whether it has this field.
    pub fn has_field(&self, table: &str, field: &str) -> bool {
        self.has(table) && self.plain.table(table).fields.iter().any(|f| f.name == field)
    }

    /// What is known of a table beside its merging.
    pub fn table(&self, name: &str) -> &Table {
        &self.tables[self.plain.position(name)]
    }

    /// The fields of a table that nobody fills who does not know them. A `sum` is 0 by itself.
    pub fn required(&self, table: &str) -> Vec<&'static str> {
        let fields = self.plain.table(table).fields.iter();
        let must = |f: &&plain::Field| f.holds.required && f.holds.default.is_none() && f.strategy != Strategy::Sum;
        fields.filter(must).map(|f| f.name).collect()
    }

    /// What is known of a field beside its merging.
    pub fn field(&self, table: &str, field: &str) -> Field {
        self.table(table).fields[self.place(table, field)]
    }
}

/// Draws tables.
pub(super) struct Draw {
    pub(super) rng: Rng,
    pub(super) tables: Vec<plain::Table>,
    pub(super) specs: Vec<Table>,
}

impl Draw {
    /// The tables of a seed, by themselves.
    pub(super) fn of(seed: u64) -> Draw {
        let mut draw = Draw { rng: Rng::with_seed(seed), tables: Vec::new(), specs: Vec::new() };
        let count = draw.rng.usize(3..=6);
        let mut names = TABLES;
        draw.rng.shuffle(&mut names);
        names.iter().take(count).for_each(|name| draw.table(name));
        draw.ledger();
        draw
    }

    pub(super) fn one<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.rng.usize(..among.len())]
    }

    pub(super) fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    pub(super) fn table(&mut self, name: &'static str) {
        let whole = self.chance(20).then(|| if self.rng.bool() { Strategy::Lww } else { Strategy::Review });
        let mut columns = COLUMNS;
        self.rng.shuffle(&mut columns);
        let (mut columns, mut fields, mut specs) = (columns.into_iter(), Vec::new(), Vec::new());
        for (parent, on_delete, nullable) in self.parents(name, whole) {
            let called = columns.next().unwrap_or("parent");
            fields.push(plain::Field::reference(called, parent, on_delete));
            specs.push(Field { called, ty: Type::Id, nullable, unique: false });
        }
        for column in columns.take(self.rng.usize(1..=5)) {
            let strategy = whole.unwrap_or_else(|| self.strategy());
            let spec = self.field(column, strategy);
            fields.push(plain::Field::number(column, strategy));
            specs.push(spec);
        }
        let deletes = self.one(&DELETES);
        self.tables.push(plain::Table { name, fields, deletes });
        self.specs.push(Table { name, called: name, role: Role::Any, whole: whole.is_some(), fields: specs });
    }

    /// Up to three references: to tables that stand already, to the table itself, or twice to one.
    fn parents(&mut self, name: &'static str, whole: Option<Strategy>) -> Vec<(&'static str, OnDelete, bool)> {
        // References under `review` are candidates among others: the oracle knows them as `lww` alone.
        if whole == Some(Strategy::Review) {
            return Vec::new();
        }
        let mut parents = Vec::new();
        for _ in 0..self.one(&[0, 1, 1, 1, 2, 2, 3]) {
            let among: Vec<&'static str> = self.tables.iter().map(|t| t.name).collect();
            let own = among.is_empty() || self.chance(20);
            let parent = if own { name } else { self.one(&among) };
            let on_delete = self.one(&ON_DELETE);
            let nullable = own || on_delete == OnDelete::SetNull || self.rng.bool();
            parents.push((parent, on_delete, nullable));
        }
        parents
    }

    pub(super) fn strategy(&mut self) -> Strategy {
        use Strategy::{Lww, Max, Min, Review, Sum};
        self.one(&[Lww, Lww, Lww, Sum, Sum, Max, Min, Review, Review])
    }

    pub(super) fn field(&mut self, called: &'static str, strategy: Strategy) -> Field {
        let ty = match strategy {
            Strategy::Sum => self.one(&Type::SUMMED),
            Strategy::Max | Strategy::Min => self.one(&Type::ORDERED),
            Strategy::Lww | Strategy::Review => self.one(&Type::PLAIN),
        };
        let nullable = strategy != Strategy::Sum && self.chance(70);
        let can_be_unique = strategy == Strategy::Lww && !matches!(ty, Type::Json | Type::Bool | Type::Enum);
        Field { called, ty, nullable, unique: can_be_unique && self.chance(25) }
    }

    /// Two tables that are the same in every world.
    fn ledger(&mut self) {
        let field = |called, ty, nullable| Field { called, ty, nullable, unique: false };
        let total = plain::Field::number(TOTAL, Strategy::Sum);
        let last = plain::Field::number(LAST, Strategy::Lww);
        let large = plain::Field::number(LARGE, Strategy::Sum);
        for (name, fields) in [(LEDGER, vec![total, last]), (VAULT, vec![large, last])] {
            let specs = vec![field(fields[0].name, Type::I64, false), field(LAST, Type::Text, true)];
            self.tables.push(plain::Table { name, fields, deletes: Deletes::Keep });
            self.specs.push(Table { name, called: name, role: Role::Ledger, whole: false, fields: specs });
        }
    }
}
