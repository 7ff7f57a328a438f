//! A device as a hub sees it: an origin whose stamps ascend, and changesets with what stands in real ones.

use super::link::request;
use crate::figures::Failure;
use crate::figures::visit::Visit;
use fastrand::Rng;
use windrow::{Syncable, Timestamp};
use windrow_protocol::change::{Change, Changeset, End, Recovery, What, Write};
use windrow_protocol::clock::{DeviceId, Hlc, Origin, Point, Span};
use windrow_protocol::codec::{Effort, encode_changeset};
use windrow_protocol::id::RecordId;
use windrow_protocol::message::{Commit, Digest, Prepare, Pull, SessionId, to_bytes};
use windrow_protocol::model::{FieldIx, Schema, Strategy};
use windrow_protocol::session::Outbox;
use windrow_protocol::value::Value;

/// Bits by which a device names a record that the hub has: of a million random ids none begins as another does.
const NAMED_BY: u8 = 48;

/// What a device remembers between its sessions.
#[derive(Debug)]
pub(crate) struct Device {
    id: DeviceId,
    origin: Origin,
    /// Its last stamp, and up to where its sessions have gone.
    hlc: Hlc,
    sent: Hlc,
    rng: Rng,
}

/// A session made beforehand: its PREPARE as it goes to the socket, and what its COMMIT is to say.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) prepare: Vec<u8>,
    session: SessionId,
    digest: Digest,
    device: DeviceId,
    schema: [u8; 8],
}

impl Device {
    /// A device of this number, which no other has.
    pub(crate) fn new(number: u64) -> Device {
        let mut rng = Rng::with_seed(number);
        let id = DeviceId::from_bits(number + 1).unwrap_or(DeviceId::LAST);
        let origin = Origin(rng.u64(1..));
        Device { id, origin, hlc: Hlc::ZERO, sent: Hlc::ZERO, rng }
    }

    /// A session that inserts these records.
    pub(crate) fn inserts(&mut self, schema: &Schema, visits: &[Visit]) -> Result<Made, Failure> {
        let outbox = self.inserting(schema, visits)?;
        self.made(schema, outbox)
    }

    /// The same, not yet sent.
    pub(crate) fn inserting(&mut self, schema: &Schema, visits: &[Visit]) -> Result<Outbox, Failure> {
        let changes = visits.iter().map(|visit| self.insert(schema, visit)).collect::<Result<_, Failure>>()?;
        Ok(self.outbox(schema, Point::START, changes, RecordId::BITS))
    }

    /// A session that changes one field of each of these records, which the hub has.
    pub(crate) fn updates(&mut self, schema: &Schema, seen: Point, ids: &[RecordId]) -> Result<Made, Failure> {
        let outbox = self.updating(schema, seen, ids)?;
        self.made(schema, outbox)
    }

    /// The same, not yet sent.
    pub(crate) fn updating(&mut self, schema: &Schema, seen: Point, ids: &[RecordId]) -> Result<Outbox, Failure> {
        let status = field(schema, "status")?;
        let changes = ids.iter().map(|id| self.update(*id, status, seen)).collect();
        Ok(self.outbox(schema, seen, changes, NAMED_BY))
    }

    /// A session, not yet sent, that adds 1 to the bags of each of these records, which the hub has.
    pub(crate) fn adds(&mut self, schema: &Schema, seen: Point, ids: &[RecordId]) -> Result<Outbox, Failure> {
        let bags = field(schema, "bags")?;
        let changes = ids.iter().map(|id| self.add(*id, bags, seen)).collect();
        Ok(self.outbox(schema, seen, changes, NAMED_BY))
    }

    fn add(&mut self, id: RecordId, bags: FieldIx, seen: Point) -> Change {
        let hlc = self.tick();
        let write = Write { field: bags, what: What::Add(1), hlc, base: seen.seq };
        change(id, vec![write], hlc, seen)
    }

    fn insert(&mut self, schema: &Schema, visit: &Visit) -> Result<Change, Failure> {
        let (hlc, fields) = (self.tick(), schema.table(0).fields);
        let writes = visit.to_values()?.into_iter().enumerate().map(|(field, value)| {
            let what = match value {
                Value::Integer(n) if fields[field].strategy == Strategy::Sum => What::Add(n.into()),
                value => What::Set(value),
            };
            Write { field, what, hlc, base: Point::START.seq }
        });
        Ok(Change { born: true, ..change(RecordId(*visit.id.as_bytes()), writes.collect(), hlc, Point::START) })
    }

    fn update(&mut self, id: RecordId, status: FieldIx, seen: Point) -> Change {
        let hlc = self.tick();
        let value = ["submitted", "verified", "flagged", "rejected"][self.rng.usize(..4)];
        let what = What::Set(Value::Text(value.to_owned()));
        change(id, vec![Write { field: status, what, hlc, base: seen.seq }], hlc, seen)
    }

    fn tick(&mut self) -> Hlc {
        self.hlc = self.hlc.tick(Timestamp::now().millis());
        self.hlc
    }

    fn made(&self, schema: &Schema, Outbox { session, payload, .. }: Outbox) -> Result<Made, Failure> {
        let digest = Digest::of(&payload);
        let prepare = request("prepare", &to_bytes(&Prepare { session, payload })?);
        Ok(Made { prepare, session, digest, device: self.id, schema: schema.digest() })
    }

    /// The session's id and its changeset.
    fn outbox(&mut self, schema: &Schema, checkpoint: Point, mut changes: Vec<Change>, named_by: u8) -> Outbox {
        changes.sort_by_key(Change::key);
        let span = Span { origin: self.origin, after: self.sent, upto: self.hlc };
        self.sent = self.hlc;
        let changeset = Changeset {
            device: self.id,
            author: self.origin,
            checkpoint,
            own: Vec::new(),
            spans: vec![span],
            upto: self.hlc,
            changes,
            recovery: Recovery::default(),
        };
        let lens = vec![named_by; changeset.changes.len()];
        let payload = encode_changeset(schema, &changeset, &lens, Effort::Upload);
        Outbox { session: SessionId(self.rng.u128(..).to_le_bytes()), payload, prepared: false }
    }

    /// A pull of all after this point.
    pub(crate) fn pull(&self, schema: &Schema, checkpoint: Point) -> Pull {
        pull(self.id, schema.digest(), checkpoint)
    }
}

impl Made {
    /// Its COMMIT as it goes to the socket, of a device that has applied everything up to here.
    pub(crate) fn commit(&self, checkpoint: Point) -> Result<Vec<u8>, Failure> {
        let pull = pull(self.device, self.schema, checkpoint);
        Ok(request("commit", &to_bytes(&Commit { session: self.session, digest: self.digest, pull })?))
    }
}

fn pull(device: DeviceId, schema: [u8; 8], checkpoint: Point) -> Pull {
    Pull {
        schema,
        device,
        checkpoint,
        own: Vec::new(),
        covers: Vec::new(),
        refetch: Vec::new(),
        cursor: None,
        whole_ids: false,
        whole: Vec::new(),
        verify: false,
        page: u8::MAX,
    }
}

fn change(id: RecordId, writes: Vec<Write>, hlc: Hlc, seen: Point) -> Change {
    let (resolves, stale) = (Vec::new(), Vec::new());
    Change { table: 0, id, resolves, writes, hlc, base: seen.seq, born: false, end: End::Alive, again: false, stale }
}

/// The number of a field.
pub(crate) fn field(schema: &Schema, name: &str) -> Result<FieldIx, Failure> {
    let found = schema.table(0).fields.iter().position(|field| field.name == name);
    Ok(found.ok_or_else(|| format!("a visit has no {name}"))?)
}
