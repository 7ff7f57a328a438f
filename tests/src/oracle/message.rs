//! What devices and the hub say to each other.

use super::fold::Change;
use super::{Hlc, Key, Mark, Origin, Point, Row, Seq};
use std::collections::{BTreeMap, BTreeSet};

/// A changeset as it is stored, sent, and sent again. Two are the same payload where they are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id. Two sessions that share one are told apart by what they say.
    pub id: u64,
    /// The origin at the time of folding: the author in stamps.
    pub author: Origin,
    /// The checkpoint.
    pub checkpoint: Point,
    /// Earlier checkpoints, by which a restored hub finds the past that they share. Only where it asked for them.
    pub past: Option<Vec<Point>>,
    /// The file's own commits.
    pub own: BTreeMap<Seq, Mark>,
    /// By origin, the entries that it speaks for: `(after, upto]`. An empty span only says where the cover should end.
    pub spans: BTreeMap<Origin, (Hlc, Hlc)>,
    /// Records of which the hub is to say whether it knows them.
    pub ask: BTreeSet<Key>,
    /// Those among them that it did not know: they are offered whole.
    pub missing: BTreeSet<Key>,
    /// The net changes.
    pub changes: Vec<Change>,
    /// Of missing records, what the device holds and need not have written: any write beats such a value.
    pub weak: BTreeMap<Key, Row>,
    /// The device's last stamp.
    pub upto: Hlc,
}

/// What a pull asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What changed after this.
    pub checkpoint: Point,
    /// The file's own commits: without what they wrote.
    pub own: BTreeMap<Seq, Mark>,
    /// What the hub is thought to have of origins for which no checkpoint vouches yet.
    pub covers: BTreeMap<Origin, Hlc>,
    /// Records to be told whole.
    pub retell: BTreeSet<Key>,
    /// Tables of which all that lives is to be told whole.
    pub tables: BTreeSet<&'static str>,
    /// Everything, to start afresh.
    pub whole: bool,
}

/// What the hub answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To a prepare: it can be committed.
    Prepared,
    /// It is committed, now or before; none where it said nothing.
    Committed(Option<Point>),
    /// The past of which it speaks is not this hub's. Earlier checkpoints would say where they part.
    Astray,
    /// The highest of its checkpoints that is of this hub's past.
    Rewind(Point),
    /// What it takes for granted is not so.
    Known {
        /// Where the covers of its spans end.
        covers: BTreeMap<Origin, Hlc>,
        /// Which of the records that it asked about the hub does not know.
        missing: BTreeSet<Key>,
    },
    /// Changes or offers that can't be accepted: the record, and the field whose reference names what nobody has; none where
    /// nobody has the record itself.
    Refused(BTreeSet<(Key, Option<&'static str>)>),
    /// To a commit: never prepared, or expired, or prepared with another payload.
    UnknownSession,
    /// The id was used for another payload.
    Reused,
    /// To a pull.
    News(Pulled),
}

/// What a pull says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// At most one for each record.
    pub told: Vec<Told>,
    /// The next checkpoint.
    pub point: Point,
    /// The highest stamp that the hub has merged.
    pub highest: Hlc,
}

/// What a pull says of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Of which record.
    pub key: Key,
    /// What became of it.
    pub news: News,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// All its fields.
    Row(Row),
    /// Those that changed.
    Patch(Row),
    /// It is gone.
    Gone,
}
