//! Short digests: what binds a session to its payload, names a schema, guards shortened ids, and tells whether two tables
//! are equal.

use crate::id::RecordId;
use crate::model::{self, Kind, Parent, Strategy, Table};
use crate::value::Value;
use sha2::{Digest, Sha256};

/// The first `N` bytes of the SHA-256 of `parts`, one after another.
pub(crate) fn of<const N: usize>(parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> [u8; N] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_ref());
    }
    let mut out = [0; N];
    out.copy_from_slice(&hash.finalize()[..N]);
    out
}

/// Names a schema: names, kinds, strategies, references, in order. `type_name` is a name for people and not part of it.
pub(crate) fn of_tables(tables: &[Table]) -> [u8; 8] {
    let text = |t: &Table| {
        let fields: Vec<Field> = t.fields.iter().map(Field::of).collect();
        format!("{}|{fields:?}|{:?}|{}|{}\n", t.name, t.deletes, t.whole, t.scope)
    };
    of(tables.iter().map(text))
}

/// What device and hub must agree on of a field: its default is the hub's alone. Written out, it is part of the digest, so
/// neither its names nor their order may change: devices in the field have it in their programs.
#[derive(Debug)]
#[expect(dead_code, reason = "they are read by being written out")]
struct Field {
    name: &'static str,
    kind: Kind,
    nullable: bool,
    strategy: Strategy,
    parent: Option<Parent>,
    unique: bool,
}

impl Field {
    fn of(field: &model::Field) -> Field {
        let model::Field { name, kind, nullable, strategy, parent, unique, default: _ } = *field;
        Field { name, kind, nullable, strategy, parent, unique }
    }
}

/// What a table shows, whatever the order of its rows: their number, and the sum of their hashes.
///
/// A sum, because equal rows must not cancel each other out (Bellare and Micciancio, *A New Paradigm for Collision-free
/// Hashing*, 1997). It tells accidents, not attacks: whoever may write to a table may make it show anything anyway.
///
/// ```
/// use windrow_protocol::{digest::TableDigest, id::RecordId, value::Value};
///
/// let row = |n: u8| (RecordId([n; 16]), [Value::Integer(n.into())]);
/// let (mut here, mut there) = (TableDigest::default(), TableDigest::default());
/// [1, 2].map(row).iter().for_each(|(id, values)| here.add(*id, values));
/// [2, 1].map(row).iter().for_each(|(id, values)| there.add(*id, values));
/// assert_eq!(here, there);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableDigest {
    /// How many rows.
    pub rows: u64,
    /// The sum of 128 bits of the SHA-256 of each.
    pub sum: u128,
}

impl TableDigest {
    /// Adds a row: its id, its fields in order.
    pub fn add(&mut self, id: RecordId, values: &[Value]) {
        let mut hash = Sha256::new();
        hash.update(id.0);
        values.iter().for_each(|value| add_value(&mut hash, value));
        let mut half = [0; 16];
        half.copy_from_slice(&hash.finalize()[..16]);
        self.rows += 1;
        self.sum = self.sum.wrapping_add(u128::from_le_bytes(half));
    }
}

/// Class and content, so that no two different rows are the same bytes.
fn add_value(hash: &mut Sha256, value: &Value) {
    let mut add = |class: u8, bytes: &[u8]| {
        hash.update([class]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    match value {
        Value::Null => add(0, &[]),
        Value::Integer(n) => add(1, &n.to_le_bytes()),
        // A number is told and stored bit by bit; the two zeros are one to SQLite.
        Value::Real(r) => add(2, &(r + 0.0).to_bits().to_le_bytes()),
        Value::Text(text) => add(3, text.as_bytes()),
        Value::Blob(bytes) => add(4, bytes),
    }
}
