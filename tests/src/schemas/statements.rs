//! Every statement of a device and of a hub, run with values that its table can hold.

use super::Fault;
use super::database::{rows, run};
use fastrand::Rng;
use std::collections::HashMap;
use windrow::rusqlite::types::Value;
use windrow::rusqlite::{Connection, params_from_iter};
use windrow_schema::lock::{Column, Holds, Table};
use windrow_schema::sql::{Device, Hub, Sql};
use windrow_schema::{Declared, Strategy};

/// Runs the statements of a declared model on a database that has its tables.
pub(super) struct Statements<'a> {
    conn: &'a Connection,
    declared: &'a Declared,
    rng: &'a mut Rng,
    /// The record of each table.
    records: HashMap<String, Vec<u8>>,
    /// How many statements ran.
    pub(super) ran: u64,
}

impl<'a> Statements<'a> {
    /// None has run yet.
    pub(super) fn new(conn: &'a Connection, declared: &'a Declared, rng: &'a mut Rng) -> Statements<'a> {
        Statements { conn, declared, rng, records: HashMap::new(), ran: 0 }
    }

    fn all(&mut self, sql: &Sql, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Fault> {
        self.ran += 1;
        rows(self.conn, &self.declared.render(sql), params_from_iter(parameters))
    }

    fn same(&mut self, sql: &Sql, parameters: &[Value], wanted: &[Value]) -> Result<(), Fault> {
        let is = self.all(sql, parameters)?;
        if is == [wanted] {
            return Ok(());
        }
        Err(format!("{wanted:?} is wanted, and there is {is:?}: {}", self.declared.render(sql)))
    }

    /// All of a device, on a new record of each table. Parents come first, and go last.
    ///
    /// # Errors
    /// A statement that does not run, or says what it must not.
    pub(super) fn device(&mut self) -> Result<(), Fault> {
        run(self.conn, "PRAGMA foreign_keys = ON")?;
        let devices: Vec<Device> = self.declared.domain.models().iter().map(Device::of).collect();
        for (table, device) in self.declared.tables.iter().zip(&devices) {
            self.device_writes(table, device)?;
        }
        for (table, device) in self.declared.tables.iter().zip(&devices).rev() {
            self.device_reads(table, device)?;
        }
        Ok(())
    }

    fn device_writes(&mut self, table: &Table, device: &Device) -> Result<(), Fault> {
        let id = self.record(table);
        let (first, second) = (self.values(table, &id), self.values(table, &id));
        self.all(&device.insert, &row(&id, &first))?;
        self.same(&device.select, &[], &row(&id, &first))?;
        self.logged(table, "insert", |_| true)?;
        self.all(&device.upsert, &row(&id, &second))?;
        self.same(&device.select, &[], &row(&id, &second))?;
        let changed: Vec<bool> = first.iter().zip(&second).map(|(a, b)| a != b).collect();
        if changed.contains(&true) {
            self.logged(table, "update", |at| table.whole || changed[at])?;
        }
        let one = self.rng.usize(..table.columns.len());
        self.all(&device.put[one], &[blob(&id), first[one].clone()])?;
        let mut third = second.clone();
        third[one] = first[one].clone();
        self.same(&device.select, &[], &row(&id, &third))?;
        let patch: Vec<Value> =
            std::iter::once(blob(&id)).chain(masks(table, |at| at == one)).chain(second.clone()).collect();
        self.all(&device.patch, &patch)?;
        self.same(&device.select, &[], &row(&id, &second))?;
        let edit: Vec<Value> = std::iter::once(blob(&id)).chain(masks(table, |_| true)).chain(first.clone()).collect();
        self.all(&device.edit, &edit)?;
        let sums = table.columns.iter().zip(&second).zip(&first);
        let edited: Vec<Value> = sums.map(|((column, was), value)| added(column, was, value)).collect();
        self.same(&device.select, &[], &row(&id, &edited))
    }

    /// The last entry of the changelog is about this table and these fields.
    fn logged(&mut self, table: &Table, operation: &str, about: impl Fn(usize) -> bool) -> Result<(), Fault> {
        let says = "SELECT \"table\", operation, fields FROM windrow_changelog ORDER BY stamp DESC LIMIT 1";
        let is = rows(self.conn, says, [])?;
        self.ran += 1;
        let names =
            table.columns.iter().enumerate().filter(|(at, _)| about(*at)).map(|(_, column)| column.name.as_str());
        let names: Vec<&str> = names.collect();
        let Some([Value::Text(of), Value::Text(what), Value::Text(fields)]) = is.first().map(Vec::as_slice) else {
            return Err(format!("the changelog says {is:?}"));
        };
        let fields: Vec<String> = serde_json::from_str(fields).map_err(|e| format!("{e}: {fields}"))?;
        match (of, what.as_str()) == (&table.name, operation) && fields == names {
            true => Ok(()),
            false => Err(format!("{operation} of {names:?} is logged as {is:?}")),
        }
    }

    fn device_reads(&mut self, table: &Table, device: &Device) -> Result<(), Fault> {
        let id = self.records.get(&table.name).cloned().unwrap_or_default();
        self.same(&device.between, &[blob(&id), blob(&id)], &[blob(&id)])?;
        self.same(&device.neighbours, &[blob(&id)], &[Value::Null, Value::Null])?;
        for sql in &device.referring {
            self.all(sql, &[blob(&id)])?;
        }
        self.all(&device.forget_notes, &[])?;
        let row = self.all(&device.select, &[])?;
        self.all(&device.delete, &[blob(&id)])?;
        self.logged(table, "delete", |_| false)?;
        self.last(table, &row)?;
        if self.declared.domain.models().iter().any(|m| m.table() == table.name && self.declared.domain.takes_along(m))
        {
            self.all(&device.forget_leaving, &[])?;
        }
        Ok(())
    }

    /// The last entry of the log is a delete that holds this row, each value at its field's position, and nothing beyond.
    fn last(&mut self, table: &Table, row: &[Vec<Value>]) -> Result<(), Fault> {
        let wide = self.declared.domain.widest();
        let masks = wide.div_ceil(63);
        let names = (0..masks).map(|m| format!(", mask{m}")).chain((0..wide).map(|at| format!(", value{at}")));
        let names: String = names.collect();
        let newest = format!("SELECT operation, record{names} FROM windrow_log ORDER BY number DESC LIMIT 1");
        let is = rows(self.conn, &newest, [])?;
        self.ran += 1;
        let [Some((id, values))] = row.iter().map(|row| row.split_first()).collect::<Vec<_>>()[..] else {
            return Err(format!("{row:?} is no row"));
        };
        let head = [Value::Integer(3), id.clone()].into_iter().chain(vec![Value::Integer(0); masks]);
        let beyond = vec![Value::Null; wide - table.columns.len()];
        let wanted: Vec<Value> = head.chain(values.iter().cloned()).chain(beyond).collect();
        if is == [wanted] { Ok(()) } else { Err(format!("{row:?} is deleted, and logged as {is:?}")) }
    }

    /// All of a hub, on a new record of each table, which stays.
    ///
    /// # Errors
    /// As [`Statements::device`].
    pub(super) fn hub(&mut self) -> Result<(), Fault> {
        let hubs: Vec<Hub> = self.declared.domain.models().iter().map(Hub::of).collect();
        for (table, hub) in self.declared.tables.iter().zip(&hubs) {
            self.hub_of(table, hub)?;
        }
        Ok(())
    }

    fn hub_of(&mut self, table: &Table, hub: &Hub) -> Result<(), Fault> {
        let id = self.record(table);
        let values = self.values(table, &id);
        let numbers = [5, 6, 7, 8, 9].map(Value::Integer);
        let packed = Value::Blob(vec![1, 2, 3]);
        let references = table.columns.iter().zip(&values).filter(|(c, _)| c.parent.is_some()).map(|(_, v)| v.clone());
        let version =
            [blob(&id), blob(&id)].into_iter().chain(numbers).chain([packed.clone()]).chain(references.clone());
        let version: Vec<Value> = version.collect();
        for _ in 0..2 {
            self.all(&hub.save, &version)?;
            self.all(&hub.upsert, &row(&id, &values))?;
        }
        let shown = |head: &[Value]| head.iter().chain(&values).cloned().collect::<Vec<_>>();
        self.same(&hub.load, &[blob(&id)], &shown(&[blob(&id), packed.clone()]))?;
        let place = [Value::Integer(0), Value::Blob(Vec::new()), Value::Integer(9)];
        self.same(&hub.scan, &place, &shown(&[blob(&id), Value::Integer(5), packed.clone()]))?;
        self.same(&hub.scope, &[blob(&id)], &[blob(&id)])?;
        self.same(&hub.between, &[blob(&id), blob(&id)], &[blob(&id)])?;
        self.same(&hub.neighbours, &[blob(&id)], &[Value::Null, Value::Null])?;
        for (sql, names) in hub.referring.iter().zip(references) {
            if names != Value::Null {
                self.same(sql, &[names], &[blob(&id)])?;
            }
        }
        let unique = table.columns.iter().zip(&values).filter(|(c, _)| c.unique).map(|(_, v)| v);
        for (sql, value) in hub.same.iter().zip(unique) {
            if *value != Value::Null {
                self.same(sql, &[value.clone(), Value::Blob(vec![0; 16])], &[blob(&id)])?;
            }
        }
        self.all(&hub.delete, &[blob(&id)])?;
        self.all(&hub.upsert, &row(&id, &values)).map(|_| ())
    }

    fn record(&mut self, table: &Table) -> Vec<u8> {
        let id: Vec<u8> = (0..16).map(|_| self.rng.u8(..)).collect();
        self.records.insert(table.name.clone(), id.clone());
        id
    }

    fn values(&mut self, table: &Table, id: &[u8]) -> Vec<Value> {
        table.columns.iter().map(|column| self.value(table, column, id)).collect()
    }

    /// A value that a column can hold; sums are small, so that they add up.
    fn value(&mut self, table: &Table, column: &Column, id: &[u8]) -> Value {
        if column.nullable && self.rng.u8(..4) == 0 {
            return Value::Null;
        }
        let own = column.parent.as_ref().is_some_and(|p| p.table == table.name);
        let text = |text: &str| Value::Text(text.to_owned());
        match &column.holds {
            _ if column.strategy == Strategy::Sum => Value::Integer(self.rng.i64(-9..9)),
            Holds::Id if own => blob(id),
            Holds::Id => blob(column.parent.as_ref().and_then(|p| self.records.get(&p.table)).map_or(&[], |id| id)),
            Holds::Bool => Value::Integer(self.rng.i64(0..=1)),
            Holds::Integer { min, max } => Value::Integer(self.rng.i64(*min..=*max)),
            Holds::Timestamp | Holds::Decimal(_) => Value::Integer(self.rng.i64(..)),
            Holds::Real => Value::Real(self.rng.choice([0.5, -1e300, 5e-324, 3.0]).unwrap_or_default()),
            Holds::Text => Value::Text(super::words::text(self.rng)),
            Holds::Blob => Value::Blob((0..self.rng.u8(..9)).map(|_| self.rng.u8(..)).collect()),
            Holds::Date => text(self.rng.choice(["2024-02-29", "0000-01-01", "9999-12-31"]).unwrap_or_default()),
            Holds::Json => text(self.rng.choice(["{}", "[1,\"'\"]", "null", "\"ü\""]).unwrap_or_default()),
            Holds::Enum(texts) => text(&texts[self.rng.usize(..texts.len())]),
        }
    }
}

fn blob(bytes: &[u8]) -> Value {
    Value::Blob(bytes.to_vec())
}

fn row(id: &[u8], values: &[Value]) -> Vec<Value> {
    std::iter::once(blob(id)).chain(values.iter().cloned()).collect()
}

/// The masks in which the bits of such fields are set.
fn masks(table: &Table, set: impl Fn(usize) -> bool) -> impl Iterator<Item = Value> {
    let count = table.columns.len();
    let mask =
        move |m: usize| (m * 63..count.min(m * 63 + 63)).filter(|at| set(*at)).map(|at| 1 << (at % 63)).sum::<i64>();
    (0..count.div_ceil(63)).map(move |m| Value::Integer(mask(m)))
}

/// What a column holds after an edit with this value.
fn added(column: &Column, was: &Value, value: &Value) -> Value {
    match (column.strategy, was, value) {
        (Strategy::Sum, Value::Integer(a), Value::Integer(b)) => Value::Integer(a + b),
        _ => value.clone(),
    }
}
