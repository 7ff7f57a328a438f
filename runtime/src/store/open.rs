//! Opening a file: recognised, created or compared, and given the origin of whoever writes from now on.

use super::connect::{self, File};
use super::error::{OpenError, StoreError};
use super::migrate::{self, Migrated};
use super::newest::Newest;
use super::place::Place;
use super::plan::Plan;
use super::warning::Warning;
use super::{earlier, foreign, objects, origins, session, state, system};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::Path;
use windrow_protocol::clock::DeviceId;
use windrow_protocol::model::TableIx;

/// A file that is ready for use.
pub(super) struct Opened {
    pub(super) app: Connection,
    pub(super) device: DeviceId,
    pub(super) warnings: Vec<Warning>,
    pub(super) migrated: Option<Migrated>,
    pub(super) newest: Newest,
}

/// Opens a file, and writes to it only once it is known to be ours.
pub(super) fn open(place: &Place, plan: &Plan) -> Result<Opened, StoreError> {
    connect::look_at(place, plan).map_err(|error| place.explained(error))?;
    // Without foreign keys as yet: a migration drops tables on the way, and nothing may hear of that.
    let app = connect::opening(place)?;
    connect::use_wal(&app)?;
    let opened = prepare(app, place, plan)?;
    connect::keep_foreign_keys(&opened.app)?;
    Ok(opened)
}

/// In one transaction, because another program may open the file at the same time.
fn prepare(app: Connection, place: &Place, plan: &Plan) -> Result<Opened, StoreError> {
    let (conn, path) = (&app, place.path());
    let transaction = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    let (mut warnings, mut migrated) = (Vec::new(), None);
    match connect::recognise(conn, path)? {
        File::New => create(conn, plan)?,
        file => {
            if matches!(file, File::Earlier) {
                earlier::upgrade(conn, plan)?;
            }
            let behind = migrate::behind(conn, path, plan)?;
            plan.log.fit(conn)?;
            migrated = migrate::migrate(conn, place, plan, behind)?;
            knows_all_tables(conn, path, plan)?;
            let same = state::same_schema(conn, plan)?;
            warnings = objects::verify(conn, plan, same)?;
            if !same {
                session::forget_encoded(conn)?;
            }
        }
    }
    origins::draw(conn, plan)?;
    forget_notes(conn, plan)?;
    warnings.extend(foreign::warnings(conn, plan)?);
    let (device, newest) = (state::read(conn)?.device, Newest::now(conn, path)?);
    transaction.commit()?;
    Ok(Opened { app, device, warnings, migrated, newest })
}

/// A program of before a table joined the domain must not sync a file that has entries of it.
fn knows_all_tables(conn: &Connection, path: &Path, plan: &Plan) -> Result<(), StoreError> {
    let others = objects::others(conn, plan)?;
    let notes = others.iter().filter(|f| f.kind == "table").find_map(|f| f.name.strip_prefix("windrow_note_"));
    match notes {
        None => Ok(()),
        Some(table) => {
            let (path, table, domain) = (path.to_owned(), table.to_owned(), plan.domain.name);
            Err(OpenError::Orphaned { path, table, domain }.into())
        }
    }
}

/// Notes mean something to the end of their own INSERT only; what stays behind is a copy of the record. The same holds for
/// who is leaving.
pub(super) fn forget_notes(conn: &Connection, plan: &Plan) -> rusqlite::Result<()> {
    let forget = |sql: &str| conn.execute(sql, []).map(|_| ());
    plan.tables().try_for_each(|table| forget(&plan.sql(table).forget_notes))?;
    let takes_along = |table: &TableIx| objects::takes_along(&plan.schema, *table);
    plan.tables().filter(takes_along).try_for_each(|table| forget(&plan.sql(table).forget_leaving))
}

fn create(conn: &Connection, plan: &Plan) -> Result<(), StoreError> {
    conn.pragma_update(None, "application_id", system::APPLICATION_ID)?;
    objects::create(conn, plan)?;
    state::create(conn, plan)
}
