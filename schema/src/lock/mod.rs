//! `windrow.lock`: all versions of a domain's model, in words.
//!
//! Devices in the field are as old as the version that they were built with, so a hub must know every one there ever was,
//! and a migration leads from each to the next. The structs say only what is now: the lock remembers the rest. It stands
//! beside the source, under version control, and the macros read it when they compile; so it is text that is read by
//! people and compared line by line, one line a column.

mod compare;
mod declared;
mod fields;
mod names;
mod nearest;
mod plan;
mod plans;
mod read;
mod rebuilt;
mod refusal;
mod write;

use crate::model::{Deletes, OnDelete, Strategy};
use crate::sql::literals;
pub use compare::{Choices, compare};
pub use declared::Unfit;
pub use nearest::Unread;
pub(crate) use plan::Origin;
pub use plan::{Plan, Step, What};
pub use read::LockError;
pub use rebuilt::Rebuilt;
pub use refusal::{Refusal, Why};

/// The lock's file.
pub const FILE: &str = "windrow.lock";
/// The folder beside it with a folder for each version.
pub const MIGRATIONS: &str = "migrations";
/// In each of these, the SQL for devices.
pub const DEVICE: &str = "device.sqlite.sql";
/// And that for the hub.
pub const HUB: &str = "hub.sqlite.sql";

/// All versions of a domain's model, oldest first. There is at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Lock {
    pub(crate) domain: String,
    pub(crate) versions: Vec<Version>,
}

/// One version of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// From 1, without gaps.
    pub number: u32,
    /// The name of the migration that leads to it.
    pub name: String,
    /// Parents before children.
    pub tables: Vec<Table>,
}

/// What a version calls otherwise than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renamed<'a> {
    /// The table, by its name in the version before.
    pub table: &'a str,
    /// The field, by its name in the version before; none where it is the table that has another name.
    pub field: Option<&'a str>,
    /// The name now.
    pub to: &'a str,
}

impl Version {
    /// What has another name than in the version before.
    pub fn renamed(&self) -> impl Iterator<Item = Renamed<'_>> {
        self.tables.iter().flat_map(|now| {
            let table = now.was.as_deref().unwrap_or(&now.name);
            let itself = now.was.iter().map(move |_| Renamed { table, field: None, to: &now.name });
            let fields = now.columns.iter().filter_map(move |c| {
                let field = Some(c.was.as_deref()?);
                Some(Renamed { table, field, to: &c.name })
            });
            itself.chain(fields)
        })
    }
}

/// A table of a version.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name in SQL and on the wire.
    pub name: String,
    /// The struct's name, for messages.
    pub type_name: String,
    /// What becomes of a delete that races an unseen edit.
    pub deletes: Deletes,
    /// Whether a strategy on the struct makes every update carry all fields.
    pub whole: bool,
    /// Whether it roots a scope.
    pub scope: bool,
    /// Its name in the version before, where that was another.
    pub was: Option<String>,
    /// Its fields in order, without the id. There is at least one.
    pub columns: Vec<Column>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name in SQL and on the wire.
    pub name: String,
    /// What it can hold.
    pub holds: Holds,
    /// Whether it can be NULL.
    pub nullable: bool,
    /// How concurrent writes merge.
    pub strategy: Strategy,
    /// The reference it is, if it is one.
    pub parent: Option<Reference>,
    /// Whether two records must not share a value.
    pub unique: bool,
    /// Whether lookups by its value have an index.
    pub indexed: bool,
    /// Its name in the version before, where that was another.
    pub was: Option<String>,
    /// What records hold that were written by who did not know the column.
    pub default: Option<Literal>,
}

/// A reference to another table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The table it leads to.
    pub table: String,
    /// What a parent's death does.
    pub on_delete: OnDelete,
}

/// What a column can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
    /// 0 or 1.
    Bool,
    /// An integer within bounds, both inclusive.
    Integer {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A double.
    Real,
    /// Unicode text.
    Text,
    /// Any bytes.
    Blob,
    /// A record's id.
    Id,
    /// Milliseconds since 1970, UTC.
    Timestamp,
    /// `YYYY-MM-DD`.
    Date,
    /// A fixed-point number in units of its last place: digits after the point.
    Decimal(u8),
    /// One of these texts.
    Enum(Vec<String>),
    /// A JSON document.
    Json,
}

/// A value as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// Of `bool`, integers, timestamps, and decimals in units of their last place.
    Integer(i64),
    /// Of `f64`; finite.
    Real(f64),
    /// Of text, dates, enums and JSON; without NUL.
    Text(String),
    /// Of bytes.
    Blob(Vec<u8>),
}

impl Lock {
    /// A lock of no version yet, to which the first is [added](Lock::push).
    pub fn new(domain: impl Into<String>) -> Lock {
        Lock { domain: domain.into(), versions: Vec::new() }
    }

    /// The name given to `domain!`.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// All versions, oldest first.
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// The newest version.
    pub fn last(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// Adds the version that a plan leads to.
    pub fn push(&mut self, plan: &Plan) {
        self.versions.push(plan.now.clone());
    }
}

impl Version {
    /// The folder of the migration that leads to it, below [`MIGRATIONS`].
    pub fn folder(&self) -> String {
        format!("{:04}_{}", self.number, self.name)
    }

    /// The table of this name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|t| t.name == name)
    }
}

impl Table {
    /// The position of a column among the fields.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }
}

impl Literal {
    /// It, as SQL.
    pub fn sql(&self) -> String {
        match self {
            Literal::Integer(i64::MIN) => "(-9223372036854775807 - 1)".to_owned(),
            Literal::Integer(n) => n.to_string(),
            Literal::Real(x) => format!("{x:?}"),
            Literal::Text(text) => literals(std::iter::once(text.as_str())),
            Literal::Blob(bytes) => format!("x'{}'", hex(bytes)),
        }
    }
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What of [`Holds`] can be said in one word.
const WORDS: [(&str, Holds); 8] = [
    ("bool", Holds::Bool),
    ("real", Holds::Real),
    ("text", Holds::Text),
    ("blob", Holds::Blob),
    ("id", Holds::Id),
    ("timestamp", Holds::Timestamp),
    ("date", Holds::Date),
    ("json", Holds::Json),
];

/// The integer types, by the names that Rust has for them.
const INTEGERS: [(&str, i64, i64); 7] = [
    ("i8", i8::MIN as i64, i8::MAX as i64),
    ("i16", i16::MIN as i64, i16::MAX as i64),
    ("i32", i32::MIN as i64, i32::MAX as i64),
    ("i64", i64::MIN, i64::MAX),
    ("u8", 0, u8::MAX as i64),
    ("u16", 0, u16::MAX as i64),
    ("u32", 0, u32::MAX as i64),
];

impl Holds {
    /// The word for it; an enum's texts are told beside it.
    pub fn word(&self) -> String {
        match self {
            Holds::Integer { min, max } => {
                let named = INTEGERS.iter().find(|(_, a, b)| (a, b) == (min, max));
                named.map_or_else(|| format!("{min} to {max}"), |(name, ..)| (*name).to_owned())
            }
            Holds::Decimal(places) => format!("decimal({places})"),
            Holds::Enum(_) => "enum".to_owned(),
            plain => WORDS.iter().find(|(_, holds)| holds == plain).map_or("", |(word, _)| word).to_owned(),
        }
    }

    /// What this word means; none of an enum, whose texts stand elsewhere.
    fn from_word(word: &str) -> Option<Holds> {
        if let Some((_, holds)) = WORDS.iter().find(|(name, _)| *name == word) {
            return Some(holds.clone());
        }
        if let Some((_, min, max)) = INTEGERS.iter().find(|(name, ..)| *name == word) {
            return Some(Holds::Integer { min: *min, max: *max });
        }
        let places = word.strip_prefix("decimal(")?.strip_suffix(')')?.parse().ok()?;
        (places <= 18).then_some(Holds::Decimal(places))
    }
}
