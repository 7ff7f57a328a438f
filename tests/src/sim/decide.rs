//! What people decide on a device, and what a program does there that keeps foreign keys off.

use super::Fault;
use super::judge::protocol;
use super::step::DeviceNo;
use super::world::World;
use crate::oracle::log::{self, Wall, Write, Wrote};
use crate::oracle::versions::nearest;
use crate::oracle::{Id, Key, Value, View};
use windrow::store::{Answer, Conflict};
use windrow_protocol::log::About;

fn say(error: impl std::fmt::Display) -> Fault {
    error.to_string()
}

impl World {
    /// Somebody decides one of the conflicts that a device knows.
    pub(super) fn decide(&mut self, device: DeviceNo, which: usize, how: usize) -> Result<(), Fault> {
        let known = self.peers[device].device.store().conflicts().map_err(say)?;
        // The oracle decides one field at a time.
        let schema = self.peers[device].schema.clone();
        let table = |c: &Conflict| schema.table_called(c.table).unwrap_or_default();
        let plain = |c: &&Conflict| c.about != About::Fields || !schema.table(table(c)).whole;
        let known: Vec<Conflict> = known.iter().filter(plain).cloned().collect();
        let Some(conflict) = known.get(which % known.len().max(1)) else { return Ok(()) };
        let key = (table(conflict), Id::from_be_bytes(conflict.record.0));
        let field = |f: &&str| schema.field_called(key.0, f);
        // What went here, or is said to be somewhere else, is not for this device to decide.
        if !self.peers[device].twin.rows[key.0].contains_key(&key.1) {
            return Ok(());
        }
        self.stats.decided += 1;
        self.stats.others += u64::from(conflict.about != About::Fields);
        let unique = log::About::Unique(conflict.fields.first().and_then(field).unwrap_or_default());
        match conflict.about {
            About::Fields => self.choose(device, conflict, key, how),
            About::Delete if how.is_multiple_of(2) => {
                self.answer(device, conflict, key, Answer::Delete, (log::About::Delete, Value::Null))
            }
            About::Delete => self.answer(device, conflict, key, Answer::Keep, (log::About::Delete, Value::Null)),
            About::Unique(_) => self.answer(device, conflict, key, Answer::Keep, (unique, Value::Null)),
        }
    }

    /// For what is shown, for a candidate that the hub has, or for another value.
    fn choose(&mut self, device: DeviceNo, conflict: &Conflict, key: Key, how: usize) -> Result<(), Fault> {
        let schema = self.peers[device].schema.clone();
        let field = schema.field_called(key.0, conflict.fields[0]).unwrap_or_default();
        let (spec, at) = (schema.field(key.0, field), schema.place(key.0, field));
        let candidates: Vec<Value> = self
            .twin
            .hub
            .conflicts()
            .into_iter()
            .filter(|c| c.key == key && c.field == field)
            .flat_map(|c| c.candidates)
            .filter_map(|c| nearest(&schema.plain.table(key.0).fields[at], c.value))
            .collect();
        let (value, answer) = match (how % 3, candidates.get(how / 3 % candidates.len().max(1))) {
            (0, _) => (self.peers[device].twin.rows[key.0][&key.1][field], Answer::Keep),
            (1, Some(value)) => (*value, Answer::Values(vec![protocol(spec.ty.sql(*value))])),
            _ => {
                let value = Value::Int((how / 3) as i64 % spec.ty.most().max(1));
                (value, Answer::Values(vec![protocol(spec.ty.sql(value))]))
            }
        };
        self.answer(device, conflict, key, answer, (log::About::Field(field), value))
    }

    fn answer(
        &mut self,
        device: DeviceNo,
        conflict: &Conflict,
        key: Key,
        answer: Answer,
        (about, value): (log::About, Value),
    ) -> Result<(), Fault> {
        let (now, deletes) = (self.now, answer == Answer::Delete);
        let peer = &mut self.peers[device];
        if deletes && !goes(peer, key) {
            return Ok(());
        }
        let schema = peer.schema.clone();
        let hangs = |rows: &View| schema.plain.dangling(rows).iter().any(|(child, ..)| *child == key);
        let clock = peer.watch.reading(now) << 15;
        let done = match peer.device.decide(conflict, answer, clock) {
            // SQLite looks at all references of a record that the store writes to; the next answer mends what dangles. The device's
            // clock was set before, and stays so.
            Err(_) if hangs(&peer.twin.rows) => {
                peer.twin.hlc = peer.twin.hlc.max(clock - 1);
                return self.device_shows(device);
            }
            done => done?,
        };
        peer.follows(done, |twin, clock| {
            twin.resolve(key, about, value, clock);
            if deletes {
                twin.write(&Write::Delete { table: key.0, id: key.1 }, clock);
            }
        })?;
        self.device_shows(device)
    }

    /// A program that keeps foreign keys off deletes a record.
    pub(super) fn delete_alone(&mut self, device: DeviceNo, key: Key) -> Result<(), Fault> {
        let (now, write) = (self.now, Write::Delete { table: key.0, id: key.1 });
        let peer = &mut self.peers[device];
        if !peer.schema.has(key.0) || peer.hangs_on_nothing(&write) {
            return Ok(());
        }
        let done = peer.device.write(&[write], peer.watch.reading(now) << 15, false, false)?;
        peer.follows(done, |twin, clock| {
            twin.delete_alone(key, clock);
        })?;
        let dangling = peer.schema.plain.dangling(&peer.twin.rows).len();
        peer.loose |= dangling > 0;
        self.stats.alone += 1;
        self.stats.dangled += dangling as u64;
        self.device_shows(device)
    }
}

/// Whether the foreign keys here let a record go.
fn goes(peer: &super::peer::Peer, key: Key) -> bool {
    let mut ghost = peer.twin.clone();
    let write = Write::Delete { table: key.0, id: key.1 };
    peer.schema.table(key.0).role == super::schema::Role::Any && ghost.write(&write, &mut Wall(0)) == Wrote::Done
}
