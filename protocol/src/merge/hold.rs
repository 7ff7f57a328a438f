//! Records that the hub does not know any more, as a device still has them: it was restored from a backup, and nobody may
//! have the log of what it lost.

use super::Begun;
use super::history::Notice;
use crate::change::{Held, Key};
use crate::clock::Hlc;
use crate::model::{Schema, Strategy};
use crate::record::{Candidate, Record};
use crate::value::Value;

/// The record as the device has it, below every write. Sums begin at nothing: their differences come from who still has
/// them in its log.
pub(super) fn hold(schema: &Schema, held: &Held, begun: &mut Begun) {
    let (key, table) = (held.key(), schema.table(held.table));
    let stamp = begun.stamp(fault!(WeakIsStrong: Hlc::LAST, Hlc::ZERO));
    let mut record = Record::new(table, begun.seq, stamp);
    for (field, value) in &held.values {
        let register = &mut record.fields[*field];
        if value.is_null() {
            // It was left empty by who knows the field: its default is for others.
            register.value = Value::Null;
            continue;
        }
        (register.value, register.stamp) = (value.clone(), stamp);
        if table.fields[*field].strategy == Strategy::Review {
            let candidate = Candidate { value: value.clone(), stamp, device: begun.device, seq: begun.seq };
            register.candidates = vec![candidate];
        }
    }
    begun.touched.insert(key, record);
    schema.parents(held.table).iter().for_each(|edge| begun.refer(edge, key));
    begun.derived(key, Notice::BroughtBack);
}

/// The records that what is held refers to.
pub(super) fn references<'a>(schema: &'a Schema, held: &'a Held) -> impl Iterator<Item = Key> + 'a {
    held.values.iter().filter_map(|(field, value)| crate::fold::parent_named(schema, held.key(), *field, Some(value)))
}
