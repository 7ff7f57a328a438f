//! A domain as the macros describe it: constants, among them every SQL statement that depends on a user's tables.
//!
//! The text of those statements is written in the crate `windrow-schema` and nowhere else; here is what each one is for,
//! its parameters and its columns. Fields stand in order of declaration, `f1` to `fn`, without the id. `masks` are the
//! bit masks of fields, one INTEGER for each 63 fields (`ceil(n / 63)`, at least one): field `i` is bit `i % 63` of
//! mask `i / 63`.

use windrow_protocol::{model, versions};

/// A statement in pieces, to be joined: the names of other structs' tables are known only to the compiler.
pub type Sql = &'static [&'static str];

/// A domain: what [`crate::domain!`] makes of a list of structs.
#[derive(Debug, Clone, Copy)]
pub struct Domain {
    /// Its name, for messages.
    pub name: &'static str,
    /// Its tables in dependency order: parents before children.
    pub tables: &'static [&'static Table],
    /// Its earlier versions, oldest first, as `windrow.lock` has them: what devices in the field may still speak, and what
    /// files may still be of.
    pub earlier: &'static [Earlier],
}

/// An earlier version of a domain, and what leads from it to the version after.
#[derive(Debug, Clone, Copy)]
pub struct Earlier {
    /// Its tables, and what the version after calls otherwise.
    pub model: versions::Earlier,
    /// What makes a file of it one of the version after.
    pub migration: Migration,
}

/// What makes a file of a version one of the version after: the SQL that `windrow migrate` wrote.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its name, which is that of the version it leads to.
    pub name: &'static str,
    /// The statements for a device's file.
    pub device: &'static str,
    /// The statements for a hub's file on SQLite.
    pub hub: &'static str,
    /// Whether a device's rows are copied on the way: its file is backed up first.
    pub copies: bool,
}

impl Domain {
    /// The number of its version, as `windrow.lock` counts: from 1. Without a lock there is no other.
    pub const fn version(&self) -> u32 {
        // A lock's numbers have 32 bits.
        self.earlier.len() as u32 + 1
    }

    /// The models of its earlier versions, oldest first.
    pub(crate) fn models(&self) -> Vec<versions::Earlier> {
        self.earlier.iter().map(|earlier| earlier.model).collect()
    }
}

/// A table of a domain: what `#[derive(Syncable)]` makes of a struct.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its shape, as merging and the wire know it.
    pub model: model::Table,
    /// The statements of a device.
    pub device: DeviceSql,
    /// The statements of a hub on SQLite.
    pub hub: HubSql,
}

/// Something that lives in a schema: its name, unquoted, and the statement that creates it. SQLite keeps that text, so
/// that a changed object is recognised.
#[derive(Debug, Clone, Copy)]
pub struct Object {
    /// As in `sqlite_schema.name`.
    pub name: &'static str,
    /// `CREATE ...`, one statement.
    pub sql: Sql,
}

/// The statements of a device for one table.
#[derive(Debug, Clone, Copy)]
pub struct DeviceSql {
    /// The table and its notes (`windrow_note_T`), then the indexes.
    pub objects: &'static [Object],
    /// The triggers, in the order in which to create them.
    pub triggers: &'static [Object],
    /// For a table whose records a foreign key of another may follow: those that are leaving (`windrow_leaving_T`), and the
    /// triggers that keep it.
    pub leave: &'static [Object],
    /// The table's part of the view `windrow_changelog`: a SELECT of `stamp, device, origin, "table", record, operation,
    /// fields, base`, from the log and its stamps.
    pub changelog: Sql,
    /// `SELECT id, f1..fn FROM T`; a condition may be appended.
    pub select: Sql,
    /// Inserts `(?1 id, ?2.. f1..fn)`.
    pub insert: Sql,
    /// For each field, sets it in `?1 id` to `?2`.
    pub put: &'static [Sql],
    /// Sets fields of `?1 id` where its bit is set in `?2.. masks`, to the values that follow.
    pub patch: Sql,
    /// Like `patch`, but a `sum` field is increased by its value.
    pub edit: Sql,
    /// Inserts or overwrites `(?1 id, ?2.. f1..fn)`, without REPLACE.
    pub upsert: Sql,
    /// Deletes `?1 id`.
    pub delete: Sql,
    /// The ids next below and above `?1 id`: one row of two columns, NULL where there is none.
    pub neighbours: Sql,
    /// At most two ids between `?1` and `?2`, inclusive.
    pub between: Sql,
    /// For each field that is a reference, in order of fields: the ids of the records here that refer to `?1 id`.
    pub referring: &'static [Sql],
    /// Empties the notes. They mean something only within one INSERT, but UPSERT and `OR IGNORE` leave them behind.
    pub forget_notes: Sql,
    /// Empties `windrow_leaving_T`. What stays there refers to records that are there.
    pub forget_leaving: Sql,
}

/// The statements of a hub on SQLite for one table.
///
/// Beside each domain table stands `windrow_versions_T`: `id` (primary key), `windrow_scope`, `windrow_seq` (indexed),
/// `windrow_born`, `windrow_died`, `windrow_inserted`, `windrow_inserted_by`, `windrow_packed`, and a column for each
/// reference under the field's own name, indexed: what it names, shown or not.
#[derive(Debug, Clone, Copy)]
pub struct HubSql {
    /// The domain table, its versions, and the indexes.
    pub objects: &'static [Object],
    /// `SELECT scope, packed, f1..fn` of the record `?1 id`, dead or alive; the fields are NULL where it is dead.
    pub load: Sql,
    /// Inserts or overwrites a version: `?1 id, ?2 scope, ?3 seq, ?4 born, ?5 died, ?6 inserted, ?7 inserted_by, ?8 packed`,
    /// then each reference, in order of fields.
    pub save: Sql,
    /// Inserts or overwrites `(?1 id, ?2.. f1..fn)` in the domain table.
    pub upsert: Sql,
    /// Deletes `?1 id` from the domain table.
    pub delete: Sql,
    /// Records after a place in order of `(seq, id)`: `(seq, id) > (?1, ?2)`, at most `?3`: `id, seq, packed, f1..fn`.
    pub scan: Sql,
    /// For each field that is a reference, in order of fields: the ids of the records, dead or alive, that refer to `?1 id`.
    pub referring: &'static [Sql],
    /// For each `#[unique]` field, in order of fields: the ids of other living records (`<> ?2`) that show `?1`, the
    /// lowest few dozen.
    pub same: &'static [Sql],
    /// The scope of the record `?1 id`.
    pub scope: Sql,
    /// The ids next below and above `?1 id` among all versions: one row of two columns, NULL where there is none.
    pub neighbours: Sql,
    /// At most two ids between `?1` and `?2`, inclusive, among all versions.
    pub between: Sql,
}
