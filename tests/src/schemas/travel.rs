//! From the first version to another, and back.

use super::database::{self, Of};
use super::statements::Statements;
use super::{Counts, Fault, back, product, read, shell, source};
use crate::versions::{next_adding, write};
use fastrand::Rng;
use windrow::rusqlite::{Connection, ErrorCode};
use windrow_schema::Declared;
use windrow_schema::lock::{Choices, Lock, Plan, Table, compare};
use windrow_schema::sql::migrate::Script;

/// The databases of a model that moves from version to version.
pub(super) struct Travel<'a> {
    rng: &'a mut Rng,
    lock: Lock,
    /// A device's and a hub's, with rows in them.
    databases: [(Of, Connection); 2],
    counts: &'a mut Counts,
    /// The most columns that a new version adds to a table.
    adds: usize,
    /// Whether the machine's shell follows, on files.
    shell: bool,
    /// What each version declares.
    declared: Vec<Declared>,
}

impl<'a> Travel<'a> {
    /// Makes the databases of the first version, and runs all its statements on them.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub(super) fn start(
        rng: &'a mut Rng,
        first: &Declared,
        counts: &'a mut Counts,
        adds: usize,
        shell: bool,
    ) -> Result<Travel<'a>, Fault> {
        let plan = compare(None, first.tables.clone(), &Choices::default()).map_err(|r| format!("{r:?}"))?;
        let mut lock = Lock::new(first.name.clone());
        push(&mut lock, &plan.named("start"))?;
        let databases =
            [(Of::Device, database::fresh(Of::Device, first)?), (Of::Hub, database::fresh(Of::Hub, first)?)];
        for (of, conn) in &databases {
            let mut statements = Statements::new(conn, first, rng);
            if *of == Of::Device {
                statements.device()?
            } else {
                statements.hub()?
            }
            counts.statements += statements.ran;
        }
        fill(&databases[0].1, rng, &first.tables, counts)?;
        conflicts(&databases, &first.tables)?;
        if shell {
            counts.shell += u64::from(shell::makes(first)?);
        }
        Ok(Travel { rng, lock, databases, counts, adds, shell, declared: vec![first.clone()] })
    }

    /// To any version that may follow.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub(super) fn on(&mut self) -> Result<(), Fault> {
        let before = self.lock.last().ok_or("no version")?.clone();
        let next = next_adding(self.rng, &before, self.adds)?;
        let declared = self.read(&next.tables, &[])?;
        let plan = compare(Some(&before), declared.tables.clone(), &next.choices);
        let plan = plan.map_err(|refused| format!("a change that may be was refused: {}", refused[0]))?;
        self.migrate(&plan.named("next"), &declared)?;
        fill(&self.databases[0].1, self.rng, &declared.tables, self.counts)?;
        self.declared.push(declared);
        Ok(())
    }

    /// Back to the first version, as far as one may go back.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub(super) fn back(&mut self) -> Result<(), Fault> {
        let first = self.declared[0].clone();
        let before = self.lock.last().ok_or("no version")?.clone();
        let mut way = back::Way::to(&first.tables, &before)?;
        let mut refused = false;
        let (plan, declared) = loop {
            let declared = self.read(&way.tables, &way.told)?;
            match compare(Some(&before), declared.tables.clone(), &way.choices) {
                Ok(plan) => break (plan, declared),
                Err(refusals) => way.heed(&refusals)?,
            }
            (refused, self.counts.refusals) = (true, self.counts.refusals + 1);
        };
        self.migrate(&plan.named("back"), &declared)?;
        self.declared.push(declared);
        if refused {
            return Ok(());
        }
        self.counts.round_trips += 1;
        for (of, conn) in &self.databases {
            // The view lists tables in the order in which structs are listed, which is any.
            let but_views = |sql: &str| !sql.starts_with("CREATE VIEW");
            database::new(conn, *of, &first, but_views).map_err(|e| format!("there and back: {e}"))?;
        }
        Ok(())
    }

    /// Leads the product's own files the same way.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub(super) fn product(&mut self) -> Result<(), Fault> {
        self.counts.opened += product::opens(self.rng, &self.lock, &self.declared)?;
        Ok(())
    }

    fn read(&mut self, tables: &[Table], told: &[(String, String, String)]) -> Result<Declared, Fault> {
        let items = source::items(self.rng, tables, told);
        let files = source::files(self.rng, items);
        read::as_drawn(&files, tables).map_err(|e| format!("{e}\n{}", super::texts(&files)))
    }

    fn migrate(&mut self, plan: &Plan, now: &Declared) -> Result<(), Fault> {
        push(&mut self.lock, plan)?;
        for (of, conn) in &self.databases {
            let script = if *of == Of::Device { Script::device(plan) } else { Script::hub(plan) }?;
            if *of == Of::Device {
                database::widen(conn, &database::log(now))?;
            }
            if self.shell {
                self.counts.shell += u64::from(shell::migrates(conn, *of, &script, now)?);
            }
            database::migrate(conn, *of, &script, now)?;
            self.counts.migrating += script.statements().len() as u64;
        }
        Ok(())
    }
}

/// Adds a version to the lock, which is read as it was written, byte for byte.
///
/// # Errors
/// What is different.
pub(super) fn push(lock: &mut Lock, plan: &Plan) -> Result<(), Fault> {
    lock.push(plan);
    let text = lock.write();
    let read = Lock::read(&text).map_err(|e| format!("{e}\n{text}"))?;
    if read != *lock || read.write() != text {
        return Err(format!("the lock is read as another:\n{text}\n{}", read.write()));
    }
    match read.plans().map(|mut plans| plans.pop()) {
        Ok(Some(again)) if again == *plan => Ok(()),
        again => Err(format!("the lock leads elsewhere: {again:?}")),
    }
}

/// Writes by another program. Only what a table may refuse is refused.
fn fill(conn: &Connection, rng: &mut Rng, tables: &[Table], counts: &mut Counts) -> Result<(), Fault> {
    for _ in 0..12 {
        let table = &tables[rng.usize(..tables.len())];
        let sql = write(conn, rng, table);
        counts.statements += 1;
        match conn.execute_batch(&sql) {
            Err(e) if e.sqlite_error_code() != Some(ErrorCode::ConstraintViolation) => {
                return Err(format!("{e}: {sql}"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// An open conflict about a record of each table, so that what names the table is there to be renamed.
fn conflicts(databases: &[(Of, Connection); 2], tables: &[Table]) -> Result<(), Fault> {
    for (of, conn) in databases {
        let sql = match of {
            Of::Device => {
                "INSERT INTO windrow_conflicts VALUES (?2, zeroblob(16), 'delete', '[]', ?1, '[]', NULL, NULL)"
            }
            Of::Hub => "INSERT INTO windrow_conflicts VALUES (?1, zeroblob(16), 1, ?2, 1, '')",
        };
        for (at, table) in tables.iter().enumerate() {
            conn.execute(sql, (at as i64, &table.name)).map_err(|e| e.to_string())?;
        }
    }
    Ok(())
}
