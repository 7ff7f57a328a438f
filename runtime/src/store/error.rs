//! What can go wrong, apart by nature: the file, the application's writes, the hub's answers.

use crate::sqlite::UnsafeSqlite;
use crate::syncable::ValueError;
use rusqlite::ErrorCode;
use std::path::PathBuf;
use windrow_protocol::codec::DecodeError;
use windrow_protocol::id::RecordId;
use windrow_protocol::message::MessageError;

/// Why the store did not do what was asked. What was asked then left no trace in the file.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file can't serve as this domain's device file.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// SQLite could not read or write the file.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// What stands in the file is nothing that this program, or a program that the triggers watch, has written.
    #[error("the device's file is damaged: {0}")]
    Damaged(String),
    /// The system gave no random numbers.
    #[error("the system gave no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// The application asked for something that its own rules forbid.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The hub's answer can't be applied.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// Another program has carried this file's session on; the next session goes on from there.
    #[error("another program synced this file meanwhile; start the session again")]
    Overtaken,
}

impl StoreError {
    /// Whether the same may succeed when it is tried again as it stands: a lock, a full disk that was cleared, an
    /// overtaken session. On a full disk SQLite can't make its files either, and says no more than that it can't open one.
    pub fn is_retryable(&self) -> bool {
        match self {
            StoreError::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(
                    ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                        | ErrorCode::DiskFull
                        | ErrorCode::CannotOpen
                        | ErrorCode::SystemIoFailure
                )
            ),
            StoreError::Overtaken | StoreError::Random(_) => true,
            _ => false,
        }
    }
}

/// Why a file can't be opened. It is as it was before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The SQLite that is linked in is not safe.
    #[error(transparent)]
    UnsafeSqlite(#[from] UnsafeSqlite),
    /// The domain's tables make no domain.
    #[error("the domain {domain} can't be used: {reason}")]
    Domain {
        /// Its name.
        domain: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A path that names no file.
    #[error("a store needs a file that other connections can open too; {0:?} is none")]
    NoFile(PathBuf),
    /// Not a SQLite database at all.
    #[error("{0:?} is not a SQLite database; choose another path, or move that file away")]
    NotADatabase(PathBuf),
    /// A file that is not encrypted with this key, or not at all.
    #[error(
        "{0:?} can't be opened with this key: it is encrypted with another, or not encrypted; ask for the right key"
    )]
    Locked(PathBuf),
    /// A database with tables of another application.
    #[error(
        "{path:?} belongs to another application (it has the table `{table}` and no `windrow_state`); choose another path"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// One of its tables.
        table: String,
    },
    /// A database that says by its `application_id` that it is another application's.
    #[error("{path:?} belongs to another application (its application_id is {id}); choose another path")]
    OtherApplication {
        /// The file.
        path: PathBuf,
        /// What it says.
        id: i32,
    },
    /// Written by a newer Windrow.
    #[error("{path:?} has format {found}, this program knows formats up to {known}; update the program")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest known here.
        known: i64,
    },
    /// Of a later version of the domain.
    #[error(
        "{path:?} is of version {found} of {domain}, and this program knows versions up to {known}; update the program"
    )]
    NewerModel {
        /// The file.
        path: PathBuf,
        /// The domain.
        domain: &'static str,
        /// Its version.
        found: u32,
        /// This program's.
        known: u32,
    },
    /// Of a version that this program knows as another.
    #[error(
        "{path:?} is of version {version} of {domain}, but not of the one that this program's windrow.lock knows: two \
         branches made a version of that number. Open it with the program that made it"
    )]
    OtherPast {
        /// The file.
        path: PathBuf,
        /// The domain.
        domain: &'static str,
        /// The version.
        version: u32,
    },
    /// A migration that the file does not take.
    #[error(
        "{path:?} can't become version {version} of the domain, `{name}`: {reason}. If another program has changed its \
         tables, or a view of them can't be read any more, undo that"
    )]
    Migration {
        /// The file.
        path: PathBuf,
        /// The version that it was to become.
        version: u32,
        /// The migration.
        name: &'static str,
        /// SQLite's words.
        reason: String,
    },
    /// No copy could be made of a file that is to migrate.
    #[error("{path:?} is to be copied to {backup:?} before its tables are made anew, and can't: {reason}")]
    Backup {
        /// The file.
        path: PathBuf,
        /// Where the copy was to be.
        backup: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file has a table that is not in the domain. A session speaks for stretches of time, and would count
    /// that table's entries as sent.
    #[error(
        "{path:?} has the table `{table}`, but the domain {domain} has no such struct; open it with the program that \
         has it, or put the struct back into `domain!`"
    )]
    Orphaned {
        /// The file.
        path: PathBuf,
        /// The table's name.
        table: String,
        /// The domain.
        domain: &'static str,
    },
    /// A table of ours is gone.
    #[error(
        "the table `{table}` was dropped by another program, and its records with it; restore the file from a backup, \
         or start with a new file and sync"
    )]
    Dropped {
        /// The table.
        table: String,
    },
    /// A table of ours is not as it was made.
    #[error(
        "the table `{table}` is not as this program declares it. If another program changed it (ALTER TABLE), undo that; \
         if the struct changed, change it back or start with a new file and sync.\n  declared: {declared}\n  found:    {found}"
    )]
    Altered {
        /// The table.
        table: String,
        /// The statement that this program would create it with.
        declared: String,
        /// The statement that stands in the file.
        found: String,
    },
}

/// Why a write of the application was not made.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The record's type is not one of the domain's.
    #[error("{type_name} is not in the domain {domain}; add it to `domain!`")]
    NotInDomain {
        /// The struct.
        type_name: &'static str,
        /// The store's domain.
        domain: &'static str,
    },
    /// A rule of the table refuses it.
    #[error("{table} {record}: {rule}: {detail}{}", rule.remedy())]
    Rule {
        /// The table.
        table: &'static str,
        /// The record.
        record: RecordId,
        /// Which kind of rule.
        rule: Rule,
        /// SQLite's words.
        detail: String,
    },
    /// The record is not here (any more).
    #[error("{table} {record} is not here; it may have been deleted meanwhile. Insert it to have it again")]
    Vanished {
        /// The table.
        table: &'static str,
        /// The record.
        record: RecordId,
    },
    /// A record's id was changed.
    #[error("{table} {record}: a record keeps its id; insert a new record instead")]
    IdChanged {
        /// The table.
        table: &'static str,
        /// The record, under the id it was read with.
        record: RecordId,
    },
    /// A `sum` field was moved by more than 64 bits hold.
    #[error("{table} {record}: {field} was changed by more than a 64-bit integer holds; change it in smaller steps")]
    Overflow {
        /// The table.
        table: &'static str,
        /// The record.
        record: RecordId,
        /// The field.
        field: &'static str,
    },
    /// A field's value can't be stored, or what is stored is none of the field's type.
    #[error("{table}: {source}")]
    Value {
        /// The table.
        table: &'static str,
        /// What is wrong.
        source: ValueError,
    },
    /// A conflict that is closed.
    #[error("{table} {record}: this conflict is closed already; read the conflicts again")]
    Settled {
        /// The table.
        table: &'static str,
        /// The record.
        record: RecordId,
    },
    /// An answer that does not fit its conflict.
    #[error("{table} {record}: {sentence}")]
    Unanswered {
        /// The table.
        table: &'static str,
        /// The record.
        record: RecordId,
        /// What would fit.
        sentence: &'static str,
    },
    /// The store was used within one of its own transactions.
    #[error("within `transaction`, use the transaction that the closure is given, not the store")]
    Nested,
}

/// Kinds of rules that refuse a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// A record of this id is here already.
    Exists,
    /// A reference names a record that is not here, or the record is still named by one.
    Reference,
    /// A value is not of the field's type or range.
    Type,
    /// A required field is NULL.
    Missing,
    /// A rule that a trigger keeps: a unique value, a sum's range, a record's id, or one of the application's own.
    Trigger,
}

impl Rule {
    /// What to do about it. A trigger says so itself.
    fn remedy(self) -> &'static str {
        match self {
            Rule::Exists => "; update the record instead",
            Rule::Reference => "; insert what it refers to first, delete what refers to it first",
            Rule::Type => "; give a value of the field's type and range",
            Rule::Missing => "; give it a value",
            Rule::Trigger => "",
        }
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Rule::Exists => "already here",
            Rule::Reference => "broken reference",
            Rule::Type => "not of the field's type or range",
            Rule::Missing => "missing",
            Rule::Trigger => "refused",
        })
    }
}

/// Why an answer of the hub's can't be applied. The device keeps all that it had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Its bytes are no page.
    #[error("the hub's page can't be read: {0}")]
    Decode(#[from] DecodeError),
    /// Where a page was kept, its place can't be read again.
    #[error("a page kept in the device's file can't be read: {0}")]
    Kept(#[from] MessageError),
    /// Its clock is beyond the year 9999, where no stamp could follow.
    #[error("the hub's clock is beyond the year 9999; set it right")]
    Clock,
    /// It refuses what this device's schema does not have.
    #[error("the hub refused a change of a table that this program does not have; update the server or this program")]
    Refusal,
    /// It refuses only what was not sent, so that nothing can be taken out of the changeset.
    #[error("the hub refused what this device did not send: {0}")]
    Unsent(String),
    /// It has more pages than are here.
    #[error("the hub's answer is not complete; ask for the rest first")]
    Incomplete,
    /// It misses records of tables that there are not.
    #[error("the hub asks for records of a table that this program does not have; it is not taken over")]
    Missing,
    /// It sends the device back to where it never was.
    #[error(
        "the hub, restored from a backup, sent this device back to a checkpoint that it never had; it is not followed"
    )]
    Rewind,
    /// It has a value that the table refuses.
    #[error("the hub's {table} {record} does not fit the table: {reason}; it is not applied")]
    Unfit {
        /// The table.
        table: &'static str,
        /// The record.
        record: RecordId,
        /// SQLite's words.
        reason: String,
    },
}
