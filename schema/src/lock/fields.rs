//! What may become of a column.

use super::rebuilt::rust_literal;
use super::{Column, Holds, What, Why};
use crate::model::Strategy;

/// A column that stays, before and now.
pub(super) struct Pair<'a> {
    pub(super) old: &'a Column,
    pub(super) new: &'a Column,
    /// Whether the strategy is the table's, before and now: it is told of the table then.
    pub(super) whole: bool,
}

impl Pair<'_> {
    /// What changes, and what may not. `same_parent`: whether a table of before is that one now.
    pub(super) fn compare(&self, same_parent: impl Fn(&str, &str) -> bool) -> (Vec<What>, Vec<Why>) {
        let Pair { old, new, whole } = self;
        let (mut steps, mut whys) = (Vec::new(), Vec::new());
        match holds(&old.holds, &new.holds) {
            Ok(step) => steps.extend(step),
            Err(why) => return (steps, vec![why]),
        }
        if let (Some(a), Some(b)) = (&old.parent, &new.parent) {
            if !same_parent(&a.table, &b.table) {
                whys.push(Why::Parent(a.table.clone(), b.table.clone()));
            } else if a.on_delete != b.on_delete {
                steps.push(What::OnDelete(a.on_delete, b.on_delete));
            }
        }
        match (old.nullable, new.nullable, &new.default) {
            (false, true, _) => steps.push(What::Nullable),
            (true, false, Some(default)) => steps.push(What::Filled(default.sql())),
            (true, false, None) => whys.push(Why::NotNull(new.holds.clone())),
            _ => {}
        }
        if let (Some(default), None, false) = (&old.default, &new.default, new.nullable) {
            whys.push(Why::Bare(rust_literal(&new.holds, default)));
        }
        match (old.strategy, new.strategy) {
            (a, b) if a == b || *whole => {}
            (a, b) if a == Strategy::Sum || b == Strategy::Sum => whys.push(Why::Sum(a, b)),
            (a, b) => steps.push(What::Strategy(a, b)),
        }
        steps.extend((old.unique != new.unique).then_some(What::Unique(new.unique)));
        steps.extend((old.indexed != new.indexed).then_some(What::Indexed(new.indexed)));
        (steps, whys)
    }
}

/// What a change of type is, if it is one and may be.
fn holds(old: &Holds, new: &Holds) -> Result<Option<What>, Why> {
    let widened = || Ok(Some(What::Widened(old.clone(), new.clone())));
    match (old, new) {
        (old, new) if old == new => Ok(None),
        (Holds::Integer { min: a, max: b }, Holds::Integer { min: c, max: d }) => {
            if c <= a && b <= d {
                widened()
            } else {
                Err(Why::Narrower(old.clone(), new.clone()))
            }
        }
        (Holds::Enum(before), Holds::Enum(now)) => {
            let lost: Vec<String> = before.iter().filter(|text| !now.contains(text)).cloned().collect();
            match lost.is_empty() {
                false => Err(Why::Texts(lost)),
                true if before.len() == now.len() => Ok(Some(What::Texts)),
                true => widened(),
            }
        }
        _ => Err(Why::Kind(old.clone(), new.clone())),
    }
}

/// Why a new column can't be.
pub(super) fn added_fault(new: &Column) -> Option<Why> {
    match (&new.default, new.nullable) {
        (None, false) => Some(Why::Empty(new.holds.clone())),
        (Some(_), _) if new.unique => Some(Why::Shared),
        _ => None,
    }
}
