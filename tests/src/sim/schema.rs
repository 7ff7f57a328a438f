//! Random tables: all types, strategies and policies, references to oneself and by two ways to one, hostile names.

use super::domain;
use super::values::Type;
use crate::oracle::schema as plain;
use crate::oracle::schema::{Deletes, OnDelete, Strategy};
use fastrand::Rng;
use std::rc::Rc;
use windrow::Domain;

/// The tables of a world, as the oracle knows them and as the product does.
#[derive(Debug)]
pub struct Schema {
    /// The oracle's.
    pub plain: Rc<plain::Schema>,
    /// What the oracle does not know of them, in its order of tables.
    pub tables: Vec<Table>,
    /// The product's.
    pub domain: &'static Domain,
}

/// What the oracle does not know of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
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
        let mut draw = Draw { rng: Rng::with_seed(seed), tables: Vec::new(), specs: Vec::new() };
        let count = draw.rng.usize(3..=6);
        let mut names = TABLES;
        draw.rng.shuffle(&mut names);
        names.iter().take(count).for_each(|name| draw.table(name));
        draw.ledger();
        let plain = Rc::new(plain::Schema::new(draw.tables));
        let domain = domain::of(&plain, &draw.specs)?;
        Ok(Schema { plain, tables: draw.specs, domain })
    }

    /// What is known of a table beside its merging.
    pub fn table(&self, name: &str) -> &Table {
        &self.tables[self.plain.position(name)]
    }

    /// The fields of a table that must hold something. A `sum` is 0 by itself.
    pub fn required(&self, table: &str) -> Vec<&'static str> {
        let fields = self.plain.table(table).fields.iter().zip(&self.table(table).fields);
        fields.filter(|(f, spec)| !spec.nullable && f.strategy != Strategy::Sum).map(|(f, _)| f.name).collect()
    }

    /// What is known of a field beside its merging.
    pub fn field(&self, table: &str, field: &str) -> Field {
        let at = self.plain.table(table).fields.iter().position(|f| f.name == field).unwrap_or_default();
        self.table(table).fields[at]
    }
}

struct Draw {
    rng: Rng,
    tables: Vec<plain::Table>,
    specs: Vec<Table>,
}

impl Draw {
    fn one<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.rng.usize(..among.len())]
    }

    fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    fn table(&mut self, name: &'static str) {
        let whole = self.chance(20).then(|| if self.rng.bool() { Strategy::Lww } else { Strategy::Review });
        let mut columns = COLUMNS;
        self.rng.shuffle(&mut columns);
        let (mut columns, mut fields, mut specs) = (columns.into_iter(), Vec::new(), Vec::new());
        for (parent, on_delete, nullable) in self.parents(name, whole) {
            fields.push(plain::Field::reference(columns.next().unwrap_or("parent"), parent, on_delete));
            specs.push(Field { ty: Type::Id, nullable, unique: false });
        }
        for column in columns.take(self.rng.usize(1..=5)) {
            let strategy = whole.unwrap_or_else(|| self.strategy());
            let spec = self.field(strategy);
            fields.push(plain::Field::number(column, strategy));
            specs.push(spec);
        }
        let deletes = self.one(&DELETES);
        self.tables.push(plain::Table { name, fields, deletes });
        self.specs.push(Table { name, role: Role::Any, whole: whole.is_some(), fields: specs });
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

    fn strategy(&mut self) -> Strategy {
        use Strategy::{Lww, Max, Min, Review, Sum};
        self.one(&[Lww, Lww, Lww, Sum, Sum, Max, Min, Review, Review])
    }

    fn field(&mut self, strategy: Strategy) -> Field {
        let ty = match strategy {
            Strategy::Sum => self.one(&Type::SUMMED),
            Strategy::Max | Strategy::Min => self.one(&Type::ORDERED),
            Strategy::Lww | Strategy::Review => self.one(&Type::PLAIN),
        };
        let nullable = strategy != Strategy::Sum && self.chance(70);
        let can_be_unique = strategy == Strategy::Lww && !matches!(ty, Type::Json | Type::Bool | Type::Enum);
        Field { ty, nullable, unique: can_be_unique && self.chance(25) }
    }

    /// Two tables that are the same in every world.
    fn ledger(&mut self) {
        let field = |ty, nullable| Field { ty, nullable, unique: false };
        let total = plain::Field::number(TOTAL, Strategy::Sum);
        let last = plain::Field::number(LAST, Strategy::Lww);
        let large = plain::Field::number(LARGE, Strategy::Sum);
        let specs = [field(Type::I64, false), field(Type::Text, true)];
        for (name, fields) in [(LEDGER, vec![total, last]), (VAULT, vec![large, last])] {
            self.tables.push(plain::Table { name, fields, deletes: Deletes::Keep });
            self.specs.push(Table { name, role: Role::Ledger, whole: false, fields: specs.to_vec() });
        }
    }
}
