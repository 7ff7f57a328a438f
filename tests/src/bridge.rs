//! From the oracle's terms to the product's and back.

use crate::oracle::log as said;
use crate::oracle::schema as plain;
use crate::oracle::{self, Id, Row, Value};
use windrow_protocol::change::Key;
use windrow_protocol::clock::{Hlc, Seq};
use windrow_protocol::id::RecordId;
use windrow_protocol::log::{About, Entry, Op};
use windrow_protocol::model::{Deletes, Field, FieldIx, Kind, OnDelete, Parent, Schema, Strategy, Table};
use windrow_protocol::value;

/// The same tables as the product's core knows them. Descriptors are constants there: these live as long as the program.
pub fn schema(of: &plain::Schema) -> Schema {
    let tables = of.tables().iter().map(table).collect();
    Schema::new(tables).unwrap_or_else(|e| unreachable!("the oracle's tables stand in order: {e}"))
}

fn table(of: &plain::Table) -> Table {
    let fields: Vec<Field> = of.fields.iter().map(field).collect();
    let deletes = match of.deletes {
        plain::Deletes::Keep => Deletes::Keep,
        plain::Deletes::Drop => Deletes::Drop,
        plain::Deletes::Review => Deletes::Review,
    };
    Table { name: of.name, type_name: of.name, fields: fields.leak(), deletes, whole: false, scope: false }
}

fn field(of: &plain::Field) -> Field {
    let strategy = match of.strategy {
        plain::Strategy::Lww => Strategy::Lww,
        plain::Strategy::Sum => Strategy::Sum,
        plain::Strategy::Max => Strategy::Max,
        plain::Strategy::Min => Strategy::Min,
        plain::Strategy::Review => Strategy::Review,
    };
    let parent = of.parent.map(|(table, on_delete)| {
        let on_delete = match on_delete {
            plain::OnDelete::Restrict => OnDelete::Restrict,
            plain::OnDelete::Cascade => OnDelete::Cascade,
            plain::OnDelete::SetNull => OnDelete::SetNull,
        };
        Parent { table, on_delete }
    });
    let kind = if parent.is_some() { Kind::Id } else { Kind::Integer { min: i64::MIN, max: i64::MAX } };
    let nullable = strategy != Strategy::Sum;
    Field { name: of.name, kind, nullable, strategy, parent, unique: false, default: None }
}

/// A record's name.
pub fn key(schema: &Schema, of: oracle::Key) -> Key {
    let table = schema.find(of.0).unwrap_or_else(|| unreachable!("{} is in the schema", of.0));
    (table, RecordId(of.1.to_be_bytes()))
}

/// A record's name, back.
pub fn plain_key(schema: &Schema, of: Key) -> oracle::Key {
    (schema.table(of.0).name, Id::from_be_bytes(of.1.0))
}

/// A value.
pub fn value(of: Value) -> value::Value {
    match of {
        Value::Null => value::Value::Null,
        Value::Int(n) => value::Value::Integer(n),
        Value::Ref(id) => value::Value::Blob(id.to_be_bytes().to_vec()),
    }
}

/// A value, back.
pub fn plain_value(of: &value::Value) -> Value {
    match of {
        value::Value::Integer(n) => Value::Int(*n),
        value::Value::Blob(bytes) => {
            RecordId::from_slice(bytes).map_or(Value::Null, |id| Value::Ref(Id::from_be_bytes(id.0)))
        }
        _ => Value::Null,
    }
}

/// Values of all fields, in order, as a row.
pub fn plain_row(table: &Table, values: &[value::Value]) -> Row {
    table.fields.iter().zip(values).map(|(f, v)| (f.name, plain_value(v))).collect()
}

/// A log entry.
pub fn entry(schema: &Schema, of: &said::Entry) -> Entry {
    let (table, id) = key(schema, of.key);
    let field = |name: &str| position(schema.table(table), name);
    let all = |row: &Row| schema.table(table).fields.iter().map(|f| value(row[f.name])).collect::<Vec<_>>();
    let op = match &of.op {
        said::Op::Insert(row) => Op::Insert(all(row)),
        said::Op::Update(row) => {
            let mut changed: Vec<_> = row.iter().map(|(f, v)| (field(f), value(*v))).collect();
            changed.sort_by_key(|(f, _)| *f);
            Op::Update(changed)
        }
        said::Op::Delete(row) => Op::Delete(all(row)),
        said::Op::Cascade(row, parent) => {
            let target = key(schema, *parent);
            let names =
                |f: &Field| f.parent.is_some_and(|p| p.table == parent.0) && row[f.name] == Value::Ref(parent.1);
            let via = schema.table(table).fields.iter().position(names);
            let via = via.unwrap_or_else(|| unreachable!("{target:?} took a record that does not name it"));
            Op::Cascade { last: all(row), via }
        }
        said::Op::Stale(name, target) => Op::Stale { field: field(name), target: key(schema, *target).1 },
        said::Op::Resolve(about, v) => match about {
            said::About::Field(name) => Op::Resolve(About::Fields, vec![(field(name), value(*v))]),
            said::About::Delete => Op::Resolve(About::Delete, Vec::new()),
            said::About::Unique(name) => Op::Resolve(About::Unique(field(name)), Vec::new()),
        },
    };
    let base = Seq::from_bits(of.base).unwrap_or_default();
    Entry { hlc: Hlc::from_bits(of.hlc).unwrap_or_default(), table, id, base, op }
}

/// Where a field stands in its table.
pub fn position(table: &Table, name: &str) -> FieldIx {
    table.fields.iter().position(|f| f.name == name).unwrap_or_else(|| unreachable!("{name} is in {}", table.name))
}
