//! What a pull tells a device.

use crate::clock::{DeviceId, Hlc, Point, Seq};
use crate::digest::TableDigest;
use crate::id::RecordId;
use crate::log::About;
use crate::model::{FieldIx, Strategy, Table, TableIx};
use crate::record::{Record, Register};
use crate::value::Value;
use serde::{Deserialize, Serialize};

/// What a pull says of one record.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Of which table.
    pub table: TableIx,
    /// Of which record.
    pub id: RecordId,
    /// Whether the device surely holds the record already, so that a shortened id will do.
    pub held: bool,
    /// What it shows now.
    pub what: News,
    /// Its open conflicts, where they changed. An empty list: all are closed.
    pub conflicts: Option<Vec<Conflict>>,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// All its fields, in order.
    Whole(Vec<Value>),
    /// Those that changed, in order of fields; none where only its conflicts did.
    Patch(Vec<(FieldIx, Value)>),
    /// It is gone.
    Gone,
}

/// An open conflict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// What it is about.
    pub about: About,
    /// The fields whose values are candidates: one, or all where the struct is under `review`; none about a delete.
    pub fields: Vec<FieldIx>,
    /// The hub's seq at which it last changed: the base of a resolve by whoever looks at it now.
    pub seq: Seq,
    /// What stands to choose from, by stamp.
    pub candidates: Vec<Choice>,
    /// For a clash of unique values, the other record.
    pub other: Option<RecordId>,
}

/// A candidate as people see it: what, who, when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// A value for each of the conflict's fields.
    pub values: Vec<Value>,
    /// The device that wrote it; 0 for the hub.
    pub device: DeviceId,
    /// When.
    pub hlc: Hlc,
}

impl Told {
    /// About how many bytes it takes before compression.
    pub fn weight(&self) -> usize {
        let values: usize = match &self.what {
            News::Whole(values) => values.iter().map(Value::weight).sum(),
            News::Patch(fields) => fields.iter().map(|(_, value)| value.weight()).sum(),
            News::Gone => 0,
        };
        let choices = self.conflicts.iter().flatten().flat_map(|c| &c.candidates).flat_map(|c| &c.values);
        16 + values + choices.map(Value::weight).sum::<usize>()
    }
}

/// A part of the answer to a pull.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// What it says, by table, then by id.
    pub told: Vec<Told>,
    /// Where the hub stands in the snapshot that this page read. With [`Page::next`] none, the device's next checkpoint.
    pub at: Point,
    /// Where the next page goes on; none: this one reached the end of its own snapshot.
    pub next: Option<Reached>,
    /// The highest stamp that any session brought, as merged.
    pub highest: Hlc,
    /// Of each table, in order, the digest of all that this snapshot shows, where the device asked for it; only the last
    /// page says so.
    pub digests: Option<Vec<TableDigest>>,
}

/// Where a page stopped, in the order of a pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reached {
    /// The seq.
    pub seq: Seq,
    /// Within that seq: the table.
    pub table: TableIx,
    /// Within that table: the record.
    pub id: RecordId,
}

/// How to ask for the page after one. Opaque to the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Where the hub stood in the snapshot that the page read: a hub that was restored to before that is noticed, even if
    /// it knows what the page has reached. What was told once may have come back behind that.
    pub head: Point,
    /// Where the page stopped.
    pub reached: Reached,
}

impl Page {
    /// How to ask for the next page.
    pub fn cursor(&self) -> Option<Cursor> {
        self.next.map(|reached| Cursor { head: self.at, reached })
    }
}

/// What a device at `since` is told of a record; none where nothing of it changed for that device.
///
/// `own`: is this seq one of the device's own commits? What such a commit wrote itself is not echoed, but for sums, whose
/// totals it can't know, unless nobody has added to them since it inserted the record. `whole`: the device asks for all of
/// it.
pub fn tell(
    table: (TableIx, &Table),
    id: RecordId,
    record: &Record,
    since: Seq,
    own: &dyn Fn(Seq) -> bool,
    whole: bool,
) -> Option<Told> {
    let (ix, table) = table;
    if !record.alive {
        // Named whole: it may be gone there already, by a delete of its own or because this is told twice.
        let gone = Told { table: ix, id, held: false, what: News::Gone, conflicts: None };
        let news = record.died > since || whole;
        return fault!(CascadeDeathUntold: news && !record.cascaded, news).then_some(gone);
    }
    let conflicts = || Some(record.conflicts(table));
    let own_insert = record.inserted_at().is_some_and(own);
    let returned = fault!(ReturnToldInParts: record.life > since, record.born > since);
    if returned && !own_insert || whole {
        let conflicts = if record.conflicts_seq > Seq::ZERO { conflicts() } else { None };
        let what = News::Whole(record.fields.iter().map(Register::shown).collect());
        return Some(Told { table: ix, id, held: false, what, conflicts });
    }
    let echo = |field: FieldIx, register: &Register| {
        let sum = table.fields[field].strategy == Strategy::Sum;
        let added_to = sum && !(own_insert && register.seq == record.born);
        register.own && own(register.seq) && !fault!(SumsNotEchoed: false, added_to)
    };
    let new = |(field, register): &(FieldIx, &Register)| register.seq > since && !echo(*field, register);
    let fields: Vec<_> = record.fields.iter().enumerate().filter(new).map(|(f, r)| (f, r.shown())).collect();
    let conflicts = if record.conflicts_seq > since { conflicts() } else { None };
    let silent = fields.is_empty() && conflicts.is_none();
    (!silent).then_some(Told { table: ix, id, held: true, what: News::Patch(fields), conflicts })
}
