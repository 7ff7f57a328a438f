//! What the hub keeps of a record: its values and what it must know to merge the next write.

use crate::clock::{DeviceId, Hlc, Origin, Seq, Stamp};
use crate::edits::Edits;
use crate::id::RecordId;
use crate::log::About;
use crate::model::{Field, FieldIx, Strategy, Table};
use crate::told::{Choice, Conflict};
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The state of one record, dead or alive.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Whether it lives.
    pub alive: bool,
    /// Dead only because a `cascade` parent is: it lives again with that.
    pub cascaded: bool,
    /// The seq of its insert, or of a later one over a death that its author knew of.
    pub life: Seq,
    /// The seq of its last birth or return: whoever is behind it gets all fields.
    pub born: Seq,
    /// The seq of its last death; of a record that came back in the very commit that inserted it, that.
    pub died: Seq,
    /// The commits that asked for that death; none for a derived one. Devices that delete apart all know of it.
    pub deletes: Vec<Seq>,
    /// The stamp of the insert of this life.
    pub inserted: Stamp,
    /// Who edited it last.
    pub edits: Edits,
    /// The fields, in order.
    pub fields: Vec<Register>,
    /// The seq at which its conflicts last changed.
    pub conflicts_seq: Seq,
    /// The device whose delete an unseen edit undid, and when it deleted: an open conflict (`deletes = review`).
    pub undone: Option<(DeviceId, Hlc)>,
    /// Open clashes of unique values: the field, the other record.
    pub clashes: Vec<(FieldIx, RecordId)>,
}

/// The state of one field.
#[derive(Debug, Clone, PartialEq)]
pub struct Register {
    /// What it holds; of a reference whose target is dead, still the target.
    pub value: Value,
    /// The stamp of the write that stands.
    pub stamp: Stamp,
    /// The seq at which it last changed.
    pub seq: Seq,
    /// Whether the commit of that seq wrote this very value, so that its author need not hear of it.
    pub own: bool,
    /// Whether it is a `set_null` reference whose target is dead: it shows NULL.
    pub nulled: bool,
    /// Of `review`: the values that nobody has seen replaced.
    pub candidates: Vec<Candidate>,
    /// Of `review`: whether a conflict is open.
    pub open: bool,
    /// Of `max` and `min`: what it held in lives that count no more, the oldest first.
    pub former: Vec<Former>,
}

/// What a field held before its record was deleted and inserted again within one net change. Should an edit turn up whose
/// author had not seen that, it counts again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Former {
    /// The value.
    pub value: Value,
    /// When it was written, and by which origin.
    pub stamp: Stamp,
    /// The commit that began the next life.
    pub until: Seq,
}

/// A value of a `review` field that nobody has seen replaced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The value.
    pub value: Value,
    /// When it was written, and by which origin.
    pub stamp: Stamp,
    /// By which device; 0 for the hub.
    pub device: DeviceId,
    /// The commit that brought it.
    pub seq: Seq,
}

impl Register {
    /// A field before any write: with its default, if it has one. A sum begins with nothing: what is inserted is added.
    pub fn fresh(field: &Field, seq: Seq) -> Register {
        let value = match field.default {
            _ if field.strategy == Strategy::Sum => Value::Integer(0),
            Some(default) => default.into(),
            None => Value::Null,
        };
        let stamp = Stamp { hlc: Hlc::ZERO, author: Origin::HUB };
        let (candidates, former) = (Vec::new(), Vec::new());
        Register { value, stamp, seq, own: true, nulled: false, candidates, open: false, former }
    }

    /// What a reader sees.
    pub fn shown(&self) -> Value {
        if self.nulled { Value::Null } else { self.value.clone() }
    }
}

impl Record {
    /// A record whose life begins at `seq` with nothing written yet.
    pub fn new(table: &Table, seq: Seq, inserted: Stamp) -> Record {
        Record {
            alive: true,
            cascaded: false,
            life: seq,
            born: seq,
            died: Seq::ZERO,
            deletes: Vec::new(),
            inserted,
            edits: Edits::default(),
            fields: Record::blank(table, seq),
            conflicts_seq: Seq::ZERO,
            undone: None,
            clashes: Vec::new(),
        }
    }

    /// Fields before any write.
    pub fn blank(table: &Table, seq: Seq) -> Vec<Register> {
        table.fields.iter().map(|f| Register::fresh(f, seq)).collect()
    }

    /// It comes back, and whoever wrote it is told all of it again, also whoever inserted it in this very commit: its author
    /// may hold it no more.
    pub fn return_at(&mut self, seq: Seq) {
        (self.alive, self.cascaded, self.born) = (true, false, seq);
        if self.life == seq {
            self.died = seq;
        }
    }

    /// The commit that inserted it, where its author has held it ever since: it was not offered by who had it from others, has
    /// not gone and come back, and nothing was added to what was written.
    pub fn inserted_at(&self) -> Option<Seq> {
        let at = self.born;
        let inserted = at == self.life && at != self.died && !self.inserted.is_weak();
        let written = |r: &Register| r.seq != at || r.own;
        (inserted && !self.fields.is_empty() && self.fields.iter().all(written)).then_some(at)
    }

    /// About how many bytes it takes in memory.
    pub fn weight(&self) -> usize {
        let values = |r: &Register| {
            let beside = r.candidates.iter().map(|c| &c.value).chain(r.former.iter().map(|f| &f.value));
            size_of::<Register>() + std::iter::once(&r.value).chain(beside).map(Value::weight).sum::<usize>()
        };
        size_of::<Record>() + self.edits.weight() + self.fields.iter().map(values).sum::<usize>()
    }

    /// The seq at which anything of it last changed: what a pull goes by.
    pub fn seq(&self) -> Seq {
        let fields = self.fields.iter().map(|r| r.seq);
        fields.chain([self.born, self.died, self.conflicts_seq]).max().unwrap_or_default()
    }

    /// What a table shows of it; none while it is dead.
    pub fn shown(&self) -> Option<Vec<Value>> {
        self.alive.then(|| self.fields.iter().map(Register::shown).collect())
    }

    /// The record that a reference names, shown or not.
    pub fn reference(&self, field: FieldIx) -> Option<RecordId> {
        match &self.fields.get(field)?.value {
            Value::Blob(id) => RecordId::from_slice(id),
            _ => None,
        }
    }

    /// Its open conflicts.
    pub fn conflicts(&self, table: &Table) -> Vec<Conflict> {
        let open: Vec<FieldIx> = (0..self.fields.len()).filter(|f| self.fields[*f].open).collect();
        let mut conflicts = Vec::new();
        if table.whole && !open.is_empty() {
            conflicts.push(self.over((0..self.fields.len()).collect()));
        } else {
            conflicts.extend(open.into_iter().map(|f| self.over(vec![f])));
        }
        if let Some((device, hlc)) = self.undone {
            let candidates = vec![Choice { values: Vec::new(), device, hlc }];
            conflicts.push(Conflict {
                about: About::Delete,
                fields: Vec::new(),
                seq: self.conflicts_seq,
                candidates,
                other: None,
            });
        }
        for (field, other) in &self.clashes {
            let about = About::Unique(*field);
            let (fields, candidates) = (vec![*field], Vec::new());
            conflicts.push(Conflict { about, fields, seq: self.conflicts_seq, candidates, other: Some(*other) });
        }
        conflicts
    }

    /// The conflict over these fields. Where they are several, every write carried all of them, so that the candidates of
    /// one write stand together under one stamp. What its author did not know of stands as it is.
    fn over(&self, fields: Vec<FieldIx>) -> Conflict {
        let mut choices: BTreeMap<Stamp, Choice> = BTreeMap::new();
        let held: Vec<Value> = fields.iter().map(|field| self.fields[*field].value.clone()).collect();
        for (n, field) in fields.iter().enumerate() {
            for c in &self.fields[*field].candidates {
                let as_it_is = || Choice { values: held.clone(), device: c.device, hlc: c.stamp.hlc };
                choices.entry(c.stamp).or_insert_with(as_it_is).values[n] = c.value.clone();
            }
        }
        let candidates = choices.into_values().collect();
        Conflict { about: About::Fields, fields, seq: self.conflicts_seq, candidates, other: None }
    }
}

/// Stored bytes that are no record of their table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored state of a record is damaged: {0}")]
pub struct PackError(pub(crate) String);

/// All of a record but the values that its row shows. Fields that changed together share one [`Version`].
#[derive(Serialize, Deserialize)]
struct Packed {
    alive: bool,
    cascaded: bool,
    life: Seq,
    born: Seq,
    died: Seq,
    deletes: Vec<Seq>,
    inserted: Stamp,
    edits: Edits,
    conflicts_seq: Seq,
    undone: Option<(DeviceId, Hlc)>,
    clashes: Vec<(FieldIx, RecordId)>,
    versions: Vec<Version>,
    /// For each field its version.
    fields: Vec<usize>,
    /// References that show NULL, and what they name.
    hidden: Vec<(FieldIx, Value)>,
    candidates: Vec<(FieldIx, bool, Vec<Candidate>)>,
    former: Vec<(FieldIx, Vec<Former>)>,
    /// Of a dead record, which has no row: its values.
    content: Option<Vec<Value>>,
}

#[derive(PartialEq, Serialize, Deserialize)]
struct Version {
    stamp: Stamp,
    seq: Seq,
    own: bool,
}

/// Bytes that most records fit in.
const PACKED: usize = 128;

/// The format of [`Record::pack`].
const FORMAT: u8 = 1;

impl Record {
    /// The bytes that a store keeps beside the row that shows the record.
    ///
    /// # Errors
    /// None for a record of this module's making; the signature is the serialiser's.
    pub fn pack(&self) -> Result<Vec<u8>, PackError> {
        let mut versions: Vec<Version> = Vec::new();
        let mut fields = Vec::with_capacity(self.fields.len());
        for r in &self.fields {
            let version = Version { stamp: r.stamp, seq: r.seq, own: r.own };
            fields.push(versions.iter().position(|v| *v == version).unwrap_or_else(|| {
                versions.push(version);
                versions.len() - 1
            }));
        }
        let each = || self.fields.iter().enumerate();
        let packed = Packed {
            alive: self.alive,
            cascaded: self.cascaded,
            life: self.life,
            born: self.born,
            died: self.died,
            deletes: self.deletes.clone(),
            inserted: self.inserted,
            edits: self.edits.clone(),
            conflicts_seq: self.conflicts_seq,
            undone: self.undone,
            clashes: self.clashes.clone(),
            versions,
            fields,
            hidden: each().filter(|(_, r)| r.nulled).map(|(f, r)| (f, r.value.clone())).collect(),
            candidates: each()
                .filter(|(_, r)| r.open || !r.candidates.is_empty())
                .map(|(f, r)| (f, r.open, r.candidates.clone()))
                .collect(),
            former: each().filter(|(_, r)| !r.former.is_empty()).map(|(f, r)| (f, r.former.clone())).collect(),
            content: (!self.alive).then(|| self.fields.iter().map(|r| r.value.clone()).collect()),
        };
        let mut bytes = Vec::with_capacity(PACKED);
        bytes.push(FORMAT);
        postcard::to_extend(&packed, bytes).map_err(|e| PackError(e.to_string()))
    }

    /// The record of these bytes and of the row that shows it; none where it is dead.
    ///
    /// # Errors
    /// Bytes that are none, or do not fit the table or the row.
    pub fn unpack(table: &Table, packed: &[u8], shown: Option<Vec<Value>>) -> Result<Record, PackError> {
        let damaged = |what: &str| PackError(format!("{} of {}", what, table.name));
        let packed: Packed = match packed {
            [FORMAT, rest @ ..] => postcard::from_bytes(rest).map_err(|e| PackError(e.to_string()))?,
            _ => return Err(damaged("unknown format")),
        };
        let values = if packed.alive { shown } else { packed.content };
        let values = values.ok_or_else(|| damaged("no values"))?;
        if values.len() != table.fields.len() || packed.fields.len() != table.fields.len() {
            return Err(damaged("wrong number of fields"));
        }
        let mut fields = Vec::with_capacity(values.len());
        for (value, version) in values.into_iter().zip(packed.fields) {
            let Version { stamp, seq, own } = packed.versions.get(version).ok_or_else(|| damaged("unknown version"))?;
            let (stamp, seq, own) = (*stamp, *seq, *own);
            let (candidates, former) = (Vec::new(), Vec::new());
            fields.push(Register { value, stamp, seq, own, nulled: false, candidates, open: false, former });
        }
        for (field, value) in packed.hidden {
            let register = fields.get_mut(field).ok_or_else(|| damaged("unknown field"))?;
            (register.value, register.nulled) = (value, true);
        }
        for (field, open, candidates) in packed.candidates {
            let register = fields.get_mut(field).ok_or_else(|| damaged("unknown field"))?;
            (register.open, register.candidates) = (open, candidates);
        }
        for (field, former) in packed.former {
            fields.get_mut(field).ok_or_else(|| damaged("unknown field"))?.former = former;
        }
        if packed.clashes.iter().any(|(field, _)| *field >= fields.len()) {
            return Err(damaged("a clash of no field"));
        }
        Ok(Record {
            alive: packed.alive,
            cascaded: packed.cascaded,
            life: packed.life,
            born: packed.born,
            died: packed.died,
            deletes: packed.deletes,
            inserted: packed.inserted,
            edits: packed.edits,
            fields,
            conflicts_seq: packed.conflicts_seq,
            undone: packed.undone,
            clashes: packed.clashes,
        })
    }
}
