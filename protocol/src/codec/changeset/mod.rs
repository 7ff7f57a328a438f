//! Changesets as bytes.

mod group;
mod head;
mod recovery;

use self::group::{Group, Shape};
use self::head::Written;
use super::column::ids::WHOLE;
use super::frame::{self, Body, Kind};
use super::groups::{GroupReader, GroupWriter};
use super::rows::{Near, read_device};
use super::short::{self, Encoded, hash_of};
use super::{DecodeError, Effort, Limits};
use crate::change::{Change, Changeset};
use crate::clock::{DeviceId, Point, Span};
use crate::id::RecordId;
use crate::model::Schema;
use std::collections::BTreeMap;

const KIND: Kind = Kind { name: "changeset", magic: *b"WC", flags: head::ALL };

/// A changeset as bytes. `lens` says for each of its changes, in order, how many leading bits of the id name a record
/// of its table unambiguously as far as the sender knows, 1 to 128. An id of a record that the hub may not have must be
/// whole (128): that of every record born here.
pub fn encode_changeset(schema: &Schema, changeset: &Changeset, lens: &[u8], effort: Effort) -> Vec<u8> {
    let (written, body) = pack(schema, changeset, lens, effort);
    seal(schema, changeset, written, &body)
}

/// A changeset as [`encode_changeset`] writes it, but for where its device stands: another of its commits may be under way while it
/// is packed.
#[derive(Debug)]
pub struct Packed {
    /// Without its changes.
    changeset: Changeset,
    written: Written,
    body: frame::Packed,
}

impl Packed {
    /// Packs it; `lens` and `effort` are as for [`encode_changeset`].
    pub fn new(schema: &Schema, mut changeset: Changeset, lens: &[u8], effort: Effort) -> Packed {
        let (written, body) = pack(schema, &changeset, lens, effort);
        changeset.changes = Vec::new();
        Packed { changeset, written, body }
    }

    /// The entries that it speaks for, of each origin.
    pub fn spans(&self) -> &[Span] {
        &self.changeset.spans
    }

    /// The changeset as bytes, of a device that has this checkpoint and these own commits by now.
    pub fn seal(self, schema: &Schema, checkpoint: Point, own: Vec<Point>) -> Vec<u8> {
        seal(schema, &Changeset { checkpoint, own, ..self.changeset }, self.written, &self.body)
    }
}

fn seal(schema: &Schema, changeset: &Changeset, written: Written, body: &frame::Packed) -> Vec<u8> {
    let (flags, head) = head::write(schema, changeset, written);
    frame::seal(KIND, schema, flags, head, body)
}

/// The changes.
fn pack(schema: &Schema, changeset: &Changeset, lens: &[u8], effort: Effort) -> (Written, frame::Packed) {
    let mut changes: Vec<(&Change, u8)> = changeset.changes.iter().zip(short::lengths(lens)).collect();
    changes.sort_by_key(|(change, _)| change.key());
    let shortened = changes.iter().any(|(_, len)| *len < WHOLE);
    let hash = shortened.then(|| hash_of(changes.iter().map(|(change, _)| change.id)));
    let mut groups: BTreeMap<Shape, Vec<&Change>> = BTreeMap::new();
    for (change, len) in changes {
        groups.entry(Shape::of(change, len)).or_default().push(change);
    }
    let near = Near { hlc: changeset.upto, seq: changeset.checkpoint.seq };
    let mut body = GroupWriter::new(schema);
    for (shape, changes) in &groups {
        Group { schema, near, shape }.write(&mut body, changes);
    }
    (Written { near: near.seq, hash }, frame::Packed::new(schema, body.w, effort))
}

/// The changeset in these bytes, read with the schema that they name ([`changeset_schema`]). Its ids may be shortened.
/// Only its form is judged, not what its values, stamps and seqs say.
///
/// # Errors
/// Whatever breaks the format or the limits.
pub fn decode_changeset(schema: &Schema, bytes: &[u8], limits: &Limits) -> Result<Encoded<Changeset>, DecodeError> {
    let (format, flags, mut r) = frame::open(KIND, schema, bytes, limits)?;
    let (mut changeset, Written { near, hash }) = head::read(&mut r, flags, schema, limits)?;
    let near = Near { hlc: changeset.upto, seq: near };
    let body = Body::read(schema, flags, r, limits)?;
    let mut groups = GroupReader::new(schema, format, body.reader());
    while let Some((lead, n)) = groups.lead()? {
        let shape = Shape::read(&mut groups.r, lead, schema.table(lead.table).fields.len())?;
        let group = Group { schema, near, shape: &shape };
        let changes = group.read(&mut groups, n)?;
        changeset.changes.extend(changes);
    }
    Ok(Encoded::new(changeset, groups.finish(hash)?, hash, put_ids))
}

/// The digest of the schema that a changeset was written for, by which to choose the one to read it with.
///
/// # Errors
/// Other bytes than a changeset, or an unknown format.
pub fn changeset_schema(bytes: &[u8]) -> Result<[u8; 8], DecodeError> {
    frame::named(KIND, bytes).map(|(_, digest, _)| digest)
}

/// The device that a changeset says it comes from, before any schema is known.
///
/// # Errors
/// Other bytes than a changeset, an unknown format, a head that is cut.
pub fn changeset_device(bytes: &[u8]) -> Result<DeviceId, DecodeError> {
    let (_, _, mut r) = frame::named(KIND, bytes)?;
    r.byte()?;
    read_device(&mut r)
}

fn put_ids(changeset: &mut Changeset, ids: &[RecordId]) {
    changeset.changes.iter_mut().zip(ids).for_each(|(change, id)| change.id = *id);
    changeset.changes.sort_by_key(Change::key);
}
