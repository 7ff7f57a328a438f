//! The databases as any program sees them: plain SQL on plain connections, without Windrow.

use crate::fault::Fault;
use crate::values;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::path::Path;
use windrow::rusqlite::types::ValueRef;
use windrow::rusqlite::{Connection, OpenFlags, Row};

/// The tables of the survey, in the device's files and the hub's.
pub(super) const TABLES: [&str; 4] = ["farm", "plot", "worker", "visit"];

/// All that the tables of a file hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// Each table's rows in order of ids: every column's name, type and bytes.
    pub(super) bytes: Vec<Vec<u8>>,
    /// Each table's count of rows.
    pub(super) rows: Vec<usize>,
    /// Each record as JSON, by table and id.
    pub(super) records: BTreeMap<(&'static str, Vec<u8>), String>,
}

/// A connection that reads.
fn open(file: &Path) -> Result<Connection, Fault> {
    Ok(Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
}

/// What the tables of a file hold.
pub(super) fn read(file: &Path) -> Result<Contents, Fault> {
    let conn = open(file)?;
    let mut contents = Contents::default();
    for table in TABLES {
        let mut query = conn.prepare(&format!("SELECT * FROM {table} ORDER BY id"))?;
        let names: Vec<String> = query.column_names().map(str::to_owned).collect();
        let (mut rows, mut bytes, mut count) = (query.query([])?, Vec::new(), 0);
        while let Some(row) = rows.next()? {
            exactly(row, &names, &mut bytes)?;
            contents.records.insert((table, row.get("id")?), json(row, &names)?);
            count += 1;
        }
        contents.bytes.push(bytes);
        contents.rows.push(count);
    }
    Ok(contents)
}

/// What a query finds in a file: its only value, for people.
pub(super) fn ask(file: &Path, sql: &str) -> Result<String, Fault> {
    Ok(open(file)?.query_row(sql, [], |row| {
        Ok(match row.get_ref(0)? {
            ValueRef::Null => "NULL".to_owned(),
            ValueRef::Integer(n) => n.to_string(),
            ValueRef::Real(x) => x.to_string(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            ValueRef::Blob(bytes) => values::blob(bytes).to_string(),
        })
    })?)
}

/// Appends a row so that two rows give the same bytes only if they are the same.
fn exactly(row: &Row<'_>, names: &[String], bytes: &mut Vec<u8>) -> Result<(), Fault> {
    for (at, name) in names.iter().enumerate() {
        let value = row.get_ref(at)?;
        let (number, text);
        let (tag, content): (u8, &[u8]) = match value {
            ValueRef::Null => (0, &[]),
            ValueRef::Integer(n) => {
                number = n.to_be_bytes();
                (1, &number)
            }
            ValueRef::Real(x) => {
                text = x.to_bits().to_be_bytes();
                (2, &text)
            }
            ValueRef::Text(text) => (3, text),
            ValueRef::Blob(blob) => (4, blob),
        };
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(tag);
        bytes.extend_from_slice(&(content.len() as u64).to_be_bytes());
        bytes.extend_from_slice(content);
    }
    Ok(())
}

/// A row as a full JSON record, as programs without Windrow would send it.
fn json(row: &Row<'_>, names: &[String]) -> Result<String, Fault> {
    let mut record = Map::new();
    for (at, name) in names.iter().enumerate() {
        let value = match row.get_ref(at)? {
            ValueRef::Null => Json::Null,
            ValueRef::Integer(n) => json!(n),
            ValueRef::Real(x) => json!(x),
            ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
            ValueRef::Blob(bytes) => values::blob(bytes),
        };
        record.insert(name.clone(), value);
    }
    Ok(Json::Object(record).to_string())
}

impl Contents {
    /// The records that differ from those before, and their length as full JSON records; of one that is gone, as its id.
    pub(super) fn since(&self, before: &Contents) -> (u64, u64) {
        let changed = self.records.iter().filter(|(key, json)| before.records.get(*key) != Some(*json));
        let gone = before.records.keys().filter(|key| !self.records.contains_key(*key));
        let lengths = changed.map(|(_, json)| json.len()).chain(gone.map(|(_, id)| gone_json(id).len()));
        lengths.fold((0, 0), |(records, bytes), length| (records + 1, bytes + length as u64))
    }
}

fn gone_json(id: &[u8]) -> String {
    json!({ "id": values::blob(id), "deleted": true }).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn contents(worker: &str) -> Contents {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("some.db");
        let conn = Connection::open(&file).unwrap();
        let tables = TABLES.map(|table| format!("CREATE TABLE {table} (id, name)"));
        conn.execute_batch(&format!("{}; INSERT INTO worker VALUES {worker}", tables.join(";"))).unwrap();
        read(&file).unwrap()
    }

    #[test]
    fn only_the_same_bytes_are_equal() {
        let all = ["(x'01', 'a')", "(x'01', x'61')", "(x'01', NULL)", "(x'01', '')", "(x'01', 1)", "(x'01', 1.0)"]
            .map(contents);
        for (at, one) in all.iter().enumerate() {
            assert!(all[at + 1..].iter().all(|other| one.bytes != other.bytes), "{at}");
        }
        assert_eq!(all[0], contents("(x'01', 'a')"));
    }

    #[test]
    fn what_changed_came_and_went_is_counted_once() {
        let before = contents("(x'01', 'a'), (x'02', 'b'), (x'03', 'c')");
        let after = contents("(x'01', 'a'), (x'02', 'bb'), (x'04', 'd')");
        let lengths = [r#"{"id":[2],"name":"bb"}"#, r#"{"id":[4],"name":"d"}"#, r#"{"deleted":true,"id":[3]}"#];
        assert_eq!(after.since(&before), (3, lengths.iter().map(|json| json.len() as u64).sum()));
        assert_eq!(after.since(&after), (0, 0));
    }
}
