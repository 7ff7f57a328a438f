//! What may be written to a column, so that both versions can store it and it stands.

use super::pair::{Pair, Side};
use super::values::{few, value};
use windrow::rusqlite::types::Value;
use windrow_schema::Strategy;
use windrow_schema::lock::{Column, Holds, Literal};

/// A record's values come from a range of numbers of its own.
const TURNS: u8 = 5;
/// Small numbers are often somebody's default.
const SMALL: u8 = 20;

/// A column, as each of the two versions has it that has it, the old one first.
pub(super) struct Spot<'a> {
    columns: Vec<&'a Column>,
    /// The one of the version that writes.
    own: &'a Column,
    /// Whether updates carry whole records.
    whole: bool,
}

impl<'a> Spot<'a> {
    pub(super) fn of(pair: &Pair<'a>, side: Side, table: usize, at: usize) -> Spot<'a> {
        let (own, new) = (&pair.tables(side)[table].columns[at], pair.table(side, table, Side::New));
        let other = new.and_then(|new| {
            let kept = pair.kept(new)?;
            match side {
                Side::New => kept.was(at).map(|(_, was)| was),
                Side::Old => kept.now(at).map(|now| &pair.tables(Side::New)[new].columns[now]),
            }
        });
        let columns = match side {
            Side::Old => std::iter::once(own).chain(other).collect(),
            Side::New => other.into_iter().chain([own]).collect(),
        };
        Spot { columns, own, whole: new.is_some_and(|new| pair.whole(new)) }
    }

    /// What both can store: columns only get wider.
    fn holds(&self) -> &'a Holds {
        &self.columns[0].holds
    }

    fn merges(&self, strategy: Strategy) -> bool {
        self.columns.iter().any(|c| c.strategy == strategy)
    }

    fn unique(&self) -> bool {
        self.columns.iter().any(|c| c.unique)
    }

    fn default(&self) -> bool {
        self.columns.iter().any(|c| c.default.is_some())
    }

    /// Values of which no two may be alike.
    fn rare(&self) -> Option<u8> {
        few(self.holds()).filter(|_| self.unique())
    }

    /// Whether a record may have nothing there. Without a reference that it needs, an old device has no record; and where
    /// updates carry whole records, its own carry what it shows instead of nothing.
    pub(super) fn can_be_open(&self) -> bool {
        let strict = self.whole || *self.holds() == Holds::Id;
        self.own.nullable && (!strict || self.columns.iter().all(|c| c.nullable))
    }

    /// Whether a later edit has a value that stands, whatever the version: not against a default that came to be there for
    /// NULL, and is an extreme.
    pub(super) fn can_change(&self) -> bool {
        let (max, min) = (self.merges(Strategy::Max), self.merges(Strategy::Min));
        let turns = max && min || (max || min) && self.default() && self.columns.len() > 1;
        let far = |c: &&Column| matches!(c.default, Some(Literal::Integer(n)) if n.unsigned_abs() > 1 << 40);
        let overflows = self.merges(Strategy::Sum) && self.columns.iter().any(far);
        let reference = self.unique() && self.own.parent.is_some();
        !turns && !overflows && !reference && self.rare().is_none()
    }

    /// Whether an edit that leaves nothing there stands.
    pub(super) fn can_clear(&self) -> bool {
        self.can_be_open() && !self.unique() && self.columns.iter().all(|c| c.strategy == Strategy::Lww)
    }

    /// The value that a record is made with, the `nth` of its table; none where there are not so many.
    pub(super) fn first(&self, nth: u8) -> Option<Value> {
        match self.rare() {
            // A default is one of the few, and may be there already.
            Some(count) => (nth < count && !self.default()).then(|| value(self.holds(), nth)),
            None => Some(self.value(nth, 0)),
        }
    }

    /// The value of a turn: later ones are greater, or less where the least stands.
    pub(super) fn value(&self, nth: u8, turn: u8) -> Value {
        let turn = if self.merges(Strategy::Min) { TURNS - 1 - turn } else { turn };
        value(self.holds(), SMALL + nth * TURNS + turn)
    }
}
