//! History: a line for every change that came, and for what followed from it.

use super::system::{seq, stamp};
use crate::hub::console::Happened;
use crate::hub::error::HubError;
use crate::hub::plain;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, params};
use windrow_protocol::change::Key;
use windrow_protocol::clock::{DeviceId, Origin, Seq, Stamp};
use windrow_protocol::merge::History;
use windrow_protocol::model::Schema;

/// The texts of a commit's lines, one behind the other.
#[derive(Default)]
pub(super) struct Texts {
    text: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Texts {
    /// `decides`: who decided at the hub.
    pub(super) fn of(schema: &Schema, lines: &[History], decides: Option<&str>) -> Texts {
        let mut texts = Texts::default();
        for line in lines {
            plain::detail(schema.table(line.key.0), &line.detail, decides, &mut texts.text);
            texts.ends.push(texts.text.len());
        }
        texts
    }

    fn each(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| &self.text[begin..*end])
    }
}

/// Appends the lines of a commit, and when it is.
pub(super) fn append(
    schema: &Schema,
    c: &Connection,
    at: Seq,
    (lines, texts): (&[History], &Texts),
    now: i64,
) -> Result<(), HubError> {
    let sql = "INSERT INTO windrow_history (seq, tbl, record, device, hlc, author, detail, at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let mut statement = c.prepare_cached(sql)?;
    statement.raw_bind_parameter(1, at.to_i64())?;
    statement.raw_bind_parameter(8, now)?;
    for (line, text) in lines.iter().zip(texts.each()) {
        statement.raw_bind_parameter(2, schema.table(line.key.0).name)?;
        statement.raw_bind_parameter(3, line.key.1.0)?;
        statement.raw_bind_parameter(4, line.device.to_i64())?;
        statement.raw_bind_parameter(5, line.stamp.hlc.to_i64())?;
        statement.raw_bind_parameter(6, line.stamp.author.to_i64())?;
        statement.raw_bind_parameter(7, ToSqlOutput::Borrowed(ValueRef::Text(text)))?;
        statement.raw_execute()?;
    }
    Ok(())
}

/// The last changes of a record, oldest first.
pub(super) fn of(schema: &Schema, c: &Connection, (table, id): Key, limit: usize) -> Result<Vec<Happened>, HubError> {
    let sql = "SELECT seq, at, device, hlc, author, detail FROM windrow_history WHERE tbl = ?1 AND record = ?2
        ORDER BY number DESC LIMIT ?3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = c.prepare_cached(sql)?;
    let mut rows = statement.query(params![schema.table(table).name, id.0, limit])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        lines.push(line(row)?);
    }
    lines.reverse();
    Ok(lines)
}

fn line(row: &rusqlite::Row<'_>) -> Result<Happened, HubError> {
    let damaged = |what: &str| HubError::Damaged(format!("a line of history: {what}"));
    let text = row.get_ref(5)?.as_str().map_err(|_| damaged("no text"))?;
    Ok(Happened {
        seq: seq(row.get(0)?)?,
        at: row.get(1)?,
        device: DeviceId::from_i64(row.get(2)?).ok_or_else(|| damaged("no device"))?,
        stamp: Stamp { hlc: stamp(row.get(3)?)?, author: Origin::from_i64(row.get(4)?) },
        detail: serde_json::from_str(text).map_err(|_| damaged("no JSON"))?,
    })
}
