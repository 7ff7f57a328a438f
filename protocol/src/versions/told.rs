//! What an old device is told, in its own words.

use super::{Kept, Version};
use crate::log::About;
use crate::model::{Field, Kind, Strategy, Table, TableIx};
use crate::told::{Choice, Conflict, News, Told};
use crate::value::Value;

impl Version {
    /// What a device of this version is told for what one of the last version would be told; none where it is nothing.
    pub fn told(&self, told: Told) -> Option<Told> {
        if self.last {
            return Some(told);
        }
        let table = self.table_then(told.table)?;
        let (kept, then) = (self.kept(table)?, self.schema.table(table));
        let conflicts = told.conflicts.map(|all| all.into_iter().filter_map(|c| conflict(kept, c)).collect());
        let what = match told.what {
            News::Whole(values) => self.row(table, values).map_or(News::Gone, News::Whole),
            News::Patch(fields) => patch(kept, then, fields),
            News::Gone => News::Gone,
        };
        let silent = matches!(&what, News::Patch(fields) if fields.is_empty()) && conflicts.is_none();
        let conflicts = if what == News::Gone { None } else { conflicts };
        let held = told.held && what != News::Gone;
        (!silent).then_some(Told { table, id: told.id, held, what, conflicts })
    }

    /// A record of a table of this version, given as the last version shows it; none where the device could not store it.
    pub fn row(&self, table: TableIx, shown: Vec<Value>) -> Option<Vec<Value>> {
        if self.last {
            return Some(shown);
        }
        let (kept, then) = (self.kept(table)?, self.schema.table(table));
        let value = |(field, now): (&Field, &Option<usize>)| match now.and_then(|now| shown.get(now)) {
            Some(value) => storable(field, value),
            None => stand_in(field),
        };
        then.fields.iter().zip(&kept.fields).map(value).collect()
    }
}

fn patch(kept: &Kept, then: &Table, fields: Vec<(usize, Value)>) -> News {
    let mut patch = Vec::new();
    for (field, value) in fields {
        let Some(at) = kept.field_then(field) else { continue };
        match storable(&then.fields[at], &value) {
            Some(value) => patch.push((fault!(ToldInTheHubsPlaces: field.min(then.fields.len() - 1), at), value)),
            None => return News::Gone,
        }
    }
    patch.sort_by_key(|(field, _)| *field);
    News::Patch(patch)
}

/// A conflict, unless all that it is about is unknown to the device.
fn conflict(kept: &Kept, conflict: Conflict) -> Option<Conflict> {
    let about = match conflict.about {
        About::Unique(field) => About::Unique(kept.field_then(field)?),
        other => other,
    };
    let mut places: Vec<(usize, usize)> = Vec::new();
    for (at, field) in conflict.fields.iter().enumerate() {
        places.extend(kept.field_then(*field).map(|then| (then, at)));
    }
    places.sort_unstable();
    if places.is_empty() && !conflict.fields.is_empty() {
        return None;
    }
    let choice = |choice: &Choice| {
        let values = places.iter().filter_map(|(_, at)| choice.values.get(*at).cloned()).collect();
        Choice { values, ..*choice }
    };
    let candidates = conflict.candidates.iter().map(choice).collect();
    let fields = places.iter().map(|(then, _)| *then).collect();
    Some(Conflict { about, fields, candidates, ..conflict })
}

/// The value, or the nearest that a field can hold; none where it can hold nothing like it.
fn storable(field: &Field, value: &Value) -> Option<Value> {
    let fits = if value.is_null() { field.nullable } else { field.kind.admits(value) };
    match (field.kind, value) {
        _ if fits => Some(value.clone()),
        (Kind::Integer { min, max }, Value::Integer(n)) => Some(Value::Integer(*n.clamp(&min, &max))),
        _ => stand_in(field),
    }
}

/// What stands in a field for a value that it can't hold, or that nobody has; none in a reference that must name something.
fn stand_in(field: &Field) -> Option<Value> {
    if let Some(default) = field.default {
        return Some(default.into());
    }
    Some(match field.kind {
        _ if field.strategy == Strategy::Sum => Value::Integer(0),
        _ if field.nullable => Value::Null,
        Kind::Id => return None,
        Kind::Bool | Kind::Timestamp | Kind::Decimal { .. } => Value::Integer(0),
        Kind::Integer { min, max } => Value::Integer(0.clamp(min, max)),
        Kind::Real => Value::Real(0.0),
        Kind::Text => Value::Text(String::new()),
        Kind::Blob => Value::Blob(Vec::new()),
        Kind::Date => Value::Text("1970-01-01".into()),
        Kind::Enum(variants) => Value::Text((*variants.first()?).into()),
        Kind::Json => Value::Text("null".into()),
    })
}
