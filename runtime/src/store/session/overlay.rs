//! What the hub says, under what is pending here.

use windrow_protocol::change::{Change, What};
use windrow_protocol::fault;
use windrow_protocol::model::{Field, FieldIx};
use windrow_protocol::value::Value;

/// What a field is to show.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shown {
    /// What the hub says.
    Told(Value),
    /// What was written here and the hub has not heard of, or the hub's total with the pending difference.
    Pending(Value),
    /// Total and pending difference leave the field's range together.
    Overflow {
        /// The hub's total.
        total: Value,
    },
}

/// What a field shows when the hub says `told`.
pub(super) fn under(change: Option<&Change>, at: FieldIx, field: &Field, told: Value) -> Shown {
    let Some(change) = change else { return Shown::Told(told) };
    // A reference that a foreign key emptied here, after whatever was written to it: the hub judges that when it hears of it.
    if field.parent.is_some() && change.stale.contains(&at) {
        return Shown::Pending(Value::Null);
    }
    match fault!(PendingCovered: None, latest(change, at)) {
        Some(Latest::Value(value)) => Shown::Pending(value.clone()),
        Some(Latest::Difference(delta)) => total(field, told, fault!(PendingSumDropped: 0, delta)),
        None => Shown::Told(told),
    }
}

enum Latest<'a> {
    Value(&'a Value),
    Difference(i128),
}

/// The last thing that was written to a field or decided about it.
fn latest(change: &Change, at: FieldIx) -> Option<Latest<'_>> {
    let decided = change.resolves.iter().filter_map(|r| {
        let (_, value) = r.chosen.iter().find(|(f, _)| *f == at)?;
        Some((r.hlc, Latest::Value(value)))
    });
    let written = change.writes.iter().filter(|w| w.field == at).map(|w| match &w.what {
        What::Set(value) => (w.hlc, Latest::Value(value)),
        What::Add(delta) => (w.hlc, Latest::Difference(*delta)),
    });
    decided.chain(written).max_by_key(|(hlc, _)| *hlc).map(|(_, latest)| latest)
}

fn total(field: &Field, told: Value, delta: i128) -> Shown {
    let sum = told.as_integer().map(|n| i128::from(n) + delta).and_then(|n| i64::try_from(n).ok()).map(Value::Integer);
    match sum.filter(|sum| field.kind.admits(sum)) {
        Some(sum) => Shown::Pending(sum),
        None => Shown::Overflow { total: told },
    }
}
