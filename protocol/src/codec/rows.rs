//! What is rare enough to be written one by one: values by themselves, resolves, conflicts.

use super::column::stamps::{read_hlc, read_seq, write_hlc, write_seq};
use super::read::{Reader, Result};
use super::write::Writer;
use crate::change::Resolve;
use crate::clock::{DeviceId, Hlc, Seq};
use crate::id::RecordId;
use crate::log::About;
use crate::model::FieldIx;
use crate::told::{Choice, Conflict};
use crate::value::Value;

/// What rows are written relative to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near {
    /// The message's highest stamp.
    pub(super) hlc: Hlc,
    /// Its checkpoint.
    pub(super) seq: Seq,
}

/// Allocators give memory in multiples of about this.
const ALLOCATION: usize = 16;

const NULL: u8 = 0;
const INTEGER: u8 = 1;
const REAL: u8 = 2;
const TEXT: u8 = 3;
const BLOB: u8 = 4;

/// Writes a value: its class, then its content.
pub(super) fn write_value(w: &mut Writer, value: &Value) {
    match value {
        Value::Null => w.byte(NULL),
        Value::Integer(n) => {
            w.byte(INTEGER);
            w.signed(*n);
        }
        Value::Real(x) => {
            w.byte(REAL);
            w.slice(&x.to_bits().to_le_bytes());
        }
        Value::Text(text) => write_string(w, TEXT, text.as_bytes()),
        Value::Blob(bytes) => write_string(w, BLOB, bytes),
    }
}

fn write_string(w: &mut Writer, class: u8, bytes: &[u8]) {
    w.byte(class);
    w.count(bytes.len());
    w.slice(bytes);
}

/// Reads a value. Its content is charged, its own size is not.
pub(super) fn read_value(r: &mut Reader<'_>) -> Result<Value> {
    match r.byte()? {
        NULL => Ok(Value::Null),
        INTEGER => r.signed().map(Value::Integer),
        REAL => r.u64().map(|bits| Value::Real(f64::from_bits(bits))),
        TEXT => read_string(r).and_then(|bytes| text(r, bytes)),
        BLOB => read_string(r).and_then(|bytes| blob(r, bytes)),
        _ => r.malformed("an unknown class of value"),
    }
}

fn read_string<'a>(r: &mut Reader<'a>) -> Result<&'a [u8]> {
    let len = r.count()?;
    r.slice(len)
}

/// A text of these bytes.
pub(super) fn text(r: &mut Reader<'_>, bytes: &[u8]) -> Result<Value> {
    r.charge(bytes.len().next_multiple_of(ALLOCATION), 1)?;
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Value::Text(text.to_owned())),
        Err(_) => r.malformed("a text that is not UTF-8"),
    }
}

/// A blob of these bytes.
pub(super) fn blob(r: &mut Reader<'_>, bytes: &[u8]) -> Result<Value> {
    r.charge(bytes.len().next_multiple_of(ALLOCATION), 1)?;
    Ok(Value::Blob(bytes.to_vec()))
}

/// Writes how many there are, then each.
pub(super) fn write_list<T>(w: &mut Writer, list: &[T], mut one: impl FnMut(&mut Writer, &T)) {
    w.count(list.len());
    list.iter().for_each(|item| one(w, item));
}

/// Reads a list of which every item takes at least a byte.
pub(super) fn read_list<'a, T>(
    r: &mut Reader<'a>,
    mut one: impl FnMut(&mut Reader<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    let n = r.count()?;
    r.charge(n, size_of::<T>())?;
    (0..n).map(|_| one(r)).collect()
}

/// Fields in ascending order; each is written as its distance from the last.
pub(super) fn write_fields(w: &mut Writer, fields: &[FieldIx]) {
    let mut next = 0;
    write_list(w, fields, |w, &field| {
        w.count(field.wrapping_sub(next));
        next = field + 1;
    });
}

/// Reads fields of a table that has `bound` of them.
pub(super) fn read_fields(r: &mut Reader<'_>, bound: usize) -> Result<Vec<FieldIx>> {
    let mut next = 0;
    read_list(r, |r| {
        let field = next + r.below(bound - next, "a field that the table does not have")?;
        next = field + 1;
        Ok(field)
    })
}

const ABOUT_FIELDS: u64 = 0;
const ABOUT_DELETE: u64 = 1;
const ABOUT_UNIQUE: usize = 2;

fn write_about(w: &mut Writer, about: About) {
    match about {
        About::Fields => w.varint(ABOUT_FIELDS),
        About::Delete => w.varint(ABOUT_DELETE),
        About::Unique(field) => w.count(ABOUT_UNIQUE + field),
    }
}

fn read_about(r: &mut Reader<'_>, fields: usize) -> Result<About> {
    Ok(match r.below(ABOUT_UNIQUE + fields, "about a field that the table does not have")? {
        0 => About::Fields,
        1 => About::Delete,
        unique => About::Unique(unique - ABOUT_UNIQUE),
    })
}

/// Writes the resolves of one record.
pub(super) fn write_resolves(w: &mut Writer, near: Near, resolves: &[Resolve]) {
    write_list(w, resolves, |w, resolve| {
        write_about(w, resolve.about);
        write_fields(w, &resolve.chosen.iter().map(|(field, _)| *field).collect::<Vec<_>>());
        resolve.chosen.iter().for_each(|(_, value)| write_value(w, value));
        write_hlc(w, near.hlc, resolve.hlc);
        write_seq(w, near.seq, resolve.base);
    });
}

/// Reads the resolves of one record, whose table has so many `fields`.
pub(super) fn read_resolves(r: &mut Reader<'_>, near: Near, fields: usize) -> Result<Vec<Resolve>> {
    read_list(r, |r| {
        let about = read_about(r, fields)?;
        let chosen = read_fields(r, fields)?;
        r.charge(chosen.len(), size_of::<(FieldIx, Value)>())?;
        let chosen = chosen.into_iter().map(|field| Ok((field, read_value(r)?))).collect::<Result<_>>()?;
        Ok(Resolve { about, chosen, hlc: read_hlc(r, near.hlc)?, base: read_seq(r, near.seq)? })
    })
}

/// Writes the open conflicts of one record.
pub(super) fn write_conflicts(w: &mut Writer, near: Near, conflicts: &[Conflict]) {
    write_list(w, conflicts, |w, conflict| {
        write_about(w, conflict.about);
        write_fields(w, &conflict.fields);
        write_seq(w, near.seq, conflict.seq);
        write_list(w, &conflict.candidates, |w, choice| write_choice(w, near, choice));
        w.byte(conflict.other.is_some().into());
        conflict.other.iter().for_each(|id| w.slice(&id.0));
    });
}

fn write_choice(w: &mut Writer, near: Near, choice: &Choice) {
    write_list(w, &choice.values, write_value);
    w.slice(&choice.device.bits().to_le_bytes());
    write_hlc(w, near.hlc, choice.hlc);
}

/// Reads the open conflicts of one record, whose table has so many `fields`.
pub(super) fn read_conflicts(r: &mut Reader<'_>, near: Near, fields: usize) -> Result<Vec<Conflict>> {
    read_list(r, |r| {
        Ok(Conflict {
            about: read_about(r, fields)?,
            fields: read_fields(r, fields)?,
            seq: read_seq(r, near.seq)?,
            candidates: read_list(r, |r| read_choice(r, near))?,
            other: read_other(r)?,
        })
    })
}

fn read_choice(r: &mut Reader<'_>, near: Near) -> Result<Choice> {
    Ok(Choice { values: read_list(r, read_value)?, device: read_device(r)?, hlc: read_hlc(r, near.hlc)? })
}

/// Reads a device's number.
pub(super) fn read_device(r: &mut Reader<'_>) -> Result<DeviceId> {
    let bits = r.u64()?;
    DeviceId::from_bits(bits).map_or_else(|| r.malformed("a device's number out of range"), Ok)
}

fn read_other(r: &mut Reader<'_>) -> Result<Option<RecordId>> {
    match r.byte()? {
        0 => Ok(None),
        1 => r.array().map(|id| Some(RecordId(id))),
        _ => r.malformed("neither an id nor none"),
    }
}
