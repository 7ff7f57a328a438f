//! What the hub keeps of one record.

use super::extreme::Left;
use super::{Hlc, Id, Origin, Row, Seq, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A record, alive or dead.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    pub(super) regs: BTreeMap<&'static str, Reg>,
    pub(super) alive: bool,
    /// Dead only because a cascade parent is: lives again with it.
    pub(super) cascaded: bool,
    /// The seq of its insert, or of a later one over a death that its author knew.
    pub(super) life: Seq,
    /// Whether its author has held it since that: it was no offer of what somebody had from others, and has not come back.
    pub(super) held: bool,
    /// The seq at which it last came to life: all its fields are told to whoever is behind that.
    pub(super) born: Seq,
    /// The seq at which it last died.
    pub(super) died: Seq,
    /// The commits whose deletes it was, so that their authors know of it; none where the hub derived it.
    pub(super) by: BTreeSet<Seq>,
    /// By author, the seq of the last edit.
    pub(super) edits: BTreeMap<Origin, Seq>,
}

/// One field of a record.
#[derive(Debug, Clone)]
pub(super) struct Reg {
    pub(super) value: Value,
    /// Whether nobody wrote it: a default, if it is anything, which is no extreme beside what anybody writes.
    pub(super) given: bool,
    /// Of an `lww` field, whose write stands.
    pub(super) stamp: Option<(Hlc, Origin)>,
    /// When it last changed.
    pub(super) seq: Seq,
    /// Whether that change is news to everyone, also to whoever committed it.
    pub(super) news: bool,
    /// A `set_null` reference whose target is dead.
    pub(super) nulled: bool,
    /// Of a `review` field: what nobody has seen replaced.
    pub(super) candidates: Vec<Candidate>,
    /// Whether its conflict is open.
    pub(super) open: bool,
    /// Of `max` and `min`: values that do not count, because the record began anew since.
    pub(super) left: Vec<Left>,
}

/// A value of a `review` field that nobody has seen replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// When it was written.
    pub hlc: Hlc,
    /// By whom; 0 is the hub.
    pub author: Origin,
    /// What it is.
    pub value: Value,
    /// The seq of its commit.
    pub seq: Seq,
}

/// What decides, in one commit, what is its author's own and what it had seen.
#[derive(Debug, Clone)]
pub(super) struct Speaker {
    /// The author in stamps.
    pub(super) author: Origin,
    /// Its checkpoint.
    pub(super) since: Seq,
    /// The commits of its file, this one included.
    pub(super) own: BTreeSet<Seq>,
    /// This commit.
    pub(super) seq: Seq,
}

impl Record {
    /// Of a table, at its first insert by this commit.
    pub(super) fn new(regs: BTreeMap<&'static str, Reg>, seq: Seq) -> Record {
        Record { regs, alive: true, life: seq, held: true, born: seq, ..Record::default() }
    }

    /// Its author gets the whole of it again, too.
    pub(super) fn again(&mut self, seq: Seq) {
        (self.born, self.held) = (seq, false);
    }

    /// Whether it was inserted by this commit, its author has it, and nothing of it is news there.
    pub(super) fn came_by(&self, seq: Seq) -> bool {
        self.held && self.born == seq && self.life == seq && self.regs.values().all(|r| r.seq != seq || !r.news)
    }

    /// As it is shown.
    pub(super) fn row(&self) -> Row {
        self.regs.iter().map(|(f, r)| (*f, r.shown())).collect()
    }

    /// The record that a reference of it names, dead or alive.
    pub(super) fn target(&self, field: &str) -> Option<Id> {
        self.regs[field].value.target()
    }
}

impl Reg {
    /// With a value that nobody wrote.
    pub(super) fn unwritten(value: Value, seq: Seq) -> Reg {
        let (candidates, left) = (Vec::new(), Vec::new());
        Reg { value, given: true, stamp: None, seq, news: false, nulled: false, candidates, open: false, left }
    }

    /// What is shown.
    pub(super) fn shown(&self) -> Value {
        if self.nulled { Value::Null } else { self.value }
    }

    /// What it holds that somebody wrote.
    pub(super) fn written(&self) -> Value {
        if self.given { Value::Null } else { self.value }
    }

    /// Raises its seq, so that everyone hears of it, whoever wrote it.
    pub(super) fn announce(&mut self, seq: Seq) {
        (self.seq, self.news) = (seq, true);
    }

    /// Where several candidates stand.
    pub(super) fn contested(&self) -> bool {
        self.candidates.iter().any(|c| c.value != self.candidates[0].value)
    }

    /// The candidate of the highest stamp.
    pub(super) fn top(&self) -> Option<Candidate> {
        self.candidates.iter().copied().max_by_key(|c| (c.hlc, c.author))
    }
}
