//! Earlier versions of a domain: what an old device says, and is told, in the words of its own version.
//!
//! A hub keeps its domain's last version alone, and knows how each earlier one reads there ([`Lineage`]). What a device of an
//! earlier [`Version`] sends is turned into the last version's words before anything else looks at it, and what it is told
//! is turned back; so is what the hub kept itself before it was of the last version. Tables and fields are followed by
//! name from version to version, through what was renamed.
//!
//! - A field that the device does not know keeps what it holds; in a record that the device made it holds its default.
//! - NULL in a field that must be filled by now is its default there, and the device hears of it.
//! - What the device says of a field or a table that is gone is ignored.
//! - A value that the device could not store is told as the nearest that it can: an integer at its bound, else the field's
//!   default, NULL, or what is empty in its kind. A record without a reference that the device needs is gone for it.

mod kept;
mod lineage;
mod said;
mod told;

pub use kept::Migrated;
pub use lineage::{Earlier, Lineage, Renamed};

use crate::change::Key;
use crate::model::{FieldIx, Literal, Schema, TableIx};
use crate::value::Value;

/// A version of a domain, and what became of its tables and fields.
#[derive(Debug, Clone)]
pub struct Version {
    schema: Schema,
    /// By table of this version; none where it is gone.
    tables: Vec<Option<Kept>>,
    /// By table of the last version: what it is here.
    then: Vec<Option<TableIx>>,
    /// Whether this is the last version itself.
    last: bool,
}

/// A table that is still there.
#[derive(Debug, Clone)]
struct Kept {
    /// What it is in the last version.
    table: TableIx,
    /// By field of this version; none where it is gone.
    fields: Vec<Option<FieldIx>>,
    /// By field of the last version: what it is here.
    then: Vec<Option<FieldIx>>,
    /// By field of this version: what NULL became in a file that went from version to version, because the field had to be
    /// filled in one of them.
    passed: Vec<Option<Literal>>,
    /// The same where the field must be filled in the last version too: what is said now is as it may be now.
    filled: Vec<Option<Literal>>,
}

impl Version {
    /// The tables as this version knows them.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Its tables that are still there, in its own order: what each is here, and in the last version.
    pub fn tables(&self) -> impl Iterator<Item = (TableIx, TableIx)> + '_ {
        self.tables.iter().enumerate().filter_map(|(then, kept)| Some((then, kept.as_ref()?.table)))
    }

    /// A table of this version in the last one; none where it is gone.
    pub fn table(&self, table: TableIx) -> Option<TableIx> {
        Some(self.tables.get(table)?.as_ref()?.table)
    }

    /// A record in the last version; none where its table is gone.
    pub fn key(&self, (table, id): Key) -> Option<Key> {
        Some((self.table(table)?, id))
    }

    /// A table of the last version in this one; none where it has no such.
    fn table_then(&self, table: TableIx) -> Option<TableIx> {
        *self.then.get(table)?
    }

    fn key_then(&self, (table, id): Key) -> Option<Key> {
        Some((self.table_then(table)?, id))
    }

    fn kept(&self, table: TableIx) -> Option<&Kept> {
        self.tables.get(table)?.as_ref()
    }
}

impl Kept {
    fn field(&self, field: FieldIx) -> Option<FieldIx> {
        *self.fields.get(field)?
    }

    /// What a field holds in the last version for NULL here, where that is something else.
    fn filled(&self, field: FieldIx) -> Option<Value> {
        Some((*self.filled.get(field)?)?.into())
    }

    fn field_then(&self, field: FieldIx) -> Option<FieldIx> {
        *self.then.get(field)?
    }
}
