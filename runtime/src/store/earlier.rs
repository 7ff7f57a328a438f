//! A file of an earlier format becomes one of this format, in the transaction that opens it.
//!
//! - Format 1 had the row that every captured write writes and the row of what only syncing needs in one table.
//! - Formats 1 and 2 drew a stamp for each write, in `windrow_state.hlc`, and had a log for each table, by stamp.

use super::error::StoreError;
use super::log::{self, LOG, Place};
use super::objects::quoted;
use super::plan::Plan;
use super::system;
use crate::sqlite::run_script;
use rusqlite::{Connection, params};
use windrow_protocol::clock::Hlc;

/// The first format.
pub(super) const FIRST: i64 = 1;

/// Makes the file one of this format.
///
/// Triggers of the application's that read `windrow_state` stay as they are: it is dropped and made anew, because to rename it
/// would rename it in them too. Our own are made again when the file is compared with what this program wants.
pub(super) fn upgrade(conn: &Connection, plan: &Plan) -> Result<(), StoreError> {
    let row = "SELECT format, hlc, base, applying, device FROM windrow_state";
    let (format, hlc, base, applying, device): (i64, i64, i64, i64, i64) =
        conn.query_row(row, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
    if format == FIRST {
        part_rows(conn)?;
    }
    run_script(conn, "DROP TABLE windrow_state; DROP VIEW IF EXISTS windrow_changelog")?;
    run_script(conn, system::STATE)?;
    let state = "INSERT INTO windrow_state (one, base, applying, device, format) VALUES (1, ?1, ?2, ?3, ?4)";
    conn.execute(state, params![base, applying, device, system::FORMAT])?;
    drop_triggers(conn)?;
    join_logs(conn, plan, hlc)?;
    tracing::info!(from = format, to = system::FORMAT, "the file has another format");
    Ok(())
}

/// Pages that are not applied yet are asked for anew: where the next one goes on was written down otherwise.
fn part_rows(conn: &Connection) -> rusqlite::Result<()> {
    run_script(conn, system::DEVICE)?;
    run_script(
        conn,
        "INSERT INTO windrow_device (one, schema, version, model, checkpoint, mark, turn, contact, recovering,
           brake, verify, verified, differed)
         SELECT one, schema, version, model, checkpoint, mark, turn, contact, recovering, brake, verify, verified, differed
           FROM windrow_state;
         DELETE FROM windrow_inbox;",
    )?;
    run_script(conn, system::TRAFFIC)?;
    run_script(conn, system::WORKER)
}

fn drop_triggers(conn: &Connection) -> rusqlite::Result<()> {
    let triggers = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND substr(name, 1, 8) = 'windrow_'";
    names(conn, triggers)?.iter().try_for_each(|name| run_script(conn, &format!("DROP TRIGGER {}", quoted(name))))
}

/// Puts all logs into one, in the order of their stamps; each entry keeps its own. `hlc`: the device's clock.
fn join_logs(conn: &Connection, plan: &Plan, hlc: i64) -> Result<(), StoreError> {
    let logs = names(
        conn,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 12) = 'windrow_log_' ORDER BY name",
    )?;
    let logs = logs.iter().map(|name| Earlier::read(conn, name)).collect::<rusqlite::Result<Vec<_>>>()?;
    let fields = logs.iter().map(|log| log.values.len()).max().unwrap_or_default();
    run_script(conn, &log::log_table(plan.log.values.max(fields)))?;
    run_script(conn, system::CLOCK)?;
    run_script(conn, "CREATE TEMP TABLE windrow_order (number INTEGER PRIMARY KEY, hlc INTEGER NOT NULL UNIQUE)")?;
    let all = logs.iter().map(|log| format!("SELECT windrow_hlc FROM {}", quoted(&log.name))).collect::<Vec<_>>();
    if !all.is_empty() {
        let order = format!("INSERT INTO temp.windrow_order (hlc) {} ORDER BY 1", all.join(" UNION ALL "));
        run_script(conn, &order)?;
    }
    logs.iter().try_for_each(|log| log.take_in(conn))?;
    keep_stamps(conn, hlc)?;
    Ok(run_script(conn, "DROP TABLE temp.windrow_order")?)
}

/// Notes the places at which a stamp would not follow from the one before it.
fn keep_stamps(conn: &Connection, hlc: i64) -> Result<(), StoreError> {
    let damaged = || StoreError::Damaged("a log has a stamp below 1, or windrow_state one below 0".into());
    let mut query = conn.prepare("SELECT number, hlc FROM temp.windrow_order ORDER BY number")?;
    let (mut rows, mut last) = (query.query([])?, log::START);
    while let Some(row) = rows.next()? {
        let (number, bits): (i64, i64) = (row.get(0)?, row.get(1)?);
        let (stamp, before) = Hlc::from_i64(bits).zip(Hlc::from_i64(bits - 1)).ok_or_else(damaged)?;
        if last.clock.tick(stamp.millis()) != stamp {
            log::note(conn, Place { clock: before, ..last })?;
        }
        last = Place { number, stamp, clock: stamp };
    }
    let clock = Hlc::from_i64(hlc).ok_or_else(damaged)?;
    Ok(log::note(conn, Place { clock: last.clock.max(clock), ..last })?)
}

/// The log of one table, as formats 1 and 2 had it: `windrow_hlc, windrow_op, windrow_id, windrow_base`, masks, and the fields
/// under their names.
struct Earlier {
    name: String,
    masks: Vec<String>,
    values: Vec<String>,
}

impl Earlier {
    fn read(conn: &Connection, name: &str) -> rusqlite::Result<Earlier> {
        let columns = log::columns_of(conn, name)?.into_iter().skip(4);
        let (masks, values) = columns.partition(|column| column.starts_with("windrow_mask"));
        Ok(Earlier { name: name.to_owned(), masks, values })
    }

    /// Moves its entries to the one log. The notes go, for those of this format say something else; they are empty.
    fn take_in(&self, conn: &Connection) -> rusqlite::Result<()> {
        let table = self.name.strip_prefix("windrow_log_").unwrap_or(&self.name);
        let to = |kind: &str, count: usize| (0..count).map(|n| format!(", {kind}{n}")).collect::<String>();
        let from = self.masks.iter().chain(&self.values).map(|column| format!(", windrow_old.{}", quoted(column)));
        let insert = format!(
            "INSERT INTO {LOG} (number, at, \"table\", operation, record, base{}{})
             SELECT windrow_order.number, windrow_hlc >> 15, ?1, windrow_op, windrow_id, windrow_base{}
               FROM {} AS windrow_old JOIN temp.windrow_order ON windrow_order.hlc = windrow_hlc",
            to("mask", self.masks.len()),
            to("value", self.values.len()),
            from.collect::<String>(),
            quoted(&self.name)
        );
        conn.execute(&insert, [table])?;
        let notes = quoted(&format!("windrow_note_{table}"));
        run_script(conn, &format!("DROP TABLE {}; DROP TABLE IF EXISTS {notes}", quoted(&self.name)))
    }
}

fn names(conn: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}
