//! A device made by hand: it says exactly what a test wants it to say.

use crate::domain::{FARM, SURVEY};
use std::collections::BTreeMap;
use windrow::hub::HubStore;
use windrow_protocol::change::{Change, Changeset, End, Key, Recovery, What, Write};
use windrow_protocol::clock::{DeviceId, Hlc, Origin, Point, Span};
use windrow_protocol::codec::{Effort, Limits, decode_page, encode_changeset};
use windrow_protocol::id::RecordId;
use windrow_protocol::message::{Answer, Commit, Digest, Prepare, Pull, SessionId};
use windrow_protocol::model::{FieldIx, Schema};
use windrow_protocol::told::{News, Page};
use windrow_protocol::value::Value;

pub(crate) struct Device {
    pub schema: Schema,
    pub id: DeviceId,
    pub origin: Origin,
    /// The stamp of its last write.
    pub hlc: Hlc,
    /// What the hub has of its origin.
    pub cover: Hlc,
    pub checkpoint: Point,
    pub own: Vec<Point>,
    /// What it inserted, and what the hub told it. Its own edits it does not keep.
    pub rows: BTreeMap<Key, Vec<Value>>,
    sessions: u8,
}

/// What is sent, and sent again.
#[derive(Clone)]
pub(crate) struct Sent {
    pub session: SessionId,
    pub payload: Vec<u8>,
    pub upto: Hlc,
    /// What it inserts, which nobody tells its author.
    pub born: Vec<(Key, Vec<Value>)>,
}

impl Sent {
    pub(crate) fn prepare(&self) -> Prepare {
        Prepare { session: self.session, payload: self.payload.clone() }
    }

    pub(crate) fn commit(&self, device: &Device) -> Commit {
        Commit { session: self.session, digest: Digest::of(&self.payload), pull: device.pull() }
    }
}

impl Device {
    /// Number `n`, its clock at noon of some day.
    pub(crate) fn new(n: u64) -> Device {
        let models = SURVEY.tables.iter().map(|t| t.model).collect();
        let hlc = Hlc::from_millis(crate::NOON);
        let (id, origin) = (DeviceId::from_bits(n).unwrap(), Origin(n << 32 | n));
        let (cover, checkpoint) = (Hlc::ZERO, Point::START);
        let schema = Schema::new(models).unwrap();
        Device { schema, id, origin, hlc, cover, checkpoint, own: vec![], rows: BTreeMap::new(), sessions: 0 }
    }

    fn change(&mut self, key: Key, born: bool, end: End, writes: Vec<(FieldIx, What)>) -> Change {
        self.hlc = self.hlc.next();
        let (hlc, base) = (self.hlc, self.checkpoint.seq);
        let writes = writes.into_iter().map(|(field, what)| Write { field, what, hlc, base }).collect();
        let (table, id) = key;
        Change { table, id, resolves: vec![], writes, hlc, base, born, end, again: false, stale: vec![] }
    }

    pub(crate) fn insert(&mut self, key: Key, values: Vec<Value>) -> Change {
        let sum = |field: FieldIx| crate::domain::is_sum(&self.schema, key.0, field);
        let what = |(field, value): (FieldIx, Value)| match value {
            Value::Integer(n) if sum(field) => (field, What::Add(n.into())),
            value => (field, What::Set(value)),
        };
        let writes = values.into_iter().enumerate().map(what).collect();
        self.change(key, true, End::Alive, writes)
    }

    pub(crate) fn set(&mut self, key: Key, field: FieldIx, value: Value) -> Change {
        self.change(key, false, End::Alive, vec![(field, What::Set(value))])
    }

    pub(crate) fn add(&mut self, key: Key, field: FieldIx, delta: i128) -> Change {
        self.change(key, false, End::Alive, vec![(field, What::Add(delta))])
    }

    pub(crate) fn delete(&mut self, key: Key) -> Change {
        self.change(key, false, End::Delete, vec![])
    }

    /// A farm that exists nowhere yet.
    pub(crate) fn farm(&mut self, n: u8, name: &str) -> Change {
        let values = vec![Value::Text(name.into()), Value::Null, Value::Integer(0), Value::Null];
        self.insert((FARM, id(n)), values)
    }

    pub(crate) fn changeset(&self, mut changes: Vec<Change>) -> Changeset {
        changes.sort_by_key(Change::key);
        let span = Span { origin: self.origin, after: self.cover, upto: self.hlc };
        Changeset {
            device: self.id,
            author: self.origin,
            checkpoint: self.checkpoint,
            own: self.own.clone(),
            spans: vec![span],
            upto: self.hlc,
            changes,
            recovery: Recovery::default(),
        }
    }

    /// Ready to be sent, under a session id of its own; the ids of known records cut to `len` bytes.
    pub(crate) fn seal(&mut self, changeset: &Changeset, len: u8) -> Sent {
        self.sessions += 1;
        let mut session = [0; 16];
        session[0] = self.sessions;
        session[8..].copy_from_slice(&self.origin.0.to_le_bytes());
        let lens: Vec<u8> = changeset.changes.iter().map(|c| 8 * if c.born { 16 } else { len }).collect();
        let payload = encode_changeset(&self.schema, changeset, &lens, Effort::Upload);
        let value = |write: &Write| match &write.what {
            What::Set(value) => value.clone(),
            What::Add(by) => Value::Integer(i64::try_from(*by).expect("a sum of 64 bits")),
        };
        let row = |c: &Change| (c.key(), c.writes.iter().map(value).collect());
        let born = changeset.changes.iter().filter(|c| c.born).map(row).collect();
        Sent { session: SessionId(session), payload, upto: changeset.upto, born }
    }

    pub(crate) fn send(&mut self, changes: Vec<Change>) -> Sent {
        let changeset = self.changeset(changes);
        self.seal(&changeset, 16)
    }

    pub(crate) fn pull(&self) -> Pull {
        Pull {
            schema: self.schema.digest(),
            device: self.id,
            checkpoint: self.checkpoint,
            own: self.own.clone(),
            covers: vec![(self.origin, self.cover)],
            refetch: vec![],
            cursor: None,
            whole_ids: false,
            whole: vec![],
            verify: false,
            page: u8::MAX,
        }
    }

    /// A whole session: what is told is applied.
    pub(crate) async fn sync(&mut self, hub: &dyn HubStore, changes: Vec<Change>) -> Option<Point> {
        let sent = self.send(changes);
        assert_eq!(hub.prepare(sent.prepare()).await.unwrap(), Answer::Prepared);
        let (at, page) = committed(hub.commit(sent.commit(self)).await.unwrap());
        self.acknowledge(&sent, at);
        self.take(hub, page).await;
        at
    }

    pub(crate) fn acknowledge(&mut self, sent: &Sent, at: Option<Point>) {
        self.cover = sent.upto;
        self.own.extend(at);
        self.rows.extend(sent.born.iter().cloned());
    }

    /// Asks for news, and applies them.
    pub(crate) async fn fetch(&mut self, hub: &dyn HubStore) -> Vec<Page> {
        let page = news(hub.pull(self.pull()).await.unwrap());
        self.take(hub, page).await
    }

    /// Reads this page and those that follow, and applies them all.
    pub(crate) async fn take(&mut self, hub: &dyn HubStore, first: Vec<u8>) -> Vec<Page> {
        let mut pages = vec![self.read(&first)];
        while let Some(cursor) = pages[pages.len() - 1].cursor() {
            let pull = Pull { cursor: Some(cursor), ..self.pull() };
            pages.push(self.read(&news(hub.pull(pull).await.unwrap())));
        }
        pages.iter().for_each(|page| self.apply(page));
        self.checkpoint = pages[pages.len() - 1].at;
        self.own.retain(|p| p.seq > self.checkpoint.seq);
        pages
    }

    /// The page in these bytes, shortened ids found among the rows.
    pub(crate) fn read(&self, bytes: &[u8]) -> Page {
        let encoded = decode_page(&self.schema, bytes, &Limits::default()).unwrap();
        let find = |table, low, high| {
            let mut found = self.rows.range((table, low)..=(table, high)).map(|(key, _)| key.1);
            found.next().filter(|_| found.next().is_none())
        };
        encoded.resolve(find).unwrap()
    }

    fn apply(&mut self, page: &Page) {
        for told in &page.told {
            let key = (told.table, told.id);
            match &told.what {
                News::Whole(values) => drop(self.rows.insert(key, values.clone())),
                News::Gone => drop(self.rows.remove(&key)),
                News::Patch(fields) => {
                    let row = self.rows.get_mut(&key).expect("a patch for a record that is here");
                    fields.iter().for_each(|(field, value)| row[*field] = value.clone());
                }
            }
        }
    }

    /// A device that heard everything the hub ever told.
    pub(crate) async fn mirror(hub: &dyn HubStore) -> BTreeMap<Key, Vec<Value>> {
        let mut device = Device::new(999);
        device.fetch(hub).await;
        device.rows
    }
}

/// Record number `n`, of whichever table.
pub(crate) fn id(n: u8) -> RecordId {
    RecordId([n, 0x5a, n, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n])
}

pub(crate) fn committed(answer: Answer) -> (Option<Point>, Vec<u8>) {
    match answer {
        Answer::Committed { at, page } => (at, page),
        other => panic!("not committed: {other:?}"),
    }
}

pub(crate) fn news(answer: Answer) -> Vec<u8> {
    match answer {
        Answer::News(page) => page,
        other => panic!("no news: {other:?}"),
    }
}
