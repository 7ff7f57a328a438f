//! What the device's store and the hub's share about SQLite: which versions are safe, and values as it takes them.

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Params, Row, ToSql};
use windrow_protocol::value::Value;

/// A SQLite that can lose committed transactions in WAL mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "SQLite {found} can lose committed transactions in WAL mode; use 3.51.3 or newer (3.50.7 and 3.44.6 are patched too)"
)]
pub struct UnsafeSqlite {
    /// The version that is linked in.
    pub found: String,
}

/// Refuses a SQLite that can lose committed transactions.
///
/// # Errors
/// A version older than 3.51.3 that is not one of the patched ones.
pub(crate) fn check_version() -> Result<(), UnsafeSqlite> {
    let found = || UnsafeSqlite { found: rusqlite::version().to_owned() };
    if is_safe(rusqlite::version_number()) { Ok(()) } else { Err(found()) }
}

/// Whether the version of this number (`major * 1,000,000 + minor * 1,000 + patch`) has the fix.
fn is_safe(number: i32) -> bool {
    let of_branch = |minor: i32, patch: i32| number / 1_000 == 3_000 + minor && number % 1_000 >= patch;
    number >= 3_051_003 || of_branch(50, 7) || of_branch(44, 6)
}

/// Keeps the plan of a prepared statement whatever its parameters are. Otherwise SQLite, built with the statistics that
/// `ANALYZE` may gather, prepares many statements anew each time that a parameter changes.
pub(crate) fn keep_plans(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// Statements that come again and again: they are kept prepared.
pub(crate) trait Repeated {
    /// Runs a statement; how many rows it changed.
    fn run(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize>;

    /// The one row of a query.
    fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T>;
}

impl Repeated for Connection {
    fn run(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.prepare_cached(sql)?.execute(params)
    }

    fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.prepare_cached(sql)?.query_row(params, read)
    }
}

/// Runs a script.
///
/// # Errors
/// SQLite's. Where it can't read a statement, the line at fault stands in the error, and not all that comes after it.
pub(crate) fn run_script(conn: &Connection, script: &str) -> rusqlite::Result<()> {
    conn.execute_batch(script).map_err(|error| match error {
        rusqlite::Error::SqlInputError { error, msg, sql, offset } => {
            let at = usize::try_from(offset).unwrap_or(0).min(sql.len());
            let begins = sql.as_bytes()[..at].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
            let line = sql.get(begins..).and_then(|rest| rest.lines().next()).unwrap_or_default().to_owned();
            let offset = i32::try_from(at - begins).unwrap_or(offset);
            rusqlite::Error::SqlInputError { error, msg, sql: line, offset }
        }
        other => other,
    })
}

/// A value as a parameter of a statement.
pub(crate) struct Bound<'a>(pub(crate) &'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(n) => ValueRef::Integer(*n),
            Value::Real(x) => ValueRef::Real(*x),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// The value of a column.
///
/// # Errors
/// Text that is not UTF-8, which only a foreign program can have written.
pub(crate) fn value_of(column: ValueRef<'_>) -> Result<Value, std::str::Utf8Error> {
    Ok(match column {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Integer(n),
        ValueRef::Real(x) => Value::Real(x),
        ValueRef::Text(text) => Value::Text(std::str::from_utf8(text)?.to_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_with_the_fix_are_safe() {
        for safe in [3_051_003, 3_051_004, 3_054_001, 4_000_000, 3_050_007, 3_050_012, 3_044_006] {
            assert!(is_safe(safe), "{safe}");
        }
        for unsafe_one in [3_051_002, 3_051_000, 3_050_006, 3_044_005, 3_045_009, 3_049_050, 3_040_001] {
            assert!(!is_safe(unsafe_one), "{unsafe_one}");
        }
    }

    /// Somebody edited a migration, and the error filled the screen: it quoted the whole rest of the script.
    #[test]
    fn the_line_at_fault_is_told_and_not_the_rest() {
        let conn = Connection::open_in_memory().expect("memory");
        let told = |script: &str| run_script(&conn, script).expect_err("no SQL").to_string();
        let script = "CREATE TABLE a (x);\n\n-- ü\nCREATE\n  TABEL b (x);\nDROP TABLE a;";
        assert_eq!(told(script), "near \"TABEL\": syntax error in   TABEL b (x); at offset 2");
        assert_eq!(told("SELECT 1; DROP TABLE c"), "no such table: c");
    }

    #[test]
    fn the_linked_version_is_safe() {
        assert_eq!(check_version(), Ok(()));
    }
}
