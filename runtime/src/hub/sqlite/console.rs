//! What the console asks: open conflicts, decisions, history.

use super::shared::Shared;
use super::system;
use super::{commit, open, prepare, records};
use crate::hub::console::{Conflicts, Decision, OpenConflict, Verdict};
use crate::hub::error::HubError;
use crate::sqlite::Repeated;
use rusqlite::{Connection, params};
use windrow_protocol::change::{Key, Resolve};
use windrow_protocol::clock::{Hlc, Point, Seq};
use windrow_protocol::id::RecordId;
use windrow_protocol::log::About;
use windrow_protocol::merge::Merge;
use windrow_protocol::message::{Problem, ProblemKind};
use windrow_protocol::told::Conflict;

/// Open conflicts after a record, of about `limit` records.
pub(super) fn conflicts(
    shared: &Shared,
    c: &Connection,
    after: Option<Key>,
    limit: usize,
) -> Result<Conflicts, HubError> {
    let keys = in_conflict(shared, c, after, limit.saturating_add(1))?;
    let next = keys.get(limit).and_then(|_| keys.get(limit.checked_sub(1)?)).copied();
    let mut open = Vec::new();
    for key in keys.into_iter().take(limit) {
        open.extend(of_record(shared, c, key)?.into_iter().map(|conflict| OpenConflict { record: key, conflict }));
    }
    Ok(Conflicts { open, next })
}

fn in_conflict(shared: &Shared, c: &Connection, after: Option<Key>, limit: usize) -> Result<Vec<Key>, HubError> {
    let sql = "SELECT DISTINCT position, record FROM windrow_conflicts WHERE (position, record) > (?1, ?2)
        ORDER BY position, record LIMIT ?3";
    let (table, id) = after.map_or((-1, RecordId([0xff; 16])), |(table, id)| (table as i64, id));
    let mut statement = c.prepare_cached(sql)?;
    let mut rows = statement.query(params![table, id.0, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let table = row.get::<_, i64>(0)?;
        let table = usize::try_from(table).ok().filter(|t| *t < shared.tables.schema.tables().len());
        keys.push((table.ok_or_else(|| HubError::Damaged("a conflict of no table".into()))?, records::id(row, 1)?));
    }
    Ok(keys)
}

fn of_record(shared: &Shared, c: &Connection, key: Key) -> Result<Vec<Conflict>, HubError> {
    let record = records::load(c, &shared.tables, key)?.filter(|r| r.alive);
    Ok(record.map(|r| r.conflicts(shared.tables.schema.table(key.0))).unwrap_or_default())
}

/// Decides a conflict, in the writer's transaction.
pub(super) fn resolve(shared: &Shared, c: &Connection, decision: &Decision) -> Result<Point, HubError> {
    let moment = prepare::moment(shared, &system::standing(c, shared.tables.version)?, open::draw()?);
    let open = of_record(shared, c, decision.record)?.into_iter().find(|open| is_about(open, decision));
    let open = open.ok_or_else(|| {
        Problem::new(ProblemKind::NotFound, "No such conflict is open; somebody may have resolved it.")
    })?;
    let (chosen, delete) = chosen(&open, &decision.verdict)?;
    let base = decision.base.min(moment.head);
    let resolve = Resolve { about: decision.about, chosen, hlc: Hlc::ZERO, base };
    let merge = Merge::resolve(&shared.tables.schema, decision.record, resolve, delete, moment);
    let refused = |sentence| Problem::new(ProblemKind::Malformed, sentence);
    commit::commit_own(shared, c, merge, decision.by.as_deref())?.map_err(|refusal| refused(refusal.sentence).into())
}

fn is_about(open: &Conflict, decision: &Decision) -> bool {
    let named = |field| match &decision.verdict {
        Verdict::Values(values) => values.iter().any(|(f, _)| f == field),
        Verdict::Keep | Verdict::Delete => false,
    };
    open.about == decision.about && (open.about != About::Fields || open.fields.iter().any(named))
}

/// The chosen values, and whether the record goes.
fn chosen(open: &Conflict, verdict: &Verdict) -> Result<(Vec<(usize, windrow_protocol::value::Value)>, bool), Problem> {
    let unfit = |detail: &str| Err(Problem::new(ProblemKind::Malformed, detail));
    match (open.about, verdict) {
        (About::Fields, Verdict::Values(values)) => {
            let mut values = values.clone();
            values.sort_by_key(|(field, _)| *field);
            if values.iter().map(|(field, _)| field).eq(&open.fields) {
                return Ok((values, false));
            }
            unfit("Give a value for each of the conflict's fields, and for no other.")
        }
        (About::Fields, _) => unfit("This conflict is about values; choose them."),
        (_, Verdict::Values(_)) => unfit("This conflict is about the record; keep or delete it."),
        (_, Verdict::Keep) => Ok((Vec::new(), false)),
        (_, Verdict::Delete) => Ok((Vec::new(), true)),
    }
}

/// The last commit.
pub(super) fn head(shared: &Shared, c: &Connection) -> Result<Point, HubError> {
    Ok(system::standing(c, shared.tables.version)?.head)
}

/// The last commit's seq, and how many devices have committed.
pub(super) fn known(shared: &Shared, c: &Connection) -> Result<(Seq, u64), HubError> {
    let devices = c.one("SELECT count(*) FROM windrow_devices", [], |r| r.get::<_, i64>(0))?;
    Ok((head(shared, c)?.seq, devices.unsigned_abs()))
}
