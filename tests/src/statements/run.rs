//! A case, run step by step on the device's database and on its twin, and judged after each step.

use super::Fault;
use super::case::{Case, Step};
use super::database::{By, Databases, Ran, execute};
use super::judge::{Entry, Moment, entries};
use super::rows::{Cell, Tables, query, tables};
use super::writes::Does;
use crate::product::log;
use windrow::rusqlite::Connection;

/// What a run came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Statements that write, as far as they were run.
    pub statements: u64,
    /// Of these, refused.
    pub refused: u64,
    /// Of these, refused by Windrow's triggers.
    pub guarded: u64,
    /// Entries judged, by operation.
    pub entries: [u64; 6],
    /// Rollbacks, also to savepoints, that were judged.
    pub rollbacks: u64,
    /// Cases that ended early because a trigger said `FAIL` in the middle of a foreign key's action, and all was taken back.
    pub taken_back: u64,
    /// Cases that ended early because SQLite itself overlooked a foreign key where nobody listens.
    pub overlooked: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.statements += other.statements;
        self.refused += other.refused;
        self.guarded += other.guarded;
        self.rollbacks += other.rollbacks;
        self.taken_back += other.taken_back;
        self.overlooked += other.overlooked;
        self.entries.iter_mut().zip(other.entries).for_each(|(sum, n)| *sum += n);
    }
}

/// The database at one point.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    tables: Tables,
    /// The number of the last entry.
    last: i64,
    /// Entries in the log.
    count: i64,
}

/// A place to which a rollback leads.
struct Mark {
    name: Option<String>,
    state: State,
}

/// Runs a case. `at` says which step is under way.
///
/// # Errors
/// What is wrong after that step.
pub(super) fn run(case: &Case, at: &mut usize) -> Result<Counts, Fault> {
    let mut databases = Databases::new(case)?;
    let state = read(&databases.main, case)?;
    let mut run = Run { case, state, marks: Vec::new(), counts: Counts::default() };
    for (i, step) in case.steps.iter().enumerate() {
        *at = i;
        if i == case.steps.len() / 2 {
            // The device hears of a clock that is ahead, and its own counts on from that.
            log::raise(&databases.main, (now() as u64 + 60 * MINUTE as u64) << 15)?;
        }
        match run.step(&mut databases, step)? {
            Ended::No => continue,
            Ended::Overlooked => run.counts.overlooked = 1,
            Ended::TakenBack => run.counts.taken_back = 1,
        }
        break;
    }
    run.changelog(&databases.main)?;
    Ok(run.counts)
}

fn read(conn: &Connection, case: &Case) -> Result<State, Fault> {
    let sql = "SELECT base, applying, (SELECT coalesce(max(number), 0) FROM main.windrow_log),
        (SELECT count(*) FROM main.windrow_log) FROM main.windrow_state";
    let row = query(conn, sql, &[])?.pop().ok_or("no state")?;
    let expected = [Cell::Integer(3), Cell::Integer(0)];
    if row[..2] != expected {
        return Err(format!("base and applying are {:?}", &row[..2]));
    }
    Ok(State { tables: tables(conn, &case.schema)?, last: row[2].integer()?, count: row[3].integer()? })
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

/// In milliseconds: more than a statement takes, and than clocks are set by while it runs.
const MINUTE: i64 = 60_000;

/// Whether a case ends early: the twin has other rows from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    No,
    Overlooked,
    TakenBack,
}

struct Run<'a> {
    case: &'a Case,
    /// Before the next step.
    state: State,
    /// The open transaction and its savepoints.
    marks: Vec<Mark>,
    counts: Counts,
}

impl Run<'_> {
    fn step(&mut self, databases: &mut Databases, step: &Step) -> Result<Ended, Fault> {
        let was_open = !databases.main.is_autocommit();
        if was_open && step.by != By::Main {
            // What it wrote could not be seen from within the transaction.
            return Ok(Ended::No);
        }
        let ran = applied(databases, step)?;
        let is_open = !databases.main.is_autocommit();
        self.count(step, &ran);
        sound(&ran)?;
        let after = read(&databases.main, self.case)?;
        let new = entries(&databases.main, &self.case.schema, self.state.last)?;
        if !refused_by_us(&ran) {
            let plain = twin(databases, step)?;
            if overlooked(databases, step, &ran, &plain, self.replaces(step))? {
                return Ok(Ended::Overlooked);
            }
            if half_way(&ran, &plain) {
                let same = after == self.state && new.is_empty() && was_open == is_open;
                return if same { Ok(Ended::TakenBack) } else { Err(format!("taken back to {after:?} and {new:?}")) };
            }
            self.beside_the_twin(databases, (step, &ran, &after), &plain)?;
        }
        if is_open && ran.is_err() && leaving(&databases.main)? {
            return self.refuses_to_commit(&databases.main).map(|()| Ended::TakenBack);
        }
        match self.rolled_back(step, &ran, was_open && !is_open) {
            Some(expected) => self.back(expected, &after)?,
            None => self.forth(step, &ran, &after, &new)?,
        }
        self.state = after;
        self.mark(step, &ran, is_open);
        Ok(Ended::No)
    }

    /// With deferred foreign keys what stopped half-way stays to the end of the transaction, but is never committed.
    fn refuses_to_commit(&self, main: &Connection) -> Result<(), Fault> {
        let committed = execute(main, "COMMIT");
        if !committed.as_ref().is_err_and(|e| e.contains("FOREIGN KEY")) {
            return Err(format!("half of a statement was committed: {committed:?}"));
        }
        execute(main, "ROLLBACK")?;
        let (back, before) = (read(main, self.case)?, self.marks.first().map(|m| &m.state));
        if Some(&back) == before { Ok(()) } else { Err(format!("rolled back to {back:?}, and it was {before:?}")) }
    }

    fn replaces(&self, step: &Step) -> bool {
        step.sql.contains("REPLACE") || self.case.users.say("REPLACE")
    }

    fn count(&mut self, step: &Step, ran: &Ran) {
        let writes = step.does != Does::Other || step.sql.contains(super::writes::PREFIX);
        self.counts.statements += u64::from(writes);
        self.counts.refused += u64::from(writes && ran.is_err());
        self.counts.guarded += u64::from(ran.as_ref().is_err_and(|e| e.contains("windrow: ")));
    }

    /// Capture changes nothing about what a statement does, unless it refuses it.
    fn beside_the_twin(
        &self,
        databases: &Databases,
        (step, ran, after): (&Step, &Ran, &State),
        plain: &Ran,
    ) -> Result<(), Fault> {
        match (ran, plain) {
            (Ok(rows), Ok(plain)) if rows == plain || matches!(step.by, By::Shell | By::Python) => {}
            (Err(_), Err(_)) => {}
            _ => return Err(format!("ran as {ran:?}, and without capture as {plain:?}")),
        }
        let rows = tables(&databases.twin, &self.case.schema)?;
        let same = rows == after.tables && databases.twin.is_autocommit() == databases.main.is_autocommit();
        if same { Ok(()) } else { Err(format!("left {:?}, and without capture {rows:?}", after.tables)) }
    }

    /// The state that a rollback leads to, if the step was one.
    fn rolled_back(&self, step: &Step, ran: &Ran, ended: bool) -> Option<State> {
        let name = step.sql.strip_prefix("ROLLBACK TO ");
        let mark = match (name, ran) {
            (Some(name), Ok(_)) => self.marks.iter().rev().find(|m| m.name.as_deref() == Some(name)),
            (None, Ok(_)) if step.sql == "ROLLBACK" => self.marks.first(),
            (_, Err(_)) if ended => self.marks.first(),
            _ => None,
        };
        mark.map(|m| m.state.clone())
    }

    fn back(&mut self, expected: State, after: &State) -> Result<(), Fault> {
        self.counts.rollbacks += 1;
        if expected == *after { Ok(()) } else { Err(format!("rolled back to {after:?}, and it was {expected:?}")) }
    }

    fn forth(&mut self, step: &Step, ran: &Ran, after: &State, new: &[Entry]) -> Result<(), Fault> {
        let silent = || new.is_empty() && after.last == self.state.last && after.count == self.state.count;
        if step.applying {
            return if silent() { Ok(()) } else { Err(format!("logged while applying: {new:?}")) };
        }
        let fails = step.sql.contains("OR FAIL") || self.case.users.say("RAISE(FAIL");
        if ran.is_err() && !fails {
            let same = silent() && after.tables == self.state.tables;
            return if same { Ok(()) } else { Err(format!("failed, and left {after:?} and {new:?}")) };
        }
        if after.count != self.state.count + new.len() as i64 {
            return Err("earlier entries are gone".into());
        }
        let now = now();
        if let Some(entry) = new.iter().find(|e| (e.at - now).abs() > MINUTE || e.stamp < e.at << 15) {
            return Err(format!("the clock is at {now}, and an entry at {} with the stamp {}", entry.at, entry.stamp));
        }
        for entry in new {
            self.counts.entries[usize::try_from(entry.op).unwrap_or(0).min(5)] += 1;
        }
        let users = &self.case.users;
        let moment = Moment {
            schema: &self.case.schema,
            before: &self.state.tables,
            after: &after.tables,
            entries: new,
            does: step.does,
            alone: !users.write() && !users.view,
            replaces: self.replaces(step),
            base: 3,
        };
        moment.judge()
    }

    /// Keeps track of the first program's transaction.
    fn mark(&mut self, step: &Step, ran: &Ran, is_open: bool) {
        if !is_open {
            return self.marks.clear();
        }
        if ran.is_err() || step.by != By::Main {
            return;
        }
        let place = |marks: &[Mark], name: &str| marks.iter().rposition(|m| m.name.as_deref() == Some(name));
        let mut words = step.sql.splitn(2, ' ');
        match (words.next(), words.next()) {
            (Some("BEGIN"), _) => self.marks.push(Mark { name: None, state: self.state.clone() }),
            (Some("SAVEPOINT"), Some(name)) => {
                self.marks.push(Mark { name: Some(name.to_owned()), state: self.state.clone() });
            }
            (Some("RELEASE"), Some(name)) => {
                place(&self.marks, name).into_iter().for_each(|at| self.marks.truncate(at));
            }
            (Some("ROLLBACK"), Some(name)) => {
                let name = name.trim_start_matches("TO ");
                place(&self.marks, name).into_iter().for_each(|at| self.marks.truncate(at + 1));
            }
            _ => {}
        }
    }

    /// The view that people read says the same as the log.
    fn changelog(&self, conn: &Connection) -> Result<(), Fault> {
        let view =
            "SELECT stamp, device, origin, \"table\", record, operation, fields, base FROM main.windrow_changelog";
        let rows = query(conn, view, &[])?;
        let all = entries(conn, &self.case.schema, 0)?;
        let expected: Vec<Vec<Cell>> = all.iter().map(|e| e.shown(&self.case.schema)).collect();
        if rows == expected { Ok(()) } else { Err(format!("the changelog shows {rows:?}, the log holds {expected:?}")) }
    }
}

/// Refused by a trigger of Windrow's, or because another program is writing: the twin is not asked.
fn refused_by_us(ran: &Ran) -> bool {
    ran.as_ref().is_err_and(|e| e.contains("windrow: ") || e.contains("locked"))
}

/// SQLite forgets to check a foreign key in some UPSERTs of tables that have a trigger on updates, and lets a reference that
/// leads nowhere make up for another one; versions differ in it. Of the references of a table to itself that a foreign key
/// empties, it leaves one unchecked in a REPLACE: which one hangs on the triggers. With capture it must not forget more.
fn overlooked(databases: &Databases, step: &Step, ran: &Ran, plain: &Ran, replaces: bool) -> Result<bool, Fault> {
    let refused = |ran: &Ran| ran.as_ref().is_err_and(|e| e.contains("FOREIGN KEY"));
    let dangling = |conn| query(conn, "PRAGMA foreign_key_check", &[]);
    if refused(ran) && plain.is_ok() {
        return Ok(!dangling(&databases.twin)?.is_empty());
    }
    if !refused(plain) || ran.is_err() {
        return Ok(false);
    }
    let (now, older) = (dangling(&databases.main)?, matches!(step.by, By::Shell | By::Python));
    let own = replaces && now.iter().any(|row| row[0] == row[2]);
    let before = !dangling(&databases.twin)?.is_empty();
    Ok(!now.is_empty() && (older || own || before))
}

/// Whether a trigger stopped it half-way, which capture must take back.
fn half_way(ran: &Ran, plain: &Ran) -> bool {
    let says = |ran: &Ran, word: &str| ran.as_ref().is_err_and(|e| e.contains(word));
    says(ran, "FOREIGN KEY") && plain.is_err() && !says(plain, "FOREIGN KEY")
}

/// Whether a record left without its trigger.
fn leaving(conn: &Connection) -> Result<bool, Fault> {
    let dangling = query(conn, "PRAGMA main.foreign_key_check", &[])?;
    Ok(dangling.iter().any(|row| matches!(&row[0], Cell::Text(table) if table.starts_with(b"windrow_leaving_"))))
}

/// Runs a step, as what it stands for.
fn applied(databases: &Databases, step: &Step) -> Result<Ran, Fault> {
    applying(&databases.main, step, true)?;
    let ran = databases.act(step);
    applying(&databases.main, step, false)?;
    ran
}

fn twin(databases: &mut Databases, step: &Step) -> Result<Ran, Fault> {
    applying(&databases.twin, step, true)?;
    let ran = databases.twin(step);
    applying(&databases.twin, step, false)?;
    ran
}

fn applying(conn: &Connection, step: &Step, now: bool) -> Result<(), Fault> {
    if step.applying {
        let sql = if now {
            "UPDATE main.windrow_state SET applying = 1"
        } else {
            "UPDATE main.windrow_state SET applying = 0"
        };
        conn.prepare_cached(sql).and_then(|mut s| s.execute([])).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// A statement that SQLite can't read is a fault of the generator's.
fn sound(ran: &Ran) -> Result<(), Fault> {
    let words = [
        "syntax error",
        "no such table",
        "no such column",
        "ambiguous",
        "unrecognized",
        "has no column",
        "misuse",
        "No such file",
    ];
    match ran {
        Err(e) if words.iter().any(|w| e.contains(w)) => Err(format!("the generator is wrong: {e}")),
        _ => Ok(()),
    }
}
